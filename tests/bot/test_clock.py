"""The clock tells of trouble once, and once that it is over."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from bot.clock import Job


class Work:
    """Lasts until it is let go, and fails as it was told."""

    def __init__(self) -> None:
        self.done, self.error = asyncio.Event(), False

    async def __call__(self) -> None:
        await self.done.wait()
        if self.error:
            raise OperationalError(None, None, Exception("database is locked"))


async def told(story: Callable[[], None], job: Job) -> list[str]:
    with capture_logs() as logs:
        story()
        await job.begin()
        if job.task is not None and job.running:
            await asyncio.wait([job.task], timeout=0.05)
    return [str(line["event"]) for line in logs]


async def test_15_turns_that_are_left_out_are_told_once() -> None:
    work = Work()
    job = Job("tick", work)

    def nothing() -> None: ...

    assert await told(nothing, job) == []
    assert await told(nothing, job) == ["job_late"]
    assert await told(nothing, job) == []
    assert job.task is not None
    with capture_logs() as logs:
        work.done.set()
        await job.task
    assert [line["event"] for line in logs] == ["job_caught_up"]


async def test_15_a_locked_database_is_told_once_and_that_it_is_back() -> None:
    work = Work()
    job = Job("tick", work)

    def locked() -> None:
        work.error = True
        work.done.set()

    def free() -> None:
        work.error = False

    assert await told(locked, job) == ["database_down"]
    assert await told(locked, job) == []
    assert await told(free, job) == ["job_caught_up"]
    assert await told(free, job) == []
    assert await told(locked, job) == ["database_down"]
