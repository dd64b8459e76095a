"""What has done its duty is forgotten: receipts, messages that were sent, things that were due."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete

from handlers.desk import Desk
from handlers.people.linking import LINK
from models.code import Code
from models.conversation import DeadLetter, Inbox
from models.due import Due
from models.outbox import Outbox
from models.tally import Tally

RECEIPTS_KEPT = timedelta(days=14)
"""No channel delivers a message again after so long (Telegram: 24 hours)."""
SENT_KEPT = timedelta(days=30)
DONE_KEPT = timedelta(days=30)
DEAD_KEPT = timedelta(days=90)
"""Time enough for somebody to look into a message that could not be handled."""

OVER = ("sent", "joined", "expired")


async def forget(desk: Desk) -> None:
    """Drop what is older than it need be; tickets and their timelines stay."""
    now = desk.now()
    for statement in (
        delete(Inbox).where(Inbox.received_at < now - RECEIPTS_KEPT),
        delete(Outbox).where(Outbox.state.in_(OVER), Outbox.created_at < now - SENT_KEPT),
        delete(Outbox).where(Outbox.state == "held", Outbox.expires_at < now),
        delete(Code).where(Code.role == LINK, Code.expires_at < now - DONE_KEPT),
        delete(Due).where(Due.done_at < now - DONE_KEPT),
        delete(DeadLetter).where(DeadLetter.dead_at < now - DEAD_KEPT),
        delete(Tally).where(Tally.until < now),
    ):
        async with desk.database.transaction() as session:
            await session.execute(statement.execution_options(synchronize_session=False))
