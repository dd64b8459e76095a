"""What WeChat delivers, as its documentation shows it: the fields of a letter that has been opened."""

from __future__ import annotations

from typing import Any

OPENID, ACCOUNT = "oAbc-1234567890_abcdefghijkl", "gh_97417a04a28d"
APPID = "wxba5fad812f8e6fb9"

_HEAD: dict[str, Any] = {"ToUserName": ACCOUNT, "FromUserName": OPENID, "CreateTime": "1700000001"}


def message(kind: str, number: str = "24295000000000002", **fields: Any) -> dict[str, Any]:
    """An ordinary message (WeChat docs: 接收普通消息)."""
    return {**_HEAD, "MsgType": kind, **fields, "MsgId": number}


def text(words: str, number: str = "24295000000000002", **fields: Any) -> dict[str, Any]:
    return message("text", number, Content=words, **fields)


def event(name: str, key: str = "", **fields: Any) -> dict[str, Any]:
    """Something that happened (WeChat docs: 接收事件推送)."""
    return {**_HEAD, "MsgType": "event", "Event": name, "EventKey": key, **fields}
