"""Photos at the page: taken in several at once, and shown only to those who may see their chat."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import HTTPException, Request, Response
from starlette.datastructures import UploadFile

from bot.media import LARGEST_FILE, MediaStore, UnfitMedia, mime, ours, small
from bot.web import asked
from bot.web.seats import Seats
from bot.web.session import Session
from bot.web.shown import Links
from models import attachment
from models.attachment import GONE
from models.database import Database

MOST_FILES = 10
MOST_UPLOAD = MOST_FILES * LARGEST_FILE + asked.MOST_BODY
REFUSED = {"too_large": 413, "not_a_picture": 415}


class Photos:
    def __init__(self, database: Database, store: MediaStore, links: Links) -> None:
        self._database, self._store, self._links = database, store, links

    async def upload(
        self, request: Request, admit: Callable[[str], Awaitable[object]]
    ) -> tuple[asked.Photos, tuple[str, ...]]:
        """Keep what was sent: all of it or, when one file is unfit, nothing. Raises 411, 413, 415, 422."""
        _check_length(request)
        async with request.form(max_files=MOST_FILES, max_fields=8, max_part_size=asked.MOST_BODY) as form:
            fields = {name: value for name, value in form.items() if isinstance(value, str)}
            wanted = asked.given(asked.Photos, dict(fields))
            await admit(wanted.chat)
            files = [one for one in form.getlist("photos") if isinstance(one, UploadFile)]
            if not files:
                raise HTTPException(422, "empty")
            return wanted, tuple([await self._kept(one) for one in files])

    async def _kept(self, file: UploadFile) -> str:
        if (file.size or 0) > LARGEST_FILE:
            raise HTTPException(413, "too_large")
        try:
            return (await self._store.put(await file.read())).path
        except UnfitMedia as unfit:
            raise HTTPException(REFUSED[unfit.key], unfit.key) from None

    async def serve(self, request: Request, session: Session, seats: Seats) -> Response:
        """A photo by its signed link, to a browser that may see the chat it was shown in. Raises 403, 404."""
        link = self._links.read(request.path_params["name"])
        if link is None:
            raise HTTPException(404, "nothing")
        chat, photo = link
        if not await seats.visible(session, [chat]):
            raise HTTPException(403, "not_yours")
        path = photo if isinstance(photo, str) else await self._path(photo)
        if path is None:
            return Response(status_code=202, headers={"Cache-Control": "no-store", "Retry-After": "2"})
        return await self._photo(path, little="small" in request.query_params)

    async def _path(self, number: int) -> str | None:
        """Where an attachment lies; None while it is still to be fetched from its channel."""
        async with self._database.reading() as reading:
            found = await attachment.one(reading, number)
        if found is None or found.state in GONE:
            raise HTTPException(404, "nothing")
        path = found.stored or found.source
        return path if ours(path) else None

    async def _photo(self, path: str, *, little: bool) -> Response:
        try:
            content = await self._store.get(small(path) if little else path)
        except FileNotFoundError:
            raise HTTPException(404, "nothing") from None
        headers = {
            "Cache-Control": "private, max-age=31536000, immutable",
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "Cross-Origin-Resource-Policy": "same-origin",
        }
        return Response(content, media_type=mime(path), headers=headers)


def _check_length(request: Request) -> None:
    """How much is coming is known beforehand: the server holds the sender to it."""
    length = request.headers.get("content-length", "")
    if not (length.isascii() and length.isdecimal()):
        raise HTTPException(411, "unclear")
    if len(length) > 15 or int(length) > MOST_UPLOAD:
        raise HTTPException(413, "too_large")
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise HTTPException(415, "unclear")
