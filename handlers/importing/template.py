"""An empty workbook to be filled in: one sheet a concept, each column with a note on what belongs there."""

from __future__ import annotations

from io import BytesIO

from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from handlers.importing.concepts import Column, Concept, Kind
from handlers.importing.vocabulary import Vocabulary

LAST_ROW = 100_001
"""Down to here the choices are offered."""
NEEDED, OPTIONAL = "FFF2CC", "EDEDED"
"""Colours of the headers of columns that have to be filled in, and of the others."""
_FORMATS = {Kind.TEXT: "@", Kind.NUMBER: "0", Kind.DAY: "yyyy-mm-dd", Kind.MOMENT: "yyyy-mm-dd hh:mm"}
"""As text, a phone number keeps its digits and 3-12 does not become a day in March."""


def template(words: Vocabulary) -> bytes:
    """The workbook, with its headers and notes in one language."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for concept in Concept:
        _sheet(book.create_sheet(words.title(concept)), concept, words)
    written = BytesIO()
    book.save(written)
    return written.getvalue()


def _sheet(sheet: Worksheet, concept: Concept, words: Vocabulary) -> None:
    sheet.freeze_panes = "A2"
    for number, column in enumerate(words.columns[concept], 1):
        letter = get_column_letter(number)
        dimension = sheet.column_dimensions[letter]
        dimension.width, dimension.number_format = column.width, _FORMATS[column.kind]
        _header(sheet, letter, column, words.header(concept, column), words.hint(concept, column))
        if column.choices and not column.several:
            _offer(sheet, letter, words.choices(column))


def _header(sheet: Worksheet, letter: str, column: Column, header: str, hint: str) -> None:
    cell = sheet[f"{letter}1"]
    cell.value = header
    cell.font = Font(bold=True)
    cell.fill = PatternFill("solid", start_color=NEEDED if column.required else OPTIONAL)
    cell.alignment = Alignment(vertical="center")
    cell.number_format = "@"
    cell.comment = Comment(hint, "Wubu", height=110, width=300)


def _offer(sheet: Worksheet, letter: str, choices: list[str]) -> None:
    """The choices in a list under the cell; what is not among them is refused by the spreadsheet already."""
    listed = DataValidation(type="list", formula1=f'"{",".join(choices)}"', allow_blank=True)
    listed.showErrorMessage = True
    sheet.add_data_validation(listed)
    listed.add(f"{letter}2:{letter}{LAST_ROW}")
