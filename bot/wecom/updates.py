"""What staff do in WeCom, as the house understands it: a letter in, an `Inbound` or nothing out."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import partial
from typing import Any, TypeAlias

from bot.tencent.xml import text
from bot.wecom.card import NOTHING
from bot.wecom.escaping import is_user
from handlers.envelopes import Inbound, Kind, Media

NAME = "wecom"
MOST_BYTES = 20 * 1024 * 1024
"""Larger than any photo that WeCom takes from people (WeCom docs: 获取临时素材)."""
MENU = "m."
"""So begins the key of a menu entry that is ours."""
_LONGEST_DATA, _LONGEST_SOURCE = 64, 300
_UNFIT = {"voice": "voice", "video": "video", "shortvideo": "video", "file": "file", "link": "other"}
_CARDS = ("template_card_event", "template_card_menu_event")

Letter: TypeAlias = Mapping[str, Any]
Arrived: TypeAlias = "partial[Inbound]"


def inbound(letter: Letter, *, bot: str) -> Inbound | None:
    """What a letter to the app says (WeCom docs: 接收消息与事件); None when it says nothing to us.

    Never raises: what is missing or not ours makes it None.
    """
    corpid, _, agentid = bot.rpartition(".")
    person = text(letter, "FromUserName")
    if not is_user(person) or text(letter, "ToUserName") != corpid:
        return None
    if text(letter, "AgentID") not in ("", agentid):
        return None
    raw = {name: value for name, value in letter.items() if name != "ResponseCode"}
    arrived = partial(Inbound, channel=NAME, bot=bot, chat=person, account=person, raw=raw)
    kind = text(letter, "MsgType")
    return _event(letter, arrived) if kind == "event" else _message(kind, letter, arrived)


def right_to_change(letter: Letter) -> tuple[str, str] | None:
    """Which card was tapped, and the code with which it can be changed once; None if none was."""
    task, code = text(letter, "TaskId"), text(letter, "ResponseCode")
    tapped = text(letter, "Event").lower() in _CARDS and task and code
    return (task, code) if tapped and len(task) <= _LONGEST_DATA else None


def _message(kind: str, letter: Letter, arrived: Arrived) -> Inbound | None:
    number = text(letter, "MsgId")
    key = f"m.{number}" if number and len(number) <= _LONGEST_DATA else _event_key(letter, "MsgType")
    arrived = partial(arrived, key=key, ref=number[:_LONGEST_DATA])
    match kind:
        case "text":
            said = text(letter, "Content")
            return arrived(kind=Kind.TEXT, text=said) if said.strip() else None
        case "image":
            source = text(letter, "MediaId")
            if not source or len(source) > _LONGEST_SOURCE:
                return None
            return arrived(kind=Kind.PHOTO, media=Media(source))
        case "location":
            return arrived(kind=Kind.LOCATION, text=text(letter, "Label"))
        case "voice" if said := text(letter, "Recognition").strip():
            return arrived(kind=Kind.TEXT, text=said)
        case _ if kind in _UNFIT:
            return arrived(kind=Kind.UNFIT, strange=_UNFIT[kind])
    return None


def _event(letter: Letter, arrived: Arrived) -> Inbound | None:
    event, data = text(letter, "Event").lower(), text(letter, "EventKey")
    arrived = partial(arrived, key=_event_key(letter, "Event", "EventKey"))
    match event:
        case "subscribe":
            return arrived(kind=Kind.TEXT, text="/start")
        case "unsubscribe":
            return arrived(kind=Kind.BLOCKED)
        case "click" if data.startswith(MENU) and len(data) <= _LONGEST_DATA:
            return arrived(kind=Kind.TAP, tap=data)
        case _ if event in _CARDS:
            return _tap(letter, data, arrived)
    return None


def _tap(letter: Letter, data: str, arrived: Arrived) -> Inbound | None:
    """Every tap has a code of its own, so that two taps within a second are two."""
    if data in ("", NOTHING) or len(data) > _LONGEST_DATA:
        return None
    key = _event_key(letter, "TaskId", "EventKey", "ResponseCode")
    return arrived(kind=Kind.TAP, key=key, tap=data, tapped=text(letter, "TaskId")[:_LONGEST_DATA])


def _event_key(letter: Letter, *names: str) -> str:
    """Events have no ids (WeCom docs: 事件格式): who, when and what make one."""
    parts = [text(letter, name) for name in ("FromUserName", "CreateTime", *names)]
    return f"e.{hashlib.sha256('|'.join(parts).encode()).hexdigest()[:32]}"
