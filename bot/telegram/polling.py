"""Asking Telegram for updates, where there is no public address: each is confirmed only once handled."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable
from datetime import UTC, datetime
from typing import Any

import structlog

from bot import leases
from bot.channel import SendError, Throttled
from bot.reception import TryLater
from bot.telegram.backlog import Backlog
from bot.telegram.channel import TelegramChannel
from bot.telegram.payload import keepable
from bot.telegram.updates import WANTED, inbound, tap_id
from bot.telegram.webhook import Receptionist
from handlers.envelopes import Inbound, Kind
from models.database import Database

LONG = 25
"""Seconds for which Telegram holds a question open when there is nothing new."""
LEASE = 60.0
MOST_AT_ONCE = 100

log: structlog.stdlib.BoundLogger = structlog.get_logger()


class Polling:
    """One process of all asks; it holds the lease `telegram:<bot>:poll`, the others stand by.

    Chats are served beside each other, the messages of one chat in their order. What could not be handled
    is tried again until the reception takes it. `pauses` are the first and the longest wait, in seconds,
    after a failure; `standby` is how often a process without the lease asks for it.
    """

    def __init__(
        self,
        channel: TelegramChannel,
        reception: Receptionist,
        database: Database,
        *,
        long: int = LONG,
        lease: float = LEASE,
        standby: float = 5.0,
        pauses: tuple[float, float] = (0.5, 15.0),
    ) -> None:
        self._channel, self._reception, self._database = channel, reception, database
        self._long, self._lease, self._standby, self._pauses = long, lease, standby, pauses
        self._name, self._holder = f"telegram:{channel.bot}:poll", leases.new_holder()
        self._renew_at = 0.0
        self._stopping = asyncio.Event()
        self._changed = asyncio.Event()
        self._backlog = Backlog()
        self._lanes: dict[str, deque[Inbound]] = {}
        self._workers: set[asyncio.Task[None]] = set()
        self._failures = 0

    async def run(self) -> None:
        """Until `stop`; then what is in hand is finished and confirmed, and the lease handed back."""
        while not self._stopping.is_set():
            if not await self._may_ask():
                await self._pause(self._standby)
                continue
            try:
                await self._ask()
            except SendError as error:
                await self._wait_out(error)
            except Exception as error:
                log.exception("telegram_polling_broke")
                await self._wait_out(SendError(type(error).__name__))
        if self._workers:
            await asyncio.wait(self._workers)
        await self._leave()

    def stop(self) -> None:
        self._stopping.set()

    async def _ask(self) -> None:
        offset = self._backlog.offset
        self._changed.clear()
        fields: dict[str, Any] = {"limit": MOST_AT_ONCE, "allowed_updates": list(WANTED)}
        fields |= {"timeout": 0 if self._backlog.in_hand else self._long}
        fields |= {"offset": offset} if offset else {}
        updates = await self._unless_stopping(self._call(fields))
        if updates is None:
            return
        self._failures = 0
        self._backlog.confirmed(offset)
        fresh = self._backlog.fresh(updates)
        for update in fresh:
            self._put_in_lane(keepable(update))
        if not fresh and (updates or self._backlog.in_hand):
            await self._until_something_is_done(0.2)

    async def _call(self, fields: dict[str, Any]) -> list[Any]:
        found = await self._channel.api.call("getUpdates", fields, patience=self._long + 10.0)
        return found if isinstance(found, list) else []

    def _put_in_lane(self, update: dict[str, Any]) -> None:
        arrived = inbound(update, bot=self._channel.bot, username=self._channel.username)
        if arrived is None:
            self._backlog.handled(update["update_id"])
            return
        lane = self._lanes.setdefault(arrived.chat, deque())
        lane.append(arrived)
        if len(lane) == 1:
            worker = asyncio.create_task(self._serve(arrived.chat, lane))
            self._workers.add(worker)
            worker.add_done_callback(self._workers.discard)

    async def _serve(self, chat: str, lane: deque[Inbound]) -> None:
        """The messages of one chat, one after the other; one in hand stays at the head of its lane."""
        while lane and not self._stopping.is_set():
            if await self._handle(lane[0]):
                self._backlog.handled(_number(lane.popleft()))
            self._changed.set()
        del self._lanes[chat]

    async def _handle(self, arrived: Inbound) -> bool:
        """Whether the message was handled, sooner or later; False when the program stops before."""
        pause, longest = self._pauses
        while not await self._taken(arrived):
            if self._stopping.is_set():
                return False
            await self._pause(pause)
            pause = min(2 * pause, longest)
        return True

    async def _taken(self, arrived: Inbound) -> bool:
        try:
            receipt = await self._reception.take(self._channel, arrived)
        except TryLater as error:
            log.warning("telegram_update_put_off", why=type(error).__name__)
            return False
        except Exception:
            log.exception("telegram_update_failed")
            return False
        if arrived.kind is Kind.TAP:
            await self._channel.answer_tap(tap_id(arrived), receipt.hint)
        return True

    async def _may_ask(self) -> bool:
        """Whether this process has the lease; it is renewed long before it runs out."""
        now = asyncio.get_running_loop().time()
        if now < self._renew_at:
            return True
        try:
            mine = await leases.hold(self._database, self._name, self._holder, self._lease, datetime.now(UTC))
        except Exception as error:
            log.warning("telegram_lease_unknown", why=type(error).__name__)
            mine = False
        self._renew_at = now + self._lease / 4 if mine else 0.0
        return mine

    async def _leave(self) -> None:
        if self._renew_at == 0.0:
            return
        try:
            if offset := self._backlog.offset:
                await self._channel.api.call(
                    "getUpdates", {"offset": offset, "limit": 1, "timeout": 0}, patience=5.0
                )
            await leases.release(self._database, self._name, self._holder)
        except Exception as error:
            log.warning("telegram_left_in_haste", why=type(error).__name__)

    async def _wait_out(self, error: SendError) -> None:
        first, longest = self._pauses
        pause = min(first * 2 ** min(self._failures, 16), longest)
        self._failures += 1
        log.warning("telegram_not_answering", why=str(error), again_after=pause)
        await self._pause(max(pause, error.after) if isinstance(error, Throttled) else pause)

    async def _until_something_is_done(self, seconds: float) -> None:
        await _first_of(self._stopping.wait(), self._changed.wait(), timeout=seconds)

    async def _pause(self, seconds: float) -> None:
        await _first_of(self._stopping.wait(), timeout=seconds)

    async def _unless_stopping(self, call: Awaitable[list[Any]]) -> list[Any] | None:
        """The answer; None when the program stops before it comes."""
        asking = asyncio.ensure_future(call)
        await _first_of(asking, self._stopping.wait())
        return asking.result() if asking.done() and not asking.cancelled() else None


async def _first_of(*waiting: Awaitable[Any], timeout: float | None = None) -> None:
    """Until one of them is done, or the time is over; the others are given up."""
    tasks = [asyncio.ensure_future(one) for one in waiting]
    try:
        await asyncio.wait(tasks, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
    finally:
        open_tasks = [task for task in tasks if not task.done()]
        for task in open_tasks:
            task.cancel()
        if open_tasks:
            await asyncio.wait(open_tasks)


def _number(arrived: Inbound) -> int:
    number: int = (arrived.raw or {})["update_id"]
    return number
