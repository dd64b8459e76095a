"""What did not arrive is reported: another way is tried, the card says so, managers hear of a lost group."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from flows.engine.lifecycle import Audience
from handlers import arrival, beckoning, clocks, notices, offering, reaching, tickets
from handlers.cards import drawing, sheets
from handlers.desk import Desk, Work
from handlers.envelopes import Outgoing
from handlers.outbox import delivery
from handlers.outbox.outcomes import Callbacks
from handlers.roster import managers
from handlers.staffpages import pages
from models.account import Account
from models.card import Card
from models.community import Community
from models.group import Group
from models.outbox import Outbox, events_of
from models.ticket import Ticket


class Reports:
    """Answers delivery's questions and takes its reports, each in the transaction it comes in."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def callbacks(self) -> Callbacks:
        return Callbacks(
            render=self._render,
            digest=self._digest,
            fit=self._fit,
            on_closed=self.closed,
            on_unreachable=self.unreachable,
            on_failed=self.undelivered,
            on_unknown=self.undelivered,
            on_group_lost=self.group_lost,
            on_carried=self.carried,
        )

    async def _render(self, session: AsyncSession, card: Card) -> Outgoing | None:
        can = self._desk.can(card.channel)
        return await drawing.render(session, card, self._desk.texts, edits=can.edits)

    async def _fit(
        self, session: AsyncSession, row: Outbox, card: Card | None, message: Outgoing
    ) -> Outgoing:
        """As the row's channel can show it: with a way to the ticket's page, or with its buttons in words."""
        work = Work(self._desk, session, self._desk.now())
        if self._desk.can(row.channel).links:
            return await pages.with_page(work, row, card, message)
        return await offering.pushed(work, row, message)

    async def _digest(self, session: AsyncSession, joined: Sequence[Card]) -> Outgoing:
        return await drawing.digest(session, joined, self._desk.texts)

    async def carried(self, session: AsyncSession, row: Outbox) -> None:
        """Words on their way to a resident have come a step further, or not: the card says how far."""
        await arrival.settled(Work(self._desk, session, self._desk.now()), row)

    async def unreachable(self, session: AsyncSession, row: Outbox) -> None:
        """Somebody has blocked us: the resident's other account is tried, else the card says so."""
        account = await session.get(Account, row.account_id) if row.account_id else None
        if account is None or row.kind == delivery.BECKON:
            return
        if await self._elsewhere(session, row, account):
            row.state = "joined" if events_of(row) else row.state
            return
        if row.ticket_id is None:
            return
        ticket = await self._theirs(session, row.ticket_id, account)
        if ticket is not None:
            await clocks.give_up_rating(Work(self._desk, session, self._desk.now()), ticket.id)
            await self._on_the_card(session, ticket, row.error or "blocked")

    async def closed(self, session: AsyncSession, row: Outbox) -> bool:
        """Somebody may not be written to now: their other account gets it, or the card says why not."""
        account = await session.get(Account, row.account_id) if row.account_id else None
        if account is None:
            return False
        if await self._elsewhere(session, row, account):
            return True
        ticket = None if row.ticket_id is None else await self._theirs(session, row.ticket_id, account)
        if ticket is not None:
            await self._on_the_card(session, ticket, row.error or "window")
        await beckoning.beckon(Work(self._desk, session, self._desk.now()), row, account)
        return False

    async def _elsewhere(self, session: AsyncSession, row: Outbox, account: Account) -> bool:
        """Send a message to the person's next best account that is not this one."""
        passed = [*row.payload.get("passed", ()), account.id]
        others = [one for one in await self._others(session, account) if one.id not in passed]
        if not others or row.kind != "message":
            return False
        await self._send_there(session, row, others[0], passed)
        return True

    async def _others(self, session: AsyncSession, account: Account) -> Sequence[Account]:
        if account.resident_id is not None:
            return await reaching.resident(self._desk, session, account.resident_id)
        if account.staff_id is not None:
            return await reaching.staff(self._desk, session, account.staff_id)
        return ()

    async def _send_there(
        self, session: AsyncSession, row: Outbox, other: Account, passed: Sequence[int]
    ) -> None:
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
            passed=passed,
            events=events_of(row),
        )

    async def _theirs(self, session: AsyncSession, number: int, account: Account) -> Ticket | None:
        """A ticket, if it is this account's resident's."""
        ticket = await session.get(Ticket, number)
        theirs = ticket is not None and ticket.resident_id is not None
        return ticket if theirs and ticket is not None and account.resident_id == ticket.resident_id else None

    async def _on_the_card(self, session: AsyncSession, ticket: Ticket, why: str) -> None:
        work = Work(self._desk, session, self._desk.now())
        await tickets.unreachable(work, await sheets.of(session, ticket), why)

    async def undelivered(self, session: AsyncSession, row: Outbox) -> None:
        """A message that may not have arrived is never shown as sent: the one who works on it is told.

        Of words that failed for certain, the card and a message below it tell more than that.
        """
        if events_of(row) and row.state == "failed":
            return
        account = await session.get(Account, row.account_id) if row.account_id else None
        ticket = await session.get(Ticket, row.ticket_id) if row.ticket_id else None
        if account is None or ticket is None or account.resident_id is None:
            return
        if account.resident_id != ticket.resident_id:
            return
        work = Work(self._desk, session, self._desk.now())
        shown = await sheets.of(session, ticket)
        who = Audience.ASSIGNEE if shown.assignee is not None else Audience.GROUP
        await notices.audience(work, shown, who, "notice.not_delivered")

    async def group_lost(self, session: AsyncSession, group: Group) -> None:
        """We were removed from a group: the managers can put us back; its cards wait."""
        community = await session.get_one(Community, group.community_id)
        work = Work(self._desk, session, self._desk.now())
        for person in await managers(session, community.id, work.now):
            for account in (await reaching.staff(self._desk, session, person.id))[:1]:
                purpose = work.say(f"purpose.{group.purpose}", account.locale)
                text = work.say(
                    "notice.group_lost", account.locale, title=group.title or purpose, purpose=purpose
                )
                await reaching.send(work, account, Outgoing(text))
