"""What has done its duty is forgotten: receipts, messages that were sent, photos that went nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, or_, select, update

from handlers import arrival
from handlers.desk import Desk, Work
from handlers.outbox.delivery import changed
from handlers.people.linking import LINK
from models.attachment import ERASE, Attachment
from models.base import Base
from models.code import Code
from models.conversation import Conversation, DeadLetter, Inbox
from models.database import Database
from models.due import Due
from models.gatepass import GatePass, GateScan
from models.outbox import Outbox
from models.tally import Tally
from models.web import WebMessage

RECEIPTS_KEPT = timedelta(days=14)
"""No channel delivers a message again after so long (Telegram: 24 hours)."""
SENT_KEPT = timedelta(days=30)
"""Long enough to answer somebody who asks what became of a message."""
DONE_KEPT = timedelta(days=30)
DEAD_KEPT = timedelta(days=90)
"""Time enough to see how often something could not be handled, and why."""
WORDS_KEPT = timedelta(days=30)
"""Time enough to look into a message that could not be handled; then its words are nobody's business."""
PAGE_KEPT = timedelta(days=90)
"""As far back as somebody scrolls on the page; what became a ticket stands on its timeline."""
UNSENT_KEPT = timedelta(days=14)
"""Who has not gone on with a draft for so long sends its photos anew."""
PASSES_KEPT = timedelta(days=90)
"""Somebody may still ask who came in, or what left the house."""
SCANS_KEPT = timedelta(days=7)

OVER = ("sent", "joined", "expired", "failed", "unknown")
AT_ONCE = 500
"""So many rows go in one transaction, so that nobody who writes meanwhile waits for long."""


async def forget(desk: Desk) -> None:
    """Drop what is older than it need be; tickets and their timelines stay."""
    now = desk.now()
    await _give_up(desk)
    for model, old in _old(now):
        while await _dropped(desk.database, model, old) == AT_ONCE:
            pass
    while await _changed(desk.database, DeadLetter, _wordy(now), payload={}) == AT_ONCE:
        pass
    while await _changed(desk.database, Attachment, _unsent(now), state=ERASE, caption="") == AT_ONCE:
        pass


def _old(now: datetime) -> Iterator[tuple[type[Base], ColumnElement[bool]]]:
    yield Inbox, Inbox.received_at < now - RECEIPTS_KEPT
    yield Outbox, and_(Outbox.state.in_(OVER), Outbox.created_at < now - SENT_KEPT)
    yield Outbox, and_(Outbox.state == "held", Outbox.expires_at < now)
    yield Code, and_(Code.role == LINK, Code.expires_at < now - DONE_KEPT)
    yield Due, Due.done_at < now - DONE_KEPT
    yield DeadLetter, DeadLetter.dead_at < now - DEAD_KEPT
    yield DeadLetter, and_(DeadLetter.dead_at.is_(None), DeadLetter.first_at < now - RECEIPTS_KEPT)
    yield Tally, Tally.until < now
    yield WebMessage, WebMessage.at < now - PAGE_KEPT
    yield GateScan, GateScan.at < now - SCANS_KEPT
    yield GatePass, and_(_over(now - PASSES_KEPT), GatePass.until < now - PASSES_KEPT)


def _over(long_ago: datetime) -> ColumnElement[bool]:
    """Passes that were taken back, used, or out of date so long ago."""
    ended = or_(GatePass.ended_at.is_(None), GatePass.ended_at < long_ago)
    return and_(ended, or_(GatePass.used_at.is_(None), GatePass.used_at < long_ago))


def _wordy(now: datetime) -> ColumnElement[bool]:
    """Messages that could not be handled, whose words are still there."""
    wordless = DeadLetter.payload["kind"].is_(None)
    return and_(DeadLetter.dead_at < now - WORDS_KEPT, ~wordless)


def _unsent(now: datetime) -> ColumnElement[bool]:
    """Photos that belong to no ticket, and to no draft that somebody still goes on with."""
    long_ago = now - UNSENT_KEPT
    drafts = select(Conversation.id).where(
        Conversation.account_id == Attachment.account_id,
        Conversation.draft.is_not(None),
        Conversation.touched_at >= long_ago,
    )
    read = select(GateScan.id).where(GateScan.attachment_id == Attachment.id)
    shown = select(GatePass.id).where(GatePass.picture_id == Attachment.id)
    return and_(
        Attachment.ticket_id.is_(None),
        Attachment.state != ERASE,
        Attachment.created_at < long_ago,
        ~or_(drafts.exists(), read.exists(), shown.exists()),
    )


async def _dropped(database: Database, model: Any, old: ColumnElement[bool]) -> int:
    """Delete the next few rows; how many they were."""
    key = model.__mapper__.primary_key[0]
    some = select(key).where(old).order_by(key).limit(AT_ONCE)
    return await _done(database, delete(model).where(key.in_(some)))


async def _changed(database: Database, model: Any, old: ColumnElement[bool], **values: Any) -> int:
    """Change the next few rows; how many they were."""
    some = select(model.id).where(old).order_by(model.id).limit(AT_ONCE)
    return await _done(database, update(model).where(model.id.in_(some)).values(**values))


async def _done(database: Database, statement: Any) -> int:
    async with database.transaction() as session:
        return await changed(session, statement)


async def _give_up(desk: Desk) -> None:
    """Words that waited too long for their reader to write have failed, and colleagues hear of it."""
    async with desk.database.transaction() as session:
        work = Work(desk, session, desk.now())
        late = select(Outbox).where(Outbox.state == "held", Outbox.expires_at < work.now)
        carrying = late.where(Outbox.event_id.is_not(None)).with_for_update(skip_locked=True)
        for row in (await session.scalars(carrying)).all():
            row.state = "expired"
            await arrival.settled(work, row)
