"""What was tapped is said by the person above the first answer to it."""

from __future__ import annotations

from bot.web.channel import WebChannel
from handlers.envelopes import Outgoing


class Answers:
    """The web channel while one thing said is answered; `moved` tells whether anything was.

    Where `echo` is what was tapped, it stands above the first answer. A tap that only changes its own
    message, such as a tick in a list, or that only earns a hint, is not something said, and leaves no trace.
    """

    name, bot, capabilities = WebChannel.name, WebChannel.bot, WebChannel.capabilities

    def __init__(self, channel: WebChannel, echo: dict[str, object] | None = None) -> None:
        self._channel, self._echo = channel, echo
        self.moved = False

    def split(self, message: Outgoing) -> tuple[Outgoing, ...]:
        return self._channel.split(message)

    async def send(self, chat: str, message: Outgoing) -> str:
        self.moved = True
        if self._echo is not None:
            await self._channel.echo(chat, self._echo)
            self._echo = None
        return await self._channel.send(chat, message)

    async def edit(self, chat: str, message_id: str, message: Outgoing) -> None:
        self.moved = True
        await self._channel.edit(chat, message_id, message)

    async def fetch(self, source: str) -> bytes:
        return await self._channel.fetch(source)
