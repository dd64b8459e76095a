"""Photos people send: fetched from their channel, freed of where and when they were taken, and kept."""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path

from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, from_url
from PIL import Image, ImageOps, UnidentifiedImageError

from bot.channel import Channel, Gone, SendError, Throttled, Unacceptable
from bot.reading import drawn
from models import attachment
from models.attachment import QR, Attachment
from models.database import Database

LARGEST_FILE = 20 * 1024 * 1024
LARGEST_PIXELS = 60_000_000
LONGEST_EDGE, SMALL_EDGE = 2560, 720
KINDS = {"JPEG": ("jpg", "image/jpeg"), "PNG": ("png", "image/png"), "WEBP": ("webp", "image/webp")}
MIMES = dict(KINDS.values())
Image.MAX_IMAGE_PIXELS = None  # Pillow would warn; `_cleaned` refuses, before anything is unpacked

_PATH = re.compile(r"[0-9a-f]{2}/[0-9a-f]{32}(\.small)?\.(jpg|png|webp)")
_HOLD, _MOST_TRIES = timedelta(minutes=5), 16
_AT_ONCE = 2
"""How many pictures are unpacked at a time: each may need some hundred megabytes for a moment."""


class UnfitMedia(Exception):
    """A file that is not kept; `key` says why: 'too_large', 'not_a_picture'."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


@dataclass(frozen=True, slots=True)
class StoredMedia:
    """Our own copy of a picture; `size` in bytes."""

    path: str
    mime: str
    size: int


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A picture as it will be kept, and a small one for the chat."""

    ending: str
    full: bytes
    small: bytes


class MediaStore:
    """A folder or an object store, by its URL: `file:///srv/media`, `file:///./var/media`, `s3://bucket`."""

    def __init__(self, url: str) -> None:
        self._store = _open(url)
        self._room = asyncio.Semaphore(_AT_ONCE)

    async def put(self, data: bytes) -> StoredMedia:
        """Keep a cleaned copy. Raises UnfitMedia."""
        if len(data) > LARGEST_FILE:
            raise UnfitMedia("too_large")
        async with self._room:
            cleaned = await asyncio.to_thread(clean, data)
        name = uuid.uuid4().hex
        path = f"{name[:2]}/{name}.{cleaned.ending}"
        await self._store.put_async(small(path), cleaned.small)
        await self._store.put_async(path, cleaned.full)
        return StoredMedia(path, MIMES[cleaned.ending], len(cleaned.full))

    async def get(self, path: str) -> bytes:
        """What was kept under a path of ours. Raises FileNotFoundError."""
        if not ours(path):
            raise FileNotFoundError(path)
        found = await self._store.get_async(path)
        return bytes(await found.bytes_async())

    async def delete(self, path: str) -> None:
        """Both copies of a picture are gone, whether or not they were there."""
        for one in (path, small(path)):
            with suppress(FileNotFoundError):
                await self._store.delete_async(one)

    async def known(self, source: str) -> StoredMedia | None:
        """A source that is a copy of ours already, as the web chat's uploads are."""
        if not ours(source):
            return None
        try:
            meta = await self._store.head_async(source)
        except FileNotFoundError:
            return None
        return StoredMedia(source, mime(source), meta["size"])


def ours(path: str) -> bool:
    """Whether a text has the form of our paths."""
    return _PATH.fullmatch(path) is not None


def small(path: str) -> str:
    """Where the small copy of a picture lies."""
    stem, _, ending = path.rpartition(".")
    return f"{stem}.small.{ending}"


def mime(path: str) -> str:
    return MIMES[path.rpartition(".")[2]]


def _open(url: str) -> ObjectStore:
    if url.startswith("file://"):
        place = url.removeprefix("file://")
        place = place.removeprefix("/") if place.startswith("/.") else place
        return LocalStore(Path(place).absolute(), mkdir=True)
    return from_url(url)


def clean(data: bytes) -> Cleaned:
    """The picture alone: upright, of a sensible size, without EXIF, GPS or text. Raises UnfitMedia.

    What it is is told by its content; the name and the type it came with are not looked at.
    """
    try:
        return _cleaned(data)
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError):
        raise UnfitMedia("not_a_picture") from None


