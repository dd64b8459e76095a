"""What became of a message is written down: on its row, on its card, and told to whoever must know."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from handlers.outbox.delivery import BECKON, QUIET, changed
from handlers.outbox.moving import move
from handlers.outbox.outcomes import (
    HEARD,
    HELD_FOR,
    SECOND_LOOK,
    Blocked,
    Callbacks,
    Closed,
    Later,
    Missing,
    MovedTo,
    Outcome,
    Refused,
    Result,
    Taken,
    Unsure,
    carried,
    tell,
)
from models.account import Account
from models.card import Card
from models.group import Group
from models.outbox import Outbox, events_of


async def settle(session: AsyncSession, callbacks: Callbacks, results: Sequence[Result]) -> None:
    """Record what became of rows that left, all in the caller's transaction."""
    by_row = {result.row: result for result in results}
    query = select(Outbox).where(Outbox.id.in_(by_row), Outbox.state.in_(("sending", "unknown")))
    rows = (await session.scalars(query.order_by(Outbox.id).with_for_update())).all()
    cards = await locked_cards(session, rows)
    for row in rows:
        result = by_row[row.id]
        if row.state == "sending" or isinstance(result.outcome, Taken):
            card = None if row.card_id is None else cards.get(row.card_id)
            await _Settling(session, callbacks, row, card, result.at).apply(result.outcome)
            await carried(session, callbacks, row)


async def locked_cards(session: AsyncSession, rows: Sequence[Outbox]) -> Mapping[int, Card]:
    """The cards that rows are about, by id, locked until the transaction ends."""
    ids = [row.card_id for row in rows if row.card_id is not None]
    if not ids:
        return {}
    query = select(Card).where(Card.id.in_(ids)).order_by(Card.id).with_for_update()
    return {card.id: card for card in await session.scalars(query)}


