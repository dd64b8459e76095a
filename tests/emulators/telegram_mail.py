"""Updates on their way to the bot: asked for by long polling, or posted to its webhook, in order per chat."""

import asyncio
import time
from collections import deque
from dataclasses import dataclass, field

from tests.emulators.telegram_clock import Clock, Signal
from tests.emulators.telegram_courier import Courier, Webhook, is_success
from tests.emulators.telegram_errors import JSON, conflict

MESSAGE_LIVES = 24 * 3600.0
TAP_LIVES = 150.0
LONGEST_PAUSE = 60.0
ONLY_ON_REQUEST = {"chat_member", "message_reaction", "message_reaction_count"}
EVERY_KIND = "*"
WEBHOOK_IS_ACTIVE = (
    "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
)
SOMEBODY_ELSE_ASKS = "terminated by other getUpdates request; make sure that only one bot instance is running"

Lane = tuple[str, int]


@dataclass(slots=True, eq=False)
class Pending:
    """An update the bot has not confirmed yet; `replays` is how often it will come again all the same."""

    update: JSON
    kind: str
    lane: Lane
    expires: float
    failures: int = 0
    replays: int = 0

    @property
    def id(self) -> int:
        return int(self.update["update_id"])


@dataclass(slots=True)
class Duplication:
    kind: str | None
    left: int
    copies: int


