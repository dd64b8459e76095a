"""Service hours, holidays and quiet hours: when a promise runs out, and when nobody is to be disturbed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import TypeAlias

Frame: TypeAlias = tuple[time, time]
"""From an hour of the wall clock to another."""
Span: TypeAlias = tuple[datetime, datetime]

DAY = timedelta(days=1)
LONGEST_BREAK = 400
"""After so many days without any service nobody waits for the next one."""
_FRIDAY = 5
_MOST_DAYS = 2048


@dataclass(frozen=True, slots=True)
class Calendar:
    """A community's time: `frames` of service a day, `week` those of weekdays (ISO, Monday is 1) that differ.

    On a `closed` day there is no service; a day in `works` is an ordinary working day whatever else is said
    of it. A frame that ends at or before its beginning ends on the next day: 00:00–00:00 is all day. Nobody
    is to be disturbed in `quiet`. All arithmetic is on instants, so that a clock change in the zone neither
    adds nor loses time; an hour that it leaves out comes as much later, of two the first is meant.
    """

    zone: tzinfo
    frames: tuple[Frame, ...] = ((time(8, 0), time(20, 0)),)
    closed: frozenset[date] = frozenset()
    quiet: Frame = (time(21, 30), time(8, 30))
    week: Mapping[int, tuple[Frame, ...]] = field(default_factory=dict, hash=False)
    works: frozenset[date] = frozenset()
    _known: dict[date, tuple[Span, ...]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def frames_on(self, day: date) -> tuple[Frame, ...]:
        """The hours of service that begin on a day."""
        if day in self.works:
            return self.frames
        return () if day in self.closed else self.week.get(day.isoweekday(), self.frames)

    def is_working_day(self, day: date) -> bool:
        """Whether people work on this day: Monday to Friday without holidays, and what makes up for them."""
        return day in self.works or (day.isoweekday() <= _FRIDAY and day not in self.closed)

    def open_at(self, at: datetime) -> bool:
        """Whether it is service time."""
        day = self._day(at)
        return any(start <= at < end for on in (day - DAY, day) for start, end in self._spans(on))

    def opens_next(self, at: datetime) -> datetime:
        """`at` in service time, else when that begins next; `at` as well where it never does."""
        return next((max(start, at) for start, _ in self._after(at)), at)

    def add(self, at: datetime, span: timedelta) -> datetime:
        """The instant at which `span` of service time has passed since `at`."""
        left = span
        for start, end in self._after(at):
            begun = max(start, at)
            if end - begun >= left:
                return begun + left
            left -= end - begun
        return at + span

    def between(self, start: datetime, end: datetime) -> timedelta:
        """How much service time lies between two instants."""
        passed = timedelta()
        day, last = self._day(start) - DAY, self._day(end)
        while day <= last:
            for opens, closes in self._spans(day):
                passed += max(min(closes, end) - max(opens, start), _NOTHING)
            day += DAY
        return passed

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
        day = local.date() + DAY if begins > ends and late else local.date()
        return self._instant(day, ends)

    def _after(self, at: datetime) -> Iterator[Span]:
        """The spans of service that end after `at`, in order, until there is too long a break."""
        day, idle = self._day(at) - DAY, 0
        while idle < LONGEST_BREAK:
            idle += 1
            for span in self._spans(day):
                if span[1] > at:
                    idle = 0
                    yield span
            day += DAY

    def _spans(self, day: date) -> tuple[Span, ...]:
        """The service that begins on a day; worked out once, since promises are made by the second."""
        known = self._known.get(day)
        if known is None:
            if len(self._known) >= _MOST_DAYS:
                self._known.clear()
            known = self._known[day] = tuple(self._apart(day))
        return known

    def _apart(self, day: date) -> Iterator[Span]:
        """The frames of a day as instants, without what the night before or another frame has served."""
        served = max((end for _, end in self._raw(day - DAY)), default=None)
        for start, end in self._raw(day):
            begun = start if served is None else max(start, served)
            if end > begun:
                yield begun, end
                served = end

    def _raw(self, day: date) -> list[Span]:
        return sorted(
            (self._instant(day, opens), self._instant(day if closes > opens else day + DAY, closes))
            for opens, closes in self.frames_on(day)
        )

    def _day(self, at: datetime) -> date:
        return at.astimezone(self.zone).date()

    def _instant(self, day: date, clock: time) -> datetime:
        return datetime.combine(day, clock, self.zone).astimezone(UTC)


_NOTHING = timedelta()
