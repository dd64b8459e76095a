"""Disk full, network gone: what was acknowledged is kept, the rest comes again, and all goes on by itself."""

from __future__ import annotations

import asyncio
import signal

import psutil
import pytest

from tests.estate import Estate
from tests.failures.conftest import Builder
from tests.failures.line import line_to
from tests.failures.shift import begin
from tests.premises import WAIT, eventually
from tests.repairing import report, to_review


async def test_36_the_disk_is_full(builder: Builder) -> None:
    s = await begin(builder, "sqlite")
    await to_review(s.li)
    await s.estate.calm()
    heard = await s.estate.heard()
    process = psutil.Process(s.estate.program.pid)
    process.rlimit(psutil.RLIMIT_FSIZE, (4096, psutil.RLIM_INFINITY))
    await s.li.tap("提交")
    await eventually(lambda: _refused(s.estate))
    assert await s.estate.heard() == heard
    assert await s.estate.program.alive_within(2.0)
    process.rlimit(psutil.RLIMIT_FSIZE, (psutil.RLIM_INFINITY, psutil.RLIM_INFINITY))
    promise = await s.li.wait_for("收到，谢谢您", WAIT)
    await s.shown(promise.words.splitlines()[0], "等待接单")
    await s.estate.calm()
    assert len(await s.estate.tickets()) == 1
    assert {one.status for one in s.estate.tg.deliveries} == {200, 503}


async def _refused(estate: Estate) -> bool:
    return 503 in [one.status for one in estate.tg.deliveries]


@pytest.mark.parametrize(("kind", "webhook"), [("sqlite", True), ("postgresql", False)])
async def test_36_the_network_is_gone(kind: str, webhook: bool, builder: Builder) -> None:
    estate = await builder.open(kind, webhook=webhook, programs=0)
    async with line_to(estate.tg.url) as line:
        estate.api = line.url
        await estate.open()
        group = await estate.repair_group(await estate.colleague("许晨", "administrator"))
        li = await estate.resident("李雷")
        await to_review(li)
        await line.cut()
        await li.tap("提交")
        if webhook:  # a tap and a text may arrive in any order
            await eventually(estate.tickets)
        await li.send("我的工单")
        await asyncio.sleep(1.5)
        assert not li.find("收到，谢谢您")
        assert await estate.program.alive_within(1.0)
        await line.mend()
        promise = await li.wait_for("收到，谢谢您", 30)
        number = promise.words.splitlines()[0]
        await li.wait_for(lambda one: number in one.labels, 30)
        await group.wait_for(lambda one: number in one.words and "接单" in one.labels, 30)
        await estate.calm(30)
        assert len([one for one in li.from_bot if "收到，谢谢您" in one.words]) == 1
        assert len([one for one in group.from_bot if number in one.words]) == 1
        assert not [*await estate.outbox("failed"), *await estate.outbox("unknown")]
        assert (await report(li, "卧室窗户关不上", trade="门窗门锁")) != number
        await estate.close()


@pytest.mark.parametrize(("kind", "webhook"), [("sqlite", True), ("postgresql", False)])
async def test_stopped_with_a_message_in_hand(kind: str, webhook: bool, builder: Builder) -> None:
    """SIGTERM: what has begun is finished and confirmed, and nothing is said twice afterwards."""
    s = await begin(builder, kind, webhook=webhook)
    await to_review(s.li)
    await s.estate.calm()
    s.estate.tg.slow_next("sendMessage", chat=s.li, seconds=1.5)
    await s.li.tap("提交")
    await eventually(s.estate.tickets)
    began = asyncio.get_running_loop().time()
    assert await s.estate.program.stop() in (0, -signal.SIGTERM)
    assert asyncio.get_running_loop().time() - began < 10
    assert s.li.find("收到，谢谢您")
    assert s.estate.tg.mail.empty
    await s.estate.program.start()
    await s.estate.listened_to()
    (ticket,) = await s.estate.tickets()
    await s.shown(ticket.number, "等待接单")
    await s.estate.calm()
    assert len([one for one in s.li.from_bot if "收到，谢谢您" in one.words]) == 1
    assert len(s.cards(ticket.number)) == 1
