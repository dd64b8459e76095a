"""The database: one transaction a message, on SQLite in a file or on PostgreSQL."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, event, make_url
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

_WRITES = "wubu_writes"

DOWN = (OSError, OperationalError, InterfaceError, NoConnection)
"""How a database that cannot be reached, is locked or has no room shows itself."""

PASSING = ("08", "25006", "40", "53", "55", "57", "58")
"""SQLSTATE classes of what passes: no connection, only a replica, deadlock, no room, busy, shutting down."""


def is_down(error: BaseException) -> bool:
    """Whether an error says that the database is away, not that a message is bad."""
    if not isinstance(error, DBAPIError):
        return isinstance(error, DOWN)
    no_connection = error.connection_invalidated or error.statement is None
    code = str(getattr(error.orig, "sqlstate", None) or "")
    return no_connection or isinstance(error, DOWN) or code.startswith(PASSING)


def is_clash(error: DBAPIError) -> bool:
    """Whether two transactions were in each other's way, so that the one that lost may simply begin anew."""
    code = str(getattr(error.orig, "sqlstate", None) or "")
    return isinstance(error, IntegrityError) or code.startswith("40")


class Database:
    """Hands out sessions; only `transaction` commits.

    Writers queue fairly in this process: SQLite has room for one, and none starves in its busy timeout;
    PostgreSQL gets `writers` at a time, since a transaction that waits for its turn at the processor holds
    its locks meanwhile. On SQLite every writing transaction begins IMMEDIATE.
    """

    def __init__(self, url: str, *, pool: int = 10, writers: int = 6) -> None:
        self.url = make_url(url)
        self.sqlite = self.url.get_backend_name() == "sqlite"
        self._turn = asyncio.Semaphore(1 if self.sqlite else writers)
        self.engine = self._sqlite(pool) if self.sqlite else self._postgresql(pool)
        self._writing = self.engine.execution_options(**{_WRITES: True})

    def _sqlite(self, pool: int) -> AsyncEngine:
        if self.url.database and self.url.database != ":memory:":
            Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_async_engine(
            self.url,
            pool_size=pool,
            max_overflow=pool,
            hide_parameters=True,
            connect_args={"factory": PromptConnection},
        )
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        event.listen(engine.sync_engine, "begin", _begin_sqlite)
        return engine

    def _postgresql(self, pool: int) -> AsyncEngine:
        return create_async_engine(self.url, pool_size=pool, max_overflow=pool, hide_parameters=True)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """A session whose work is committed at the end, or not at all.

        The session lives on a connection of ours, so that the statements of the hot path can go past the
        session's own bookkeeping (`models.hearing`) and still belong to the same transaction.
        """
        async with (
            self._turn,
            self._writing.connect() as connection,
            AsyncSession(connection, expire_on_commit=False) as session,
        ):
            yield session
            if session.new or session.dirty or session.deleted:
                await session.flush()
            await connection.commit()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """A session for looking only; nothing done in it is kept."""
        async with AsyncSession(self.engine, expire_on_commit=False) as session:
            yield session

    async def close(self) -> None:
        await self.engine.dispose()


class PromptConnection(sqlite3.Connection):
    """Gives the write lock back when it is closed, even with a cursor of a cancelled task still open."""

    def close(self) -> None:
        if self.in_transaction:
            self.rollback()
        super().close()


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
