"""The floor: aiohttp and a bare driver, one transaction a message, exactly once, and no features at all."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any, Protocol

import aiosqlite
import asyncpg

from benchmarks.peers import questions as ask
from benchmarks.peers import settings, web
from benchmarks.peers.bare import Heard, Said, Sender, advance, hear, tap_answer

POSTGRESQL_TABLES = """
CREATE TABLE inbox (update_id bigint PRIMARY KEY, at timestamptz NOT NULL DEFAULT now());
CREATE TABLE conversation (chat bigint PRIMARY KEY, draft jsonb NOT NULL);
CREATE TABLE resident (id bigserial PRIMARY KEY, telegram_id bigint UNIQUE NOT NULL, name text NOT NULL);
CREATE TABLE ticket (
    id bigserial PRIMARY KEY, resident_id bigint NOT NULL REFERENCES resident, details jsonb NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX ON ticket (resident_id);
"""

SQLITE_TABLES = """
CREATE TABLE inbox (update_id integer PRIMARY KEY, at text NOT NULL);
CREATE TABLE conversation (chat integer PRIMARY KEY, draft text NOT NULL);
CREATE TABLE resident (id integer PRIMARY KEY, telegram_id integer UNIQUE NOT NULL, name text NOT NULL);
CREATE TABLE ticket (
    id integer PRIMARY KEY, resident_id integer NOT NULL REFERENCES resident, details text NOT NULL,
    created_at text NOT NULL
);
CREATE INDEX ticket_resident ON ticket (resident_id);
"""


class Store(Protocol):
    async def handle(self, heard: Heard) -> Said | None: ...

    async def close(self) -> None: ...


async def as_it_is(_: object) -> None:
    """A connection goes back to the pool without the usual round trip that resets it: nothing was set."""


class PostgreSQL:
    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    @classmethod
    async def open(cls, url: str) -> "PostgreSQL":
        pool = await asyncpg.create_pool(
            url.replace("+asyncpg", ""), min_size=20, max_size=20, reset=as_it_is
        )
        await pool.execute(POSTGRESQL_TABLES)
        return cls(pool)

    async def handle(self, heard: Heard) -> Said | None:
        async with self._pool.acquire() as db, db.transaction():
            new = await db.fetchval(
                "INSERT INTO inbox (update_id) VALUES ($1) ON CONFLICT DO NOTHING RETURNING update_id",
                heard.update,
            )
            if new is None:
                return None
            draft = await db.fetchval("SELECT draft FROM conversation WHERE chat = $1 FOR UPDATE", heard.chat)
            said = advance(json.loads(draft or "{}"), heard)
            if said.finished:
                await self._open_ticket(db, heard, said)
            await db.execute(
                "INSERT INTO conversation (chat, draft) VALUES ($1, $2)"
                " ON CONFLICT (chat) DO UPDATE SET draft = excluded.draft",
                heard.chat,
                json.dumps(said.draft),
            )
        return said

    async def _open_ticket(self, db: Any, heard: Heard, said: Said) -> None:
        resident = await db.fetchval(
            "INSERT INTO resident (telegram_id, name) VALUES ($1, $2)"
            " ON CONFLICT (telegram_id) DO UPDATE SET name = excluded.name RETURNING id",
            heard.chat,
            heard.name,
        )
        number = await db.fetchval(
            "INSERT INTO ticket (resident_id, details, created_at) VALUES ($1, $2, $3) RETURNING id",
            resident,
            json.dumps(said.draft),
            datetime.now(UTC),
        )
        said.draft, said.text = {}, ask.thanks(number)

    async def close(self) -> None:
        await self._pool.close()


class SQLite:
    """One connection, one writer: SQLite knows no other way to write."""

    def __init__(self, db: aiosqlite.Connection) -> None:
        self._db = db
        self._writing = asyncio.Lock()

    @classmethod
    async def open(cls, url: str) -> "SQLite":
        db = await aiosqlite.connect(url.partition("///")[2], isolation_level=None)
        await db.execute("PRAGMA journal_mode=WAL")
        await db.execute("PRAGMA synchronous=FULL")
        await db.executescript(SQLITE_TABLES)
        return cls(db)

    async def handle(self, heard: Heard) -> Said | None:
        async with self._writing:
            await self._db.execute("BEGIN IMMEDIATE")
            try:
                said = await self._advance(heard)
            except BaseException:
                await self._db.execute("ROLLBACK")
                raise
            await self._db.execute("COMMIT")
        return said

    async def _advance(self, heard: Heard) -> Said | None:
        now = datetime.now(UTC).isoformat()
        done = await self._db.execute("INSERT OR IGNORE INTO inbox VALUES (?, ?)", (heard.update, now))
        if done.rowcount == 0:
            return None
        rows = await self._db.execute_fetchall("SELECT draft FROM conversation WHERE chat = ?", (heard.chat,))
        said = advance(next((json.loads(row[0]) for row in rows), {}), heard)
        if said.finished:
            await self._open_ticket(heard, said, now)
        await self._db.execute(
            "INSERT INTO conversation VALUES (?, ?) ON CONFLICT (chat) DO UPDATE SET draft = excluded.draft",
            (heard.chat, json.dumps(said.draft)),
        )
        return said

    async def _open_ticket(self, heard: Heard, said: Said, now: str) -> None:
        (resident,) = await self._db.execute_fetchall(
            "INSERT INTO resident (telegram_id, name) VALUES (?, ?)"
            " ON CONFLICT (telegram_id) DO UPDATE SET name = excluded.name RETURNING id",
            (heard.chat, heard.name),
        )
        (ticket,) = await self._db.execute_fetchall(
            "INSERT INTO ticket (resident_id, details, created_at) VALUES (?, ?, ?) RETURNING id",
            (resident[0], json.dumps(said.draft), now),
        )
        said.draft, said.text = {}, ask.thanks(ticket[0])

    async def close(self) -> None:
        await self._db.close()


async def main() -> None:
    given = settings.from_environment()
    opened = SQLite.open if given.is_sqlite else PostgreSQL.open
    store: Store = await opened(given.database_url)
    sender = Sender(given.api)

    async def handle(update: dict[str, Any]) -> str | None:
        heard = hear(update)
        said = await store.handle(heard)
        if said is not None:
            await sender.send(heard.chat, said)
        return tap_answer(heard)

    await web.serve(given.port, handle)
    await sender.close()
    await store.close()


if __name__ == "__main__":
    web.run(main)
