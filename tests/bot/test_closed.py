"""Somebody may not be written to until they write: it waits, goes another way, or the card says why not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

import pytest
from sqlalchemy import select, update

from bot.channel import SendError, Shut, Unreachable
from bot.sender import Sender
from handlers import notices
from handlers.cards import sheets
from handlers.desk import Work
from handlers.envelopes import Capabilities, Kind, Outgoing
from handlers.inbound import receive
from handlers.outbox import delivery
from handlers.reporting import Reports
from models import Account, Card, Group, Outbox, Ticket
from models.database import Database
from tests.world import NUMBERS, WORDS, World, world

ONE = replace(WORDS, passive=True, text_limit=600, bytes=True)
ROBOT = Capabilities("robot", buttons=False, cards=True, edits=False, links=True)


@dataclass(slots=True)
class Phone:
    """A channel that takes everything, or what it was told to answer, chat by chat."""

    name: str
    capabilities: Capabilities
    bot: str = "bot"
    answers: dict[str, list[SendError]] = field(default_factory=dict)
    said: list[tuple[str, Outgoing]] = field(default_factory=list)

    def split(self, message: Outgoing) -> tuple[Outgoing, ...]:
        half = len(message.text) > self.capabilities.text_limit // 3
        return (message, message) if half else (message,)

    async def send(self, chat: str, message: Outgoing) -> str:
        if self.answers.get(chat):
            raise self.answers[chat].pop(0)
        self.said.append((chat, message))
        return str(len(self.said))

    async def edit(self, chat: str, message_id: str, message: Outgoing) -> None:
        raise AssertionError("nothing can be edited here")

    async def fetch(self, source: str) -> bytes:
        return b""

    def words(self, chat: str) -> list[str]:
        return [message.text for where, message in self.said if where == chat]


@dataclass(slots=True)
class Lines:
    """A world whose outbox is drained by real senders."""

    w: World
    words: Phone
    test: Phone

    async def drain(self) -> None:
        for phone in (self.words, self.test, self.words):
            callbacks = Reports(self.w.desk).callbacks()
            await Sender(self.w.database, phone, callbacks, now=lambda: self.w.now, holder="one").drain()

    async def tell(
        self, text: str, ticket: int | None = None, chat: str = "李雷", *, notice: str = ""
    ) -> None:
        async with self.w.database.transaction() as session:
            account = (await session.scalars(select(Account).filter_by(channel="words", chat=chat))).one()
            await delivery.post(
                session,
                channel="words",
                bot="bot",
                chat=chat,
                message=Outgoing(text, ticket=ticket, notice=notice),
                now=self.w.now,
                ticket=ticket,
                account=account.id,
            )

    async def states(self) -> list[str]:
        async with self.w.database.reading() as session:
            rows = select(Outbox.state).where(Outbox.channel == "words").order_by(Outbox.id)
            return list(await session.scalars(rows))

    async def card(self, number: int) -> str:
        async with self.w.database.reading() as session:
            return str((await session.get_one(Ticket, number)).details.get("unreachable", ""))


@pytest.fixture
async def lines(database: Database) -> AsyncIterator[Lines]:
    async with world(database, can=NUMBERS, words=ONE) as w:
        yield Lines(w, Phone("words", ONE), Phone("test", NUMBERS))


@pytest.mark.parametrize("why", ["window", "quota", "muted"])
async def test_it_waits_and_the_card_says_why(lines: Lines, why: str) -> None:
    number = await lines.w.report("李雷")
    lines.words.answers["李雷"] = [Shut(why)]
    await lines.tell("王师傅已出发", number)
    await lines.drain()
    assert await lines.states() == ["held"]
    assert await lines.card(number) == why
    assert lines.words.said == []


async def test_of_a_tickets_news_only_the_newest_waits(lines: Lines) -> None:
    number, other = await lines.w.report("李雷"), await lines.w.report("李雷")
    lines.words.answers["李雷"] = [Shut("window")] * 3
    for text, ticket in (("已接单", number), ("另一张", other), ("已出发", number)):
        await lines.tell(text, ticket, notice="repair.told.accept")
        await lines.drain()
    assert await lines.states() == ["joined", "held", "held"]


async def test_who_writes_while_it_is_refused_is_told_at_once(lines: Lines) -> None:
    number = await lines.w.report("李雷")

    class Slow(Phone):
        async def send(self, chat: str, message: Outgoing) -> str:
            if self.answers.get(chat):
                await receive(lines.w.desk, lines.w.inbound(chat, Kind.TEXT, text="菜单"))
            return await Phone.send(self, chat, message)

    lines.words = Slow("words", ONE, answers={"李雷": [Shut("window")]})
    await lines.tell("已出发", number, notice="repair.told.depart")
    await lines.drain()
    assert lines.words.words("李雷") == ["已出发"]
    assert await lines.states() == ["sent"]
    assert await lines.card(number) == ""


async def test_an_answer_that_waits_is_not_replaced_by_its_tickets_news(lines: Lines) -> None:
    number = await lines.w.report("李雷")
    lines.words.answers["李雷"] = [Shut("quota")] * 2
    await lines.tell("费用明细，第二部分", number)
    await lines.drain()
    await lines.tell("已出发", number, notice="repair.told.depart")
    await lines.drain()
    assert await lines.states() == ["held", "held"]
    (told,) = (await lines.w.say("李雷", "菜单")).replies
    assert told.text.startswith("费用明细，第二部分\n\n已出发")


async def test_20_another_chat_of_theirs_is_tried_first(lines: Lines) -> None:
    number = await lines.w.report("李雷")
    await lines.w.say("李雷二号", "你好")
    async with lines.w.database.transaction() as session:
        second = (await session.scalars(select(Account).filter_by(external_id="李雷二号"))).one()
        second.resident_id, second.channel = lines.w.people["李雷"], "test"
    lines.words.answers["李雷"] = [Shut("window")]
    await lines.tell("王师傅已出发", number)
    await lines.drain()
    assert lines.test.words("李雷二号") == ["王师傅已出发"]
    assert await lines.states() == ["joined"]
    assert await lines.card(number) == ""


async def test_two_closed_chats_do_not_pass_it_to_and_fro(lines: Lines) -> None:
    number = await lines.w.report("李雷")
    await lines.w.say("李雷二号", "你好")
    async with lines.w.database.transaction() as session:
        second = (await session.scalars(select(Account).filter_by(external_id="李雷二号"))).one()
        second.resident_id = lines.w.people["李雷"]
    for chat, shut in (("李雷", Shut("window")), ("李雷二号", Unreachable(why="unfollowed"))):
        lines.words.answers[chat] = [shut] * 5
    await lines.tell("王师傅已出发", number)
    await lines.drain()
    assert sum(len(left) for left in lines.words.answers.values()) == 8
    assert await lines.card(number) == "unfollowed"


async def test_what_waits_for_one_person_leaves_as_one_message(lines: Lines) -> None:
    for text in ("一", "二", "三"):
        await lines.tell(text)
    await lines.tell("长" * 300)
    await lines.drain()
    assert lines.words.words("李雷")[0] == "一\n\n二\n\n三"
    assert await lines.states() == ["sent", "joined", "joined", "sent"]


@pytest.mark.parametrize("notice_first", [True, False])
async def test_a_notice_is_joined_with_no_other_words(lines: Lines, notice_first: bool) -> None:
    """Where only its form may be sent, the form says nothing of them; and alone they would have none."""
    number = await lines.w.report("李雷")
    told = [("已接单", number, "repair.told.accept"), ("已关联另一个聊天", None, "")]
    for text, ticket, notice in told if notice_first else reversed(told):
        await lines.tell(text, ticket, notice=notice)
    await lines.drain()
    assert {message.text: message.notice for _, message in lines.words.said} == {
        "已接单": "repair.told.accept",
        "已关联另一个聊天": "",
    }


async def test_joined_messages_share_the_fate_of_the_first(lines: Lines) -> None:
    lines.words.answers["李雷"] = [Shut("quota")]
    for text in ("一", "二"):
        await lines.tell(text)
    await lines.drain()
    assert await lines.states() == ["held", "joined"]
    (told,) = (await lines.w.say("李雷", "菜单")).replies
    assert told.text.startswith("一\n\n二")
    assert await lines.states() == ["sent", "joined"]


async def test_pushed_buttons_are_numbered_and_their_numbers_are_understood(lines: Lines) -> None:
    number = await lines.w.report("李雷")
    async with lines.w.database.transaction() as session:
        shown = await sheets.of(session, await session.get_one(Ticket, number))
        await notices.resident(
            Work(lines.w.desk, session, lines.w.now), shown, "repair.told.accept", (("tickets.open", "show"),)
        )
    await lines.drain()
    assert lines.words.words("李雷")[-1].endswith("1. 查看工单")
    (told,) = (await lines.w.say("李雷", "1")).replies
    assert "进度" in told.text


async def test_a_group_that_cannot_be_edited_reads_the_news_below_and_has_a_way_to_the_page(
    database: Database,
) -> None:
    async with world(database, can=NUMBERS) as w:
        desk = replace(
            w.desk, channels={**w.desk.channels, "robot": ROBOT}, address="https://d.example", key="k"
        )
        number = await w.report("李雷")
        async with database.transaction() as session:
            for model in (Group, Card):
                await session.execute(update(model).values(channel="robot"))
            await session.execute(update(Card).values(message=None))
            await session.execute(update(Outbox).values(channel="robot", state="pending", sent_at=None))
        phone = Phone("robot", ROBOT)
        sender = Sender(database, phone, Reports(desk).callbacks(), now=lambda: w.now, holder="one")
        await sender.drain()
        await receive(desk, w.inbound("王师傅", Kind.TAP, tap=f"t.{number}.accept"))
        await sender.drain()
    first, second = (message for _, message in phone.said)
    assert "情况" in first.text
    assert "情况" not in second.text
    assert "已接单" in second.title
    for message in (first, second):
        links = [button.url for row in message.buttons for button in row if button.url]
        assert [link.startswith("https://d.example/staff/t/") for link in links] == [True]
