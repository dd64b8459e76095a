"""When more new cards wait for a group than it can be sent in a minute, the rest comes as one list."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from handlers.envelopes import Outgoing
from handlers.outbox.delivery import EMERGENCY, ORDINARY, QUIET, changed
from handlers.outbox.gathering import gathered
from models.card import Card
from models.outbox import Outbox, events_of

MOST_MERGED = 10
MOST_IN_DIGEST = 30
"""Each card of a digest has a button, and a message takes a hundred of them at most."""


async def join(session: AsyncSession, head: Outbox, a_minute: int, now: datetime) -> Collection[int]:
    """Join what a chat's queue has too many of; returns the ids of the joined rows.

    The first new cards still come one by one, as many as a minute has room for beside all else that waits;
    emergencies and cards that somebody asked for are left alone.
    """
    here = (
        (Outbox.channel == head.channel)
        & (Outbox.bot == head.bot)
        & (Outbox.chat == head.chat)
        & (Outbox.state == "pending")
        & (Outbox.not_before <= now)
    )
    waiting = await session.scalar(select(func.count()).where(here)) or 0
    if waiting <= a_minute:
        return ()
    new = await _new_cards(session, here)
    room = max(1, a_minute - (waiting - len(new)))
    if len(new) <= room:
        return ()
    digest = await _open_digest(session, here)
    rest = new[_kept(len(new), room, 0 if digest is None else MOST_IN_DIGEST - len(_cards(digest))) :]
    rows, cards = [row for row, _ in rest], [card for _, card in rest]
    if digest is not None:
        free = MOST_IN_DIGEST - len(_cards(digest))
        digest.payload = {"cards": [*_cards(digest), *cards[:free]]}
        cards = cards[free:]
    for first in range(0, len(cards), MOST_IN_DIGEST):
        session.add(_digest(head, cards[first : first + MOST_IN_DIGEST], now))
    await changed(session, update(Outbox).where(Outbox.id.in_(rows)).values(state="joined"))
    return rows


async def merged(
    session: AsyncSession, head: Outbox, split: Callable[[Outgoing], tuple[Outgoing, ...]], now: datetime
) -> Outgoing:
    """The message of a row with those right behind it, as far as they fit in one post together.

    They go with the row from now on: whatever becomes of it becomes of them all. A notice goes with none but
    notices of its ticket, since where only a form may be sent, that says nothing else.
    """
    message = Outgoing.from_json(head.payload["message"])
    if head.payload.get("done"):
        return message
    together, carried = [message], list(head.payload.get("events", ()))
    for row in await _behind(session, head, now):
        more = Outgoing.from_json(row.payload["message"])
        alike = bool(message.notice) == bool(more.notice)
        apart = not alike or (message.notice and row.ticket_id != head.ticket_id)
        if (
            row.payload.get("done")
            or row.payload.get(QUIET)
            or apart
            or len(split(gathered([*together, more]))) > 1
        ):
            break
        together.append(more)
        carried += events_of(row)
        row.state = "joined"
    whole = gathered(together)
    if len(together) > 1:
        head.payload = {**head.payload, "message": whole.to_json(), "events": carried}
    return whole


async def _behind(session: AsyncSession, head: Outbox, now: datetime) -> Sequence[Outbox]:
    """What waits behind a row for the same chat and may leave now, in order."""
    query = (
        select(Outbox)
        .where(Outbox.channel == head.channel, Outbox.bot == head.bot, Outbox.chat == head.chat)
        .where(Outbox.state == "pending", Outbox.kind == "message", Outbox.lane == head.lane)
        .where(Outbox.id > head.id, Outbox.not_before <= now)
        .where(Outbox.expires_at.is_(None) | (Outbox.expires_at > now))
        .order_by(Outbox.id)
        .limit(MOST_MERGED)
        .with_for_update(skip_locked=True)
    )
    return (await session.scalars(query)).all()


async def _new_cards(session: AsyncSession, here: ColumnElement[bool]) -> Sequence[tuple[int, int]]:
    """The rows, in order, that would post a card nobody has seen yet, each with the card's id."""
    query = (
        select(Outbox.id, Card.id, Outbox.payload)
        .join(Card, Card.id == Outbox.card_id)
        .where(here, Outbox.kind == "card", Outbox.lane > EMERGENCY, Card.message.is_(None))
        .order_by(Outbox.id)
        .with_for_update(skip_locked=True, of=Outbox)
    )
    rows = await session.execute(query)
    return [(row, card) for row, card, payload in rows if not payload.get("asked")]


async def _open_digest(session: AsyncSession, here: ColumnElement[bool]) -> Outbox | None:
    """A list that has not left yet and can take more."""
    query = select(Outbox).where(here, Outbox.kind == "digest").order_by(Outbox.id)
    for digest in await session.scalars(query.with_for_update(skip_locked=True)):
        if len(_cards(digest)) < MOST_IN_DIGEST:
            return digest
    return None


def _kept(new: int, room: int, free: int) -> int:
    """How many cards come one by one, when each further list takes the place of a card."""
    lists = 0
    while new - (kept := max(1, room - lists)) > free + lists * MOST_IN_DIGEST:
        lists += 1
    return kept


def _digest(head: Outbox, cards: Sequence[int], now: datetime) -> Outbox:
    return Outbox(
        channel=head.channel,
        bot=head.bot,
        chat=head.chat,
        lane=ORDINARY,
        kind="digest",
        payload={"cards": list(cards)},
        not_before=now,
        created_at=now,
    )


def _cards(digest: Outbox) -> list[Any]:
    cards: list[Any] = digest.payload["cards"]
    return cards
