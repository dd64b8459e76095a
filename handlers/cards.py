"""A ticket as people see it: the group's card, the taker's card, the resident's view."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from flows import catalogue
from flows.engine.lifecycle import OUTSIDERS, Actor, Lifecycle, Role
from flows.engine.messages import Phrase
from handlers.envelopes import Button, Outgoing, Picture
from handlers.roster import addresses, answering, assistant_of, called, leads
from handlers.saying import said
from handlers.texts import Texts
from handlers.veil import OPEN, Veil, veil
from handlers.wording import rows
from models.account import Account
from models.attachment import Attachment
from models.card import Card
from models.community import Community, Home
from models.resident import Resident
from models.staff import Staff, roles_of
from models.ticket import Ticket, TicketEvent, timeline

ITS_RESIDENT = Actor(frozenset(), owner=True)
EVENTS_SHOWN = 3
TEXT_SHOWN = 400


@dataclass(frozen=True, slots=True)
class Sheet:
    """All of a ticket that can be shown, loaded once; `veil` covers whose it is, where that is a secret."""

    ticket: Ticket
    table: Lifecycle
    community: Community
    home: Home
    resident: Resident | None
    assignee: Staff | None
    events: Sequence[TicketEvent]
    photos: Sequence[Attachment]
    veil: Veil = OPEN

    def local(self, at: datetime) -> datetime:
        return at.astimezone(ZoneInfo(self.community.timezone))

    @property
    def secret(self) -> bool:
        """Whether its resident wants to stay unnamed."""
        return self.table.hidden(self.ticket.details)

    def for_all(self, text: str) -> str:
        """What somebody wrote, as everybody of the staff may read it."""
        return self.veil.over(text)


async def sheet(session: AsyncSession, ticket: Ticket) -> Sheet:
    """Load what belongs to a ticket."""
    community = await session.get_one(Community, ticket.community_id)
    home = await session.get_one(Home, ticket.home_id)
    resident = await session.get(Resident, ticket.resident_id) if ticket.resident_id else None
    assignee = await session.get(Staff, ticket.assignee_id) if ticket.assignee_id else None
    photos = await session.scalars(
        select(Attachment).where(Attachment.ticket_id == ticket.id).order_by(Attachment.id)
    )
    table = catalogue.lifecycles()[ticket.kind]
    events = await timeline(session, ticket.id)
    given = [str(ticket.details.get("phone") or "")]
    covered = await veil(session, resident, home, given) if table.hidden(ticket.details) else OPEN
    return Sheet(ticket, table, community, home, resident, assignee, events, photos.all(), covered)


async def render(session: AsyncSession, card: Card, texts: Texts, *, edits: bool = True) -> Outgoing | None:
    """The card as it should look now; None when its ticket is gone.

    Where a posted card cannot be changed, what is posted after it is one line of news.
    """
    ticket = await session.get(Ticket, card.ticket_id, populate_existing=True)
    if ticket is None:
        return None
    shown = await sheet(session, ticket)
    if card.kind != "assignee":
        locale = staff_locale(shown.community)
        if card.message is not None and not edits:
            return news(shown, texts, locale)
        posted = staff_card(shown, texts, locale, private=False)
        if not burns(shown) and not shown.table.talk:
            return posted
        return await _calling(session, card, shown, texts, locale, posted)
    holder = await session.scalar(
        select(Account).where(
            Account.channel == card.channel, Account.bot == card.bot, Account.chat == card.chat
        )
    )
    mine = holder is not None and ticket.assignee_id is not None and holder.staff_id == ticket.assignee_id
    locale = holder.locale if holder is not None else staff_locale(shown.community)
    private = mine and holder is not None and await may_know(session, shown, holder.staff_id)
    return staff_card(shown, texts, locale, private=private, buttons=mine)


async def may_know(session: AsyncSession, shown: Sheet, staff: int | None) -> bool:
    """Whether a colleague may know whose ticket it is."""
    if not shown.secret:
        return True
    held = await roles_of(session, staff or 0, shown.community.id)
    return shown.table.knows(Actor(frozenset(Role(one) for one in held)), shown.ticket.details)


async def may_read(session: AsyncSession, shown: Sheet, staff: int) -> bool:
    """Whether a colleague may look at the ticket at all."""
    if not shown.table.readers and not shown.table.concerned(shown.ticket.details):
        return True
    held = await roles_of(session, staff, shown.community.id)
    return shown.table.reads(Actor(frozenset(Role(one) for one in held)), shown.ticket.details)


def news(shown: Sheet, texts: Texts, locale: str) -> Outgoing:
    """Where a ticket stands now and who has it, for a group that has seen its card."""
    lines = [_line(texts, locale, Phrase("card.assignee"), called(shown.assignee, locale))]
    told = [event for event in shown.events if event.action not in _QUIET][-1:]
    lines += [staff_story(shown, event, texts, locale) for event in told]
    lines.append(_unreachable(shown, texts, locale))
    text = shown.for_all("\n".join(line for line in lines if line))
    return Outgoing(text, title(shown, texts, locale), ticket=shown.ticket.id)


def burns(shown: Sheet) -> bool:
    """Whether this is an emergency that nobody has taken yet, or in a talk, answered."""
    ticket = shown.ticket
    if shown.table.talk and "respond" not in ticket.clocks:
        return False
    return ticket.urgent and ticket.assignee_id is None and ticket.state not in shown.table.final


async def whom(session: AsyncSession, shown: Sheet, at: datetime) -> tuple[Role, Sequence[Staff]]:
    """Who is called: the duty lead in an emergency, else who answers for the building, there or not."""
    if burns(shown):
        return Role.DUTY_LEAD, await leads(session, shown.community.id, at)
    there = await answering(session, shown.home, at)
    return Role.ASSISTANT, there or await assistant_of(session, shown.home)


async def _calling(
    session: AsyncSession, card: Card, shown: Sheet, texts: Texts, locale: str, posted: Outgoing
) -> Outgoing:
    """The card with those who are called named above it, and called where the channel can do that.

    In a talk they are called when it begins: later each message calls them.
    """
    role, people = await whom(session, shown, card.created_at)
    names = texts.say(Phrase("engine.list", {"items": [called(one, locale) for one in people]}), locale)
    line = _line(texts, locale, Phrase(f"role.{role.value}"), names if people else "")
    waits = card.message is None or not shown.table.talk
    bells = await addresses(session, people, card.channel, card.bot) if waits else ()
    return replace(posted, text=f"{line}\n{posted.text}".lstrip(), mention=bells)


def staff_locale(community: Community) -> str:
    return str(community.settings.get("staff_locale", "zh_CN"))


def staff_card(shown: Sheet, texts: Texts, locale: str, *, private: bool, buttons: bool = True) -> Outgoing:
    """The staff card; name, phone and door number only where `private`."""
    ticket = shown.ticket
    body = [
        *_whose(shown, texts, locale, private=private),
        *(
            _line(texts, locale, line.label, clipped(texts.say(line.value, locale)))
            for line in shown.table.lines(ticket.details)
            if private or not line.private
        ),
        *_extras(shown, texts, locale),
    ]
    text = "\n".join(line for line in body if line)
    return Outgoing(
        text=text if private else shown.for_all(text),
        title=title(shown, texts, locale),
        buttons=_actions(shown, texts, locale, _colleagues(shown)) if buttons else (),
        pictures=pictures(shown.photos) if private else (),
        ticket=ticket.id,
    )


def _whose(shown: Sheet, texts: Texts, locale: str, *, private: bool) -> list[str]:
    """Where and whose it is, as far as that may be read."""
    if shown.secret and not private:
        return [texts.say(Phrase("card.unnamed"), locale)]
    return [
        _line(texts, locale, Phrase("card.home"), door(shown.home.name, private=private)),
        _line(texts, locale, Phrase("card.resident"), person(shown, private=private)),
    ]


def _colleagues(shown: Sheet) -> Actor:
    """A card has a button for whatever any colleague may do who is not concerned by it."""
    roles = frozenset(Role) - OUTSIDERS - shown.table.concerned(shown.ticket.details)
    return Actor(roles, assignee=True)


def title(shown: Sheet, texts: Texts, locale: str) -> str:
    ticket = shown.ticket
    return texts.say(
        Phrase(
            "card.title_urgent" if ticket.urgent else "card.title",
            {
                "icon": Phrase(f"{ticket.kind}.icon"),
                "kind": Phrase(f"{ticket.kind}.title"),
                "number": ticket.number,
                "state": Phrase(f"{ticket.kind}.state.{ticket.state}"),
            },
        ),
        locale,
    )


def resident_view(shown: Sheet, texts: Texts, locale: str, actor: Actor = ITS_RESIDENT) -> Outgoing:
    """A ticket as its resident, or the home's owner, sees it: where it stands and what can be done."""
    ticket = shown.ticket
    head = [
        *(
            _line(texts, locale, line.label, clipped(texts.say(line.value, locale)))
            for line in shown.table.lines(ticket.details)
            if not line.internal
        ),
        _line(texts, locale, Phrase("card.assignee"), called(shown.assignee, locale)),
    ]
    lines = [
        *(line for line in head if line),
        "",
        texts.say(Phrase("tickets.timeline"), locale),
        *(story(shown, event, texts, locale) for event in shown.events if event.audience == "all"),
    ]
    actions = _actions(shown, texts, locale, actor)
    rate = actor.owner and _rateable(ticket)
    return Outgoing(
        text="\n".join(lines).strip(),
        title=title(shown, texts, locale),
        buttons=(*(stars(ticket.id, texts, locale, (1, 2, 3, 4, 5)) if rate else ()), *actions),
        ticket=ticket.id,
    )


