"""Several messages become one, where every message has its price."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from handlers.cutting import Weigh, cut, in_bytes, in_units, size
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
    links = [
        f"{button.label}{button.url}{_MARKUP}" for row in message.buttons for button in row if button.url
    ]
    return size("\n".join((message.title, message.text, *links)), weight(can)) <= can.text_limit


_MARKUP = '<a href=""></a>'


def weight(can: Capabilities) -> Weigh:
    """How a channel counts."""
    return in_bytes if can.bytes else in_units


def parted(message: Outgoing, can: Capabilities) -> tuple[Outgoing, Outgoing | None]:
    """As much of a message as fits, and the rest, with the links."""
    if fits(message, can):
        return message, None
    room = can.text_limit - size(message.title, weight(can)) - 1
    head = cut(message.text, can.text_limit, weight(can), room)[0]
    rest = message.text[len(head) :].lstrip("\n ")
    return replace(message, text=head, buttons=()), replace(message, title="", text=rest)


def _whole(message: Outgoing) -> str:
    return "\n".join(filter(None, (message.title, message.text)))
