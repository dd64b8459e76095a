"""One cell of a sheet as people meant it, whatever the spreadsheet program has made of it."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable
from datetime import date, time, timedelta
from enum import Enum
from typing import TypeAlias
from zoneinfo import ZoneInfo, available_timezones

from flows.engine.money import MOST, fen
from handlers.importing.findings import Wrong
from handlers.wording import phone as e164


class Odd(Enum):
    """What a cell can hold besides a value: a formula nobody has worked out yet, or an error."""

    FORMULA = "formula"
    ERROR = "error"


Raw: TypeAlias = str | int | float | bool | date | time | timedelta | Odd | None
Reader: TypeAlias = Callable[[Raw], object]

LONGEST = 2000
"""Letters that a cell may have."""
EXACT = 10**15
"""Spreadsheets keep 15 digits of a number; of a longer one the rest is lost."""
MOST_PHONES = 9

_WIDE = {
    wide: wide - 0xFEE0 for wide in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))
}
_DASHES = re.compile(r"\s*[-\u2010-\u2015\u2212\uff0d\ufe63]+\s*")
_LIST = re.compile(r"[,，;；、|\n\r]+")
_PHONES = re.compile(r"[,，;；、|/／\n\r]+")
_SHORTENED = re.compile(r"\d(\.\d+)?[Ee]\+\d+")
_MONTH = "(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_DATED = re.compile(rf"\d{{1,2}}-{_MONTH}|{_MONTH}-\d{{1,2}}|\d{{1,2}}月\d{{1,2}}日")
_PROTECTED = re.compile(r'="([^"]*)"')
_LINK = re.compile(r"https?://[^\s/]+\.[^\s/]+(/\S*)?")
_CODE = re.compile(r"[A-Z0-9]{1,16}")
_ZONES = {"北京时间": "Asia/Shanghai", "中国标准时间": "Asia/Shanghai"}


def blank(raw: Raw) -> bool:
    """Whether nothing is written there."""
    return raw is None or (isinstance(raw, str) and not raw.translate(_INVISIBLE).strip())


_INVISIBLE = dict.fromkeys((0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF))


def text(raw: Raw) -> str:
    """The words of a cell in one line; a number as its digits. Raises Wrong."""
    return _clean(_written(raw))


def name(raw: Raw, most: int = 200) -> str:
    """A name of at most `most` letters. Raises Wrong."""
    return _short(text(raw), most)


def label(raw: Raw) -> str:
    """A name of at most 64 letters. Raises Wrong."""
    return name(raw, 64)


def code(raw: Raw) -> str:
    """The code of a community: letters and digits, in capitals. Raises Wrong."""
    written = text(raw).upper()
    if not _CODE.fullmatch(written):
        raise Wrong("code", value=written)
    return written


def door(raw: Raw) -> str:
    """What a home is called, such as 3-1201; every kind of dash is the same. Raises Wrong."""
    return _door(_written(raw))


def doors(raw: Raw) -> tuple[str, ...]:
    """Several homes, with commas between them. Raises Wrong."""
    return tuple(dict.fromkeys(_door(part) for part in _LIST.split(_written(raw)) if not blank(part)))


def phone(raw: Raw) -> str:
    """One number in E.164. Raises Wrong."""
    return _phone(_written(raw))


def phones(raw: Raw) -> tuple[str, ...]:
    """Several numbers in E.164, with commas or slashes between them. Raises Wrong."""
    found = tuple(dict.fromkeys(_phone(part) for part in _PHONES.split(_written(raw)) if not blank(part)))
    if len(found) > MOST_PHONES:
        raise Wrong("too_many_phones", most=MOST_PHONES)
    return found


def words(raw: Raw) -> tuple[str, ...]:
    """Several words, with commas between them. Raises Wrong."""
    return tuple(dict.fromkeys(_clean(part) for part in _LIST.split(_written(raw)) if not blank(part)))


def zone(raw: Raw) -> str:
    """A time zone by its name, such as Asia/Shanghai. Raises Wrong."""
    written = text(raw)
    named = _ZONES.get(written, written)
    if named not in available_timezones():
        raise Wrong("zone", value=written)
    return ZoneInfo(named).key


def yuan(raw: Raw) -> int:
    """An amount of yuan, such as 2000 or 1,200.50; in fen. Raises Wrong."""
    written = text(raw)
    amount = fen(written)
    if amount is None or not 0 <= amount <= MOST:
        raise Wrong("amount", value=written)
    return amount


def link(raw: Raw) -> str:
    """The address of a page. Raises Wrong."""
    written = text(raw)
    if not _LINK.fullmatch(written):
        raise Wrong("link", value=written)
    return _short(written, 500)


def number(least: int, most: int) -> Callable[[Raw], int]:
    """A whole number from `least` to `most`. Its reader raises Wrong."""

    def read(raw: Raw) -> int:
        written = text(raw)
        if not re.fullmatch(r"[0-9]{1,9}", written) or not least <= int(written) <= most:
            raise Wrong("number", value=written, least=least, most=most)
        return int(written)

    return read


def _written(raw: Raw) -> str:
    """What stands in the cell, before it is cleaned."""
    match raw:
        case None:
            return ""
        case Odd.FORMULA:
            raise Wrong("formula")
        case Odd.ERROR:
            raise Wrong("excel_error")
        case bool():
            raise Wrong("not_text", value=raw)
        case int() | float():
            return _digits(raw)
        case date() | time() | timedelta():
            raise Wrong("became_date", value=raw)
        case str() if len(raw) > LONGEST:
            raise Wrong("too_long", most=LONGEST)
        case str():
            return _unprotected(raw)
    raise Wrong("not_text", value=raw)


def _digits(raw: float) -> str:
    if not math.isfinite(raw) or abs(raw) >= EXACT:
        raise Wrong("shortened", value=raw)
    return str(int(raw)) if raw == int(raw) else repr(raw)


def _unprotected(raw: str) -> str:
    """="0101" is how a CSV file keeps a spreadsheet program from counting."""
    written = raw.strip()
    protected = _PROTECTED.fullmatch(written)
    if protected:
        return protected[1]
    if written.startswith("="):
        raise Wrong("formula")
    return raw


def _clean(written: str) -> str:
    visible = " ".join(written.translate(_INVISIBLE).translate(_WIDE).split())
    if any(unicodedata.category(letter) in ("Cc", "Cs", "Cn", "Co") for letter in visible):
        raise Wrong("control", value=visible)
    return visible


def _short(written: str, most: int) -> str:
    if len(written) > most:
        raise Wrong("too_long", most=most)
    return written


def _door(written: str) -> str:
    cleaned = _clean(written)
    if _DATED.fullmatch(cleaned):
        raise Wrong("became_date", value=cleaned)
    if _SHORTENED.fullmatch(cleaned):
        raise Wrong("shortened", value=cleaned)
    return _short(_DASHES.sub("-", cleaned), 64)


def _phone(written: str) -> str:
    cleaned = _clean(written).removeprefix("'")
    if _SHORTENED.fullmatch(cleaned):
        raise Wrong("shortened", value=cleaned)
    found = e164(cleaned)
    if found is None or any(letter.isalpha() for letter in cleaned):
        raise Wrong("phone", value=cleaned)
    return found
