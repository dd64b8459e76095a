"""An emulated WeChat and our door to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from bot.media import MediaStore
from bot.settings import Settings
from bot.wechat.channel import WechatChannel, utcnow
from bot.wechat.door import WechatDoor
from handlers.texts import Texts
from models.database import Database
from models.quota import TOLD
from tests.bot.wechat.chats import Chat
from tests.emulators.wechat import Phone, WechatServer
from tests.emulators.wechat_allowances import Act

TEXTS = Texts.load()
Opened = Callable[..., WechatDoor]


@pytest.fixture
async def wechat() -> AsyncIterator[WechatServer]:
    async with WechatServer(patience=2.0) as server:
        yield server


@pytest.fixture
async def here(sqlite_url: str) -> AsyncIterator[Database]:
    """A fresh database."""
    fresh = Database(sqlite_url)
    yield fresh
    await fresh.close()


@pytest.fixture
async def opened(wechat: WechatServer, here: Database, tmp_path: Path) -> AsyncIterator[Opened]:
    """Makes doors with the settings that the account has, and others."""
    made: list[WechatDoor] = []

    def make(**more: Any) -> WechatDoor:
        settings = Settings(**(wechat.settings | {"var": tmp_path} | more))
        store = MediaStore(f"file://{tmp_path}/media")
        door = WechatDoor.of(settings, here, TEXTS, store)
        assert door is not None
        made.append(door)
        return door

    yield make
    for door in made:
        await door.close()


@pytest.fixture
def door(opened: Opened) -> WechatDoor:
    return opened()


@pytest.fixture
def channel(door: WechatDoor) -> WechatChannel:
    return door.channel


@pytest.fixture
def writes(wechat: WechatServer, here: Database, channel: WechatChannel) -> Callable[[str], Awaitable[Phone]]:
    """Somebody who follows the account and has just written to it; the message itself is left out."""

    async def written(name: str) -> Phone:
        phone = wechat.person(name)
        phone.me.following = True
        phone.me.act(Act.MESSAGE)
        chat = Chat(here, phone.openid, channel.bot)
        await chat.did(TOLD, utcnow())
        return phone

    return written
