"""One message for an answer: the reply travels in the response, and nothing that was to be said is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from handlers import dialogue, passive
from handlers.desk import Work
from handlers.envelopes import Button, Inbound, Kind, Media, Outgoing, Receipt
from handlers.inbound import receive
from handlers.outbox import delivery
from handlers.outbox.gathering import fits, parted
from models import Account, Conversation, Inbox, Outbox, Ticket
from models.database import Database
from tests.world import NUMBERS, WORDS, World, world

ONE = replace(WORDS, passive=True, text_limit=600, bytes=True)


@pytest.fixture
async def w(database: Database) -> AsyncIterator[World]:
    async with world(database, can=NUMBERS, words=ONE) as made:
        yield made


async def hear(w: World, text: str, who: str = "李雷", *, late: bool = False, key: str = "") -> Receipt:
    """A message and its receipt; nothing of the outbox is sent."""
    return await receive(w.desk, w.inbound(who, Kind.TEXT, text=text, key=key), late=lambda: late)


async def waiting(w: World, chat: str = "李雷", *states: str) -> Sequence[Outbox]:
    async with w.database.reading() as session:
        rows = select(Outbox).where(Outbox.chat == chat, Outbox.state.in_(states or ("pending", "held")))
        return (await session.scalars(rows.order_by(Outbox.id))).all()


async def push(w: World, message: Outgoing, state: str = "held", *, ticket: int | None = None) -> None:
    """Something that was to be told, and could not be."""
    async with w.database.transaction() as session:
        await delivery.post(
            session,
            channel="words",
            bot="bot",
            chat="李雷",
            message=message,
            now=w.now,
            ticket=ticket,
            tried="window",
        )
        await session.flush()
        await session.execute(update(Outbox).where(Outbox.chat == "李雷").values(state=state))


async def test_several_replies_become_one(w: World) -> None:
    receipt = await hear(w, "9")
    (only,) = receipt.replies
    await hear(w, "2")
    (both,) = (await hear(w, "77")).replies
    assert "没太明白" in both.text
    assert "1. 我家里" in both.text
    assert not only.buttons
    assert ("1. 我家里", "1") in both.choices
    assert not await waiting(w)


async def test_a_repeat_gets_the_same_message(w: World) -> None:
    first = await hear(w, "厨房漏水", key="m.1")
    again = await hear(w, "厨房漏水", key="m.1")
    assert again.repeated
    assert again.replies == first.replies
    assert len(first.replies) == 1


async def test_what_waited_comes_with_the_answer_and_its_numbers_count_on(w: World) -> None:
    await push(
        w, Outgoing("师傅到了吗？", buttons=((Button("到了", "t.1.met"), Button("还没", "t.1.waiting")),))
    )
    (told,) = (await hear(w, "菜单")).replies
    assert told.text.index("师傅到了吗") < told.text.index("需要什么")
    assert "1. 到了" in told.text
    assert "3. 报修" in told.text
    assert not await waiting(w)
    async with w.database.reading() as session:
        held = await session.scalar(select(Conversation).where(Conversation.chat == "李雷"))
        assert held is not None
        assert held.offered is not None
        assert held.offered["offers"][2] == ["报修", "m.repair"]


async def test_what_waited_and_has_no_room_leaves_by_itself(w: World) -> None:
    await push(w, Outgoing("很长的通知。" * 40))
    (told,) = (await hear(w, "菜单")).replies
    assert "很长的通知" not in told.text
    assert "1. 报修" in told.text
    (row,) = await waiting(w, "李雷", "pending")
    assert row.payload["message"]["text"].startswith("很长的通知")


async def test_too_many_words_go_on_in_a_second_message(w: World) -> None:
    async with w.database.transaction() as session:
        work = Work(w.desk, session, w.now)
        lines = "\n".join(f"第 {number} 行，说了不少话" for number in range(40))
        standing = await passive_scene(work, w, lines)
    head, rows = standing, await waiting(w)
    told = [head.text, *(row.payload["message"]["text"] for row in rows)]
    assert "\n".join(told) == lines
    assert len(rows) == 1


async def passive_scene(work: Work, w: World, text: str) -> Outgoing:
    """What goes at once of a long reply."""
    from handlers.desk import Scene
    from models.hearing import Standing

    standing = Standing(1, None, None, 0, 1, None, None, "zh_CN", True, "李雷", False, None, False, w.now)
    scene = Scene(work, w.inbound("李雷", Kind.TEXT, text="x"), standing, None, replies=[Outgoing(text)])
    (head,) = await passive.settled(scene)
    return head


@pytest.mark.parametrize("text", ["一" * 900, "a\n" * 700, "🏡" * 400, "\n".join(["短", "长" * 500, "短"])])
def test_cutting_loses_nothing_and_each_part_fits(text: str) -> None:
    left: Outgoing | None = Outgoing(text, "标题")
    parts: list[Outgoing] = []
    while left is not None:
        part, left = parted(left, ONE)
        parts.append(part)
        assert fits(part, ONE)
        assert len(parts) < 50
    assert "".join(part.text for part in parts).replace("\n", "") == text.replace("\n", "")
    assert [part.title for part in parts] == ["标题", *[""] * (len(parts) - 1)]


async def test_photos_sent_at_once_are_answered_once_and_one_too_many_again(w: World) -> None:
    await hear(w, "厨房漏水")
    for answer in ("1", "1", "2"):
        await hear(w, answer)
    told = []
    for _ in range(10):
        receipt = await receive(w.desk, w.inbound("李雷", Kind.PHOTO, media=Media("x")))
        told.append([reply.text for reply in receipt.replies])
    assert "照片收到了" in told[0][0]
    assert told[1:9] == [[]] * 8
    assert told[9]
    w.now += timedelta(minutes=1)
    again = await receive(w.desk, w.inbound("李雷", Kind.PHOTO, media=Media("x")))
    assert again.replies


async def test_15_a_reply_that_comes_too_late_follows_by_itself(w: World) -> None:
    late = await hear(w, "厨房漏水", late=True, key="m.2")
    assert late.queued
    (row,) = await waiting(w)
    assert "哪里需要修" in row.payload["message"]["text"]
    again = await hear(w, "厨房漏水", key="m.2")
    assert again.queued
    assert len(await waiting(w)) == 1


async def test_15_a_reply_that_missed_its_response_is_queued_once(w: World) -> None:
    receipt = await hear(w, "厨房漏水", key="m.3")
    assert not receipt.queued
    for _ in range(2):
        async with w.database.transaction() as session:
            inbound = w.inbound("李雷", Kind.TEXT, text="厨房漏水", key="m.3")
            await passive.missed(Work(w.desk, session, w.now), inbound, receipt)
    assert len(await waiting(w)) == 1
    assert (await hear(w, "厨房漏水", key="m.3")).queued


async def test_the_card_no_longer_says_unreachable_when_its_resident_writes(w: World) -> None:
    number = await w.report("李雷")
    async with w.database.transaction() as session:
        ticket = await session.get_one(Ticket, number)
        ticket.details = {**ticket.details, "unreachable": "window"}
    await push(w, Outgoing("王师傅已接单"), ticket=number)
    (told,) = (await hear(w, "你好")).replies
    assert "王师傅已接单" in told.text
    async with w.database.reading() as session:
        assert "unreachable" not in (await session.get_one(Ticket, number)).details


async def test_who_leaves_is_erased_and_the_card_says_so(w: World) -> None:
    number = await w.report("李雷")
    await hear(w, "我家的密码是 1234")
    gone = w.inbound("李雷", Kind.LEFT, key="e.1")
    await receive(w.desk, gone)
    await receive(w.desk, gone)
    async with w.database.reading() as session:
        accounts = (await session.scalars(select(Account).where(Account.channel == "words"))).all()
        assert "李雷" not in {one.external_id for one in accounts} | {one.name for one in accounts}
        left = [one for one in accounts if one.external_id.startswith("gone:")]
        assert [one.resident_id for one in left] == [None]
        kept = [
            *await session.scalars(select(Inbox.receipt)),
            *await session.scalars(select(Conversation.draft)),
        ]
        assert "1234" not in str(kept)
        assert (await session.get_one(Ticket, number)).details["unreachable"] == "unfollowed"
    (told,) = (await hear(w, "我回来了")).replies
    assert "绑定" in told.text or "房屋码" in told.text or "码" in told.text


async def test_a_stranger_who_leaves_leaves_nothing(w: World) -> None:
    stranger: Inbound = w.inbound("路人", Kind.LEFT)
    assert await receive(w.desk, stranger) == Receipt()
    async with w.database.reading() as session:
        assert await session.scalar(select(Account.id).where(Account.external_id == "路人")) is None


async def test_a_push_and_a_first_word_at_once_meet_in_one_conversation(w: World) -> None:
    async with w.database.reading() as session:
        account = (await session.scalars(select(Account).filter_by(external_id="李雷"))).one()
    place = {"channel": "words", "bot": "bot", "chat": "李雷", "account_id": account.id}

    async def pushed() -> int:
        async with w.database.transaction() as session:
            held = await dialogue.private_conversation(Work(w.desk, session, w.now), place)
            await asyncio.sleep(0)
            return held.id

    met = await asyncio.gather(pushed(), pushed(), pushed(), hear(w, "你好"))
    assert len(set(met[:3])) == 1


async def test_who_has_written_is_not_told_to_write(w: World) -> None:
    """The form that says that something waits is needless once its reader gets it anyway."""
    await push(w, Outgoing("每月三百元"))
    (held,) = await waiting(w)
    async with w.database.transaction() as session:
        await delivery.beckon(session, held, Outgoing("您有新消息"), now=w.now)
    told = await hear(w, "你好")
    assert "每月三百元" in told.replies[0].text
    assert not await waiting(w)
    assert [row.kind for row in await waiting(w, "李雷", "expired")] == [delivery.BECKON]
