"""Photos are freed of what nobody should know, kept, and fetched however often it takes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin
from sqlalchemy import select

from bot.channel import Channel, Gone, SendError, Temporary, Throttled, Unacceptable, whole
from bot.media import LONGEST_EDGE, SMALL_EDGE, MediaStore, UnfitMedia, clean, fetch_wanted, small
from bot.photos import copies
from handlers.envelopes import Capabilities, Outgoing
from models import attachment
from models.attachment import Attachment
from models.database import Database
from tests.bot.web.pictures import GPS, opened, photo, written

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> MediaStore:
    return MediaStore(f"file://{tmp_path}/media")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_photo_no_longer_says_where_it_was_taken(kind: str) -> None:
    data = photo(kind=kind)
    assert opened(data).getexif().get_ifd(GPS)
    cleaned = clean(data)
    for kept in (cleaned.full, cleaned.small):
        assert b"Nosy Phone" not in kept
        assert b"Exif" not in kept
        assert not dict(opened(kept).getexif())
        assert opened(kept).size == (480, 640)
        assert opened(kept).format == kind


def test_notes_hidden_in_a_picture_are_gone() -> None:
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Comment", "home alone")
    cleaned = clean(written(Image.new("P", (60, 40)), "PNG", pnginfo=notes, transparency=0))
    assert b"home alone" not in cleaned.full
    assert opened(cleaned.full).mode == "RGBA"


def test_a_large_photo_is_made_smaller() -> None:
    cleaned = clean(photo(4000, 3000))
    assert max(opened(cleaned.full).size) == LONGEST_EDGE
    assert max(opened(cleaned.small).size) == SMALL_EDGE


def test_colours_of_print_become_those_of_a_screen() -> None:
    assert opened(clean(written(Image.new("CMYK", (60, 40)), "JPEG")).full).mode == "RGB"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>",
        b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + b"\x00" * 64,
        photo()[:300],
        written(Image.new("P", (6, 4)), "GIF"),
        b"\x89PNG\r\n\x1a\n" + b"\x00" * 40,
    ],
    ids=["empty", "text", "svg", "heic", "cut off", "gif", "broken"],
)
def test_what_is_no_photo_is_refused(data: bytes) -> None:
    with pytest.raises(UnfitMedia, match="not_a_picture"):
        clean(data)


def test_a_picture_too_large_to_unpack_is_refused_before_it_is(store: MediaStore) -> None:
    bomb = written(Image.new("1", (12000, 12000)), "PNG")
    assert len(bomb) < 100_000
    with pytest.raises(UnfitMedia, match="too_large"):
        clean(bomb)


async def test_what_was_put_is_got(store: MediaStore) -> None:
    kept = await store.put(photo())
    assert (kept.mime, kept.size) == ("image/jpeg", len(await store.get(kept.path)))
    assert opened(await store.get(small(kept.path))).size == (480, 640)
    assert await store.known(kept.path) == kept
    assert await store.known("AgACAgIAAxkBAAIB") is None


@pytest.mark.parametrize(
    "path", ["", "../secret", "/etc/passwd", "aa/../../x.jpg", "aa/" + "0" * 32 + ".jpg"]
)
async def test_nothing_else_is_got(store: MediaStore, path: str) -> None:
    with pytest.raises(FileNotFoundError):
        await store.get(path)
    assert await store.known(path) is None


@dataclass
class Door:
    """A channel whose files are what the test says: bytes, or the error that fetching them meets."""

    files: dict[str, bytes | SendError]
    asked: list[str] = field(default_factory=list)
    name: str = "telegram"
    bot: str = "1"
    capabilities: Capabilities = field(default_factory=Capabilities)

    def split(self, message: Outgoing) -> tuple[Outgoing, ...]:
        return whole(message)

    async def send(self, chat: str, message: Outgoing) -> str:
        raise NotImplementedError

    async def edit(self, chat: str, message_id: str, message: Outgoing) -> None:
        raise NotImplementedError

    async def fetch(self, source: str) -> bytes:
        self.asked.append(source)
        found = self.files[source]
        if isinstance(found, SendError):
            raise found
        return found


async def wanted(database: Database, *sources: str, channel: str = "telegram") -> None:
    async with database.transaction() as session:
        session.add_all(
            Attachment(channel=channel, bot="1", source=source, next_at=NOW, created_at=NOW)
            for source in sources
        )


async def kept(database: Database) -> Mapping[str, Attachment]:
    """Every attachment by its source."""
    async with database.reading() as session:
        return {one.source: one for one in await session.scalars(select(Attachment))}


async def fetch(database: Database, store: MediaStore, door: Door, at: datetime = NOW) -> int:
    doors: dict[tuple[str, str], Channel] = {(door.name, door.bot): door}
    return await fetch_wanted(database, doors, store, at)


async def test_a_wanted_photo_is_fetched_once_and_kept(database: Database, store: MediaStore) -> None:
    await wanted(database, "file-1")
    door = Door({"file-1": photo()})
    assert await fetch(database, store, door) == 1
    assert await fetch(database, store, door) == 0
    one = (await kept(database))["file-1"]
    assert (one.state, one.mime, door.asked) == ("stored", "image/jpeg", ["file-1"])
    assert len(await store.get(one.stored or "")) == one.size


async def test_two_processes_fetch_a_photo_once(database: Database, store: MediaStore) -> None:
    await wanted(database, "file-1", "file-2", "file-3")
    doors = [Door({f"file-{number}": photo() for number in (1, 2, 3)}) for _ in range(2)]
    fetched = await asyncio.gather(*(fetch(database, store, door) for door in doors))
    assert sum(fetched) == 3
    assert sorted(doors[0].asked + doors[1].asked) == ["file-1", "file-2", "file-3"]


async def test_an_upload_of_the_web_chat_is_there_already(database: Database, store: MediaStore) -> None:
    uploaded = await store.put(photo())
    await wanted(database, uploaded.path, channel="web")
    assert await fetch(database, store, Door({})) == 1
    one = (await kept(database))[uploaded.path]
    assert (one.state, one.stored, one.size) == ("stored", uploaded.path, uploaded.size)


async def test_what_cannot_be_fetched_now_is_tried_ever_more_rarely(
    database: Database, store: MediaStore
) -> None:
    await wanted(database, "file-1")
    door = Door({"file-1": Temporary("away")})
    pauses, at = [], NOW
    while (one := (await kept(database)).get("file-1")) and one.state == "wanted":
        assert await fetch(database, store, door, one.next_at - timedelta(seconds=1)) == 0
        at = max(at, one.next_at)
        await fetch(database, store, door, at)
        pauses.append(((await kept(database))["file-1"].next_at - at).total_seconds())
    assert pauses[:4] == [10, 20, 40, 80]
    assert max(pauses) <= 3600
    assert len(door.asked) == 16
    assert (await kept(database))["file-1"].state == "failed"


async def test_a_channel_that_says_when_is_believed(database: Database, store: MediaStore) -> None:
    await wanted(database, "file-1")
    await fetch(database, store, Door({"file-1": Throttled(33.0)}))
    assert (await kept(database))["file-1"].next_at == NOW + timedelta(seconds=33)


@pytest.mark.parametrize("error", [Gone("file-1"), Unacceptable("file-1")])
async def test_what_will_never_come_is_given_up(
    database: Database, store: MediaStore, error: SendError
) -> None:
    await wanted(database, "file-1", "file-2")
    assert await fetch(database, store, Door({"file-1": error, "file-2": b"no picture"})) == 0
    assert {one.state for one in (await kept(database)).values()} == {"failed"}


async def test_a_process_that_died_over_a_photo_does_not_keep_it(
    database: Database, store: MediaStore
) -> None:
    await wanted(database, "file-1")
    async with database.transaction() as session:
        assert len(await attachment.claim(session, NOW, hold=timedelta(minutes=5))) == 1
    door = Door({"file-1": photo()})
    assert await fetch(database, store, door, NOW + timedelta(minutes=4)) == 0
    assert await fetch(database, store, door, NOW + timedelta(minutes=6)) == 1


async def test_a_door_that_is_closed_today_may_open_tomorrow(database: Database, store: MediaStore) -> None:
    await wanted(database, "file-1", channel="wechat")
    assert await fetch(database, store, Door({})) == 0
    assert (await kept(database))["file-1"].state == "wanted"


async def test_photos_of_other_doors_are_those_we_have_kept(database: Database, tmp_path: Path) -> None:
    load = copies(database, MediaStore(f"file://{tmp_path}"))
    states = [("failed", None), ("wanted", None), ("stored", f"ab/{'ab' * 16}.jpg")]
    async with database.transaction() as session:
        photos = [
            Attachment(
                channel="web", bot="web", source="x", state=state, stored=stored, next_at=NOW, created_at=NOW
            )
            for state, stored in states
        ]
        session.add_all(photos)
    for number, error in ((404, Unacceptable), (photos[0].id, Unacceptable), (photos[1].id, Temporary)):
        with pytest.raises(error):
            await load(number)
    with pytest.raises(Unacceptable):
        await load(photos[2].id)
