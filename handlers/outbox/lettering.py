"""A row as the letter that leaves: drawn as it looks now, made to fit its channel, one part at a time."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from handlers.envelopes import Outgoing
from handlers.outbox.delivery import BECKON, QUIET
from handlers.outbox.door import Door
from handlers.outbox.joining import merged
from handlers.outbox.outcomes import Callbacks
from models.card import Card
from models.outbox import Outbox


@dataclass(frozen=True, slots=True)
class Letter:
    """One call to be made: a post, or a change of the message `edits`. `more` parts follow it or not."""

    row: int
    chat: str
    lane: int
    message: Outgoing
    attempts: int
    edits: str = ""
    shown: str = ""
    more: bool = False


class Spoilt(Exception):
    """A row whose message cannot be drawn; it must not hold up the others."""

    def __init__(self, row: int) -> None:
        super().__init__(f"outbox row {row} cannot be drawn")
        self.row = row


@dataclass(frozen=True, slots=True)
class Drawing:
    """One row, its card if it has one, and the door that it is drawn for."""

    session: AsyncSession
    door: Door
    callbacks: Callbacks
    row: Outbox
    card: Card | None
    now: datetime

    async def letter(self) -> Letter | None:
        """The row as it looks now; None when there is nothing (new) to be seen."""
        row, number = self.row, self.row.id
        quiet = bool(row.payload.get(QUIET))
        if quiet and not self.door.edits:
            return None
        try:
            message = await self._drawn()
        except Exception as error:
            raise Spoilt(number) from error
        if message is None:
            return None
        edits = (message.replace if self.card is None else self.card.message or "") if self.door.edits else ""
        if quiet and not edits:
            return None
        whole = Letter(row.id, row.chat, row.lane, replace(message, replace=""), row.attempts, edits)
        if self.card is not None:
            shown = digest_of(message)
            if self.card.message is not None and self.card.shown == shown:
                return None
            whole = replace(whole, shown=shown)
        return whole if edits else self._part(whole)

    def _part(self, whole: Letter) -> Letter:
        """The part that is next, of a message that needs several posts."""
        parts = self.door.split(whole.message)
        done = self.row.payload.get("done", 0)
        if done >= len(parts):
            return whole
        return replace(whole, message=parts[done], more=done + 1 < len(parts))

    async def _drawn(self) -> Outgoing | None:
        message = await self._said()
        return (
            None if message is None else await self.callbacks.fit(self.session, self.row, self.card, message)
        )

    async def _said(self) -> Outgoing | None:
        match self.row.kind:
            case "card":
                return None if self.card is None else await self.callbacks.render(self.session, self.card)
            case "digest":
                return await self._digest()
            case _ if self.door.merges and self.row.kind != BECKON:
                return await merged(self.session, self.row, self.door.split, self.now)
            case _:
                return Outgoing.from_json(self.row.payload["message"])

    async def _digest(self) -> Outgoing | None:
        """What was joined, without the cards that were called up meanwhile."""
        ids: list[int] = self.row.payload["cards"]
        query = select(Card).where(Card.id.in_(ids), Card.message.is_(None)).order_by(Card.id)
        cards = (await self.session.scalars(query)).all()
        return await self.callbacks.digest(self.session, cards) if cards else None


def digest_of(message: Outgoing) -> str:
    """What a card shows, in short, to know whether it has changed."""
    shown = json.dumps(message.to_json(), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(shown.encode()).hexdigest()
