"""The menu and the commands: what a person can ask for without a ticket or a draft."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from sqlalchemy import ColumnElement, select, update

from flows import catalogue
from flows.engine.messages import Command, Heard, Phrase, Pressed, Said, Unfit
from handlers import cards, dialogue, gate, groups
from handlers.cards import ticket_data
from handlers.desk import Scene
from handlers.envelopes import Button, Kind, Outgoing
from handlers.people import (
    applying,
    binding,
    consenting,
    linking,
    moving_out,
    redeeming,
    rights,
    twins,
)
from handlers.routing import leads_to
from handlers.staffpages import links
from handlers.wording import plain, rows, spoken
from models.account import Account
from models.ticket import Ticket

SHOWN = 8


async def command(scene: Scene, name: str, argument: str) -> None:
    """A slash command, in a private chat or in a group."""
    if scene.inbound.group:
        if name == "bind":
            await groups.bind(scene, argument)
        elif name == gate.COMMAND:
            await gate.command(scene, argument)
        return
    match name:
        case "start" if argument:
            await redeem(scene, argument)
        case "staff":
            await redeem(scene, argument)
        case "cancel" if scene.draft is not None:
            await cancel(scene)
        case "start":
            await offer(scene, "menu.welcome")
        case "menu" | "tickets" | "chats" | "jobs" | "help" | "language":
            await entry(scene, name)
        case gate.COMMAND:
            await gate.command(scene, argument)
        case "merge" if scene.standing.staff is not None:
            await twins.command(scene, argument)
        case "moveout" if scene.standing.staff is not None:
            await moving_out.command(scene, argument)
        case _ if name in catalogue.services():
            await service(scene, name)
        case _:
            await offer(scene, "menu.not_understood")


async def redeem(scene: Scene, code: str) -> None:
    """Bind with a code; then what was written before is not forgotten."""
    if not code:
        scene.reply("staff.code_wanted")
        return
    if await redeeming.redeem(scene, code):
        await _bound(scene)


async def _bound(scene: Scene) -> None:
    """Somebody belongs here now: on with what they came for."""
    if _running(scene):
        await dialogue.listen(scene, Pressed(Command.RESUME))
        return
    kept = dialogue.unkept(scene.draft)
    kinds = [leads_to(one.text, scene.work.desk.texts) for one in kept if isinstance(one, Said)]
    kind = next((kind for kind in kinds if kind), None)
    if kind is not None and scene.standing.homes:
        await service(scene, kind)
    else:
        await offer(scene, "menu.kept" if kept else "menu.welcome")


async def _consented(scene: Scene, answer: str) -> None:
    """Somebody has read what is kept of them: a yes goes on with what they had begun."""
    kind = await redeeming.consented(scene, answer)
    if kind:
        await service(scene, kind)
    elif kind is not None:
        await _bound(scene)


async def entry(scene: Scene, name: str) -> None:
    """A button or word of the menu."""
    head, _, rest = name.partition(".")
    match head:
        case "tickets" if not _only_staff(scene):
            await my_tickets(scene)
        case "tickets" | "jobs":
            await my_jobs(scene)
        case "chats" if scene.standing.resident is not None:
            await linking.chats(scene, rest)
        case "chats":
            await _ask_to_bind(scene)
        case "twins" | "merge" | "unmerge":
            await twins.entry(scene, head, rest)
        case "consent":
            await _consented(scene, rest)
        case "record":
            await rights.entry(scene, rest)
        case "moveout":
            await moving_out.entry(scene, rest)
        case "help":
            told = scene.text("staff.help_text" if _only_staff(scene) else "menu.help_text")
            scene.replies.append(Outgoing(told, buttons=choices(scene)))
        case "language":
            await language(scene, rest or _named(scene))
        case "continue" if scene.draft is not None:
            await dialogue.listen(scene, Pressed(Command.RESUME))
        case "new" if (kind := rest or _flow(scene)) in catalogue.services():
            aside = () if scene.draft is None else dialogue.laid_aside(scene.draft)[1]
            scene.draft = None
            await service(scene, kind, aside)
        case _ if head in catalogue.services():
            await service(scene, head)
        case _:
            await offer(scene, "menu.ask")


async def service(scene: Scene, kind: str, first: tuple[Heard, ...] = ()) -> None:
    """Into a service: with what was already said, or back to the draft that is half-way."""
    if await gate.hears(scene) or await rights.named(scene):
        return
    found = catalogue.services()[kind]
    if not found.strangers and (scene.standing.resident is None or not scene.standing.homes):
        _keep(scene, first)
        await _ask_to_bind(scene)
        return
    if scene.draft is not None and _running(scene):
        title = scene.work.desk.texts.say(Phrase(f"{scene.draft.flow}.title"), scene.locale)
        scene.replies.append(
            Outgoing(scene.text("engine.half_way", flow=title), buttons=(ways(scene, kind),))
        )
        return
    if not await _may_begin(scene, found):
        _keep(scene, first)
        return
    kept = dialogue.unkept(scene.draft)
    scene.draft = None
    await dialogue.begin(scene, found.start, first=(*kept, *first))


async def _may_begin(scene: Scene, service: catalogue.Service) -> bool:
    """Whether a stranger may ask now, and whether who tells us something has agreed to our keeping it."""
    if service.strangers and not await applying.may(scene, service.kind):
        return False
    asked = "consent" in service.start.wants or scene.standing.resident is not None
    return not asked or await consenting.before(scene, service.kind)


def ways(scene: Scene, kind: str) -> tuple[Button, ...]:
    """On with what is half-way, or from the start."""
    return (
        Button(scene.text("menu.continue"), "m.continue", "primary"),
        Button(scene.text("menu.start_new"), f"m.new.{kind}"),
    )


def _keep(scene: Scene, heard: tuple[Heard, ...]) -> None:
    for one in heard:
        scene.draft = dialogue.keep(scene.draft, one, scene.revision)


async def welcome(scene: Scene) -> None:
    """Words that lead nowhere yet: kept, and the menu offered."""
    if await gate.hears(scene):
        return
    if await is_code(scene):
        await redeem(scene, scene.inbound.text)
        return
    if await _let_in(scene):
        return
    heard = await dialogue.plainly(scene)
    before = scene.draft
    scene.draft = dialogue.keep(scene.draft, heard, scene.revision)
    if not scene.standing.homes:
        await offer(scene, "menu.welcome")
    elif not await consenting.before(scene):
        return
    elif isinstance(heard, Unfit) and not heard.caption:
        await offer(scene, f"unfit.{heard.kind}")
    elif scene.draft is before:
        await offer(scene, "menu.not_understood")
    else:
        await offer(scene, "menu.kept")


async def _let_in(scene: Scene) -> bool:
    """Whether a stranger showed their own number, or somebody answered what they were asked to agree to."""
    if scene.inbound.kind is Kind.CONTACT and scene.inbound.phone and not scene.standing.homes:
        if await redeeming.shared(scene, scene.inbound.phone):
            await _bound(scene)
        return True
    if scene.inbound.kind is not Kind.TEXT:
        return False
    kind = None if scene.standing.homes else _for_strangers(scene)
    answer = "" if kind else await consenting.said(scene)
    if kind:
        await service(scene, kind)
    elif answer:
        await _consented(scene, answer)
    return bool(kind or answer)


def _for_strangers(scene: Scene) -> str | None:
    """The service for those without a home whose name somebody wrote."""
    heard, texts = plain(scene.inbound.text), scene.work.desk.texts
    open_to_all = [kind for kind, one in catalogue.services().items() if one.strangers]
    return next((kind for kind in open_to_all if heard in spoken(f"{kind}.called", texts)), None)


async def is_code(scene: Scene) -> bool:
    """Whether somebody sent a code: of one who has a home, only what can hardly be words."""
    text = scene.inbound.text
    if scene.inbound.kind is not Kind.TEXT:
        return False
    if binding.ending(text) is not None:
        return await binding.opens(scene, text)
    if scene.standing.resident is None:
        return binding.looks_like_code(text)
    return binding.looks_exactly_like_code(text) or await binding.opens(scene, text)


async def offer(scene: Scene, key: str) -> None:
    """The menu, with a sentence above it; staff without a home are shown their own."""
    if not scene.standing.homes and scene.standing.staff is None:
        await _ask_to_bind(scene)
        return
    if _only_staff(scene) and key != "menu.language_set":
        key = "staff.private_help"
    ahead = _people() if key in ("menu.kept", "menu.not_understood") else ()
    scene.replies.append(Outgoing(scene.text(key), buttons=choices(scene, ahead)))


def _people() -> Collection[str]:
    """The services in which somebody answers: the way out when nothing else is understood."""
    return [kind for kind, table in catalogue.lifecycles().items() if table.talk]


def _only_staff(scene: Scene) -> bool:
    return scene.standing.resident is None and scene.standing.staff is not None


async def _ask_to_bind(scene: Scene) -> None:
    """First the home; whoever wrote something already learns that it is kept."""
    if await consenting.again(scene):
        return
    if _only_staff(scene):
        binding.told(scene, "bind.staff_only")
    else:
        binding.told(scene, "bind.first_kept" if dialogue.unkept(scene.draft) else "bind.first")


def choices(scene: Scene, ahead: Collection[str] = ()) -> tuple[tuple[Button, ...], ...]:
    """Every service there is, then my tickets, help and the language; of staff, the jobs they took.

    The services `ahead` come first.
    """
    texts = scene.work.desk.texts
    services = [
        Button(texts.say(Phrase(f"{kind}.title"), scene.locale), f"m.{kind}", "primary")
        for kind, service in sorted(catalogue.services().items(), key=lambda one: one[0] not in ahead)
        if service.in_menu
    ]
    rest = [Button(scene.text(f"menu.{name}"), f"m.{name}") for name in _entries(scene)]
    if _only_staff(scene):
        services = []
    if _running(scene):
        services.insert(0, Button(scene.text("menu.continue"), "m.continue", "primary"))
    return (*rows(services), *rows(rest))


def _entries(scene: Scene) -> tuple[str, ...]:
    mine = () if _only_staff(scene) else ("tickets",)
    jobs = () if scene.standing.staff is None else ("jobs",)
    chats = () if scene.standing.resident is None else ("chats",)
    return (*mine, *jobs, "help", "language", *chats)


def _flow(scene: Scene) -> str:
    return "" if scene.draft is None else scene.draft.flow


def _running(scene: Scene) -> bool:
    """Whether questions are half answered."""
    return scene.draft is not None and scene.draft.flow != dialogue.KEPT


async def cancel(scene: Scene) -> None:
    """Stop what is running."""
    if scene.draft is not None and scene.draft.flow == dialogue.KEPT:
        scene.draft = None
        await offer(scene, "menu.ask")
        return
    await dialogue.listen(scene, Pressed(Command.CANCEL))


async def my_tickets(scene: Scene) -> None:
    """A resident's open tickets, or the last one."""
    if scene.standing.resident is None:
        await _ask_to_bind(scene)
        return
    whose = select(Account.resident_id).where(Account.id == scene.standing.account)
    mine = Ticket.resident_id == whose.scalar_subquery()
    found = await _open(scene, mine)
    if not found:
        last = await scene.session.scalar(select(Ticket).where(mine).order_by(Ticket.id.desc()).limit(1))
        found = [last] if last is not None else []
    await _list(scene, found, scene.text("menu.tickets"), scene.text("tickets.none"))


