"""The picture on a pass: drawn for the phone of who carries it, read from the photo a guard takes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from io import BytesIO

import segno
import structlog
import zxingcpp
from obstore.exceptions import BaseError
from PIL import Image, UnidentifiedImageError

from handlers import gate
from handlers.desk import Desk, Work
from models import attachment, gatepass
from models.attachment import Attachment
from models.gatepass import GateScan

log: structlog.stdlib.BoundLogger = structlog.get_logger()

Load = Callable[[str], Awaitable[bytes]]
"""Our own copy of a photo, by its path."""

SCALE, BORDER = 12, 4
"""Pixels to each dot, and the quiet zone that ISO/IEC 18004 asks for, in dots."""
PATIENCE = timedelta(minutes=2)
"""So long a guard waits for a photo that its channel does not give us."""
_EDGES = (2560, 1280, 640)
"""A blurred or noisy photo is often read better when it is smaller."""
_FORMATS = ("JPEG", "PNG", "WEBP")
_KINDS = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)


def drawn(text: str) -> bytes:
    """A QR code that says `text`, as a PNG."""
    into = BytesIO()
    segno.make_qr(text, error="m").save(into, kind="png", scale=SCALE, border=BORDER)
    return into.getvalue()


def read(data: bytes) -> tuple[str, ...]:
    """What the QR codes in a photo say; nothing where none can be read, or it is no photo."""
    try:
        with Image.open(BytesIO(data), formats=_FORMATS) as opened:
            grey = opened.convert("L")
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError):
        return ()
    return next((found for one in _sizes(grey) if (found := _texts(one))), ())


def _sizes(grey: Image.Image) -> Iterator[Image.Image]:
    for edge in _EDGES:
        if edge == _EDGES[0] or max(grey.size) > edge:
            smaller = grey.copy()
            smaller.thumbnail((edge, edge))
            yield smaller


def _texts(grey: Image.Image) -> tuple[str, ...]:
    found = zxingcpp.read_barcodes(grey, formats=_KINDS)
    return tuple(one.text for one in found if one.text)


class Reader:
    """Photos of passes that guards have sent, read as soon as they are here."""

    def __init__(self, desk: Desk, load: Load) -> None:
        self._desk, self._load = desk, load

    async def answer(self) -> int:
        """Read and answer what is waiting; how many were answered."""
        now = self._desk.now()
        async with self._desk.database.reading() as session:
            waiting = await gatepass.readable(session, since=now - PATIENCE)
            found = [(scan, await attachment.one(session, scan.attachment_id)) for scan in waiting]
        answered = [await self._answer(scan, await self._texts(photo)) for scan, photo in found]
        return sum(answered)

    async def _texts(self, photo: Attachment | None) -> tuple[str, ...]:
        """What a photo says; nothing of one that is not to be had."""
        if photo is None or photo.stored is None:
            return ()
        try:
            data = await self._load(photo.stored)
        except (OSError, BaseError) as error:
            log.warning("photo_of_pass_lost", attachment=photo.id, why=type(error).__name__)
            return ()
        return await asyncio.to_thread(read, data)

    async def _answer(self, scan: GateScan, texts: tuple[str, ...]) -> bool:
        desk = self._desk
        async with desk.database.transaction() as session:
            now = desk.now()
            if not await gatepass.take(session, scan):
                return False
            await gate.read(Work(desk, session, now), scan, texts)
        return True
