"""Pictures and files that were sent: under which id each is kept, for whom and for how long."""

import hashlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.emulators.tencent_clock import DAY, Clock
from tests.emulators.tencent_errors import JSON
from tests.emulators.wecom_errors import (
    BAD_FILE_SIZE,
    BAD_MEDIA,
    BAD_MEDIA_TYPE,
    EMPTY_FILE,
    NO_MEDIA,
    TOO_LARGE,
    Refused,
)

LIFE = 3 * DAY
MB = 1024 * 1024
LEAST = 5
MOST = {"image": 10 * MB, "voice": 2 * MB, "video": 10 * MB, "file": 20 * MB}
ROBOT_KINDS = ("file", "voice")
APP = "app"

IMAGES = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png"}
AMR = b"#!AMR"
MIME_TYPES = {"image": "image/jpeg", "voice": "audio/amr", "video": "video/mp4"}
ENDINGS = {"image": "jpg", "voice": "amr", "video": "mp4", "file": "bin"}


@dataclass(frozen=True, slots=True)
class Upload:
    """A file inside a request."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Kept:
    """A file and who may use it: the app, or the robot with a key."""

    id: str
    kind: str
    content: bytes
    name: str
    owner: str
    until: float
    created: int

    @property
    def mime_type(self) -> str:
        return image_type(self.content) or MIME_TYPES.get(self.kind, "application/octet-stream")

    def as_dict(self) -> JSON:
        return {"type": self.kind, "media_id": self.id, "created_at": str(self.created)}


@dataclass(slots=True)
class Media:
    """WeCom docs: 上传临时素材, 获取临时素材. Everything is forgotten after three (emulated) days.

    `base` gives the address under which pictures can be fetched.
    """

    clock: Clock
    base: Callable[[], str]
    _kept: dict[str, Kept] = field(default_factory=dict)

    def keep(self, kind: str, content: bytes, *, name: str = "", owner: str = APP) -> Kept:
        kept = Kept(
            id=f"3{secrets.token_urlsafe(48)}",
            kind=kind,
            content=content,
            name=name or f"{hashlib.sha1(content).hexdigest()[:8]}.{ENDINGS[kind]}",
            owner=owner,
            until=self.clock.seconds() + LIFE,
            created=int(time.time()),
        )
        self._kept[kept.id] = kept
        return kept

    def receive(self, kind: str, upload: Upload | None, *, owner: str = APP) -> Kept:
        """Somebody's upload, when the rules for its kind allow it."""
        if kind not in (MOST if owner == APP else ROBOT_KINDS):
            raise Refused(BAD_MEDIA_TYPE)
        if upload is None or not upload.content:
            raise Refused(EMPTY_FILE)
        refuse_wrong_size(kind, len(upload.content))
        refuse_wrong_content(kind, upload.content)
        return self.keep(kind, upload.content, name=upload.name, owner=owner)

    def find(self, media_id: object, *, owner: str = APP, kind: str = "") -> Kept:
        """A file its owner still has under this id."""
        if not media_id:
            raise Refused(NO_MEDIA)
        kept = self._kept.get(str(media_id))
        if kept is None or kept.owner != owner or kept.until <= self.clock.seconds():
            raise Refused(BAD_MEDIA)
        if kind and kept.kind != kind:
            raise Refused(BAD_MEDIA, f"media_id is of type {kept.kind}")
        return kept


def image_type(content: bytes) -> str:
    """The MIME type of a JPG or PNG, which are the pictures WeCom takes; else nothing."""
    return next((mime for start, mime in IMAGES.items() if content.startswith(start)), "")


def refuse_wrong_size(kind: str, size: int) -> None:
    if size <= LEAST:
        raise Refused(BAD_FILE_SIZE)
    if size > MOST[kind]:
        raise Refused(TOO_LARGE)


def refuse_wrong_content(kind: str, content: bytes) -> None:
    if (kind == "image" and not image_type(content)) or (kind == "voice" and not content.startswith(AMR)):
        raise Refused(BAD_MEDIA_TYPE)
