"""Copies of photos that nobody may keep any more are deleted, and nothing else is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select, update

from bot.channel import Channel
from bot.media import MediaStore, discard_unwanted, fetch_wanted, small
from models.attachment import ERASE, Attachment
from models.database import Database
from tests.bot.outbound import Line
from tests.bot.web.pictures import photo

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> MediaStore:
    return MediaStore(f"file://{tmp_path}/media")


def files(folder: Path) -> list[str]:
    return sorted(str(one.relative_to(folder / "media")) for one in folder.rglob("media/*/*"))


async def kept(database: Database, **values: object) -> None:
    row = {"channel": "web", "bot": "web", "source": "s", "next_at": NOW, "created_at": NOW} | values
    async with database.transaction() as session:
        session.add(Attachment(**row))


async def test_both_copies_go_and_then_the_row(database: Database, store: MediaStore, tmp_path: Path) -> None:
    stays, fetched, uploaded = [(await store.put(photo())).path for _ in range(3)]
    await kept(database, stored=stays, state="stored")
    await kept(database, stored=fetched, state=ERASE)
    await kept(database, source=uploaded, state=ERASE)
    await kept(database, source="a file of Telegram", state=ERASE)
    assert len(files(tmp_path)) == 6
    assert await discard_unwanted(database, store) == 3
    assert files(tmp_path) == sorted([stays, small(stays)])
    async with database.reading() as session:
        assert [one.stored for one in await session.scalars(select(Attachment))] == [stays]
    assert await discard_unwanted(database, store) == 0


async def test_a_copy_that_is_lost_already_is_no_reason_to_keep_the_row(
    database: Database, store: MediaStore
) -> None:
    await kept(database, stored=f"ab/{'0' * 32}.jpg", state=ERASE)
    assert await discard_unwanted(database, store) == 1


async def test_a_store_that_is_away_is_asked_again(
    database: Database, store: MediaStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await kept(database, stored=(await store.put(photo())).path, state=ERASE)

    async def away(self: MediaStore, path: str) -> None:
        raise OSError("no such disk")

    with monkeypatch.context() as broken:
        broken.setattr(MediaStore, "delete", away)
        assert await discard_unwanted(database, store) == 0
    assert await discard_unwanted(database, store) == 1


class Hasty(Line):
    """While it hands out a photo, its sender is erased."""

    database: Database

    async def fetch(self, source: str) -> bytes:
        async with self.database.transaction() as session:
            await session.execute(update(Attachment).values(state=ERASE))
        return photo()


async def test_what_is_erased_while_it_is_fetched_is_not_kept(
    database: Database, store: MediaStore, tmp_path: Path
) -> None:
    await kept(database, channel="telegram", bot="100")
    door = Hasty(clock=lambda: NOW)  # type: ignore[arg-type]
    door.database = database
    doors: Mapping[tuple[str, str], Channel] = {("telegram", "100"): door}
    await fetch_wanted(database, doors, store, NOW)
    assert files(tmp_path) == []
    assert await discard_unwanted(database, store) == 1
