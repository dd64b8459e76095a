"""The tables themselves: brought up to this release's shape before anybody is served."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from models.database import Database

FOLDER = Path(__file__).parent.parent / "migrations"
LOCKED_TRIES = 50
LOCK = 0x57554255
"""The advisory lock under which one process at a time changes the tables: "WUBU"."""


class Unknown(Exception):
    """The database was made by a release that this one has never heard of."""


class Unreachable(Exception):
    """The database does not answer, or is none; the message says where and why, in one line."""


async def upgrade(database: Database) -> None:
    """Bring the tables up to this release; harmless when they are. Raises Unknown and Unreachable.

    Several processes may start at once: the second waits for the first and finds nothing left to do.
    """
    await _knock(database)
    await _migrate(database, lambda config: command.upgrade(config, "head"))


async def downgrade(database: Database, revision: str = "base") -> None:
    """Take the tables back to an older revision, with what they held. Raises Unknown."""
    await _migrate(database, lambda config: command.downgrade(config, revision))


async def propose(database: Database, told: str) -> None:
    """Write a file with the step from these tables to those of the models."""
    number = f"{len(_known()) + 1:04d}"
    await _migrate(database, lambda config: command.revision(config, told, autogenerate=True, rev_id=number))


async def at_head(database: Database) -> bool:
    """Whether the tables have the shape that this release expects."""
    async with database.reading() as session:
        connection = await session.connection()
        return await connection.run_sync(_heads) == _newest()


def configuration(connection: Connection | None = None) -> Config:
    """How the steps are found and run: no file needed."""
    config = Config()
    config.set_main_option("script_location", FOLDER.as_posix().replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


async def _knock(database: Database) -> None:
    """Every driver has its own ways to say that there is nobody; here all of them mean the same."""
    try:
        await _answered(database)
    except Exception as error:
        why = str(getattr(error, "orig", None) or error).partition("\n")[0] or type(error).__name__
        where = database.url.render_as_string(hide_password=True)
        raise Unreachable(f"cannot reach {where}: {why}") from error


async def _answered(database: Database) -> None:
    """Several who open a new SQLite file at once hear that it is locked, and are not let wait for it."""
    for left in reversed(range(LOCKED_TRIES)):
        try:
            async with database.reading() as session:
                await session.connection()
            return
        except OperationalError as error:
            if not left or "database is locked" not in str(error.orig):
                raise
        await asyncio.sleep(0.1)


async def _migrate(database: Database, step: Callable[[Config], object]) -> None:
    async with database.transaction() as session:
        if not database.sqlite:
            await session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        connection = await session.connection()
        await connection.run_sync(_run, step)


def _run(connection: Connection, step: Callable[[Config], object]) -> None:
    strange = set(_heads(connection)) - _known()
    if strange:
        raise Unknown(f"the database was made by a newer release: {', '.join(sorted(strange))}")
    step(configuration(connection))


def _heads(connection: Connection) -> tuple[str, ...]:
    return tuple(MigrationContext.configure(connection).get_current_heads())


@cache
def _newest() -> tuple[str, ...]:
    return tuple(ScriptDirectory.from_config(configuration()).get_heads())


@cache
def _known() -> frozenset[str]:
    steps = ScriptDirectory.from_config(configuration()).walk_revisions()
    return frozenset(step.revision for step in steps)