async def my_jobs(scene: Scene) -> None:
    """The jobs a staff member has taken and not finished."""
    if scene.standing.staff is None:
        await my_tickets(scene)
        return
    found = await _open(scene, Ticket.assignee_id == scene.standing.staff)
    page = links.home_link(scene.work.desk, scene.standing.staff, scene.work.now)
    await _list(scene, found, scene.text("menu.jobs"), scene.text("staff.no_jobs"))
    if page:
        opens = Button(scene.text("staff.link.jobs"), "", url=page)
        scene.replies[-1] = replace(scene.replies[-1], buttons=(*scene.replies[-1].buttons, (opens,)))


async def _open(scene: Scene, whose: ColumnElement[bool]) -> Sequence[Ticket]:
    final = {state.value for table in catalogue.lifecycles().values() for state in table.final}
    query = select(Ticket).where(whose, Ticket.state.not_in(final)).order_by(Ticket.id.desc()).limit(SHOWN)
    return (await scene.session.scalars(query)).all()


async def _list(scene: Scene, found: Sequence[Ticket], title: str, none: str) -> None:
    lines, buttons = [], []
    for ticket in found:
        shown = await cards.sheet(scene.session, ticket)
        lines.append(cards.title(shown, scene.work.desk.texts, scene.locale))
        buttons.append(Button(ticket.number, ticket_data(ticket.id, "show")))
    scene.replies.append(Outgoing("\n".join(lines) or none, title, rows(buttons)))


def _named(scene: Scene) -> str:
    """The language whose very name somebody wrote."""
    texts, said = scene.work.desk.texts, plain(scene.inbound.text)
    names = {plain(texts.say(Phrase("menu.language_name"), one)): one for one in texts.locales}
    return names.get(said, "")


async def language(scene: Scene, wanted: str) -> None:
    """Ask for the language, or set it."""
    texts = scene.work.desk.texts
    if wanted not in texts.locales:
        buttons = [
            Button(texts.say(Phrase("menu.language_name"), one), f"m.language.{one}") for one in texts.locales
        ]
        scene.replies.append(Outgoing(scene.text("menu.language_ask"), buttons=rows(buttons)))
        return
    await scene.session.execute(
        update(Account).where(Account.id == scene.standing.account).values(locale=wanted)
    )
    scene.standing = replace(scene.standing, locale=wanted)
    if _running(scene):
        scene.reply("menu.language_set")
        await dialogue.listen(scene, Pressed(Command.RESUME))
    else:
        await offer(scene, "menu.language_set")
