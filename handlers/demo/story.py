"""How a story of the demo community is told: who asked for what, and what came of it step by step."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TypeAlias

from flows.engine.messages import Json

Told: TypeAlias = Mapping[str, Json] | Callable[[datetime], Mapping[str, Json]]
"""Values, or how they follow from the moment (local time) at which they were said."""

ITS_RESIDENT, THE_CLOCK = "", "⏰"
OWN_PHONE = "☎"
"""In what is told: the number that the resident is known by."""


@dataclass(frozen=True, slots=True)
class Step:
    """`by` somebody, a colleague or a neighbour by name, so long after the beginning.

    Where it is `of` the ticket that this one has led to, it belongs to that.
    """

    after: timedelta
    action: str
    by: str = ITS_RESIDENT
    told: Told | None = None
    of: str = ""


@dataclass(frozen=True, slots=True)
class Story:
    """A ticket: opened some days ago `at` an hour of the community's own clock, or just `ago`."""

    kind: str
    resident: str
    details: Told
    steps: Sequence[Step] = ()
    days: int = 0
    at: time = time(9, 0)
    ago: timedelta | None = None
    home: str = ""

    def began(self, now: datetime) -> datetime:
        """When it was opened; `now` is local time."""
        if self.ago is not None:
            return now - self.ago
        day = now.date() - timedelta(days=self.days)
        return datetime.combine(day, self.at, now.tzinfo)


def values(told: Told | None, at: datetime) -> dict[str, Json]:
    """What was said at a moment."""
    if told is None:
        return {}
    return dict(told(at) if callable(told) else told)


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def hours(number: float) -> timedelta:
    return timedelta(hours=number)


def days(number: float) -> timedelta:
    return timedelta(days=number)
