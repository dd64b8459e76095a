"""Texts too long for one message are cut at line ends, and never through a character."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator

Weigh = Callable[[str], int]
"""How much one code point takes of the room there is."""

_JOINER = "\u200d"


def in_units(sign: str) -> int:
    """UTF-16 units, as Telegram counts."""
    return 2 if ord(sign) > 0xFFFF else 1


def in_bytes(sign: str) -> int:
    """Bytes of UTF-8, as WeChat and WeCom count; half a surrogate pair as what replaces it."""
    code = ord(sign)
    if code < 0x80:
        return 1
    if code < 0x800:
        return 2
    return 3 if code < 0x10000 else 4


def in_signs(sign: str) -> int:
    """Code points, as the fields of a card or a form are counted."""
    return 1


def size(text: str, weigh: Weigh) -> int:
    """How much room a text takes."""
    if weigh in _ASCII_IS_ONE and text.isascii():
        return len(text)
    return sum(map(weigh, text))


_ASCII_IS_ONE = (in_units, in_bytes, in_signs)


def cut(text: str, most: int, weigh: Weigh, first: int | None = None) -> list[str]:
    """The text in pieces of at most `most`, the first of at most `first`; nothing but blanks is lost."""
    pieces, room = [], most if first is None else first
    while (border := _border(text, room, weigh)) < len(text):
        end = _end(text, border)
        pieces.append(text[:end].rstrip())
        text, room = text[end:].lstrip("\n "), most
    return [piece for piece in [*pieces, text.rstrip()] if piece.strip()]


def shortened(text: str, most: int, weigh: Weigh) -> str:
    """The text, or as much of it as fits with an ellipsis behind."""
    if size(text, weigh) <= most:
        return text
    return text[: _border(text, most - weigh("…"), weigh)].rstrip() + "…"


def within(text: str, most: int, weigh: Weigh) -> str:
    """As much of the text as fits, and nothing behind."""
    return text if size(text, weigh) <= most else text[: _border(text, most, weigh)].rstrip()


def _end(text: str, border: int) -> int:
    """Where to cut: behind a line, else behind a blank, else behind a whole character."""
    for blank in ("\n", " "):
        if text[:border].strip() and (at := text.rfind(blank, 1, border + 1)) > 0 and text[:at].strip():
            return at
    return border


def _border(text: str, room: int, weigh: Weigh) -> int:
    """The index behind the last character, however many code points make it, that still has room.

    A character that is larger than all the room there is is cut between its code points.
    """
    if size(text, weigh) <= room:
        return len(text)
    used = last = 0
    for index, whole in _borders(text):
        if whole:
            last = index
        if index < len(text):
            used += weigh(text[index])
        if used > room:
            return last or max(index, 1)
    return len(text)


def _borders(text: str) -> Iterator[tuple[int, bool]]:
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
