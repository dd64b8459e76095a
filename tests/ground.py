"""Where communities are built: a settled database to copy, on SQLite and on PostgreSQL."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from models import Building, Community, Home, schema
from models.database import Database
from tests.postgres import Postgres, wait_for

CODE = "HPY"
HOTLINE = "400-000-1234"


async def settle(url: str) -> None:
    """The tables and a community that is always open, with homes and nobody in them."""
    database = Database(url)
    await schema.upgrade(database)
    async with database.transaction() as session:
        place = Community(
            code=CODE,
            name="湖畔花园",
            name_en="Lakeside Garden",
            timezone="Asia/Shanghai",
            settings={"hours": [["00:00", "23:59"]], "hotline": HOTLINE, "tickets_a_day": 100_000},
        )
        session.add(place)
        await session.flush()
        building = Building(community_id=place.id, name="3号楼")
        session.add(building)
        await session.flush()
        session.add_all(
            Home(community_id=place.id, building_id=building.id, name=f"3-{floor}{door:02d}")
            for floor in range(1, 16)
            for door in range(1, 9)
        )
    await database.close()


class Ground:
    """Where communities are built: a settled database to copy, on SQLite and on PostgreSQL."""

    def __init__(self, folder: Path, postgres: Callable[[], Postgres]) -> None:
        self._file, self._postgres = folder / "settled.db", postgres
        self._template = ""

    @asynccontextmanager
    async def database(self, kind: str, folder: Path) -> AsyncIterator[str]:
        """The URL of a fresh settled database; gone afterwards."""
        if kind == "sqlite":
            if not self._file.exists():
                wait_for(settle(f"sqlite+aiosqlite:///{self._file}"))
            yield f"sqlite+aiosqlite:///{shutil.copy(self._file, folder / 'wubu.db')}"
            return
        server = self._postgres()
        if not self._template:
            self._template = await self._empty(server)
            wait_for(settle(server.url(self._template)))
        name = await self._empty(server, self._template)
        yield server.url(name)
        await server.drop(name)

    @staticmethod
    async def _empty(server: Postgres, template: str = "template0") -> str:
        name = await server.create()
        await server.drop(name)
        await server.administer(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name
