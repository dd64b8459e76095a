"""A question answered with a day: a button, or a day as people say it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta

from flows.engine import when
from flows.engine.messages import Heard, Json, Option, Phrase, Picked, Rejected, Said
from flows.engine.plain import plain
from flows.engine.question import Form, Question, Unanswered

SUGGESTED = (0, 1, 2, 3, 7, 14)
_LASTING = re.compile(r"(\d{1,3}) ?个?(天|日|周|星期|礼拜|月|days?|weeks?|months?)")
_DAYS = {"天": 1, "日": 1, "day": 1, "周": 7, "星期": 7, "礼拜": 7, "week": 7, "月": 30, "month": 30}


class Day(Question[date]):
    """A day from `least` to `most` days after another, which is today or the answer to `after`.

    Offered as buttons are the days `suggested`, counted from the first that will do. A length of time
    ("30 days", 两周) counts from the answer to `after`, where there is one.
    """

    def __init__(
        self,
        *,
        least: int = 0,
        most: int = 365,
        after: Question[date] | None = None,
        suggested: Sequence[int] = SUGGESTED,
        was: Sequence[str] = (),
    ) -> None:
        super().__init__(was=was)
        self.least, self.most, self.after, self.suggested = least, most, after, tuple(suggested)

    def base(self, form: Form) -> date:
        """The day that `least` and `most` count from. Raises Unanswered when it is not known yet."""
        return form.facts.now.date() if self.after is None else form.answer(self.after)

    def bounds(self, form: Form) -> tuple[date, date]:
        """The first and the last day that will do; no day before today ever does."""
        base = self.base(form)
        first = max(base + timedelta(days=self.least), form.facts.now.date())
        return first, max(base + timedelta(days=self.most), first)

    def options(self, form: Form) -> tuple[Option, ...]:
        return tuple(Option(day.isoformat(), shown(day)) for day in self._suggestions(form))

    def _suggestions(self, form: Form) -> Iterator[date]:
        first, last = self.bounds(form)
        days = (first + timedelta(days=count) for count in self.suggested)
        return (day for day in days if day <= last)

    def load(self, stored: Json, form: Form) -> date:
        day = _read(stored["day"]) if isinstance(stored, dict) and "day" in stored else None
        first, last = self.bounds(form)
        if day is None or not first <= day <= last:
            raise Unanswered
        return day

    def hear(self, heard: Heard, form: Form) -> Json:
        match heard:
            case Picked(value=value) if (day := _read(value)) is not None:
                return self._within(day, form)
            case Said(text=text) if (lasting := self._lasting(text, form)) is not None:
                return self._within(lasting, form)
            case Said(text=text):
                return self._within(self._spoken(text, form), form)
        raise Rejected("not_a_day")

    def _lasting(self, text: str, form: Form) -> date | None:
        """The day so long after the other; None when that is not what was said."""
        found = _LASTING.fullmatch(plain(text).strip(" .!。,"))
        base = self.base(form)
        if found is None or (self.after is None and base == form.facts.now.date()):
            return None
        return base + timedelta(days=int(found[1]) * _DAYS[found[2].rstrip("s")])

    def _spoken(self, text: str, form: Form) -> date:
        try:
            return when.spoken_day(text, form.facts.now, *self.bounds(form))
        except when.Unclear:
            raise Rejected("not_a_day") from None

    def _within(self, day: date, form: Form) -> Json:
        first, last = self.bounds(form)
        if day < first:
            raise Rejected("day_too_early", at=_moment(first))
        if day > last:
            raise Rejected("day_too_late", at=_moment(last))
        return {"day": day.isoformat()}

    def show(self, answer: date, form: Form) -> Phrase | str:
        return shown(answer)


def shown(day: date) -> Phrase:
    """A day in words."""
    return Phrase("engine.day", {"at": _moment(day)})


def _moment(day: date) -> datetime:
    return datetime.combine(day, time())


def _read(written: Json) -> date | None:
    try:
        return date.fromisoformat(written) if isinstance(written, str) else None
    except ValueError:
        return None
