"""Photos, documents and voices: what was sent, under which id it is kept and from where it is fetched."""

import io
from dataclasses import dataclass
from itertools import count

from PIL import Image, UnidentifiedImageError

from tests.emulators.telegram_errors import JSON, Refused, bad_request

MOST_TO_FETCH = 20 * 1024 * 1024
MOST_TO_SEND = 50 * 1024 * 1024
BIGGEST_PHOTO = 10 * 1024 * 1024

FOLDERS = {"photo": "photos", "document": "documents", "voice": "voice", "video_note": "video_notes"}
FOLDERS |= {"sticker": "stickers", "video": "videos", "audio": "music", "animation": "animations"}
ENDINGS = {"photo": "jpg", "document": "bin", "voice": "oga", "video_note": "mp4", "sticker": "webp"}
ENDINGS |= {"video": "mp4", "audio": "mp3", "animation": "mp4"}
MIME_TYPES = {"voice": "audio/ogg", "audio": "audio/mpeg"}
MIME_TYPES |= {"video": "video/mp4", "animation": "video/mp4"}


@dataclass(frozen=True, slots=True)
class Upload:
    """A file inside a request."""

    name: str
    content: bytes
    mime_type: str | None = None


@dataclass(frozen=True, slots=True)
class StoredFile:
    id: str
    kind: str
    path: str
    size: int
    content: bytes
    name: str | None = None
    mime_type: str | None = None
    width: int = 0
    height: int = 0

    @property
    def unique_id(self) -> str:
        return f"u{self.id}"

    def bytes_to_serve(self) -> bytes:
        """The content; a file that was only said to be large is filled with zeros."""
        return self.content + bytes(self.size - len(self.content))

    def as_file(self) -> JSON:
        if self.size > MOST_TO_FETCH:
            raise bad_request("file is too big")
        return self._ids() | {"file_path": self.path}

    def as_content(self) -> object:
        """The value of the message's field that is named after the file's kind."""
        if self.kind == "photo":
            return [self._ids() | {"width": self.width, "height": self.height}]
        return self._ids() | self._shape() | self._labels()

    def _ids(self) -> JSON:
        return {"file_id": self.id, "file_unique_id": self.unique_id, "file_size": self.size}

    def _shape(self) -> JSON:
        match self.kind:
            case "video" | "animation":
                return {"width": 640, "height": 480, "duration": 3}
            case "voice" | "audio":
                return {"duration": 3}
            case "video_note":
                return {"length": 240, "duration": 3}
            case "sticker":
                return {
                    "width": 512,
                    "height": 512,
                    "type": "regular",
                    "is_animated": False,
                    "is_video": False,
                }
            case _:
                return {}

    def _labels(self) -> JSON:
        labels = {"file_name": self.name, "mime_type": self.mime_type}
        return {} if self.kind in ("video_note", "sticker") else {k: v for k, v in labels.items() if v}


class Files:
    """All files the emulator knows, by id and by path."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self._by_id: dict[str, StoredFile] = {}
        self._by_path: dict[str, StoredFile] = {}

    def store(
        self,
        kind: str,
        content: bytes,
        *,
        name: str | None = None,
        mime_type: str | None = None,
        size: int | None = None,
    ) -> StoredFile:
        number = next(self._numbers)
        width, height = measured(content) if kind == "photo" else (0, 0)
        stored = StoredFile(
            id=f"AgACAgUAAxk{kind.upper().replace('_', '')}{number:06d}",
            kind=kind,
            path=f"{FOLDERS[kind]}/file_{number}.{ENDINGS[kind]}",
            size=len(content) if size is None else size,
            content=content,
            name=name,
            mime_type=mime_type or MIME_TYPES.get(kind),
            width=width,
            height=height,
        )
        self._by_id[stored.id] = stored
        self._by_path[stored.path] = stored
        return stored

    def receive(self, kind: str, source: Upload | str) -> StoredFile:
        """A bot's file: uploaded, named by an id it has seen, or an address to fetch (which stays empty)."""
        if isinstance(source, Upload):
            refuse_too_big(kind, len(source.content))
            return self.store(kind, source.content, name=source.name, mime_type=source.mime_type)
        if source.startswith(("http://", "https://")):
            return self.store(kind, b"", name=source.rsplit("/", 1)[-1])
        known = self._by_id.get(source)
        if known is None:
            raise bad_request("wrong file identifier/HTTP URL specified")
        if known.kind != kind:
            raise bad_request(f"can't use file of type {known.kind.title()} as {kind.title()}")
        return known

    def by_id(self, file_id: str) -> StoredFile:
        if file_id not in self._by_id:
            raise bad_request("wrong file_id or the file is temporarily unavailable")
        return self._by_id[file_id]

    def by_path(self, path: str) -> StoredFile | None:
        return self._by_path.get(path)


def refuse_too_big(kind: str, size: int) -> None:
    if size == 0:
        raise bad_request("file must be non-empty")
    if size > MOST_TO_SEND:
        raise Refused(413, "Request Entity Too Large")
    if kind == "photo" and size > BIGGEST_PHOTO:
        raise bad_request(
            f"file of size {size} bytes is too big for a photo; the maximum size is {BIGGEST_PHOTO} bytes"
        )


def measured(content: bytes) -> tuple[int, int]:
    try:
        with Image.open(io.BytesIO(content)) as picture:
            return picture.size
    except (UnidentifiedImageError, OSError, ValueError):
        return 640, 480


def sample_photo(number: int = 0) -> bytes:
    """A small JPEG; each number gives another colour."""
    colour = (number * 67 % 256, number * 131 % 256, 255 - number * 41 % 256)
    written = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(written, "JPEG")
    return written.getvalue()
