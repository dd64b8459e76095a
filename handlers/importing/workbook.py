"""A workbook's sheets as tables: visible ones, without macros, links or anything that unpacks without end."""

from __future__ import annotations

import re
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO
from typing import Protocol, cast

import openpyxl
from openpyxl.cell.read_only import EMPTY_CELL
from openpyxl.utils import range_boundaries
from openpyxl.workbook import Workbook

from handlers.importing import cells
from handlers.importing.cells import Odd, Raw
from handlers.importing.concepts import Concept
from handlers.importing.findings import Findings, Unreadable
from handlers.importing.tables import Line, Merge, Table
from handlers.importing.vocabulary import Vocabulary

MOST_ROWS = 100_000
"""Filled rows of a sheet."""
MOST_COLUMNS = 40
MOST_MERGES = 50_000
LAST_ROW = 1_048_576
"""The last row that a sheet can have (ECMA-376, SpreadsheetML)."""

_MERGE = re.compile(rb"<(?:\w+:)?mergeCell\s[^>]*?ref=[\"']([A-Z]{1,3}\d{1,7}:[A-Z]{1,3}\d{1,7})[\"']")
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s/>]")
_PADDED = re.compile(r"0+")


class _Sheet(Protocol):
    """A worksheet that is read from its file row by row."""

    title: str
    sheet_state: str
    _worksheet_path: str

    def reset_dimensions(self) -> None: ...

    def iter_rows(self, *, max_row: int, max_col: int) -> Iterable[Sequence[object]]: ...


def tables(data: bytes, words: Vocabulary, findings: Findings, only: Concept | None = None) -> list[Table]:
    """Every visible sheet with something in it. Raises Unreadable."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return list(_tables(data, words, findings, only))
        except Unreadable:
            raise
        except Exception as error:  # a broken workbook breaks its reader in a hundred ways
            raise Unreadable("not_a_workbook") from error


def _tables(data: bytes, words: Vocabulary, findings: Findings, only: Concept | None) -> Iterator[Table]:
    values = _opened(data, formulas=False)
    for place, sheet in enumerate(cast("list[_Sheet]", values.worksheets)):
        concept = words.concept(sheet.title)
        if only is not None and concept is not only:
            continue
        if sheet.sheet_state != "visible":
            findings.note("hidden", sheet.title)
            continue
        with zipfile.ZipFile(BytesIO(data)) as archive:
            written = archive.read(sheet._worksheet_path)
        lines = _lines(sheet)
        if concept is None:
            if lines:
                findings.fault("unknown_sheet", sheet.title, items=[words.title(one) for one in Concept])
            continue
        if _FORMULA.search(written):
            _mark_formulas(lines, cast("_Sheet", _opened(data, formulas=True).worksheets[place]))
            lines = dict(sorted(lines.items()))
        yield Table(sheet.title, concept, lines, list(_merges(sheet.title, written)))


def _opened(data: bytes, *, formulas: bool) -> Workbook:
    return openpyxl.load_workbook(BytesIO(data), read_only=True, data_only=not formulas, keep_links=False)


def _lines(sheet: _Sheet) -> dict[int, Line]:
    sheet.reset_dimensions()
    lines: dict[int, Line] = {}
    for number, row in enumerate(sheet.iter_rows(max_row=LAST_ROW, max_col=MOST_COLUMNS + 1), 1):
        line = [None if cell is EMPTY_CELL else _raw(cell) for cell in row]
        while line and cells.blank(line[-1]):
            line.pop()
        if line:
            lines[number] = line
            guard(sheet.title, len(lines), len(line))
    return lines


def guard(sheet: str, rows: int, columns: int) -> None:
    """Raises Unreadable for a sheet that no community can fill."""
    if rows > MOST_ROWS:
        raise Unreadable("too_many_rows", value=sheet, most=MOST_ROWS)
    if columns > MOST_COLUMNS:
        raise Unreadable("too_many_columns", value=sheet, most=MOST_COLUMNS)


def _raw(cell: object) -> Raw:
    value: object = getattr(cell, "value", None)
    match value:
        case None | bool():
            return value
        case int() if _PADDED.fullmatch(str(getattr(cell, "number_format", ""))):
            return str(value).zfill(len(str(getattr(cell, "number_format", ""))))
        case str():
            return Odd.ERROR if getattr(cell, "data_type", "") == "e" else value
    return value  # type: ignore[return-value]


def _mark_formulas(lines: dict[int, Line], sheet: _Sheet) -> None:
    """A formula whose value nobody has stored reads as an empty cell: it must not pass for one."""
    sheet.reset_dimensions()
    for number, row in enumerate(sheet.iter_rows(max_row=LAST_ROW, max_col=MOST_COLUMNS), 1):
        for place, cell in enumerate(row):
            if getattr(cell, "data_type", "") == "f":
                line = lines.setdefault(number, [])
                line.extend([None] * (place + 1 - len(line)))
                line[place] = Odd.FORMULA if line[place] is None else line[place]


def _merges(sheet: str, written: bytes) -> Iterator[Merge]:
    for number, found in enumerate(_MERGE.finditer(written)):
        if number >= MOST_MERGES:
            raise Unreadable("too_many_merges", value=sheet)
        left, top, right, bottom = cast("tuple[int, int, int, int]", range_boundaries(found[1].decode()))
        yield Merge(top, left, bottom, right)
