"""Whether a colleague's words have reached the resident: noted on the timeline, and told if they have not."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from flows.ticket import UNDELIVERED
from handlers import notices
from handlers.cards import posting, sheets, stories
from handlers.cards.lines import clipped
from handlers.cards.sheets import Sheet
from handlers.desk import Work
from handlers.outbox.outcomes import HEARD
from models.due import Due
from models.outbox import Outbox, events_of
from models.staff import Staff
from models.ticket import Ticket, TicketEvent

QUOTED = 60
"""So much of what did not arrive is repeated, to know it by."""


class Arrival(StrEnum):
    """How far words have come; `held` waits until their reader writes."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    HELD = "held"
    UNKNOWN = "unknown"
    FAILED = "failed"


_BY_STATE = {
    "sent": Arrival.DELIVERED,
    "pending": Arrival.WAITING,
    "held": Arrival.HELD,
    "unknown": Arrival.UNKNOWN,
    "failed": Arrival.FAILED,
    "expired": Arrival.FAILED,
}


def note(event: TicketEvent, arrival: Arrival, why: str = "") -> None:
    """Write down how far its words have come."""
    event.data = {**event.data, "delivery": {"state": arrival.value, "why": why}}


async def settled(work: Work, row: Outbox) -> None:
    """Something has become of a row that carries words; only what becomes of the newest one counts."""
    arrival = _BY_STATE.get(row.state)
    if arrival is None:
        return
    for number in events_of(row):
        newer = await _newest(work.session, number)
        if newer is None or newer <= row.id:
            await _settled(work, number, arrival, _why(row))


def _why(row: Outbox) -> str:
    return "" if row.state == "sent" or row.error in (None, HEARD) else str(row.error)


async def _newest(session: AsyncSession, event: int) -> int | None:
    carriers = select(func.max(Outbox.id)).where(Outbox.event_id == event, Outbox.state != "joined")
    return await session.scalar(carriers)


async def _settled(work: Work, number: int, arrival: Arrival, why: str) -> None:
    query = select(TicketEvent).where(TicketEvent.id == number).with_for_update()
    event = await work.session.scalar(query.execution_options(populate_existing=True))
    if event is None or event.staff_id is None:
        return
    before = event.data.get("delivery", {})
    shown_why = why if arrival in (Arrival.HELD, Arrival.FAILED) else ""
    if (before.get("state"), before.get("why")) == (arrival.value, shown_why):
        return
    note(event, arrival, shown_why)
    await work.session.flush()
    ticket = await work.session.get_one(Ticket, event.ticket_id)
    shown = await sheets.of(work.session, ticket)
    await posting.refresh(work, shown)
    if arrival is Arrival.FAILED:
        await lost(work, shown, event, why)


async def lost(work: Work, shown: Sheet, event: TicketEvent, why: str) -> None:
    """What did not arrive is said below the card, or to whoever wrote it where there is no group."""
    if shown.table.timer(UNDELIVERED) is not None:
        cycle = f"{shown.ticket.version}.{event.id}"
        work.session.add(Due(kind=UNDELIVERED, ticket_id=shown.ticket.id, cycle=cycle, at=work.now, data={}))
    words = clipped(event.note, QUOTED)
    told = stories.why(why, work.desk.texts, sheets.staff_locale(shown.community))
    if await posting.groups_for(work, shown):
        await notices.group(work, shown, "relay.failed", words=words, reason=told)
        return
    writer = await work.session.get(Staff, event.staff_id) if event.staff_id else None
    await notices.staff(work, shown, [writer] if writer else [], "relay.failed", words=words, reason=told)
