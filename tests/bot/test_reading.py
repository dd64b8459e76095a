"""A pass is drawn so that it can be read again, and a guard's photo of it gets its answer."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageFilter
from sqlalchemy import select

from bot import reading
from bot.channel import Temporary
from bot.media import MediaStore, clean, discard_unwanted, fetch_wanted
from bot.photos import copies
from bot.reading import PATIENCE, Reader, drawn, read
from flows.engine.effects import IssuePass
from handlers import passes
from handlers.desk import Work
from models import Attachment, GateScan, Ticket
from models.database import Database
from tests.bot.test_media import Door
from tests.bot.web.pictures import photo, written
from tests.world import World, world

TEXT = "WUBU HPY R7K3M9"


@pytest.fixture
def store(tmp_path: Path) -> MediaStore:
    return MediaStore(f"file://{tmp_path}/media")


def on_a_phone(data: bytes, *, turned: float = 0, size: int = 700, blurred: float = 0) -> bytes:
    """A photo of a pass on somebody's phone: crooked, in a dark car, not quite sharp."""
    with Image.open(BytesIO(data)) as opened:
        code = opened.convert("RGB").resize((size, size))
    car = Image.new("RGB", (2400, 1800), (70, 66, 60))
    car.paste(code.rotate(turned, expand=True, fillcolor=(70, 66, 60)), (600, 300))
    return written(car.filter(ImageFilter.GaussianBlur(blurred)), "JPEG", quality=60)


def test_what_is_drawn_is_read() -> None:
    assert read(drawn(TEXT)) == (TEXT,)
    assert read(clean(drawn(TEXT)).full) == (TEXT,)


@pytest.mark.parametrize(
    ("turned", "size", "blurred"), [(0, 300, 0), (17, 700, 1), (93, 700, 3), (180, 900, 6)]
)
def test_it_is_read_from_a_photo(turned: float, size: int, blurred: float) -> None:
    taken = on_a_phone(drawn(TEXT), turned=turned, size=size, blurred=blurred)
    assert read(taken) == (TEXT,)


@pytest.mark.parametrize("data", [b"", b"no photo", photo(), drawn(TEXT)[:200], photo()[:300]])
def test_nothing_is_read_where_nothing_is(data: bytes) -> None:
    assert read(data) == ()


@pytest.fixture
async def w(database: Database) -> World:
    async with world(database) as made:
        made.staff.add("老张")
        await made.say("老张", f"/staff {await made.staff_code('guard', '老张')}")
        return made


async def pass_of(w: World) -> int:
    """A pass that is good now; the attachment that is its picture."""
    number = await w.report("李雷")
    async with w.database.transaction() as session:
        ticket = await session.get_one(Ticket, number)
        effect = IssuePass("release", w.now, w.now + timedelta(hours=2))
        return (await passes.issue(Work(w.desk, session, w.now), ticket, effect)).picture_id


async def attachments(w: World) -> dict[int, Attachment]:
    async with w.database.reading() as session:
        return {one.id: one for one in await session.scalars(select(Attachment))}


async def test_the_picture_of_a_pass_is_there_before_it_is_stored(w: World, store: MediaStore) -> None:
    number = await pass_of(w)
    load = copies(w.database, store)
    text = (await attachments(w))[number].source
    assert read(await load(number)) == (text,)
    assert await fetch_wanted(w.database, {}, store, w.now) == 1
    assert (await attachments(w))[number].mime == "image/png"
    assert read(await load(number)) == (text,)


async def sent(w: World, store: MediaStore, *files: bytes | Temporary) -> None:
    """The guard's photos are fetched from their channel, as far as it gives them."""
    rows = [one for one in (await attachments(w)).values() if one.channel == "test"]
    door = Door(dict(zip((one.source for one in rows), files, strict=True)), name="test", bot="bot")
    await fetch_wanted(w.database, {("test", "bot"): door}, store, w.now)


async def scans(w: World) -> int:
    async with w.database.reading() as session:
        return len((await session.scalars(select(GateScan))).all())


async def test_a_guards_photo_is_answered_once_and_not_kept(w: World, store: MediaStore) -> None:
    number = await pass_of(w)
    text = (await attachments(w))[number].source
    await w.photo("老张")
    readers = [Reader(w.desk, store.get) for _ in range(2)]
    assert await readers[0].answer() == 0
    await sent(w, store, on_a_phone(drawn(text), turned=9))
    taken = next(one.stored for one in (await attachments(w)).values() if one.channel == "test")
    assert taken is not None
    assert sum(await asyncio.gather(*(reader.answer() for reader in readers))) == 1
    await w.deliver()
    assert w.last("老张").message.title == "✅ 有效"
    assert not await scans(w)
    assert await discard_unwanted(w.database, store) == 1
    with pytest.raises(FileNotFoundError):
        await store.get(taken)
    assert list(await attachments(w)) == [number]


async def test_what_cannot_be_read_is_to_be_typed(w: World, store: MediaStore) -> None:
    await w.photo("老张")
    await sent(w, store, photo())
    assert await Reader(w.desk, store.get).answer() == 1
    await w.deliver()
    assert "请直接输入码" in w.last("老张").message.text


async def test_nobody_waits_for_a_photo_that_does_not_come(w: World, store: MediaStore) -> None:
    await w.photo("老张")
    await sent(w, store, Temporary("not now"))
    reader = Reader(w.desk, store.get)
    assert await reader.answer() == 0
    w.now += PATIENCE + timedelta(seconds=1)
    assert await reader.answer() == 1
    await w.deliver()
    assert "请直接输入码" in w.last("老张").message.text


async def test_a_photo_that_is_lost_is_to_be_typed(
    w: World, store: MediaStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await w.photo("老张")
    await sent(w, store, photo())

    async def lost(path: str) -> bytes:
        raise FileNotFoundError(path)

    monkeypatch.setattr(reading, "read", pytest.fail)
    assert await Reader(w.desk, lost).answer() == 1
    await w.deliver()
    assert "请直接输入码" in w.last("老张").message.text
