"""What people send in pieces, out of order, edited or unfit ends up in one draft, and in nobody else's."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import select

from models import Attachment, Inbox
from tests.emulators.telegram import TelegramEmulator
from tests.emulators.telegram_phone import User
from tests.estate import Estate, agree
from tests.failures.conftest import Builder, mostly
from tests.premises import WAIT, eventually
from tests.repairing import PHONE, all_heard, answer, gathered, report, submit, to_photos, to_review

PATH = "/telegram/webhook"


@mostly("postgresql")
async def test_07_two_first_messages_at_once(kind: str, builder: Builder) -> None:
    """Handed to two processes, as a balancer may do it after a failed delivery."""
    estate = await builder.open(kind, programs=2)
    li = await estate.resident("李雷")
    with estate.tg.held():
        await li.send("厨房水龙头坏了")
        await asyncio.sleep(0.2)
        await li.send("一直滴水，停不下来")
        first, second = estate.tg.updates[-2:]
        one, two = estate.programs
        both = [estate.tg.deliver(first, url=one.url + PATH), estate.tg.deliver(second, url=two.url + PATH)]
        assert await asyncio.gather(*both) == [200, 200]
    await li.wait_for("哪里需要修", WAIT)
    await estate.tg.idle()
    await _finish(li)
    (ticket,) = await estate.tickets()
    assert set(ticket.details["text"].splitlines()) == {"厨房水龙头坏了", "一直滴水，停不下来"}


async def test_07_a_long_text_split_by_the_phone(builder: Builder) -> None:
    estate = await builder.open("sqlite")
    li = await estate.resident("李雷")
    story = "报修：" + "".join(f"第{number:03d}处渗水🏚️，" for number in range(450))
    assert len(story.encode("utf-16-le")) // 2 > 4096
    await li.send(story)
    await all_heard(li)
    await _finish(li)
    (ticket,) = await estate.tickets()
    assert ticket.details["text"].replace("\n", "") == story


async def _finish(li: User) -> None:
    """Answer whatever is asked until the ticket is there."""
    asked = li.find("哪里需要修")
    assert asked is not None
    asked = await answer(li, asked, "我家里", "哪方面的问题")
    asked = await answer(li, asked, "其他", "照片")
    asked = await answer(li, asked, "跳过", "什么时候上门")
    asked = await answer(li, asked, "尽快上门", "打哪个电话")
    await li.send(PHONE)
    await li.wait_for(lambda message: "提交" in message.labels, WAIT, after=asked)
    await li.tap("提交")
    await li.wait_for("收到，谢谢您", WAIT)


@pytest.mark.parametrize(
    ("kind", "programs"), [("sqlite", 1), pytest.param("postgresql", 2, marks=pytest.mark.chaos)]
)
async def test_08_a_hundred_residents_interleaved(kind: str, programs: int, builder: Builder) -> None:
    estate = await builder.open(kind, programs=programs)
    people = await estate.crowd(100 if kind == "sqlite" else 30)
    await asyncio.gather(*(_own_story(person) for person in people))
    await estate.tg.idle(30)

    tickets = {ticket.details["text"].partition("\n")[0]: ticket for ticket in await estate.tickets()}
    assert len(tickets) == len(people)
    assert sorted(ticket.number for ticket in tickets.values())[-1].endswith(f"{len(people):05d}")
    for person in people:
        mine = tickets[f"报修：{person.person.first_name}家的门"]
        assert mine.details["phone"] == _phone(person)
        photos = await estate.rows(select(Attachment.source).where(Attachment.ticket_id == mine.id))
        sent = [message.photos[0] for message in person.messages if message.photos]
        assert list(photos) == sent
        for other in people:
            assert other is person or other.person.first_name not in person.transcript()


async def _own_story(person: User) -> None:
    asked = await to_photos(person, f"{person.person.first_name}家的门", trade="门窗门锁")
    await person.send_photo()
    asked = await person.wait_for(gathered, 60, after=asked)
    asked = await answer(person, asked, "完成", "什么时候上门")
    asked = await answer(person, asked, "尽快上门", "打哪个电话")
    await person.send(_phone(person))
    await person.wait_for("请核对一下", 60, after=asked)
    await submit(person)


def _phone(person: User) -> str:
    return f"+861380000{person.id:04d}"


@mostly("postgresql")
async def test_09_the_same_person_through_two_bots(kind: str, builder: Builder) -> None:
    estate = await builder.open(kind)
    async with TelegramEmulator(token="5353:another-bot-of-the-same-house", rate_limits=False) as tg:
        other = estate.beside(tg)
        await other.open()
        here = await estate.resident("李雷")
        there = other.tg.user(here.id, "李雷")
        await here.send("报修：门锁坏了")
        await here.wait_for("哪里需要修", WAIT)
        await there.send("报修：门锁坏了")
        await there.wait_for("请先绑定房屋", WAIT)
        assert not there.find("哪里需要修")
        keys = await estate.rows(select(Inbox.key).where(Inbox.bot == "5353"))
        assert keys
        await there.start(await other.command("home", "code", "HPY", "3-101"))
        await agree(there)
        await there.wait_for("3-101", WAIT)
        number = await report(there, "卧室窗户关不上", trade="门窗门锁")
        (ticket,) = await estate.tickets()
        assert (ticket.number, ticket.details["text"]) == (number, "报修：门锁坏了\n报修：卧室窗户关不上")
        await here.tap("我家里")
        await here.wait_for("哪方面的问题", WAIT)
        assert number not in here.transcript()
        await other.close()
        other.logs_are_clean()


@mostly("sqlite")
async def test_10_an_edited_message(kind: str, builder: Builder) -> None:
    estate = await builder.open(kind)
    xu = await estate.colleague("许晨", "administrator")
    group = await estate.repair_group(xu)
    li = await estate.resident("李雷")
    stray = await li.send("谢谢")
    review = await to_review(li, "窗户坏了", trade="门窗门锁")
    story = next(message for message in li.messages if message.text == "报修：窗户坏了")
    await li.edit(story, "报修：阳台的窗户坏了")
    await li.wait_for("已按您改的更新", WAIT, after=review)
    number = await submit(li)
    card = await group.wait_for(number, WAIT)
    assert "阳台的窗户坏了" in card.words

    await li.edit(story, "报修：阳台的窗户关不上")
    await group.wait_for("阳台的窗户关不上", WAIT)
    (ticket,) = await estate.tickets()
    assert ticket.details["text"] == "报修：阳台的窗户关不上"
    assert len([one for one in group.from_bot if number in one.words]) == 1

    await li.edit(stray, "谢谢，再见")
    await estate.tg.idle()
    assert "谢谢，再见" in await estate.rows(select(Inbox.kept).where(Inbox.kept.is_not(None)))


@mostly("postgresql")
async def test_11_an_album_of_ten_shuffled_with_a_text_in_between(kind: str, builder: Builder) -> None:
    estate = await builder.open(kind, speed=3.0)
    li = await estate.resident("李雷")
    asked = await to_photos(li, "墙面渗水", trade="其他")
    await li.send_album(10, caption="客厅和卧室", shuffled=True, late=3.0)
    await li.wait_for(gathered, WAIT, after=asked)
    await li.send("还有点发霉")
    await li.wait_for("已记下", WAIT, after=asked)
    await estate.tg.idle()
    await li.tap("完成")
    asked = await li.wait_for("什么时候上门", WAIT, after=asked)
    asked = await answer(li, asked, "尽快上门", "打哪个电话")
    await li.send(PHONE)
    review = await li.wait_for("请核对一下", WAIT, after=asked)
    assert "10 张" in review.words
    await submit(li)
    (ticket,) = await estate.tickets()
    assert sorted(ticket.details["text"].splitlines()) == ["客厅和卧室", "报修：墙面渗水", "还有点发霉"]
    photos = await estate.rows(select(Attachment.source).where(Attachment.ticket_id == ticket.id))
    assert set(photos) == {message.photos[0] for message in li.messages if message.photos}
    assert len(photos) == 10


@mostly("sqlite")
async def test_12_what_does_not_fit_the_question(kind: str, builder: Builder) -> None:
    estate = await builder.open(kind)
    li = await estate.resident("李雷")
    await li.send("报修：门锁坏了")
    asked = await li.wait_for("哪里需要修", WAIT)
    for send, said in (
        (li.send_sticker, "表情收到了"),
        (li.send_voice, "语音暂时听不了"),
        (li.send_video_note, "视频暂时收不了"),
        (li.send_document, "文件收不了"),
        (li.send_location, "位置收不了"),
    ):
        await send()
        told = await li.wait_for(said, WAIT, after=asked)
        asked = await li.wait_for("哪里需要修", WAIT, after=told)
        assert "我家里" in asked.labels
    for contact, said in ((li.id, "从选项里选"), (4711, "不是您自己的号码")):
        await li.send_contact("+8613900000000", user_id=contact)
        told = await li.wait_for(said, WAIT, after=asked)
        asked = await li.wait_for("哪里需要修", WAIT, after=asked)
    await _finish(li)
    (ticket,) = await estate.tickets()
    assert ticket.details["text"] == "报修：门锁坏了"
    assert ticket.details["phone"] == "+8613800138000"


async def test_13_a_file_over_twenty_megabytes(builder: Builder) -> None:
    estate = await builder.open("sqlite")
    li = await estate.resident("李雷")
    asked = await to_photos(li, "水管坏了", trade="其他")
    await li.send_document(size=21 * 1024 * 1024, mime_type="image/png", caption="厨房水池下面")
    told = await li.wait_for("文件太大", WAIT, after=asked)
    assert "照片" in told.words
    asked = await li.wait_for("方便的话发几张照片", WAIT, after=asked)
    asked = await answer(li, asked, "跳过", "什么时候上门")
    asked = await answer(li, asked, "尽快上门", "打哪个电话")
    await li.send(PHONE)
    await li.wait_for("请核对一下", WAIT, after=asked)
    await submit(li)
    (ticket,) = await estate.tickets()
    assert ticket.details["text"].splitlines() == ["报修：水管坏了", "厨房水池下面"]
    assert not await estate.rows(select(Attachment))


@pytest.mark.parametrize(("kind", "webhook"), [("sqlite", False), ("postgresql", True)])
async def test_14_started_with_pending_updates(kind: str, webhook: bool, builder: Builder) -> None:
    estate = await builder.open(kind, webhook=webhook, programs=0)
    people = [estate.somebody(name) for name in ("李雷", "韩梅", "林涛")]
    for number, person in enumerate(people):
        await person.start(await estate.command("home", "code", "HPY", f"3-10{number + 1}"))
        await person.send(f"报修：{person.person.first_name}家的门锁坏了")
    estate.secrets.add("门锁")
    await estate.open()
    for person in people:
        await agree(person)
        await person.wait_for("哪里需要修", WAIT)
        await _finish(person)
    await estate.calm()
    texts = [ticket.details["text"] for ticket in await estate.tickets()]
    assert sorted(texts) == sorted(f"报修：{person.person.first_name}家的门锁坏了" for person in people)
    assert await _nothing_left(estate)


async def _nothing_left(estate: Estate) -> bool:
    async def heard_all() -> bool:
        return await estate.heard() >= len({update["update_id"] for update in estate.tg.updates})

    return bool(await eventually(heard_all))
