"""What WeChat says when it refuses, and what that means for the message."""

from __future__ import annotations

import structlog

from bot.channel import SendError, Shut, Temporary, Throttled, Unacceptable, Unreachable
from bot.tencent.api import ApiError

log: structlog.stdlib.BoundLogger = structlog.get_logger()

SEND, BY_FORM = "/cgi-bin/message/custom/send", "/cgi-bin/message/template/send"
UNFOLLOWED, WINDOW, QUOTA, MUTED = "unfollowed", "window", "quota", "muted"
NO_SUCH_FILE = 40007

_GONE = {40003: "blocked", 43004: UNFOLLOWED, 50005: UNFOLLOWED, 43019: "blocked", 48002: "blocked"}
_SHUT = {45015: WINDOW, 45047: QUOTA, 43101: MUTED}
_PAUSES = {45009: 600.0, 45011: 60.0}
"""A call may not be made again today, or in this minute: how long all calls rest, in seconds."""
_BUSY = frozenset({-1, 43108, 45072, 65400})
_ACCOUNT = frozenset(
    {
        *(40001, 40002, 40013, 40014, 40125, 40164, 40243, 41001, 41002, 41004, 42001),
        *(48001, 48004, 50002, 50004, 50007, 61024, *range(89501, 89508)),
    }
)
"""Nothing is wrong with the message, but with the account, its secret, or the address we call from."""
ACCOUNT_RESTS = 300.0
"""Seconds: an address added to the list of allowed ones counts after five to ten minutes."""
_BAD_FORM = frozenset({40036, 40037, 40165, 47003, 43107, 45168, 48001, 48004})
"""A template message that does not fit its template, or a template that is not ours to use."""


class BadForm(Unacceptable):
    """The template message cannot be filled in or sent like this; another way to the person may exist."""


class NoFile(Unacceptable):
    """The media id is not known, or no longer."""


def meaning(error: ApiError, call: str) -> SendError:
    """What an errcode means (WeChat docs: 全局返回码, 客服消息, 模板消息). `call` names what was asked."""
    code, what = error.code, f"{call}: {error.code}"
    if call == BY_FORM and code in _BAD_FORM:
        return BadForm(f"{what} {error.message}")
    if code in _GONE:
        return Unreachable(what, why=_GONE[code])
    if code in _SHUT:
        return Shut(_SHUT[code])
    if code in _PAUSES:
        log.warning("wechat_limit_reached", call=call, code=code)
        return Throttled(_PAUSES[code], everywhere=True)
    if code in _ACCOUNT:
        log.error("wechat_account_refused", call=call, code=code, said=error.message)
        return Throttled(ACCOUNT_RESTS, everywhere=True)
    if code in _BUSY:
        return Temporary(what)
    refused = NoFile if code == NO_SUCH_FILE else Unacceptable
    return refused(f"{what} {error.message}")
