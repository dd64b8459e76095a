"""Words about days and hours are picked out of what a resident wrote; the rest is only noted as there."""

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta

from flows.engine.calendar_words import (
    DAY_WORDS,
    MARK_WORDS,
    PART_WORDS,
    Clock,
    Day,
    Daypart,
    Later,
    Mark,
    Number,
    Pair,
    Word,
    coming,
    day_of_month,
    either_order,
    in_days,
    month_day,
    of_week,
    on,
    some_month,
    some_week,
)
from flows.engine.plain import plain

Found = re.Match[str]

_CLAUSE = re.compile(r"[,;。!?\n]")
_IMPOSSIBLE = re.compile(
    r"不行(?!了)|不在|没空|没有?时间|不方便|来不了|除了|(?:不要|别)(?=[今明后周星礼上下晚])"
    r"|\bnot (?:(?:be )?(?:at )?(?:home|free|available|in)|today|tomorrow)\b"
    r"|\bcan(?:'?t|not) (?:do|make|be)\b|\bexcept\b",
    re.ASCII,
)
_FILLER = re.compile(r"[\s,.:()\[\]\"'、/|·的吧呢啊哦嗯在]|\b(?:on|the|of|in|please|pls)\b", re.ASCII)
_AHEAD = {"下下": 2, "下": 1, "next": 1, "上": -1, "上上": -2, "last": -1, "这": 0, "本": 0}
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def listen(text: str) -> list[Word]:
    """What was said about days and hours, in order; clauses that say "not then" are left out."""
    clauses = (c for c in _CLAUSE.split(plain(text)) if not _IMPOSSIBLE.search(c))
    return list(_words(" , ".join(clauses)))


def _words(text: str) -> Iterator[Word]:
    end = 0
    for found in _ANY_WORD.finditer(text):
        if _FILLER.sub("", text[end : found.start()]):
            yield Mark.SOMETHING_ELSE
        yield _VOCABULARY[found.lastgroup or ""][1](found)
        end = found.end()
    if _FILLER.sub("", text[end:]):
        yield Mark.SOMETHING_ELSE


def _days_later(found: Found) -> Word:
    unit = found["dl_zh"] or found["dl_en"] or found["dl_from"]
    size = {"天": 1, "日": 1, "day": 1, "月": 30, "month": 30}.get(unit, 7)
    return in_days(size * int(found["dl_n"] or found["dl_in"] or found["dl_k"]))


def _year_date(found: Found) -> Word:
    try:
        return on(date(int(found["y"]), int(found["y_m"]), int(found["y_d"])))
    except ValueError:
        return Mark.SOMETHING_ELSE


def _year(written: str | None) -> int | None:
    return int(written) + (2000 if len(written) == 2 else 0) if written else None


def _named_month(found: Found) -> Word:
    month = _MONTHS.index((found["md_m"] or found["dm_m"])[:3]) + 1
    return month_day(month, int(found["md_d"] or found["dm_d"]), _year(found["md_y"] or found["dm_y"]))


def _either_order(found: Found) -> Word:
    first, second = found["s_a"] or found["d_a"], found["s_b"] or found["d_b"]
    return either_order(int(first), int(second), _year(found["s_y"] or found["d_y"]))


def _weekday(found: Found) -> Word:
    number = _WEEKDAYS.index(found["we_d"][:3]) if found["we_d"] else int(found["wz_d"]) - 1
    return _of_week(found["wz_w"] or found["we_w"], {number})


def _weekend(found: Found) -> Word:
    which = found["wk_zh"] or found["wk_en"]
    return _of_week(None if which in {"这", "本"} else which, {5, 6})


def _of_week(which: str | None, weekdays: set[int]) -> Day:
    return of_week(_AHEAD[which], weekdays) if which in _AHEAD else coming(weekdays)


def _clock(found: Found) -> Word:
    quarters = int(found["c_q"] or 0) * 15 + (30 if found["c_half"] else 0)
    minute = found["c_zh"] or found["c_en"] or found["c_dot"] or quarters
    return Clock(int(found["c_h"]), int(minute), found["c_ap"] or "", padded=found["c_h"].startswith("0"))


def _spoken_clock(found: Found) -> Word:
    hour, half = int(found["p_h"]), found["p_ap"] or ""
    if found["p_w"].endswith(("to", "刻")):
        return Clock((hour - 1) or 12, 45, half)
    return Clock(hour, 30 if found["p_w"].startswith("half") else 15, half)


