"""Who does what only one process may do: taken for a while, renewed, handed over when it runs out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from models.lease import Lease

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


async def take(session: AsyncSession, name: str, holder: str, until: datetime, now: datetime) -> str:
    """Take or renew a lease; returns whoever holds it then. One that has run out is anybody's."""
    dialect = session.get_bind().dialect.name
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    wanted = insert(Lease).values(name=name, holder=holder, until=until, data={})
    free = or_(Lease.holder == holder, Lease.until <= now)
    statement = wanted.on_conflict_do_update(
        index_elements=["name"], set_={"holder": holder, "until": until}, where=free
    )
    await session.execute(statement)
    return await session.scalar(select(Lease.holder).where(Lease.name == name)) or ""


async def give_back(session: AsyncSession, name: str, holder: str) -> None:
    """End a lease if `holder` has it; what is in its notebook stays."""
    mine = update(Lease).where(Lease.name == name, Lease.holder == holder)
    await session.execute(mine.values(until=LONG_AGO), execution_options={"synchronize_session": False})


async def notebook(session: AsyncSession, name: str) -> dict[str, Any]:
    """What the holders of a lease have written down; empty if there never was one."""
    return await session.scalar(select(Lease.data).where(Lease.name == name)) or {}


async def write_down(session: AsyncSession, name: str, holder: str, data: Mapping[str, Any]) -> None:
    """Replace what is in the notebook; nothing happens if the lease has passed to somebody else."""
    mine = update(Lease).where(Lease.name == name, Lease.holder == holder)
    await session.execute(mine.values(data=dict(data)), execution_options={"synchronize_session": False})
