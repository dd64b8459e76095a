"""A message goes out part by part; what could not be sent is told apart from what was."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import structlog

from bot.channel import PartlySent, SendError, Unacceptable
from bot.photos import Load
from bot.tencent.pictures import Upload, fitted
from handlers.envelopes import Outgoing

Post = Callable[[Outgoing], Awaitable[str]]

log: structlog.stdlib.BoundLogger = structlog.get_logger()


async def in_parts(parts: tuple[Outgoing, ...], post: Post) -> str:
    """The id of the last part. Raises SendError, PartlySent when only some parts went out."""
    if not parts:
        raise Unacceptable("nothing to say")
    sent = ""
    for number, part in enumerate(parts):
        try:
            sent = await post(part)
        except SendError as why:
            if number:
                raise PartlySent(why, parts[number:]) from why
            raise
    return sent


async def picture(load: Load, attachment: int, post: Callable[[Upload], Awaitable[object]]) -> None:
    """Post one of our photos. One that will not do is left out: words may be waiting behind it."""
    try:
        await post(await fitted(await load(attachment)))
    except Unacceptable as why:
        log.warning("picture_left_out", attachment=attachment, why=str(why))


def alone(message: Outgoing) -> tuple[Outgoing, ...]:
    """The pictures of a message, each a message of its own."""
    return tuple(Outgoing("", pictures=(one,), ticket=message.ticket) for one in message.pictures)
