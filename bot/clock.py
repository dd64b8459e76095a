"""The clock: APScheduler ticks every few seconds; what is due stands in the database."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot import figures
from handlers import due
from handlers.desk import Desk
from handlers.forgetting import forget
from models.database import is_down

AT_ONCE = 200
TO_THE_END = 15.0
"""Seconds that a tick gets to finish when the program stops."""

Work: TypeAlias = Callable[[], Coroutine[Any, Any, object]]

log: structlog.stdlib.BoundLogger = structlog.get_logger()


class Clock:
    """A few interval ticks; no job per ticket, so a restart has nothing to remember."""

    def __init__(self, desk: Desk, wake: Callable[[], None], every: float) -> None:
        self._desk, self._wake, self._every = desk, wake, every
        self._scheduler = AsyncIOScheduler(timezone="UTC")
        self._last = time.monotonic()
        self._jobs: list[Job] = []

    def start(self, media: Work | None = None) -> None:
        """Begin to tick; `media` fetches the photos that are wanted."""
        soon = datetime.now(UTC) + timedelta(minutes=1)
        options = {"max_instances": 1, "coalesce": True, "misfire_grace_time": None}
        tick, sweep = self._job("tick", self.tick), self._job("sweep", self.sweep)
        self._scheduler.add_job(tick.begin, "interval", seconds=self._every, **options)
        self._scheduler.add_job(sweep.begin, "interval", hours=6, next_run_time=soon, **options)
        if media is not None:
            fetch = self._job("media", media)
            self._scheduler.add_job(fetch.begin, "interval", seconds=self._every, **options)
        self._scheduler.start()

    async def stop(self) -> None:
        """No tick begins any more, and those that have begun are finished."""
        if not self._scheduler.running:
            return
        self._scheduler.pause()
        running = [job.task for job in self._jobs if job.task is not None and job.running]
        if running:
            await asyncio.wait(running, timeout=TO_THE_END)
        self._scheduler.shutdown(wait=False)

    def heartbeat(self) -> float:
        """Seconds since the last tick ended."""
        return time.monotonic() - self._last

    async def tick(self) -> None:
        """Do everything that is due, one transaction each; one that fails is put off, the rest goes on."""
        for _ in range(AT_ONCE):
            try:
                if not await due.fire_next(self._desk):
                    break
            except due.Failed as failed:
                log.exception("due_failed", row=failed.row)
                figures.fired.labels("failed").inc()
                await due.postpone(self._desk, failed.row, type(failed.__cause__).__name__)
            else:
                figures.fired.labels("done").inc()
                self._wake()
        self._last = time.monotonic()

    async def sweep(self) -> None:
        """Forget receipts that no channel will ask for again."""
        await forget(self._desk)

    def _job(self, name: str, work: Work) -> Job:
        self._jobs.append(Job(name, work))
        return self._jobs[-1]


class Job:
    """Work that is begun again and again, never twice at once; what fails is tried again at its next turn.

    A database that is away is no error of ours. That, and turns that are left out because the last one still
    lasts, are told once when they begin, and once when they are over.
    """

    def __init__(self, name: str, work: Work) -> None:
        self._name, self._work = name, work
        self._told: set[str] = set()
        self.task: asyncio.Task[None] | None = None

    @property
    def running(self) -> bool:
        return self.task is not None and not self.task.done()

    async def begin(self) -> None:
        """Begin, and do not wait for the end."""
        if not self.running:
            self.task = asyncio.create_task(self._attempt())
        elif "late" not in self._told:
            self._told.add("late")
            log.warning("job_late", job=self._name)

    async def _attempt(self) -> None:
        try:
            await self._work()
        except Exception as error:
            if not is_down(error):
                log.exception("job_failed", job=self._name)
            elif "down" not in self._told:
                self._told.add("down")
                log.warning("database_down", job=self._name, error=type(error).__name__)
        else:
            if self._told:
                log.info("job_caught_up", job=self._name)
            self._told.clear()
