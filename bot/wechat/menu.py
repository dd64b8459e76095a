"""The menu under the chat: every service, and what a resident can look up, without a word typed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import structlog

from bot.tencent.api import Api, ApiError
from bot.wechat.errors import meaning
from flows import catalogue
from flows.engine.messages import Phrase
from handlers.cutting import in_bytes, within
from handlers.texts import REFERENCE, Texts

CREATE = "/cgi-bin/menu/create"
MOST_BELOW = 5
"""Entries under one button; there are at most three buttons (WeChat docs: 自定义菜单)."""
TOP_BYTES, BELOW_BYTES = 16, 60
OWN = ("tickets", "chats", "help", "language")
_BEGINS = "m."

Entry = dict[str, Any]

log: structlog.stdlib.BoundLogger = structlog.get_logger()


def menu(texts: Texts, locale: str = REFERENCE, services: Sequence[str] | None = None) -> dict[str, Any]:
    """The body of menu/create; the keys are those of our own menu, so a tap needs no translation.

    Beyond ten services the others are found in the menu of the chat.
    """
    kinds = list(catalogue.menu() if services is None else services)
    titles = [(kind, f"{kind}.title") for kind in kinds]
    first, second = titles[:MOST_BELOW], titles[MOST_BELOW : 2 * MOST_BELOW]
    own = [(name, f"menu.{name}") for name in OWN]
    shown = [("wechat.menu.services", first), ("wechat.menu.more", second), ("wechat.menu.own", own)]
    return {"button": [_top(texts, locale, key, entries) for key, entries in shown if entries]}


async def push(api: Api, texts: Texts, locale: str = REFERENCE) -> None:
    """Have WeChat show the menu; it replaces the one there was. Raises SendError."""
    try:
        await api.call(CREATE, menu(texts, locale))
    except ApiError as error:
        raise meaning(error, CREATE) from error
    log.info("wechat_menu_pushed")


def _top(texts: Texts, locale: str, key: str, entries: Sequence[tuple[str, str]]) -> Entry:
    """One button; with a single entry below it, it is that entry."""
    if len(entries) == 1:
        return _leaf(texts, locale, *entries[0], TOP_BYTES)
    below = [_leaf(texts, locale, *entry, BELOW_BYTES) for entry in entries]
    return {"name": within(texts.say(Phrase(key), locale), TOP_BYTES, in_bytes), "sub_button": below}


def _leaf(texts: Texts, locale: str, name: str, key: str, most: int) -> Entry:
    told = within(texts.say(Phrase(key), locale), most, in_bytes)
    return {"type": "click", "name": told, "key": f"{_BEGINS}{name}"}
