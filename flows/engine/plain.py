"""However a resident types — full width, traditional, 三点半 or "half past three" — it is read the same."""

import re
import unicodedata

LONGEST = 500
_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2, "日": 7, "天": 7}
_TENS = {"十": 1, "廿": 2, "卅": 3}
_SIMPLER = str.maketrans(
    "後點週禮號兩鐘鍾時間現馬個內這來過樓棟聽盡儘趕緊隨門車鋪頭沒備單換說當餘戶總機邊幾〜–—−―~至∶’",
    "后点周礼号两钟钟时间现马个内这来过楼栋听尽尽赶紧随门车铺头没备单换说当余户总机边几------到:'",
)
_NUMERAL = re.compile(
    r"(?P<week>周|星期|礼拜)(?P<weekday>[一二三四五六日天])"
    r"|(?P<phrase>(?<=[早晚快慢有好多少大小])一点|一点(?=[水都也儿就])|一大?早|一[下会起定])"
    r"|(?P<low>[一二两三四五六七八])(?P<high>[二三四五六七八九])(?=点)"
    r"|(?P<tens>[一二两三四五六七八九]?)(?P<ten>[十廿卅])(?P<ones>[一二三四五六七八九]?)"
    r"|[零〇一二两三四五六七八九]"
)
_HOURS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
_MINUTES = {"fifteen": 15, "thirty": 30, "forty-five": 45, "forty five": 45}
_SPELT = re.compile(rf"\b({'|'.join(_HOURS)})(?:[ -]({'|'.join(_MINUTES)}))?\b", re.ASCII)
_REWRITES = [
    (re.compile(pattern, re.ASCII), replacement)
    for pattern, replacement in (
        (r"\b([ap])\.m(?:\.|\b)|(?<=\d)([ap])\.m\.?", r"\1\2m"),
        (r"([1-9])[、,]([1-9])(?=点)", r"\1-\2"),
        (r"\bhalf an? hour|\bhalf-hour", "30 minutes"),
        (r"\b(?:an|1) hour and a half", "90 minutes"),
        (r"\ban? (?=(?:hour|day|week|month)\b)", "1 "),
        (r"\ba couple of ", "2 "),
        (r"\btonight\b", "today night"),
        (r"\bthis (?=morning|afternoon|evening|noon)", "today "),
    )
]


def plain(text: str) -> str:
    """One script, case and kind of digits: "下週三１０點" becomes "下周3 10点"; of a long text the start."""
    text = unicodedata.normalize("NFKC", text[:LONGEST])[:LONGEST].lower().translate(_SIMPLER)
    text = _SPELT.sub(_english_number, _NUMERAL.sub(_chinese_number, text))
    for pattern, replacement in _REWRITES:
        text = pattern.sub(replacement, text)
    return text


def _chinese_number(found: re.Match[str]) -> str:
    if found["week"]:
        return f"{found['week']}{_DIGITS[found['weekday']]} "
    if found["phrase"]:
        return found[0]
    if found["low"]:
        low, high = _DIGITS[found["low"]], _DIGITS[found["high"]]
        return f"{low}-{high}" if high == low + 1 else f"{low}{high}"
    if found["ten"]:
        tens = _DIGITS.get(found["tens"], _TENS[found["ten"]])
        return str(tens * 10 + _DIGITS.get(found["ones"], 0))
    return str(_DIGITS[found[0]])


def _english_number(found: re.Match[str]) -> str:
    hour = _HOURS.index(found[1]) + 1
    return f"{hour}:{_MINUTES[found[2]]}" if found[2] else str(hour)
