"""What somebody does at the page is written into their chat once, then handed to the front desk."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Protocol
from weakref import WeakValueDictionary

import structlog

from bot.channel import Channel
from bot.media import mime
from bot.web.answers import Answers
from bot.web.channel import ME, WebChannel, is_group, utcnow
from handlers.envelopes import Inbound, Kind, Media, Receipt
from models import web
from models.database import Database
from models.web import WebMessage

log = structlog.get_logger()


class Takes(Protocol):
    """The front desk: `bot.reception.Reception`, or whoever stands in for it."""

    async def take(self, channel: Channel, inbound: Inbound) -> Receipt: ...


class NotTaken(Exception):
    """The front desk could not take it now: it stays in the chat as not delivered, to be sent again."""

    message: WebMessage | None = None


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who does something: the account, its name and its language."""

    account: str
    name: str
    language: str


@dataclass(frozen=True, slots=True)
class Deed:
    """What was done, as it is kept in the log. `key` is the page's own: a repeat carries the same one.

    `state` is 'sending' until the desk has taken it, then ''; 'failed' when it could not.
    """

    key: str
    text: str = ""
    reply_to: str = ""
    tap: str = ""
    tapped: str = ""
    files: tuple[str, ...] = ()
    name: str = ""
    state: str = "sending"


class Counter:
    """One chat's deeds go to the desk one after the other, in the order they arrived here."""

    def __init__(
        self,
        database: Database,
        channel: WebChannel,
        reception: Takes,
        *,
        now: Callable[[], datetime] = utcnow,
    ) -> None:
        self._database, self._channel, self._reception, self._now = database, channel, reception, now
        self._queues: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    async def hear(self, speaker: Speaker, chat: str, deed: Deed) -> tuple[WebMessage, Receipt]:
        """Log a deed and hand it over, unless it was taken already. Raises NotTaken."""
        async with self._queue(speaker, chat):
            message, fresh = await self._written(speaker, chat, deed)
            if not fresh and _deed(message).state == "":
                return message, Receipt(repeated=True)
            return message, await self._hand_over(speaker, message, _deed(message))

    async def press(self, speaker: Speaker, chat: str, deed: Deed) -> Receipt:
        """Hand over a tap; its label is said by the person once it is answered. Raises NotTaken."""
        echo = asdict(replace(deed, state="")) if deed.text and not is_group(chat) else None
        async with self._queue(speaker, chat):
            answers = Answers(self._channel, echo)
            receipt = await self._taken(answers, speaker, chat, deed)
            if not answers.moved and deed.tap.startswith(("a.", "c.")) and deed.tapped:
                await self._channel.put_away(chat, int(deed.tapped))
            return receipt

    async def again(self, speaker: Speaker, chat: str, number: int) -> tuple[WebMessage, Receipt] | None:
        """Hand over a message that was not taken before; None when this person has no such one."""
        async with self._queue(speaker, chat):
            async with self._database.reading() as session:
                message = await web.one(session, chat, number)
            if message is None or message.sender != _sender(speaker, chat):
                return None
            if _deed(message).state == "":
                return message, Receipt(repeated=True)
            return message, await self._hand_over(speaker, message, _deed(message))

    def _queue(self, speaker: Speaker, chat: str) -> asyncio.Lock:
        return self._queues.setdefault((chat, speaker.account), asyncio.Lock())

    async def _written(self, speaker: Speaker, chat: str, deed: Deed) -> tuple[WebMessage, bool]:
        body = asdict(replace(deed, name=speaker.name))
        async with self._database.transaction() as session:
            written = await web.post_once(session, chat, _sender(speaker, chat), body, self._now())
        self._channel.live.ring()
        return written

    async def _hand_over(self, speaker: Speaker, message: WebMessage, deed: Deed) -> Receipt:
        answers = Answers(self._channel)
        try:
            receipt = await self._taken(answers, speaker, message.chat, deed, str(message.id))
        except NotTaken as refused:
            refused.message = message
            with suppress(Exception):  # the database may be what is away; the page says so in any case
                await self._mark(message, "failed")
            raise
        await self._mark(message, "")
        if not answers.moved and not is_group(message.chat):
            await self._channel.put_away(message.chat)
        return receipt

    async def _taken(
        self, channel: Channel, speaker: Speaker, chat: str, deed: Deed, ref: str = ""
    ) -> Receipt:
        hint = ""
        try:
            for inbound in _inbounds(speaker, chat, deed, ref):
                receipt = await self._reception.take(channel, inbound)
                hint = receipt.hint or hint
        except Exception as error:
            log.warning("web_message_not_taken", error=type(error).__name__)
            raise NotTaken from error
        return Receipt(hint=hint)

    async def _mark(self, message: WebMessage, state: str) -> None:
        """Note how it went, for every page that shows the chat."""
        body = {**message.body, "state": state}
        async with self._database.transaction() as session:
            marked = await web.change(session, message.chat, message.id, body)
        if marked is not None:
            message.body, message.changed = marked.body, marked.changed
        self._channel.live.ring()


def _sender(speaker: Speaker, chat: str) -> str:
    return speaker.account if is_group(chat) else ME


def _deed(message: WebMessage) -> Deed:
    return Deed(**{**message.body, "files": tuple(message.body["files"])})


def _inbounds(speaker: Speaker, chat: str, deed: Deed, ref: str) -> Iterator[Inbound]:
    said = Inbound(
        channel=WebChannel.name,
        bot=WebChannel.bot,
        chat=chat,
        account=speaker.account,
        key=f"{speaker.account}:{deed.key}",
        kind=Kind.TAP if deed.tap else Kind.TEXT,
        text="" if deed.tap else deed.text,
        ref=ref,
        reply_to=deed.reply_to,
        group=is_group(chat),
        name=speaker.name,
        language=speaker.language,
        tap=deed.tap,
        tapped=deed.tapped,
    )
    if not deed.files:
        yield said
    album = deed.key if len(deed.files) > 1 else ""
    for number, path in enumerate(deed.files):
        yield replace(
            said,
            kind=Kind.PHOTO,
            key=f"{said.key}.{number}",
            text=deed.text if number == 0 else "",
            media=Media(path, mime=mime(path), album=album),
        )