def _rateable(ticket: Ticket) -> bool:
    """Whether the resident has still to say how it went."""
    return ticket.done_at is not None and ticket.outcome in (None, "unrated")


def stars(
    ticket: int, texts: Texts, locale: str, order: Sequence[int] = (5, 4, 3, 2, 1)
) -> tuple[tuple[Button, ...], ...]:
    """One tap for each number of stars; from 1 up where they are numbered, so that "5" means five."""
    row = tuple(
        Button(texts.say(Phrase("engine.stars", {"n": n}), locale), ticket_data(ticket, "rate", str(n)))
        for n in order
    )
    return (row[:2], row[2:])


def story(shown: Sheet, event: TicketEvent, texts: Texts, locale: str) -> str:
    """One line of the timeline in plain words."""
    return _dated(shown, event, told_of(shown, event, texts, locale), texts, locale)


def staff_story(shown: Sheet, event: TicketEvent, texts: Texts, locale: str) -> str:
    """The same as colleagues read it."""
    return _dated(shown, event, staff_told(shown, event, texts, locale), texts, locale)


def _dated(shown: Sheet, event: TicketEvent, told: str, texts: Texts, locale: str) -> str:
    return texts.say(Phrase("tickets.line", {"at": shown.local(event.at), "told": told}), locale)


