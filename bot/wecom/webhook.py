"""Where WeCom delivers what staff say and tap: heard once, answered in time, seen through beyond."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from functools import partial
from typing import Any, Protocol

import structlog

from bot.channel import Channel
from bot.reception import DatabaseDown, TryLater
from bot.turns import Turns
from bot.wecom.channel import WecomChannel
from bot.wecom.updates import inbound, right_to_change
from handlers.envelopes import Inbound, Receipt
from models.database import is_down

PATIENCE = 4.5
LONGER = 4 / 3
"""Seconds; WeCom hangs up after five, and comes three times in all (WeCom docs: 接收消息服务器配置)."""
KNOCKS = 3
LAST_AFTER = 9.0
"""Seconds after which a delivery is taken for the last one, wherever the ones before may have gone."""
REMEMBERED = 200
"""Letters that would get their replies a second time if they came once more, because our answer got lost."""
AGAIN = (1.0, 5.0, 25.0)
"""Seconds until the next try at what WeCom has been told is in good hands."""

FORGOTTEN_AFTER = 60.0
LONGEST_TIME = 12

log: structlog.stdlib.BoundLogger = structlog.get_logger()


class Receptionist(Protocol):
    async def take(self, channel: Channel, inbound: Inbound) -> Receipt: ...


class Listener:
    """`hear` returns when a letter was handled; replies leave by the channel.

    Raises TryLater when it was not handled: then WeCom delivers it again. While it is still in hand, WeCom is
    kept waiting until it comes again, since what it has been told is safe must be; the third time it is
    told so all the same, and the work is seen through.
    """

    def __init__(
        self,
        channel: WecomChannel,
        reception: Receptionist,
        *,
        patience: float = PATIENCE,
        again: tuple[float, ...] = AGAIN,
    ) -> None:
        self._channel, self._reception = channel, reception
        self._patience, self._again = patience, again
        self._turns = Turns()
        self._in_hand: set[asyncio.Task[None]] = set()
        self._slow: dict[str, tuple[asyncio.Task[None], int]] = {}
        self._heard: deque[str] = deque(maxlen=REMEMBERED)

    async def hear(self, letter: Mapping[str, Any]) -> None:
        arrived = inbound(letter, bot=self._channel.bot)
        if arrived is None:
            return None
        work = partial(self._taken, arrived, right_to_change(letter))
        first, knocks = self._slow.get(arrived.key) or (self._begun(work()), 0)
        self._slow[arrived.key] = first, knocks + 1
        last = knocks + 1 >= KNOCKS or _age(letter) > LAST_AFTER
        finished, _ = await asyncio.wait({first}, timeout=self._patience * (1 if last else LONGER))
        if finished or last:
            self._slow.pop(arrived.key, None)
        if finished:
            return first.result()
        log.warning("wecom_answer_late", kind=arrived.kind.value, knocks=knocks + 1)
        asyncio.get_running_loop().call_later(FORGOTTEN_AFTER, self._slow.pop, arrived.key, None)
        if not last:
            raise TryLater("still in hand")
        self._begun(self._see_through(first, work))
        return None

    async def finish(self, seconds: float) -> None:
        """Give what is still being handled some time to end."""
        if self._in_hand:
            await asyncio.wait(self._in_hand, timeout=seconds)

    def _begun(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Whoever waits for it may go away; the work goes on."""
        task = asyncio.create_task(work)
        self._in_hand.add(task)
        task.add_done_callback(self._in_hand.discard)
        return task

    async def _taken(self, arrived: Inbound, right: tuple[str, str] | None) -> None:
        async with self._turns.turn(arrived.account):
            if arrived.key in self._heard:
                return
            if right is not None:
                await self._remember(arrived.chat, *right)
            await self._reception.take(self._channel, arrived)
            self._heard.append(arrived.key)

    async def _remember(self, chat: str, task: str, code: str) -> None:
        """Written down before the tap is handled, so that its card can be changed by whatever comes of it."""
        try:
            await self._channel.remember(chat, task, code)
        except Exception as error:
            if not is_down(error):
                raise
            raise DatabaseDown from error

    async def _see_through(
        self, first: Awaitable[None], work: Callable[[], Coroutine[Any, Any, None]]
    ) -> None:
        """WeCom has been told that all is well: what fails now is tried again here."""
        attempt = first
        for pause in self._again:
            if await _succeeded(attempt):
                return
            await asyncio.sleep(pause)
            attempt = work()
        if not await _succeeded(attempt):
            log.error("wecom_message_lost")


def _age(letter: Mapping[str, Any]) -> float:
    """How many seconds ago it was written, as far as the clocks agree."""
    written = str(letter.get("CreateTime", ""))
    dated = written.isascii() and written.isdecimal() and len(written) <= LONGEST_TIME
    return time.time() - int(written) if dated else 0.0


async def _succeeded(attempt: Awaitable[None]) -> bool:
    try:
        await attempt
    except TryLater:
        return False
    except Exception:
        log.exception("wecom_message_failed")
    return True
