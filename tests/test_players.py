"""A story of every service before the program itself: on Telegram, and where there are only numbers."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from models.database import Database
from tests.emulators.telegram import TelegramEmulator
from tests.nursery import Nursery
from tests.players.choosing import Unplayable, chosen, hindrance, kinds, of_kind
from tests.players.telegram import TelegramStage
from tests.players.theatre import OnTelegram
from tests.test_transcripts import without_buttons

HOUSES = {"zh_CN": "postgres_url", "en": "sqlite_url"}
"""Each language's stories are played on a database of its own kind."""

both = pytest.mark.parametrize("locale", list(HOUSES))
every_service = pytest.mark.parametrize("kind", list(kinds()))


@pytest.fixture
def house(request: pytest.FixtureRequest, locale: str) -> str:
    url: str = request.getfixturevalue(HOUSES[locale])
    return url


@pytest.fixture
async def theatre(
    house: str,
    nursery: Nursery,
    tmp_path: Path,
) -> AsyncIterator[OnTelegram]:
    async with TelegramEmulator(rate_limits=False) as tg:
        made = OnTelegram(nursery, tmp_path, house, tg, webhook=False)
        yield made
        await made.close()
        made.logs_are_clean()


@pytest.fixture
async def own(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Database]:
    """A database for the story's own world."""
    path = await asyncio.to_thread(shutil.copy, sqlite_template, tmp_path / "own.db")
    fresh = Database(f"sqlite+aiosqlite:///{path}")
    yield fresh
    await fresh.close()


@both
@every_service
async def test_its_story_goes_the_same_on_telegram(
    kind: str, locale: str, theatre: OnTelegram, own: Database
) -> None:
    await theatre.play(chosen(kind, locale, TelegramStage.cannot), own)


@both
@every_service
def test_a_story_of_its_is_told_without_buttons(kind: str, locale: str) -> None:
    """Told again there by `test_the_story_ends_the_same_without_buttons`."""
    assert set(of_kind(kind, locale)) & set(without_buttons()), f"{kind}: every story needs buttons"


def test_a_story_that_cannot_be_played_says_why(tmp_path: Path) -> None:
    story = tmp_path / "story.txt"
    story.write_text("# Two at once.\n\n王师傅 + 赵师傅@repair> [接单]\n", encoding="utf-8")
    assert "who is quicker of two" in hindrance(story, {})
    with pytest.raises(Unplayable, match="nobody can do anything"):
        chosen(next(kinds()), "en", {".": "nobody can do anything here"})
