"""The floor through the ORM: the same one transaction a message, by SQLAlchemy instead of a bare driver."""

import asyncio
import contextlib
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, bindparam, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm import Mapped, Session, mapped_column

from benchmarks.peers import questions as ask
from benchmarks.peers import settings, tickets, web
from benchmarks.peers.bare import Heard, Said, Sender, advance, hear, tap_answer


class Inbox(tickets.Base):
    __tablename__ = "inbox"

    update_id: Mapped[int] = mapped_column(tickets.BigId, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class Conversation(tickets.Base):
    __tablename__ = "conversation"

    chat: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    draft: Mapped[dict[str, str]] = mapped_column(JSON)


INBOX = tickets.Base.metadata.tables["inbox"]
ADD = {
    "postgresql": postgresql.insert(INBOX).on_conflict_do_nothing().returning(INBOX.c.update_id),
    "sqlite": sqlite.insert(INBOX).on_conflict_do_nothing().returning(INBOX.c.update_id),
}
RESIDENT = select(tickets.Resident).where(tickets.Resident.telegram_id == bindparam("account"))


def receive(session: Session, heard: Heard) -> Said | None:
    add = ADD[session.get_bind().dialect.name]
    if session.scalar(add, {"update_id": heard.update}) is None:
        return None
    conversation = session.get(Conversation, heard.chat, with_for_update=True)
    if conversation is None:
        conversation = Conversation(chat=heard.chat, draft={})
        session.add(conversation)
    said = advance(conversation.draft, heard)
    if said.finished:
        open_ticket(session, heard, said)
    conversation.draft = said.draft
    return said


def open_ticket(session: Session, heard: Heard, said: Said) -> None:
    resident = session.scalar(RESIDENT, {"account": heard.chat})
    if resident is None:
        resident = tickets.Resident(telegram_id=heard.chat, name=heard.name, phone=said.draft["phone"])
        session.add(resident)
        session.flush()
    answers = {question.key: said.draft[question.key] for question in ask.QUESTIONS}
    ticket = tickets.Ticket(resident_id=resident.id, created_at=datetime.now(UTC), **answers)
    session.add(ticket)
    session.flush()
    said.draft, said.text = {}, ask.thanks(ticket.id)


class Store:
    """One bridge from async to sync a transaction, not one a statement: the ORM's own way to save time."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession], one_writer: bool) -> None:
        self._sessions = sessions
        self._writing = asyncio.Lock() if one_writer else contextlib.nullcontext()

    async def handle(self, heard: Heard) -> Said | None:
        async with self._writing, self._sessions.begin() as session:
            return await session.run_sync(receive, heard)


async def main() -> None:
    given = settings.from_environment()
    engine, sessions = await tickets.open_database(given.database_url)
    store = Store(sessions, given.is_sqlite)
    sender = Sender(given.api)

    async def handle(update: dict[str, Any]) -> str | None:
        heard = hear(update)
        said = await store.handle(heard)
        if said is not None:
            await sender.send(heard.chat, said)
        return tap_answer(heard)

    await web.serve(given.port, handle)
    await sender.close()
    await engine.dispose()


if __name__ == "__main__":
    web.run(main)
