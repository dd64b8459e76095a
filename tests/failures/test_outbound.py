"""What leaves arrives once, in order, within the budget, or somebody is told that it did not."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import select

from models import Account, Outbox
from tests.emulators.telegram_faults import Fault
from tests.emulators.telegram_phone import User
from tests.failures.conftest import Builder, mostly
from tests.failures.shift import Shift, begin
from tests.premises import WAIT, eventually
from tests.repairing import report, submit, to_review


@mostly("sqlite")
async def test_16_too_many_requests(kind: str, builder: Builder) -> None:
    s = await begin(builder, kind)
    tg = s.estate.tg
    post = tg.fail_next("sendMessage", chat=s.group, error=429, retry_after=2)
    began = asyncio.get_running_loop().time()
    number = await report(s.li)
    await eventually(lambda: _struck(post))
    other = await s.estate.resident("韩梅")
    await report(other, "插座没电", trade="门窗门锁")
    assert not s.cards(number), "the other chats went on while the group had to wait"
    await s.shown(number, "等待接单")
    assert asyncio.get_running_loop().time() - began >= 2
    edit = tg.fail_next("editMessageText", chat=s.group, error=429, retry_after=2)
    await s.wang.tap("接单", s.cards(number)[0], chat=s.group)
    await s.li.wait_for("王建国已接单", WAIT)
    await s.shown(number, "已接单")
    assert edit.hits == 1
    await s.estate.calm()
    assert len(s.cards(number)) == 1
    assert not [one for one in tg.violations if one.banned]


async def _struck(fault: Fault) -> bool:
    return fault.hits > 0


@mostly("postgresql")
async def test_18_accepted_and_then_no_answer(kind: str, builder: Builder) -> None:
    s = await begin(builder, kind)
    lost = s.estate.tg.lose_answer("sendMessage", chat=s.group, times=None)
    number = await report(s.li)
    await eventually(lambda: s.estate.outbox("unknown"), what="nothing was parked")
    await asyncio.sleep(3.0)
    assert lost.hits == 2
    assert len(s.cards(number)) == 2, "one visible retry, and no more"
    s.estate.tg.heal()

    lost = s.estate.tg.lose_answer("sendMessage", chat=s.li, times=None)
    await s.do("接单")
    await s.wang.wait_for("可能没送到", WAIT)
    assert lost.hits == 1
    assert len([one for one in s.li.from_bot if "王建国已接单" in one.words]) == 1
    parked = await s.estate.outbox("unknown")
    assert {row.chat for row in parked} == {str(s.group.id), str(s.li.id)}


@mostly("sqlite")
async def test_19_the_second_part_fails(kind: str, builder: Builder) -> None:
    """The private card is an album and a text; the text has bad luck three times."""
    s = await begin(builder, kind)
    number = await report(s.li, photos=3)
    await s.shown(number, "等待接单")
    s.estate.tg.fail_next("sendMessage", chat=s.wang, error=500)
    s.estate.tg.garble_next("sendMessage", chat=s.wang)
    s.estate.tg.fail_next("sendMessage", chat=s.wang, error=429, retry_after=1)
    await s.do("接单")
    card = await s.wang.wait_for(lambda message: "李雷" in message.words, WAIT)
    await s.estate.calm()
    assert len([one for one in s.wang.from_bot if one.photos]) == 3
    assert len([one for one in s.wang.from_bot if "李雷" in one.words]) == 1
    (held,) = await s.estate.cards("assignee")
    assert held.message == str(card.id)


@mostly("postgresql")
async def test_20_blocked(kind: str, builder: Builder) -> None:
    s = await begin(builder, kind)
    number = await report(s.li)
    await s.shown(number, "等待接单")
    await s.li.block()
    await eventually(lambda: _reachable(s, s.li, no=True))
    await s.do("接单")
    await s.shown(number, "收不到消息")
    await s.do("到了")
    await s.shown(number, "正在维修")
    await s.li.unblock()
    await eventually(lambda: _reachable(s, s.li))
    await _finish(s)
    await s.li.wait_for("您还满意吗", WAIT)
    assert not s.li.find("王建国已接单")

    han = await s.estate.another_account_of(s.li, "李雷的平板")
    again = await report(s.li, "卧室窗户关不上", trade="门窗门锁")
    await s.shown(again, "等待接单")
    s.estate.tg.hold("my_chat_member")
    await s.li.block()
    await s.wang.tap("接单", s.cards(again)[0], chat=s.group)
    await han.wait_for("王建国已接单", WAIT)
    assert await _reachable(s, s.li, no=True)
    s.estate.tg.release()
    (card,) = s.cards(again)
    assert "收不到消息" not in card.words


async def _reachable(s: Shift, person: User, *, no: bool = False) -> bool:
    query = select(Account.reachable).where(Account.external_id == str(person.id))
    return (await s.estate.rows(query))[0] is not no


async def _finish(s: Shift) -> None:
    await s.do("修好了")
    asked = await s.wang.wait_for("做到了哪些", WAIT)
    await s.wang.tap("完成", asked)
    asked = await s.wang.wait_for("做了什么", WAIT, after=asked)
    await s.wang.send("换了阀芯")
    asked = await s.wang.wait_for("完工照片", WAIT, after=asked)
    await s.wang.tap("跳过", asked)


@mostly("sqlite")
async def test_21_removed_from_the_group(kind: str, builder: Builder) -> None:
    s = await begin(builder, kind)
    await s.group.remove_bot()
    told = await s.xu.wait_for("我已不在", WAIT)
    assert "维修群" in told.words
    number = await report(s.li)
    await eventually(lambda: s.estate.outbox("held"), what="the card does not wait")
    await s.group.add_bot()
    await s.shown(number, "等待接单")
    await s.estate.calm()
    assert len(s.cards(number)) == 1
    assert not await s.estate.outbox("held")

    with s.estate.tg.held("my_chat_member"), s.estate.tg.held("message"):
        await s.group.remove_bot()
        s.estate.tg.release("message")
        second = await report(s.li, "卧室窗户关不上", trade="门窗门锁")
        await s.xu.wait_for("我已不在", WAIT, after=told)
        await eventually(lambda: s.estate.outbox("held"), what="the card does not wait")
    await s.group.add_bot()
    await s.shown(second, "等待接单")


@pytest.mark.parametrize(("kind", "told"), [("sqlite", "first"), ("postgresql", "last")])
async def test_22_the_group_moves(kind: str, told: str, builder: Builder) -> None:
    """Telegram tells of it by a service message; a post to the old address may meet the error before."""
    s = await begin(builder, kind)
    number = await report(s.li)
    await s.shown(number, "等待接单")
    old = s.cards(number)[0]
    if told == "last":
        s.estate.tg.hold("message")
    new = await s.group.migrate()
    if told == "first":
        await s.estate.tg.idle()
    moved = replace(s, group=new)
    await s.wang.tap("接单", old, chat=s.group)
    await new.wait_for(lambda message: number in message.words and "王建国" in message.words, WAIT)
    s.estate.tg.release()
    await s.estate.calm()
    query = select(Outbox.chat).where(Outbox.chat == str(s.group.id), Outbox.state != "sent")
    assert not await s.estate.rows(query)
    assert [card.chat for card in await s.estate.cards()] == [str(new.id)]
    await moved.do("出发")
    await s.li.wait_for("王建国已出发", WAIT)
    second = await report(s.li, "卧室窗户关不上", trade="门窗门锁")
    await moved.shown(second, "等待接单")
    refused = [one for one in s.estate.tg.calls if one.chat == s.group.id and one.status == 400]
    assert len(refused) <= 1


@mostly("postgresql")
async def test_23_a_staff_reply_that_fails(kind: str, builder: Builder) -> None:
    """Whatever the reason, the technician reads that the resident may not know."""
    s = await begin(builder, kind)
    number = await report(s.li)
    await s.shown(number, "等待接单")
    s.estate.tg.fail_next("sendMessage", chat=s.li, error=400, description="Bad Request: NOT_TODAY")
    await s.do("接单")
    first = await s.wang.wait_for("可能没送到", WAIT)
    assert number in first.words
    s.estate.tg.lose_answer("sendMessage", chat=s.li)
    await s.do("出发")
    await s.wang.wait_for("可能没送到", WAIT, after=first)
    await s.estate.calm()
    assert len(await s.estate.outbox("failed")) == 1
    assert len(await s.estate.outbox("unknown")) == 1


@mostly("sqlite")
async def test_24_the_first_of_three_gets_429(kind: str, builder: Builder) -> None:
    s = await begin(builder, kind)
    number = await report(s.li)
    await s.shown(number, "等待接单")
    s.estate.tg.fail_next("sendMessage", chat=s.li, error=429, retry_after=2)
    for label, state in (("接单", "已接单"), ("出发", "正在路上"), ("到了", "正在维修")):
        await s.do(label)
        await s.shown(number, state)
    await s.li.wait_for("王建国已到场", WAIT)
    told = [one.words for one in s.li.from_bot if "王建国已" in one.words]
    assert ["接单" in told[0], "出发" in told[1], "到场" in told[2]] == [True, True, True]
    assert len(told) == 3

    s.estate.tg.fail_next("sendMessage", chat=s.li, error=429, retry_after=1)
    for word in ("我的工单", "帮助", "语言"):
        await s.li.send(word)
    await s.li.wait_for("请选择语言", WAIT)
    answers = [one.words for one in s.li.from_bot][-3:]
    assert [number in answers[0], "直接写" in answers[1], "请选择语言" in answers[2]] == [True, True, True]
    assert not [one for one in s.estate.tg.violations if one.banned]


@mostly("postgresql")
async def test_25_a_text_over_the_limit(kind: str, builder: Builder) -> None:
    s = await begin(builder, kind)
    lines = [f"第{number:03d}条：厨房👨‍👩‍👧‍👦漏水" for number in range(330)]
    review = await to_review(s.li, "\n".join(lines[:165]), trade="其他")
    await s.li.send("\n".join(lines[165:]))
    await s.li.wait_for(lambda one: "提交" in one.labels, WAIT, after=review)
    parts = [one.words for one in s.li.from_bot if one.id > review.id]
    assert len(parts) > 2
    shown = [line for part in parts for line in part.splitlines()]
    assert [line for line in shown if line.removeprefix("情况：报修：") in lines] == [
        f"情况：报修：{lines[0]}",
        *lines[1:],
    ]
    assert all(len(part.encode("utf-16-le")) // 2 <= 4096 for part in parts)
    number = await submit(s.li)
    await s.shown(number, "等待接单")
