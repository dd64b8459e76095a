"""What two records of one person both say is said once, and the stronger of the two stays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Column, Table, UniqueConstraint, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from handlers.identity.journal import Journal, Row
from models.account import Account
from models.resident import Membership, Phone

ROLES = ("family", "tenant", "owner")
"""From the weaker to the stronger: of two memberships in one home the stronger one stays."""
_accounts, _phones = cast(Table, Account.__table__), cast(Table, Phone.__table__)
_memberships = cast(Table, Membership.__table__)


async def one_choice(session: AsyncSession, keep: int, gone: int, journal: Journal) -> None:
    """One person has one chat for notices: the choice of the one that stays counts."""
    chose = (_accounts.c.resident_id == keep) & _accounts.c.chosen
    if await session.scalar(select(_accounts.c.id).where(chose).limit(1)) is None:
        return
    theirs = update(_accounts).where(_accounts.c.resident_id == gone, _accounts.c.chosen)
    for account in await session.scalars(theirs.values(chosen=False).returning(_accounts.c.id)):
        journal.change(_accounts.name, account, "chosen", True, False)


async def once(
    session: AsyncSession,
    table: Table,
    column: Column[Any],
    both: tuple[int, int],
    now: datetime,
    journal: Journal,
) -> None:
    """Of two rows of a table that say the same one is dropped; `both` are who stays and who goes."""
    keep, gone = both
    for names in _sameness(table, column):
        rows = [row for row in await _rows(session, table, column, both) if _counts(table, row, now)]
        mine = {_key(row, names): row for row in rows if row[column.name] == keep}
        for row in rows:
            same = mine.get(_key(row, names)) if row[column.name] == gone else None
            if same is not None:
                mine[_key(row, names)] = await _one_of(session, table, same, row, journal)


async def _one_of(session: AsyncSession, table: Table, mine: Row, theirs: Row, journal: Journal) -> Row:
    """Drop the weaker of two rows, the other's where they are alike; returns the one that stays."""
    stronger = _worth(table, theirs) > _worth(table, mine)
    loser, winner = (mine, theirs) if stronger else (theirs, mine)
    await session.execute(delete(table).where(table.c.id == loser["id"]))
    journal.drop(table.name, loser, for_the_sake_of=winner["id"])
    return winner


def _key(row: Row, names: Sequence[str]) -> tuple[Any, ...]:
    return tuple(row[name] for name in names)


def _sameness(table: Table, column: Column[Any]) -> Iterator[tuple[str, ...]]:
    """The columns by which two rows of one resident would say the same."""
    if table is _memberships:
        yield ("home_id",)
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint) and column.name in constraint.columns:
            yield tuple(one.name for one in constraint.columns if one is not column)


def _counts(table: Table, row: Row, now: datetime) -> bool:
    """Where somebody lived once is history, and stays as it is."""
    return table is not _memberships or row["until"] is None or row["until"] > now


def _worth(table: Table, row: Row) -> tuple[int, bool]:
    if table is _memberships:
        return ROLES.index(row["role"]) if row["role"] in ROLES else -1, row["until"] is None
    return 0, table is _phones and row["verified_at"] is not None


async def _rows(
    session: AsyncSession, table: Table, column: Column[Any], both: tuple[int, int]
) -> Sequence[Row]:
    found = await session.execute(select(table).where(column.in_(both)).order_by(table.c.id))
    return [dict(row) for row in found.mappings()]


async def ranks(session: AsyncSession, keep: int, gone: int) -> dict[int, tuple[int, int]]:
    """For each phone that would move: its rank, and the one it has behind those of who stays.

    A number that both have is called where it stood with the one that stays.
    """
    both = select(_phones).where(_phones.c.resident_id.in_((keep, gone)))
    rows = (await session.execute(both)).mappings().all()
    mine = {row["number"]: row["rank"] for row in rows if row["resident_id"] == keep}
    behind = max((rank + 1 for rank in mine.values()), default=0)
    theirs = [row for row in rows if row["resident_id"] == gone]
    return {row["id"]: (row["rank"], mine.get(row["number"], behind + row["rank"])) for row in theirs}


async def behind(session: AsyncSession, places: Mapping[int, tuple[int, int]], journal: Journal) -> None:
    """Phones that moved take their new ranks."""
    for phone in journal.moved.get(_phones.name, ()):
        old, new = places[phone]
        if new != old:
            await session.execute(update(_phones).where(_phones.c.id == phone).values(rank=new))
            journal.change(_phones.name, phone, "rank", old, new)
