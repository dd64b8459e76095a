"""How far behind the desk is: what waits to leave, what is overdue, what was given up."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from handlers.outbox.heritage import THROTTLED
from models.conversation import DeadLetter
from models.due import Due
from models.outbox import Outbox

MOVES = timedelta(minutes=1)
"""The longest in which a limit counts: a queue of which nothing has left for so long does not wait for it."""
SHOWN_STATES = ("pending", "sending", "unknown", "held", "failed")


@dataclass(frozen=True, slots=True)
class Backlog:
    """How far behind the program is; lags in seconds.

    `budget_lag` is that of chats which may be written to no faster: their queues move, or the vendor has said
    when they may.
    """

    inbox_lag: float
    outbox_lag: float
    budget_lag: float
    due_lag: float
    outbox: dict[str, int]
    dead_letters: int
    heartbeat: float

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


async def backlog(
    session: AsyncSession,
    now: datetime,
    *,
    doors: Collection[tuple[str, str]],
    inbox_lag: float,
    heartbeat: float,
) -> Backlog:
    """Look at the queues; every query is answered by an index.

    What waits for a door (channel, bot) that is not open here, such as a terminal's, is no lag of ours.
    """
    counts = await session.execute(
        select(Outbox.state, func.count()).where(Outbox.state.in_(SHOWN_STATES)).group_by(Outbox.state)
    )
    here = or_(*(and_(Outbox.channel == channel, Outbox.bot == bot) for channel, bot in doors))
    oldest = select(func.min(Outbox.not_before)).where(here, Outbox.state.in_(("pending", "sending")))
    rationed = (Outbox.state == "pending") & (Outbox.attempts == 0) & _rationed(now)
    due = await session.scalar(select(func.min(Due.at)).where(Due.done_at.is_(None)))
    dead = await session.scalar(
        select(func.count()).select_from(DeadLetter).where(DeadLetter.dead_at.is_not(None))
    )
    return Backlog(
        inbox_lag=round(inbox_lag, 3),
        outbox_lag=_age(await session.scalar(oldest.where(~rationed)), now),
        budget_lag=_age(await session.scalar(oldest.where(rationed)), now),
        due_lag=_age(due, now),
        outbox=dict(counts.all()),
        dead_letters=dead or 0,
        heartbeat=round(heartbeat, 3),
    )


def _rationed(now: datetime) -> ColumnElement[bool]:
    """Whether a row's chat was just written to, or rests because its vendor said so."""
    place = (Outbox.channel, Outbox.bot, Outbox.chat)
    moving = select(*place).where(Outbox.sent_at > now - MOVES)
    resting = select(*place).where(
        Outbox.state == "pending", Outbox.error == THROTTLED, Outbox.not_before > now
    )
    return tuple_(*place).in_(moving) | tuple_(*place).in_(resting)


def _age(at: datetime | None, now: datetime) -> float:
    return 0.0 if at is None else max(0.0, round((now - at).total_seconds(), 3))
