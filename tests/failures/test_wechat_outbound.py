"""What is told to people on WeChat and WeCom arrives once and in order, or somebody hears that it did not."""

from __future__ import annotations

import asyncio

from tests.failures.conftest import mostly
from tests.failures.quarters import LOST, Quarters, asked, report, said
from tests.premises import WAIT, eventually

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
    """The review is one long text: as much as fits is the answer, the rest follows in order."""
    w = await quarters.watch(kind)
    lines = [f"第{number:03d}条：厨房👨‍👩‍👧‍👦漏水" for number in range(100)]
    before = len(w.li.received)
    await asked(w.li, "报修：" + "\n".join(lines[:60]), "哪里需要修")
    for text in ("我家里", "其他", "跳过", "尽快上门"):
        await said(w.li, text)
    review = await asked(w.li, "138 0013 8000", "请核对一下")
    await w.quarter.calm()
    number = (await asked(w.li, "提交", "收到，谢谢您")).text.splitlines()[0]
    await w.accept(number)
    await w.quarter.calm()
    b = len(w.wang.messages)
    c = len(w.li.received)
    await said(w.li, "查看工单")
    await said(w.li, "补充")
    await w.quarter.calm()
    print([x.text for x in w.li.received[c:]])
    await said(w.li, "\n".join(lines[60:]))
    await w.quarter.calm()
    print([x.text for x in w.li.received[c:]])
    await w.do(number, "show")
    await w.do(number, "depart")
    await w.quarter.calm()
    for m in w.wang.messages[b:]: print(m.kind, len(m.words.encode()), m.words)
    print(w.quarter.wecom.violations)
    assert 0
