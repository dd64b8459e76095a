"""Every story is told again and must read as it was written; `--update` writes down how it goes now."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from difflib import unified_diff
from pathlib import Path

import pytest
from sqlalchemy import select

from models import Ticket, TicketEvent, schema
from models.database import Database
from tests.transcripts.script import Play, lines_of
from tests.transcripts.taiwan import TAIWANESE, in_taiwan
from tests.world import BUTTONS, NUMBERS, World, world

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


BUTTONS_ONLY = ("(reply", "(edit", "(old)", "(twice)", "(contact", "% numbers", "% on")
"""What happens only where there are buttons, replies to a message, or edits; or is told in words already."""


def without_buttons() -> list[Path]:
    """The stories that can be told in words alone."""
    return [
        path
        for path in STORIES
        if not any(
            mark in line for line in lines_of(path.read_text(encoding="utf-8")) for mark in BUTTONS_ONLY
        )
    ]


@pytest.mark.parametrize("story", without_buttons(), ids=lambda path: f"{path.parent.name}/{path.stem}")
async def test_the_story_ends_the_same_without_buttons(story: Path, sqlite_url: str) -> None:
    """Every button is answered with its number or its words instead; the tickets must come out alike."""
    told = await asyncio.to_thread(story.read_text, encoding="utf-8")
    ends = []
    for can in (BUTTONS, NUMBERS):
        url = sqlite_url.replace(".db", f"-{can.name}.db")
        database = await _furnished(url)
        try:
            async with world(database, locale=story.parent.name, can=can) as w:
                await Play(w).run(told)
                ends.append(await _outcome(w))
        finally:
            await database.close()
    assert ends[0] == ends[1]
    assert len(without_buttons()) > 30


async def _furnished(url: str) -> Database:
    database = Database(url)
    await schema.upgrade(database)
    return database


async def _outcome(w: World) -> list[object]:
    """What is in the tickets and on their timelines, and who has said what is still unanswered."""
    async with w.database.reading() as session:
        tickets = await session.scalars(select(Ticket).order_by(Ticket.id))
        events = await session.scalars(select(TicketEvent).order_by(TicketEvent.id))
        return [
            *((one.number, one.state, one.urgent, one.details, one.rating, one.outcome) for one in tickets),
            *((one.ticket_id, one.action, one.from_state, one.to_state, one.note) for one in events),
        ]


@pytest.mark.parametrize(
    "story", [path for path in STORIES if path.parent.name == "zh_CN"], ids=lambda path: str(path.stem)
)
async def test_the_story_ends_the_same_in_taiwan(story: Path, sqlite_url: str) -> None:
    """What is written and tapped is turned into Taiwan's Chinese; the tickets must come out alike."""
    told = await asyncio.to_thread(story.read_text, encoding="utf-8")
    can = NUMBERS if "% numbers" in told.splitlines() else BUTTONS
    ends = []
    for locale, lines in (("zh_CN", told), ("zh_TW", in_taiwan(told))):
        database = await _furnished(sqlite_url.replace(".db", f"-{locale}.db"))
        try:
            async with world(database, locale=locale, can=can) as w:
                await Play(w).run(lines)
                ends.append(await _outcome(w))
        finally:
            await database.close()
    here, there = ([json.dumps(one, ensure_ascii=False, default=str) for one in end] for end in ends)
    assert [TAIWANESE.text(one) for one in here] == there


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
