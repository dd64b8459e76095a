"""The visit book: which hours of which days a technician can come, and why a wish cannot be met."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal

Problem = Literal["not_a_time", "past", "too_far", "ambiguous", "closed", "day_off"]

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
WORTH_COMING = timedelta(minutes=30)
NOTICE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Window:
    """When the technician may come, in the community's local time (naive or aware as `now` is)."""

    start: datetime
    end: datetime


class Unclear(ValueError):
    """No visit can be made of what was said; `key` says why and is a text key."""

    def __init__(self, key: Problem) -> None:
        super().__init__(key)
        self.key: Problem = key


@dataclass(frozen=True, slots=True)
class Wish:
    """Hours after midnight: one hour and no other (`until` is None), or any time in a span."""

    since: timedelta
    until: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Visits:
    """Opening hours as they stand now; `closes` at 00:00 means midnight at the end of the day.

    On the days `off` nobody comes at all.
    """

    now: datetime
    days: int
    opens: time
    closes: time
    length: timedelta
    off: frozenset[date] = frozenset()

    @property
    def today(self) -> date:
        return self.now.date()

    @property
    def opening(self) -> timedelta:
        return since_midnight(self.opens)

    @property
    def closing(self) -> timedelta:
        return since_midnight(self.closes) or DAY

    def bookable(self) -> list[date]:
        first = self.today.toordinal()
        last = min(first + self.days, date.max.toordinal())
        return [date.fromordinal(number) for number in range(first, last + 1)]

    def slots(self) -> Iterator[Window]:
        """Whole visits, one after the other, far enough ahead to be got ready."""
        for day in self.bookable():
            midnight = self._midnight(day)
            for number in range((self.closing - self.opening) // self.length):
                start = midnight + self.opening + number * self.length
                if start >= self.now + NOTICE:
                    yield Window(start, start + self.length)

    def first(self, days: Iterable[date], wishes: Iterable[Wish]) -> Window:
        """The earliest wish that can be met, or why none can."""
        problems: list[Problem] = []
        choices = list(wishes)
        for day in days:
            for wish in choices:
                try:
                    return self.visit(day, wish)
                except Unclear as no:
                    problems.append(no.key)
        likeliest: tuple[Problem, ...] = ("day_off", "past")
        raise Unclear(next((one for one in likeliest if one in problems), "closed"))

    def after(self, wait: timedelta) -> Window:
        """A visit that begins so long from now."""
        try:
            start = self._this_minute + wait
        except OverflowError:
            raise Unclear("too_far") from None
        if (start.date() - self.today).days > self.days:
            raise Unclear("too_far")
        return self.visit(start.date(), Wish(start - self._midnight(start.date())))

    def visit(self, day: date, wish: Wish) -> Window:
        """The window of `wish` on `day`, cut to opening hours; a span also to what is left of today."""
        if day in self.off:
            raise Unclear("day_off")
        since = wish.since if wish.until is None else max(wish.since, self.opening)
        until = min(self.closing, since + self.length if wish.until is None else wish.until)
        if not self.opening <= since < until:
            raise Unclear("closed")
        start, end = self._midnight(day) + since, self._midnight(day) + until
        if wish.until is not None and start < self.now:
            start = self._next_minute
        if start < self._this_minute or end <= self.now or end - start < min(WORTH_COMING, until - since):
            raise Unclear("past")
        return Window(start, end)

    @property
    def _this_minute(self) -> datetime:
        return self.now.replace(second=0, microsecond=0)

    @property
    def _next_minute(self) -> datetime:
        return self._this_minute + (MINUTE if self._this_minute < self.now else timedelta())

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time.min, self.now.tzinfo)


def since_midnight(at: time) -> timedelta:
    """How far into the day an hour is."""
    return timedelta(hours=at.hour, minutes=at.minute, seconds=at.second)