def staff_told(shown: Sheet, event: TicketEvent, texts: Texts, locale: str) -> str:
    """What happened, and of what was said to the resident how far it has come."""
    told, came = told_of(shown, event, texts, locale), event.data.get("delivery")
    if not isinstance(came, dict):
        return told
    mark = Phrase(f"relay.mark.{came['state']}", {"reason": why(came.get("why"), texts, locale)})
    return f"{told} {texts.say(mark, locale)}"


def why(reason: object, texts: Texts, locale: str) -> Phrase:
    """Why something does not arrive, in words; what a channel said of it stays in the outbox."""
    key = f"unreachable.{reason}"
    return Phrase(key if texts.has(key, locale) else "relay.refused")


def actor(event: TicketEvent, locale: str) -> str:
    """Which colleague did it, as readers of a language know them."""
    return str((locale == "en" and event.data.get("staff_en")) or event.data.get("staff", ""))


def told_of(shown: Sheet, event: TicketEvent, texts: Texts, locale: str) -> str:
    """What happened, without saying when."""
    key = f"{shown.ticket.kind}.event.{event.action}"
    values = {
        "staff": actor(event, locale),
        "note": clipped(event.note),
        "said": said(event.data, shown.local),
        "at": shown.local(event.at),
        "n": event.data.get("photos", 0),
        "stars": event.data.get("overall", 0),
    }
    return texts.say(Phrase(key if texts.has(key, locale) else "tickets.event", values), locale)


