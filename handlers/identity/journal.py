"""What moved when two records became one, written down so that each thing finds its way back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import Column, Table

from models.base import Base, UtcDateTime
from models.merge import Merge
from models.resident import Resident

Row: TypeAlias = dict[str, Any]
RESIDENT = Resident.__tablename__


@dataclass(slots=True)
class Journal:
    """By table: `moved` are the ids of rows with a new owner, `changed` further columns as (old, new).

    `dropped` are whole rows that said what another row says already, and `kept` the ids of those others.
    """

    moved: dict[str, list[int]] = field(default_factory=dict)
    changed: dict[str, dict[int, dict[str, tuple[Any, Any]]]] = field(default_factory=dict)
    dropped: dict[str, list[Row]] = field(default_factory=dict)
    kept: dict[str, list[int]] = field(default_factory=dict)

    def move(self, table: str, ids: Iterable[int]) -> None:
        self.moved.setdefault(table, []).extend(ids)

    def change(self, table: str, row: int, column: str, old: Any, new: Any) -> None:
        self.changed.setdefault(table, {}).setdefault(row, {})[column] = (old, new)

    def drop(self, table: str, row: Row, *, for_the_sake_of: int | None = None) -> None:
        self.dropped.setdefault(table, []).append(row)
        if for_the_sake_of is not None:
            self.kept.setdefault(table, []).append(for_the_sake_of)

    def touched(self) -> set[tuple[str, int]]:
        """Every row that a merge had to do with, as (table, id)."""
        return {
            *((table, row) for table, ids in self.moved.items() for row in ids),
            *((table, row) for table, rows in self.changed.items() for row in rows),
            *((table, row["id"]) for table, rows in self.dropped.items() for row in rows),
            *((table, row) for table, ids in self.kept.items() for row in ids),
        }

    def to_json(self) -> dict[str, Any]:
        return {
            "moved": self.moved,
            "changed": {
                table: {
                    str(row): {name: list(pair) for name, pair in columns.items()}
                    for row, columns in rows.items()
                }
                for table, rows in self.changed.items()
            },
            "dropped": {
                table: [{name: _plain(value) for name, value in row.items()} for row in rows]
                for table, rows in self.dropped.items()
            },
            "kept": self.kept,
        }

    @classmethod
    def of(cls, merge: Merge) -> Journal:
        """As it was written down with a merge."""
        stored = merge.moved
        return cls(
            stored["moved"],
            {
                table: {
                    int(row): {name: (old, new) for name, (old, new) in columns.items()}
                    for row, columns in rows.items()
                }
                for table, rows in stored["changed"].items()
            },
            {table: [_typed(table, row) for row in rows] for table, rows in stored["dropped"].items()},
            stored["kept"],
        )


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _typed(table: str, row: Mapping[str, Any]) -> Row:
    columns = Base.metadata.tables[table].c
    return {name: _instant(columns[name], value) for name, value in row.items()}


def _instant(column: Column[Any], value: Any) -> Any:
    is_instant = isinstance(column.type, UtcDateTime) and value is not None
    return datetime.fromisoformat(value) if is_instant else value


def owned() -> list[tuple[Table, Column[Any]]]:
    """Every column by which a row is a resident's; whatever table comes to be, none is forgotten."""
    return [
        (table, column)
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if any(key.column.table.name == RESIDENT for key in column.foreign_keys)
    ]
