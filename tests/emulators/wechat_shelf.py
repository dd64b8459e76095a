"""The shelf of pictures, sounds and films: everything on it is thrown away after three days."""

import io
import secrets
from dataclasses import dataclass, field

from PIL import Image

from tests.emulators.tencent_clock import DAY, Clock
from tests.emulators.wechat_errors import refused

KEPT = 3 * DAY
KB = 1024
MB = 1024 * KB
MOST_BYTES = {"image": 2 * MB, "voice": 2 * MB, "video": 10 * MB, "thumb": 64 * KB}
"""The docs say 10 MB for images in one place and 2 MB in another; here the stricter holds."""

ENDINGS = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/gif": "gif",
    "audio/amr": "amr",
    "audio/mpeg": "mp3",
    "video/mp4": "mp4",
}
WELCOME = {
    "image": {"image/jpeg", "image/png", "image/gif"},
    "thumb": {"image/jpeg"},
    "voice": {"audio/amr", "audio/mpeg"},
    "video": {"video/mp4"},
}


@dataclass(frozen=True, slots=True)
class Media:
    id: str
    kind: str
    content: bytes
    mime: str
    kept_since: float

    @property
    def file_name(self) -> str:
        return f"{self.id}.{ENDINGS.get(self.mime, 'bin')}"


@dataclass(slots=True)
class Shelf:
    clock: Clock
    by_id: dict[str, Media] = field(default_factory=dict)

    def keep(self, kind: str, content: bytes, mime: str = "") -> Media:
        """Whatever somebody's phone has sent."""
        media = Media(
            secrets.token_urlsafe(48), kind, content, mime or guessed(content), self.clock.seconds()
        )
        self.by_id[media.id] = media
        return media

    def take_in(self, kind: str, content: bytes) -> Media:
        """What an account uploads, if it is of the kind it is said to be and not too large."""
        if kind not in MOST_BYTES:
            raise refused(40004)
        mime = guessed(content)
        if mime not in WELCOME[kind]:
            raise refused(40005)
        if len(content) > MOST_BYTES[kind]:
            raise refused(40009 if kind == "image" else 40006)
        return self.keep(kind, content, mime)

    def fetch(self, media_id: object, *kinds: str) -> Media:
        media = self.by_id.get(media_id) if isinstance(media_id, str) else None
        if media is None or self.clock.seconds() - media.kept_since > KEPT:
            raise refused(40007)
        if kinds and media.kind not in kinds:
            raise refused(40007)
        return media


BEGINNINGS = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG", "image/png"),
    (b"GIF8", "image/gif"),
    (b"#!AMR", "audio/amr"),
    (b"ID3", "audio/mpeg"),
    (b"\xff\xfb", "audio/mpeg"),
)


def guessed(content: bytes) -> str:
    """What the bytes are, whatever their name says."""
    if content[4:8] == b"ftyp":
        return "video/mp4"
    return next((mime for start, mime in BEGINNINGS if content.startswith(start)), "application/octet-stream")


def sample_picture(number: int = 0) -> bytes:
    """A small JPEG; each number gives another colour."""
    colour = (number * 67 % 256, number * 131 % 256, 255 - number * 41 % 256)
    written = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(written, "JPEG")
    return written.getvalue()
