"""The pass without which WeChat and WeCom serve nobody: fetched once for all, renewed before it ends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

import structlog

from bot import leases
from bot.channel import SendError, Temporary
from handlers import leases as notes
from models.database import Database, is_down

EARLY = 300.0
"""Seconds before its end at which a token is renewed; old and new are both good then (stable_token)."""
FETCHING = 15.0
"""Seconds that a fetch may take; `LEASE` is longer, so that no second one begins beside it."""
LEASE = 20.0
PATIENCE = 25.0
"""Seconds to wait for another process that is fetching."""
LOOK = 0.1
AGAIN = 10.0
"""Seconds until the next try, where renewing early has not worked."""
FORCED_APART = 75 * 60.0
"""Seconds between forced renewals: the vendor allows 20 a day, and a wrong setting must not use them up."""
FRUITLESS = 30.0
"""Seconds for which nobody asks anew, once even a renewal brought nothing better."""

log: structlog.stdlib.BoundLogger = structlog.get_logger()

Fetch = Callable[[bool], Awaitable[tuple[str, float]]]
"""Ask the vendor, by force or not: the token, and for how many seconds it is good. Raises SendError."""


@dataclass(frozen=True, slots=True)
class Pass:
    """A token and, in seconds since 1970: its end, the last forced renewal, the last one that was no use."""

    token: str = ""
    expires: float = 0.0
    forced: float = 0.0
    fruitless: float = 0.0

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        times = {name: float(data.get(name, 0.0)) for name in ("expires", "forced", "fruitless")}
        return cls(str(data.get("token", "")), **times)

    def data(self) -> dict[str, Any]:
        return {
            "token": self.token,
            "expires": self.expires,
            "forced": self.forced,
            "fruitless": self.fruitless,
        }

    def good(self, now: float, bad: str = "") -> bool:
        return self.token not in ("", bad) and now < self.expires

    def fresh(self, now: float, bad: str = "") -> bool:
        return self.good(now, bad) and now < self.expires - EARLY


class Tokens:
    """The access token of one account, in the notebook of the lease `name` that all processes share.

    Whoever holds the lease asks the vendor, the others wait for what it writes down; one that died holding
    it is waited for no longer than the lease lasts. A token is kept in memory until shortly before its end.
    `now` gives seconds since 1970.
    """

    def __init__(
        self, database: Database, name: str, fetch: Fetch, now: Callable[[], float] = time.time
    ) -> None:
        self._database, self._name, self._fetch, self._now = database, name, fetch, now
        self._holder = leases.new_holder()
        self._turn = asyncio.Lock()
        self._kept = Pass()
        self._look_at = 0.0

    async def get(self) -> str:
        """A token that is good as far as we know. Raises Temporary when there is none to be had."""
        if self._now() < self._look_at:
            return self._kept.token
        async with self._turn:
            if self._now() < self._look_at:
                return self._kept.token
            return await self._safely(self._early())

    async def renewed(self, bad: str) -> str:
        """Another token than the one the vendor has just refused. Raises Temporary when there is none.

        Whatever somebody else has renewed meanwhile is taken; else the vendor is asked once, and if it
        knows no other token, asked by force, which is done rarely.
        """
        async with self._turn:
            self._look_at = 0.0
            return await self._safely(self._another(bad))

    async def _early(self) -> str:
        """While the database is away, what is in memory will do until its end."""
        try:
            return self._keep(await self._obtained(""))
        except Exception as error:
            if not is_down(error) or not self._kept.good(self._now()):
                raise
            return self._keep(self._kept)

    async def _another(self, bad: str) -> str:
        return self._keep(await self._obtained(bad))

    async def _safely(self, work: Awaitable[str]) -> str:
        """Without a token nothing was sent, whatever happened: it can simply be tried again."""
        try:
            return await work
        except Temporary:
            raise
        except SendError as why:
            log.error("token_refused", lease=self._name, why=str(why))
            raise Temporary(f"no access token: {why}") from None
        except Exception as error:
            if not is_down(error):
                raise
            raise Temporary(f"no access token: {type(error).__name__}") from None

    def _keep(self, found: Pass) -> str:
        now = self._now()
        self._kept = found
        self._look_at = min(found.expires, max(found.expires - EARLY, now + AGAIN))
        return found.token

    async def _obtained(self, bad: str) -> Pass:
        """What is written down if it will do; else what the one who may ask gets from the vendor."""
        give_up = time.monotonic() + PATIENCE
        while True:
            written = await self._written()
            if written.fresh(self._now(), bad):
                return written
            if await self._may_ask():
                return await self._ask(bad)
            if written.good(self._now(), bad):
                return written
            if time.monotonic() > give_up:
                raise Temporary("no access token: somebody else has been fetching it for too long")
            await asyncio.sleep(LOOK)

    async def _ask(self, bad: str) -> Pass:
        """Look once more, now that nobody else writes; then ask, write down and hand the lease over."""
        found = written = await self._written()
        try:
            if not written.fresh(self._now(), bad):
                found = await self._renew(written, bad)
        except SendError as why:
            if not written.good(self._now(), bad):
                raise
            log.warning("token_not_renewed_yet", lease=self._name, why=str(why))
        finally:
            await self._hand_over(found)
        if not found.good(self._now(), bad):
            raise Temporary("no access token: the vendor has only the one it refuses")
        return found

    async def _renew(self, old: Pass, bad: str) -> Pass:
        now = self._now()
        if bad and old.token == bad and now < old.fruitless + FRUITLESS:
            return old
        found = await self._fetched(old, force=False)
        if found.token != bad:
            return found
        if now < old.forced + FORCED_APART:
            return Pass(found.token, found.expires, old.forced, fruitless=now)
        log.warning("token_renewed_by_force", lease=self._name)
        forced = await self._fetched(Pass(forced=now), force=True)
        return forced if forced.token != bad else Pass(forced.token, forced.expires, now, fruitless=now)

    async def _fetched(self, old: Pass, *, force: bool) -> Pass:
        try:
            async with asyncio.timeout(FETCHING):
                token, seconds = await self._fetch(force)
        except TimeoutError:
            raise Temporary("no access token: no answer") from None
        if not token:
            raise Temporary("no access token: an empty one")
        return Pass(token, self._now() + seconds, old.forced)

    async def _written(self) -> Pass:
        async with self._database.reading() as session:
            return Pass.of(await notes.notebook(session, self._name))

    async def _may_ask(self) -> bool:
        now = datetime.fromtimestamp(self._now(), UTC)
        return await leases.hold(self._database, self._name, self._holder, LEASE, now)

    async def _hand_over(self, found: Pass) -> None:
        """A database that is away takes nothing from the token: then the others get one of their own."""
        try:
            async with self._database.transaction() as session:
                await notes.write_down(session, self._name, self._holder, found.data())
                await notes.give_back(session, self._name, self._holder)
        except Exception as error:
            if not is_down(error):
                raise
            log.warning("token_not_written_down", lease=self._name, error=type(error).__name__)
