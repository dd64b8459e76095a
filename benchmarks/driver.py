"""A hundred residents at once: each says the next thing only when the bot has answered the last."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from benchmarks.conversation import Step
from benchmarks.line import Line

PATIENCE = 30.0


class Stuck(Exception):
    """A resident waits for an answer that does not come, or finds no button to tap."""


@dataclass(slots=True)
class Tally:
    """What the driver has seen: instant and latency of each answer in seconds, and conversations done."""

    answers: list[tuple[float, float]] = field(default_factory=list)
    finished: int = 0
    refused: int = 0

    def between(self, start: float, end: float) -> list[float]:
        """Latencies of the answers that arrived in this part of the run."""
        return [latency for at, latency in self.answers if start <= at < end]


class Person(Protocol):
    """One resident's phone, and the conversation of its owner with the bot."""

    async def converse(self, line: Line, script: tuple[Step, ...]) -> None: ...

    def give_up(self) -> None: ...


class Town:
    """Everybody who talks to one bot in one run; `move_in` gives the phone of the next account."""

    def __init__(
        self,
        port: int,
        first_account: int,
        script: tuple[Step, ...],
        move_in: Callable[[int, "Town"], Person],
    ) -> None:
        self.tally = Tally()
        self.busy: dict[int, tuple[float, Person]] = {}
        self._port = port
        self._script = script
        self._move_in = move_in
        self._account = first_account - 1

    def next_account(self) -> int:
        self._account += 1
        return self._account

    async def talk(self, residents: int, until: float) -> None:
        """Keep so many conversations going until then (time.perf_counter), and let the last ones finish."""
        watch = asyncio.create_task(self._watch())
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(residents):
                    group.create_task(self._one_after_another(until))
        finally:
            watch.cancel()

    async def _one_after_another(self, until: float) -> None:
        line = await self._connect()
        while time.perf_counter() < until:
            if not line.is_open:
                line = await self._connect()
            await self._move_in(self.next_account(), self).converse(line, self._script)
            self.tally.finished += 1
        line.close()

    async def _connect(self) -> Line:
        _, line = await asyncio.get_running_loop().create_connection(Line, "127.0.0.1", self._port)
        return line

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(1)
            long_ago = time.monotonic() - PATIENCE
            for since, resident in list(self.busy.values()):
                if since < long_ago:
                    resident.give_up()
