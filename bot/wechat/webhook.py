"""Where WeChat brings what residents write; the answer goes back with the messenger, who waits 5 seconds."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

import structlog

from bot import figures
from bot.channel import Channel
from bot.reception import TryLater
from bot.turns import Turns
from bot.wechat import outgoing
from bot.wechat.updates import NAME, Report, inbound
from handlers.envelopes import Inbound, Outgoing, Receipt

PATH = "/wechat/callback"
ANSWER_WITHIN = 14.0
"""Seconds: what takes longer goes by way of the outbox. WeChat waits 5, three times (被动回复用户消息)."""
WAIT = 4.5
LONGER = 4 / 3
"""What we wait of that where WeChat is to lose its patience and come again."""
KNOCKS = 3
"""So often WeChat delivers a message that is not answered; after that it never comes again."""
AGAIN = (1.0, 5.0, 25.0)
"""Seconds until the next try at what WeChat was told is in good hands."""
LONGEST_TIME = 12
FAREWELL = 10.0
"""Seconds for what is still in hand when the program stops."""
LAST_AFTER = 9.0
"""Seconds after which a delivery is taken for the last one, wherever the ones before may have gone."""

log: structlog.stdlib.BoundLogger = structlog.get_logger()

Reply = Mapping[str, Any]


class Receptionist(Protocol):
    async def take(
        self, channel: Channel, inbound: Inbound, *, late: Callable[[], bool] = ...
    ) -> Receipt: ...

    async def too_late(self, inbound: Inbound, receipt: Receipt) -> None: ...


@dataclass(slots=True)
class _InHand:
    """A message that is being handled: how often it was brought meanwhile, and who waits for the answer.

    `over` is true once WeChat was told that it is in good hands.
    """

    until: float
    work: asyncio.Task[Receipt] | None = None
    knocks: int = 0
    waiting: int = 0
    over: bool = False

    def late(self) -> bool:
        """Whether an answer would find nobody who waits for it."""
        return self.over or not self.waiting or time.monotonic() > self.until


class Webhook:
    """`handle` is what `bot.tencent.callback.Callback` asks for; `tappable` turns lines into links.

    A message counts as delivered only when it has been handled: while it is still in hand as WeChat's
    patience ends, WeChat is kept waiting, so that it brings the message again, which meets the work under
    way. The third time is the last; then it is accepted, since WeChat would show the resident an error.
    """

    def __init__(
        self,
        channel: Channel,
        reception: Receptionist,
        *,
        tappable: bool = False,
        within: float = ANSWER_WITHIN,
        wait: float = WAIT,
        again: tuple[float, ...] = AGAIN,
    ) -> None:
        self._channel, self._reception, self._tappable = channel, reception, tappable
        self._within, self._wait, self._again = within, wait, again
        self._turns = Turns()
        self._in_hand: dict[str, _InHand] = {}

    async def handle(self, fields: Mapping[str, Any]) -> Reply | None:
        """The fields of the reply, or None where there is nothing to say at once. Raises TryLater."""
        arrived = inbound(fields, bot=self._channel.bot)
        if isinstance(arrived, Report):
            _note(arrived)
            return None
        receipt = None if arrived is None else await self._heard(arrived)
        if receipt is None or receipt.queued or not receipt.replies:
            return None
        return self._reply(fields, receipt.replies[0])

    async def finish(self, seconds: float = FAREWELL) -> None:
        """Give what is still in hand, though nobody waits for its answer, some time to end."""
        left = [held.work for held in self._in_hand.values() if held.work is not None]
        if left:
            await asyncio.wait(left, timeout=seconds)

    async def _heard(self, arrived: Inbound) -> Receipt | None:
        """What the reception says; None when it has not said it in time, and nobody will ask again."""
        held = self._in_hand.get(arrived.key)
        if held is None:
            held = self._in_hand[arrived.key] = _InHand(time.monotonic() + self._within)
            held.work = asyncio.create_task(self._handled(arrived, held))
        assert held.work is not None
        held.knocks += 1
        held.waiting += 1
        last = held.knocks >= KNOCKS or _age(arrived) > LAST_AFTER
        done, _ = await asyncio.wait({held.work}, timeout=self._wait if last else self._wait * LONGER)
        held.waiting -= 1
        if done:
            return held.work.result()
        log.warning("wechat_message_slow", knocks=held.knocks)
        if not last:
            raise TryLater("still in hand")
        held.over = True
        return None

    async def _handled(self, arrived: Inbound, held: _InHand) -> Receipt:
        """What fails is WeChat's to bring again; what it will not bring any more is tried again here."""
        try:
            for pause in self._again:
                try:
                    return await self._answered(arrived, held)
                except Exception as error:
                    if not held.over:
                        raise
                    log.warning("wechat_message_tried_again", error=type(error).__name__, after=pause)
                await asyncio.sleep(pause)
            return await self._answered(arrived, held)
        except Exception as error:
            if held.waiting:
                raise
            log.error("wechat_message_failed_late", error=type(error).__name__, knocks=held.knocks)
            return Receipt(queued=True)
        finally:
            del self._in_hand[arrived.key]

    async def _answered(self, arrived: Inbound, held: _InHand) -> Receipt:
        """Whoever brought it may be gone by then: then the reply follows by way of the outbox.

        That is for the process to see to that has handled the message: another one that was brought it, too,
        gives the same answer to whoever waits there, or to nobody. But who has accepted it without an answer
        knows that none was taken before, and that none will be.
        """
        async with self._turns.turn(arrived.account):
            receipt = await self._reception.take(self._channel, arrived, late=held.late)
        if receipt.queued or not receipt.replies or not held.late() or (receipt.repeated and not held.over):
            return receipt
        await self._reception.too_late(arrived, receipt)
        return replace(receipt, queued=True)

    def _reply(self, fields: Mapping[str, Any], said: Outgoing) -> Reply | None:
        """A text the other way round (WeChat docs: 回复文本消息)."""
        content = outgoing.words(said, tappable=self._tappable)
        if not content:
            log.error("wechat_reply_without_words", pictures=len(said.pictures))
            return None
        return {
            "ToUserName": fields["FromUserName"],
            "FromUserName": fields.get("ToUserName", ""),
            "CreateTime": int(time.time()),
            "MsgType": "text",
            "Content": content,
        }


def _age(arrived: Inbound) -> float:
    """How many seconds ago it was said, as far as the clocks agree."""
    said = str((arrived.raw or {}).get("CreateTime", ""))
    return time.time() - int(said) if said.isdecimal() and len(said) <= LONGEST_TIME else 0.0


def _note(report: Report) -> None:
    figures.handled.labels(NAME, report.event).inc()
    log.warning("wechat_reports", event_name=report.event, told=report.told)
