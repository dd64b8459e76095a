"""An official account: what WeChat and the bot both know of it, and a stand-in for WeChat's own servers."""

import time
from collections.abc import Callable
from itertools import count
from typing import Any, Protocol

from benchmarks.seal import Seal

ORIGINAL = "gh_5be7c4a1d2f3"
APPID = "wx5be7c4a1d2f30916"
SECRET = "benchmark-secret"
TOKEN = "benchmarktoken"
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
CALLBACK = "/wechat/callback"
SERVERS = "/cgi-bin/"
"""How every path of WeChat's servers begins; no method of the Bot API does."""
SEAL = Seal(TOKEN, AES_KEY, APPID)

Fields = dict[str, Any]


def openid(account: int) -> str:
    """28 letters and digits, as those of WeChat's."""
    return f"oBench{account:022d}"


def words(who: str, message: int, text: str) -> str:
    """A text message inside its envelope (WeChat docs: 接收普通消息)."""
    return _message(who, message, "text", f"<Content><![CDATA[{text}]]></Content>")


def picture(who: str, message: int, url: str, media: str) -> str:
    """A photo inside its envelope; the file itself stays with WeChat."""
    inside = f"<PicUrl><![CDATA[{url}]]></PicUrl><MediaId><![CDATA[{media}]]></MediaId>"
    return _message(who, message, "image", inside)


def _message(who: str, message: int, kind: str, inside: str) -> str:
    return (
        f"<xml><ToUserName><![CDATA[{ORIGINAL}]]></ToUserName><FromUserName><![CDATA[{who}]]></FromUserName>"
        f"<CreateTime>{int(time.time())}</CreateTime><MsgType><![CDATA[{kind}]]></MsgType>{inside}"
        f"<MsgId>{message}</MsgId></xml>"
    )


class Follower(Protocol):
    """Somebody who follows the account: is told what comes outside of a response."""

    def told(self, text: str) -> None: ...


class Official:
    """What WeChat's servers know: who follows the account, and the passes they gave out."""

    def __init__(self) -> None:
        self.followers: dict[str, Follower] = {}
        self._numbers = count(1)
        self._methods: dict[str, Callable[[Fields], Fields]] = {
            "stable_token": self._token,
            "message/custom/send": self._custom,
            "message/template/send": self._template,
        }

    def answer(self, path: str, fields: Fields) -> Fields:
        """Do what the path says and give the whole answer; what nobody needs here is only agreed to."""
        method = self._methods.get(path.removeprefix(SERVERS))
        return {"errcode": 0, "errmsg": "ok"} | (method(fields) if method else {})

    def _token(self, _: Fields) -> Fields:
        return {"access_token": f"pass-{next(self._numbers)}", "expires_in": 7200}

    def _custom(self, fields: Fields) -> Fields:
        follower = self.followers.get(fields["touser"])
        if follower and fields["msgtype"] == "text":
            follower.told(fields["text"]["content"])
        return {}

    def _template(self, _: Fields) -> Fields:
        return {"msgid": next(self._numbers)}
