"""What leaves next is taken from the outbox, one message a chat, and marked as being sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from handlers.outbox import turns
from handlers.outbox.delivery import EMERGENCY, changed
from handlers.outbox.door import Door, Gate
from handlers.outbox.joining import join
from handlers.outbox.lettering import Drawing, Letter
from handlers.outbox.outcomes import Callbacks, carried, tell
from models.card import Card
from models.outbox import Outbox

LEFT_ALONE_AFTER = 5
"""So often a message is drawn anew when drawing it fails, before it counts as failed."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What leaves now; `again` when something was settled without a call, so that more may be ready."""

    letters: tuple[Letter, ...] = ()
    again: bool = False


async def claim(
    session: AsyncSession, door: Door, gate: Gate, callbacks: Callbacks, *, now: datetime, most: int
) -> Claim:
    """Take up to `most` rows, one a chat, in order, and mark them as being sent.

    The calls may be made once this transaction is committed. Raises Spoilt.
    """
    heads = await turns.heads(session, door, gate, now, most)
    if not heads:
        return Claim()
    query = select(Outbox).where(Outbox.id.in_(heads), Outbox.state == "pending")
    order = query.order_by(Outbox.lane, Outbox.id).with_for_update(skip_locked=True)
    rows = (await session.scalars(order)).all()
    present = await turns.groups(session, door, [row.chat for row in rows])
    cards = await _cards(session, rows)
    letters: list[Letter] = []
    again = False
    for row in rows:
        card = None if row.card_id is None else cards.get(row.card_id)
        prepared = await _Claiming(session, door, gate, callbacks, row, card, present, now).prepare()
        if prepared is not None:
            letters.append(prepared)
        again = again or row.state not in ("pending", "sending")
    return Claim(tuple(letters), again)


async def _cards(session: AsyncSession, rows: Sequence[Outbox]) -> Mapping[int, Card]:
    ids = [row.card_id for row in rows if row.card_id is not None]
    if not ids:
        return {}
    return {card.id: card for card in await session.scalars(select(Card).where(Card.id.in_(ids)))}


@dataclass(frozen=True, slots=True)
class _Claiming:
    """One row that may leave now, and what decides whether it does."""

    session: AsyncSession
    door: Door
    gate: Gate
    callbacks: Callbacks
    row: Outbox
    card: Card | None
    present: Mapping[str, bool]
    now: datetime

    async def prepare(self) -> Letter | None:
        """The letter, marked as being sent; None when nothing leaves now."""
        row = self.row
        if row.expires_at is not None and row.expires_at <= self.now:
            row.state = "expired"
            await carried(self.session, self.callbacks, row)
            return None
        if not self.present.get(row.chat, True):
            await self._hold()
            return None
        if await self._joined():
            return None
        drawing = Drawing(self.session, self.door, self.callbacks, row, self.card, self.now)
        letter = await drawing.letter()
        if letter is None:
            row.state = "joined"
            return None
        cost = max(1, len(letter.message.pictures))
        group = row.chat in self.present
        if not self.gate.admit(row.chat, row.lane, cost if group else 1, group=group):
            return None
        row.state = "sending"
        return letter

    async def _hold(self) -> None:
        """The bot is not in the group: nothing is tried until it is back."""
        row = self.row
        waits = (
            select(Outbox.id)
            .where(Outbox.channel == row.channel, Outbox.bot == row.bot, Outbox.chat == row.chat)
            .where(Outbox.state == "pending")
            .with_for_update(skip_locked=True)
        )
        ids = (await self.session.scalars(waits)).all()
        await changed(self.session, update(Outbox).where(Outbox.id.in_(ids)).values(state="held"))
        row.state = "held"

    async def _joined(self) -> bool:
        """Whether the row was joined with others, because its group cannot take in so many cards."""
        row = self.row
        is_new = row.kind == "card" and self.card is not None and self.card.message is None
        a_minute = self.gate.a_minute(group=row.chat in self.present)
        if not is_new or row.lane == EMERGENCY or a_minute is None:
            return False
        joined = await join(self.session, row, a_minute, self.now)
        if row.id in joined:
            row.state = "joined"
        return row.id in joined


async def set_aside(
    session: AsyncSession, callbacks: Callbacks, row: int, *, now: datetime, pause: timedelta
) -> None:
    """A row that cannot be drawn is tried again after a pause, and at last reported as failed."""
    query = select(Outbox).where(Outbox.id == row, Outbox.state == "pending").with_for_update()
    spoilt = await session.scalar(query)
    if spoilt is None:
        return
    spoilt.attempts, spoilt.not_before = spoilt.attempts + 1, now + pause
    spoilt.error = "cannot be drawn"
    if spoilt.attempts >= LEFT_ALONE_AFTER:
        spoilt.state = "failed"
        await tell(session, callbacks.on_failed, spoilt)
        await carried(session, callbacks, spoilt)
