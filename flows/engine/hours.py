"""Service hours and quiet hours: when a promise runs out, and when nobody is to be disturbed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

Frame = tuple[time, time]


@dataclass(frozen=True, slots=True)
class Calendar:
    """A community's week: `frames` of service a day, `closed` days without any, `quiet` from–to.

    A frame that ends at or before its beginning ends on the next day: 00:00–00:00 is all day.
    All arithmetic is on instants, so that a clock change in the zone neither adds nor loses time.
    """

    zone: tzinfo
    frames: tuple[Frame, ...] = ((time(8, 0), time(20, 0)),)
    closed: frozenset[date] = frozenset()
    quiet: Frame = (time(21, 30), time(8, 30))

    def open_at(self, at: datetime) -> bool:
        """Whether it is service time."""
        return any(start <= at < end for start, end in self._spans(at, 1))

    def add(self, at: datetime, span: timedelta) -> datetime:
        """The instant at which `span` of service time has passed since `at`."""
        left = span
        for start, end in self._spans(at, 400):
            begun = max(start, at)
            if end <= begun:
                continue
            if end - begun >= left:
                return begun + left
            left -= end - begun
        return at + span

    def between(self, start: datetime, end: datetime) -> timedelta:
        """How much service time lies between two instants."""
        days = max(1, (end - start).days + 2)
        spans = ((max(a, start), min(b, end)) for a, b in self._spans(start, days))
        return sum((b - a for a, b in spans if b > a), timedelta())

    def calm(self, at: datetime) -> datetime:
        """`at`, or the end of the quiet hours it falls into."""
        local = at.astimezone(self.zone)
        begins, ends = self.quiet
        clock = local.time()
        if begins == ends:
            return at
        late, early = clock >= begins, clock < ends
        inside = (late or early) if begins > ends else (late and early)
        if not inside:
            return at
        day = local.date() + timedelta(days=1) if begins > ends and late else local.date()
        return self._instant(day, ends)

    def _spans(self, at: datetime, days: int) -> Iterator[tuple[datetime, datetime]]:
        first = at.astimezone(self.zone).date()
        for number in range(-1, days + 1):
            day = first + timedelta(days=number)
            if day in self.closed:
                continue
            for opens, closes in self.frames:
                last = day if closes > opens else day + timedelta(days=1)
                yield self._instant(day, opens), self._instant(last, closes)

    def _instant(self, day: date, clock: time) -> datetime:
        return datetime.combine(day, clock, self.zone).astimezone(UTC)
