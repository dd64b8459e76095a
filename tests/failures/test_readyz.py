"""How the program is: what waits, how long, what was given up, and whether the clock still ticks."""

from __future__ import annotations

import aiohttp

from tests.estate import Estate
from tests.failures.conftest import Builder, mostly
from tests.failures.shift import begin
from tests.premises import WAIT, eventually
from tests.repairing import report


@mostly("sqlite")
async def test_37_readyz_shows_how_far_behind_it_is(kind: str, builder: Builder) -> None:
    s = await begin(builder, kind)
    await s.estate.calm()
    calm = await s.estate.program.ready()
    assert calm["status"] == "ready"
    assert (calm["dead_letters"], calm["inbox_lag"], calm["outbox_lag"]) == (0, 0.0, 0.0)
    assert calm["heartbeat"] < 3

    s.estate.tg.fail_next("sendMessage", chat=s.group, error=500, times=None)
    await report(s.li)
    await eventually(lambda: _shows(s.estate, "outbox", {"pending": 1}))
    s.estate.tg.slow_next("sendMessage", chat=s.li, seconds=2.0)
    await s.li.send("我的工单")
    await eventually(lambda: _above(s.estate, "inbox_lag", 0.5))
    await eventually(lambda: _above(s.estate, "outbox_lag", 0.3))
    s.estate.tg.heal()
    await s.estate.calm(40)

    await s.estate.poison("conversation", "draft", "arsenic")
    s.estate.forgiven.add("message_failed")
    await s.li.send("arsenic")
    await s.li.wait_for("很抱歉", WAIT)
    assert (await s.estate.program.ready())["dead_letters"] == 1
    figures = await _metrics(s.estate)
    assert 'wubu_messages_total{channel="telegram",outcome="failed"} 3.0' in figures
    assert "wubu_dead_letters 1.0" in figures
    assert 'wubu_lag_seconds{queue="tick"}' in figures
    for secret in s.estate.secrets:
        assert secret not in figures


async def _figure(estate: Estate, name: str) -> float:
    return float((await estate.program.readyz())[1][name])


async def _shows(estate: Estate, name: str, wanted: object) -> bool:
    return bool((await estate.program.readyz())[1][name] == wanted)


async def _above(estate: Estate, name: str, least: float) -> bool:
    return await _figure(estate, name) > least


async def _metrics(estate: Estate) -> str:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{estate.program.url}/metrics") as response,
    ):
        assert response.status == 200
        return await response.text()