@dataclass(frozen=True, slots=True)
class _Settling:
    """One row, its card if it has one, and when the answer came."""

    session: AsyncSession
    callbacks: Callbacks
    row: Outbox
    card: Card | None
    at: datetime

    async def apply(self, outcome: Outcome) -> None:
        match outcome:
            case Taken():
                self._taken(outcome)
            case Later(until, why):
                await self._again(until, why)
            case Unsure(why):
                await self._unsure(why)
            case Blocked(why):
                await self._blocked(why)
            case Closed(why):
                await self._closed(why)
            case MovedTo(chat):
                await self._moved(chat)
            case Missing():
                await self._missing()
            case Refused(why):
                await self._refused(why)

    def _taken(self, taken: Taken) -> None:
        self.row.sent_at, self.row.message, self.row.error = self.at, taken.message, None
        self.row.state, self.row.attempts = ("pending" if taken.more else "sent"), 0
        if taken.more:
            self._note(done=self.row.payload.get("done", 0) + 1)
        if self.card is not None:
            if not taken.more:
                self._shown(self.card, taken)
        elif self.row.ticket_id is not None and not taken.edited:
            self.session.add(self._notice(self.row.ticket_id, taken.message))

    def _shown(self, card: Card, taken: Taken) -> None:
        """A card that was called up elsewhere while its old message was edited is no longer that message."""
        if not taken.edited:
            card.message, card.shown = taken.message, taken.shown
        elif card.message == taken.message:
            card.shown = taken.shown

    def _notice(self, ticket: int, message: str) -> Card:
        row = self.row
        return Card(
            ticket_id=ticket,
            kind="notice",
            channel=row.channel,
            bot=row.bot,
            chat=row.chat,
            message=message,
            created_at=self.at,
        )

    async def _again(self, until: datetime, why: str) -> None:
        """Waits for its next try, and a card for all changes that came meanwhile."""
        row = self.row
        row.state, row.not_before, row.error = "pending", until, why
        row.attempts += 1
        if row.card_id is not None:
            same = (Outbox.card_id == row.card_id) & (Outbox.state == "pending") & (Outbox.id != row.id)
            await changed(self.session, update(Outbox).where(same).values(state="joined"))

    async def _unsure(self, why: str) -> None:
        """Parked; only what a group must see is posted once more."""
        for_group = self.row.kind == "digest" or (self.card is not None and self.card.kind == "group")
        if for_group and not self.row.payload.get("unsure"):
            self._note(unsure=True)
            await self._again(self.at + SECOND_LOOK, why)
            return
        self.row.state, self.row.sent_at, self.row.error = "unknown", self.at, why
        if self.card is not None:
            self.card.shown = ""
        await self._tell(self.callbacks.on_unknown, self.row)

    async def _closed(self, why: str) -> None:
        """Kept until the person writes; of a ticket's news only the newest."""
        row = self.row
        if row.kind == BECKON:
            row.state, row.error = "expired", why
            return
        if row.error == HEARD:
            await self._again(self.at, why)
            return
        row.error = why
        if await self.callbacks.on_closed(self.session, row):
            row.state = "joined"
            return
        row.state, row.attempts = "held", row.attempts + 1
        row.expires_at = row.expires_at or self.at + HELD_FOR
        older = _at(Outbox, row).where(Outbox.state == "held", Outbox.id < row.id)
        for held in (await self.session.scalars(older)).all():
            if held.ticket_id is not None and held.ticket_id == row.ticket_id and _is_news(held):
                held.state = "joined"

    async def _blocked(self, why: str) -> None:
        row = self.row
        groups = (await self.session.scalars(_at(Group, row))).all()
        others = (
            await self.session.scalars(
                _at(Outbox, row)
                .where(Outbox.state.in_(("pending", "held")), Outbox.id != row.id)
                .order_by(Outbox.id)
                .with_for_update()
            )
        ).all()
        if groups:
            await self._group_lost(groups, [row, *others])
        else:
            await self._unreachable([row, *others], why)

    async def _group_lost(self, groups: Sequence[Group], rows: Sequence[Outbox]) -> None:
        for row in rows:
            row.state, row.error = "held", "unreachable"
        lost = [group for group in groups if group.present]
        for group in lost:
            group.present = False
        for group in lost:
            await self._tell(self.callbacks.on_group_lost, group)

    async def _unreachable(self, rows: Sequence[Outbox], why: str) -> None:
        for account in (await self.session.scalars(_at(Account, self.row))).all():
            account.reachable = False
        for row in rows:
            row.state, row.error = "failed", why
        for row in rows:
            await self._tell(self.callbacks.on_unreachable, row)
            if row is not self.row:
                await carried(self.session, self.callbacks, row)

    async def _moved(self, chat: str) -> None:
        row = self.row
        await move(self.session, row.channel, row.bot, row.chat, chat)
        row.chat = chat
        if self.card is not None:
            self.card.chat = chat
        await self._again(self._soon(), "moved")

    async def _missing(self) -> None:
        """Posted anew, without the message that was to become it."""
        if self.row.payload.get(QUIET):
            await self._refused("gone")
            return
        if self.card is not None:
            self.card.message, self.card.shown = None, ""
        elif (message := self.row.payload.get("message")) and message.get("replace"):
            self._note(message={**message, "replace": ""})
        else:
            await self._refused("gone")
            return
        await self._again(self._soon(), "gone")

    async def _refused(self, why: str) -> None:
        quiet = self.row.payload.get(QUIET)
        self.row.state, self.row.error = ("expired" if quiet else "failed"), why
        if not quiet:
            await self._tell(self.callbacks.on_failed, self.row)

    def _soon(self) -> datetime:
        """At once, but not for ever: a vendor that goes round in circles is asked ever more rarely."""
        return self.at + timedelta(seconds=max(0, self.row.attempts - 2) * 10)

    def _note(self, **notes: Any) -> None:
        self.row.payload = {**self.row.payload, **notes}

    async def _tell(self, callback: Callable[[AsyncSession, Any], Awaitable[None]], subject: Any) -> None:
        await tell(self.session, callback, subject)


def _at(model: Any, row: Outbox) -> Any:
    """The rows of a model that are at the address of an outbox row."""
    return select(model).where(model.channel == row.channel, model.bot == row.bot, model.chat == row.chat)


def _is_news(row: Outbox) -> bool:
    """Whether a row tells where a ticket stands; a waiting answer is no such thing, nor are words."""
    return bool(row.payload.get("message", {}).get("notice")) and not events_of(row)
