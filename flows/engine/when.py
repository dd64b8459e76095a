"""When may the technician come? The resident says it in their own words; a visit in opening hours comes back.

Days. Today and the next `days` can be booked. A bare weekday ("周六", "Friday", "this Friday") is the coming
one, today included while it is still possible. "下周一" and "next Monday" are Monday of the next calendar
week (weeks begin on Monday); "本周五" and "这周五" are Friday of this calendar week, even if gone. "25号" and
"11/25" are the one that can be booked, else the nearest. Two different days in one breath are ambiguous.
Hours. "3点" is the first reading in opening hours that is still ahead, "03:00" is three in the morning. A
part of the day or a span is cut to opening hours and to what is left of today; one hour is kept as said.
"""

import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from flows.engine.calendar_listen import listen
from flows.engine.calendar_words import Clock, Day, Daypart, Later, Pair, Word, either_order
from flows.engine.plain import plain
from flows.engine.visits import Problem, Unclear, Visits, Window
from flows.engine.wishes import settled, wishes, with_hours

__all__ = ["Unclear", "Window", "asap", "spoken_date", "spoken_day", "understand", "windows"]

_OPENS, _CLOSES, _LENGTH = time(8), time(20), timedelta(hours=2)
_FAR = 3000
_SOON = re.compile(
    r"尽快|尽早|越[快早]越好|马上|立[刻即马]|现在|赶紧|赶快|快[1一]?点|随时|紧急|(?<!应)急"
    r"|(?:\d|半)个?小时[之以]?内|\bwithin (?:\d+ )?(?:hours?|minutes)\b"
    r"|\ba\.s\.a\.p|\b(?:as soon as|asap|soonest|right away|straight away|immediately|at once|right now|now"
    r"|urgent(?:ly)?|any ?time|whenever|hurry|quick(?:ly)?|emergency)\b",
    re.ASCII,
)
_NO_HURRY = re.compile(
    r"不[是太用要必]?很?(?:着急|急|马上|立刻|现在|赶|尽快)|别(?:急|马上|现在)|现在不|急什么"
    r"|\bno(?:t(?: so| that| very| an)?)? (?:urgent|now|right now|immediately|asap|emergency|hurry|rush)\b"
    r"|\b(?:from|by|until|till|just) now\b|\bnow and then\b|n'?t (?:urgent|hurry)",
    re.ASCII,
)
_TODAY = re.compile(r"今[天日儿]|\btoday\b", re.ASCII)


def understand(
    text: str,
    now: datetime,
    *,
    days: int = 7,
    opens: time = _OPENS,
    closes: time = _CLOSES,
    length: timedelta = _LENGTH,
    off: frozenset[date] = frozenset(),
) -> Window:
    """The visit meant by `text`, on no day `off`. Raises Unclear and nothing else; "now" is for `asap`."""
    visits = Visits(now, days, opens, closes, length, off)
    words = settled(listen(text), visits)
    for word in words:
        if isinstance(word, Later):
            return visits.after(word.after)
    if not any(isinstance(word, Day | Clock | Daypart) for word in words):
        raise Unclear("not_a_time")
    return visits.first(_days(words, visits), wishes(words, visits))


def windows(
    now: datetime,
    *,
    days: int = 7,
    opens: time = _OPENS,
    closes: time = _CLOSES,
    length: timedelta = _LENGTH,
) -> tuple[Window, ...]:
    """The visits that can be offered as buttons: whole, in opening hours, at least an hour ahead."""
    return tuple(Visits(now, days, opens, closes, length).slots())


def asap(text: str) -> bool:
    """Whether the resident wants somebody at once; false when they say an hour or a day of their own."""
    said = plain(text)
    if _NO_HURRY.search(said) or not _SOON.search(said):
        return False
    rest = with_hours(listen(_TODAY.sub(" ", _SOON.sub(" ", said))))
    return not any(isinstance(word, Day | Clock | Daypart | Later) for word in rest)


def spoken_date(text: str, now: datetime) -> date | None:
    """The day alone, if one day is said, wherever it lies."""
    visits = Visits(now, 7, _OPENS, _CLOSES, _LENGTH)
    try:
        return _some_day(_mentions(settled(listen(text), visits)), visits)
    except Unclear:
        return None


def spoken_day(text: str, now: datetime, first: date, last: date) -> date:
    """The day meant, one from `first` to `last` if possible, else where it lies. Raises Unclear."""
    visits = Visits(now, max((last - now.date()).days, 0), _OPENS, _CLOSES, _LENGTH)
    mentions = _mentions([_as_date(word) for word in listen(text)])
    if not mentions:
        raise Unclear("not_a_time")
    meant = [day for day in visits.bookable() if _all_fit(mentions, day, visits.today)]
    fitting = [day for day in meant if day >= first] or meant
    if all(mention.vague for mention in mentions) or _undecided(mentions, fitting):
        raise Unclear("ambiguous")
    nearest = fitting[0] if fitting else _nearest(mentions, visits)
    if nearest is None:
        raise Unclear("not_a_time")
    return nearest


def _as_date(word: Word) -> Word:
    """Where no hour is asked for, two numbers are a date."""
    return either_order(word.first, word.second) if isinstance(word, Pair) else word


def _undecided(mentions: list[Day], fitting: list[date]) -> bool:
    """Whether month and day could be the other way round."""
    return any(one.either for one in mentions) and len({(day.month, day.day) for day in fitting}) > 1


def _some_day(mentions: list[Day], visits: Visits) -> date | None:
    if all(mention.vague for mention in mentions):
        return None
    if any(_all_fit(mentions, day, visits.today) for day in visits.bookable()):
        return _fitting(mentions, visits)[0]
    return _nearest(mentions, visits)


def _mentions(words: Sequence[Word]) -> list[Day]:
    return [word for word in words if isinstance(word, Day)]


def _days(words: Sequence[Word], visits: Visits) -> list[date]:
    mentions = _mentions(words)
    return _fitting(mentions, visits) if mentions else visits.bookable()[:2]


def _fitting(mentions: list[Day], visits: Visits) -> list[date]:
    fitting = [day for day in visits.bookable() if _all_fit(mentions, day, visits.today)]
    if not fitting:
        raise Unclear(_why_none(mentions, visits))
    if all(mention.vague for mention in mentions):
        raise Unclear("ambiguous")
    if _undecided(mentions, fitting):
        raise Unclear("ambiguous")
    return fitting


def _all_fit(mentions: list[Day], day: date, today: date) -> bool:
    return all(mention.fits(day, today) for mention in mentions)


def _why_none(mentions: list[Day], visits: Visits) -> Problem:
    nearest = _nearest(mentions, visits)
    if nearest is None:
        return "ambiguous" if len(mentions) > 1 else "not_a_time"
    return "past" if nearest < visits.today else "too_far"


def _nearest(mentions: list[Day], visits: Visits) -> date | None:
    """The nearest day meant: ahead of the last that can be booked, or back from today."""
    named = [mention.exact for mention in mentions if mention.exact]
    last = visits.bookable()[-1].toordinal()
    today = visits.today.toordinal()
    around = (number for step in range(1, _FAR) for number in (today - step, last + step))
    inside = (date.fromordinal(number) for number in around if 1 <= number <= date.max.toordinal())
    return next((day for day in (*named, *inside) if _all_fit(mentions, day, visits.today)), None)
