"""What did not arrive is reported: another way is tried, the card says so, managers hear of a lost group."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from flows.engine.lifecycle import Audience
from handlers import cards, delivery, due, notices, tickets
from handlers.desk import Desk, Work
from handlers.envelopes import Outgoing
from handlers.outcomes import Callbacks
from models.account import Account, of_resident, of_staff
from models.card import Card
from models.community import Community
from models.group import Group
from models.outbox import Outbox
from models.staff import on_duty
from models.ticket import Ticket


class Reports:
    """Answers delivery's questions and takes its reports, each in the transaction it comes in."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def callbacks(self) -> Callbacks:
        return Callbacks(
            render=self._render,
            digest=self._digest,
            on_unreachable=self.unreachable,
            on_failed=self.undelivered,
            on_unknown=self.undelivered,
            on_group_lost=self.group_lost,
        )

    async def _render(self, session: AsyncSession, card: Card) -> Outgoing | None:
        return await cards.render(session, card, self._desk.texts)

    async def _digest(self, session: AsyncSession, joined: Sequence[Card]) -> Outgoing:
        return await cards.digest(session, joined, self._desk.texts)

    async def unreachable(self, session: AsyncSession, row: Outbox) -> None:
        """Somebody has blocked us: the resident's other account is tried, else the card says so."""
        account = await session.get(Account, row.account_id) if row.account_id else None
        if account is None:
            return
        others = await self._others(session, account)
        if others and row.kind == "message":
            await self._send_there(session, row, others[0])
        elif row.ticket_id is not None:
            await self._on_the_card(session, row.ticket_id, account)

    async def _others(self, session: AsyncSession, account: Account) -> Sequence[Account]:
        if account.resident_id is not None:
            return await of_resident(session, account.resident_id)
        if account.staff_id is not None:
            return await of_staff(session, account.staff_id)
        return ()

    async def _send_there(self, session: AsyncSession, row: Outbox, other: Account) -> None:
        await delivery.post(
            session,
            channel=other.channel,
            bot=other.bot,
            chat=other.chat,
            message=Outgoing.from_json(row.payload["message"]),
            now=self._desk.now(),
            lane=row.lane,
            ticket=row.ticket_id,
            account=other.id,
        )

    async def _on_the_card(self, session: AsyncSession, number: int, account: Account) -> None:
        ticket = await session.get(Ticket, number)
        if ticket is None or account.resident_id != ticket.resident_id or ticket.resident_id is None:
            return
        work = Work(self._desk, session, self._desk.now())
        await due.give_up_rating(work, ticket.id)
        if not ticket.details.get("unreachable"):
            await tickets.unreachable(work, await cards.sheet(session, ticket))

    async def undelivered(self, session: AsyncSession, row: Outbox) -> None:
        """A message that may not have arrived is never shown as sent: the one who works on it is told."""
        account = await session.get(Account, row.account_id) if row.account_id else None
        ticket = await session.get(Ticket, row.ticket_id) if row.ticket_id else None
        if account is None or ticket is None or account.resident_id is None:
            return
        if account.resident_id != ticket.resident_id:
            return
        work = Work(self._desk, session, self._desk.now())
        shown = await cards.sheet(session, ticket)
        who = Audience.ASSIGNEE if shown.assignee is not None else Audience.GROUP
        await notices.audience(work, shown, who, "notice.not_delivered")

    async def group_lost(self, session: AsyncSession, group: Group) -> None:
        """We were removed from a group: the managers can put us back; its cards wait."""
        community = await session.get_one(Community, group.community_id)
        work = Work(self._desk, session, self._desk.now())
        for person in await on_duty(session, community.id, "manager", work.now):
            for account in (await of_staff(session, person.id))[:1]:
                purpose = work.say(f"purpose.{group.purpose}", account.locale)
                text = work.say(
                    "notice.group_lost", account.locale, title=group.title or purpose, purpose=purpose
                )
                await delivery.post(
                    session,
                    channel=account.channel,
                    bot=account.bot,
                    chat=account.chat,
                    message=Outgoing(text),
                    now=work.now,
                    account=account.id,
                )
