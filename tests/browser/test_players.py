"""A story of every service in a real Chromium, everybody at a window of their own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from playwright.async_api import Browser

from models.database import Database
from tests.bot.web.pictures import photo
from tests.browser.screen import Screen, window
from tests.nursery import Nursery
from tests.players.choosing import chosen, kinds
from tests.players.theatre import OnTheWeb
from tests.players.web import WebStage
from tests.test_players import HOUSES, house, own  # noqa: F401


@pytest.fixture
async def theatre(house: str, nursery: Nursery, tmp_path: Path) -> AsyncIterator[OnTheWeb]:  # noqa: F811
    made = OnTheWeb(nursery, tmp_path, house)
    yield made
    await made.close()
    made.logs_are_clean()


def performances() -> Iterator[object]:
    """Each service once, in the languages by turns; what is left is for those who have the time."""
    for number, kind in enumerate(kinds()):
        for turn, locale in enumerate(HOUSES):
            later = number % len(HOUSES) != turn
            yield pytest.param(kind, locale, marks=[pytest.mark.chaos] if later else [])


@pytest.mark.parametrize(("kind", "locale"), list(performances()))
async def test_its_story_goes_the_same_in_chromium(
    kind: str,
    locale: str,
    browser: Browser,
    theatre: OnTheWeb,
    own: Database,  # noqa: F811
    tmp_path: Path,
) -> None:
    picture = tmp_path / "photo.jpg"
    await asyncio.to_thread(picture.write_bytes, photo(600, 400))
    screens: list[Screen] = []
    async with AsyncExitStack() as stack:

        async def opens() -> Screen:
            screens.append(await window(browser, locale=locale, width=1280))
            stack.push_async_callback(screens[-1].page.context.close)
            await screens[-1].open(theatre.program.url)
            return screens[-1]

        await theatre.play(chosen(kind, locale, WebStage.cannot), own, opens, picture)
    assert [complaint for screen in screens for complaint in screen.complaints] == []
