"""Somebody else's phone number, typed: a mobile, a landline with its area code, or one from abroad."""

from __future__ import annotations

import re
import unicodedata

_FILLING = re.compile(r"[\s().-]")
_MOBILE = re.compile(r"(?:\+?86)?(1[3-9]\d{9})")
_LANDLINE = re.compile(r"(?:\+?86)?0?([2-9]\d{1,2}[2-9]\d{6,7}|10\d{8})")
_ABROAD = re.compile(r"\+(?!86)[1-9]\d{7,14}")


def dialled(text: str) -> str | None:
    """The number in E.164, or None."""
    digits = _FILLING.sub("", unicodedata.normalize("NFKC", text))
    if _ABROAD.fullmatch(digits):
        return digits
    found = _MOBILE.fullmatch(digits) or _LANDLINE.fullmatch(digits)
    return f"+86{found[1]}" if found else None
