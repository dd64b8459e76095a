"""The clock: APScheduler ticks every few seconds; what is due stands in the database."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot import figures
from handlers import due
from handlers.desk import Desk
from handlers.inbound import forget
from models.database import is_down

AT_ONCE = 200
INBOX_KEPT = timedelta(days=14)

log: structlog.stdlib.BoundLogger = structlog.get_logger()


class Clock:
    """A few interval ticks; no job per ticket, so a restart has nothing to remember."""

    def __init__(self, desk: Desk, wake: Callable[[], None], every: float) -> None:
        self._desk, self._wake, self._every = desk, wake, every
        self._scheduler = AsyncIOScheduler(timezone="UTC")
        self._last = time.monotonic()

    def start(self, media: Callable[[], Awaitable[object]] | None = None) -> None:
        """Begin to tick; `media` fetches the photos that are wanted."""
        options = {"max_instances": 1, "coalesce": True, "misfire_grace_time": None}
        self._scheduler.add_job(_unshaken("tick", self.tick), "interval", seconds=self._every, **options)
        self._scheduler.add_job(_unshaken("sweep", self.sweep), "interval", hours=6, **options)
        if media is not None:
            self._scheduler.add_job(_unshaken("media", media), "interval", seconds=self._every, **options)
        self._scheduler.start()

    def stop(self) -> None:
        if self._scheduler.running:
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
            except Exception as error:
                if is_down(error):
                    raise
                log.exception("due_failed")
                figures.fired.labels("failed").inc()
                await due.postpone(self._desk, type(error).__name__)
            else:
                figures.fired.labels("done").inc()
                self._wake()
        self._last = time.monotonic()

    async def sweep(self) -> None:
        """Forget receipts that no channel will ask for again."""
        await forget(self._desk, self._desk.now() - INBOX_KEPT)


def _unshaken(job: str, work: Callable[[], Awaitable[object]]) -> Callable[[], Awaitable[None]]:
    """A job that fails is tried again at its next tick; a database that is away is no error of ours."""

    async def run() -> None:
        try:
            await work()
        except Exception as error:
            if is_down(error):
                log.warning("database_down", job=job, error=type(error).__name__)
            else:
                log.exception("job_failed", job=job)

    return run
