"""Texts too long for one message are cut at line ends, and never through a character."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

TEXT_LIMIT = 4096
CAPTION_LIMIT = 1024
"""In UTF-16 units (Bot API, sendMessage and sendPhoto)."""

_JOINER = "\u200d"


def units(text: str) -> int:
    """The length as Telegram counts it: in UTF-16 units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def cut(text: str, limit: int, first: int | None = None) -> list[str]:
    """The text in pieces of at most `limit` units, the first at most `first`; nothing but blanks is lost."""
    pieces, most = [], limit if first is None else first
    while units(text) > most:
        end = _end(text, most)
        pieces.append(text[:end].rstrip())
        text, most = text[end:].lstrip("\n "), limit
    return [piece for piece in [*pieces, text.rstrip()] if piece.strip()]


def shortened(text: str, limit: int) -> str:
    """The text, or as much of it as fits with an ellipsis behind."""
    return text if units(text) <= limit else text[: _last_border(text, limit - 1)].rstrip() + "…"


def _end(text: str, most: int) -> int:
    """Where to cut: behind a line, else behind a blank, else behind a whole character."""
    border = _last_border(text, most)
    for blank in ("\n", " "):
        if text[:border].strip() and (at := text.rfind(blank, 1, border + 1)) > 0 and text[:at].strip():
            return at
    return border


def _last_border(text: str, most: int) -> int:
    """The index behind the last character, however many code points make it, within `most` units."""
    used = last = 0
    for index, whole in borders(text):
        if whole:
            last = index
        if index < len(text):
            used += 2 if ord(text[index]) > 0xFFFF else 1
        if used > most:
            return last or max(index, 1)
    return len(text)


def borders(text: str) -> Iterator[tuple[int, bool]]:
    """Every index, and whether a character, as people count them, begins there."""
    flags = 0
    for index, sign in enumerate(text):
        flag = 0x1F1E6 <= ord(sign) <= 0x1F1FF
        joined = index > 0 and text[index - 1] == _JOINER
        yield index, not (joined or _continues(sign) or (flag and flags % 2 == 1))
        flags = flags + 1 if flag else 0
    yield len(text), True


def _continues(sign: str) -> bool:
    """Variation selectors, skin tones, tags, keycaps and accents belong to what stands before them."""
    if sign < "\u0300":
        return False
    code = ord(sign)
    return (
        sign == _JOINER
        or 0x1F3FB <= code <= 0x1F3FF
        or 0xE0020 <= code <= 0xE007F
        or unicodedata.category(sign) in ("Mn", "Me", "Mc")
    )
