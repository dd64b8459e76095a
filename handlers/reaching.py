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
from models.ticket import Ticket


async def resident(desk: Desk, session: AsyncSession, number: int) -> Sequence[Account]:
    """The accounts through which a resident can be reached, the best first."""
    return _best_first(desk, await account.of_resident(session, number))


async def staff(desk: Desk, session: AsyncSession, number: int) -> Sequence[Account]:
    """The accounts through which a staff member can be reached, the best first."""
    return _best_first(desk, await account.of_staff(session, number))


async def account_of(work: Work, ticket: Ticket) -> Account | None:
    """The account the resident chose, else the one the ticket came from, else the best of theirs."""
    if ticket.resident_id is None:
        return None
    accounts = await resident(work.desk, work.session, ticket.resident_id)
    if accounts and accounts[0].chosen:
        return accounts[0]
    return next((one for one in accounts if one.id == ticket.account_id), accounts[0] if accounts else None)


async def send(
    work: Work,
    account: Account,
    message: Outgoing,
    *,
    lane: int = delivery.ORDINARY,
    ticket: int | None = None,
    events: Sequence[int] = (),
) -> None:
    """Have something sent to one account; `events` are the lines of the timeline whose words it carries."""
    await delivery.post(
        work.session,
        channel=account.channel,
        bot=account.bot,
        chat=account.chat,
        message=message,
        now=work.now,
        lane=lane,
        ticket=ticket,
        account=account.id,
        events=events,
    )


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
            await send(work, to, message, lane=row.lane, ticket=row.ticket_id, events=events_of(row))


def _best_first(desk: Desk, accounts: Sequence[Account]) -> Sequence[Account]:
    """They come in the order in which they last wrote, and stay in it where nothing else counts."""
    served = [one for one in accounts if not desk.channels or one.channel in desk.channels]
    return sorted(served, key=lambda one: (not one.chosen, not desk.can(one.channel).push))
