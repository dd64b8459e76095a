"""Where the peers with an ORM keep a finished ticket."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, ForeignKey, Integer, String, event, select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

BigId = BigInteger().with_variant(Integer, "sqlite")


class Base(DeclarativeBase):
    pass


class Resident(Base):
    __tablename__ = "resident"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    telegram_id: Mapped[int] = mapped_column(BigInteger, unique=True)
    name: Mapped[str] = mapped_column(String(200))
    phone: Mapped[str | None] = mapped_column(String(40))


class Ticket(Base):
    __tablename__ = "ticket"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    resident_id: Mapped[int] = mapped_column(ForeignKey("resident.id"), index=True)
    place: Mapped[str] = mapped_column(String(40))
    trade: Mapped[str] = mapped_column(String(40))
    details: Mapped[str] = mapped_column(String(1000))
    photos: Mapped[str] = mapped_column(String(1000))
    visit: Mapped[str] = mapped_column(String(40))
    phone: Mapped[str] = mapped_column(String(40))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


def durable(connection: Any, _: object) -> None:
    """SQLite as Wubu runs it: write-ahead log, every commit synced to disk."""
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=10000", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


async def open_database(url: str) -> tuple[AsyncEngine, async_sessionmaker[AsyncSession]]:
    if url.startswith("sqlite"):
        engine = create_async_engine(url, pool_size=1, max_overflow=0)
        event.listen(engine.sync_engine, "connect", durable)
    else:
        engine = create_async_engine(url, pool_size=20, max_overflow=0)
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    return engine, async_sessionmaker(engine, expire_on_commit=False)


async def save(sessions: async_sessionmaker[AsyncSession], who: int, name: str, said: dict[str, str]) -> int:
    """The ticket of a finished conversation, in one transaction; gives its number."""
    async with sessions.begin() as session:
        resident = await session.scalar(select(Resident).where(Resident.telegram_id == who))
        if resident is None:
            resident = Resident(telegram_id=who, name=name, phone=said["phone"])
            session.add(resident)
            await session.flush()
        ticket = Ticket(resident_id=resident.id, created_at=datetime.now(UTC), **said)
        session.add(ticket)
        await session.flush()
        return ticket.id
