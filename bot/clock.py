"""The clock: APScheduler ticks every few seconds; what is due stands in the database."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any

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

log: structlog.stdlib.BoundLogger = structlog.get_logger()


class Clock:
    """A few interval ticks; no job per ticket, so a restart has nothing to remember."""

    def __init__(self, desk: Desk, wake: Callable[[], None], every: float) -> None:
        self._desk, self._wake, self._every = desk, wake, every
        self._scheduler = AsyncIOScheduler(timezone="UTC")
        self._last = time.monotonic()
        self._running: set[asyncio.Task[None]] = set()

    def start(self, media: Callable[[], Coroutine[Any, Any, object]] | None = None) -> None:
        """Begin to tick; `media` fetches the photos that are wanted."""
        soon = datetime.now(UTC) + timedelta(minutes=1)
        options = {"max_instances": 1, "coalesce": True, "misfire_grace_time": None}
        self._scheduler.add_job(self._unshaken("tick", self.tick), "interval", seconds=self._every, **options)
        self._scheduler.add_job(
            self._unshaken("sweep", self.sweep), "interval", hours=6, next_run_time=soon, **options
        )
        if media is not None:
            self._scheduler.add_job(
                self._unshaken("media", media), "interval", seconds=self._every, **options
            )
        self._scheduler.start()

    async def stop(self) -> None:
        """No tick begins any more, and those that have begun are finished."""
        if not self._scheduler.running:
            return
        self._scheduler.pause()
        if self._running:
            await asyncio.wait(self._running, timeout=TO_THE_END)
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

    def _unshaken(
        self, job: str, work: Callable[[], Coroutine[Any, Any, object]]
    ) -> Callable[[], Awaitable[None]]:
        """A job that fails is tried again at its next tick; a database that is away is no error of ours."""

        async def attempt() -> None:
            try:
                await work()
            except Exception as error:
                if is_down(error):
                    log.warning("database_down", job=job, error=type(error).__name__)
                else:
                    log.exception("job_failed", job=job)

        async def run() -> None:
            task = asyncio.create_task(attempt())
            self._running.add(task)
            task.add_done_callback(self._running.discard)
            await task

        return run
