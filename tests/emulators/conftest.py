"""An emulated Telegram, a resident on it, and a bot that is nothing but HTTP calls."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.emulators.telegram import TelegramEmulator
from tests.emulators.telegram_errors import JSON
from tests.emulators.telegram_group import Group
from tests.emulators.telegram_phone import User
from tests.emulators.wechat_fixtures import desk, li, wechat  # noqa: F401


class Api:
    """Calls methods as a bot would, with JSON bodies."""

    def __init__(self, tg: TelegramEmulator, session: aiohttp.ClientSession) -> None:
        self.tg = tg
        self.session = session

    async def answer(self, method: str, **fields: Any) -> JSON:
        async with self.session.post(f"{self.tg.url}/bot{self.tg.token}/{method}", json=fields) as response:
            body: JSON = await response.json()
            assert response.status == (200 if body["ok"] else body["error_code"])
            return body

    async def call(self, method: str, **fields: Any) -> Any:
        body = await self.answer(method, **fields)
        assert body["ok"], body
        return body["result"]

    async def refused(self, method: str, **fields: Any) -> str:
        """The code and description of the error that is expected."""
        body = await self.answer(method, **fields)
        assert not body["ok"], body
        return f"{body['error_code']} {body['description']}"

    async def say(self, chat: User | Group | int, text: str, **fields: Any) -> JSON:
        chat_id = chat if isinstance(chat, int) else chat.id
        result: JSON = await self.call("sendMessage", chat_id=chat_id, text=text, **fields)
        return result

    async def updates(self, **fields: Any) -> list[JSON]:
        result: list[JSON] = await self.call("getUpdates", **fields)
        return result


@pytest.fixture
async def tg() -> AsyncIterator[TelegramEmulator]:
    async with TelegramEmulator(speed=10) as emulator:
        yield emulator


@pytest.fixture
async def api(tg: TelegramEmulator) -> AsyncIterator[Api]:
    async with aiohttp.ClientSession() as session:
        yield Api(tg, session)


@pytest.fixture
async def alice(tg: TelegramEmulator) -> User:
    user = tg.user(1001, "李", language_code="zh-hans")
    await user.start()
    return user


@pytest.fixture
async def repairs(tg: TelegramEmulator) -> Group:
    group = tg.group(-2001, "Repairs")
    await group.add_bot()
    return group


def one_button(text: str = "Accept", data: str = "accept:1") -> JSON:
    return {"inline_keyboard": [[{"text": text, "callback_data": data}]]}
