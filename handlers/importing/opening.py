"""What somebody calls a file becomes tables: a workbook, a CSV file, or a folder or archive of those."""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Iterator, Sequence
from io import BytesIO, StringIO
from pathlib import Path, PurePosixPath
from typing import IO

from handlers.importing import workbook
from handlers.importing.concepts import Concept
from handlers.importing.findings import Findings, Unreadable
from handlers.importing.tables import Line, Table
from handlers.importing.vocabulary import Vocabulary

MOST_BYTES = 20 * 1024 * 1024
"""Of a file as it lies there."""
MOST_UNPACKED = 100 * 1024 * 1024
MOST_FILES = 1000
CSV = (".csv", ".tsv", ".txt")

_OLD = b"\xd0\xcf\x11\xe0"
"""How .xls files begin, and .xlsx files with a password (MS-CFB, 2.2)."""
_PARTS = "[Content_Types].xml"
"""Every workbook has it (ECMA-376, Open Packaging Conventions)."""


def tables(path: Path, sheet: str, words: Vocabulary, findings: Findings) -> list[Table]:
    """Every table in a file; `sheet` says what a CSV file holds, or which sheet of a workbook is meant.

    Raises Unreadable, and OSError for what is not there.
    """
    only = words.concept(sheet) if sheet else None
    if sheet and only is None:
        raise Unreadable("no_sheet", value=sheet, items=[words.title(one) for one in Concept])
    found = list(_tables(path, only, words, findings))
    if not any(table.lines for table in found) and not findings.faults:
        raise Unreadable("empty")
    return found


def _tables(path: Path, only: Concept | None, words: Vocabulary, findings: Findings) -> Iterator[Table]:
    if path.is_dir():
        yield from _folder(path, only, words, findings)
        return
    data = _bytes(path)
    if data.startswith(_OLD):
        raise Unreadable("old_workbook")
    if zipfile.is_zipfile(BytesIO(data)):
        yield from _packed(data, only, words, findings)
    elif path.suffix.lower() in CSV:
        yield from _csv(path.name, data, only, words, findings)
    else:
        raise Unreadable("unknown_file" if path.suffix.lower() != ".xlsx" else "not_a_workbook")


def _bytes(path: Path) -> bytes:
    if path.exists() and not path.is_file():
        raise Unreadable("unknown_file")
    with path.open("rb") as file:
        return _read(file, MOST_BYTES)


def _read(file: IO[bytes], most: int) -> bytes:
    data = file.read(most + 1)
    if len(data) > most:
        raise Unreadable("too_big", n=most // 1024 // 1024)
    return data


def _folder(path: Path, only: Concept | None, words: Vocabulary, findings: Findings) -> Iterator[Table]:
    files = sorted(file for file in path.iterdir() if _wanted(file.name))
    if not files:
        raise Unreadable("no_csv")
    _few(len(files))
    _small(sum(file.stat().st_size for file in files))
    for file in files:
        yield from _csv(file.name, _bytes(file), only, words, findings, among=True)


def _packed(data: bytes, only: Concept | None, words: Vocabulary, findings: Findings) -> Iterator[Table]:
    try:
        with zipfile.ZipFile(BytesIO(data), metadata_encoding="gb18030") as archive:
            parts = archive.infolist()
            _few(len(parts))
            _small(sum(part.file_size for part in parts))
            if _PARTS not in archive.namelist():
                yield from _archive(archive, parts, only, words, findings)
                return
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, UnicodeDecodeError, EOFError) as error:
        raise Unreadable("broken_archive") from error
    yield from workbook.tables(data, words, findings, only)


def _archive(
    archive: zipfile.ZipFile,
    parts: Sequence[zipfile.ZipInfo],
    only: Concept | None,
    words: Vocabulary,
    findings: Findings,
) -> Iterator[Table]:
    wanted = [part for part in parts if "__MACOSX" not in part.filename]
    named = {PurePosixPath(part.filename).name: part for part in wanted if not part.is_dir()}
    files = {name: part for name, part in named.items() if _wanted(name)}
    if not files:
        raise Unreadable("no_csv")
    for name, part in sorted(files.items()):
        with archive.open(part) as file:
            yield from _csv(name, _read(file, MOST_UNPACKED), only, words, findings, among=True)


def _wanted(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() in CSV and not name.startswith(".")


def _few(files: int) -> None:
    if files > MOST_FILES:
        raise Unreadable("too_many_files", n=MOST_FILES)


def _small(unpacked: int) -> None:
    if unpacked > MOST_UNPACKED:
        raise Unreadable("unpacks_too_big", n=MOST_UNPACKED // 1024 // 1024)


# --- CSV


def _csv(
    name: str,
    data: bytes,
    only: Concept | None,
    words: Vocabulary,
    findings: Findings,
    *,
    among: bool = False,
) -> Iterator[Table]:
    """The table of a CSV file; `among` several, only those of the wanted sheet are read."""
    own = words.concept(PurePosixPath(name).stem)
    concept = own if among else only or own
    if among and only is not None and own is not only:
        return
    if concept is None:
        findings.fault("unknown_csv", name, items=[words.title(one) for one in Concept])
        return
    written = _decoded(name, data, findings)
    try:
        lines = dict(_lines(name, written))
    except csv.Error as error:
        raise Unreadable("broken_csv", value=name) from error
    yield Table(name, concept, lines)


def _decoded(name: str, data: bytes, findings: Findings) -> str:
    """UTF-8, or what Chinese spreadsheet programs write where nobody asks them for it."""
    try:
        written = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            written = data.decode("gb18030")
        except UnicodeDecodeError:
            raise Unreadable("encoding", value=name) from None
        findings.note("gb18030", name)
    if "\0" in written:
        raise Unreadable("encoding", value=name)
    return written


def _lines(name: str, written: str) -> Iterator[tuple[int, Line]]:
    first = written.partition("\n")[0]
    divided = csv.reader(StringIO(written, newline=""), delimiter=max(",;\t", key=first.count), strict=True)
    filled = 0
    for number, row in enumerate(divided, 1):
        if any(cell.strip() for cell in row):
            filled += 1
            workbook.guard(name, filled, len(row))
            yield number, list(row)
