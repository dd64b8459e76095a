"""Writes the next step from what the models have that the steps so far do not; to be read and polished.

python -m migrations "Residents have a birthday."
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from models import schema
from models.database import Database


async def write(told: str) -> None:
    """A new file in `versions/`, named by its number and the first words of what it does."""
    with TemporaryDirectory() as folder:
        database = Database(f"sqlite+aiosqlite:///{Path(folder) / 'empty.db'}")
        await schema.upgrade(database)
        await schema.propose(database, told)
        await database.close()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(str(__doc__))
    asyncio.run(write(sys.argv[1]))
