"""A year later: what was only needed to be exactly once is gone, the tickets are not."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from handlers import forgetting
from handlers.envelopes import Kind
from handlers.forgetting import forget
from models import (
    Account,
    Attachment,
    Code,
    Conversation,
    DeadLetter,
    Due,
    GatePass,
    GateScan,
    Inbox,
    Outbox,
    Ticket,
    TicketEvent,
    WebMessage,
)
from models.base import Base
from models.database import Database
from tests.world import World, world

KEPT = (Ticket, TicketEvent)
GOING = (Inbox, Outbox, Due, Code)


async def rows(w: World, model: type[Base]) -> int:
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


async def days(w: World, count: int) -> None:
    """So many days later somebody looks what can go."""
    w.now += timedelta(days=count)
    await forget(w.desk)


@pytest.mark.parametrize("state", ["sent", "joined", "expired", "failed", "unknown"])
async def test_messages_go_however_they_ended(database: Database, state: str) -> None:
    async with world(database) as w:
        await w.report("李雷")
        async with database.transaction() as session:
            await session.execute(update(Outbox).values(state=state))
        await days(w, 29)
        assert await rows(w, Outbox) > 0
        await days(w, 2)
        assert await rows(w, Outbox) == 0


async def test_what_waits_to_be_sent_waits_on(database: Database) -> None:
    async with world(database) as w:
        await w.report("李雷")
        async with database.transaction() as session:
            await session.execute(update(Outbox).values(state="pending"))
        before = await rows(w, Outbox)
        await days(w, 365)
        assert await rows(w, Outbox) == before


async def test_the_page_shows_three_months(database: Database) -> None:
    async with world(database) as w:
        async with database.transaction() as session:
            session.add(WebMessage(chat="resident:1", sender="me", body={}, changed=1, at=w.now))
        await days(w, 89)
        assert await rows(w, WebMessage) == 1
        await days(w, 2)
        assert await rows(w, WebMessage) == 0


async def test_of_a_dead_letter_the_words_go_first(database: Database) -> None:
    async with world(database) as w:
        place = {"channel": "test", "bot": "bot", "error": "ValueError()", "first_at": w.now}
        payload = {"account": "李雷", "text": "救命", "kind": "text"}
        async with database.transaction() as session:
            session.add(DeadLetter(**place, key="dead", payload=payload, dead_at=w.now))
            session.add(DeadLetter(**place, key="mended", payload=payload))
        await days(w, 13)
        assert await rows(w, DeadLetter) == 2
        await days(w, 2)
        async with database.reading() as session:
            assert (await session.scalars(select(DeadLetter))).one().payload == payload
        await days(w, 16)
        async with database.reading() as session:
            left = (await session.scalars(select(DeadLetter))).one()
        assert (left.key, left.payload, left.error) == ("dead", {}, "ValueError()")
        await days(w, 60)
        assert await rows(w, DeadLetter) == 0


async def test_photos_that_went_nowhere_are_to_be_deleted(database: Database) -> None:
    async with world(database) as w:
        ticket = await w.report("李雷")
        await w.say("韩梅", "报修：门锁坏了")
        await w.photo("韩梅", "门锁")
        async with database.transaction() as session:
            account = await session.scalar(select(Account.id).filter_by(external_id="李雷"))
            filed = await _photo(session, w, ticket_id=ticket)
            shown, read = await _photo(session, w), await _photo(session, w)
            await _photo(session, w, account_id=account, caption="没发出去")
            session.add(_pass(w, ticket, shown))
            session.add(
                GateScan(attachment_id=read, account_id=account, channel="t", bot="b", chat="c", at=w.now)
            )
        await days(w, 6)
        await w.say("韩梅", "我再想想")
        w.now += timedelta(days=9)
        async with database.transaction() as session:
            await session.execute(update(GateScan).values(at=w.now))
        await forget(w.desk)
        async with database.reading() as session:
            states = {
                one.id: one.state
                for one in await session.scalars(select(Attachment))
                if one.state == "erase" or one.id in (filed, shown, read)
            }
            captions = set(await session.scalars(select(Attachment.caption).filter_by(state="erase")))
        assert list(states.values()).count("erase") == 1
        assert {states[one] for one in (filed, shown, read)} == {"wanted"}
        assert captions == {""}
        await days(w, 15)
        async with database.reading() as session:
            assert await session.scalar(select(func.count()).where(Attachment.state == "erase")) == 3
            assert (await session.get_one(Attachment, filed)).state == "wanted"


async def _photo(session: AsyncSession, w: World, **more: object) -> int:
    photo = Attachment(channel="t", bot="b", source="s", next_at=w.now, created_at=w.now, **more)
    session.add(photo)
    await session.flush()
    return photo.id


def _pass(w: World, ticket: int, picture: int, **more: object) -> GatePass:
    until = w.now + timedelta(days=1)
    code = f"C{len(more)}{picture}"
    return GatePass(
        community_id=1,
        ticket_id=ticket,
        kind="release",
        code=code,
        since=w.now,
        until=until,
        picture_id=picture,
        created_at=w.now,
        **more,
    )


async def test_passes_go_three_months_after_they_ended(database: Database) -> None:
    async with world(database) as w:
        ticket = await w.report("李雷")
        async with database.transaction() as session:
            pictures = [await _photo(session, w) for _ in range(2)]
            session.add(_pass(w, ticket, pictures[0]))
            session.add(_pass(w, ticket, pictures[1], ended_at=w.now + timedelta(days=30)))
        await days(w, 90)
        assert await rows(w, GatePass) == 2
        await days(w, 2)
        assert await rows(w, GatePass) == 1
        await days(w, 30)
        assert await rows(w, GatePass) == 0
        await forget(w.desk)
        async with database.reading() as session:
            assert set(await session.scalars(select(Attachment.state))) == {"erase"}, "with its picture"


async def test_much_goes_in_several_transactions(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forgetting, "AT_ONCE", 3)
    async with world(database) as w:
        for number in range(8):
            await w.say("李雷", f"第{number}句")
        async with database.transaction() as session:
            session.add_all(
                Attachment(channel="t", bot="b", source="s", next_at=w.now, created_at=w.now)
                for _ in range(7)
            )
            await session.execute(update(Conversation).values(draft=None))
        transactions = 0
        begin = Database.transaction

        def counting(self: Database) -> AbstractAsyncContextManager[AsyncSession]:
            nonlocal transactions
            transactions += 1
            return begin(self)

        monkeypatch.setattr(Database, "transaction", counting)
        await days(w, 365)
        assert await rows(w, Inbox) == 0
        assert transactions > 15, "one for each kind of row would be 13"
        async with database.reading() as session:
            assert await session.scalar(select(func.count()).where(Attachment.state == "erase")) == 7
