"""A dripping tap, reported on WeChat and mended by people on WeCom: the program as it is installed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from sqlalchemy import select

from models import Attachment, TicketEvent
from tests.emulators.wechat import WechatServer
from tests.emulators.wechat_phone import Phone
from tests.emulators.wecom import Colleague, Robot, WecomServer
from tests.failures.conftest import ground, nursery  # noqa: F401
from tests.ground import Ground
from tests.nursery import Nursery
from tests.premises import WAIT
from tests.quarter import Quarter

ZH = {
    "story": "厨房水龙头一直滴水",
    "report": "报修：厨房水龙头一直滴水",
    "place": "哪里需要修",
    "home": "我家里",
    "trade": "哪方面的问题",
    "tap": "水管龙头",
    "no": "否",
    "photos": "发几张照片",
    "taken": "完成",
    "when": "什么时候上门",
    "soon": "尽快上门",
    "phone": "打哪个电话",
    "check": "请核对一下",
    "submit": "提交",
    "promise": "收到，谢谢您",
}


@pytest.fixture
async def quarter(nursery: Nursery, ground: Ground, tmp_path: Path) -> AsyncIterator[Quarter]:  # noqa: F811
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(ground.database("sqlite", tmp_path))
        wechat = await stack.enter_async_context(WechatServer())
        wecom = await stack.enter_async_context(WecomServer())
        made = Quarter(nursery, tmp_path, url, wechat, wecom)
        stack.callback(made.logs_are_clean)
        stack.push_async_callback(made.close)
        await made.open()
        yield made


async def test_story(quarter: Quarter) -> None:
    wang = await quarter.colleague("wang", "王建国", "technician")
    robot = await quarter.repair_group()
    li = await quarter.resident("李雷", "3-1201")
    words = ZH
    await li.say(words["report"])
    for asked, answer in (("place", "home"), ("trade", "tap"), ("no", "no")):
        await li.wait_for(words[asked], WAIT)
        await li.pick(words[answer])
    await li.wait_for(words["photos"], WAIT)
    for _ in range(3):
        await (await li.photo()).settled()
    await li.say(words["taken"])
    await li.wait_for(words["when"], WAIT)
    await li.pick(words["soon"])
    await li.wait_for(words["phone"], WAIT)
    await li.say("138 0013 8000")
    await li.wait_for(words["check"], WAIT)
    await li.say(words["submit"])
    promise = await li.wait_for(words["promise"], WAIT)
    number = promise.text.splitlines()[0]
    try:
        shown = await robot.group.wait_for(number, WAIT)
        print(shown, shown.words)
    finally:
        print(li.transcript())
        print(robot.group.transcript())
        print(wang.transcript())
        print(quarter.program.log[-3000:])
    assert 0
