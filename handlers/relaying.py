"""Residents and colleagues talk through us: a reply, or plain words in a talk, reach the other side."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TypeAlias

from sqlalchemy import select

from flows import catalogue
from flows.engine.lifecycle import Lifecycle, Refused, stands
from flows.engine.messages import Heard, Json, Phrase, Said, Sent, Unfit
from handlers import acting, carrying, dialogue, gate, moves, roster, teams, tickets
from handlers.cards import posting, sheets
from handlers.cards.buttons import ticket_data
from handlers.cards.sheets import Sheet
from handlers.desk import Scene, rules
from handlers.envelopes import Button, Kind, Outgoing
from handlers.filing import URGENT
from handlers.menu import choices, entering
from handlers.tickets import Lost
from handlers.wording import plain, rows, spoken
from models.account import Account
from models.ticket import Ticket, TicketEvent, timeline

FRESH = timedelta(minutes=30)
"""So long after a colleague's words what the resident writes is an answer, even if it names a service."""
TRIES = 5
_PAUSES = re.compile(r"[,.!?;~，。！？；～\n]+")
Talk: TypeAlias = tuple[Ticket, TicketEvent]


# --- a reply to a message of ours about a ticket


def by_colleague(scene: Scene, ticket: Ticket, *, owner: bool) -> bool:
    """Whether a reply is a colleague's words to the resident, not a note."""
    return bool(_table(ticket).reply) and (scene.inbound.group or not owner)


def by_resident(ticket: Ticket, *, owner: bool) -> bool:
    """Whether a reply is the resident's part of a talk, not an addition."""
    return _table(ticket).talk and owner


async def to_resident(scene: Scene, ticket: Ticket) -> None:
    """A colleague has replied to a card: the words go to the resident."""
    if await _rest_of_album(scene, ticket):
        return
    heard = await dialogue.plainly(scene)
    if _nothing_of(heard):
        _not_passed(scene, heard, "relay.only_words_staff")
        return
    name = _meant(ticket)
    why = await _done(scene, ticket, name, heard)
    if why == "not_yours":
        await acting.explain(scene, ticket, name, why)
    elif why:
        await _noted(scene, ticket, heard, why)
    elif isinstance(heard, Unfit):
        scene.reply("relay.caption_only")
    elif not scene.inbound.group:
        shown = await sheets.of(scene.session, ticket)
        scene.replies.append(Outgoing(acting.did(scene, shown, name)))


def _meant(ticket: Ticket) -> str:
    """What a reply stands for as things stand: where that is over, another way to say something."""
    table = _table(ticket)
    spoken = (one for one in table.actions if carrying.speaks(table, one))
    now = [one.name for one in spoken if stands(one, ticket.state, ticket.details)]
    return table.reply if table.reply in now or not now else now[0]


async def to_colleagues(scene: Scene, ticket: Ticket, name: str = "add") -> None:
    """The resident has written in a talk: the words go to the group."""
    if await _rest_of_album(scene, ticket):
        return
    heard = await dialogue.plainly(scene)
    if _nothing_of(heard):
        _not_passed(scene, heard, "relay.only_words")
        return
    why = await _done(scene, ticket, name, heard)
    if why == "too_old" and scene.draft is None:
        await dialogue.begin(scene, _table(ticket).start, first=(heard,))
    elif why:
        scene.draft = scene.draft or dialogue.keep(scene.draft, heard, scene.revision)
        told = scene.text("tickets.over", number=ticket.number)
        scene.replies.append(Outgoing(told, ticket.number, choices.buttons(scene), ticket=ticket.id))
    else:
        key = "relay.caption_only" if isinstance(heard, Unfit) else f"{ticket.kind}.did.{name}"
        scene.replies.append(await _passed_on(scene, ticket, key))


# --- plain words while a talk is the latest thing


