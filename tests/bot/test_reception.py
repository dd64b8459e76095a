"""The reception answers once, whatever the channel does with the answer."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.channel import Throttled
from bot.pace import Pace
from bot.reception import Reception
from bot.sender import Sender
from handlers.envelopes import Capabilities, Kind, Outgoing
from handlers.outbox.heritage import THROTTLED, THROTTLED_EVERYWHERE
from handlers.reporting import Reports
from models import Account, Outbox
from models.database import Database
from tests.world import World, world


class Broken:
    """A channel with a mistake in it; `said` is what it was to say."""

    name, bot, capabilities = "test", "bot", Capabilities("test")

    def __init__(self) -> None:
        self.said: list[str] = []

    def split(self, message: Outgoing) -> tuple[Outgoing, ...]:
        return (message,)

    async def send(self, chat: str, message: Outgoing) -> str:
        self.said.append(message.text)
        raise KeyError(chat)

    async def edit(self, chat: str, message_id: str, message: Outgoing) -> None:
        raise KeyError(chat)

    async def fetch(self, source: str) -> bytes:
        raise KeyError(source)


@pytest.fixture
async def w(database: Database) -> World:
    async with world(database) as made:
        return made


async def test_a_channel_that_breaks_does_not_make_the_message_come_again_and_again(w: World) -> None:
    channel, reception = Broken(), Reception(w.desk)
    receipt = await reception.take(channel, w.inbound("李雷", Kind.TEXT, text="菜单"))
    assert [reply.text for reply in receipt.replies] == channel.said
    async with w.database.reading() as session:
        (row,) = (await session.scalars(select(Outbox))).all()
        assert (row.payload["message"]["text"], row.error) == (channel.said[0], "SendError")


async def test_1_a_repeat_of_what_was_queued_is_not_answered_a_second_time(w: World) -> None:
    channel, reception = Broken(), Reception(w.desk)
    await reception.take(channel, w.inbound("李雷", Kind.TEXT, text="菜单"))
    second = w.inbound("李雷", Kind.TEXT, text="我的工单")
    w.now = w.now.replace(hour=w.now.hour + 1)
    assert (await reception.take(channel, second)).queued
    again = await reception.take(channel, second)
    assert (again.repeated, again.queued, len(channel.said)) == (True, True, 1)


async def test_who_blocks_us_after_many_words_is_still_heard(w: World) -> None:
    reception = Reception(w.desk, pace=Pace(1, now=lambda: 0.0))
    for _ in range(3):
        await reception.take(Broken(), w.inbound("李雷", Kind.TEXT, text="菜单"))
    await reception.take(Broken(), w.inbound("李雷", Kind.BLOCKED))
    async with w.database.reading() as session:
        assert not await session.scalar(select(Account.reachable).where(Account.external_id == "李雷"))


@pytest.mark.parametrize(("chat", "why"), [(None, THROTTLED_EVERYWHERE), ("李雷", THROTTLED)])
async def test_16_what_the_vendor_told_the_sender_holds_for_direct_replies(
    w: World, chat: str | None, why: str
) -> None:
    """After a 429 nothing goes past the sender: the reply waits in the outbox for the same moment."""
    channel = Broken()
    sender = Sender(w.database, channel, Reports(w.desk).callbacks(), now=lambda: w.now)
    sender.pause(chat, 30.0)

    def forbidden(_channel: str, _bot: str, to: str) -> Throttled | None:
        return sender.forbidden(to)

    reception = Reception(w.desk, forbidden=forbidden)
    await reception.take(channel, w.inbound("李雷", Kind.TEXT, text="菜单"))
    assert not channel.said
    async with w.database.reading() as session:
        (row,) = (await session.scalars(select(Outbox))).all()
        assert (row.state, row.error, row.not_before) == ("pending", why, w.now + timedelta(seconds=30))
    w.now += timedelta(seconds=31)
    assert sender.forbidden("李雷") is None
