"""Judging what an account's server answers to a push: quiet, a message to show, or nonsense.

WeChat docs: 被动回复用户消息. What cannot be shown lets the phone say that the account is unavailable.
"""

from collections.abc import Mapping
from typing import Any

from tests.emulators.tencent_cipher import Broken, Seal, signature
from tests.emulators.tencent_errors import JSON, Refused
from tests.emulators.tencent_xml import NotXml, read
from tests.emulators.wechat_bubbles import Bubble, drawn
from tests.emulators.wechat_contents import check
from tests.emulators.wechat_shelf import Shelf
from tests.emulators.wechat_world import Account, Mode

ORDINARY = {"text", "image", "voice", "video", "shortvideo", "location", "link"}
"""Kinds of message after which at most one article is shown."""

MOST_ARTICLES = 8
HANDED_OVER = "transfer_customer_service"


class Nonsense(Exception):
    """An answer that WeChat does not show; the message says what is wrong with it."""


def opened(account: Account, seal: Seal, answer: bytes) -> JSON | None:
    """The fields of the reply; None for `success` and for nothing. The key has to be that of the push."""
    if answer in (b"", b"success"):
        return None
    try:
        fields = read(answer)
        if "Encrypt" in fields and account.mode is not Mode.PLAIN:
            return read(seal.decrypt(_verified(account.token, fields)))
    except (NotXml, Broken, UnicodeDecodeError) as wrong:
        raise Nonsense(str(wrong)) from wrong
    if account.mode is Mode.SECURE:
        raise Nonsense("a plain reply in secure mode")
    return fields


def _verified(token: str, fields: JSON) -> str:
    parts = [fields.get(name) for name in ("TimeStamp", "Nonce", "Encrypt")]
    if not all(isinstance(part, str) and part for part in parts):
        raise Nonsense(f"the envelope lacks something: {sorted(fields)}")
    if fields.get("MsgSignature") != signature(token, *map(str, parts)):
        raise Nonsense("the MsgSignature is wrong")
    return str(parts[2])


def judged(account: Account, push: Mapping[str, Any], reply: JSON, shelf: Shelf) -> Bubble | None:
    """What the phone shows of a reply; None when the conversation goes to a human desk."""
    for name, expected in (("ToUserName", push["FromUserName"]), ("FromUserName", account.original)):
        if reply.get(name) != expected:
            raise Nonsense(f"{name} is {reply.get(name)!r}, not {expected!r}")
    if not str(reply.get("CreateTime", "")).isdecimal():
        raise Nonsense(f"CreateTime is {reply.get('CreateTime')!r}")
    kind = str(reply.get("MsgType"))
    if kind == HANDED_OVER:
        return None
    body = _as_custom(kind, reply, most=1 if push["MsgType"] in ORDINARY else MOST_ARTICLES)
    try:
        check(kind, body, shelf)
    except Refused as wrong:
        raise Nonsense(str(wrong)) from wrong
    return drawn(kind, body, shelf)


def _as_custom(kind: str, reply: JSON, most: int) -> JSON:
    """The same message in the shape that the interface for custom messages takes."""
    match kind:
        case "text":
            return {"content": reply.get("Content")}
        case "image" | "voice":
            return {"media_id": _inside(reply, kind.title()).get("MediaId")}
        case "video":
            video = _inside(reply, "Video")
            return {"media_id": video.get("MediaId"), "title": video.get("Title", "")}
        case "music":
            music = _inside(reply, "Music")
            return {"title": music.get("Title", ""), "thumb_media_id": music.get("ThumbMediaId")}
        case "news":
            return {"articles": _articles(reply)[:most]}
        case _:
            raise Nonsense(f"no such MsgType: {kind!r}")


def _inside(reply: JSON, name: str) -> JSON:
    inside = reply.get(name)
    if not isinstance(inside, dict):
        raise Nonsense(f"<{name}> is missing")
    return inside


def _articles(reply: JSON) -> list[JSON]:
    items = _inside(reply, "Articles").get("item", [])
    articles = items if isinstance(items, list) else [items]
    if str(len(articles)) != reply.get("ArticleCount") or not all(isinstance(one, dict) for one in articles):
        raise Nonsense(f"{len(articles)} articles, and ArticleCount says {reply.get('ArticleCount')!r}")
    return [{name.lower(): value for name, value in article.items()} for article in articles]