def _cleaned(data: bytes) -> Cleaned:
    with Image.open(BytesIO(data), formats=list(KINDS)) as opened:
        kind = opened.format or ""
        if opened.width * opened.height > LARGEST_PIXELS:
            raise UnfitMedia("too_large")
        opened.draft("RGB", (LONGEST_EDGE, LONGEST_EDGE))
        upright = _bare(ImageOps.exif_transpose(opened), kind)
    upright.thumbnail((LONGEST_EDGE, LONGEST_EDGE))
    little = upright.copy()
    little.thumbnail((SMALL_EDGE, SMALL_EDGE))
    return Cleaned(KINDS[kind][0], _written(upright, kind), _written(little, kind))


def _bare(image: Image.Image, kind: str) -> Image.Image:
    mode = "RGBA" if kind != "JPEG" and image.has_transparency_data else "RGB"
    bare = image.convert(mode)
    bare.info.clear()
    return bare


def _written(image: Image.Image, kind: str) -> bytes:
    into = BytesIO()
    options = {"optimize": True} if kind == "PNG" else {"quality": 86}
    image.save(into, kind, **options)
    return into.getvalue()


async def fetch_wanted(
    database: Database, channels: Mapping[tuple[str, str], Channel], store: MediaStore, now: datetime
) -> int:
    """Fetch what is due, a few at a time; `channels` by (channel, bot). How many were stored.

    A file is claimed for five minutes, so that a process that dies over it does not keep it for ever, and
    fetched outside any transaction. What fails for a while is tried again, ever more rarely.
    """
    async with database.reading() as session:
        if not await attachment.due(session, now):
            return 0
    async with database.transaction() as session:
        claimed = await attachment.claim(session, now, hold=_HOLD)
    outcomes = await asyncio.gather(*(_fetch(one, channels, store, now) for one in claimed))
    await _settle(database, store, claimed, outcomes)
    return sum(outcome.get("state") == "stored" for outcome in outcomes)


async def discard_unwanted(database: Database, store: MediaStore) -> int:
    """Delete the copies that nobody may keep any more, and then their rows; how many that were.

    A store that is away keeps them for the next time.
    """
    async with database.reading() as session:
        unwanted = await attachment.unwanted(session)
    gone = [one.id for one in unwanted if await _discarded(store, one)]
    if gone:
        async with database.transaction() as session:
            await attachment.forget(session, gone)
    return len(gone)


async def _discarded(store: MediaStore, unwanted: Attachment) -> bool:
    try:
        for path in {unwanted.stored or unwanted.source, unwanted.source}:
            if ours(path):
                await store.delete(path)
    except (OSError, BaseError):
        return False
    return True


async def _settle(
    database: Database,
    store: MediaStore,
    claimed: Sequence[Attachment],
    outcomes: Sequence[Mapping[str, object]],
) -> None:
    """What was erased while it was being fetched is not kept after all."""
    late: list[str] = []
    async with database.transaction() as session:
        for one, outcome in zip(claimed, outcomes, strict=True):
            if not await attachment.settle(session, one.id, **outcome) and outcome.get("stored"):
                late += [str(outcome["stored"])]
    for path in late:
        await store.delete(path)


async def _fetch(
    wanted: Attachment, channels: Mapping[tuple[str, str], Channel], store: MediaStore, now: datetime
) -> Mapping[str, object]:
    try:
        kept = await store.known(wanted.source) or await _copied(wanted, channels, store)
    except Throttled as refused:
        return {"next_at": now + timedelta(seconds=refused.after)}
    except (UnfitMedia, Unacceptable, Gone):
        return {"state": "failed"}
    except (SendError, OSError, BaseError):
        return _later(wanted, now)
    return {"state": "stored", "stored": kept.path, "mime": kept.mime, "size": kept.size}


async def _copied(
    wanted: Attachment, channels: Mapping[tuple[str, str], Channel], store: MediaStore
) -> StoredMedia:
    if wanted.channel == QR:
        return await store.put(drawn(wanted.source))
    channel = channels.get((wanted.channel, wanted.bot))
    if channel is None:
        raise SendError(f"no door to {wanted.channel} is open")
    return await store.put(await channel.fetch(wanted.source))


def _later(wanted: Attachment, now: datetime) -> Mapping[str, object]:
    if wanted.attempts >= _MOST_TRIES:
        return {"state": "failed"}
    pause = min(timedelta(hours=1), timedelta(seconds=5) * 2**wanted.attempts)
    return {"next_at": now + pause}
