"""The way out: what is to be told waits in the outbox, in order, until its channel has taken it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import CursorResult, case, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from handlers.envelopes import Outgoing
from models.card import Card
from models.outbox import Outbox
from models.ticket import Ticket

EMERGENCY = 0
ORDINARY = 1
POSTED = "wubu_posted"
BECKON = "beckon"
"""The kind of a row that only tells its reader to write to us; it goes alone, or not at all."""
QUIET = "quiet"
"""In the payload of a row that may change a message, and post none."""
LIVE = ("pending", "sending", "held", "unknown", "failed")


def lane_of(ticket: Ticket) -> int:
    """An emergency overtakes everything else."""
    return EMERGENCY if ticket.urgent else ORDINARY


def posted(session: AsyncSession) -> bool:
    """Whether this session has put anything into the outbox."""
    return POSTED in session.info


async def post(
    session: AsyncSession,
    *,
    channel: str,
    bot: str,
    chat: str,
    message: Outgoing,
    now: datetime,
    lane: int = ORDINARY,
    ticket: int | None = None,
    account: int | None = None,
    not_before: datetime | None = None,
    expires_at: datetime | None = None,
    tried: str | None = None,
    passed: Sequence[int] = (),
    quiet: bool = False,
    events: Sequence[int] = (),
) -> None:
    """Have a message sent: in order within its chat and lane, not before and not after the given times.

    A message for later lets others of its chat go first, unless it was `tried` already, and failed for that
    reason: then they wait behind it. After it was sent, a reply to it is understood as being about `ticket`,
    or about the ticket that the message names. `passed` are the accounts through which it could not go.
    What is `quiet` changes the message that it replaces, or does nothing. `events` are the lines of the
    ticket's timeline whose words it carries.
    """
    session.info[POSTED] = True
    session.add(
        Outbox(
            channel=channel,
            bot=bot,
            chat=chat,
            lane=lane,
            kind="message",
            payload={"message": message.to_json()}
            | ({"passed": list(passed)} if passed else {})
            | ({QUIET: True} if quiet else {})
            | ({"events": list(events[1:])} if events[1:] else {}),
            ticket_id=message.ticket if ticket is None else ticket,
            account_id=account,
            event_id=events[0] if events else None,
            not_before=not_before or now,
            expires_at=expires_at,
            created_at=now,
            attempts=0 if tried is None else 1,
            error=tried,
        )
    )


async def refresh(session: AsyncSession, card: Card, *, now: datetime, lane: int = ORDINARY) -> None:
    """Have a card brought up to date, or posted if it has no message yet.

    It is drawn when it is sent, so that several changes become one edit: where it waits already, it goes on
    waiting, at most in a faster lane. The waiting row is written to in any case, for its lock: whoever sends
    it meanwhile would draw the card without the change of this transaction.
    """
    session.info[POSTED] = True
    waits = (Outbox.card_id == card.id) & Outbox.state.in_(("pending", "held"))
    faster = case((Outbox.lane > lane, lane), else_=Outbox.lane)
    if not await changed(session, update(Outbox).where(waits).values(lane=faster)):
        session.add(_card_row(card, now, lane, {}))


async def mend(session: AsyncSession, card: Card, *, now: datetime) -> None:
    """Have a card changed where it stands, if it still can be; it is not posted anew for that."""
    session.info[POSTED] = True
    session.add(_card_row(card, now, ORDINARY, {QUIET: True}))


async def first(session: AsyncSession, card: Card, *, now: datetime, lane: int = ORDINARY) -> None:
    """Post a card that is new, so that nothing of it can be waiting."""
    session.info[POSTED] = True
    session.add(_card_row(card, now, lane, {}))


async def call_up(session: AsyncSession, card: Card, *, now: datetime, lane: int = ORDINARY) -> None:
    """Post a card that somebody asked for; it is never joined with others, and it is the card from now on."""
    session.info[POSTED] = True
    card.message, card.shown = None, ""
    session.add(_card_row(card, now, lane, {"asked": True}))


async def beckon(session: AsyncSession, held: Outbox, message: Outgoing, *, now: datetime) -> None:
    """Have the reader of a held row told that something waits, if the channel has a form for that."""
    session.info[POSTED] = True
    session.add(
        Outbox(
            channel=held.channel,
            bot=held.bot,
            chat=held.chat,
            lane=held.lane,
            kind=BECKON,
            payload={"message": message.to_json()},
            account_id=held.account_id,
            not_before=now,
            created_at=now,
        )
    )


def _card_row(card: Card, now: datetime, lane: int, payload: Mapping[str, Any]) -> Outbox:
    return Outbox(
        channel=card.channel,
        bot=card.bot,
        chat=card.chat,
        lane=lane,
        kind="card",
        payload=dict(payload),
        card_id=card.id,
        not_before=now,
        created_at=now,
    )


async def waiting(
    session: AsyncSession, channel: str, bot: str, chat: str, now: datetime | None = None
) -> bool:
    """Whether something is on its way to a chat, so that what is said now has to queue behind it."""
    due = (Outbox.not_before <= (now or datetime.now(UTC))) | (Outbox.attempts > 0)
    query = select(1).where(
        Outbox.channel == channel,
        Outbox.bot == bot,
        Outbox.chat == chat,
        Outbox.state.in_(("pending", "sending")),
        due,
    )
    return await session.scalar(query.limit(1)) is not None


async def release_held(session: AsyncSession, channel: str, bot: str, chat: str) -> int:
    """The bot is back in its group: what was held for it leaves now. Returns how many rows that are."""
    session.info[POSTED] = True
    held = update(Outbox).where(
        Outbox.channel == channel, Outbox.bot == bot, Outbox.chat == chat, Outbox.state == "held"
    )
    return await changed(session, held.values(state="pending", attempts=0))


@dataclass(frozen=True, slots=True)
class Lag:
    """How a door's outbox stands. `oldest` is in seconds: how long the first due row has been waiting."""

    oldest: float
    counts: Mapping[str, int]
    attempts: int


async def lag(session: AsyncSession, channel: str, bot: str, now: datetime) -> Lag:
    """The figures of one door for `/readyz` and `/metrics`; what was sent long ago is not counted."""
    here = (Outbox.channel == channel) & (Outbox.bot == bot)
    counted = select(Outbox.state, func.count()).where(here, Outbox.state.in_(LIVE)).group_by(Outbox.state)
    counts = dict((await session.execute(counted)).all())
    planned = (Outbox.attempts == 0) & (Outbox.not_before > Outbox.created_at)
    since = case((planned, Outbox.not_before), else_=Outbox.created_at)
    due = (Outbox.not_before <= now) | (Outbox.attempts > 0)
    late = select(func.min(since), func.max(Outbox.attempts)).where(here, Outbox.state == "pending", due)
    oldest, attempts = (await session.execute(late)).one()
    waited = 0.0 if oldest is None else max(0.0, (now - oldest).total_seconds())
    return Lag(waited, {state: counts.get(state, 0) for state in LIVE}, attempts or 0)


async def changed(session: AsyncSession, statement: Any) -> int:
    """How many rows an UPDATE or DELETE met."""
    options = {"synchronize_session": False}
    result: CursorResult[Any] = await session.execute(statement, execution_options=options)  # type: ignore[assignment]
    return result.rowcount
