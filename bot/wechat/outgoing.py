"""What the house says, as WeChat shows it: words, links to pages, and lines that can be tapped."""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import quote

from handlers.cutting import cut, in_bytes, size
from handlers.envelopes import Button, Outgoing

MOST_BYTES = 2048
"""Of one text, with its markup, in UTF-8 (the WeChat docs give no figure; WeCom's do: 发送应用消息)."""
PART_BYTES = 2000
"""What we cut at, to be on the safe side."""
LONGEST_TITLE = 600

_OPENED = "＜"
"""Shown for every `<` that is not ours.

WeChat's clients read `<a …>` in a text as a link and swallow what follows any other `<` that might begin a
tag; `&lt;` they show letter by letter. So a `<` of a resident's would be markup or be lost, and no escape
brings it back: its full-width twin is the nearest thing that is shown.
"""
_OPENED_NARROW = "("
"""Where the text is so full of them that the wider sign would make it too long."""
_URL_SAFE = "!#$&'()*+,/:;=?@[]%-._~"


def split(message: Outgoing) -> tuple[Outgoing, ...]:
    """The message in parts of one call each: the words first, its links at their end, then the photos.

    Every part of words carries the notice and its facts, so that each could go as a template message; a
    photo carries the notice alone, and where only the template can go, it has nothing to add.
    """
    pictures = [
        Outgoing("", pictures=(picture,), ticket=message.ticket, notice=message.notice)
        for picture in message.pictures
    ]
    return (*_texts(message), *pictures)


def words(part: Outgoing, *, tappable: bool = False) -> str:
    """The text of one part as WeChat takes it; lines can be tapped where that is wanted and has room."""
    if tappable and part.choices and _bytes(linked := _written(part, _OPENED, tappable=True)) <= MOST_BYTES:
        return linked
    plain = _written(part, _OPENED, tappable=False)
    return plain if _bytes(plain) <= MOST_BYTES else _written(part, _OPENED_NARROW, tappable=False)


def shown(text: str, opened: str = _OPENED) -> str:
    """The text as it will be seen, whatever was typed into it."""
    return text.replace("<", opened)


def _texts(message: Outgoing) -> list[Outgoing]:
    title, text = shown(message.title.strip()), shown(message.text.strip("\n").rstrip())
    if _bytes(title) > LONGEST_TITLE:
        title, text = "", f"{title}\n{text}"
    room = PART_BYTES - _reserved(message)
    pieces = cut(text, room, in_bytes, room - _bytes(title) - 1) or ([""] if title else [])
    parts = [_part(message, piece) for piece in pieces]
    if parts:
        parts[0] = replace(parts[0], title=title)
    return _with_links(parts, message)


def _part(message: Outgoing, piece: str) -> Outgoing:
    lines = set(piece.split("\n"))
    choices = tuple((shown(line), answer) for line, answer in message.choices if shown(line) in lines)
    return Outgoing(piece, ticket=message.ticket, notice=message.notice, facts=message.facts, choices=choices)


def _with_links(parts: list[Outgoing], message: Outgoing) -> list[Outgoing]:
    """The links under the last words; too many for that, or without words, they follow one by one."""
    if parts and _reserved(message):
        return [*parts[:-1], replace(parts[-1], buttons=message.buttons)]
    alone = [button for row in message.buttons for button in row if button.url]
    return [*parts, *(replace(_part(message, ""), buttons=((button,),)) for button in alone)]


def _reserved(message: Outgoing) -> int:
    """The room that links take under the words, in bytes; 0 when there are none or too many."""
    links = _links(message, _OPENED)
    taken = _bytes(links) + 1 if links else 0
    return taken if taken <= PART_BYTES // 2 else 0


def _written(part: Outgoing, opened: str, *, tappable: bool) -> str:
    text = part.text.strip("\n").rstrip()
    lines = _tappable(part, text, opened) if tappable else [shown(text, opened)]
    title = shown(part.title.strip(), opened)
    return "\n".join(filter(None, (title, *lines, _links(part, opened))))


def _tappable(part: Outgoing, text: str, opened: str) -> list[str]:
    """Every line that names an answer becomes a link which says that answer (weixin://bizmsgmenu)."""
    answers = dict(part.choices)
    numbers = {line: at for at, line in enumerate(answers, 1)}
    return [
        _line(line, answers[line], numbers[line], opened) if line in answers else shown(line, opened)
        for line in text.split("\n")
    ]


def _line(line: str, answer: str, number: int, opened: str) -> str:
    said = quote(answer, safe="")
    return f'<a href="weixin://bizmsgmenu?msgmenucontent={said}&msgmenuid={number}">{shown(line, opened)}</a>'


def _links(part: Outgoing, opened: str) -> str:
    return "\n".join(_anchor(button, opened) for row in part.buttons for button in row if button.url)


def _anchor(button: Button, opened: str) -> str:
    label = re.sub(r"\s+", " ", shown(button.label, opened)).strip()
    return f'<a href="{quote(button.url, safe=_URL_SAFE)}">{label}</a>'


def _bytes(text: str) -> int:
    return size(text, in_bytes)
