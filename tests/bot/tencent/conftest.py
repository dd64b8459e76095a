"""A vendor's server, and its clock."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.bot.tencent.office import Clock, Office, server


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    told = Office()
    async with server(told) as running:
        told.url = str(running.make_url("")).rstrip("/")
        yield told