def _extras(shown: Sheet, texts: Texts, locale: str) -> list[str]:
    extras = [_line(texts, locale, Phrase("card.assignee"), called(shown.assignee, locale))]
    if shown.photos:
        extras.append(texts.say(Phrase("card.photos", {"n": len(shown.photos)}), locale))
    noted = [event for event in shown.events if event.action not in _QUIET][-EVENTS_SHOWN:]
    if noted:
        extras.append("")
        extras += [staff_story(shown, event, texts, locale) for event in noted]
    return [*extras, _unreachable(shown, texts, locale)]


def _unreachable(shown: Sheet, texts: Texts, locale: str) -> str:
    """Why somebody cannot be told anything; "" as long as everybody can."""
    why = shown.ticket.details.get("unreachable")
    reason = Phrase(f"unreachable.{why}")
    told = [texts.say(Phrase("card.unreachable", {"reason": reason}), locale)] if why else []
    if shown.ticket.details.get("owner") == "unreachable":
        told.append(texts.say(Phrase("card.no_owner"), locale))
    return "\n".join(told)


_QUIET = frozenset({"described", "refused", "told", "opened"})


def _line(texts: Texts, locale: str, label: Phrase, value: str) -> str:
    if not value:
        return ""
    return texts.say(Phrase("engine.answer", {"label": texts.say(label, locale), "answer": value}), locale)


def _actions(shown: Sheet, texts: Texts, locale: str, actor: Actor) -> tuple[tuple[Button, ...], ...]:
    ticket = shown.ticket
    allowed = shown.table.allowed(ticket.state, actor, ticket.details)
    return rows(
        [
            Button(
                texts.say(Phrase(f"{ticket.kind}.action.{action.name}"), locale),
                ticket_data(ticket.id, action.name),
                style(number, action.name),
            )
            for number, action in enumerate(allowed)
        ]
    )


def style(number: int, action: str) -> str:
    """How an action's button looks: the first is the one that comes next."""
    if action in ("cancel", "withdraw"):
        return "danger"
    return "primary" if number == 0 else "plain"


def ticket_data(ticket: int, action: str, argument: str = "") -> str:
    """The button data of a ticket's action."""
    return f"t.{ticket}.{action}" + (f".{argument}" if argument else "")


def pictures(photos: Sequence[Attachment]) -> tuple[Picture, ...]:
    """The newest ten photos, as they can be sent again."""
    return tuple(
        Picture(photo.id, photo.channel, photo.bot, photo.source)
        for photo in photos[-10:]
        if photo.state != "failed"
    )


def person(shown: Sheet, *, private: bool) -> str:
    """The resident's name, or only its first character."""
    if shown.resident is None:
        return ""
    name = shown.resident.name
    return name if private or not name else f"{name[0]}{'*' * 2}"


def door(home: str, *, private: bool) -> str:
    """A home's name, or only the building it is in."""
    building, dash, number = home.partition("-")
    return home if private or not dash else f"{building}-{'*' * len(number)}"


def _where(shown: Sheet, texts: Texts, locale: str) -> str:
    """The building, as a group may know it."""
    if shown.secret:
        return texts.say(Phrase("card.unnamed"), locale)
    return door(shown.home.name, private=False)


def clipped(text: str, most: int = TEXT_SHOWN) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


async def digest(session: AsyncSession, cards: Sequence[Card], texts: Texts) -> Outgoing:
    """Many new tickets in one message, each of which can be called up."""
    sheets = []
    for card in cards:
        ticket = await session.get(Ticket, card.ticket_id)
        if ticket is not None:
            sheets.append(await sheet(session, ticket))
    locale = staff_locale(sheets[0].community) if sheets else "zh_CN"
    lines = [
        texts.say(
            Phrase(
                "card.digest_line",
                {"title": title(shown, texts, locale), "home": _where(shown, texts, locale)},
            ),
            locale,
        )
        for shown in sheets
    ]
    buttons = [Button(shown.ticket.number, ticket_data(shown.ticket.id, "card")) for shown in sheets]
    return Outgoing(
        text="\n".join(lines),
        title=texts.say(Phrase("card.digest", {"n": len(sheets)}), locale),
        buttons=rows(buttons[:90]),
    )
