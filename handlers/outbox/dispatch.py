"""What leaves next: the first due message of every chat that may be written to just now."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import Select, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from handlers.envelopes import Outgoing
from handlers.outbox.delivery import BECKON, EMERGENCY, QUIET, changed
from handlers.outbox.joining import join, merged
from handlers.outbox.outcomes import Callbacks, carried, tell
from models.card import Card
from models.group import Group
from models.outbox import Outbox

BATCH = 200
ROUNDS = 5
LEFT_ALONE_AFTER = 5
"""So often a message is drawn anew when drawing it fails, before it counts as failed."""


class Gate(Protocol):
    """The budget of a door, as seen from the outbox."""

    def shut(self) -> Collection[str]:
        """The chats to which nothing may go now."""
        ...

    def open(self, chat: str, lane: int) -> bool:
        """Whether a chat may be written to now."""
        ...

    def admit(self, chat: str, lane: int, cost: int, *, group: bool) -> bool:
        """Take `cost` posts from the budget if they are there."""
        ...

    def a_minute(self, *, group: bool) -> int | None:
        """How many ordinary posts a chat can get in a minute; None without a limit."""
        ...


@dataclass(frozen=True, slots=True)
class Door:
    """One bot of one channel, and how its messages fall into parts of one post each.

    Without `edits` a card that has changed is posted anew; with `merges` what waits for a chat leaves as one.
    """

    channel: str
    bot: str
    split: Callable[[Outgoing], tuple[Outgoing, ...]]
    edits: bool = True
    merges: bool = False


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


@dataclass(frozen=True, slots=True)
class Claim:
    """What leaves now; `again` when something was settled without a call, so that more may be ready."""

    letters: tuple[Letter, ...] = ()
    again: bool = False


class Spoilt(Exception):
    """A row whose message cannot be drawn; it must not hold up the others."""

    def __init__(self, row: int) -> None:
        super().__init__(f"outbox row {row} cannot be drawn")
        self.row = row


async def anything(session: AsyncSession, door: Door, shut: Collection[str], now: datetime) -> bool:
    """Whether there is anything to be looked at, without a lock."""
    return (await session.execute(_waiting(door, shut, now).limit(1))).first() is not None


async def claim(
    session: AsyncSession, door: Door, gate: Gate, callbacks: Callbacks, *, now: datetime, most: int
) -> Claim:
    """Take up to `most` rows, one a chat, in order, and mark them as being sent.

    The calls may be made once this transaction is committed. Raises Spoilt.
    """
    heads = await _heads(session, door, gate, now, most)
    if not heads:
        return Claim()
    query = select(Outbox).where(Outbox.id.in_(heads), Outbox.state == "pending")
    order = query.order_by(Outbox.lane, Outbox.id).with_for_update(skip_locked=True)
    rows = (await session.scalars(order)).all()
    present = await _groups(session, door, [row.chat for row in rows])
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


async def _heads(session: AsyncSession, door: Door, gate: Gate, now: datetime, most: int) -> list[int]:
    """The first rows, by id, of up to `most` open chats; behind a row that waits for its retry, all wait."""
    shut = set(gate.shut())
    chosen: dict[str, int] = {}
    for _ in range(ROUNDS):
        rows = (await session.execute(_waiting(door, shut, now).limit(BATCH))).all()
        waits: set[tuple[str, int]] = set()
        for row, chat, lane, not_before in rows:
            if len(chosen) >= most:
                break
            if chat in chosen or (chat, lane) in waits:
                continue
            waits.add((chat, lane))
            if not_before <= now and gate.open(chat, lane):
                chosen[chat] = row
        if len(rows) < BATCH or len(chosen) >= most:
            break
        shut.update(chat for _, chat, _, _ in rows)
    return list(chosen.values())


def _waiting(door: Door, shut: Collection[str], now: datetime) -> Select[int, str, int, datetime]:
    query = select(Outbox.id, Outbox.chat, Outbox.lane, Outbox.not_before).where(
        Outbox.channel == door.channel,
        Outbox.bot == door.bot,
        Outbox.state == "pending",
        (Outbox.not_before <= now) | (Outbox.attempts > 0),
    )
    if shut:
        query = query.where(Outbox.chat.not_in(shut))
    return query.order_by(Outbox.lane, Outbox.id)


async def _groups(session: AsyncSession, door: Door, chats: Collection[str]) -> Mapping[str, bool]:
    """Which chats are groups, and whether the bot is in them."""
    query = select(Group.chat, Group.present).where(
        Group.channel == door.channel, Group.bot == door.bot, Group.chat.in_(chats)
    )
    present: dict[str, bool] = {}
    for chat, here in await session.execute(query):
        present[chat] = here or present.get(chat, False)
    return present


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
        letter = await self._letter()
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

    async def _letter(self) -> Letter | None:
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


@dataclass(frozen=True, slots=True)
class Heritage:
    """What a sender takes over: calls whose end nobody knows, recent posts, and pauses (None: everywhere)."""

    orphans: tuple[int, ...]
    spent: tuple[tuple[str, bool, datetime], ...]
    pauses: tuple[tuple[str | None, datetime], ...]


async def inherit(session: AsyncSession, door: Door, now: datetime, window: timedelta) -> Heritage:
    """What the last sender of this door left behind."""
    here = (Outbox.channel == door.channel) & (Outbox.bot == door.bot)
    fields = select(Outbox.id, Outbox.chat)
    orphans = (await session.execute(fields.where(here, Outbox.state == "sending"))).all()
    sent = select(Outbox.chat, Outbox.sent_at).where(here, Outbox.sent_at > now - window)
    recent: list[tuple[str, Any]] = [*(await session.execute(sent.order_by(Outbox.sent_at)))]
    recent += [(chat, now) for _, chat in orphans]
    groups = await _groups(session, door, {chat for chat, _ in recent})
    retries = select(Outbox.chat, Outbox.not_before, Outbox.error).where(
        here, Outbox.state == "pending", Outbox.attempts > 0, Outbox.not_before > now
    )
    told = (await session.execute(retries)).all()
    return Heritage(
        tuple(row for row, _ in orphans),
        tuple((chat, chat in groups, at) for chat, at in recent),
        tuple(
            (None if why == THROTTLED_EVERYWHERE else chat, until)
            for chat, until, why in told
            if why in (THROTTLED, THROTTLED_EVERYWHERE)
        ),
    )


THROTTLED = "throttled"
THROTTLED_EVERYWHERE = "throttled everywhere"
