"""What was due has come: a ladder's next step, a reminder, a closing; each once, and none at night."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select, update

from flows import catalogue
from flows.engine.lifecycle import Lifecycle, Refused
from handlers import cards, notices, tickets
from handlers.cards import Sheet
from handlers.desk import Desk, Work, rules
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
    ticket = await work.session.get(Ticket, due.ticket_id) if due.ticket_id else None
    if ticket is None:
        due.done_at = work.now
        return
    table = catalogue.lifecycles()[ticket.kind]
    shown = await cards.sheet(work.session, ticket)
    calm = _calm(work, shown, table, due)
    if calm:
        return
    due.done_at = work.now
    clock = table.clock(due.kind)
    if clock is not None:
        await _climb(work, shown, table, due)
    else:
        await _timer(work, shown, due)


def _calm(work: Work, shown: Sheet, table: Lifecycle, due: Due) -> bool:
    """Put off what would disturb somebody at night; says whether it did.

    What belongs to its hour keeps it, unless that has long passed, as when the program was down.
    """
    timer = table.timer(due.kind)
    if timer is None or (not timer.calm and (shown.ticket.urgent or work.now - due.at <= PUNCTUAL)):
        return False
    later = rules(shown.community).calendar.calm(work.now)
    if later <= work.now:
        return False
    due.at = later
    return True


async def _climb(work: Work, shown: Sheet, table: Lifecycle, due: Due) -> None:
    """A clock's stage: whoever the table names is told; after a long silence only the highest speaks."""
    clock = table.clock(due.kind)
    assert clock is not None
    number = await _latest(work, due, int(due.data.get("stage", 0)))
    stage = clock.stages[number]
    ladder = "ladder" if due.kind == "respond" else "overdue"
    await notices.audience(
        work, shown, stage.tells, f"{shown.ticket.kind}.{ladder}.{stage.tells.value}", at=shown.local(due.at)
    )


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


async def _timer(work: Work, shown: Sheet, due: Due) -> None:
    kind = shown.ticket.kind
    match due.kind:
        case "arrival" if shown.ticket.state == "on_the_way":
            await notices.resident(
                work,
                shown,
                f"{kind}.arrival_check",
                ((f"{kind}.action.met", "met"), (f"{kind}.action.waiting", "waiting")),
            )
        case "wake":
            await _by_clock(work, shown.ticket, "resume")
        case "rating":
            await _rating(work, shown, due)


async def _rating(work: Work, shown: Sheet, due: Due) -> None:
    """Ask again once or twice; then the ticket closes as unrated, never as rated."""
    kind = shown.ticket.kind
    timer = catalogue.lifecycles()[kind].timer("rating")
    assert timer is not None
    stage = await _latest(work, due, int(due.data.get("stage", 0)))
    if stage < len(timer.after) - 1:
        await notices.ask_rating(work, shown, f"{kind}.rate_reminder")
        return
    if await _by_clock(work, shown.ticket, "close"):
        await notices.resident(work, shown, f"{kind}.closed_unrated", (("tickets.not_solved", "reopen"),))


async def _by_clock(work: Work, ticket: Ticket, name: str) -> bool:
    """Let the clock make a move that the table allows it; a ticket that moved on is left alone."""
    try:
        action = await tickets.permitted(work, ticket, name, CLOCK)
        await tickets.perform(work, ticket, action, CLOCK)
    except (Refused, Lost):
        return False
    return True


async def give_up_rating(work: Work, ticket: int) -> None:
    """No more reminders for a resident who cannot be reached."""
    await work.session.execute(
        update(Due)
        .where(Due.ticket_id == ticket, Due.kind == "rating", Due.done_at.is_(None))
        .where(Due.data["stage"].as_integer() < 2)
        .values(done_at=work.now)
    )
