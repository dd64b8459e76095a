"""The sender: takes what waits in the outbox to its channel, in order, and no faster than allowed."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import structlog

from bot import leases
from bot.budget import UNLIMITED, Budget, Limits
from bot.channel import (
    Channel,
    Gone,
    Moved,
    SendError,
    Shut,
    Temporary,
    Throttled,
    Unacceptable,
    Unreachable,
)
from handlers.outbox import dispatch, outcomes, turns
from handlers.outbox.dispatch import Claim
from handlers.outbox.door import Door
from handlers.outbox.heritage import THROTTLED, THROTTLED_EVERYWHERE, inherit
from handlers.outbox.lettering import Letter, Spoilt
from handlers.outbox.outcomes import Callbacks, Outcome, Result
from handlers.outbox.settling import settle
from models.database import Database, is_down

log: structlog.stdlib.BoundLogger = structlog.get_logger()

BACKOFF = (1.0, 2.0, 5.0, 15.0, 30.0, 60.0)
"""Seconds before the next try, by how often it failed; the last one again and again."""
TRIES_AT_THE_END = 5


def utcnow() -> datetime:
    return datetime.now(UTC)


class Sender:
    """Drains the outbox of one bot, while it holds the lease `sender:<channel>:<bot>`.

    Several processes may run one each: a single one sends, another takes over when it stops or dies.
    """

    def __init__(
        self,
        database: Database,
        channel: Channel,
        callbacks: Callbacks,
        *,
        limits: Limits = UNLIMITED,
        now: Callable[[], datetime] = utcnow,
        holder: str = "",
        lease: float = 20.0,
        poll: float = 1.0,
        concurrency: int = 20,
        patience: float = 60.0,
        jitter: Callable[[float], float] = lambda seconds: seconds * random.uniform(0.8, 1.2),
    ) -> None:
        self.channel = channel
        self.name = f"sender:{channel.name}:{channel.bot}"
        self.holder = holder or leases.new_holder()
        self.budget = Budget(limits, now)
        self._limits = limits
        self._database, self._callbacks, self._now, self._jitter = database, callbacks, now, jitter
        can = channel.capabilities
        self._door = Door(channel.name, channel.bot, channel.split, edits=can.edits, merges=can.passive)
        self._lease, self._poll, self._concurrency, self._patience = lease, poll, concurrency, patience
        self._awake = asyncio.Event()
        self._expecting = True
        self._letters: dict[str, Letter] = {}
        self._calls: dict[str, asyncio.Task[None]] = {}
        self._answered: list[tuple[Letter, Result]] = []
        self._held_until: datetime | None = None
        self._renew_at: datetime | None = None

    @property
    def leading(self) -> bool:
        """Whether this process is the one that sends."""
        return self._held_until is not None and self._now() < self._held_until

    def wake(self) -> None:
        """Something was put into the outbox by this process: look now instead of at the next poll."""
        self._expecting = True
        self._awake.set()

    def counted(self, chat: str, *, group: bool = False) -> None:
        """A post that went past the outbox, such as a direct reply, counts against the budget, too."""
        self.budget.remember(chat, self._now(), group=group)

    def pause(self, chat: str | None, seconds: float) -> None:
        """The vendor wants no post to a chat, or to anybody, for so long."""
        self.budget.pause(chat, self._now() + timedelta(seconds=seconds))

    def forbidden(self, chat: str) -> Throttled | None:
        """What the vendor would say to a post just now, as far as it has told us."""
        for place in (None, chat):
            if (rest := self.budget.rest(place)) > 0:
                return Throttled(rest, everywhere=place is None)
        return None

    async def run(self, stop: asyncio.Event) -> None:
        """Send until `stop`; then finish the calls under way, record them and hand the lease over."""
        stopping = asyncio.create_task(self._wake_on(stop))
        try:
            while not stop.is_set():
                await self._turn()
            await self._finish()
        finally:
            stopping.cancel()
            for call in self._calls.values():
                call.cancel()

    async def drain(self) -> None:
        """Send all that may leave now, and wait until it has left."""
        while await self._lead():
            self._expecting = True
            again = await self._step()
            if self._calls:
                await asyncio.wait(self._calls.values(), return_when=asyncio.FIRST_COMPLETED)
            elif not again and not self._answered:
                return

    async def _wake_on(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._awake.set()

    async def _turn(self) -> None:
        """One look at the outbox, and a rest until there is a reason for the next."""
        self._awake.clear()
        try:
            while await self._lead() and await self._step():
                pass
            rest = self._rest()
        except Exception as error:
            if is_down(error):
                log.warning("database_down", sender=self.name, error=type(error).__name__)
            else:
                log.exception("sender_turn_failed", sender=self.name)
            self._awake.clear()
            rest = self._poll
        with suppress(TimeoutError):
            async with asyncio.timeout(rest):
                await self._awake.wait()

    def _rest(self) -> float:
        opens = self.budget.opens() if self.leading else None
        if opens is None:
            return self._poll
        return min(self._poll, max(0.001, (opens - self._now()).total_seconds()))

    async def _lead(self) -> bool:
        """Hold the lease, renewed long before it ends; on taking it, go on where the last sender stopped."""
        now = self._now()
        took_over = not self.leading
        if not took_over and self._renew_at is not None and now < self._renew_at:
            return True
        if not await leases.hold(self._database, self.name, self.holder, self._lease, now):
            self._held_until = None
            await self._record()
            return False
        if took_over:
            await self._take_over()
        self._held_until = now + timedelta(seconds=self._lease)
        self._renew_at = now + timedelta(seconds=self._lease / 4)
        return True

    async def _take_over(self) -> None:
        """What the last sender had under way is unknown; what it has spent is spent; its pauses hold."""
        now, memory = self._now(), timedelta(seconds=self._limits.longest)
        own = {letter.row for letter in self._letters.values()}
        async with self._database.transaction() as session:
            heritage = await inherit(session, self._door, now, memory)
            orphans = [row for row in heritage.orphans if row not in own]
            unknown = [Result(row, now, outcomes.Unsure("the sender died")) for row in orphans]
            await settle(session, self._callbacks, unknown)
        for chat, group, at in heritage.spent:
            self.budget.remember(chat, at, group=group)
        for paused, until in heritage.pauses:
            self.budget.pause(paused, until)
        log.info("sender_leads", sender=self.name, unknown=len(unknown))

    async def _step(self) -> bool:
        """Record the answers there are and make the next calls; True if there may be more to do at once."""
        await self._record()
        claim = await self._claim()
        for letter in claim.letters:
            self._letters[letter.chat] = letter
            self._calls[letter.chat] = asyncio.create_task(self._call(letter))
        return claim.again

    async def _claim(self) -> Claim:
        """Take the next rows, in a transaction of its own: it is committed before any call is made."""
        most = self._concurrency - len(self._letters)
        if most <= 0 or self.budget.closed() or not await self._worth_a_look():
            return Claim()
        now = self._now()
        try:
            async with self._database.transaction() as session:
                return await dispatch.claim(
                    session, self._door, self.budget, self._callbacks, now=now, most=most
                )
        except Spoilt as spoilt:
            log.exception("message_cannot_be_drawn", row=spoilt.row)
            await self._set_aside(spoilt.row)
            return Claim(again=True)
        finally:
            self._expecting = False

    async def _worth_a_look(self) -> bool:
        """A mere poll first looks without a lock."""
        if self._expecting:
            return True
        async with self._database.reading() as session:
            return await turns.anything(session, self._door, self.budget.shut(), self._now())

    async def _set_aside(self, row: int) -> None:
        self.budget.abandon(self._letters)
        pause = timedelta(seconds=self._jitter(BACKOFF[2]))
        async with self._database.transaction() as session:
            await dispatch.set_aside(session, self._callbacks, row, now=self._now(), pause=pause)

    async def _call(self, letter: Letter) -> None:
        outcome = await self._made(letter)
        self._answered.append((letter, Result(letter.row, self._now(), outcome)))
        del self._calls[letter.chat]
        self._expecting = True
        self._awake.set()

    async def _made(self, letter: Letter) -> Outcome:
        """Make the call; every way in which it can end is an outcome."""
        try:
            async with asyncio.timeout(self._patience):
                return await self._said(letter)
        except TimeoutError:
            return outcomes.Unsure("no answer")
        except SendError as error:
            return self._failed(letter, error)
        except Exception as error:
            log.exception("channel_broke", sender=self.name, row=letter.row)
            return outcomes.Unsure(type(error).__name__)

    async def _said(self, letter: Letter) -> Outcome:
        if not letter.edits:
            sent = await self.channel.send(letter.chat, letter.message)
            return outcomes.Taken(sent, letter.shown, more=letter.more)
        await self.channel.edit(letter.chat, letter.edits, letter.message)
        return outcomes.Taken(letter.edits, letter.shown, edited=True)

    def _failed(self, letter: Letter, error: SendError) -> Outcome:
        """What an error of the channel means for the row; a pause begins at once."""
        now = self._now()
        match error:
            case Throttled(after=after, everywhere=everywhere):
                until = now + timedelta(seconds=after)
                self.budget.pause(None if everywhere else letter.chat, until)
                return outcomes.Later(until, THROTTLED_EVERYWHERE if everywhere else THROTTLED)
            case Temporary():
                wait = self._jitter(BACKOFF[min(letter.attempts, len(BACKOFF) - 1)])
                return outcomes.Later(now + timedelta(seconds=wait), str(error) or "temporary")
            case Unreachable(why=why):
                return outcomes.Blocked(why)
            case Shut(why=why):
                return outcomes.Closed(why)
            case Moved(chat=chat):
                return outcomes.MovedTo(chat)
            case Gone():
                return outcomes.Missing()
            case Unacceptable():
                return outcomes.Refused(str(error) or "unacceptable")
            case _:
                return outcomes.Unsure(str(error) or type(error).__name__)

    async def _record(self) -> None:
        """Write down all answers in one transaction; if that fails, each in its own, and keep the rest."""
        answered, self._answered = self._answered, []
        try:
            await self._settle(answered)
        except Exception:
            self._answered = [*answered, *self._answered]
            if len(answered) == 1:
                raise
            for one in answered:
                await self._settle([one])
                self._answered.remove(one)

    async def _settle(self, answered: list[tuple[Letter, Result]]) -> None:
        if not answered:
            return
        async with self._database.transaction() as session:
            await settle(session, self._callbacks, [result for _, result in answered])
        for letter, result in answered:
            del self._letters[letter.chat]
            self.budget.done(letter.chat)
            if isinstance(result.outcome, outcomes.MovedTo):
                self.budget.move(letter.chat, result.outcome.chat)

    async def _finish(self) -> None:
        """Wait for the calls under way and record them, with the lease held all the while."""
        for _ in range(int(self._patience * 8 / self._lease) + TRIES_AT_THE_END):
            if not self._letters:
                break
            if self._calls:
                await asyncio.wait(self._calls.values(), timeout=self._lease / 4)
            try:
                await self._record()
                await leases.hold(self._database, self.name, self.holder, self._lease, self._now())
            except Exception:
                log.exception("sender_cannot_record", sender=self.name)
                await asyncio.sleep(min(1.0, self._poll))
        self._held_until = None
        with suppress(Exception):
            await leases.release(self._database, self.name, self.holder)
