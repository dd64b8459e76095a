"""Whatever fails, and whenever the sender dies: nothing is lost, nothing doubled, nothing out of order."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from bot.budget import Limit, Limits
from bot.channel import SendError, Temporary, Throttled, Unacceptable, Uncertain
from models.card import Card
from models.database import Database
from models.lease import Lease
from models.outbox import Outbox
from tests.bot.outbound import GROUP, LI, WANG, House, Swallowed, until

PACE = Limits(overall=Limit(30, 1.0), private=Limit(3, 3.0), group=Limit(20, 60.0, reserved=2))
FAULTS: tuple[SendError, ...] = (
    Temporary("502"),
    Throttled(7),
    Throttled(4, everywhere=True),
    Uncertain("no answer"),
    Swallowed("no answer"),
    Unacceptable("never"),
)


@dataclass(frozen=True, slots=True)
class Write:
    chat: str
    lane: int
    parts: int


@dataclass(frozen=True, slots=True)
class Fail:
    chat: str
    fault: SendError


@dataclass(frozen=True, slots=True)
class Wait:
    seconds: float


@dataclass(frozen=True, slots=True)
class Die:
    """The process is killed with its calls under way."""


chats = st.sampled_from((WANG, LI, GROUP))
steps = st.lists(
    st.one_of(
        st.builds(Write, chats, st.sampled_from((1, 1, 1, 0)), st.sampled_from((1, 1, 2))),
        st.builds(Write, chats, st.just(1), st.just(1)),
        st.builds(Fail, chats, st.sampled_from(FAULTS)),
        st.builds(Wait, st.sampled_from((0.0, 0.5, 5.0))),
        st.builds(Die),
    ),
    min_size=8,
    max_size=30,
)


def test_delivery_neither_loses_nor_reorders(database_url: str) -> None:
    reach: Counter[str] = Counter()
    with asyncio.Runner() as runner:
        database = Database(database_url)
        runner.run(House(database).furnish())

        @settings(
            max_examples=25,
            deadline=None,
            database=None,
            derandomize=True,
            phases=(Phase.explicit, Phase.generate, Phase.shrink),
            suppress_health_check=[HealthCheck.too_slow],
        )
        @given(steps)
        def holds(plan: list[Write | Fail | Wait | Die]) -> None:
            runner.run(Story(database, reach).holds(plan))

        holds()
        runner.run(database.close())
    assert min(reach[kind] for kind in ("sent", "unknown", "failed", "died under way", "retried")) > 0, reach


class Story:
    """One run: what is written, what fails, who dies, and what came of it."""

    def __init__(self, database: Database, reach: Counter[str]) -> None:
        self.house = House(database)
        self.reach = reach
        self.senders = 1
        self.sender = self.house.sender(PACE, holder="1")
        self.written: list[str] = []

    async def holds(self, plan: list[Write | Fail | Wait | Die]) -> None:
        await self._forget()
        for step in plan:
            await self._take(step)
        for script in self.house.line.script.values():
            script.clear()
        await self._settle()
        await self._check()

    async def _forget(self) -> None:
        async with self.house.database.transaction() as session:
            for model in (Outbox, Card, Lease):
                await session.execute(delete(model))

    async def _take(self, step: Write | Fail | Wait | Die) -> None:
        match step:
            case Write(chat, lane, parts):
                text = "|".join(f"{len(self.written)}.{part}" for part in range(parts))
                self.written.append(text)
                await self.house.write(chat, text, lane=lane)
            case Fail(chat, fault):
                self.house.line.tell(chat, fault)
            case Wait(seconds):
                await self.sender.drain()
                self.house.clock.go_on(seconds)
            case Die():
                await self._die()

    async def _die(self) -> None:
        line = self.house.line
        before = len(line.calls)
        line.slow = dict.fromkeys((WANG, LI, GROUP), asyncio.Event())
        draining = asyncio.create_task(self.sender.drain())
        await until(lambda: len(line.calls) > before or draining.done())
        under_way = [draining, *self.sender._calls.values()]
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        line.slow = {}
        self.reach["died under way"] += len(line.calls) > before
        self.senders += 1
        self.sender = self.house.sender(PACE, holder=f"{self.senders}")
        self.house.clock.go_on(20)

    async def _settle(self) -> None:
        for _ in range(400):
            await self.sender.drain()
            if not await self.house.rows(state="pending") and not await self.house.rows(state="sending"):
                return
            self.house.clock.go_on(1)
        raise AssertionError(f"something waits for ever: {await self.house.states()}")

    async def _check(self) -> None:
        line = self.house.line
        rows = await self.house.rows()
        assert [row.payload["message"]["text"] for row in rows] == self.written
        for chat, lane in {(row.chat, row.lane) for row in rows}:
            mine = [row for row in rows if (row.chat, row.lane) == (chat, lane)]
            texts = [part for row in mine for part in row.payload["message"]["text"].split("|")]
            taken = [text for text in line.said(chat) if text in texts]
            assert taken == [text for text in texts if text in taken], "out of order, or doubled"
        for row in rows:
            parts = row.payload["message"]["text"].split("|")
            taken = [text for text in line.said(row.chat) if text in parts]
            assert (taken == parts) if row.state == "sent" else (len(taken) <= len(parts))
            assert row.state in ("sent", "unknown", "failed")
            self.reach[row.state] += 1
        self._check_pace()

    def _check_pace(self) -> None:
        calls = self.house.line.calls
        self.reach["retried"] += sum(not call.taken for call in calls)
        for chat, most, seconds in ((WANG, 3, 3), (LI, 3, 3), (GROUP, 20, 60)):
            times = [call.at for call in calls if call.chat == chat]
            assert all(earlier <= later for earlier, later in pairwise(times))
            for first in times:
                end = first + timedelta(seconds=seconds)
                assert sum(first <= at < end for at in times) <= most
