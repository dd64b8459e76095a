"""What is told to people on WeChat and WeCom arrives once and in order, or somebody hears that it did not."""

from __future__ import annotations

import asyncio

from tests.emulators.wechat import Phone
from tests.emulators.wechat_bubbles import Bubble, Via
from tests.failures.conftest import mostly
from tests.failures.quarters import LOST, PHONE, Quarters, asked, in_state, report, said, submit
from tests.premises import WAIT, eventually

FAMILY = "👨‍👩‍👧‍👦"
MOST_BYTES = 2048
A_WHILE = 2.5
"""Seconds after which a robot's card would have been sent a third time."""


@mostly("postgresql")
async def test_18_accepted_and_then_no_answer(kind: str, quarters: Quarters) -> None:
    w = await quarters.watch(kind)
    wechat, wecom = w.quarter.wechat, w.quarter.wecom
    lost = wecom.lose_answer("webhook/send", times=None)
    number = await report(w.li)
    await eventually(lambda: w.quarter.outbox("unknown"), what="nothing was parked")
    await asyncio.sleep(A_WHILE)
    assert lost.hits == 2
    assert len([one for one in w.robot.group.messages if number in one.words]) == 2, "one visible retry"
    wecom.heal()

    told = wechat.lose_answer("message/custom/send", person=w.li.openid, times=None)
    mine = wecom.lose_answer("message/send", person="wang", skip=1)
    await w.do(number, "accept")
    await w.wang.wait_for(LOST, WAIT)
    await w.quarter.calm()
    assert (told.hits, mine.hits) == (1, 1)
    assert len([one for one in w.li.received if "王建国已接单" in one.text]) == 1
    assert len([card for card in w.wang.cards if card.row("住户") == "李雷"]) == 1
    parked = await w.quarter.outbox("unknown")
    assert {row.channel: row.chat for row in parked} == {
        "robot": w.robot.key,
        "wechat": w.li.openid,
        "wecom": "wang",
    }


@mostly("sqlite")
async def test_23_a_staff_reply_that_fails(kind: str, quarters: Quarters) -> None:
    """Whatever the reason, the technician reads that the resident may not know."""
    w = await quarters.watch(kind)
    number = await report(w.li)
    w.quarter.wechat.fail_next("message/custom/send", errcode=45002)
    await w.accept(number)
    first = await w.wang.wait_for(LOST, WAIT)
    assert number in first.words
    w.quarter.wechat.lose_answer("message/custom/send")
    await w.wang.tap("出发").settled()
    second = await w.wang.wait_for(LOST, WAIT, after=first)
    w.quarter.wechat.garble_next("message/custom/send", times=2)
    await w.wang.tap("到了").settled()
    await w.li.wait_for("王建国已到场", WAIT)
    await w.quarter.calm()
    assert w.wang.find(LOST) is second
    assert [len(await w.quarter.outbox(state)) for state in ("failed", "unknown")] == [1, 1]


@mostly("postgresql")
async def test_25_a_text_over_the_limit(kind: str, quarters: Quarters) -> None:
    """As much as fits is the answer, the rest follows in order; and what is pushed falls into parts, too."""
    w = await quarters.watch(kind)
    lines = [f"第{number:03d}条：厨房{FAMILY}漏水" for number in range(70)]
    review = await _told_at_length(w.li, lines)
    await w.li.wait_for("回复「提交」就发出", WAIT)
    parts = w.li.received[w.li.received.index(review) :]
    assert [part.via for part in parts] == [Via.PASSIVE, Via.CUSTOM]
    assert [line for part in parts for line in _of(part, lines)] == lines
    _whole(*parts)

    number = await submit(w.li)
    card = await w.shown(number)
    await w.accept(number)
    mine = await w.wang.wait_for_card(number, WAIT)
    assert not mine.cut
    for shown in (card.words, mine.words):
        assert not set(shown.replace(FAMILY, "")) & set(FAMILY)
    assert (await w.ticket(number)).details["text"].endswith(lines[-1])

    for text in ("查看工单", "补充", "\n".join(lines[:50]), "跳过"):
        await said(w.li, text)
    await w.quarter.calm()
    before = len(w.wang.messages)
    await w.do(number, "show")
    await w.wang.wait_for("1. 出发", WAIT)
    texts = [one.text for one in w.wang.messages[before:]]
    assert len(texts) > 1
    assert all(len(text.encode()) <= MOST_BYTES for text in texts)
    assert (number in texts[0], "电话" in "".join(texts), "1. 出发" in texts[-1]) == (True, True, True)
    assert not set("".join(texts).replace(FAMILY, "")) & set(FAMILY)


async def test_25_what_goes_beyond_the_quota_follows_later(quarters: Quarters) -> None:
    """WeChat takes one more part and no other: the others come when the person has written again."""
    w = await quarters.watch("sqlite")
    lines = [f"第{number:03d}条：厨房{FAMILY}漏水" for number in range(200)]
    w.quarter.wechat.fail_next("message/custom/send", errcode=45047, skip=1)
    review = await _told_at_length(w.li, lines)
    await in_state(w.quarter, "held", w.li)
    assert len(w.li.received) == w.li.received.index(review) + 2
    number = await submit(w.li)
    await w.li.wait_for("回复「提交」就发出", WAIT)
    await w.quarter.calm()
    parts = w.li.received[w.li.received.index(review) :]
    assert [line for part in parts for line in _of(part, lines)] == lines
    _whole(*parts)
    await w.shown(number)


async def _told_at_length(person: Phone, lines: list[str]) -> Bubble:
    """A repair with a long story; what begins the review of it."""
    await asked(person, "报修：" + "\n".join(lines), "哪里需要修")
    for text in ("我家里", "其他", "跳过", "尽快上门"):
        await said(person, text)
    return await asked(person, PHONE, "请核对一下")


def _of(bubble: Bubble, lines: list[str]) -> list[str]:
    """Those of the lines that a bubble shows, in order."""
    shown = [line.partition("情况：报修：")[2] or line for line in bubble.text.splitlines()]
    return [line for line in shown if line in lines]


def _whole(*parts: Bubble) -> None:
    """Within the limit, and nobody is torn from their family."""
    for part in parts:
        assert len(part.words.encode()) <= MOST_BYTES
        assert not set(part.words.replace(FAMILY, "")) & set(FAMILY)
