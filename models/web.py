"""The web chat's own log: what each chat on the page shows, in order, with edits applied."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Index, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Instant, JsonMap, Pk, Short
from models.lease import Lease

COUNTER = "web-log"
"""The lease row whose notebook holds the last value of `changed`."""


class WebMessage(Base):
    """`changed` grows with every post and edit of the whole log: a page asks for what is newer.

    A sequence would not do: of two transactions that run at once the one with the larger number may commit
    first, and a reader who has seen it would never ask for the smaller one again. So the number is taken
    under the lock of one row (`COUNTER`), which is held until the commit: numbers become visible in their
    own order, without gaps, in every process. SQLite has one writer at a time and needs no more than that.
    """

    __tablename__ = "web_message"
    __table_args__ = (Index(None, "chat", "changed"),)
    id: Mapped[Pk]
    chat: Mapped[Short]
    sender: Mapped[Short]
    body: Mapped[JsonMap]
    changed: Mapped[int] = mapped_column(index=True)
    at: Mapped[Instant]


async def post(
    session: AsyncSession, chat: str, sender: str, body: dict[str, Any], at: datetime
) -> WebMessage:
    """A new message at the end of a chat."""
    message = WebMessage(chat=chat, sender=sender, body=body, changed=await _next(session), at=at)
    session.add(message)
    await session.flush()
    return message


async def post_once(
    session: AsyncSession, chat: str, sender: str, body: dict[str, Any], at: datetime
) -> tuple[WebMessage, bool]:
    """A person's own message, told apart by `body['key']`; False when it is there already.

    The number is taken first: its lock makes two equal posts at once look one after the other.
    """
    changed = await _next(session)
    same = select(WebMessage).where(
        WebMessage.chat == chat,
        WebMessage.sender == sender,
        WebMessage.body["key"].as_string() == body["key"],
    )
    known = (await session.scalars(same.limit(1))).first()
    if known is not None:
        return known, False
    message = WebMessage(chat=chat, sender=sender, body=body, changed=changed, at=at)
    session.add(message)
    await session.flush()
    return message, True


async def change(session: AsyncSession, chat: str, number: int, body: dict[str, Any]) -> WebMessage | None:
    """A message's body changes, which is news; None when the chat has no such message."""
    changed = await _next(session)
    message = await one(session, chat, number)
    if message is None:
        return None
    message.body, message.changed = body, changed
    return message


async def one(session: AsyncSession, chat: str, number: int) -> WebMessage | None:
    """A message of a chat by its id."""
    message = await session.get(WebMessage, number)
    return message if message is not None and message.chat == chat else None


async def newest(session: AsyncSession) -> int:
    """How far the log has come; 0 while nothing was ever written."""
    notebook = await session.scalar(select(Lease.data).where(Lease.name == COUNTER))
    return int(notebook["last"]) if notebook else 0


async def newer(
    session: AsyncSession, chats: Sequence[str], after: int, *, most: int = 200
) -> Sequence[WebMessage]:
    """What was posted or edited in some chats after a point of the log, in the order it happened."""
    wanted = select(WebMessage).where(WebMessage.chat.in_(chats), WebMessage.changed > after)
    return (await session.scalars(wanted.order_by(WebMessage.changed).limit(most))).all()


async def latest(
    session: AsyncSession, chat: str, *, before: int | None = None, most: int = 60
) -> Sequence[WebMessage]:
    """The end of a chat, or the page before a message; oldest first."""
    wanted = select(WebMessage).where(WebMessage.chat == chat).order_by(WebMessage.id.desc()).limit(most)
    if before is not None:
        wanted = wanted.where(WebMessage.id < before)
    return list(reversed((await session.scalars(wanted)).all()))


async def _next(session: AsyncSession) -> int:
    counter = await session.get(Lease, COUNTER, with_for_update=True, populate_existing=True)
    if counter is None:
        await _make_counter(session)
        counter = await session.get_one(Lease, COUNTER, with_for_update=True, populate_existing=True)
    last = int(counter.data["last"]) + 1
    counter.data = {"last": last}
    await session.flush()
    return last


async def _make_counter(session: AsyncSession) -> None:
    """The very first message of all; another process may be writing it as well."""
    forever = datetime(9999, 1, 1, tzinfo=UTC)
    try:
        async with session.begin_nested():
            session.add(Lease(name=COUNTER, holder="web", until=forever, data={"last": 0}))
    except IntegrityError:
        return
