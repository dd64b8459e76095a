"""The migrations: up, down and up again, and at the end exactly the tables of the models."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, delete, inspect, text

from models import Base, Community, schema
from models.database import Database
from tests.postgres import Postgres


@pytest.fixture(params=["sqlite", "postgresql"])
async def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """The URL of a database without a single table."""
    if request.param == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path}/var/empty.db"
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    name = f"empty_{secrets.token_hex(6)}"
    await postgres.administer(f"CREATE DATABASE {name}")
    yield postgres.url(name)
    await postgres.drop(name)


@pytest.fixture
async def empty(empty_url: str) -> AsyncIterator[Database]:
    database = Database(empty_url)
    yield database
    await database.close()


@pytest.fixture
def database_of_models(empty_url: str, request: pytest.FixtureRequest) -> str:
    """The URL of a database of the same kind, made from the models without migrations."""
    kind = "sqlite_url" if empty_url.startswith("sqlite") else "postgres_url"
    url: str = request.getfixturevalue(kind)
    return url


async def look(database: Database, at: Any) -> Any:
    async with database.reading() as session:
        return await (await session.connection()).run_sync(at)


def tables(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names())


def drawing(connection: Connection) -> dict[str, Any]:
    """Everything a table is made of, names of keys and indexes among them."""
    inspector = inspect(connection)
    return {
        table: {
            "columns": [
                (column["name"], str(column["type"]), column["nullable"], column["default"])
                for column in inspector.get_columns(table)
            ],
            "primary": inspector.get_pk_constraint(table),
            "foreign": sorted(map(repr, inspector.get_foreign_keys(table))),
            "unique": sorted(map(repr, inspector.get_unique_constraints(table))),
            "indexes": sorted(map(repr, inspector.get_indexes(table))),
        }
        for table in inspector.get_table_names()
        if table != "alembic_version"
    }


def differences(connection: Connection) -> list[Any]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, Base.metadata))


async def test_up_down_and_up_again(empty: Database) -> None:
    everything = {*Base.metadata.tables, "alembic_version"}
    assert await look(empty, tables) == set()
    await schema.upgrade(empty)
    assert await look(empty, tables) == everything
    await schema.downgrade(empty)
    assert await look(empty, tables) == {"alembic_version"}
    await schema.upgrade(empty)
    assert await look(empty, tables) == everything


async def test_the_migrations_make_the_tables_of_the_models(empty: Database, database_of_models: str) -> None:
    await schema.upgrade(empty)
    assert await look(empty, differences) == []
    made = Database(database_of_models)
    migrated, modelled = await look(empty, drawing), await look(made, drawing)
    await made.close()
    assert migrated == modelled
    assert len(modelled) == len(Base.metadata.tables) > 20


async def test_a_difference_would_be_noticed(empty: Database) -> None:
    await schema.upgrade(empty)
    async with empty.transaction() as session:
        await session.execute(text("DROP INDEX ix_ticket_event_source"))
        await session.execute(text("ALTER TABLE staff ADD COLUMN shoe_size VARCHAR(5)"))
    found = {difference[0] for difference in await look(empty, differences)}
    assert found == {"add_index", "remove_column"}


async def test_upgrading_twice_is_harmless(empty: Database) -> None:
    await schema.upgrade(empty)
    async with empty.transaction() as session:
        session.add(Community(code="HPY", name="湖畔花园", name_en="Lakeside Garden", settings={"a": [1]}))
    await schema.upgrade(empty)
    async with empty.transaction() as session:
        kept = (await session.execute(delete(Community).returning(Community.settings))).scalars().all()
    assert kept == [{"a": [1]}]


async def test_processes_that_start_at_once_upgrade_one_after_the_other(empty_url: str) -> None:
    several = [Database(empty_url) for _ in range(3)]
    await asyncio.gather(*(schema.upgrade(one) for one in several))
    assert [await schema.at_head(one) for one in several] == [True, True, True]
    for one in several:
        await one.close()


async def test_a_database_knows_whether_it_is_up_to_date(empty: Database) -> None:
    assert not await schema.at_head(empty)
    await schema.upgrade(empty)
    assert await schema.at_head(empty)
    await schema.downgrade(empty)
    assert not await schema.at_head(empty)


async def test_a_database_of_a_newer_release_is_left_alone(empty: Database) -> None:
    await schema.upgrade(empty)
    async with empty.transaction() as session:
        await session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(schema.Unknown, match="9999"):
        await schema.upgrade(empty)
    assert not await schema.at_head(empty)


async def test_a_failing_step_leaves_nothing_behind(empty: Database) -> None:
    async with empty.transaction() as session:
        await session.execute(text("CREATE TABLE ticket (id INTEGER)"))
    with pytest.raises(Exception, match="ticket"):
        await schema.upgrade(empty)
    assert await look(empty, tables) == {"ticket"}
