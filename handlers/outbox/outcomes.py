"""What became of a message that left: taken, to be tried again, or not to be delivered; each is recorded."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from handlers.envelopes import Outgoing
from models.card import Card
from models.group import Group
from models.outbox import Outbox, events_of

log: structlog.stdlib.BoundLogger = structlog.get_logger()

HELD_FOR = timedelta(days=14)
"""After so long what was to be told to somebody is no news any more."""
SECOND_LOOK = timedelta(seconds=2)
"""How long after an answer that never came a group's card is posted once more."""


HEARD = "heard meanwhile"
"""Noted with a row that is under way when its person writes: a refusal for their silence is out of date."""


@dataclass(frozen=True, slots=True)
class Taken:
    """The channel has it, as `message`; `shown` is what a card shows now, `more` that parts are left."""

    message: str
    shown: str = ""
    edited: bool = False
    more: bool = False


@dataclass(frozen=True, slots=True)
class Later:
    """Not this time; `why` goes with the row."""

    until: datetime
    why: str


@dataclass(frozen=True, slots=True)
class Unsure:
    """It may have arrived."""

    why: str


@dataclass(frozen=True, slots=True)
class Blocked:
    """Nobody can be reached there; `why` is a key of `unreachable.*`."""

    why: str = "blocked"


@dataclass(frozen=True, slots=True)
class Closed:
    """The person may not be written to until they write; `why` is a key of `unreachable.*`."""

    why: str


@dataclass(frozen=True, slots=True)
class MovedTo:
    """The chat has the address `chat` now."""

    chat: str


@dataclass(frozen=True, slots=True)
class Missing:
    """The message to be changed is no longer there."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The channel will never take it."""

    why: str


Outcome: TypeAlias = Taken | Later | Unsure | Blocked | Closed | MovedTo | Missing | Refused


@dataclass(frozen=True, slots=True)
class Result:
    """What became of an outbox row, and when the answer came."""

    row: int
    at: datetime
    outcome: Outcome


async def _nothing(session: AsyncSession, subject: Outbox | Group) -> None:
    """Nobody needs to hear of it."""


async def _as_it_is(session: AsyncSession, row: Outbox, card: Card | None, message: Outgoing) -> Outgoing:
    """Every channel shows every message."""
    return message


async def _no_other_way(session: AsyncSession, row: Outbox) -> bool:
    """Whether the message goes to the person's other account instead."""
    return False


Told: TypeAlias = Callable[[AsyncSession, Outbox], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Callbacks:
    """What delivery asks the rest of the house, and what it reports, each within its own transaction.

    `on_carried` hears of every turn in the way of a row that carries words of a ticket's timeline.
    """

    render: Callable[[AsyncSession, Card], Awaitable[Outgoing | None]]
    digest: Callable[[AsyncSession, Sequence[Card]], Awaitable[Outgoing]]
    on_unreachable: Told = _nothing
    on_failed: Told = _nothing
    on_unknown: Told = _nothing
    on_group_lost: Callable[[AsyncSession, Group], Awaitable[None]] = _nothing
    on_carried: Told = _nothing
    on_closed: Callable[[AsyncSession, Outbox], Awaitable[bool]] = _no_other_way
    fit: Callable[[AsyncSession, Outbox, Card | None, Outgoing], Awaitable[Outgoing]] = _as_it_is


async def carried(session: AsyncSession, callbacks: Callbacks, row: Outbox) -> None:
    """Report what has just become of a row, if it carries somebody's words."""
    if events_of(row):
        await tell(session, callbacks.on_carried, row)


async def tell(
    session: AsyncSession, callback: Callable[[AsyncSession, Any], Awaitable[None]], subject: Any
) -> None:
    """Report; whatever goes wrong with the report, the outcome itself is recorded."""
    name = getattr(callback, "__name__", "callback")
    try:
        async with session.begin_nested():
            await callback(session, subject)
    except Exception:
        log.exception("delivery_report_failed", report=name)
        await session.refresh(subject)
