"""Two records of one person become one, and can be parted again exactly as they were."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast

from sqlalchemy import Column, Table, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from handlers import reaching, tickets
from handlers.cards import posting, sheets
from handlers.desk import Work
from handlers.identity import doubles
from handlers.identity.journal import RESIDENT, Journal, Row, owned
from models.merge import Merge, later
from models.resident import ChangeLog, Resident
from models.ticket import Ticket

AT_ONCE = 500
_residents = cast(Table, Resident.__table__)


class Unmergeable(Exception):
    """Two residents cannot be made one, or not be parted; `reason` is a key of `merge.refused.*`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


async def merge(work: Work, keep: int, gone: int, by: str) -> Merge:
    """Everything of `gone` becomes `keep`'s; raises Unmergeable.

    Both rows are locked first, so that nothing more can come to belong to `gone`: what is just being written
    is waited for and moves too, and who comes later finds no such resident and begins anew.
    """
    session, journal = work.session, Journal()
    await session.flush()
    await _able(session, keep, gone)
    await doubles.one_choice(session, keep, gone, journal)
    places = await doubles.ranks(session, keep, gone)
    for table, column in owned():
        await doubles.once(session, table, column, (keep, gone), work.now, journal)
        await _move(session, table, column, (keep, gone), journal)
    await doubles.behind(session, places, journal)
    await _vanish(session, gone, journal)
    made = Merge(keep_id=keep, gone_id=gone, by=by, at=work.now, moved=journal.to_json())
    session.add(made)
    _log(work, keep, f"record {gone}", f"record {keep}", "two records of one person", by)
    await session.flush()
    return made


async def undo(work: Work, number: int, by: str) -> Merge:
    """Part what a merge made one: what came since stays with the one that was kept. Raises Unmergeable."""
    session = work.session
    await session.flush()
    made = await session.get(Merge, number, with_for_update=True, populate_existing=True)
    if made is None:
        raise Unmergeable("unknown")
    if made.undone_at is not None:
        raise Unmergeable("undone")
    journal = Journal.of(made)
    await _partable(session, made, journal)
    await session.execute(insert(_residents), journal.dropped.pop(RESIDENT))
    for table, column in owned():
        await _back(session, table, column, made, journal)
    made.undone_at, made.undone_by = work.now, by
    for resident in (made.keep_id, made.gone_id):
        _log(work, resident, f"record {made.keep_id}", f"record {resident}", "parted again", by)
    await session.flush()
    return made


async def redraw(work: Work, made: Merge) -> None:
    """The cards of running tickets that moved name their resident anew."""
    ids = Journal.of(made).moved.get("ticket", [])
    for some in _chunks(ids):
        running = select(Ticket).where(Ticket.id.in_(some), Ticket.closed_at.is_(None)).order_by(Ticket.id)
        found = await work.session.scalars(running, execution_options={"populate_existing": True})
        for ticket in found.all():
            await posting.refresh(work, await sheets.of(work.session, ticket))
    if await reaching.resident(work.desk, work.session, made.keep_id):
        await tickets.reachable(work, made.keep_id)


def counted(made: Merge) -> dict[str, int]:
    """How much moved, of what a person can see."""
    moved = Journal.of(made).moved
    names = {"chats": "account", "homes": "membership", "phones": "phone", "tickets": "ticket"}
    return {name: len(moved.get(table, ())) for name, table in names.items()}


# --- one of two


async def _able(session: AsyncSession, keep: int, gone: int) -> None:
    if keep == gone:
        raise Unmergeable("same")
    query = select(Resident.id, Resident.erased_at).where(Resident.id.in_((keep, gone)))
    found = (await session.execute(query.order_by(Resident.id).with_for_update())).all()
    if len(found) < 2:
        raise Unmergeable("unknown")
    if any(erased is not None for _, erased in found):
        raise Unmergeable("erased")


async def _move(
    session: AsyncSession, table: Table, column: Column[Any], both: tuple[int, int], journal: Journal
) -> None:
    keep, gone = both
    statement = update(table).where(column == gone).values({column.name: keep}).returning(table.c.id)
    journal.move(table.name, sorted(await session.scalars(statement)))


async def _vanish(session: AsyncSession, gone: int, journal: Journal) -> None:
    """The record itself goes: a row that would still name it is refused by the database."""
    row = (await session.execute(select(_residents).where(_residents.c.id == gone))).mappings().one()
    journal.drop(RESIDENT, dict(row))
    await session.execute(delete(_residents).where(_residents.c.id == gone))


# --- two of one


async def _partable(session: AsyncSession, made: Merge, journal: Journal) -> None:
    locked = select(Resident.erased_at).where(Resident.id == made.keep_id).with_for_update()
    kept = (await session.execute(locked)).first()
    touched = journal.touched()
    for other in await later(session, made):
        if other.gone_id == made.keep_id or not touched.isdisjoint(Journal.of(other).touched()):
            raise Unmergeable("later")
    if kept is None:
        raise Unmergeable("unknown")
    if kept.erased_at is not None:
        raise Unmergeable("erased")


async def _back(
    session: AsyncSession, table: Table, column: Column[Any], made: Merge, journal: Journal
) -> None:
    """A table's rows return: what was given to somebody else since, or changed once more, stays so."""
    for some in _chunks(journal.moved.get(table.name, [])):
        theirs = update(table).where(table.c.id.in_(some), column == made.keep_id)
        await session.execute(theirs.values({column.name: made.gone_id}))
    for row, columns in journal.changed.get(table.name, {}).items():
        for name, (old, new) in columns.items():
            unchanged = update(table).where(table.c.id == row, table.c[name] == new)
            await session.execute(unchanged.values({name: old}))
    for dropped in journal.dropped.get(table.name, []):
        await _again(session, table, dropped)


async def _again(session: AsyncSession, table: Table, row: Row) -> None:
    """Put a row back, under its old id if nobody else has it by now."""
    taken = await session.scalar(select(table.c.id).where(table.c.id == row["id"]))
    values = row if taken is None else {name: value for name, value in row.items() if name != "id"}
    on_this = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    await session.execute(on_this(table).values(values).on_conflict_do_nothing())


def _chunks(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (ids[first : first + AT_ONCE] for first in range(0, len(ids), AT_ONCE))


def _log(work: Work, resident: int, old: str, new: str, why: str, by: str) -> None:
    work.session.add(
        ChangeLog(
            resident_id=resident,
            field="record",
            old=old,
            new=new,
            why=why,
            who=by,
            source="merge",
            at=work.now,
        )
    )
