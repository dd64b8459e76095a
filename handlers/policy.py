"""What a community has set for itself: hours, promises, limits, telephone; defaults where it has not."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flows.engine.hours import Calendar, Frame
from flows.engine.lifecycle import Clock


@dataclass(frozen=True, slots=True)
class Policy:
    """Promises in minutes; `hotline` is the number for emergencies.

    `terms` are what is set for single services, by their kind. `reconfirm` is how long the record of a
    resident counts as right, `consent_version` names the text they agree to when they give it.
    """

    calendar: Calendar
    promises: Mapping[str, Mapping[str, int]]
    hotline: str
    tickets_a_day: int
    repeat_within: timedelta
    reopen_within: timedelta
    terms: Mapping[str, Mapping[str, Any]]
    reconfirm: timedelta
    consent_version: str

    def promise(self, kind: str, clock: Clock, *, urgent: bool) -> timedelta:
        """How long a clock of a service may run: what the community has set, else the service's default."""
        set_here = self.promises.get(f"{kind}.urgent" if urgent else kind, {}).get(clock.name)
        default = clock.urgent if urgent else clock.span
        return default if set_here is None else timedelta(minutes=set_here)


def policy(settings: Mapping[str, Any], timezone: str) -> Policy:
    """Read a community's settings. Raises ValueError when they make no sense."""
    for known, zone, made in _made:
        if zone == timezone and known == settings:
            return made
    made = _read(settings, timezone)
    _made.append((dict(settings), timezone, made))
    return made


_made: deque[tuple[dict[str, Any], str, Policy]] = deque(maxlen=32)
"""The last few, since every message asks and communities seldom change their mind."""


def _read(settings: Mapping[str, Any], timezone: str) -> Policy:
    return Policy(
        calendar=_calendar(settings, timezone),
        promises=settings.get("promises", {}),
        hotline=settings.get("hotline", ""),
        tickets_a_day=int(settings.get("tickets_a_day", 10)),
        repeat_within=timedelta(minutes=int(settings.get("repeat_minutes", 10))),
        reopen_within=timedelta(days=int(settings.get("reopen_days", 7))),
        terms=settings.get("terms", {}),
        reconfirm=timedelta(days=int(settings.get("reconfirm_days", 180))),
        consent_version=str(settings.get("consent_version", "2026-11")),
    )


def _calendar(settings: Mapping[str, Any], timezone: str) -> Calendar:
    """`closed` is what holidays were called before there were others."""
    holidays = (*settings.get("holidays", ()), *settings.get("closed", ()))
    return Calendar(
        zone=ZoneInfo(timezone),
        frames=_frames(settings.get("hours") or [["08:00", "20:00"]]),
        closed=_days(holidays),
        quiet=_frame(settings.get("quiet") or ["21:30", "08:30"]),
        week={_weekday(day): _frames(hours) for day, hours in settings.get("week", {}).items()},
        works=_days(settings.get("workdays", ())),
    )


def _weekday(written: str) -> int:
    """A day of the week by its ISO number, from Monday."""
    if (number := int(written)) not in range(1, 8):
        raise ValueError(f"{written} is no day of the week: Monday is 1, Sunday is 7")
    return number


def _days(written: Sequence[str]) -> frozenset[date]:
    return frozenset(date.fromisoformat(day) for day in written)


def _frames(written: Sequence[Sequence[str]]) -> tuple[Frame, ...]:
    return tuple(_frame(frame) for frame in written)


def _frame(written: Sequence[str]) -> Frame:
    opens, closes = written
    return time.fromisoformat(opens), time.fromisoformat(closes)
