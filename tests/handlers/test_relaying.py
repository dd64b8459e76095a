"""Words carried between a resident and the colleagues: whatever becomes of them is noted, shown and told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from handlers import forgetting
from handlers.envelopes import Inbound, Kind, Media, Outgoing
from handlers.inbound import receive
from handlers.outbox.joining import merged
from handlers.outbox.outcomes import Blocked, Closed, Later, Outcome, Refused, Result, Taken, Unsure
from handlers.outbox.settling import settle
from handlers.reporting import Reports
from models import Account, Attachment, Outbox, Ticket
from models.database import Database
from models.ticket import TicketEvent
from tests.world import MONDAY, NUMBERS, World, world

QUESTION = "车位费多少钱一个月？"
ANSWER = "每月三百元"


@pytest.fixture
async def w(database: Database) -> AsyncIterator[World]:
    """李雷 has asked 王芳 something, and the care group has the card."""
    async with world(database) as made:
        await talking(made)
        yield made


async def talking(w: World) -> None:
    await w.assistant("王芳")
    await w.say("管理员", "/bind care", "care")
    await w.say("李雷", "找客户助理")
    await w.say("李雷", QUESTION)
    assert QUESTION in w.words("care")


def reply(w: World, text: str = ANSWER, who: str = "王芳") -> Inbound:
    """A colleague's reply to the card."""
    return w.inbound(who, Kind.TEXT, "care", text=text, reply_to=card(w))


def card(w: World) -> str:
    return next(post.id for post in w.chats["care"] if QUESTION in post.message.text)


async def answered(w: World, text: str = ANSWER) -> Inbound:
    """A colleague has answered, and nothing has left yet."""
    said = reply(w, text)
    await receive(w.desk, said)
    w.sent.append(said)
    return said


async def carriers(w: World, *states: str, chat: str = "李雷") -> Sequence[Outbox]:
    async with w.database.reading() as session:
        query = select(Outbox).where(Outbox.event_id.is_not(None), Outbox.chat == chat)
        found = await session.scalars(
            query.where(Outbox.state.in_(states or ("pending",))).order_by(Outbox.id)
        )
        return found.all()


async def came(w: World, outcome: Outcome, chat: str = "李雷") -> None:
    """What the sender learns of the oldest words that are on their way."""
    (row, *_) = await carriers(w, "pending", "unknown", chat=chat)
    async with w.database.transaction() as session:
        await session.execute(update(Outbox).where(Outbox.id == row.id).values(state="sending"))
        await settle(session, Reports(w.desk).callbacks(), [Result(row.id, w.now, outcome)])


async def redrawn(w: World) -> str:
    """The card, brought up to date, and what was posted below it; nothing else leaves."""
    async with w.database.transaction() as session:
        away = update(Outbox).where(Outbox.chat != "care", Outbox.state == "pending")
        await session.execute(away.values(not_before=w.now + timedelta(hours=1)))
    await w.deliver()
    return w.words("care")


async def event(w: World, action: str = "answer") -> TicketEvent:
    async with w.database.reading() as session:
        query = select(TicketEvent).where(TicketEvent.action == action).order_by(TicketEvent.id.desc())
        return (await session.scalars(query)).first()  # type: ignore[return-value]


MARKS: list[tuple[Outcome, str, str]] = [
    (Taken("m1"), "delivered", "✓"),
    (Taken("m1", more=True), "waiting", "…"),
    (Later(MONDAY + timedelta(minutes=1), "busy"), "waiting", "…"),
    (Closed("window"), "held", "还没送到，住户有些时候没来消息"),
    (Unsure("no answer"), "unknown", "不确定是否送到"),
    (Refused("Bad Request"), "failed", "没送到，对方的聊天软件没有收下"),
    (Blocked(), "failed", "没送到，住户屏蔽了我们的消息"),
]


