"""The right to change a card in WeCom: each is good for one change, and not for long."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Index, String, UniqueConstraint, delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Instant, Pk, Short, add_once

GOOD_FOR = timedelta(hours=72)
"""WeCom docs: 更新模版卡片消息, response_code."""
LONGEST_CODE = 512


class WecomCode(Base):
    """A response code, got when a card was posted or tapped.

    `task` is the card; `account` is who tapped it, or where it was posted: to a reader or to a team.
    """

    __tablename__ = "wecom_code"
    __table_args__ = (
        UniqueConstraint("bot", "code"),
        Index(None, "bot", "task", "account"),
        Index(None, "got_at"),
    )
    id: Mapped[Pk]
    bot: Mapped[Short]
    task: Mapped[str] = mapped_column(String(128))
    account: Mapped[Short]
    code: Mapped[str] = mapped_column(String(LONGEST_CODE))
    got_at: Mapped[Instant]
    used_at: Mapped[Instant | None]


async def keep(session: AsyncSession, *, bot: str, task: str, account: str, code: str, now: datetime) -> None:
    """Write a code down, once even if it is told twice; those that are too old are forgotten."""
    await session.execute(
        delete(WecomCode).where(WecomCode.got_at <= now - GOOD_FOR),
        execution_options={"synchronize_session": False},
    )
    if code and len(code) <= LONGEST_CODE:
        await add_once(
            session,
            WecomCode,
            "bot",
            "code",
            bot=bot,
            task=task,
            account=account,
            code=code,
            got_at=now,
        )


async def take(
    session: AsyncSession, *, bot: str, task: str, account: str | None, now: datetime
) -> WecomCode | None:
    """The newest code that is still good, which counts as used from now on; None if there is none.

    Without an account it may be anybody's: each is a right to change the card for all who have it.
    """
    whose = () if account is None else (WecomCode.account == account,)
    query = (
        select(WecomCode)
        .where(WecomCode.bot == bot, WecomCode.task == task, *whose)
        .where(WecomCode.used_at.is_(None), WecomCode.got_at > now - GOOD_FOR)
        .order_by(WecomCode.got_at.desc(), WecomCode.id.desc())
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    found = await session.scalar(query)
    if found is not None:
        found.used_at = now
    return found


async def give_back(session: AsyncSession, number: int) -> None:
    """The change never reached WeCom: its code can be used after all."""
    found = await session.get(WecomCode, number)
    if found is not None:
        found.used_at = None
