"""The reception: takes in what arrives at a door, answers it, and says so when it could not."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import structlog

from bot import figures
from bot.channel import Channel, Gone, PartlySent, SendError, Throttled, Unacceptable, Uncertain, Unreachable
from bot.pace import Pace
from flows.engine.messages import Phrase
from handlers import deadletters, passive
from handlers.cards import posting
from handlers.desk import Desk, Work
from handlers.envelopes import Inbound, Kind, Outgoing, Receipt
from handlers.inbound import locale_of, receive
from handlers.outbox import delivery
from handlers.outbox.heritage import THROTTLED, THROTTLED_EVERYWHERE
from handlers.routing import NEWS
from models.database import is_down

log: structlog.stdlib.BoundLogger = structlog.get_logger()

KEPT = timedelta(days=1)


class TryLater(Exception):
    """The message was not handled; the door lets it come again."""


class DatabaseDown(TryLater):
    """The database cannot be reached."""


class Reception:
    """One for all doors.

    `wake` is called when something may wait in the outbox, `spent` with (channel, bot, chat, group) when
    a reply went out directly, `paused` with (channel, bot, chat or None for all, seconds) when the vendor
    wants to be left alone for a while; `forbidden` tells of (channel, bot, chat) whether that is so now.
    """

    def __init__(
        self,
        desk: Desk,
        wake: Callable[[], None] = lambda: None,
        spent: Callable[[str, str, str, bool], None] = lambda *_: None,
        paused: Callable[[str, str, str | None, float], None] = lambda *_: None,
        pace: Pace | None = None,
        forbidden: Callable[[str, str, str], Throttled | None] = lambda *_: None,
    ) -> None:
        self._desk, self._wake, self._spent, self._paused = desk, wake, spent, paused
        self._pace, self._forbidden = pace or Pace(0), forbidden
        self._in_hand: dict[int, float] = {}

    async def take(
        self, channel: Channel, inbound: Inbound, *, late: Callable[[], bool] = lambda: False
    ) -> Receipt:
        """Handle a message once and send its replies. Raises TryLater when it was not handled.

        What one person sends too fast is not handled either, but answered: it is theirs to repeat. On a
        passive channel the reply is left to the door, for its response; it is queued instead when the door,
        asked once the message is handled, says that it is too `late` for that.
        """
        if inbound.kind not in NEWS and not self._pace.allows(inbound.channel, inbound.bot, inbound.account):
            return await self._too_fast(channel, inbound)
        started = time.monotonic()
        ticket = id(inbound)
        self._in_hand[ticket] = started
        try:
            receipt = await self._handled(inbound, late)
            await self._answer(channel, inbound, receipt)
        except Exception as error:
            if not is_down(error):
                raise
            log.warning("database_down", error=type(error).__name__)
            raise DatabaseDown from error
        finally:
            del self._in_hand[ticket]
            figures.seconds.labels(inbound.channel).observe(time.monotonic() - started)
        if receipt.posted or (receipt.queued and not receipt.repeated):
            self._wake()
        return receipt

    def lag(self) -> float:
        """For how many seconds the longest unanswered message has been in hand."""
        return max((time.monotonic() - began for began in self._in_hand.values()), default=0.0)

    async def _too_fast(self, channel: Channel, inbound: Inbound) -> Receipt:
        figures.handled.labels(inbound.channel, "too_fast").inc()
        locale = locale_of(inbound.language, self._desk.texts.locales)
        told = self._desk.texts.say(Phrase("system.too_fast"), locale)
        if inbound.group or inbound.kind is Kind.TAP:
            return Receipt(hint=told)
        if not self._pace.tells(inbound.channel, inbound.bot, inbound.account):
            return Receipt(hint=told)
        receipt = Receipt((Outgoing(told),))
        await self._answer(channel, inbound, receipt)
        return receipt

    async def too_late(self, inbound: Inbound, receipt: Receipt) -> None:
        """The response went out without the reply, although it was made in time: it follows by itself."""
        async with self._desk.database.transaction() as session:
            await passive.missed(Work(self._desk, session, self._desk.now()), inbound, receipt)
        self._wake()

    async def _handled(self, inbound: Inbound, late: Callable[[], bool]) -> Receipt:
        try:
            receipt = await receive(self._desk, inbound, late=late)
        except Exception as error:
            if is_down(error):
                raise
            figures.handled.labels(inbound.channel, "failed").inc()
            log.exception("message_failed", channel=inbound.channel, kind=inbound.kind.value)
            apology = await deadletters.failed(self._desk, inbound, error)
            if apology is None:
                raise TryLater from error
            return apology
        outcome = "repeated" if receipt.repeated else "handled"
        figures.handled.labels(inbound.channel, outcome).inc()
        return receipt

    async def _answer(self, channel: Channel, inbound: Inbound, receipt: Receipt) -> None:
        """Send the replies now; what cannot be sent now waits in the outbox, in order."""
        if receipt.queued or channel.capabilities.passive:
            return
        for number, reply in enumerate(receipt.replies):
            try:
                message = await self._send(channel, inbound, reply)
            except SendError as error:
                await self._put_off(inbound, receipt.replies[number:], error)
                return
            except Exception as error:
                if is_down(error):
                    raise
                log.exception("channel_broke", channel=inbound.channel)
                await self._put_off(inbound, receipt.replies[number:], SendError(type(error).__name__))
                return
            self._spent(inbound.channel, inbound.bot, inbound.chat, inbound.group)
            if reply.ticket is not None:
                await self._remember(inbound, reply.ticket, message)

    async def _send(self, channel: Channel, inbound: Inbound, reply: Outgoing) -> str:
        chat, forbidden = inbound.chat, self._forbidden(inbound.channel, inbound.bot, inbound.chat)
        if forbidden is not None:
            raise forbidden
        if reply.replace and channel.capabilities.edits:
            try:
                await channel.edit(chat, reply.replace, reply)
            except (Gone, Unacceptable):
                log.info("edit_became_post", channel=channel.name)
            else:
                return reply.replace
        return await channel.send(chat, reply)

    async def _put_off(self, inbound: Inbound, left: tuple[Outgoing, ...], error: SendError) -> None:
        log.warning("reply_put_off", channel=inbound.channel, error=type(error).__name__)
        if isinstance(error, PartlySent):
            left, error = (*error.rest, *left[1:]), error.why
        now, after, why = self._desk.now(), 1.0, type(error).__name__
        if isinstance(error, Throttled):
            after, why = error.after, THROTTLED_EVERYWHERE if error.everywhere else THROTTLED
            self._paused(inbound.channel, inbound.bot, None if error.everywhere else inbound.chat, after)
        async with self._desk.database.transaction() as session:
            if isinstance(error, Unreachable) and not inbound.group:
                await deadletters.unreachable(session, inbound)
                return
            if isinstance(error, Uncertain):
                left = left[1:]
            for reply in left:
                await delivery.post(
                    session,
                    channel=inbound.channel,
                    bot=inbound.bot,
                    chat=inbound.chat,
                    message=replace(reply, replace=""),
                    now=now,
                    ticket=reply.ticket,
                    not_before=now + timedelta(seconds=after),
                    expires_at=now + KEPT,
                    tried=why,
                )

    async def _remember(self, inbound: Inbound, ticket: int, message: str) -> None:
        """A reply to this message is about its ticket."""
        async with self._desk.database.transaction() as session:
            work = Work(self._desk, session, self._desk.now())
            await posting.remember(
                work,
                ticket,
                channel=inbound.channel,
                bot=inbound.bot,
                chat=inbound.chat,
                message=message,
            )
