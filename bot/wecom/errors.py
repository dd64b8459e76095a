"""What WeCom says when it refuses, and what that means for the message."""

from __future__ import annotations

import structlog

from bot.channel import SendError, Temporary, Throttled, Unacceptable, Unreachable
from bot.tencent.api import ApiError

A_MINUTE = 60.0
TOO_OFTEN = (45009, 45011)
_BUSY = (-1, 45033)
_NOBODY = (81013, 60111, 46004, 82001)
_LOST = (93000, 93004, 93008)
_SETUP = (40001, 40013, 40014, 40056, 40091, 41001, 42001, 48002, 50001, 60011, 60020, 301002)
_PICTURE = (40004, 40005, 40006, 40007, 40009, 41005, 41006, 44001, 45001, 301019)
_CARD = (40058, 43012, 45034, *range(42014, 42052))

log: structlog.stdlib.BoundLogger = structlog.get_logger()


class CardRefused(Unacceptable):
    """The words would do, but not the card they are on."""


class BadPicture(Unacceptable):
    """The words would do, but not their picture."""


def meaning(what: str, error: ApiError) -> SendError:
    """The error of a call named `what`; only its number is passed on (WeCom docs: 全局错误码).

    What is wrong with the setup (an address that is not trusted, a secret that was changed) is for the
    administrator to put right; meanwhile nothing is lost.
    """
    said = f"{what}: {error.code}"
    if error.code in TOO_OFTEN:
        return Throttled(A_MINUTE)
    if error.code in _BUSY:
        return Temporary(said)
    if error.code in _SETUP:
        log.error("wecom_setup_refused", call=what, code=error.code)
        return Temporary(said)
    if error.code in _NOBODY or error.code in _LOST:
        return Unreachable(said)
    if error.code in _PICTURE:
        return BadPicture(said)
    return CardRefused(said) if error.code in _CARD else Unacceptable(said)
