"""A builder of estates on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.emulators.telegram import TelegramEmulator
from tests.estate import Estate
from tests.failures.quarters import Quarters, quarters_in
from tests.ground import Ground
from tests.nursery import Nursery


def mostly(kind: str) -> pytest.MarkDecorator:
    """On this database in every run; on the other one, too, when there is time."""
    other = {"sqlite": "postgresql", "postgresql": "sqlite"}[kind]
    return pytest.mark.parametrize("kind", [kind, pytest.param(other, marks=pytest.mark.chaos)])


class Builder:
    """Opens estates for a test; all are closed when it ends, and their logs looked through."""

    def __init__(self, nursery: Nursery, ground: Ground, folder: Path, stack: AsyncExitStack) -> None:
        self._nursery, self._ground, self._folder, self._stack = nursery, ground, folder, stack

    async def open(
        self,
        kind: str,
        *,
        webhook: bool = True,
        programs: int = 1,
        fresh: bool = False,
        limits: bool = False,
        speed: float = 1.0,
    ) -> Estate:
        """`kind` is 'sqlite' or 'postgresql'; `limits`: Telegram counts how often we write."""
        url = await self._stack.enter_async_context(self._ground.database(kind, self._folder))
        tg = await self._stack.enter_async_context(TelegramEmulator(rate_limits=limits, speed=speed))
        estate = Estate(self._nursery, self._folder, url, tg, webhook, fresh)
        self._stack.callback(estate.logs_are_clean)
        self._stack.push_async_callback(estate.close)
        if programs:
            await estate.open(programs)
        return estate


@pytest.fixture(scope="session")
def ground(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Ground:
    return Ground(tmp_path_factory.mktemp("ground"), lambda: request.getfixturevalue("postgres"))


@pytest.fixture
async def builder(nursery: Nursery, ground: Ground, tmp_path: Path) -> AsyncIterator[Builder]:
    async with AsyncExitStack() as stack:
        yield Builder(nursery, ground, tmp_path, stack)


@pytest.fixture
async def quarters(nursery: Nursery, ground: Ground, tmp_path: Path) -> AsyncIterator[Quarters]:
    async with quarters_in(nursery, ground, tmp_path) as made:
        yield made
