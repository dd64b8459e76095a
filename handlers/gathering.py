"""Several messages become one, where every message has its price."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from handlers.envelopes import Capabilities, Outgoing


def gathered(messages: Sequence[Outgoing]) -> Outgoing:
    """One message that says it all, in order; what it is about is what the last of them is about."""
    if len(messages) == 1:
        return messages[0]
    first, last = messages[0], messages[-1]
    return Outgoing(
        text="\n\n".join((first.text, *(_whole(one) for one in messages[1:]))),
        title=first.title,
        buttons=tuple(row for one in messages for row in one.buttons),
        pictures=tuple(picture for one in messages for picture in one.pictures),
        ticket=last.ticket,
        notice=last.notice,
        facts=last.facts,
        choices=tuple(choice for one in messages for choice in one.choices),
    )


def fits(message: Outgoing, can: Capabilities) -> bool:
    """Whether a channel takes a message's words in one piece, its links included."""
    return size(message, can) <= can.text_limit


def size(message: Outgoing, can: Capabilities) -> int:
    """How long a message is as its channel counts."""
    links = [
        f"{button.label}{button.url}{_MARKUP}" for row in message.buttons for button in row if button.url
    ]
    return length("\n".join((message.title, message.text, *links)), can)


_MARKUP = '<a href=""></a>'


def length(text: str, can: Capabilities) -> int:
    """UTF-8 bytes or UTF-16 units."""
    return len(text.encode()) if can.bytes else len(text.encode("utf-16-le")) // 2


def cut(message: Outgoing, can: Capabilities) -> tuple[Outgoing, Outgoing | None]:
    """As much of a message as fits, and the rest: between two lines, or within one that is too long."""
    if fits(message, can):
        return message, None
    lines = message.text.split("\n")
    kept = len(lines)
    while kept and not fits(_part(message, lines[:kept]), can):
        kept -= 1
    if kept:
        return _part(message, lines[:kept]), _rest(message, lines[kept:])
    line = lines[0]
    fitting = len(line)
    while fitting > 1 and not fits(_part(message, [line[:fitting]]), can):
        fitting -= max(1, fitting // 50)
    return _part(message, [line[:fitting]]), _rest(message, [line[fitting:], *lines[1:]])


def _part(message: Outgoing, lines: Sequence[str]) -> Outgoing:
    return replace(message, text="\n".join(lines), buttons=(), pictures=())


def _rest(message: Outgoing, lines: Sequence[str]) -> Outgoing:
    return replace(message, title="", text="\n".join(lines))


def _whole(message: Outgoing) -> str:
    return "\n".join(filter(None, (message.title, message.text)))
