"""Photos as phones make them, with all that phones write into them."""

from __future__ import annotations

from io import BytesIO

from PIL import Image

GPS, ORIENTATION, MAKE, TURNED = 0x8825, 0x0112, 0x010F, 6


def photo(width: int = 640, height: int = 480, kind: str = "JPEG", colour: str = "teal") -> bytes:
    """A photo that says where it was taken, by which phone, and that it lies on its side."""
    image = Image.new("RGB", (width, height), colour)
    exif = Image.Exif()
    exif[MAKE], exif[ORIENTATION] = "Nosy Phone", TURNED
    exif.get_ifd(GPS).update({1: "N", 2: (31.0, 14.0, 0.0), 3: "E", 4: (121.0, 28.0, 0.0)})
    return written(image, kind, exif=exif)


def written(image: Image.Image, kind: str, **options: object) -> bytes:
    into = BytesIO()
    image.save(into, kind, **options)
    return into.getvalue()


def opened(data: bytes) -> Image.Image:
    image = Image.open(BytesIO(data))
    image.load()
    return image
