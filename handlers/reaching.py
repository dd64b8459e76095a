"""How somebody is reached: in the chat they chose, else one that calls them, else where they last wrote."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from handlers.desk import Desk, Work
from handlers.envelopes import Outgoing
from handlers.outbox import delivery
from models import account
from models.account import Account
from models.outbox import Outbox, events_of


async def resident(desk: Desk, session: AsyncSession, number: int) -> Sequence[Account]:
    """The accounts through which a resident can be reached, the best first."""
    return _best_first(desk, await account.of_resident(session, number))


async def staff(desk: Desk, session: AsyncSession, number: int) -> Sequence[Account]:
    """The accounts through which a staff member can be reached, the best first."""
    return _best_first(desk, await account.of_staff(session, number))


async def readdress(work: Work, former: int, number: int) -> None:
    """An account is no longer a resident's: their news that still waits for it goes to another of theirs."""
    others = [one for one in await resident(work.desk, work.session, number) if one.id != former]
    waits = select(Outbox).where(
        Outbox.account_id == former, Outbox.state.in_(("pending", "held")), Outbox.kind == "message"
    )
    rows = await work.session.scalars(waits.order_by(Outbox.id).with_for_update(skip_locked=True))
    for row in rows.all():
        message = Outgoing.from_json(row.payload.get("message", {"text": ""}))
        if not message.notice and not events_of(row):
            continue
        row.state = "joined"
        for to in others[:1]:
            await delivery.post(
                work.session,
                channel=to.channel,
                bot=to.bot,
                chat=to.chat,
                message=message,
                now=work.now,
                lane=row.lane,
                ticket=row.ticket_id,
                account=to.id,
                events=events_of(row),
            )


def _best_first(desk: Desk, accounts: Sequence[Account]) -> Sequence[Account]:
    """They come in the order in which they last wrote, and stay in it where nothing else counts."""
    served = [one for one in accounts if not desk.channels or one.channel in desk.channels]
    return sorted(served, key=lambda one: (not one.chosen, not desk.can(one.channel).push))
