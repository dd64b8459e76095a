"""Telegram as a whole: one bot, listening by webhook where there is a public address, else by asking."""

from __future__ import annotations

import asyncio

import structlog
from starlette.types import ASGIApp

from bot.media import MediaStore
from bot.photos import copies
from bot.reception import Reception
from bot.settings import Settings
from bot.telegram.api import connect
from bot.telegram.channel import TelegramChannel
from bot.telegram.polling import Polling
from bot.telegram.setup import Setup, webhook_secret
from bot.telegram.webhook import PATH, Webhook
from handlers.texts import Texts
from models.database import Database

log: structlog.stdlib.BoundLogger = structlog.get_logger()


class TelegramDoor:
    """Made only when there is a token."""

    def __init__(self, settings: Settings, database: Database, texts: Texts, store: MediaStore) -> None:
        self._client = connect(settings.telegram_token, settings.telegram_api)
        self._settings, self._database = settings, database
        self._texts, self._store = texts, store
        self.channel = TelegramChannel(self._client, copies(database, store))
        self._secret = webhook_secret(settings)

    @classmethod
    def of(
        cls, settings: Settings, database: Database, texts: Texts, store: MediaStore
    ) -> TelegramDoor | None:
        return cls(settings, database, texts, store) if settings.telegram_token else None

    @property
    def channels(self) -> tuple[TelegramChannel]:
        return (self.channel,)

    @property
    def public(self) -> bool:
        return bool(self._settings.public_url)

    def webhooks(self, reception: Reception) -> dict[str, ASGIApp]:
        """Where updates are delivered, if they are."""
        return {PATH: Webhook(self.channel, reception, self._secret)} if self.public else {}

    async def run(self, reception: Reception, stop: asyncio.Event) -> None:
        """Introduce the bot, then listen until `stop`."""
        steps = Setup(self.channel, self._texts, public_url=self._settings.public_url, secret=self._secret)
        setup = asyncio.create_task(steps.run())
        polling = None if self.public else Polling(self.channel, reception, self._database)
        listening = asyncio.create_task(polling.run()) if polling is not None else None
        await stop.wait()
        setup.cancel()
        await asyncio.gather(setup, return_exceptions=True)
        if polling is not None and listening is not None:
            polling.stop()
            await listening

    async def close(self) -> None:
        await self._client.session.close()
