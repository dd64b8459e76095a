"""A pass of WeChat or WeCom ends while something is sent: it is renewed once for all, and nothing doubled."""

from __future__ import annotations

import asyncio

from tests.emulators.tencent_clock import HOUR
from tests.failures.conftest import mostly
from tests.failures.quarters import Quarters, Watch, in_state, moved_in, report
from tests.premises import WAIT
from tests.program import Program

SEND = "message/custom/send"


@mostly("postgresql")
async def test_tokens_end_in_the_middle_of_sending(kind: str, quarters: Quarters) -> None:
    w = await quarters.watch(kind, programs=2)
    wechat, wecom = w.quarter.wechat, w.quarter.wecom
    people = {await report(one): one for one in (w.li, await moved_in(w.quarter, "韩梅"))}
    await w.quarter.calm()
    assert _fetched(w) == (1, 1), "both processes go by the same pass"

    wechat.supersede_token()
    wecom.expire_token()
    await asyncio.gather(*(w.do(number, "accept") for number in people))
    for person in people.values():
        await person.wait_for("王建国已接单", WAIT)
    for number in people:
        await w.wang.wait_for_card(number, WAIT)
    await w.quarter.calm()
    assert _fetched(w) == (2, 2)
    assert len([card for card in w.wang.cards if card.row("住户")]) == len(people)

    wechat.advance(3 * HOUR)
    wecom.forget_token()
    await asyncio.gather(*(w.do(number, "depart") for number in people))
    for person in people.values():
        await person.wait_for("王建国已出发", WAIT)
    await w.quarter.calm()
    assert _fetched(w) == (3, 3)
    assert {call.errcode for call in wechat.calls_of(SEND)} == {0, 40001, 42001}

    await _leader(w, "sender:wechat").stop()
    await w.quarter.listened_to()
    await asyncio.gather(*(w.do(number, "arrive") for number in people))
    for person in people.values():
        await person.wait_for("王建国已到场", WAIT)
        for told in ("已接单", "已出发", "已到场"):
            assert len([one for one in person.received if f"王建国{told}" in one.text]) == 1
    await w.quarter.calm()
    assert _fetched(w) == (3, 3), "who takes over goes on with the same pass"


@mostly("sqlite")
async def test_no_token_is_good_enough(kind: str, quarters: Quarters) -> None:
    """A vendor that refuses whatever it gives is not asked for ever, and nothing is lost meanwhile."""
    w = await quarters.watch(kind)
    w.quarter.forgiven.add("access_token_refused")
    number = await report(w.li)
    w.quarter.wechat.fail_next(SEND, errcode=40001, times=None)
    await w.do(number, "accept")
    await w.quarter.wechat.called(SEND, times=3, timeout=WAIT)
    forced = [call for call in w.quarter.wechat.calls_of("stable_token") if call.body["force_refresh"]]
    assert len(forced) == 1
    assert len(w.quarter.wechat.calls_of("stable_token")) <= 4
    assert len(await in_state(w.quarter, "pending", w.li)) == 1


def _fetched(w: Watch) -> tuple[int, int]:
    """How often either vendor was asked for a pass."""
    return len(w.quarter.wechat.calls_of("stable_token")), len(w.quarter.wecom.calls_of("gettoken"))


def _leader(w: Watch, name: str) -> Program:
    """The process that sends there."""
    return next(
        program
        for program in w.quarter.programs
        if any(event["sender"].startswith(name) for event in program.said("sender_leads"))
    )
