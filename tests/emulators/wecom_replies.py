"""Judging what an app answers to a push: quiet, something to show, or nonsense.

WeCom docs: 被动回复消息格式.
"""

import re
from collections.abc import Mapping
from typing import Any

from tests.emulators.tencent_cipher import Broken, signature
from tests.emulators.tencent_errors import JSON, Refused
from tests.emulators.tencent_xml import NotXml, read
from tests.emulators.wecom_app import App, Sent
from tests.emulators.wecom_cards import read_card
from tests.emulators.wecom_contents import FROM_APPS_TO_CHATS, TEXT_BYTES, cut, read_message
from tests.emulators.wecom_letters import Stationery
from tests.emulators.wecom_pushes import Push
from tests.emulators.wecom_shown import Card, Shown

CARD_EVENTS = ("template_card_event", "template_card_menu_event")
RUN_TOGETHER = {"KeyName": "keyname", "AppId": "appid", "PagePath": "pagepath", "UserId": "userid"}
"""Fields whose JSON name is not spelled with underscores."""

NUMBERS = ("type", "style", "desc_color", "mode", "disable")


class Nonsense(Exception):
    """An answer that WeCom cannot show; the message says what is wrong with it."""


def opened(stationery: Stationery, answer: bytes) -> JSON | None:
    """The fields of the reply; None for `success` and for nothing."""
    if answer in (b"", b"success"):
        return None
    try:
        return read(stationery.seal.decrypt(_verified(stationery.token, read(answer))))
    except (NotXml, Broken, UnicodeDecodeError) as wrong:
        raise Nonsense(str(wrong)) from wrong


def _verified(token: str, fields: JSON) -> str:
    parts = [fields.get(name) for name in ("TimeStamp", "Nonce", "Encrypt")]
    if not all(isinstance(part, str) and part for part in parts):
        raise Nonsense(f"the envelope lacks something: {sorted(fields)}")
    if fields.get("MsgSignature") != signature(token, *map(str, parts)):
        raise Nonsense("the MsgSignature is wrong")
    return str(parts[2])


def show(app: App, push: Push, reply: JSON) -> None:
    """Carry out the reply: a new message in the colleague's chat, or another look of the card they tapped."""
    for name, expected in (("ToUserName", push.userid), ("FromUserName", push.fields["ToUserName"])):
        if reply.get(name) != expected:
            raise Nonsense(f"{name} is {reply.get(name)!r}, not {expected!r}")
    if not str(reply.get("CreateTime", "")).isdecimal():
        raise Nonsense(f"CreateTime is {reply.get('CreateTime')!r}")
    try:
        _carry_out(app, push, reply)
    except Refused as wrong:
        raise Nonsense(str(wrong)) from wrong


def _carry_out(app: App, push: Push, reply: JSON) -> None:
    match reply.get("MsgType"):
        case "update_button":
            sent, card = _tapped(app, push)
            _change(app, push, app.replaced(sent, card, _inside(reply, "Button").get("ReplaceName")))
        case "update_template_card":
            _, card = _tapped(app, push)
            given = as_json(_inside(reply, "TemplateCard"))
            _change(app, push, read_card(given, task_id=card.task_id))
        case _:
            app.members[push.userid].screen.show(_message(app, reply))


def _tapped(app: App, push: Push) -> tuple[Sent, Card]:
    if push.fields.get("Event") not in CARD_EVENTS or push.message is None or push.message.card is None:
        raise Nonsense("only a tap on a card can be answered with a new card")
    return app.sent_to(push.userid, push.message), push.message.card


def _change(app: App, push: Push, card: Card) -> None:
    assert push.message is not None
    push.message.show(card)
    app.changed.fire()


def _message(app: App, reply: JSON) -> Shown:
    kind = str(reply.get("MsgType"))
    if kind not in ("text", "image", "voice", "video", "news"):
        raise Nonsense(f"no such MsgType: {kind!r}")
    return read_message({"msgtype": kind, kind: _body(kind, reply)}, FROM_APPS_TO_CHATS, app.media)


def _body(kind: str, reply: JSON) -> JSON:
    """The same message in the shape of message/send; a text that is too long is cut."""
    match kind:
        case "text":
            return {"content": cut(reply.get("Content"), TEXT_BYTES)}
        case "news":
            items = _inside(reply, "Articles").get("item", [])
            articles = items if isinstance(items, list) else [items]
            return {"articles": [{name.lower(): value for name, value in one.items()} for one in articles]}
        case _:
            media = _inside(reply, kind.title())
            return {"media_id": media.get("MediaId"), "title": media.get("Title", "")}


def _inside(reply: JSON, name: str) -> JSON:
    inside = reply.get(name)
    if not isinstance(inside, dict):
        raise Nonsense(f"<{name}> is missing")
    return inside


def as_json(fields: Mapping[str, Any]) -> JSON:
    """A card of the XML kind in the JSON kind: MainTitle becomes main_title, lists are always lists."""
    return {snake(name): _value(snake(name), value) for name, value in fields.items()}


def snake(name: str) -> str:
    return RUN_TOGETHER.get(name) or re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def _value(name: str, value: Any) -> Any:
    if name.endswith("_list"):
        values = value if isinstance(value, list) else [value]
        return [as_json(one) if isinstance(one, dict) else one for one in values if one]
    if isinstance(value, dict):
        return as_json(value)
    return int(value) if name in NUMBERS and str(value).isdecimal() else value
