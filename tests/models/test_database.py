"""The database's own manners."""

from __future__ import annotations

from models.database import Database, PromptConnection


async def test_sqlite_gives_its_write_lock_back(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    async with database.engine.connect() as connection:
        raw = await connection.get_raw_connection()
        driver = raw.driver_connection
        assert driver is not None
        assert isinstance(driver._conn, PromptConnection)
    await database.close()
