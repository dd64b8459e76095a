"""The menu and the commands: what a person can ask for without a ticket or a draft."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import select, update

from flows import catalogue
from flows.engine.messages import Command, Heard, Phrase, Pressed, Said, Unfit
from handlers import binding, cards, dialogue, groups
from handlers.cards import ticket_data
from handlers.desk import Scene
from handlers.envelopes import Button, Outgoing
from handlers.routing import leads_to
from handlers.wording import rows
from models.account import Account
from models.ticket import Ticket

SHOWN = 8


async def command(scene: Scene, name: str, argument: str) -> None:
    """A slash command, in a private chat or in a group."""
    if scene.inbound.group:
        if name == "bind":
            await groups.bind(scene, argument)
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
        case "menu" | "tickets" | "help" | "language":
            await entry(scene, name)
        case _ if name in catalogue.lifecycles():
            await service(scene, name)
        case _:
            await offer(scene, "menu.not_understood")


async def redeem(scene: Scene, code: str) -> None:
    """Bind with a code; then what was written before is not forgotten."""
    if not code:
        scene.reply("staff.code_wanted")
        return
    await binding.redeem(scene, code)
    if scene.standing.resident is None:
        return
    kept = dialogue.unkept(scene.draft)
    kinds = [leads_to(one.text, scene.work.desk.texts) for one in kept if isinstance(one, Said)]
    kind = next((kind for kind in kinds if kind), None)
    if kind is not None and not _running(scene):
        await service(scene, kind)
    else:
        await offer(scene, "menu.kept" if kept else "menu.welcome")


async def entry(scene: Scene, name: str) -> None:
    """A button or word of the menu."""
    head, _, rest = name.partition(".")
    match head:
        case "tickets":
            await my_tickets(scene)
        case "help":
            scene.replies.append(Outgoing(scene.text("menu.help_text"), buttons=choices(scene)))
        case "language":
            await language(scene, rest)
        case "continue" if scene.draft is not None:
            await dialogue.listen(scene, Pressed(Command.RESUME))
        case "new" if rest in catalogue.lifecycles():
            scene.draft = None
            await service(scene, rest)
        case _ if head in catalogue.lifecycles():
            await service(scene, head)
        case _:
            await offer(scene, "menu.ask")


async def service(scene: Scene, kind: str, first: tuple[Heard, ...] = ()) -> None:
    """Into a service: with what was already said, or back to the draft that is half-way."""
    if scene.standing.resident is None or not scene.standing.homes:
        _keep(scene, first)
        scene.reply("bind.staff_only" if scene.standing.staff is not None else "bind.first")
        return
    if scene.draft is not None and _running(scene):
        ways = (
            Button(scene.text("menu.continue"), "m.continue", "primary"),
            Button(scene.text("menu.start_new"), f"m.new.{kind}"),
        )
        title = scene.work.desk.texts.say(Phrase(f"{scene.draft.flow}.title"), scene.locale)
        scene.replies.append(Outgoing(scene.text("engine.half_way", flow=title), buttons=(ways,)))
        return
    kept = dialogue.unkept(scene.draft)
    scene.draft = None
    await dialogue.begin(scene, catalogue.lifecycles()[kind].start, first=(*kept, *first))


def _keep(scene: Scene, heard: tuple[Heard, ...]) -> None:
    for one in heard:
        scene.draft = dialogue.keep(scene.draft, one, scene.revision)


async def welcome(scene: Scene) -> None:
    """Words that lead nowhere yet: kept, and the menu offered."""
    heard = await dialogue.plainly(scene)
    if scene.standing.resident is None and binding.looks_like_code(scene.inbound.text):
        await redeem(scene, scene.inbound.text)
        return
    before = scene.draft
    scene.draft = dialogue.keep(scene.draft, heard, scene.revision)
    if scene.standing.resident is None and scene.standing.staff is None:
        scene.reply("bind.first")
    elif scene.standing.resident is None:
        scene.reply("staff.private_help")
    elif isinstance(heard, Unfit) and not heard.caption:
        await offer(scene, f"unfit.{heard.kind}")
    elif scene.draft is before:
        await offer(scene, "menu.not_understood")
    else:
        await offer(scene, "menu.kept")


async def offer(scene: Scene, key: str) -> None:
    """The menu, with a sentence above it."""
    if scene.standing.resident is None and scene.standing.staff is None:
        scene.reply("bind.first")
        return
    scene.replies.append(Outgoing(scene.text(key), buttons=choices(scene)))


def choices(scene: Scene) -> tuple[tuple[Button, ...], ...]:
    """Every service there is, then my tickets, help and the language."""
    texts = scene.work.desk.texts
    services = [
        Button(texts.say(Phrase(f"{kind}.title"), scene.locale), f"m.{kind}", "primary")
        for kind in catalogue.lifecycles()
    ]
    rest = [Button(scene.text(f"menu.{name}"), f"m.{name}") for name in ("tickets", "help", "language")]
    if _running(scene):
        services.insert(0, Button(scene.text("menu.continue"), "m.continue", "primary"))
    return (*rows(services), *rows(rest))


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
    """A resident's open tickets, or the jobs a staff member has taken."""
    standing = scene.standing
    tables = catalogue.lifecycles()
    final = {state.value for table in tables.values() for state in table.final}
    mine = (
        Ticket.resident_id == standing.resident
        if standing.resident is not None
        else Ticket.assignee_id == standing.staff
    )
    if standing.resident is None and standing.staff is None:
        scene.reply("bind.first")
        return
    query = select(Ticket).where(mine, Ticket.state.not_in(final)).order_by(Ticket.id.desc()).limit(SHOWN)
    found = (await scene.session.scalars(query)).all()
    if not found:
        last = await scene.session.scalar(select(Ticket).where(mine).order_by(Ticket.id.desc()).limit(1))
        found = [last] if last is not None else []
    lines, buttons = [], []
    for ticket in found:
        shown = await cards.sheet(scene.session, ticket)
        lines.append(cards.title(shown, scene.work.desk.texts, scene.locale))
        buttons.append(Button(ticket.number, ticket_data(ticket.id, "show")))
    text = "\n".join(lines) or scene.text("tickets.none")
    scene.replies.append(Outgoing(text, scene.text("menu.tickets"), rows(buttons)))


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
