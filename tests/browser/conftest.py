"""A real Chromium before the real program in its demo; whatever its console complains of fails the test."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright

from tests.browser.screen import QUIET, Screen, installed, window
from tests.nursery import Nursery
from tests.program import Program, surroundings

Opener = Callable[..., Awaitable[Screen]]


def chromium() -> str:
    """Where the system's Chromium is. Skips where there is none, unless it is asked for."""
    found = installed()
    if found is not None:
        return found
    if os.environ.get("WUBU_REQUIRE_BROWSER") == "1":
        pytest.fail("WUBU_REQUIRE_BROWSER=1, but no Chromium is installed")
    pytest.skip("no Chromium is installed")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture
async def program(nursery: Nursery, tmp_path: Path) -> AsyncIterator[Program]:
    """The program with its demo community, on SQLite."""
    environment = surroundings(tmp_path, f"sqlite+aiosqlite:///{tmp_path}/wubu.db", demo=1)
    running = Program(nursery, environment, tmp_path)
    await running.start()
    yield running
    if running.child is not None:
        await running.stop()


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    path = chromium()
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=path, args=QUIET)
        yield launched
        await launched.close()


@pytest.fixture
async def show(program: Program, browser: Browser) -> AsyncIterator[Opener]:
    """Opens the page in a browser of its own: `show(locale=…, width=…, dark=…)`."""
    screens: list[Screen] = []
    async with AsyncExitStack() as stack:

        async def opener(*, locale: str = "zh_CN", width: int = 1280, dark: bool = False) -> Screen:
            screen = await window(browser, locale=locale, width=width, dark=dark)
            stack.push_async_callback(screen.page.context.close)
            screens.append(screen)
            await screen.open(program.url)
            return screen

        yield opener
    assert [complaint for screen in screens for complaint in screen.complaints] == []
