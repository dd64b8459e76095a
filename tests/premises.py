"""A community on the real program: its processes, its database seen from outside, and what no log may say."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
from sqlalchemy import Select, func, select, text

from models import Attachment, Card, Inbox, Outbox, Ticket
from models.database import Database
from tests.nursery import Nursery
from tests.program import Program, command

WAIT = 60.0
"""Seconds within which a bot that is well has answered, however busy the machine is."""

Row = TypeVar("Row")


@dataclass
class Premises:
    """`secrets` are names, numbers and words that no log line may hold."""

    nursery: Nursery
    folder: Path
    url: str
    programs: list[Program] = field(default_factory=list, kw_only=True)
    secrets: set[str] = field(default_factory=set, kw_only=True)
    forgiven: set[str] = field(default_factory=set, kw_only=True)
    database: Database = field(init=False)
    _homes: count[int] = field(default_factory=lambda: count(0), init=False)

    def __post_init__(self) -> None:
        self.database = Database(self.url)

    @property
    def environment(self) -> dict[str, str]:
        """What the programs are started with."""
        raise NotImplementedError

    @property
    def program(self) -> Program:
        return self.programs[0]

    async def close(self) -> None:
        for program in self.programs:
            if program.child is not None:
                await program.stop()
        await self.database.close()

    def logs_are_clean(self) -> None:
        """No error that was not expected, and nothing about anybody."""
        for program in self.programs:
            for event in program.events:
                unexpected = event.get("level") in (None, "error", "critical")
                assert not unexpected or event["event"] in self.forgiven, event
            for secret in self.secrets:
                assert secret not in program.log, [
                    line for line in program.log.splitlines() if secret in line
                ][:3]

    async def command(self, *arguments: str) -> str:
        return await command(self.nursery, self.environment, self.folder, *arguments)

    def _free_home(self) -> str:
        number = next(self._homes)
        return f"3-{15 - number // 8}{number % 8 + 1:02d}"

    async def rows(self, query: Select[Row]) -> Sequence[Row]:
        """What the database holds, seen from outside the program."""
        async with self.database.reading() as session:
            return (await session.scalars(query)).all()

    async def tickets(self) -> Sequence[Ticket]:
        return await self.rows(select(Ticket).order_by(Ticket.id))

    async def cards(self, kind: str = "group") -> Sequence[Card]:
        return await self.rows(select(Card).where(Card.kind == kind).order_by(Card.id))

    async def outbox(self, state: str) -> Sequence[Outbox]:
        return await self.rows(select(Outbox).where(Outbox.state == state).order_by(Outbox.id))

    async def heard(self) -> int:
        """How many messages the program has in its inbox."""
        return (await self.rows(select(func.count()).select_from(Inbox)))[0]

    async def every_photo_is_stored(self) -> None:
        """Our own copies are there, cleaned."""

        async def stored() -> bool:
            photos = await self.rows(select(Attachment))
            return all(photo.state == "stored" for photo in photos)

        await eventually(stored, what="some photo was not fetched")
        for photo in await self.rows(select(Attachment)):
            assert photo.stored is not None
            assert (self.folder / "media" / photo.stored).stat().st_size == photo.size

    async def administer(self, statement: str) -> None:
        """Something only the keeper of the PostgreSQL server may do."""
        keeper = self.database.url.set(drivername="postgresql", database="postgres")
        connection = await asyncpg.connect(keeper.render_as_string(hide_password=False))
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    async def execute(self, *statements: str) -> None:
        """Do something to the database behind the program's back."""
        async with self.database.transaction() as session:
            for statement in statements:
                await session.execute(text(statement))

    async def poison(self, table: str, column: str, word: str) -> None:
        """From now on no row that holds this word can be written."""
        if self.database.sqlite:
            await self.execute(
                f"CREATE TRIGGER poison BEFORE UPDATE ON {table} WHEN NEW.{column} LIKE '%{word}%'"
                " BEGIN SELECT RAISE(ABORT, 'poison'); END"
            )
            return
        await self.execute(
            "CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            f" IF NEW.{column}::text LIKE '%{word}%' THEN RAISE EXCEPTION 'poison %', NEW.{column}; END IF;"
            " RETURN NEW; END $$",
            f"CREATE TRIGGER poison BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION poison()",
        )

    async def _sent(self) -> bool:
        waiting = select(func.count()).where(Outbox.state.in_(("pending", "sending")))
        return (await self.rows(waiting))[0] == 0


async def eventually(check: Callable[[], Awaitable[Any]], timeout: float = WAIT, what: str = "") -> Any:
    """The first answer that is true; AssertionError when there is none in time."""
    loop = asyncio.get_running_loop()
    ends = loop.time() + timeout
    while not (found := await check()):
        if loop.time() > ends:
            raise AssertionError(f"{what or check}: {found}")
        await asyncio.sleep(0.02)
    return found
