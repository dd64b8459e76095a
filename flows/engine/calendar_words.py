"""What a word about time can mean to a resident: a day, an hour, a part of the day, a while from now."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum


class Part(StrEnum):
    """A stretch of the day that has a name."""

    DAWN = "dawn"
    MORNING = "morning"
    NOON = "noon"
    AFTERNOON = "afternoon"
    DUSK = "dusk"
    EVENING = "evening"
    DAYTIME = "daytime"
    ALL_DAY = "all_day"


class Mark(StrEnum):
    """A little word that says what the hour beside it means ("..._it" follows its hour: 三点以后)."""

    TO = "to"
    AND = "and"
    UNTIL = "until"
    AT = "at"
    FROM = "from"
    BEFORE = "before"
    AFTER = "after"
    BEFORE_IT = "before_it"
    AFTER_IT = "after_it"
    SOMETHING_ELSE = "something_else"


Fits = Callable[[date, date], bool]


@dataclass(frozen=True, slots=True)
class Day:
    """Which days are meant: `fits(day, today)`; `vague`: a whole week or month, `either`: two readings."""

    fits: Fits
    vague: bool = False
    either: bool = False
    exact: date | None = None


@dataclass(frozen=True, slots=True)
class Clock:
    """An hour as written; `half` is "am", "pm" or "", `padded` tells "03:00" from "3:00"."""

    hour: int
    minute: int = 0
    half: str = ""
    padded: bool = False


@dataclass(frozen=True, slots=True)
class Daypart:
    """A named part of the day; `trailing` belongs to the hour before it ("9 in the morning")."""

    part: Part
    trailing: bool = False


@dataclass(frozen=True, slots=True)
class Later:
    """So long from now."""

    after: timedelta


@dataclass(frozen=True, slots=True)
class Number:
    """A number that may or may not be an hour."""

    value: int


@dataclass(frozen=True, slots=True)
class Pair:
    """Two numbers that may be a date or hours: "11-26", "9-11", "3.30"."""

    first: int
    second: int
    dotted: bool
    padded: bool


Word = Day | Clock | Daypart | Later | Number | Pair | Mark

DAY_WORDS = {
    "大后天": 3, "后天": 2, "后日": 2, "明天": 1, "明日": 1, "明儿": 1, "听日": 1, "明": 1,
    "今天": 0, "今日": 0, "今儿": 0, "今": 0, "昨天": -1, "昨日": -1, "昨晚": -1, "前天": -2,
    "day after tomorrow": 2, "tomorrow": 1, "tmr": 1, "tmrw": 1, "tomorow": 1, "tommorow": 1, "tommorrow": 1,
    "today": 0, "yesterday": -1,
}  # fmt: skip
_PARTS = {
    "凌晨 半夜 午夜 深夜 midnight": Part.DAWN,
    "早上 早晨 清晨 上午 一早 一大早 早 晨 morning first_thing": Part.MORNING,
    "中午 正午 午间 noon midday lunch lunchtime": Part.NOON,
    "下午 午后 午饭后 午饭以后 afternoon pm after_lunch": Part.AFTERNOON,
    "傍晚 黄昏 dusk": Part.DUSK,
    "晚上 晚间 夜里 夜间 晚 夜 下班后 下班以后 晚饭后 evening night after_work after_dinner": Part.EVENING,
    "白天 daytime": Part.DAYTIME,
    "全天 整天 all_day whole_day any_time anytime": Part.ALL_DAY,
}
_MARKS = {
    "- 到 to through": Mark.TO,
    "until till": Mark.UNTIL,
    "and": Mark.AND,
    "at @ around about 大概 大约": Mark.AT,
    "from between since 从": Mark.FROM,
    "before by": Mark.BEFORE,
    "after": Mark.AFTER,
    "以前 之前 前": Mark.BEFORE_IT,
    "以后 之后 过后 后": Mark.AFTER_IT,
}
PART_WORDS = {word.replace("_", " "): part for words, part in _PARTS.items() for word in words.split()}
MARK_WORDS = {word: mark for words, mark in _MARKS.items() for word in words.split()}


def in_days(count: int) -> Day:
    """So many days from today; yesterday is -1."""
    return Day(lambda day, today: day.toordinal() - today.toordinal() == count)


def on(exact: date) -> Day:
    """One day of one year."""
    return Day(lambda day, _: day == exact, exact=exact)


def month_day(month: int, day: int, year: int | None = None) -> Day:
    """A day of a month, of whichever year is near when none is said."""
    return Day(lambda at, _: (at.month, at.day) == (month, day) and year in {None, at.year})


def either_order(first: int, second: int, year: int | None = None) -> Day:
    """Month and day, or day and month: the bookable days decide which."""
    meant = {(first, second), (second, first)}
    return Day(lambda at, _: (at.month, at.day) in meant and year in {None, at.year}, either=True)


def day_of_month(number: int) -> Day:
    """The 25th of whichever month is near."""
    return Day(lambda day, _: day.day == number)


def coming(weekdays: set[int]) -> Day:
    """One of these weekdays (Monday is 0), from today on."""
    return Day(lambda day, today: day >= today and day.weekday() in weekdays)


def of_week(ahead: int, weekdays: set[int]) -> Day:
    """One of these weekdays in the calendar week (Monday to Sunday) so many weeks ahead."""
    return Day(lambda day, today: weeks_between(today, day) == ahead and day.weekday() in weekdays)


def some_week(ahead: int) -> Day:
    """Some day of that calendar week: which one, another word must say."""
    return Day(lambda day, today: weeks_between(today, day) == ahead, vague=True)


def some_month(ahead: int) -> Day:
    """Some day of the month so many months ahead."""
    return Day(lambda day, today: (day.year - today.year) * 12 + day.month - today.month == ahead, vague=True)


def weeks_between(today: date, day: date) -> int:
    """How many calendar weeks `day` is ahead of `today`."""
    return (day.toordinal() - day.weekday() - today.toordinal() + today.weekday()) // 7
