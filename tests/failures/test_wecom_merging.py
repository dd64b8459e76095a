"""The front desk makes two records of one person one, in the app's chat, and parts them again."""

from __future__ import annotations

from tests.failures.conftest import mostly
from tests.failures.quarters import Quarters, asked, hired, moved_in, report, said
from tests.premises import WAIT


@mostly("postgresql")
async def test_34_two_records_become_one_and_part_again(kind: str, quarters: Quarters) -> None:
    w = await quarters.watch(kind)
    lin = await hired(w.quarter, "lin", "林晓", "desk")
    han = await moved_in(w.quarter, "韩梅")
    first, second = await report(w.li), await report(han, "窗户坏了")
    await w.wang.say(f"/merge {first} {second}").settled()
    assert not w.wang.find("是同一位住户吗")

    await lin.say(f"/merge {first} {second}").settled()
    await lin.wait_for("是同一位住户吗", WAIT)
    await lin.say("合并").settled()
    done = await lin.wait_for("已合并", WAIT)
    owners = [ticket.resident_id for ticket in await w.quarter.tickets()]
    assert owners[0] == owners[1]
    mine = await said(w.li, "我的工单")
    assert first in mine.text
    assert second in mine.text

    await lin.say("撤销合并").settled()
    await lin.wait_for("已撤销合并", WAIT, after=done)
    owners = [ticket.resident_id for ticket in await w.quarter.tickets()]
    assert owners[0] != owners[1]
    assert second not in (await asked(w.li, "我的工单", first)).text
    await w.accept(second)
    await han.wait_for("王建国已接单", WAIT)
    await w.quarter.calm()
    assert not w.li.find("王建国")
