"""Every story is told again and must read as it was written; `--update` writes down how it goes now."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from difflib import unified_diff
from pathlib import Path

import pytest

from models.database import Database
from tests.transcripts.script import Play, lines_of
from tests.world import BUTTONS, NUMBERS, world

FOLDER = Path(__file__).parent / "transcripts"
STORIES = sorted(FOLDER.glob("*/*.txt"))


@pytest.fixture
async def database(sqlite_url: str) -> AsyncIterator[Database]:
    fresh = Database(sqlite_url)
    yield fresh
    await fresh.close()


@pytest.fixture(params=STORIES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def path(request: pytest.FixtureRequest) -> Path:
    story: Path = request.param
    return story


@pytest.fixture
def told(path: Path) -> str:
    return path.read_text(encoding="utf-8")


async def test_the_story_goes_as_it_was_told(
    path: Path, told: str, database: Database, request: pytest.FixtureRequest
) -> None:
    assert told.startswith("# "), "the first line tells the story"
    can = NUMBERS if "% numbers" in told.splitlines() else BUTTONS
    async with world(database, locale=path.parent.name, can=can) as w:
        play = Play(w)
        now = await play.run(told)
    if request.config.getoption("--update"):
        await asyncio.to_thread(path.write_text, now, encoding="utf-8")
        return
    diff = unified_diff(told.splitlines(), now.splitlines(), "as told", "as it goes", lineterm="")
    assert now == told, "\n".join(diff)
    assert play.seen > 0


def test_every_story_is_told_in_every_language() -> None:
    told = {
        folder.name: {path.stem for path in folder.glob("*.txt")}
        for folder in FOLDER.iterdir()
        if folder.is_dir()
    }
    told = {locale: stories for locale, stories in told.items() if stories}
    assert set(told) == {"zh_CN", "en"}
    assert told["zh_CN"] == told["en"]
    assert len(told["en"]) > 15


def test_people_say_more_than_one_thing(told: str) -> None:
    said = [line for line in lines_of(told) if not line.startswith(("#", "%"))]
    assert len(said) >= 3
