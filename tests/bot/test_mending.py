"""A message that is only to be changed is changed where it stands or left as it is, not posted anew."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from bot.channel import Gone, Unacceptable
from handlers.envelopes import Outgoing
from handlers.outbox import delivery
from models.card import Card
from models.database import Database
from models.outbox import Outbox
from tests.bot.outbound import BOT, CHANNEL, GROUP, NOON, House


@pytest.fixture
async def house(database: Database) -> House:
    house = House(database)
    await house.furnish()
    return house


async def _mended(house: House, card: int) -> None:
    async with house.database.transaction() as session:
        await delivery.mend(session, await session.get_one(Card, card), now=NOON)


async def _quietly(house: House, message: str) -> None:
    async with house.database.transaction() as session:
        told = Outgoing("deleted", replace=message)
        await delivery.post(session, channel=CHANNEL, bot=BOT, chat=GROUP, message=told, now=NOON, quiet=True)


async def _posted(house: House) -> int:
    card = await house.ticket("new")
    await house.sender().drain()
    async with house.database.transaction() as session:
        await session.execute(update(Card).values(shown="as it was"))
    house.line.calls.clear()
    return card


async def test_a_card_is_changed_where_it_stands(house: House) -> None:
    await _mended(house, await _posted(house))
    await house.sender().drain()
    assert [call.edits for call in house.line.calls] == ["1"]


@pytest.mark.parametrize("answer", [Gone("message to edit not found"), Unacceptable("can't be edited")])
async def test_what_cannot_be_changed_is_left_alone_and_nobody_is_told(
    house: House, answer: Gone | Unacceptable
) -> None:
    card = await _posted(house)
    await _mended(house, card)
    house.line.tell(GROUP, answer)
    await house.sender().drain()
    await _quietly(house, "1")
    house.line.tell(GROUP, answer)
    await house.sender().drain()
    assert [call.edits for call in house.line.calls] == ["1", "1"]
    assert house.reported == []
    rows = [row.state for row in await house.rows() if row.payload.get(delivery.QUIET)]
    assert rows == ["expired", "expired"]
    async with house.database.reading() as session:
        assert (await session.get_one(Card, card)).message == "1"


async def test_a_message_becomes_another(house: House) -> None:
    await _posted(house)
    await _quietly(house, "1")
    await house.sender().drain()
    assert [(call.edits, call.text) for call in house.line.calls] == [("1", "deleted")]


async def test_what_has_no_message_to_change_says_nothing(house: House) -> None:
    await _quietly(house, "")
    await house.sender().drain()
    assert house.line.calls == []
    assert {row.state for row in await house.rows() if isinstance(row, Outbox)} == {"joined"}