def _later(found: Found) -> Word:
    count = float(found["l_n"] or found["l_in"] or found["l_k"] or 0) + (0.5 if found["l_half"] else 0)
    unit = found["l_zh"] or found["l_en"] or found["l_from"]
    size = {"分": 1, "m": 1, "刻": 15}.get(unit[0], 60)
    return Later(timedelta(minutes=round(count * size) + int(found["l_m"] or 0)))


def _pair(found: Found) -> Word:
    first, second = found["pair_a"], found["pair_b"]
    return Pair(int(first), int(second), found["pair_dot"] == ".", "0" in {first[0], second[0]})


def _one_of(words: Iterable[str]) -> str:
    """Any of these words, the longest first; Latin words stand alone, a few short ones only in company."""
    longest = sorted(words, key=len, reverse=True)
    return "|".join(_IN_COMPANY.get(w, rf"\b{w}\b" if w.isascii() and w[0].isalpha() else w) for w in longest)


_IN_COMPANY = {
    "明": "明(?=[早晚晨])",
    "今": "今(?=[早晚晨夜])",
    "明天": "(?<![说声])明天(?!花)",
    "早": "早(?=\\d)|(?:(?<=[今明天日号])|(?<=\\d ))早(?!一?点|些)",
    "晚": "晚(?=\\d)|(?:(?<=[今明天日号])|(?<=\\d ))晚(?!一?点|些)",
    "晨": "(?<=[今明])晨",
    "夜": "(?<=今)夜",
    "前": "前(?![天台面门])",
    "后": "后(?![天日面门台来])",
}
_HOUR = r"(?<!\d)(?<!\d[:.])(?:2[0-4]|1\d|0?\d)"
_LATER = r"(?:以后|之后|过后|后(?![天日]))"
_WHICH = r"下下|下|上上|(?<![早晚])上|这|本"
_MONTH = (
    "(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_COUNT = r"(?<![\d.:/-])\d{1,4}"
_ORDINAL = "(?:st|nd|rd|th)"
_VOCABULARY: dict[str, tuple[str, Callable[[Found], Word]]] = {
    "later": (
        r"(?P<l_over>过)?(?=[\d半])(?P<l_n>(?<![\d.])\d{1,4}(?:\.\d)?)?个?(?P<l_half>半)?个?(?P<l_zh>小时|钟头|分钟|刻钟)"
        rf"(?:(?P<l_m>\d{{1,2}})分钟?)?(?(l_over){_LATER}?|{_LATER})"
        r"|\bin (?P<l_in>\d{1,4}(?:\.\d)?) ?(?P<l_en>hours?|hrs?|h|minutes?|mins?)\b"
        rf"|(?P<l_k>{_COUNT}(?:\.\d)?) ?(?P<l_from>hours?|hrs?|minutes?|mins?) (?:later|from now)\b",
        _later,
    ),
    "days_later": (
        rf"(?P<dl_n>{_COUNT})个?(?P<dl_zh>天|日|周|星期|礼拜|月){_LATER}"
        r"|\bin (?P<dl_in>\d{1,4}) (?P<dl_en>day|week|month)s?\b"
        rf"|(?P<dl_k>{_COUNT}) (?P<dl_from>day|week|month)s? (?:later|from (?:now|today))\b",
        _days_later,
    ),
    "day_word": (rf"(?P<day>{_one_of(DAY_WORDS)})", lambda found: in_days(DAY_WORDS[found["day"]])),
    "year_date": (
        r"(?<!\d)(?P<y>(?:19|2\d)\d\d)[-/.年] ?(?P<y_m>\d{1,2})[-/.月] ?(?P<y_d>\d{1,2})(?!\d)[日号]?",
        _year_date,
    ),
    "month_day": (
        r"(?<!\d)(?P<z_m>\d{1,2})月 ?(?P<z_d>\d{1,2})(?![\d点:])[日号]?",
        lambda found: month_day(int(found["z_m"]), int(found["z_d"])),
    ),
    "named_month": (
        rf"\b(?P<md_m>{_MONTH}) ?(?P<md_d>\d{{1,2}})(?!\d|:| ?[ap]m\b){_ORDINAL}?\b"
        r"(?:,? (?P<md_y>2\d{3})\b(?!:))?"
        rf"|(?<!\d)(?P<dm_d>\d{{1,2}}){_ORDINAL}?(?: of)? ?(?P<dm_m>{_MONTH})(?![a-z])"
        r"(?:,? (?P<dm_y>2\d{3})\b(?!:))?",
        _named_month,
    ),
    "slashed": (
        r"(?<![\d/])(?P<s_a>\d{1,2})/(?P<s_b>\d{1,2})(?:/(?P<s_y>2\d{3}|\d\d))?(?![\d/])"
        r"|(?<!\d)(?P<d_a>\d{1,2})[.-](?P<d_b>\d{1,2})[.-](?P<d_y>2\d{3})(?!\d)",
        _either_order,
    ),
    "pair": (
        r"(?<![\d:./-])(?P<pair_a>\d{1,2})(?P<pair_dot>[-.])(?P<pair_b>\d{1,2})"
        r"(?![\d:/]|[-.]\d| ?(?:点|时|[ap]m\b|o'?clock))",
        _pair,
    ),
    "day_of_month": (
        r"(?<!\d)(?P<dom>\d{1,2})(?:[号日](?![楼栋门房车线铺机院内室])"
        rf"|{_ORDINAL}\b(?! (?:floor|building|unit|block)))",
        lambda found: day_of_month(int(found["dom"])),
    ),
    "weekday": (
        rf"(?P<wz_w>{_WHICH})?个?(?:周|星期|礼拜)(?P<wz_d>[1-7])(?!\d)"
        r"|\b(?:(?P<we_w>next|last|this coming|this|coming) )?"
        r"(?P<we_d>(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:days?)?)\b",
        _weekday,
    ),
    "weekend": (
        rf"(?P<wk_zh>{_WHICH})?个?(?:周末|双休日)|\b(?:(?P<wk_en>next|last|this) )?weekend\b",
        _weekend,
    ),
    "workday": (r"工作日|平日|\bweekdays?\b", lambda _: coming({0, 1, 2, 3, 4})),
    "week": (
        rf"(?P<w_zh>{_WHICH})个?(?:周|星期|礼拜)|\b(?P<w_en>next|last|this) week\b",
        lambda found: some_week(_AHEAD.get(found["w_zh"] or found["w_en"], 0)),
    ),
    "month": (
        rf"(?P<m_zh>{_WHICH})个?月|\b(?P<m_en>next|last|this) month\b",
        lambda found: some_month(_AHEAD.get(found["m_zh"] or found["m_en"], 0)),
    ),
    "spoken_clock": (
        r"(?P<p_w>half past|(?:a )?quarter (?:past|to)|差1刻) ?"
        rf"(?P<p_h>{_HOUR})(?!\d)点?(?: ?(?P<p_ap>[ap]m)\b)?",
        _spoken_clock,
    ),
    "clock": (
        rf"(?P<c_h>{_HOUR})(?: ?(?:点钟?|时(?![候间]))"
        r"(?:(?P<c_half>半)|(?P<c_q>[123])刻|(?P<c_zh>[0-5]\d(?![\d点:])|\d(?=分(?!钟)))分?)?"
        r"|:(?P<c_en>[0-5]\d)(?::[0-5]\d)?(?!\d)|\.(?P<c_dot>[0-5]\d)(?= ?[ap]m\b)| ?o'?clock\b"
        r"|(?= ?[ap]m\b))(?: ?(?P<c_ap>[ap]m)\b)?",
        _clock,
    ),
    "daypart": (
        rf"(?P<part_of>\b(?:in the|at|of the) )?(?:(?P<part>{_one_of(PART_WORDS)})|(?<!\bi )\bam\b)",
        lambda found: Daypart(PART_WORDS[found["part"] or "morning"], trailing=bool(found["part_of"])),
    ),
    "mark": (rf"(?P<mark_word>{_one_of(MARK_WORDS)})", lambda found: MARK_WORDS[found["mark_word"]]),
    "number": (
        r"(?<!\d)(?<!\d[:./])(?P<count>\d{1,2})(?![\d/:号楼栋层单个户室门位人]|\.\d)",
        lambda found: Number(int(found["count"])),
    ),
}
_ANY_WORD = re.compile("|".join(f"(?P<{kind}>{form})" for kind, (form, _) in _VOCABULARY.items()), re.ASCII)
