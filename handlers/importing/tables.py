"""A sheet's rows under its headers, in whatever order those stand; each cell is read, or named as wrong."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from openpyxl.utils import get_column_letter

from handlers.importing import cells
from handlers.importing.cells import Raw
from handlers.importing.concepts import ROWS, Book, Column, Concept, Row
from handlers.importing.findings import Findings, Unreadable, Wrong
from handlers.importing.vocabulary import Vocabulary

Line: TypeAlias = list[Raw]
Places: TypeAlias = Mapping[int, Column]

LOOKED_THROUGH = 10
"""Among so many filled rows the headers are looked for: titles may stand above them."""
MOST_SPREAD = 500_000
"""Cells into which merged ones may be spread."""


@dataclass(frozen=True, slots=True)
class Merge:
    """Cells made one, from a row and column (the first is 1) to a row and column."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(frozen=True, slots=True)
class Table:
    """`lines` are the rows in which something stands, by their number."""

    name: str
    concept: Concept
    lines: Mapping[int, Line]
    merges: Sequence[Merge] = ()

    def at(self, place: int, number: int) -> str:
        return f"{self.name}!{get_column_letter(place + 1)}{number}"


def book(tables: Sequence[Table], words: Vocabulary, findings: Findings) -> Book:
    """Everything that can be read; what cannot is among the findings."""
    found: dict[str, list[object]] = {concept.value: [] for concept in Concept}
    for table in tables:
        if table.lines:
            found[table.concept.value].extend(_Reading(table, words, findings).rows())
    return Book(**found)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class _Reading:
    """One table being read."""

    table: Table
    words: Vocabulary
    findings: Findings

    def rows(self) -> Iterator[object]:
        header = self._header()
        places = self._places(header)
        if not self._complete(places, header):
            return
        self._spread(header)
        self._untitled(header)
        letters = {column.name: get_column_letter(place + 1) for place, column in places.items()}
        for number, line in self.table.lines.items():
            row = Row(self.table.name, number, letters)
            values = self._values(row, line, places) if number > header else None
            if values is not None:
                yield ROWS[self.table.concept](row=row, **values)

    # --- headers

    def _header(self) -> int:
        """The number of the row with the most headers; of equals, the first."""
        first = list(self.table.lines)[:LOOKED_THROUGH]
        return max(first, key=lambda number: len(self._titles(number)))

    def _titles(self, number: int) -> set[str]:
        known = (self._column(raw) for raw in self.table.lines[number])
        return {column.name for column in known if column is not None}

    def _column(self, raw: Raw) -> Column | None:
        return self.words.column(self.table.concept, raw) if isinstance(raw, str) else None

    def _places(self, header: int) -> dict[int, Column]:
        """Column by place."""
        found: dict[int, Column] = {}
        for place, raw in enumerate(self.table.lines[header]):
            column, where = self._column(raw), self.table.at(place, header)
            if cells.blank(raw):
                continue
            if column is None:
                self.findings.fault("unknown_column", where, value=raw, items=self._headers())
            elif column in found.values():
                self.findings.fault("column_twice", where, value=raw)
            else:
                found[place] = column
        return found

    def _headers(self) -> list[str]:
        concept = self.table.concept
        return [self.words.header(concept, column) for column in self.words.columns[concept]]

    def _complete(self, places: Places, header: int) -> bool:
        """Whether there is every column without which no row makes sense."""
        concept = self.table.concept
        wanted = [column for column in self.words.columns[concept] if column.required]
        missing = [column for column in wanted if column not in places.values()]
        for column in missing:
            where = f"{self.table.name}!{header}"
            self.findings.fault("no_column", where, value=self.words.header(concept, column))
        return not missing

    def _untitled(self, header: int) -> None:
        """What stands under no header at all is not passed over in silence."""
        titled = {place for place, raw in enumerate(self.table.lines[header]) if not cells.blank(raw)}
        for number, line in self.table.lines.items():
            for place, raw in enumerate(line) if number > header else ():
                if place not in titled and not cells.blank(raw):
                    titled.add(place)
                    self.findings.fault("untitled", self.table.at(place, number))

    # --- rows

    def _values(self, row: Row, line: Line, places: Places) -> dict[str, object] | None:
        """A row's values by column, None where nothing stands; None when it cannot be spoken of at all."""
        values: dict[str, object] = {column.name: None for column in self.words.columns[self.table.concept]}
        whole = True
        for place, column in places.items():
            values[column.name] = self._value(row, line[place] if place < len(line) else None, column)
            whole = whole and not (column.required and values[column.name] is None)
        return values if whole else None

    def _value(self, row: Row, raw: Raw, column: Column) -> object:
        if cells.blank(raw):
            if column.required:
                self.findings.fault("missing", row.at(column.name))
            return None
        try:
            return self.words.chosen(column, raw) if column.choices else column.read(raw)
        except Wrong as wrong:
            self.findings.fault(wrong.key, row.at(column.name), **wrong.values)
            return None

    # --- merged cells

    def _spread(self, header: int) -> None:
        """Cells made one have one value, and it is that of every row they reach over."""
        numbers, budget = sorted(self.table.lines), MOST_SPREAD
        for merge in self.table.merges:
            if merge.top <= header:
                continue
            value = self._at(merge.top, merge.left)
            reached = numbers[bisect_left(numbers, merge.top) : bisect_right(numbers, merge.bottom)]
            right = min(merge.right, len(self.table.lines[header]))
            budget -= len(reached) * max(1, right - merge.left + 1)
            if budget < 0:
                raise Unreadable("too_many_merges", value=self.table.name)
            for number in reached:
                _fill(self.table.lines[number], range(merge.left - 1, right), value)

    def _at(self, number: int, column: int) -> Raw:
        line = self.table.lines.get(number, [])
        return line[column - 1] if 0 < column <= len(line) else None


def _fill(line: Line, places: range, value: Raw) -> None:
    line.extend([None] * (places.stop - len(line)))
    for place in places:
        line[place] = value if cells.blank(line[place]) else line[place]
