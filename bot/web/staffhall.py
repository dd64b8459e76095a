"""Where every request to the staff pages begins: whose browser it is, and whether it may change anything."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar, cast

import structlog
from fastapi import HTTPException, Request, Response
from starlette.datastructures import FormData

from bot.web import asked
from bot.web.door import language
from bot.web.staffbadge import Badge, Badges, blank
from bot.web.staffpages import StaffPages
from handlers.desk import Desk, Work
from handlers.outbox import delivery
from handlers.staffpages import signing
from handlers.staffpages.ticketpage import Reader
from models.database import is_clash, is_down

Endpoint = Callable[[Request], Awaitable[Response]]
Result = TypeVar("Result")

REPEATS = 3
MOST_FIELDS, MOST_FILES = 200, 20

log = structlog.get_logger()


class Shut(Exception):
    """A request that leads nowhere; `key` says why, under `staff.page.shut`."""

    def __init__(self, status: int, key: str) -> None:
        super().__init__(key)
        self.status, self.key = status, key


class Hall:
    """What all staff pages share."""

    def __init__(self, desk: Desk, badges: Badges, pages: StaffPages, wake: Callable[[], None]) -> None:
        self.desk, self.badges, self.pages, self._wake = desk, badges, pages, wake

    def badge(self, request: Request) -> Badge:
        """The browser's badge, or a blank one."""
        held = self.badges.read(request, self.desk.now())
        return held or blank(language(request, self.desk.texts))

    async def reader(self, work: Work, badge: Badge) -> Reader | None:
        """Who is signed in; None when nobody is, or no longer serves."""
        person = await signing.colleague(work, badge.staff) if badge.staff else None
        return None if person is None else Reader(person, badge.locale)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Work]:
        async with self.desk.database.reading() as session:
            yield Work(self.desk, session, self.desk.now())

    async def change(self, do: Callable[[Work], Awaitable[Result]]) -> Result:
        """One transaction, begun anew when another one was in its way; then what it posted may leave."""
        for left in reversed(range(REPEATS)):
            try:
                async with self.desk.database.transaction() as session:
                    result = await do(Work(self.desk, session, self.desk.now()))
            except Exception as error:
                if left and hasattr(error, "orig") and is_clash(cast(Any, error)):
                    continue
                raise
            if delivery.posted(session):
                self._wake()
            return result
        raise AssertionError("unreachable")

    @asynccontextmanager
    async def form(
        self, request: Request, badge: Badge, most: int = asked.MOST_BODY
    ) -> AsyncIterator[FormData]:
        """What a form of ours brings, `most` in bytes. Raises Shut when it is another's; 400, 411, 413."""
        _check_length(request, most)
        async with request.form(
            max_files=MOST_FILES, max_fields=MOST_FIELDS, max_part_size=asked.MOST_BODY
        ) as form:
            if not self.badges.trusts(request, badge, field(form, "form_token")):
                raise Shut(403, "foreign")
            yield form

    def guarded(self, endpoint: Endpoint) -> Endpoint:
        """An endpoint that answers with a page whatever happens, and gives every browser a badge."""

        async def answer(request: Request) -> Response:
            badge = self.badge(request)
            request.state.badge = badge
            try:
                response = await endpoint(request)
            except Shut as shut:
                response = self.pages.show("shut", badge, shut.status, why=shut.key)
            except HTTPException as refused:
                why = "too_large" if refused.status_code == 413 else "unclear"
                response = self.pages.show("shut", badge, refused.status_code, why=why)
            except Exception as error:
                if not is_down(error):
                    raise
                log.warning("staff_page_without_database", error=type(error).__name__)
                response = self.pages.show("shut", badge, 503, why="try_later")
            if "set-cookie" not in response.headers and not badge.staff:
                self.badges.write(response, badge)
            return response

        return answer


def field(form: FormData, name: str) -> str:
    """The words of a field; "" when there are none."""
    value = form.get(name)
    return asked.legible(value) if isinstance(value, str) else ""


def fields(form: FormData, name: str) -> tuple[str, ...]:
    return tuple(asked.legible(value) for value in form.getlist(name) if isinstance(value, str))


def _check_length(request: Request, most: int) -> None:
    """How much is coming is known beforehand: the server holds the sender to it."""
    length = request.headers.get("content-length", "")
    if not (length.isascii() and length.isdecimal()):
        raise HTTPException(411)
    if len(length) > 15 or int(length) > most:
        raise HTTPException(413)
