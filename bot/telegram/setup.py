"""What Telegram is told when the program starts: how updates come to us, and which commands there are."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import structlog

from bot.channel import SendError, Temporary, Throttled
from bot.settings import Settings
from bot.telegram.channel import TelegramChannel
from bot.telegram.updates import WANTED
from bot.telegram.webhook import PATH
from flows import catalogue
from flows.engine.messages import Phrase
from handlers.texts import Texts

PRIVATE = ("start", *catalogue.menu(), "tickets", "chats", "help", "language", "cancel")
"""Every service is a command of its own; what only colleagues can do is not offered to everybody."""
IN_GROUPS = ("check", "bind")
"""A guard checks a code where the team is; Telegram knows no scope for the groups of a team alone."""
SCOPES = {
    "all_private_chats": PRIVATE,
    "all_group_chats": IN_GROUPS,
    "all_chat_administrators": IN_GROUPS,
}
LANGUAGES = {"": "zh_CN", "zh": "zh_CN", "en": "en"}
"""The language of the phone, and our locale for it; the first is for everybody else.

Telegram takes two letters and no more (Bot API: setMyCommands), so that there is one Chinese for all.
"""
MOST_CONNECTIONS = 100

Step = Callable[[], Awaitable[None]]

log: structlog.stdlib.BoundLogger = structlog.get_logger()


def webhook_secret(settings: Settings) -> str:
    """The secret of the settings, or one that every process of this installation comes to by itself."""
    if settings.telegram_secret:
        return settings.telegram_secret
    bot = settings.telegram_token.partition(":")[0]
    return hmac.new(settings.key().encode(), f"telegram webhook {bot}".encode(), hashlib.sha256).hexdigest()


class Setup:
    """Carried out beside the service: a step that fails is tried again, and holds up nothing else.

    With a `public_url` updates are delivered to the webhook, without one they are asked for; none that
    waits is dropped. `pauses` are the first and the longest wait before a step is repeated, in seconds.
    """

    def __init__(
        self,
        channel: TelegramChannel,
        texts: Texts,
        *,
        public_url: str,
        secret: str,
        pauses: tuple[float, float] = (1.0, 300.0),
    ) -> None:
        self._channel, self._texts = channel, texts
        self._public_url, self._secret, self._pauses = public_url, secret, pauses

    async def run(self) -> None:
        """Until every step has succeeded."""
        await asyncio.gather(*(self._until_it_works(name, step) for name, step in self._steps().items()))

    def _steps(self) -> dict[str, Step]:
        way = self._deliver if self._public_url else self._let_us_ask
        steps: dict[str, Step] = {"getMe": self._introduce, "updates": way}
        for scope, commands in SCOPES.items():
            for language, locale in LANGUAGES.items():
                name = f"setMyCommands {scope} {language}".rstrip()
                steps[name] = partial(self._offer, scope, commands, language, locale)
        return steps

    async def _until_it_works(self, name: str, step: Step) -> None:
        pause, longest = self._pauses
        while True:
            try:
                return await step()
            except SendError as error:
                log.warning("telegram_setup_failed", step=name, why=str(error), again_after=pause)
                await asyncio.sleep(max(pause, error.after) if isinstance(error, Throttled) else pause)
            pause = min(2 * pause, longest)

    async def _introduce(self) -> None:
        """Learn our own name, by which groups address commands to us."""
        me = await self._channel.api.call("getMe", {})
        name = me.get("username") if isinstance(me, dict) else None
        if not isinstance(name, str):
            raise Temporary("getMe: no name")
        self._channel.username = name
        log.info("telegram_ready", bot=self._channel.bot, username=name)

    async def _let_us_ask(self) -> None:
        await self._channel.api.call("deleteWebhook", {"drop_pending_updates": False})

    async def _deliver(self) -> None:
        fields: dict[str, Any] = {
            "url": self._public_url + PATH,
            "secret_token": self._secret,
            "allowed_updates": list(WANTED),
            "max_connections": MOST_CONNECTIONS,
            "drop_pending_updates": False,
        }
        await self._channel.api.call("setWebhook", fields)

    async def _offer(self, scope: str, commands: tuple[str, ...], language: str, locale: str) -> None:
        offered = [
            {"command": name, "description": self._texts.say(described(name), locale)} for name in commands
        ]
        fields: dict[str, Any] = {"commands": offered, "scope": {"type": scope}}
        fields |= {"language_code": language} if language else {}
        await self._channel.api.call("setMyCommands", fields)


def described(command: str) -> Phrase:
    """What the menu of commands says: a service its own name, the others a text of their own."""
    service = command in catalogue.services()
    return Phrase(f"{command}.title" if service else f"telegram.command.{command}")