@pytest.mark.parametrize(("outcome", "state", "mark"), MARKS, ids=lambda one: type(one).__name__)
async def test_the_card_says_how_far_the_words_have_come(
    w: World, outcome: Outcome, state: str, mark: str
) -> None:
    await answered(w)
    assert (await event(w)).data["delivery"]["state"] == "waiting"
    await came(w, outcome)
    assert (await event(w)).data["delivery"]["state"] == state
    words = await redrawn(w)
    line = next(line for line in words.splitlines() if ANSWER in line and "王芳" in line)
    assert mark in line
    assert ("没有送到" in words) == (state == "failed")
    assert ("可能没送到" in words) == (state == "unknown")


async def test_several_parts_have_arrived_when_the_last_one_has(w: World) -> None:
    await answered(w)
    await came(w, Taken("m1", more=True))
    assert (await event(w)).data["delivery"]["state"] == "waiting"
    await came(w, Taken("m2"))
    assert (await event(w)).data["delivery"]["state"] == "delivered"


async def test_words_that_did_not_arrive_are_owed_again(w: World) -> None:
    await answered(w)
    await came(w, Blocked())
    await w.tick()
    (ticket,) = await w.tickets()
    assert ticket.state == "open"
    assert "respond" in ticket.clocks
    assert "quiet" not in ticket.clocks


async def test_nobody_is_there_to_be_told(w: World) -> None:
    """Nothing is queued for somebody who has blocked us: the failure is told at once."""
    await w.hear(w.inbound("李雷", Kind.BLOCKED))
    await w.hear(reply(w))
    assert "没有送到" in w.words("care")
    assert not await carriers(w)
    assert (await event(w)).data["delivery"]["state"] == "failed"


async def test_another_chat_of_the_resident_gets_the_words(w: World) -> None:
    async with w.database.transaction() as session:
        session.add(
            Account(
                channel="test",
                bot="bot",
                external_id="平板",
                chat="平板",
                locale="zh_CN",
                resident_id=w.people["李雷"],
            )
        )
    await answered(w)
    await came(w, Blocked())
    assert (await event(w)).data["delivery"]["state"] == "waiting"
    await came(w, Taken("m1"), chat="平板")
    assert (await event(w)).data["delivery"]["state"] == "delivered"
    assert "没有送到" not in await redrawn(w)


async def test_words_held_for_too_long_have_failed(w: World) -> None:
    await answered(w)
    await came(w, Closed("window"))
    w.now += timedelta(days=15)
    await forgetting.forget(w.desk)
    assert (await event(w)).data["delivery"]["state"] == "failed"
    assert "没有送到" in await redrawn(w)


async def test_two_colleagues_who_answer_at_once_are_both_heard(w: World) -> None:
    await w.at_once(reply(w, "三百"), reply(w, "先到先得", who="陈值班"))
    told = w.words("李雷")
    assert "王芳：三百" in told
    assert "陈值班：先到先得" in told
    (ticket,) = await w.tickets()
    assert ticket.state == "answered"


async def test_answers_that_leave_as_one_message_arrive_together(w: World) -> None:
    await answered(w, "第一句")
    await answered(w, "第二句")
    first, _ = await carriers(w)
    async with w.database.transaction() as session:
        head = await session.get_one(Outbox, first.id)
        whole = await merged(session, head, lambda message: (message,), w.now)
        assert "第一句" in whole.text
        assert "第二句" in whole.text
    await came(w, Taken("m1"))
    async with w.database.reading() as session:
        events = await session.scalars(select(TicketEvent).where(TicketEvent.action == "answer"))
        assert [one.data["delivery"]["state"] for one in events] == ["delivered", "delivered"]


