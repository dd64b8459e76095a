"""An emulated Telegram and our door to it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.telegram.api import connect
from bot.telegram.channel import TelegramChannel
from tests.bot.telegram.desk import stored_photo
from tests.emulators.telegram import TelegramEmulator


@pytest.fixture
async def tg() -> AsyncIterator[TelegramEmulator]:
    async with TelegramEmulator(speed=10, rate_limits=False) as emulator:
        yield emulator


@pytest.fixture
async def channel(tg: TelegramEmulator) -> AsyncIterator[TelegramChannel]:
    bot = connect(tg.token, tg.url)
    door = TelegramChannel(bot, stored_photo, patience=2.0)
    door.username = "wubu_test_bot"
    yield door
    await bot.session.close()
