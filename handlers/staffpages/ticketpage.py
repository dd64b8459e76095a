"""A ticket's page for staff: what stands on it for this reader, and what they may do there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flows import catalogue
from flows.engine.form import Flow
from flows.engine.lifecycle import Actor, Line, Refused
from flows.engine.messages import Json, Phrase
from flows.ticket import Remark
from handlers import tickets
from handlers.cards import masks, sheets, stories
from handlers.cards.buttons import style
from handlers.cards.sheets import Sheet
from handlers.desk import Work, facts_of
from handlers.roster import called
from handlers.staffpages import ticketform
from handlers.staffpages.ticketform import Filled, Given
from handlers.tickets import Doer
from handlers.veil import OPEN, Veil
from models.attachment import Attachment
from models.community import Community
from models.staff import Staff
from models.ticket import Ticket

NOTE = "note"
"""The page's own action: a note for colleagues. A service may have one of its own by that name."""
UNTOLD = frozenset({"described", "refused", "told"})


@dataclass(frozen=True, slots=True)
class Reader:
    """Who looks at a page, and in which language."""

    person: Staff
    locale: str

    @property
    def doer(self) -> Doer:
        return Doer(staff=self.person.id)


@dataclass(frozen=True, slots=True)
class Told:
    """One line of the page: a label and what it says; `dial` is a number that can be called."""

    label: str
    value: str
    dial: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """Something that may be done now; `asks` when there is a form to be filled in first."""

    name: str
    label: str
    style: str
    asks: bool


@dataclass(frozen=True, slots=True)
class Page:
    """A ticket as one colleague may see it: `photos` are (attachment, where our copy lies)."""

    ticket: int
    number: str
    kind: str
    state: str
    urgent: bool
    over: bool
    place: str
    lines: Sequence[Told]
    warning: str
    photos: Sequence[tuple[int, str]]
    untold_photos: int
    timeline: Sequence[tuple[datetime, str]]
    steps: Sequence[Step]


@dataclass(frozen=True, slots=True)
class Asking:
    """An action's form: what it is called and what it asks for now."""

    page: Page
    name: str
    label: str
    style: str
    filled: Filled


@dataclass(frozen=True, slots=True)
class Plate:
    """What anybody with a link may know: what it is about, and whose it is; nobody's name."""

    kind: str
    number: str
    place: str


async def page(work: Work, reader: Reader, number: int) -> Page | None:
    """A ticket as its page shows it; None when there is none, or it is not this colleague's to see."""
    ticket = await work.session.get(Ticket, number)
    if ticket is None:
        return None
    actor = await tickets.actor_for(work, ticket, reader.doer)
    table = catalogue.lifecycles()[ticket.kind]
    if not actor.roles or not table.reads(actor, ticket.details):
        return None
    return _page(work, reader, await sheets.of(work.session, ticket), actor)


def _page(work: Work, reader: Reader, shown: Sheet, actor: Actor) -> Page:
    ticket, texts, locale = shown.ticket, work.desk.texts, reader.locale
    why = ticket.details.get("unreachable")
    knows = shown.table.knows(actor, ticket.details)
    private = actor.assignee and knows
    veil = OPEN if knows else shown.veil
    return Page(
        ticket=ticket.id,
        number=ticket.number,
        kind=work.say(f"{ticket.kind}.title", locale),
        state=work.say(f"{ticket.kind}.state.{ticket.state}", locale),
        urgent=ticket.urgent,
        over=ticket.state in shown.table.final,
        place=shown.community.called(locale),
        lines=_lines(work, shown, locale, private=private),
        warning=work.say("card.unreachable", locale, reason=Phrase(f"unreachable.{why}")) if why else "",
        photos=[(one.id, one.stored or one.source) for one in _photos(shown)] if private else (),
        untold_photos=0 if private else len(shown.photos),
        timeline=[
            (shown.local(event.at), veil.over(stories.staff_told(shown, event, texts, locale)))
            for event in shown.events
            if event.action not in UNTOLD
        ],
        steps=_steps(work, shown, actor, locale),
    )


def _photos(shown: Sheet) -> Sequence[Attachment]:
    return [photo for photo in shown.photos if photo.state != "failed"]


