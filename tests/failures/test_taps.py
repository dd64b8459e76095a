"""A button is pressed twice, by two at once, too late, by nobody who may, or under a card that is gone."""

from __future__ import annotations

import asyncio

from sqlalchemy import select

from models import Building, Community, Home, TicketEvent
from tests.estate import Estate
from tests.failures.conftest import Builder, mostly
from tests.failures.shift import begin
from tests.premises import WAIT, eventually
from tests.repairing import report, to_review

PATH = "/telegram/webhook"


@mostly("postgresql")
async def test_26_a_double_tap(kind: str, builder: Builder) -> None:
    s = await begin(builder, kind, programs=2)
    review = await to_review(s.li)
    with s.estate.tg.held("callback_query"):
        await s.li.tap("提交", review)
        await s.li.tap("提交", review)
        await _deliver_to_both(s.estate)
    await s.li.wait_for("收到，谢谢您", WAIT)
    await s.estate.calm()
    (ticket,) = await s.estate.tickets()
    assert len(s.cards(ticket.number)) == 1


@mostly("postgresql")
async def test_26_two_technicians_accept_in_the_same_instant(kind: str, builder: Builder) -> None:
    s = await begin(builder, kind, programs=2)
    zhao = await s.estate.colleague("赵一鸣", "technician")
    names = {s.wang: "王建国", zhao: "赵一鸣"}
    for repair in range(2):
        number = await report(s.li, f"第{repair}把门锁坏了", trade="门窗门锁")
        card = await s.shown(number, "等待接单")
        with s.estate.tg.held("callback_query"):
            taps = [await person.tap("接单", card, chat=s.group) for person in (s.wang, zhao)]
            await _deliver_to_both(s.estate)
        said = [(await tap.answered(WAIT)).text or "" for tap in taps]
        ticket = next(one for one in await s.estate.tickets() if one.number == number)
        assert ticket.state == "accepted"
        shown = await s.shown(number, "已接单")
        winner = next(name for name in names.values() if name in shown.words)
        loser = next(at for at, text in enumerate(said) if "慢了一步" in text)
        assert winner in said[loser]
        assert "已接单" in said[1 - loser]
        moves = select(TicketEvent.id).where(
            TicketEvent.ticket_id == ticket.id, TicketEvent.action == "accept"
        )
        assert len(await s.estate.rows(moves)) == 1
        await s.estate.tg.idle()


async def _deliver_to_both(estate: Estate) -> None:
    """The last two updates at once, one to each process."""
    one, two = estate.programs
    first, second = estate.tg.updates[-2:]
    both = [estate.tg.deliver(first, url=one.url + PATH), estate.tg.deliver(second, url=two.url + PATH)]
    assert await asyncio.gather(*both) == [200, 200]


@mostly("sqlite")
async def test_27_a_tap_on_a_stale_card(kind: str, builder: Builder) -> None:
    """The card was never brought up to date; whoever taps it is told why, and then it is."""
    s = await begin(builder, kind)
    zhao = await s.estate.colleague("赵一鸣", "technician")
    number = await report(s.li)
    card = await s.shown(number, "等待接单")
    s.estate.tg.fail_next("editMessageText", chat=s.group, error=400, description="Bad Request: NOT_TODAY")
    await s.do("接单")
    await eventually(lambda: s.estate.outbox("failed"))
    assert "等待接单" in card.words
    for _ in range(2):
        tap = await zhao.tap("接单", card, chat=s.group)
        told = (await tap.answered(WAIT)).text or ""
        assert "慢了一步" in told
        assert "王建国" in told
    await s.shown(number, "已接单")
    assert "接单" not in card.labels
    assert len(s.cards(number)) == 1
    late = await s.wang.tap("接单", card, chat=s.group)
    assert (await late.answered(WAIT)).text == "这张工单已经是您的了。"


@mostly("postgresql")
async def test_28_not_modified_and_deleted(kind: str, builder: Builder) -> None:
    s = await begin(builder, kind)
    number = await report(s.li)
    card = await s.shown(number, "等待接单")
    same = "Bad Request: message is not modified: specified new message content is exactly the same"
    s.estate.tg.fail_next("editMessageText", chat=s.group, error=400, description=same)
    await s.do("接单")
    await s.li.wait_for("王建国已接单", WAIT)
    await s.estate.calm()
    assert not await s.estate.outbox("failed")
    assert len(s.cards(number)) == 1

    await s.xu.delete(card, chat=s.group)
    gone = await s.wang.tap("出发", card, chat=s.group, forged=False) if card.button("出发") else None
    if gone is None:
        (ticket,) = await s.estate.tickets()
        await s.wang.tap(f"t.{ticket.id}.depart", card, chat=s.group, forged=True)
    anew = await s.shown(number, "正在路上")
    assert anew.id != card.id
    await s.do("到了")
    await s.shown(number, "正在维修")
    assert len(s.cards(number)) == 1
    (held,) = await s.estate.cards()
    assert held.message == str(anew.id)


@mostly("sqlite")
async def test_29_forged_data_strangers_and_other_communities(kind: str, builder: Builder) -> None:
    s = await begin(builder, kind)
    await _another_community(s.estate)
    code = await s.estate.command("staff", "add", "钱多多", "--community", "XYZ", "--role", "technician")
    qian = s.estate.somebody("钱多多")
    await qian.send(f"/staff {code}")
    await qian.wait_for("员工账号已关联", WAIT)
    stranger, neighbour = s.estate.somebody("路人甲"), await s.estate.resident("韩梅")
    number = await report(s.li)
    card = await s.shown(number, "等待接单")
    (ticket,) = await s.estate.tickets()

    for person in (stranger, qian, neighbour, s.li):
        tap = await person.tap("接单", card, chat=s.group)
        assert (await tap.answered(WAIT)).text == "这一步不由您来办。"
    for person in (stranger, qian, neighbour):
        for forged in ("show", "card", "cancel", "finish", "rate.5"):
            tap = await person.tap(f"t.{ticket.id}.{forged}", card, chat=s.group, forged=True)
            assert (await tap.answered(WAIT)).text == "这一步不由您来办。"
    for forged in (
        f"t.{ticket.id}.explode",
        "t.999999.accept",
        "t.-1.accept",
        "a.1.x.y",
        "🙂",
        "t..",
        "c.9.submit",
    ):
        tap = await s.wang.tap(forged, card, chat=s.group, forged=True)
        assert (await tap.answered(WAIT)).text
    await s.estate.calm()
    (after,) = await s.estate.tickets()
    assert (after.state, after.assignee_id) == ("new", None)
    refused = await s.estate.rows(select(TicketEvent.actor).where(TicketEvent.action == "refused"))
    assert len(refused) >= 4 + 3 * 5
    for person in (stranger, qian, neighbour):
        assert number not in person.transcript()
    assert "李雷" not in s.group.transcript()


async def _another_community(estate: Estate) -> None:
    async with estate.database.transaction() as session:
        place = Community(code="XYZ", name="别处", name_en="Elsewhere", settings={})
        session.add(place)
        await session.flush()
        building = Building(community_id=place.id, name="1号楼")
        session.add(building)
        await session.flush()
        session.add(Home(community_id=place.id, building_id=building.id, name="1-101"))
