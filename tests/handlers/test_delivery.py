"""What is put into the outbox: coalesced, counted, moved, and found again without reading what was sent."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import insert, select, text

from bot.budget import UNLIMITED, Budget
from handlers.envelopes import Outgoing
from handlers.outbox import delivery, dispatch, turns
from handlers.outbox.door import Door
from handlers.outbox.joining import _kept
from handlers.outbox.moving import move
from models.account import Account
from models.card import Card
from models.conversation import Conversation
from models.database import Database
from models.group import Group
from models.outbox import Outbox
from tests.bot.outbound import BOT, CHANNEL, GROUP, LI, NOON, WANG, House, reword


@pytest.fixture
async def house(database: Database) -> House:
    house = House(database)
    await house.furnish()
    return house


async def test_a_chat_waits_while_something_is_on_its_way(house: House) -> None:
    async def waits(chat: str) -> bool:
        async with house.database.reading() as session:
            return await delivery.waiting(session, CHANNEL, BOT, chat, NOON)

    assert not await waits(WANG)
    await house.write(WANG, "tomorrow", not_before=NOON + timedelta(days=1))
    assert not await waits(WANG)
    await house.write(WANG, "now")
    assert await waits(WANG)
    assert not await waits(LI)
    await house.sender().drain()
    assert not await waits(WANG)


async def test_posting_and_changing_in_one_transaction_makes_one_row(house: House) -> None:
    card = await house.ticket("new")
    async with house.database.transaction() as session:
        await reword(session, card, "accepted", NOON)
        await reword(session, card, "on the way", NOON, lane=0)
    rows = await house.rows(card_id=card)
    assert [(row.state, row.lane) for row in rows] == [("pending", 0)]


async def test_what_is_rolled_back_is_not_sent(house: House) -> None:
    async def broken() -> None:
        async with house.database.transaction() as session:
            await delivery.post(
                session, channel=CHANNEL, bot=BOT, chat=WANG, message=Outgoing("one"), now=NOON
            )
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await broken()
    assert await house.rows() == []


async def test_37_the_lag_is_that_of_the_oldest_due_row(house: House) -> None:
    await house.write(WANG, "later", not_before=NOON + timedelta(hours=10))
    async with house.database.reading() as session:
        assert (await delivery.lag(session, CHANNEL, BOT, NOON)).oldest == 0
    await house.write(LI, "now")
    async with house.database.reading() as session:
        lag = await delivery.lag(session, CHANNEL, BOT, NOON + timedelta(seconds=90))
        evening = await delivery.lag(session, CHANNEL, BOT, NOON + timedelta(hours=10, seconds=5))
        other = await delivery.lag(session, CHANNEL, "another bot", NOON + timedelta(hours=11))
    assert (lag.oldest, lag.counts["pending"], lag.counts["unknown"]) == (90, 2, 0)
    assert evening.oldest == 36005
    assert (other.oldest, other.counts["pending"]) == (0, 0)


async def test_22_an_address_is_rewritten_everywhere_and_merges_with_what_is_there(house: House) -> None:
    card = await house.ticket("new")
    async with house.database.transaction() as session:
        wang, li = await session.scalars(select(Account.id).order_by(Account.chat))
        place = {"channel": CHANNEL, "bot": BOT}
        session.add(Group(id=2, community_id=1, purpose="repair", **place, chat="-100500"))
        session.add(Group(id=3, community_id=1, purpose="care", **place, chat=GROUP))
        for chat, account in ((GROUP, wang), (GROUP, li), ("-100500", li)):
            session.add(Conversation(**place, chat=chat, account_id=account, touched_at=NOON))
    for _ in range(2):
        async with house.database.transaction() as session:
            await move(session, CHANNEL, BOT, GROUP, "-100500")
    async with house.database.reading() as session:
        groups = (await session.execute(select(Group.id, Group.chat).order_by(Group.id))).all()
        assert [tuple(group) for group in groups] == [(2, "-100500"), (3, "-100500")]
        moved = await session.get_one(Card, card)
        assert (moved.chat, moved.group_id) == ("-100500", 2)
        talks = (await session.execute(select(Conversation.account_id, Conversation.chat))).all()
        assert sorted(map(tuple, talks)) == sorted([(wang, "-100500"), (li, GROUP), (li, "-100500")])
    assert [row.chat for row in await house.rows()] == ["-100500"]


async def test_what_leaves_next_is_found_by_index_however_much_was_sent(house: House) -> None:
    sent = {
        "channel": CHANNEL,
        "bot": BOT,
        "chat": WANG,
        "lane": 1,
        "kind": "message",
        "payload": {},
        "state": "sent",
        "attempts": 0,
        "not_before": NOON,
        "created_at": NOON,
        "sent_at": NOON - timedelta(days=1),
    }
    async with house.database.transaction() as session:
        await session.execute(insert(Outbox), [sent] * 5000)
    await house.write(LI, "one")
    async with house.database.transaction() as session:
        await session.execute(text("ANALYZE outbox"))
    door = Door(CHANNEL, BOT, lambda message: (message,))
    query = turns.waiting(door, {GROUP, WANG}, NOON).limit(200)
    plan = await explained(house.database, query)
    assert "ix_outbox_waiting" in plan or "ix_outbox_channel_bot_chat_state" in plan, plan
    assert "Seq Scan" not in plan
    assert "SCAN outbox" not in plan
    budget = Budget(UNLIMITED, house.clock)
    async with house.database.transaction() as session:
        claim = await dispatch.claim(session, door, budget, house.callbacks(), now=NOON, most=20)
    assert [letter.message.text for letter in claim.letters] == ["one"]


async def explained(database: Database, query: object) -> str:
    """How the database goes about it."""
    compiled = query.compile(database.engine.sync_engine, compile_kwargs={"literal_binds": True})  # type: ignore[attr-defined]
    how = "EXPLAIN QUERY PLAN" if database.sqlite else "EXPLAIN"
    async with database.reading() as session:
        rows = await session.execute(text(f"{how} {compiled}".replace(":", r"\:")))
        return "\n".join(str(tuple(row)) for row in rows)


@pytest.mark.parametrize(
    ("new", "room", "free", "kept"), [(60, 18, 0, 16), (21, 18, 0, 17), (19, 18, 30, 18), (400, 5, 0, 1)]
)
def test_each_list_takes_the_place_of_a_card(new: int, room: int, free: int, kept: int) -> None:
    assert _kept(new, room, free) == kept
