"""Where a word or a ticket is mentioned in what is kept as JSON, whichever database keeps it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Text, cast, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

AT_ONCE = 40
"""So many words are looked for in one statement: SQLite does not nest expressions without end."""


async def of_words(
    session: AsyncSession,
    column: InstrumentedAttribute[Any],
    words: Collection[str],
    *where: ColumnElement[bool],
) -> list[Any]:
    """The rows whose JSON has one of the words in one of its texts."""
    written = [_written(session, word) for word in sorted(words)]
    found = await _rows(session, column, written, where)
    return [row for row in found if any(word in text for text in texts(_of(row, column)) for word in words)]


async def of_tickets(
    session: AsyncSession,
    column: InstrumentedAttribute[Any],
    tickets: Collection[int],
    *where: ColumnElement[bool],
) -> list[Any]:
    """The rows whose JSON says somewhere that it is about one of the tickets."""
    found = await _rows(session, column, [f'"ticket": {one}' for one in sorted(tickets)], where)
    return [row for row in found if not about(_of(row, column)).isdisjoint(tickets)]


def about(kept: Any) -> frozenset[int]:
    """The tickets that something kept is about."""
    match kept:
        case dict():
            own = {kept["ticket"]} if isinstance(kept.get("ticket"), int) else set()
            return frozenset(own).union(*(about(one) for one in kept.values()))
        case list():
            return frozenset[int]().union(*(about(one) for one in kept))
    return frozenset()


def texts(kept: Any) -> Iterator[str]:
    """Every text in something kept."""
    match kept:
        case str():
            yield kept
        case dict():
            for one in kept.values():
                yield from texts(one)
        case list():
            for one in kept:
                yield from texts(one)


def _written(session: AsyncSession, word: str) -> str:
    """A word as it stands in stored JSON: SQLite has it as it was written, PostgreSQL in its own letters."""
    return json.dumps(word, ensure_ascii=session.get_bind().dialect.name == "sqlite")[1:-1]


async def _rows(
    session: AsyncSession,
    column: InstrumentedAttribute[Any],
    needles: Sequence[str],
    where: Sequence[ColumnElement[bool]],
) -> list[Any]:
    model: Any = column.class_
    raw, found = cast(column, Text), dict[Any, Any]()
    for first in range(0, len(needles), AT_ONCE):
        any_of = or_(*(raw.contains(one, autoescape=True) for one in needles[first : first + AT_ONCE]))
        rows = await session.scalars(
            select(model).where(any_of, *where), execution_options={"populate_existing": True}
        )
        found |= {row.id: row for row in rows}
    return list(found.values())


def _of(row: Any, column: InstrumentedAttribute[Any]) -> Any:
    return getattr(row, column.key)
