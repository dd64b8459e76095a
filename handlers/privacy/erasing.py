"""Somebody asks to be forgotten: what we hold of them goes, and nothing of anybody else changes."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat
from sqlalchemy import delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from flows import catalogue
from flows.engine.lifecycle import Role, stands
from handlers import moves, tickets
from handlers.desk import Work
from handlers.outbox import delivery
from handlers.outbox.delivery import changed
from handlers.privacy import echoes, scrubbing, traces
from handlers.privacy.echoes import Door, Marks
from handlers.privacy.traces import Person
from handlers.tickets import CLOCK
from models import gatepass
from models.account import Account
from models.attachment import ERASE, Attachment
from models.card import Card
from models.code import Claim, Code
from models.conversation import Conversation
from models.gatepass import GateScan
from models.merge import Merge
from models.resident import ChangeLog, Membership, Phone, Resident
from models.staff import Staff
from models.ticket import Ticket, TicketEvent

CLOSES = "close"
"""The move by which the clock ends what its resident has not rated."""


class Unerasable(Exception):
    """Somebody cannot be forgotten now: `reason` is 'unknown', 'erased' or 'open', with the open tickets."""

    def __init__(self, reason: str, open_tickets: Sequence[Ticket] = ()) -> None:
        super().__init__(reason)
        self.reason, self.tickets = reason, open_tickets


@dataclass(frozen=True, slots=True)
class Erased:
    """How much of a person was taken away."""

    resident: int
    chats: int
    tickets: int
    photos: int
    messages: int


async def hindrance(session: AsyncSession, resident: int) -> Sequence[Ticket]:
    """The tickets that have to end first: a deposit is still to be paid, somebody is on the way."""
    return [one for one in await _open(session, resident) if not _only_unrated(one)]


async def erase(work: Work, resident: int, by: str) -> Erased:
    """Take everything away that says who a resident was; what remains counts, and names nobody.

    `by` is who decided it, as in the change log. The files themselves are deleted by the clock. Whoever
    writes from one of their chats afterwards is a stranger. Raises Unerasable.
    """
    session = work.session
    await session.flush()
    await _locked(session, resident)
    if open_tickets := await hindrance(session, resident):
        raise Unerasable("open", open_tickets)
    await _close(work, resident)
    person = await _person(session, resident)
    doors, marks = await _doors(session, person), await _marks(session, person)
    words = await _elsewhere(work, person)
    photos = await _photos(session, person)
    codes = select(Code.id).where(or_(Code.resident_id == resident, Code.inviter_id == resident))
    await changed(session, delete(Claim).where(Claim.code_id.in_(codes)))
    words |= await traces.wipe(session, person) | await _told(session, resident)
    await _merges(session, person)
    await _passes(work, person)
    gone = await echoes.hush(work, person, doors, Marks(marks | _numbers(words), frozenset(words)))
    await _accounts(work, person)
    await _shell(work, resident, by)
    return Erased(resident, len(doors) + len(person.shared), len(person.tickets), photos, gone)


# --- may it be


async def _locked(session: AsyncSession, resident: int) -> None:
    """Nothing of theirs is being heard or written meanwhile: first their conversations, then their record."""
    theirs = select(Account.id).where(Account.resident_id == resident)
    talks = select(Conversation.id).where(Conversation.account_id.in_(theirs)).order_by(Conversation.id)
    await session.execute(talks.with_for_update())
    record = select(Resident.erased_at).where(Resident.id == resident).with_for_update()
    found = (await session.execute(record)).first()
    if found is None:
        raise Unerasable("unknown")
    if found.erased_at is not None:
        raise Unerasable("erased")


async def _open(session: AsyncSession, resident: int) -> Sequence[Ticket]:
    final = {state.value for table in catalogue.lifecycles().values() for state in table.final}
    query = select(Ticket).where(Ticket.resident_id == resident, Ticket.state.not_in(final))
    return (await session.scalars(query.order_by(Ticket.id))).all()


def _only_unrated(ticket: Ticket) -> bool:
    """Whether everything is done, and the clock would end it of itself."""
    action = catalogue.lifecycles()[ticket.kind].named.get(CLOSES)
    return action is not None and Role.CLOCK in action.by and stands(action, ticket.state, ticket.details)


async def _close(work: Work, resident: int) -> None:
    """What waits for nothing but stars ends without them."""
    for ticket in await _open(work.session, resident):
        action = await tickets.permitted(work, ticket, CLOSES, CLOCK)
        await moves.perform(work, ticket, action, CLOCK)
    await work.session.flush()


# --- who is it


async def _person(session: AsyncSession, resident: int) -> Person:
    merged = await former(session, resident)
    mine = select(Account.id, Account.staff_id).where(Account.resident_id == resident)
    found = (await session.execute(mine.order_by(Account.id))).all()
    filed = select(Ticket.account_id).where(Ticket.resident_id == resident)
    once = select(Account.id).where(
        Account.id.in_(filed), Account.resident_id.is_(None), Account.staff_id.is_(None)
    )
    own = [account for account, staff in found if staff is None]
    return Person(
        resident,
        merged,
        (*own, *await session.scalars(once.order_by(Account.id))),
        tuple(account for account, staff in found if staff is not None),
        tuple(await session.scalars(select(Ticket.id).where(Ticket.resident_id == resident))),
    )


async def former(session: AsyncSession, resident: int) -> frozenset[int]:
    """The records that became one with this one, directly or through another."""
    found: set[int] = set()
    newer = {resident}
    while newer:
        merged = select(Merge.gone_id).where(Merge.keep_id.in_(newer), Merge.undone_at.is_(None))
        newer = set(await session.scalars(merged)) - found
        found |= newer
    return frozenset(found)


async def _doors(session: AsyncSession, person: Person) -> list[Door]:
    query = select(Account.channel, Account.bot, Account.chat, Account.external_id)
    rows = await session.execute(query.where(Account.id.in_(person.accounts)))
    return [Door(*row) for row in rows]


async def _marks(session: AsyncSession, person: Person) -> frozenset[str]:
    """Names, numbers and addresses by which they would be known; no name that a colleague has as well."""
    own = select(Account.name, Account.external_id, Account.chat).where(Account.id.in_(person.accounts))
    found = {text for row in await session.execute(own) for text in row}
    name = await session.scalar(select(Resident.name).where(Resident.id == person.resident))
    phones = set(await session.scalars(select(Phone.number).where(Phone.resident_id == person.resident)))
    known = found | {name or ""} | phones | _numbers(phones)
    colleagues = set(await session.scalars(select(Staff.name).where(Staff.name.in_(known))))
    return frozenset(one for one in known - colleagues if len(one) > 1)


async def _told(session: AsyncSession, resident: int) -> set[str]:
    """What they have said of themselves: of who lives with them, of their vehicles, of what they need."""
    kept = await session.scalar(select(Resident.settings).where(Resident.id == resident))
    return set(scrubbing.words(kept))


def _numbers(words: Iterable[str]) -> frozenset[str]:
    """Every way in which we write the phone numbers among some words."""
    return frozenset(one for word in words if _NUMBER.fullmatch(word) for one in _written(word))


_NUMBER = re.compile(r"\+[0-9]{8,15}")


def _written(number: str) -> Iterator[str]:
    try:
        parsed = phonenumbers.parse(number)
    except NumberParseException:
        return
    yield str(parsed.national_number)
    for form in (PhoneNumberFormat.INTERNATIONAL, PhoneNumberFormat.NATIONAL):
        yield phonenumbers.format_number(parsed, form)


# --- what goes


async def _photos(session: AsyncSession, person: Person) -> int:
    """How many photos are of their tickets, or were sent by them."""
    of = or_(Attachment.ticket_id.in_(person.tickets), Attachment.account_id.in_(person.accounts))
    return len((await session.scalars(select(Attachment.id).where(of, Attachment.state != ERASE))).all())


async def _passes(work: Work, person: Person) -> None:
    """Nothing lets anybody in any more, and no photo is still to be read for it."""
    for ticket in person.tickets:
        await gatepass.end(work.session, ticket, work.now)
    unwanted = select(Attachment.id).where(Attachment.state == ERASE)
    await changed(work.session, delete(GateScan).where(GateScan.attachment_id.in_(unwanted)))


async def _elsewhere(work: Work, person: Person) -> set[str]:
    """What they wrote on somebody else's ticket, as the owner of its home; returns the words."""
    session, words = work.session, set[str]()
    events = select(TicketEvent).where(
        TicketEvent.actor.in_(person.actors), TicketEvent.ticket_id.not_in(person.tickets)
    )
    for event in (await session.scalars(events, execution_options={"populate_existing": True})).all():
        words |= {event.note, *scrubbing.words(event.data, scrubbing.OURS)} - {""}
        event.note, event.source = "", None
        event.data = scrubbing.scrubbed(event.data, scrubbing.OURS)
        words |= await _answers(work, event)
    await session.flush()
    return words


