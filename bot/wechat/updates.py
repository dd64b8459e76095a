"""What people do in WeChat, as the house understands it: a delivery in, an `Inbound` or a report out."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

from handlers.envelopes import Inbound, Kind, Media
from models.quota import MENU, OTHER, TAPPED, TOLD

NAME = "wechat"
LONGEST_SOURCE = 300
"""How much of an attachment's source is kept (`models.attachment`)."""

Body: TypeAlias = Mapping[str, Any]
Arrived: TypeAlias = "partial[Inbound]"

UNSUPPORTED = frozenset(
    {
        "【收到不支持的消息类型，暂无法显示】",
        "【收到不支援的訊息類型，無法顯示】",
        "[收到不支持的消息类型，暂无法显示]",
        "[Unsupported Message]",
    }
)
"""In place of stickers, files, transfers and the like the account gets one of these texts."""

_UNFIT = {"video": "video", "shortvideo": "video", "miniprogrampage": "miniprogram"}
_BY_MENU = frozenset({"subscribe", "scan", "click", "scancode_push", "scancode_waitmsg"})
_LEAVING = frozenset({"unsubscribe", "user_authorization_revoke", "user_authorization_cancellation"})
_OFFICIAL = frozenset(
    {"annual_renew", "verify_expired", "qualification_verify_fail", "naming_verify_fail", "debug_demo"}
)
_SCENE = re.compile(r"[\w@.-]{1,64}", re.ASCII)
_DELIVERED, _REFUSED = "success", "failed:userblock"


@dataclass(frozen=True, slots=True)
class Report:
    """Something for whoever runs the account, not from a resident: a notice that failed, a date to keep."""

    event: str
    told: str


def inbound(fields: Body, *, bot: str) -> Inbound | Report | None:
    """What a message or event to the account with this appid says; None when it says nothing to us.

    Never raises, whatever the fields: what is missing or of the wrong shape makes it None.
    WeChat docs: 接收普通消息, 接收事件推送.
    """
    person = _name(fields.get("FromUserName"))
    arrived = partial(Inbound, channel=NAME, bot=bot, chat=person, account=person, raw=fields)
    if not person:
        return None
    if _text(fields.get("MsgType")).lower() == "event":
        return _event(fields, arrived)
    number = _name(fields.get("MsgId"))
    return _message(fields, partial(arrived, key=f"{TOLD}{number}", ref=number)) if number else None


def addresses(source: str) -> tuple[str, str]:
    """The media id and the picture's own address that a photo's `source` holds; either may be empty."""
    media, _, url = source.partition(" ")
    return media, url


def _message(body: Body, arrived: Arrived) -> Inbound | None:
    kind = _text(body.get("MsgType")).lower()
    match kind:
        case "text":
            return _words(body, arrived)
        case "image":
            return _photo(body, arrived)
        case "voice":
            heard = _text(body.get("Recognition"))
            return arrived(kind=Kind.TEXT, text=heard) if heard else _unfit("voice", arrived)
        case "location":
            return arrived(kind=Kind.LOCATION, text=_text(body.get("Label")))
        case "link":
            said = " ".join(filter(None, (_text(body.get("Title")), _text(body.get("Url")))))
            return arrived(kind=Kind.TEXT, text=said) if said else None
        case _ if kind in _UNFIT:
            return _unfit(_UNFIT[kind], arrived)
    return None


def _words(body: Body, arrived: Arrived) -> Inbound | None:
    """A tap on a line of ours comes as its words, and is believed no more than if they had been typed."""
    said = _text(body.get("Content"))
    if _text(body.get("bizmsgmenuid")):
        arrived = partial(arrived, key=f"{TAPPED}{arrived.keywords['ref']}")
    if said in UNSUPPORTED:
        return _unfit("unsupported", arrived)
    return arrived(kind=Kind.TEXT, text=said) if said else None


def _photo(body: Body, arrived: Arrived) -> Inbound | None:
    media, url = _text(body.get("MediaId")), _text(body.get("PicUrl"))
    for source in (f"{media} {url}".rstrip(), media, f" {url}"):
        if source.strip() and len(source) <= LONGEST_SOURCE and len(source.split()) <= 2:
            return arrived(kind=Kind.PHOTO, media=Media(source))
    return None


def _unfit(strange: str, arrived: Arrived) -> Inbound:
    return arrived(kind=Kind.UNFIT, strange=strange)


def _event(body: Body, arrived: Arrived) -> Inbound | Report | None:
    event, about = _text(body.get("Event")).lower(), _text(body.get("EventKey"))
    arrived = partial(arrived, key=_key(body, MENU if event in _BY_MENU else OTHER))
    match event:
        case "click":
            return arrived(kind=Kind.TAP, tap=about) if 0 < len(about) <= 128 else None
        case "subscribe":
            return _greeting(about.removeprefix("qrscene_"), arrived)
        case "scan":
            return _greeting(about, arrived)
        case "scancode_push" | "scancode_waitmsg":
            scanned = _text(_map(body.get("ScanCodeInfo")).get("ScanResult"))
            return arrived(kind=Kind.TEXT, text=scanned) if scanned else None
        case "templatesendjobfinish":
            return _notice_ended(body, arrived)
        case _ if event in _LEAVING:
            return _left(body, arrived)
        case _ if event in _OFFICIAL:
            return Report(event, _text(body.get("FailReason") or body.get("debug_str"), 200))
    return None


def _greeting(scene: str, arrived: Arrived) -> Inbound:
    """Somebody follows the account or scans one of its codes: as if they had said where they come from."""
    said = f"/start {scene}" if _SCENE.fullmatch(scene) else "/start"
    return arrived(kind=Kind.TEXT, text=said)


def _notice_ended(body: Body, arrived: Arrived) -> Inbound | Report | None:
    """What became of a template message (WeChat docs: 模板消息, 事件推送)."""
    status = _text(body.get("Status"), 100)
    ended = status.replace(" ", "").lower()
    if ended == _DELIVERED:
        return None
    return arrived(kind=Kind.BLOCKED) if ended == _REFUSED else Report("templatesendjobfinish", status)


def _left(body: Body, arrived: Arrived) -> Inbound:
    """They unfollowed, or took back what they had agreed to: that names them a second time."""
    person = _name(body.get("OpenID")) or arrived.keywords["account"]
    return arrived(kind=Kind.LEFT, chat=person, account=person)


def _key(body: Body, begins: str) -> str:
    """Events have no id: a repeat is known by who, when and what (WeChat docs: 关于重试的消息排重)."""
    told = "|".join(_text(body.get(name)) for name in ("FromUserName", "CreateTime", "Event", "EventKey"))
    return f"{begins}{hashlib.sha256(told.encode()).hexdigest()[:32]}"


def _map(value: object) -> Body:
    return value if isinstance(value, Mapping) else {}


def _name(value: object) -> str:
    """An openid or a number of WeChat's; what is too long to be one is none."""
    name = _text(value)
    return name if len(name) <= 64 else ""


def _text(value: object, most: int | None = None) -> str:
    return value.strip()[:most] if isinstance(value, str) else ""
