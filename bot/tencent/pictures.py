"""Photos on their way to WeChat, which takes JPEG and PNG of a modest size."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageOps, UnidentifiedImageError

from bot.channel import Unacceptable

MOST_BYTES = 2 * 1024 * 1024
"""The WeChat docs say 10 MB in one place and 2 MB in another (新增临时素材)."""
_SIZES = ((2560, 86), (1920, 80), (1280, 75), (800, 60))
"""Longest edge and JPEG quality, tried one after the other."""
_TAKEN = {b"\xff\xd8\xff": ("photo.jpg", "image/jpeg"), b"\x89PNG": ("photo.png", "image/png")}


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it is posted."""

    name: str
    mime: str
    data: bytes


async def fitted(data: bytes) -> Upload:
    """The picture as WeChat takes it; drawn anew only where it has to be. Raises Unacceptable."""
    for begins, (name, mime) in _TAKEN.items():
        if data.startswith(begins) and len(data) <= MOST_BYTES:
            return Upload(name, mime, data)
    try:
        return await asyncio.to_thread(_drawn_anew, data)
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError):
        raise Unacceptable("not a picture") from None


def _drawn_anew(data: bytes) -> Upload:
    with Image.open(BytesIO(data)) as opened:
        picture = _opaque(ImageOps.exif_transpose(opened))
    for edge, quality in _SIZES:
        picture.thumbnail((edge, edge))
        into = BytesIO()
        picture.save(into, "JPEG", quality=quality)
        if into.tell() <= MOST_BYTES:
            return Upload("photo.jpg", "image/jpeg", into.getvalue())
    raise Unacceptable("too large a picture")


def _opaque(picture: Image.Image) -> Image.Image:
    """On white where it could be seen through."""
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    seen = picture.convert("RGBA")
    paper = Image.new("RGB", seen.size, "white")
    paper.paste(seen, mask=seen.getchannel("A"))
    return paper
