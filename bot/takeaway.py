"""What we hold of a resident, for the command line: handed out as a file, or deleted."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

from obstore.exceptions import BaseError

from bot.media import MediaStore, discard_unwanted
from bot.office import Impossible, opened, working
from bot.settings import Settings
from handlers import office

RECORD = "record.json"


async def export(settings: Settings, *, named: str, out: Path | None, photos: bool) -> str:
    """Everything held of a resident as JSON, or with photos in a ZIP; returns what is to be said.

    Only whoever runs this can read the file. Raises Impossible and OSError.
    """
    if photos and out is None:
        raise Impossible("photos go into a ZIP file: give --out FILE.zip")
    async with opened(settings) as database, database.reading() as session:
        record, sent = await office.whole_record(session, named)
    said = json.dumps(record, ensure_ascii=False, indent=2, sort_keys=True)
    if out is None:
        return said
    if not photos:
        _write(out, f"{said}\n".encode())
        return f"{out}: everything held of resident {record['resident']['id']}"
    paths = {one.id: one.stored for one in sent if one.stored is not None}
    copies = await _copies(MediaStore(settings.media_url), paths)
    _write(out, _zipped({RECORD: said.encode(), **copies}))
    return f"{out}: everything held of resident {record['resident']['id']}, photos {len(copies)}"


async def _copies(store: MediaStore, paths: Mapping[int, str]) -> dict[str, bytes]:
    """Our copies by the names they get, such as photos/12.jpg. One that is lost is left out."""
    found: dict[str, bytes] = {}
    for number, path in paths.items():
        try:
            found[f"photos/{number}.{path.rpartition('.')[2]}"] = await store.get(path)
        except FileNotFoundError:
            continue
        except BaseError as error:
            raise Impossible(f"WUBU_MEDIA_URL: {type(error).__name__}") from None
    return found


def _zipped(files: Mapping[str, bytes]) -> bytes:
    into = BytesIO()
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return into.getvalue()


def _write(out: Path, content: bytes) -> None:
    """A new file that nobody else can read; what was there before is replaced."""
    out.unlink(missing_ok=True)
    with os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)


async def erase(settings: Settings, *, named: str, sure: bool) -> str:
    """Delete what is held of a resident, our copies of their photos at once. Raises Impossible."""
    if not sure:
        raise Impossible("this cannot be taken back, and a backup still has it: add --yes to do it")
    async with working(settings) as work:
        gone = await office.erase_resident(work, named)
    await _discard(settings)
    counted: dict[str, Any] = {
        "chats": gone.chats,
        "tickets": gone.tickets,
        "photos": gone.photos,
        "messages": gone.messages,
    }
    return f"resident {gone.resident} is erased ({', '.join(f'{what} {n}' for what, n in counted.items())})"


async def _discard(settings: Settings) -> None:
    """What cannot be deleted now, the clock deletes later."""
    store = MediaStore(settings.media_url)
    async with opened(settings) as database:
        while await discard_unwanted(database, store):
            pass