async def _answers(work: Work, event: TicketEvent) -> set[str]:
    """Of what they answered, the ticket keeps no word, and its cards show none."""
    session = work.session
    ticket = await session.get_one(Ticket, event.ticket_id, populate_existing=True)
    action = catalogue.lifecycles()[ticket.kind].named.get(event.action)
    keeps = () if action is None else action.keeps
    kept = {name: value for name, value in ticket.details.items() if name in keeps}
    if kept != (left := scrubbing.scrubbed(kept)):
        ticket.details, ticket.version = {**ticket.details, **left}, ticket.version + 1
    cards = select(Card).where(Card.ticket_id == ticket.id, Card.kind != "notice", Card.message.is_not(None))
    for card in (await session.scalars(cards)).all():
        await delivery.mend(session, card, now=work.now)
    return set(scrubbing.words(kept))


async def _merges(session: AsyncSession, person: Person) -> None:
    """What two records said is no longer in the log of making them one; which rows it were, is."""
    ids = (person.resident, *person.former)
    query = select(Merge).where(or_(Merge.keep_id.in_(ids), Merge.gone_id.in_(ids)))
    for made in (await session.scalars(query, execution_options={"populate_existing": True})).all():
        made.moved = _only_ids(made.moved)
    await session.flush()


def _only_ids(moved: dict[str, Any]) -> dict[str, Any]:
    dropped = {name: [{"id": row["id"]} for row in rows] for name, rows in moved["dropped"].items()}
    changes: dict[str, Any] = {name: {row: {} for row in rows} for name, rows in moved["changed"].items()}
    return {**moved, "dropped": dropped, "changed": changes}


