"""The way into a group through its robot: it says what we tell it, and nobody can answer it."""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import replace
from typing import Any

import structlog

from bot.channel import Gone, Unacceptable
from bot.photos import Load
from bot.tencent.api import Api, ApiError
from bot.wecom import card, words
from bot.wecom.errors import CardRefused, meaning
from bot.wecom.escaping import is_key
from bot.wecom.posting import alone, in_parts, picture
from handlers.envelopes import Capabilities, Outgoing

NAME = "robot"
BOT = "wecom"
SEND = "/cgi-bin/webhook/send"

log: structlog.stdlib.BoundLogger = structlog.get_logger()


class RobotChannel:
    """Every robot of every group. A chat is the key of one, a secret: it goes into no log and no error.

    There are no ids of what was sent, and nothing to be changed or fetched (WeCom docs: 消息推送配置说明).
    """

    name = NAME
    bot = BOT
    capabilities = Capabilities(
        NAME, buttons=False, edits=False, links=True, text_limit=words.MARKDOWN.limit, bytes=True
    )

    def __init__(self, api: Api, load: Load) -> None:
        self._api, self._load = api, load

    def split(self, message: Outgoing) -> tuple[Outgoing, ...]:
        said = replace(message, pictures=())
        one = card.notice(said) is not None
        return (*alone(message), *((said,) if one else words.split(said, words.MARKDOWN)))

    async def send(self, chat: str, message: Outgoing) -> str:
        if not is_key(chat):
            raise Unacceptable("not the key of a robot")

        async def post(part: Outgoing) -> str:
            await self._post(chat, part)
            return f"r.{secrets.token_hex(8)}"

        return await in_parts(self.split(message), post)

    async def edit(self, chat: str, message_id: str, message: Outgoing) -> None:
        raise Gone("a robot cannot change what it said")

    async def fetch(self, source: str) -> bytes:
        raise Unacceptable("a robot is sent nothing")

    async def _post(self, chat: str, part: Outgoing) -> None:
        if part.pictures:
            await picture(
                self._load, part.pictures[0].attachment, lambda file: self._picture(chat, file.data)
            )
            return
        shown = card.notice(part)
        if shown is not None:
            try:
                await self._call(chat, "template_card", shown)
            except CardRefused as why:
                log.warning("wecom_card_refused", why=str(why))
            else:
                return
        await self._call(chat, "markdown", {"content": words.written(part, words.MARKDOWN)})

    async def _picture(self, chat: str, data: bytes) -> None:
        digest = hashlib.md5(data, usedforsecurity=False).hexdigest()
        await self._call(chat, "image", {"base64": base64.b64encode(data).decode(), "md5": digest})

    async def _call(self, chat: str, kind: str, content: dict[str, Any]) -> None:
        try:
            await self._api.call(SEND, {"msgtype": kind, kind: content}, query={"key": chat})
        except ApiError as error:
            raise meaning(f"robot {kind}", error) from None
