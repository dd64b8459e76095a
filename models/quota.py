"""How often somebody may still be written to: worked out from what they wrote and what they got."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, case, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.conversation import Conversation, Inbox
from models.outbox import Outbox

TOLD, TAPPED, MENU, OTHER = "m.", "t.", "e.menu.", "e.other."
"""How the keys of a channel with a quota begin: words or a photo, a tap on a line of our text, a tap on the
menu or a scan, and what allows nothing."""
PASSIVE, TEMPLATE = "passive", "template:"
"""Such a message is free: the answer to a delivery, and what begins so, a form of the vendor's."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a person does allows so many messages within so long; the next time begins anew."""

    by: tuple[str, ...]
    most: int
    lasts: timedelta


GRANTS = (
    Grant((TOLD,), 5, timedelta(hours=48)),
    Grant((TAPPED, MENU), 3, timedelta(minutes=1)),
)
"""WeChat docs: 客服消息, 下发限制. How a tapped line counts is not said: we take the less."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """`left` messages may go; `open` says whether the person has done anything lately that allows any."""

    left: int
    open: bool


async def left(session: AsyncSession, channel: str, bot: str, chat: str, now: datetime) -> Allowance:
    """What may still go to a chat. Every message sent counts against every grant that was alive then."""
    granted = [
        (grant, at)
        for grant, at in zip(GRANTS, await _last(session, channel, bot, chat, now), strict=True)
        if at is not None and at > now - grant.lasts
    ]
    if not granted:
        return Allowance(0, open=False)
    sent = await _sent(session, channel, bot, chat, min(at for _, at in granted))
    rest = [grant.most - sum(parts for when, parts in sent if when >= at) for grant, at in granted]
    return Allowance(max(0, *rest), open=True)


async def _last(
    session: AsyncSession, channel: str, bot: str, chat: str, now: datetime
) -> Sequence[datetime | None]:
    """When the person last did what each grant is for."""
    theirs = select(Conversation.id).where(
        Conversation.channel == channel, Conversation.bot == bot, Conversation.chat == chat
    )
    longest = max(grant.lasts for grant in GRANTS)
    query = select(*(func.max(case((_is(grant), Inbox.received_at))) for grant in GRANTS)).where(
        Inbox.conversation_id.in_(theirs), Inbox.received_at > now - longest
    )
    return list((await session.execute(query)).one())


def _is(grant: Grant) -> ColumnElement[bool]:
    return or_(*(Inbox.key.startswith(prefix, autoescape=True) for prefix in grant.by))


async def _sent(
    session: AsyncSession, channel: str, bot: str, chat: str, since: datetime
) -> Sequence[tuple[datetime, int]]:
    """When messages went to a chat, and in how many parts; the part that is just being sent is not one."""
    rows = await session.execute(_went(channel, bot, chat, since))
    return [
        (at, parts)
        for at, state, done in rows
        if (parts := (done or 0) + (1 if state in ("sent", "unknown") else 0))
    ]


def _went(channel: str, bot: str, chat: str, since: datetime) -> Select[datetime, str, int | None]:
    free = or_(Outbox.message == PASSIVE, Outbox.message.startswith(TEMPLATE, autoescape=True))
    return select(Outbox.sent_at, Outbox.state, Outbox.payload["done"].as_integer()).where(
        Outbox.channel == channel,
        Outbox.bot == bot,
        Outbox.chat == chat,
        Outbox.sent_at >= since,
        Outbox.message.is_(None) | ~free,
    )