@dataclass(slots=True)
class Mail:
    """The queue of updates. Those of one lane (a chat; the taps of a person) wait for each other."""

    clock: Clock
    changed: Signal
    courier: Courier
    webhook: Webhook | None = None
    allowed: frozenset[str] = frozenset()
    next_id: int = 700_000_001
    log: list[JSON] = field(default_factory=list)
    keep: bool = True
    _pending: dict[int, Pending] = field(default_factory=dict)
    _lanes: dict[Lane, deque[Pending]] = field(default_factory=dict)
    _workers: dict[Lane, asyncio.Task[None]] = field(default_factory=dict)
    _held: set[str] = field(default_factory=set)
    _duplications: list[Duplication] = field(default_factory=list)
    _polls: int = 0
    _places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(40))

    @property
    def waiting(self) -> list[Pending]:
        """What is not confirmed yet, oldest first."""
        return [self._pending[key] for key in sorted(self._pending)]

    @property
    def empty(self) -> bool:
        return not self._pending

    def push(self, kind: str, body: JSON, lane: Lane, lives: float = MESSAGE_LIVES) -> None:
        """Queue an update of this kind, if the bot asked for such updates."""
        wanted = kind in self.allowed if self.allowed else kind not in ONLY_ON_REQUEST
        if wanted:
            self.push_raw({kind: body}, kind, lane, lives)

    def push_raw(self, update: JSON, kind: str, lane: Lane, lives: float = MESSAGE_LIVES) -> JSON:
        """Queue anything; an update_id is added when there is none."""
        if "update_id" not in update:
            update = {"update_id": self.next_id, **update}
            self.next_id += 1
        entry = Pending(update, kind, lane, self.clock.seconds() + lives, replays=self._copies(kind))
        if self.keep:
            self.log.append(update)
        self._pending[entry.id] = entry
        self._lanes.setdefault(lane, deque()).append(entry)
        self._start(lane)
        self.changed.fire()
        return update

    def duplicate(self, kind: str | None, times: int, copies: int) -> None:
        self._duplications.append(Duplication(kind, times, copies))

    def hold(self, kind: str) -> None:
        """Keep back updates of this kind until they are released."""
        self._held.add(kind)

    def release(self, kind: str | None = None) -> None:
        """Let held updates go, of one kind or of every kind."""
        self._held = self._held - {kind} if kind else set()
        self._start_all()
        self.changed.fire()

    def drop_pending(self) -> None:
        self._pending.clear()
        self._lanes.clear()
        self.changed.fire()

    def forget_expired(self) -> None:
        now = self.clock.seconds()
        for entry in [entry for entry in self._pending.values() if entry.expires <= now]:
            del self._pending[entry.id]

    async def fetch(self, offset: int, limit: int, timeout: float, allowed: list[str] | None) -> list[JSON]:
        """getUpdates: confirms all before `offset`, then waits up to `timeout` real seconds for more."""
        if self.webhook:
            raise conflict(WEBHOOK_IS_ACTIVE)
        self.allowed = self.allowed if allowed is None else frozenset(allowed)
        self._confirm_before(offset)
        self._polls += 1
        mine, ends = self._polls, time.monotonic() + timeout
        self.changed.fire()
        while not (found := self._deliverable()) and (left := ends - time.monotonic()) > 0:
            await self.changed.wait(left)
            if mine != self._polls:
                raise conflict(SOMEBODY_ELSE_ASKS)
        return [entry.update for entry in found[:limit]]

    def set_webhook(self, webhook: Webhook | None) -> None:
        self._stop_workers()
        self.webhook = webhook
        if webhook:
            self._places = asyncio.Semaphore(webhook.max_connections)
        self._polls += 1
        self._start_all()
        self.changed.fire()

    async def close(self) -> None:
        workers = list(self._workers.values())
        self._stop_workers()
        await asyncio.gather(*workers, return_exceptions=True)
        await self.courier.close()

    def _copies(self, kind: str) -> int:
        for duplication in self._duplications:
            if duplication.left and duplication.kind in (None, kind):
                duplication.left -= 1
                return duplication.copies
        return 0

    def _is_held(self, entry: Pending) -> bool:
        return entry.kind in self._held or EVERY_KIND in self._held

    def _deliverable(self) -> list[Pending]:
        self.forget_expired()
        return [entry for entry in self.waiting if not self._is_held(entry)]

    def _confirm_before(self, offset: int) -> None:
        if offset < 0:
            ids = sorted(self._pending)
            offset = ids[offset] if len(ids) >= -offset else 0
        for entry in self.waiting:
            if entry.id < offset:
                self._confirm(entry)

    def _confirm(self, entry: Pending) -> None:
        if entry.replays:
            entry.replays -= 1
        elif self._pending.get(entry.id) is entry:
            del self._pending[entry.id]
        self.changed.fire()

    def _start_all(self) -> None:
        for lane in list(self._lanes):
            self._start(lane)

    def _start(self, lane: Lane) -> None:
        if self.webhook and lane not in self._workers:
            worker = asyncio.get_running_loop().create_task(self._drain(lane, self.webhook))
            self._workers[lane] = worker

    def _stop_workers(self) -> None:
        for worker in self._workers.values():
            worker.cancel()
        self._workers.clear()

    async def _drain(self, lane: Lane, webhook: Webhook) -> None:
        try:
            while entry := self._first_of(lane):
                await self._deliver(entry, webhook)
        finally:
            if self._workers.get(lane) is asyncio.current_task():
                del self._workers[lane]

    def _first_of(self, lane: Lane) -> Pending | None:
        queue = self._lanes.get(lane, deque())
        while queue and not self._is_alive(queue[0]):
            queue.popleft()
        if not queue:
            self._lanes.pop(lane, None)
            return None
        return None if self._is_held(queue[0]) else queue[0]

    def _is_alive(self, entry: Pending) -> bool:
        if self._pending.get(entry.id) is not entry:
            return False
        if entry.expires > self.clock.seconds():
            return True
        del self._pending[entry.id]
        self.changed.fire()
        return False

    async def _deliver(self, entry: Pending, webhook: Webhook) -> None:
        async with self._places:
            status = await self.courier.carry(entry.update, webhook.url, webhook.secret)
        if is_success(status):
            entry.failures = 0
            self._confirm(entry)
            return
        pause = 0.0 if entry.failures == 0 else min(2.0 ** (entry.failures - 1), LONGEST_PAUSE)
        entry.failures += 1
        await self.clock.sleep(pause)
