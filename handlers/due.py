"""What was due has come: a ladder's next step, a reminder, a closing; each once, and none at night."""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta

from sqlalchemy import select

from flows import catalogue
from flows.engine.hours import Calendar
from flows.engine.lifecycle import Audience, Lifecycle, Refused, Timer
from flows.ticket import RATING
from handlers import clocks, inbound, moves, notices, overtaking, telling, tickets
from handlers.cards import sheets
from handlers.cards.sheets import Sheet
from handlers.desk import Desk, Work, rules
from handlers.people import reconfirming
from handlers.saying import said
from handlers.tickets import CLOCK, Lost
from models.database import is_down
from models.due import Due
from models.ticket import Ticket

AGAIN = timedelta(minutes=5)
PUNCTUAL = timedelta(minutes=30)
"""Later than this it no longer matters that something was meant for its very hour."""


class Failed(Exception):
    """Something due could not be done; `row` is its id."""

    def __init__(self, row: int) -> None:
        super().__init__(f"due row {row} failed")
        self.row = row


async def fire_next(desk: Desk) -> bool:
    """Do the oldest thing that is due, in one transaction; False when nothing is. Raises Failed."""
    async with desk.database.transaction() as session:
        work = Work(desk, session, desk.now())
        due = await _claim(work)
        if due is None:
            return False
        await _fired(work, due, due.id)
        return True


async def _fired(work: Work, due: Due, row: int) -> None:
    try:
        await _fire(work, due)
        await work.session.flush()
    except Exception as error:
        if is_down(error):
            raise
        raise Failed(row) from error


async def postpone(desk: Desk, row: int, error: str) -> None:
    """What failed is tried again later, and does not stop the others; unless somebody has it in hand."""
    async with desk.database.transaction() as session:
        still = select(Due).where(Due.id == row, Due.done_at.is_(None)).with_for_update(skip_locked=True)
        due = await session.scalar(still)
        if due is not None:
            due.attempts += 1
            due.at = desk.now() + AGAIN * due.attempts
            due.data = {**due.data, "error": error[:500]}


async def _claim(work: Work) -> Due | None:
    """Whichever process takes the row's lock does it; the others pass on to the next."""
    return await work.session.scalar(
        select(Due)
        .where(Due.done_at.is_(None), Due.at <= work.now)
        .order_by(Due.at, Due.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )


async def _fire(work: Work, due: Due) -> None:
    if due.kind == overtaking.AGAIN:
        await _hear(work, due)
        return
    ticket = await work.session.get(Ticket, due.ticket_id) if due.ticket_id else None
    if ticket is None:
        due.done_at = work.now
        if due.resident_id is not None:
            await reconfirming.fire(work, due)
        return
    table = catalogue.lifecycles()[ticket.kind]
    shown = await sheets.of(work.session, ticket)
    calm = _calm(work, shown, table, due)
    if calm:
        return
    due.done_at = work.now
    clock, timer = table.clock(due.kind), table.timer(due.kind)
    if clock is not None:
        await _climb(work, shown, table, due)
    elif timer is not None:
        await _timer(work, shown, table, timer, due)


async def _hear(work: Work, due: Due) -> None:
    """What was said too early to be understood is heard now, unless it is still too early."""
    said = await overtaking.settled(work, due)
    if said is not None:
        await inbound.again(work, said)


def _calm(work: Work, shown: Sheet, table: Lifecycle, due: Due) -> bool:
    """Put off what would disturb somebody at night; says whether it did.

    What belongs to its hour keeps it, unless that has long passed, as when the program was down.
    """
    timer = table.timer(due.kind)
    if timer is None or (not timer.calm and (shown.ticket.urgent or work.now - due.at <= PUNCTUAL)):
        return False
    later = _calendar(shown, timer).calm(work.now)
    if later <= work.now:
        return False
    due.at = later
    return True


def _calendar(shown: Sheet, timer: Timer) -> Calendar:
    """The community's hours, with the resident's own quiet ones for what disturbs the resident."""
    calendar = rules(shown.community).calendar
    if shown.resident is None or not (timer.tells & {Audience.RESIDENT} or timer.name == RATING.name):
        return calendar
    quiet = shown.resident.settings.get("record", {}).get("quiet")
    if not quiet:
        return calendar
    return replace(calendar, quiet=(time.fromisoformat(quiet[0]), time.fromisoformat(quiet[1])))


async def _climb(work: Work, shown: Sheet, table: Lifecycle, due: Due) -> None:
    """A clock's stage: whoever the table names is told; after a long silence only the highest speaks."""
    clock = table.clock(due.kind)
    assert clock is not None
    number = await _latest(work, due, int(due.data.get("stage", 0)))
    stage = clock.stages[number]
    key = f"{shown.ticket.kind}.late.{clock.name}.{stage.tells.value}"
    await notices.audience(work, shown, stage.tells, key, at=shown.local(due.at))


async def _latest(work: Work, due: Due, number: int) -> int:
    """The highest stage that is due by now; the ones it overtakes are done with it."""
    rows = await work.session.scalars(
        select(Due).where(
            Due.ticket_id == due.ticket_id,
            Due.kind == due.kind,
            Due.done_at.is_(None),
            Due.at <= work.now,
        )
    )
    for row in rows:
        row.done_at = work.now
        number = max(number, int(row.data.get("stage", 0)))
    return number


async def _timer(work: Work, shown: Sheet, table: Lifecycle, timer: Timer, due: Due) -> None:
    """A timer's time has come: somebody is told, or at the last time the clock acts."""
    stage = await _latest(work, due, int(due.data.get("stage", 0)))
    if timer.again is not None:
        clocks.again(work, shown.ticket, timer, rules(shown.community), due.cycle)
    elif timer.acts and stage >= len(timer.after) - 1:
        if await _by_clock(work, shown.ticket, timer.acts) and timer.name == RATING.name:
            await _closed_unrated(work, shown)
        return
    if timer.name == RATING.name and not telling.spared(shown):
        await notices.ask_rating(work, shown, f"{table.kind}.rate_reminder")
    for who in sorted(timer.tells):
        await _remind(work, shown, timer, who)


async def _closed_unrated(work: Work, shown: Sheet) -> None:
    if telling.spared(shown):
        return
    key = f"{shown.ticket.kind}.closed_unrated"
    await notices.resident(work, shown, key, (("tickets.not_solved", "reopen"),))


async def _remind(work: Work, shown: Sheet, timer: Timer, who: Audience) -> None:
    """Tell one audience; what residents and owners can do about it is a tap away."""
    kind = shown.ticket.kind
    key = f"{kind}.timer.{timer.name}.{who.value}"
    details = said(shown.ticket.details, shown.local)
    if who not in (Audience.RESIDENT, Audience.OWNER):
        await notices.audience(work, shown, who, key, details=details)
        return
    buttons = tuple((f"{kind}.action.{name}", name) for name in timer.offers) or (("tickets.open", "show"),)
    tell = notices.resident if who is Audience.RESIDENT else notices.owners
    await tell(work, shown, key, buttons, details=details)


async def _by_clock(work: Work, ticket: Ticket, name: str) -> bool:
    """Let the clock make a move that the table allows it; a ticket that moved on is left alone."""
    try:
        action = await tickets.permitted(work, ticket, name, CLOCK)
        await moves.perform(work, ticket, action, CLOCK)
    except (Refused, Lost):
        return False
    return True
