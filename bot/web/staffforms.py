"""A filled-in form as it arrives: options, words, and photos that are kept at once and shown again."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from itsdangerous import BadData, URLSafeSerializer
from starlette.datastructures import FormData, UploadFile

from bot.media import LARGEST_FILE, MediaStore, UnfitMedia, ours
from bot.web.staffhall import Shut, field, fields
from flows.engine.messages import Phrase
from handlers.staffpages.ticketform import Given

PHOTO = "/staff/photo/"
_KEY = re.compile(r"[A-Za-z0-9_-]{8,40}")
_FIELD = re.compile(r"q\.([A-Za-z_][A-Za-z0-9_]{0,60})(?:\.(said|kept|photos))?")


class PhotoLinks:
    """Links to photos: each names the ticket, or the colleague, to whom it may be shown, signed."""

    def __init__(self, key: str) -> None:
        self._signer = URLSafeSerializer(key, salt="wubu.staff.photo")

    def of_ticket(self, ticket: int, photo: int) -> str:
        return PHOTO + self._signer.dumps(["ticket", ticket, photo])

    def of_upload(self, staff: int, path: str) -> str:
        """A photo in a form that is not finished: for the one who took it."""
        return PHOTO + self._signer.dumps(["upload", staff, path])

    def read(self, name: str) -> tuple[str, int, int | str] | None:
        """What a link's last part says; None when it is not one of ours."""
        try:
            kind, whose, photo = self._signer.loads(name.removeprefix(PHOTO))
        except (BadData, ValueError, TypeError):
            return None
        return kind, whose, photo


@dataclass(frozen=True, slots=True)
class Forms:
    """Reads forms, for one colleague each."""

    store: MediaStore
    links: PhotoLinks

    async def read(self, form: FormData, staff: int) -> tuple[str, Given]:
        """The form's key and what was put into it. Raises Shut on a form that is none of ours."""
        key = field(form, "key")
        if not _KEY.fullmatch(key):
            raise Shut(400, "unclear")
        given = Given(
            chosen=_part(form, ""),
            said={name: "\n".join(words) for name, words in _part(form, "said").items()},
            photos=self._kept(form, staff),
            asked=frozenset(fields(form, "asked")),
        )
        return key, await self._with_new(form, given)

    def _kept(self, form: FormData, staff: int) -> dict[str, tuple[str, ...]]:
        """The photos that came with an earlier try, as far as they were not taken away."""
        kept: dict[str, tuple[str, ...]] = {}
        for name, tokens in _part(form, "kept").items():
            read = (self.links.read(token) for token in tokens)
            paths = (str(one[2]) for one in read if one is not None and one[:2] == ("upload", staff))
            kept[name] = tuple(dict.fromkeys(path for path in paths if ours(path)))
        return kept

    async def _with_new(self, form: FormData, given: Given) -> Given:
        """With the photos that came now; what is none is left out, and the field says so."""
        photos, unfit = dict(given.photos), {}
        for name, file in form.multi_items():
            found = _FIELD.fullmatch(name)
            if found is None or found[2] != "photos" or not isinstance(file, UploadFile) or not file.size:
                continue
            try:
                photos[found[1]] = (*photos.get(found[1], ()), await self._put(file))
            except UnfitMedia as wrong:
                unfit[found[1]] = Phrase(f"staff.page.unfit.{wrong.key}")
        return replace(given, photos=photos, unfit=unfit)

    async def _put(self, file: UploadFile) -> str:
        if (file.size or 0) > LARGEST_FILE:
            raise UnfitMedia("too_large")
        return (await self.store.put(await file.read())).path


def _part(form: FormData, part: str) -> dict[str, Sequence[str]]:
    """The values of all fields of one kind, by the question's name."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for name in form:
        named = _FIELD.fullmatch(name)
        if named is not None and (named[2] or "") == part:
            found[named[1]].extend(fields(form, name))
    return dict(found)
