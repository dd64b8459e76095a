"""What every test can ask for: a real database, once on SQLite and once on PostgreSQL."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from models.database import Database
from tests.nursery import Nursery
from tests.postgres import Postgres, create_tables, running_postgres, wait_for


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="write the transcripts down as they go now")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A running PostgreSQL; started when the first test of the run asks for it."""
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """What the programs of the run are forked from; it starts when the first test asks for it."""
    with Nursery() as mother:
        yield mother


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with every table and no row, to be copied."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    wait_for(create_tables(f"sqlite+aiosqlite:///{path}"))
    return path


@pytest.fixture
async def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """The URL of a fresh SQLite database with every table."""
    return f"sqlite+aiosqlite:///{shutil.copy(sqlite_template, tmp_path / 'wubu.db')}"


@pytest.fixture
async def postgres_url(postgres: Postgres) -> AsyncIterator[str]:
    """The URL of a fresh PostgreSQL database with every table; dropped afterwards."""
    name = await postgres.create()
    yield postgres.url(name)
    await postgres.drop(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of a fresh database with every table: the test runs once on each backend."""
    url: str = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")
    return url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A fresh database with every table: the test runs once on each backend."""
    fresh = Database(database_url)
    yield fresh
    await fresh.close()