def _lines(work: Work, shown: Sheet, locale: str, *, private: bool) -> list[Told]:
    """What the staff card says, line by line; what is private only for the one who took it."""
    covered = shown.secret and not private
    whose = [
        Told(work.say("card.home", locale), masks.door(shown.home.name, private=private)),
        Told(work.say("card.resident", locale), masks.person(shown, private=private)),
    ]
    unnamed = Told(work.say("card.resident", locale), work.say("card.unnamed", locale))
    told = [
        *([unnamed] if covered else whose),
        *(
            _told(work, line, locale, shown.veil if covered else OPEN)
            for line in shown.table.lines(shown.ticket.details)
            if private or not line.private
        ),
        Told(work.say("card.assignee", locale), called(shown.assignee, locale)),
    ]
    return [line for line in told if line.value]


def _told(work: Work, line: Line, locale: str, veil: Veil) -> Told:
    texts, value = work.desk.texts, line.value
    phone = isinstance(value, Phrase) and value.key == "engine.phone"
    dial = str(value.values.get("number", "")) if isinstance(value, Phrase) and phone else ""
    return Told(texts.say(line.label, locale), veil.over(texts.say(value, locale)), dial)


def _steps(work: Work, shown: Sheet, actor: Actor, locale: str) -> list[Step]:
    ticket = shown.ticket
    return [
        Step(
            action.name,
            work.say(f"{ticket.kind}.action.{action.name}", locale),
            style(at, action.name),
            action.asks is not None,
        )
        for at, action in enumerate(shown.table.allowed(ticket.state, actor, ticket.details))
    ]


async def photo(work: Work, reader: Reader, number: int, attachment: int) -> str | None:
    """Where our copy of a ticket's photo lies; None for everybody but the one who took the ticket."""
    ticket = await work.session.get(Ticket, number)
    found = await work.session.get(Attachment, attachment)
    if ticket is None or found is None or found.ticket_id != ticket.id:
        return None
    actor = await tickets.actor_for(work, ticket, reader.doer)
    knows = catalogue.lifecycles()[ticket.kind].knows(actor, ticket.details)
    return found.stored or found.source if actor.roles and actor.assignee and knows else None


async def plate(work: Work, number: int, locale: str) -> Plate | None:
    """What stands outside a ticket's page, for whoever is not in; None when there is no such ticket."""
    ticket = await work.session.get(Ticket, number)
    if ticket is None:
        return None
    community = await work.session.get_one(Community, ticket.community_id)
    return Plate(work.say(f"{ticket.kind}.title", locale), ticket.number, community.called(locale))


async def asking(work: Work, reader: Reader, number: int, name: str, given: Given) -> Asking | str | None:
    """The form of an action, filled in as far as it is; or why it cannot be done now; None as for `page`."""
    shown = await page(work, reader, number)
    ticket = await work.session.get(Ticket, number)
    if shown is None or ticket is None:
        return None
    flow: type[Flow] | None = Remark
    if not is_note(ticket, name):
        try:
            flow = (await tickets.permitted(work, ticket, name, reader.doer)).asks
        except Refused as refused:
            return await _refusal(work, reader, ticket, refused.reason)
    filled = Filled((), (), complete=True)
    if flow is not None:
        facts = await facts_of(work, None, flow, about(ticket, name))
        filled = ticketform.fill(flow, facts, given, work.desk.texts, reader.locale)
    return Asking(shown, name, _label(work, ticket, name, reader.locale), _style(shown, name), filled)


def is_note(ticket: Ticket, name: str) -> bool:
    return name == NOTE and NOTE not in catalogue.lifecycles()[ticket.kind].named


def about(ticket: Ticket, name: str) -> dict[str, Json]:
    return {"ticket": ticket.id, "action": name, "number": ticket.number}


def _label(work: Work, ticket: Ticket, name: str, locale: str) -> str:
    note = is_note(ticket, name)
    return work.say("staff.page.note" if note else f"{ticket.kind}.action.{name}", locale)


def _style(shown: Page, name: str) -> str:
    style = next((step.style for step in shown.steps if step.name == name), "plain")
    return "danger" if style == "danger" else "primary"


async def _refusal(work: Work, reader: Reader, ticket: Ticket, reason: str) -> str:
    shown = await sheets.of(work.session, ticket)
    state = work.say(f"{ticket.kind}.state.{ticket.state}", reader.locale)
    return work.say(
        f"refused.{reason}", reader.locale, winner=called(shown.assignee, reader.locale), state=state
    )
