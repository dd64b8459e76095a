"""What a community has set for itself: hours, promises, limits, telephone; defaults where it has not."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flows.engine.hours import Calendar
from flows.engine.lifecycle import Clock


@dataclass(frozen=True, slots=True)
class Policy:
    """Times in minutes; `hotline` is the number for emergencies."""

    calendar: Calendar
    promises: Mapping[str, Mapping[str, int]]
    hotline: str
    tickets_a_day: int
    repeat_within: timedelta
    reopen_within: timedelta

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
    frames = settings.get("hours") or [["08:00", "20:00"]]
    quiet = settings.get("quiet") or ["21:30", "08:30"]
    calendar = Calendar(
        ZoneInfo(timezone),
        tuple((time.fromisoformat(opens), time.fromisoformat(closes)) for opens, closes in frames),
        frozenset(date.fromisoformat(day) for day in settings.get("closed", ())),
        (time.fromisoformat(quiet[0]), time.fromisoformat(quiet[1])),
    )
    return Policy(
        calendar=calendar,
        promises=settings.get("promises", {}),
        hotline=settings.get("hotline", ""),
        tickets_a_day=int(settings.get("tickets_a_day", 10)),
        repeat_within=timedelta(minutes=int(settings.get("repeat_minutes", 10))),
        reopen_within=timedelta(days=int(settings.get("reopen_days", 7))),
    )