async def test_an_edit_before_it_has_left_is_all_that_is_seen(w: World) -> None:
    said = await answered(w, "每月三千元")
    await receive(w.desk, replace(said, key="e1", kind=Kind.EDIT, text=ANSWER, reply_to=""))
    assert len(await carriers(w)) == 1
    await w.deliver()
    assert ANSWER in w.words("李雷")
    assert "三千" not in w.words("李雷")
    assert [post.edited for post in w.chats["李雷"] if ANSWER in post.message.text] == [0]


async def test_an_edit_while_it_is_held_replaces_it(w: World) -> None:
    said = await answered(w, "每月三千元")
    await came(w, Closed("window"))
    await receive(w.desk, replace(said, key="e1", kind=Kind.EDIT, text=ANSWER, reply_to=""))
    (row,) = await carriers(w, "held")
    assert ANSWER in row.payload["message"]["text"]
    assert (await event(w)).data["delivery"]["state"] == "held"


async def test_where_nothing_can_be_edited_a_correction_follows(database: Database) -> None:
    async with world(database, can=NUMBERS) as w:
        await talking(w)
        said = reply(w, "每月三千元")
        await w.hear(said)
        await w.hear(replace(said, key="e1", kind=Kind.EDIT, text=ANSWER, reply_to=""))
        told = w.words("李雷")
        assert "三千" in told
        assert f"更正：王芳：{ANSWER}" in told
        await w.say("李雷", "好的，明天来办")
        await w.edit("李雷", "明天来办", "后天来办")
        assert "李**：好的，明天来办" in w.words("care")
        assert "更正：李**：后天来办" in w.words("care")


async def test_a_correction_that_fails_is_told_too(w: World) -> None:
    said = reply(w, "每月三千元")
    await w.hear(said)
    assert (await event(w)).data["delivery"]["state"] == "delivered"
    w.blocked.add("李雷")
    await w.hear(replace(said, key="e1", kind=Kind.EDIT, text=ANSWER, reply_to=""))
    assert (await event(w)).data["delivery"]["state"] == "failed"
    assert f"没有送到：「{ANSWER}」" in w.words("care")


async def test_the_first_words_of_a_talk_change_with_their_original(w: World) -> None:
    long = f"{QUESTION}{'请详细说说。' * 100}"
    await w.edit("李雷", QUESTION, long)
    assert long in w.words("care"), "too long for the card, so it is posted below"


async def test_photos_go_both_ways_as_our_own_copies(w: World) -> None:
    await w.photo("王芳", "看这张", "A", "care", card(w))
    await w.photo("王芳", "", "A", "care", card(w))
    shown = [post.message for post in w.chats["李雷"] if post.message.pictures]
    assert [(one.text, len(one.pictures)) for one in shown] == [("王芳：看这张", 1), ("", 1)]
    await w.photo("李雷", "这样吗")
    (back,) = [post.message for post in w.chats["care"] if post.message.pictures]
    async with w.database.reading() as session:
        kept = (await session.scalars(select(Attachment).order_by(Attachment.id))).all()
        (ticket,) = (await session.scalars(select(Ticket))).all()
    assert [one.attachment for one in (*shown[0].pictures, *shown[1].pictures, *back.pictures)] == [
        one.id for one in kept
    ]
    assert [one.by for one in kept] == ["staff", "staff", "resident"]
    assert {one.ticket_id for one in kept} == {ticket.id}


async def test_an_album_that_has_not_left_yet_leaves_as_one(w: World) -> None:
    for number in (1, 2, 3):
        media = Media(f"photo-{number}", album="A")
        photo = w.inbound("王芳", Kind.PHOTO, "care", media=media, reply_to=card(w))
        await receive(w.desk, photo)
    (row,) = await carriers(w)
    assert len(Outgoing.from_json(row.payload["message"]).pictures) == 3
    assert (await event(w)).data["photos"] == 3


