"""The door of the staff pages: a link or a code lets a colleague in, and whoever is stuck is helped on."""

from __future__ import annotations

import re

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from bot.web.staffbadge import Badge, blank, made_out
from bot.web.staffhall import Hall, Shut, field
from bot.web.staffpages import SAFE
from handlers.desk import Work
from handlers.roster import called
from handlers.staffpages import links, signing, ticketpage
from handlers.staffpages.links import PAGE, Pass
from handlers.staffpages.signing import Denied
from models.staff import Staff

HOME = "/staff"
_BACK = re.compile(r"/staff(/t/[A-Za-z0-9._-]{1,200}(/[a-z_]{1,40})?)?")
STATUS = {Denied.WRONG: 403, Denied.LOCKED: 429, Denied.TOO_OFTEN: 429, Denied.NOWHERE: 409}
"""Everything else has been and is over: 410."""


class StaffDoor:
    """Who is not signed in meets this first."""

    def __init__(self, hall: Hall) -> None:
        self._hall = hall

    async def outside(
        self, work: Work, badge: Badge, token: str, held: Pass | None, denied: Denied | None = None
    ) -> Response:
        """The page for somebody who is not in: whose it is, and the ways in. It names no resident."""
        plate = None if held is None else await ticketpage.plate(work, held.ticket, badge.locale)
        person = await self._whose(work, held)
        if denied is None and held is not None and held.staff is not None:
            denied = await _standing(work, held, person)
        return self._hall.pages.show(
            "door",
            badge,
            200 if denied is None else STATUS.get(denied, 410),
            back=f"{PAGE}{token}" if token else HOME,
            plate=plate,
            link=token,
            name=called(person, badge.locale),
            denied=denied,
            personal=held is not None and held.staff is not None,
        )

    async def _whose(self, work: Work, held: Pass | None) -> Staff | None:
        return None if held is None else await signing.colleague(work, held.staff or 0)

    async def enter(self, request: Request) -> Response:
        """A personal link is used: this browser is signed in."""
        badge: Badge = request.state.badge
        async with self._hall.form(request, badge) as form:
            token = field(form, "link")
        held = links.read(self._hall.desk, token)
        if held is None or held.staff is None:
            raise Shut(404, "no_link")
        let = await self._hall.change(lambda work: signing.enter(work, held, badge.id))
        return await self._let(badge, token, held, let)

    async def code(self, request: Request) -> Response:
        """A one-time code is typed in."""
        badge: Badge = request.state.badge
        async with self._hall.form(request, badge) as form:
            token, code = field(form, "link"), field(form, "code")[:100]
        held = links.read(self._hall.desk, token)
        address = request.client.host if request.client else ""
        let = await self._hall.change(
            lambda work: signing.redeem(work, code, badge.id, address, badge.locale)
        )
        return await self._let(badge, token if held else "", held, let)

    async def _let(self, badge: Badge, token: str, held: Pass | None, let: Staff | Denied) -> Response:
        if isinstance(let, Denied):
            async with self._hall.reading() as work:
                return await self.outside(work, badge, token, held, let)
        desk = self._hall.desk
        on = f"{PAGE}{links.group_token(desk, held.ticket, desk.now())}" if held and held.ticket else HOME
        return self._go(on, made_out(let.id, badge.locale, desk.now()))

    async def send_link(self, request: Request) -> Response:
        """Whoever has an old personal link has a new one sent to their own chat."""
        badge: Badge = request.state.badge
        async with self._hall.form(request, badge) as form:
            token = field(form, "link")
        held = links.read(self._hall.desk, token)
        if held is None or held.staff is None:
            raise Shut(404, "no_link")
        denied = await self._hall.change(lambda work: signing.send_link(work, held))
        if denied is None:
            return self._hall.pages.show("sent", badge)
        async with self._hall.reading() as work:
            return await self.outside(work, badge, token, held, denied)

    async def leave(self, request: Request) -> Response:
        """Nobody is signed in at this browser any more."""
        badge: Badge = request.state.badge
        async with self._hall.form(request, badge):
            return self._go(HOME, blank(badge.locale))

    async def language(self, request: Request) -> Response:
        """The same page in another language."""
        badge: Badge = request.state.badge
        async with self._hall.form(request, badge) as form:
            locale, back = field(form, "locale"), field(form, "back")
        if locale not in self._hall.desk.texts.locales:
            raise Shut(400, "unclear")
        changed = Badge(badge.id, locale, badge.staff, badge.since)
        return self._go(back if _BACK.fullmatch(back) else HOME, changed)

    def _go(self, path: str, badge: Badge) -> Response:
        response = RedirectResponse(path, 303, headers=SAFE)
        self._hall.badges.write(response, badge)
        return response


async def _standing(work: Work, held: Pass, person: Staff | None) -> Denied | None:
    """What keeps a personal link from being used; None when nothing does."""
    if person is None:
        return Denied.GONE
    if not held.good(work.now):
        return Denied.EXPIRED
    return Denied.USED if await signing.used(work, held) else None
