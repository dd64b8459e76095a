"""The pages of a ticket: what it says, the forms of its actions, its photos, and the list of all of them."""

from __future__ import annotations

import re
import secrets
from dataclasses import replace

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from bot.media import MediaStore, mime, ours, small
from bot.web.photos import MOST_UPLOAD
from bot.web.staffbadge import Badge
from bot.web.staffdoor import HOME, StaffDoor
from bot.web.staffforms import Forms, PhotoLinks
from bot.web.staffhall import Hall, Shut
from bot.web.staffpages import SAFE
from handlers.desk import Work
from handlers.roster import called
from handlers.staffpages import links, ticketdeeds, ticketlist, ticketpage
from handlers.staffpages.links import PAGE, Pass
from handlers.staffpages.ticketdeeds import Outcome, Unfinished
from handlers.staffpages.ticketform import NOTHING, Field, Given
from handlers.staffpages.ticketpage import NOTE, Asking, Page, Reader

_ACTION = re.compile(r"[a-z_]{1,40}")


class TicketDesk:
    """What a colleague who is signed in sees and does."""

    def __init__(self, hall: Hall, door: StaffDoor, store: MediaStore, photos: PhotoLinks) -> None:
        self._hall, self._door, self._store, self._photos = hall, door, store, photos
        self._forms = Forms(store, photos)

    async def jobs(self, request: Request) -> Response:
        """My jobs, and what else is open where I work."""
        badge: Badge = request.state.badge
        async with self._hall.reading() as work:
            reader = await self._hall.reader(work, badge)
            if reader is None:
                return await self._door.outside(work, badge, "", None)
            mine, rest = await ticketlist.jobs(work, reader)
        return self._hall.pages.show(
            "jobs", badge, mine=mine, rest=rest, me=called(reader.person, badge.locale), to=self._to
        )

    def _to(self, ticket: int) -> str:
        desk = self._hall.desk
        if ticket == links.NO_TICKET:
            return HOME
        return f"{PAGE}{links.group_token(desk, ticket, desk.now())}"

    async def ticket(self, request: Request) -> Response:
        badge: Badge = request.state.badge
        token, held = self._link(request)
        async with self._hall.reading() as work:
            reader = await self._in(work, badge, held)
            if reader is None:
                return await self._door.outside(work, badge, token, held)
            if not held.good(work.now):
                return self._hall.pages.show("expired", badge, 410, to=self._to(held.ticket))
            if held.staff is not None:
                return RedirectResponse(self._to(held.ticket), 303, headers=SAFE)
            shown = await _shown(work, reader, held)
            came = await ticketdeeds.outcome(work, reader, request.query_params.get("said", "")[:40])
        return self._page(badge, token, shown, came)

    async def form(self, request: Request) -> Response:
        """The questions of an action."""
        badge: Badge = request.state.badge
        token, held = self._link(request)
        name = _action(request)
        async with self._hall.reading() as work:
            reader = await self._in(work, badge, held)
            if reader is None or not held.good(work.now):
                return RedirectResponse(f"{PAGE}{token}", 303, headers=SAFE)
            asking = await _asking(work, reader, held, name, NOTHING)
            if isinstance(asking, str):
                shown = await _shown(work, reader, held)
                return self._page(badge, token, shown, Outcome(asking, done=False), 409)
        return self._form(badge, token, asking, NOTHING, secrets.token_urlsafe(12))

    async def act(self, request: Request) -> Response:
        """A form was sent: it is done, once, or shown again with what is missing."""
        badge: Badge = request.state.badge
        token, held = self._link(request)
        name = _action(request)
        async with self._hall.reading() as work:
            reader = await self._in(work, badge, held)
        if reader is None or not held.good(self._hall.desk.now()):
            return RedirectResponse(f"{PAGE}{token}", 303, headers=SAFE)
        async with self._hall.form(request, badge, MOST_UPLOAD) as form:
            key, given = await self._forms.read(form, reader.person.id)
        try:
            came = await self._hall.change(
                lambda work: ticketdeeds.do(work, reader, held.ticket, name, given, key)
            )
        except Unfinished as unfinished:
            return await self._again(badge, token, reader, held, name, given, key, unfinished)
        if came is None or came.done or not (given.words or given.pictures):
            return RedirectResponse(f"{PAGE}{token}?said={key}", 303, headers=SAFE)
        return await self._saved(badge, token, reader, held, given, came)

    async def _again(
        self,
        badge: Badge,
        token: str,
        reader: Reader,
        held: Pass,
        name: str,
        given: Given,
        key: str,
        unfinished: Unfinished,
    ) -> Response:
        """The form once more, with all that was put into it and what is wrong."""
        async with self._hall.reading() as work:
            asking = await _asking(work, reader, held, name, given)
        if isinstance(asking, str):
            return await self._saved(badge, token, reader, held, given, Outcome(asking, done=False))
        return self._form(badge, token, replace(asking, filled=unfinished.filled), given, key, 422)

    async def _saved(
        self, badge: Badge, token: str, reader: Reader, held: Pass, given: Given, came: Outcome
    ) -> Response:
        """It is too late for what was filled in: the words and photos can still become a note."""
        note = Given(said={"note": given.words}, photos={"photos": given.pictures})
        async with self._hall.reading() as work:
            asking = await _asking(work, reader, held, NOTE, note)
            if isinstance(asking, str):
                return self._page(badge, token, await _shown(work, reader, held), came, 409)
        return self._form(badge, token, asking, note, secrets.token_urlsafe(12), 409, came.told)

    async def photo(self, request: Request) -> Response:
        """A photo, to whom its link may be shown now. Raises Shut."""
        badge: Badge = request.state.badge
        link = self._photos.read(request.path_params["name"])
        async with self._hall.reading() as work:
            reader = await self._hall.reader(work, badge)
            path = None if reader is None or link is None else await _photo(work, reader, *link)
        if path is None or not ours(path):
            raise Shut(404, "nothing")
        try:
            content = await self._store.get(small(path) if "small" in request.query_params else path)
        except FileNotFoundError:
            raise Shut(404, "nothing") from None
        return Response(content, media_type=mime(path), headers=SAFE)

    def _link(self, request: Request) -> tuple[str, Pass]:
        token = request.path_params["token"]
        held = links.read(self._hall.desk, token)
        if held is None:
            raise Shut(404, "no_link")
        return token, held

    async def _in(self, work: Work, badge: Badge, held: Pass) -> Reader | None:
        """Who is signed in, if this link is for them."""
        reader = await self._hall.reader(work, badge)
        if reader is None or held.staff not in (None, reader.person.id):
            return None
        return reader

    def _page(
        self, badge: Badge, token: str, shown: Page, came: Outcome | None, status: int = 200
    ) -> Response:
        photos = [
            self._photos.of_ticket(shown.ticket, number) if ours(path) else ""
            for number, path in shown.photos
        ]
        return self._hall.pages.show(
            "ticket",
            badge,
            status,
            back=f"{PAGE}{token}",
            here=f"{PAGE}{token}",
            page=shown,
            photos=photos,
            came=came,
            key=secrets.token_urlsafe(12),
        )

    def _form(
        self,
        badge: Badge,
        token: str,
        asking: Asking,
        given: Given,
        key: str,
        status: int = 200,
        told: str = "",
    ) -> Response:
        def kept(field: Field) -> list[str]:
            return [self._photos.of_upload(badge.staff, path) for path in field.photos]

        here = f"{PAGE}{token}"
        return self._hall.pages.show(
            "form",
            badge,
            status,
            back=f"{here}/{asking.name}",
            here=here,
            asking=asking,
            kept=kept,
            unshown=self._unshown(badge, asking, given),
            key=key,
            told=told,
        )

    def _unshown(self, badge: Badge, asking: Asking, given: Given) -> list[tuple[str, str]]:
        """What was put into fields that are not on the page just now, so that it is there again later."""
        shown = {field.name for field in asking.filled.fields}
        left = [(f"q.{name}", value) for name, values in given.chosen.items() for value in values]
        left += [(f"q.{name}.said", said) for name, said in given.said.items()]
        left += [
            (f"q.{name}.kept", self._photos.of_upload(badge.staff, path))
            for name, paths in given.photos.items()
            for path in paths
        ]
        return [(name, value) for name, value in left if name.split(".")[1] not in shown]


def _action(request: Request) -> str:
    name: str = request.path_params["action"]
    if not _ACTION.fullmatch(name):
        raise Shut(404, "nothing")
    return name


async def _shown(work: Work, reader: Reader, held: Pass) -> Page:
    """The ticket. Raises Shut when it is not this colleague's to see."""
    shown = await ticketpage.page(work, reader, held.ticket)
    if shown is None:
        raise Shut(403, "not_yours")
    return shown


async def _asking(work: Work, reader: Reader, held: Pass, name: str, given: Given) -> Asking | str:
    """The form, or why there is none now. Raises Shut when the ticket is not this colleague's to see."""
    asking = await ticketpage.asking(work, reader, held.ticket, name, given)
    if asking is None:
        raise Shut(403, "not_yours")
    return asking


async def _photo(work: Work, reader: Reader, kind: str, whose: int, photo: int | str) -> str | None:
    """Where a photo lies; None when it is not for this colleague."""
    if kind == "upload" and isinstance(photo, str):
        return photo if whose == reader.person.id else None
    return await ticketpage.photo(work, reader, whose, photo) if isinstance(photo, int) else None
