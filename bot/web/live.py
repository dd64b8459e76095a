"""What changes in a chat is on the page a moment later, whichever process changed it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from time import monotonic

import structlog

from models import web
from models.database import Database
from models.web import WebMessage

LOOK, HEARTBEAT, LIFETIME = 0.7, 15.0, 600.0
"""Seconds between looks at the log for other processes' news, between signs of life, and of one stream."""

log = structlog.get_logger()


class Reset(Exception):
    """The page has seen more than there is: the log was restored from a backup; it must load anew."""


class Live:
    """One look-out a process, however many pages are open; it rests while none is."""

    def __init__(self, database: Database, *, look: float = LOOK, heartbeat: float = HEARTBEAT) -> None:
        self._database = database
        self._look, self._heartbeat = look, heartbeat
        self._bell = asyncio.Event()
        self._listeners = 0
        self._lookout: asyncio.Task[None] | None = None
        self._closed = False

    def ring(self) -> None:
        """Something was written here: every page of this process looks at once."""
        bell, self._bell = self._bell, asyncio.Event()
        bell.set()

    def close(self) -> None:
        """The program stops: every stream ends, so that the server need not wait for them."""
        self._closed = True
        self.ring()

    async def follow(self, chats: Sequence[str], after: int) -> AsyncIterator[Sequence[WebMessage]]:
        """News of some chats in order, without a gap; nothing in it is a sign of life. Raises Reset."""
        await self._check(after)
        ends = monotonic() + LIFETIME
        self._arrive()
        try:
            while not self._closed and monotonic() < ends:
                bell = self._bell
                news = await self._news(chats, after)
                if news:
                    after = news[-1].changed
                    yield news
                elif not await self._waited(bell):
                    yield ()
        finally:
            self._leave()

    async def _check(self, after: int) -> None:
        async with self._database.reading() as session:
            if after > await web.newest(session):
                raise Reset

    async def _news(self, chats: Sequence[str], after: int) -> Sequence[WebMessage]:
        async with self._database.reading() as session:
            return await web.newer(session, chats, after)

    async def _waited(self, bell: asyncio.Event) -> bool:
        try:
            await asyncio.wait_for(bell.wait(), self._heartbeat)
        except TimeoutError:
            return False
        return True

    def _arrive(self) -> None:
        self._listeners += 1
        if self._lookout is None or self._lookout.done():
            self._lookout = asyncio.create_task(self._look_out())

    def _leave(self) -> None:
        self._listeners -= 1
        if not self._listeners and self._lookout is not None:
            self._lookout.cancel()
            self._lookout = None

    async def _look_out(self) -> None:
        seen = 0
        while True:
            try:
                async with self._database.reading() as session:
                    newest = await web.newest(session)
            except Exception as error:  # the database is away: the pages wait with us
                log.warning("web_look_out_failed", error=type(error).__name__)
            else:
                if newest != seen:
                    self.ring()
                seen = newest
            await asyncio.sleep(self._look)
