"""Days and hours as people write them in a sheet."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, time, timedelta
from itertools import pairwise

from handlers.importing import cells
from handlers.importing.cells import Raw
from handlers.importing.findings import Wrong

EARLIEST, LATEST = 1900, 2100

_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?|(\d{4})(\d{2})(\d{2})")
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?")
_SPAN = re.compile(r"\s*(?:-|–|—|~|～|至|到|to)\s*")
_LIST = re.compile(r"[,;、|\n]+")
_NONE = frozenset(
    {
        "-",
        "–",
        "—",
        "closed",
        "none",
        "no service",
        "休息",
        "休",
        "無",
        "无",
        "关闭",
        "關閉",
        "不服务",
        "不服務",
    }
)


def day(raw: Raw) -> date:
    """A day: a real date, or 2026-12-01 and its like. Raises Wrong."""
    match raw:
        case datetime():
            return _sensible(raw.date(), raw)
        case date():
            return _sensible(raw, raw)
    return _day(_folded(raw))


def moment(raw: Raw) -> datetime:
    """A day and an hour of the community's own clock: real ones, or 2026-12-01 08:00. Raises Wrong."""
    if isinstance(raw, datetime):
        _sensible(raw.date(), raw)
        return _to_the_minute(raw)
    written = _folded(raw)
    on, _, at = written.replace("T", " ").rpartition(" ")
    if not on:
        raise Wrong("moment", value=written)
    return datetime.combine(_day(on), _clock(at))


def ending(raw: Raw) -> datetime | time:
    """When something ends: a day and an hour, or the hour alone. Raises Wrong."""
    match raw:
        case datetime():
            return moment(raw)
        case time():
            return _to_the_minute(datetime.combine(date(2000, 1, 1), raw)).time()
        case timedelta() if timedelta() <= raw <= timedelta(days=1):
            return (datetime(2000, 1, 1) + raw).time()  # noqa: DTZ001 an hour without a day
    written = _folded(raw)
    return _clock(written) if _CLOCK.fullmatch(written) else moment(written)


def frames(raw: Raw) -> list[list[str]]:
    """Service hours: 08:30-12:00, 13:30-18:00. Raises Wrong."""
    spans = [_span(part) for part in _LIST.split(_folded(raw)) if part.strip()]
    whole = sorted(spans)
    for (_, closes), (opens, _) in pairwise(whole):
        if closes > opens or closes == "00:00":
            raise Wrong("overlap", value=text_of(whole))
    return spans


def frames_or_none(raw: Raw) -> list[list[str]]:
    """Service hours, or a word that says that there are none, such as `closed`. Raises Wrong."""
    return [] if _folded(raw).casefold() in _NONE else frames(raw)


def frame(raw: Raw) -> list[str]:
    """One span of the clock, which may go past midnight: 21:30-08:30. Raises Wrong."""
    return _span(_folded(raw))


def daytime(raw: Raw) -> list[str]:
    """One span within a day, which may last until midnight: 07:00-22:00. Raises Wrong."""
    opens, closes = frame(raw)
    if opens >= closes != "00:00":
        raise Wrong("hours", value=f"{opens}-{closes}")
    return [opens, closes]


def days(raw: Raw) -> list[str]:
    """Several days, with commas between them. Raises Wrong."""
    if isinstance(raw, date):
        return [day(raw).isoformat()]
    return sorted({_day(part.strip()).isoformat() for part in _LIST.split(_folded(raw)) if part.strip()})


def text_of(spans: list[list[str]]) -> str:
    return ", ".join(f"{opens}-{closes}" for opens, closes in spans)


def _span(written: str) -> list[str]:
    ends = _SPAN.split(written.strip())
    if len(ends) != 2:
        raise Wrong("hours", value=written)
    return [f"{_clock(end):%H:%M}" for end in ends]


def _folded(raw: Raw) -> str:
    return unicodedata.normalize("NFKC", cells.text(raw))


def _day(written: str) -> date:
    found = _DAY.fullmatch(written.strip())
    if found is None:
        raise Wrong("day", value=written)
    year, month, number = (int(part) for part in found.groups() if part is not None)
    try:
        return _sensible(date(year, month, number), written)
    except ValueError:
        raise Wrong("day", value=written) from None


def _sensible(found: date, written: object) -> date:
    if not EARLIEST <= found.year <= LATEST:
        raise Wrong("day", value=written)
    return found


def _clock(written: str) -> time:
    """24:00 is midnight at the end of the day."""
    found = _CLOCK.fullmatch(written.strip())
    if found is None:
        raise Wrong("clock", value=written)
    hour, minute = int(found[1]), int(found[2])
    if (hour, minute) == (24, 0):
        return time()
    if hour > 23 or minute > 59:
        raise Wrong("clock", value=written)
    return time(hour, minute)


def _to_the_minute(at: datetime) -> datetime:
    """A spreadsheet counts in fractions of a day, and 08:00 may come out a hair before."""
    return (at.replace(tzinfo=None) + timedelta(seconds=1)).replace(second=0, microsecond=0)