@pytest.mark.parametrize("strange", ["sticker", "voice", "document", "video_note"])
async def test_what_cannot_be_carried_is_said_to_be_left_out(w: World, strange: str) -> None:
    await w.hear(w.inbound("王芳", Kind.UNFIT, "care", strange=strange, reply_to=card(w)))
    assert "没有发给住户：只能转文字和照片" in w.last("care").message.text
    assert not await carriers(w, "pending", "sent")
    await w.hear(w.inbound("李雷", Kind.UNFIT, strange=strange))
    assert "能转给客户助理的只有文字和照片" in w.last("李雷").message.text
    await w.hear(w.inbound("李雷", Kind.CONTACT, phone="+8613800000009"))
    assert "能转给客户助理的只有文字和照片" in w.last("李雷").message.text


async def test_the_words_with_a_file_are_passed_on_without_it(w: World) -> None:
    await w.hear(w.inbound("王芳", Kind.FILE, "care", text="合同在这里", reply_to=card(w)))
    assert "王芳：合同在这里" in w.words("李雷")
    assert "文字转过去了，文件没有" in w.last("care").message.text


async def test_plain_words_go_to_the_talk_only_while_it_is_the_latest_thing(w: World) -> None:
    await w.hear(reply(w))
    await w.say("李雷", "知道了，那先不办")
    assert "李**：知道了，那先不办" in w.words("care")
    await w.report("李雷")
    await w.say("李雷", "他怎么还不来呀")
    assert "他怎么还不来呀" not in w.words("care")
    assert "先替您留着" in w.last("李雷").message.text
    assert w.last("李雷").message.buttons[0][0].data == "m.assistant", "and somebody is one tap away"


async def test_a_service_named_in_an_answer_does_not_interrupt_it(w: World) -> None:
    await w.hear(reply(w, "是哪里的灯？"))
    await w.say("李雷", "楼道灯不亮，三楼的")
    assert "李**：楼道灯不亮，三楼的" in w.words("care")
    assert [button.data for row in w.last("李雷").message.buttons for button in row] == ["m.repair"]
    w.now += timedelta(hours=2)
    await w.say("李雷", "厨房漏水")
    assert "厨房漏水" not in w.words("care")


async def test_thanks_wake_nobody(w: World) -> None:
    await w.hear(reply(w))
    await w.say("李雷", "好的，谢谢！")
    assert "李**：好的，谢谢！" in w.words("care")
    (ticket,) = await w.tickets()
    assert (ticket.state, "respond" in ticket.clocks) == ("answered", False)


async def test_a_talk_that_ended_is_taken_up_again_for_a_week(w: World) -> None:
    await w.hear(reply(w))
    said = next(post.id for post in w.chats["李雷"] if ANSWER in post.message.text)
    await w.wait(timedelta(days=4))
    (ticket,) = await w.tickets()
    assert ticket.state == "closed"
    await w.say("李雷", "再问一句", reply_to=said)
    (ticket,) = await w.tickets()
    assert (ticket.state, ticket.closed_at) == ("open", None)
    await w.hear(reply(w, "请讲"))
    await w.wait(timedelta(days=12))
    await w.say("李雷", "还有一件事", reply_to=said)
    old, new = await w.tickets()
    assert (old.state, new.state) == ("closed", "open")
    assert new.details["text"] == "还有一件事"


async def test_a_running_promise_is_not_put_off_by_more_words(w: World) -> None:
    (ticket,) = await w.tickets()
    began = ticket.clocks["respond"]["began"]
    w.now += timedelta(minutes=10)
    await w.say("李雷", "还在吗，有急用")
    (ticket,) = await w.tickets()
    assert ticket.clocks["respond"]["began"] == began


async def test_residents_do_not_hear_each_other(w: World) -> None:
    await w.say("韩梅", "找客户助理")
    await w.say("韩梅", "我也问个事")
    await w.hear(reply(w))
    assert ANSWER in w.words("李雷")
    assert ANSWER not in w.words("韩梅")
    await w.say("李雷", "路人甲的话", "care", card(w))
    assert "路人甲的话" not in w.words("韩梅")