async def overheard(scene: Scene, kind: str = "") -> bool:
    """Whether what was just said, in reply to nothing, belongs to a talk; then it is passed on.

    That is so while nothing has happened since in any other ticket of the resident. Words that lead to the
    service `kind` do so only if a colleague has not just written.
    """
    if scene.inbound.group or scene.standing.resident is None:
        return False
    if await gate.hears(scene):
        return True
    if await entering.is_code(scene):
        return False
    talk = await _latest(scene)
    if talk is None or (kind and not _just_asked(scene, talk, kind)):
        return False
    await to_colleagues(scene, talk[0])
    if kind and scene.replies:
        _offer(scene, kind)
    return True


async def nodded(scene: Scene) -> bool:
    """Whether a mere “all right” or “thank you” answers a colleague; it asks nobody for anything."""
    if scene.inbound.group or scene.standing.resident is None or not _polite(scene):
        return False
    talk = await _latest(scene)
    if talk is None or talk[1].staff_id is None or "nod" not in _table(talk[0]).named:
        return False
    await to_colleagues(scene, talk[0], "nod")
    return True


def _polite(scene: Scene) -> bool:
    known = spoken("relay.polite", scene.work.desk.texts)
    said = [plain(part) for part in _PAUSES.split(scene.inbound.text) if plain(part)]
    return scene.inbound.kind is Kind.TEXT and bool(said) and all(part in known for part in said)


async def _latest(scene: Scene) -> Talk | None:
    """The talk that is the last thing the resident had to do with us, and the last event of it."""
    whose = select(Account.resident_id).where(Account.id == scene.standing.account).scalar_subquery()
    query = (
        select(Ticket, TicketEvent)
        .join(TicketEvent, TicketEvent.ticket_id == Ticket.id)
        .where(Ticket.resident_id == whose, TicketEvent.audience == "all")
        .order_by(TicketEvent.id.desc())
        .limit(1)
    )
    found = (await scene.session.execute(query)).first()
    if found is None:
        return None
    ticket, event = found
    table = _table(ticket)
    return (ticket, event) if table.talk and ticket.state not in table.final else None


def _just_asked(scene: Scene, talk: Talk, kind: str) -> bool:
    named = plain(scene.inbound.text) in spoken(f"{kind}.called", scene.work.desk.texts)
    event = talk[1]
    return not named and event.staff_id is not None and scene.work.now - event.at <= FRESH


def _offer(scene: Scene, kind: str) -> None:
    """The service that the words might have been meant for is one tap away."""
    title = scene.work.desk.texts.say(Phrase(f"{kind}.title"), scene.locale)
    reply = scene.replies.pop()
    buttons = (*reply.buttons, (Button(title, f"m.{kind}"),))
    scene.replies.append(Outgoing(reply.text, reply.title, buttons, ticket=reply.ticket))


# --- how it is done


async def _done(scene: Scene, ticket: Ticket, name: str, heard: Heard) -> str:
    """Make the move with these words, whoever else moves the ticket meanwhile; why not, or ""."""
    values: dict[str, Json] = {"note": _words(heard), "album": _album(scene)}
    photos = (heard.file,) if isinstance(heard, Sent) else ()
    source, doer = scene.source(scene.inbound.ref), acting.doer(scene)
    for _ in range(TRIES):
        try:
            action = await tickets.permitted(scene.work, ticket, name, doer)
            await moves.perform(scene.work, ticket, action, doer, values, photos, source)
        except Refused as refusal:
            return refusal.reason
        except Lost:
            await scene.session.refresh(ticket)
        else:
            return ""
    return "moved_on"


async def _noted(scene: Scene, ticket: Ticket, heard: Heard, why: str) -> None:
    """Words that cannot go to the resident as things stand are kept as a note, and that is said."""
    photos = (heard.file,) if isinstance(heard, Sent) else ()
    source = scene.source(scene.inbound.ref)
    await tickets.add(scene.work, ticket, acting.doer(scene), _words(heard), photos, source)
    state = scene.text(f"{ticket.kind}.state.{ticket.state}")
    reason = scene.text(f"refused.{why}", state=state, winner="")
    scene.reply("relay.kept_as_note", reason=reason)


