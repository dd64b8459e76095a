"""What may stand in a field of WeChat's forms: each kind of field takes some signs, and only so many."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime

from handlers.cutting import in_units, shortened

DASH = "-"
LOOK_IT_UP = "见详情"
"""A `phrase` has no letters, no digits and no dash: what is not Chinese is to be looked up."""

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_HAN = "\u4e00-\u9fff"
_DAY = r"(?:\d{4}-\d{1,2}-\d{1,2}|\d{4}年\d{1,2}月\d{1,2}日)"
_CLOCK = r"(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?"
_MOMENT = rf"(?:\d{{4}}-\d{{1,2}}-\d{{1,2}} |\d{{4}}年\d{{1,2}}月\d{{1,2}}日 ?)?{_CLOCK}"
_TIME = re.compile(rf"{_MOMENT}(?:~{_MOMENT})?", re.ASCII)
_DATE = re.compile(rf"{_DAY}(?: {_CLOCK})?(?:~{_DAY}(?: {_CLOCK})?)?", re.ASCII)
_AMOUNT = re.compile(r"[¥￥$€£]?\d{1,10}(?:\.\d{1,2})?元?", re.ASCII)
_FIELD = re.compile(r"([a-z_]+?)\d{1,2}", re.ASCII)

Filler = Callable[[str, datetime], str]
"""What stands in the field for a value; the local time is for a field that has to name one."""


def kind(field: str) -> str | None:
    """The kind of a field such as `thing1`; None when WeChat has no such fields, or none known to us."""
    found = _FIELD.fullmatch(field)
    return found[1] if found and found[1] in FILLERS else None


def filled(field: str, value: str, now: datetime) -> str:
    """The value as the field takes it: never empty, except where nothing but approved words may stand."""
    return FILLERS[kind(field) or "thing"](" ".join(_CONTROLS.sub(" ", value).split()), now)


def _words(most: int) -> Filler:
    return lambda value, _: shortened(value, most, in_units) or DASH


def _only(signs: str, most: int, otherwise: str) -> Filler:
    """Nothing but these signs, as in a regular expression's brackets."""
    others = re.compile(f"[^{signs}]")
    return lambda value, _: others.sub("", value)[:most].strip() or otherwise


def _const(value: str, _: datetime) -> str:
    return value[:20]


def _name(value: str, _: datetime) -> str:
    """Ten Chinese characters, or twenty letters and signs; no digits."""
    chinese = re.sub(f"[^{_HAN}·]", "", value).strip("·")
    letters = re.sub(r"[^A-Za-z .-]", "", value)
    return chinese[:10].strip("·") or letters[:20].strip() or DASH


def _number(value: str, _: datetime) -> str:
    found = re.search(r"\d+(?:\.\d+)?", value, re.ASCII)
    return found[0][:32].rstrip(".") if found else "0"


def _amount(value: str, _: datetime) -> str:
    found = _AMOUNT.search(value.replace(",", ""))
    return found[0] if found else "0元"


def _time(value: str, now: datetime) -> str:
    found = _TIME.search(_spoken(value))
    return found[0] if found else f"{now:%Y-%m-%d %H:%M}"


def _date(value: str, now: datetime) -> str:
    found = _DATE.search(_spoken(value))
    return found[0] if found else f"{now:%Y-%m-%d}"


def _spoken(value: str) -> str:
    """A moment as machines write it, as people do."""
    try:
        return f"{datetime.fromisoformat(value):%Y-%m-%d %H:%M}" if "T" in value else value
    except ValueError:
        return value


FILLERS: Mapping[str, Filler] = {
    "thing": _words(20),
    "short_thing": _words(5),
    "name": _name,
    "phrase": _only(_HAN, 5, LOOK_IT_UP),
    "const": _const,
    "number": _number,
    "letter": _only("A-Za-z", 32, "N"),
    "symbol": _only(r"!-/:-@\[-^`{-~", 5, DASH),
    "character_string": _only("!-~", 32, DASH),
    "phone_number": _only("0-9+-", 17, DASH),
    "car_number": _only(f"A-Za-z0-9{_HAN}", 8, "无"),
    "time": _time,
    "date": _date,
    "amount": _amount,
}
"""WeChat docs: 模板消息, 参数值内容限制说明; that of `short_thing` is not published."""
