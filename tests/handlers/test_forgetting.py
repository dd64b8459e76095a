"""A year later: what was only needed to be exactly once is gone, the tickets are not."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select

from handlers.envelopes import Kind
from handlers.forgetting import forget
from models import Code, Due, Inbox, Outbox, Ticket, TicketEvent
from models.database import Database
from tests.world import World, world

KEPT = (Ticket, TicketEvent)
GOING = (Inbox, Outbox, Due, Code)


async def rows(w: World, model: type[Inbox | Outbox | Due | Code | Ticket | TicketEvent]) -> int:
    async with w.database.reading() as session:
        return await session.scalar(select(func.count()).select_from(model)) or 0


async def test_receipts_go_and_tickets_stay(database: Database) -> None:
    async with world(database) as w:
        await w.say("李雷", "菜单")
        await w.report("李雷")
        await w.deliver()
        await w.hear(w.inbound("李雷", Kind.TAP, tap="m.chats.link"))
        before = {model: await rows(w, model) for model in (*KEPT, *GOING)}
        assert all(before.values())
        await forget(w.desk)
        assert {model: await rows(w, model) for model in before} == before
        w.now += timedelta(days=365)
        await w.tick()
        sent_now = await rows(w, Outbox) - before[Outbox]
        await forget(w.desk)
        assert await rows(w, Inbox) == 0
        assert await rows(w, Code) == 0
        assert await rows(w, Outbox) == sent_now
        assert all([await rows(w, model) >= before[model] for model in KEPT])
