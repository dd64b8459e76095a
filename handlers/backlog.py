"""How far behind the desk is: what waits to leave, what is overdue, what was given up."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.conversation import DeadLetter
from models.due import Due
from models.outbox import Outbox

SHOWN_STATES = ("pending", "sending", "unknown", "held", "failed")


@dataclass(frozen=True, slots=True)
class Backlog:
    """How far behind the program is; lags in seconds."""

    inbox_lag: float
    outbox_lag: float
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
    oldest = await session.scalar(
        select(func.min(Outbox.not_before))
        .where(Outbox.state.in_(("pending", "sending")))
        .where(or_(*(and_(Outbox.channel == channel, Outbox.bot == bot) for channel, bot in doors)))
    )
    due = await session.scalar(select(func.min(Due.at)).where(Due.done_at.is_(None)))
    dead = await session.scalar(
        select(func.count()).select_from(DeadLetter).where(DeadLetter.dead_at.is_not(None))
    )
    return Backlog(
        inbox_lag=round(inbox_lag, 3),
        outbox_lag=_age(oldest, now),
        due_lag=_age(due, now),
        outbox=dict(counts.all()),
        dead_letters=dead or 0,
        heartbeat=round(heartbeat, 3),
    )


def _age(at: datetime | None, now: datetime) -> float:
    return 0.0 if at is None else max(0.0, round((now - at).total_seconds(), 3))