async def _rest_of_album(scene: Scene, ticket: Ticket) -> bool:
    """Whether this photo belongs to an album of which one was carried already; then it follows."""
    album = _album(scene)
    if not album or scene.inbound.kind is not Kind.PHOTO or scene.inbound.text:
        return False
    event = await _begun(scene, ticket, album)
    if event is None:
        return False
    photo = await _photo(scene, ticket)
    event.data = {**event.data, "photos": int(event.data.get("photos", 0)) + 1}
    await scene.session.flush()
    shown = await sheets.of(scene.session, ticket)
    await carrying.more(scene.work, shown, event, photo)
    await posting.refresh(scene.work, shown)
    return True


async def _photo(scene: Scene, ticket: Ticket) -> int:
    photo = await dialogue.put_on_record(scene)
    await tickets.attach(scene.work, ticket.id, (photo,), by="staff" if scene.inbound.group else "resident")
    return photo


async def _begun(scene: Scene, ticket: Ticket, album: str) -> TicketEvent | None:
    """The event in which the first photo of an album came from the same person."""
    doer = acting.doer(scene).name
    events = await timeline(scene.session, ticket.id)
    mine = (one for one in reversed(events) if one.data.get("album") == album and one.actor == doer)
    return next(mine, None)


async def _passed_on(scene: Scene, ticket: Ticket, key: str) -> Outgoing:
    """That it was passed on; while nobody is there, when somebody will be, and what to do if it is urgent."""
    shown = await sheets.of(scene.session, ticket)
    opens = await _opens(scene, shown)
    if opens is None:
        return Outgoing(scene.text(key), ticket.number, ticket=ticket.id)
    who = await roster.assistant_at(scene.session, shown.home, opens, scene.locale)
    closed = scene.text("relay.closed", starts=shown.local(opens), assistant=who)
    told = f"{scene.text(key)}\n{closed}"
    return Outgoing(told, ticket.number, rows(_urgent(scene, shown)), ticket=ticket.id)


async def _opens(scene: Scene, shown: Sheet) -> datetime | None:
    """When somebody will be there to answer; None while somebody is, or nothing needs an answer."""
    now, waits = scene.work.now, "respond" in shown.ticket.clocks
    talking = any(one.staff_id is not None and now - one.at <= FRESH for one in shown.events)
    if not waits or talking or shown.ticket.urgent:
        return None
    serve = teams.roles(shown.table.group(shown.ticket.details))
    calendar = rules(shown.community).calendar
    opens = await roster.opens(scene.session, shown.community.id, serve, calendar, now)
    return opens if opens > now else None


def _urgent(scene: Scene, shown: Sheet) -> list[Button]:
    if URGENT not in shown.table.named:
        return []
    label = scene.text(f"{shown.ticket.kind}.action.{URGENT}")
    return [Button(label, ticket_data(shown.ticket.id, URGENT), "danger")]


def _not_passed(scene: Scene, heard: Heard, key: str) -> None:
    """What cannot be carried, and what can."""
    kind = heard.kind if isinstance(heard, Unfit) else "contact"
    scene.replies.append(Outgoing(f"{scene.text(f'unfit.{kind}')}\n{scene.text(key)}"))


def _nothing_of(heard: Heard) -> bool:
    """Whether there is nothing in it that could be carried."""
    return not _words(heard) and not isinstance(heard, Sent)


def _words(heard: Heard) -> str:
    match heard:
        case Said(text=text):
            return text
        case Sent(caption=caption) | Unfit(caption=caption):
            return caption
    return ""


def _album(scene: Scene) -> str:
    media = scene.inbound.media
    return media.album if media else ""


def _table(ticket: Ticket) -> Lifecycle:
    return catalogue.lifecycles()[ticket.kind]