async def _accounts(work: Work, person: Person) -> None:
    """Their chats lead nowhere any more; an account with which somebody also works stays a colleague's."""
    session = work.session
    for account in person.accounts:
        gone = f"gone:{secrets.token_hex(16)}"
        talks = select(Conversation.id).where(Conversation.account_id == account)
        for number, talk in enumerate((await session.scalars(talks)).all()):
            emptied = {"chat": f"{gone}.{number}", "draft": None, "offered": None}
            await changed(session, update(Conversation).where(Conversation.id == talk).values(**emptied))
        nobody = {"external_id": gone, "chat": gone, "name": "", "reachable": False, "last_heard_at": None}
        fresh = {"wrong_codes": 0, "locked_until": None}
        own = update(Account).where(Account.id == account)
        await changed(session, own.values(**nobody, **fresh, resident_id=None, chosen=False))
    unlinked = update(Account).where(Account.id.in_(person.shared))
    await changed(session, unlinked.values(resident_id=None, chosen=False))


async def _shell(work: Work, resident: int, by: str) -> None:
    """An empty record stays, so that its id is never given again; their homes are theirs no longer."""
    session, now = work.session, work.now
    lives = update(Membership).where(Membership.resident_id == resident)
    await changed(
        session, lives.where(or_(Membership.until.is_(None), Membership.until > now)).values(until=now)
    )
    empty: dict[str, Any] = {"name": "", "locale": None, "settings": {}, "erased_at": now}
    await changed(session, update(Resident).where(Resident.id == resident).values(**empty))
    session.add(
        ChangeLog(
            resident_id=resident,
            field="record",
            old=None,
            new=None,
            why="erased on request",
            who=by,
            source="erasing",
            at=now,
        )
    )
    await session.flush()
