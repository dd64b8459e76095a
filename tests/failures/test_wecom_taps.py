"""Forged taps on cards and menus: whoever may not do it reads so, it is written down, and nothing moves."""

from __future__ import annotations

from sqlalchemy import select

from models import Building, Community, Home, TicketEvent
from tests.emulators.wechat import Outcome
from tests.failures.conftest import mostly
from tests.failures.quarters import Quarters, Watch, forged, hired, moved_in, report
from tests.premises import WAIT
from tests.quarter import Quarter

NOT_YOURS = "这一步不由您来办"
DEEDS = ("accept", "show", "card", "cancel", "finish", "rate.5")
NONSENSE = ("t.{}.explode", "t.{}..", "t.{}.rate.9", "t.999999.accept", "t.-1.accept", "t.", "a.1.x.y", "🙂")


@mostly("postgresql")
async def test_29_taps_of_strangers_and_of_other_communities(kind: str, quarters: Quarters) -> None:
    w = await quarters.watch(kind)
    await _another_community(w.quarter)
    qian = await hired(w.quarter, "qian", "钱多多", "technician", "manager", community="XYZ")
    stranger = w.quarter.wecom.member("lu", "路人甲")
    number = await report(w.li)
    ticket = await w.ticket(number)
    for person in (qian, stranger):
        for deed in DEEDS:
            await forged(person, f"t.{ticket.id}.{deed}")
    for data in NONSENSE:
        await forged(w.wang, data.format(ticket.id))
    await w.quarter.calm()
    for person in (qian, stranger):
        assert person.transcript().count(NOT_YOURS) == len(DEEDS)
        assert number not in person.transcript()
    assert not w.wang.find(number)
    await _nothing_moved(w, number, refused=2 * len(DEEDS))


@mostly("sqlite")
async def test_29_a_tap_on_the_card_of_somebody_else(kind: str, quarters: Quarters) -> None:
    """Who knows the id of a card can neither act by it nor take away its owner's right to change it."""
    w = await quarters.watch(kind)
    zhao = await hired(w.quarter, "zhao", "赵一鸣", "technician")
    number = await report(w.li)
    await w.accept(number)
    mine = await w.wang.wait_for_card(number, WAIT)
    for code in ("", "rc", "c" * 3000):
        await forged(zhao, f"t.{(await w.ticket(number)).id}.depart", task=mine.task_id, ResponseCode=code)
    assert (await w.ticket(number)).state == "accepted"
    assert zhao.find("王建国") or zhao.find(NOT_YOURS)
    assert "李雷" not in zhao.transcript()
    await w.wang.tap("出发").settled()
    await w.wang.wait_for(lambda one: one.card and "正在路上" in one.words, WAIT)
    assert len([card for card in w.wang.cards if number in card.words]) == 1


@mostly("sqlite")
async def test_29_menu_keys_and_menu_ids_of_ones_own_making(kind: str, quarters: Quarters) -> None:
    """What residents tap is believed no more than what they type."""
    w = await quarters.watch(kind)
    han = await moved_in(w.quarter, "韩梅")
    lu = w.quarter.wechat.person("路人甲")
    lu.me.following = True
    number = await report(w.li)
    ticket = await w.ticket(number)
    for person in (han, lu):
        for deed in DEEDS:
            push = await person.cause("CLICK", EventKey=f"t.{ticket.id}.{deed}")
            assert (await push.settled()).outcome is Outcome.ANSWERED
            assert NOT_YOURS in person.last.text
            assert number not in person.transcript()
    for data in (*NONSENSE, "x" * 128, "x" * 5000, "m.staff", "/staff ABCD1234EF"):
        await (await han.cause("CLICK", EventKey=data.format(ticket.id))).settled()
    for said in (f"t.{ticket.id}.cancel", "取消", "1", "/erase"):
        for menu in ("1", "0", f"t.{ticket.id}.cancel", "x" * 3000):
            await (await han.send("text", Content=said, bizmsgmenuid=menu)).settled()
    await w.quarter.calm()
    assert not han.notices
    assert number not in han.transcript()
    await _nothing_moved(w, number, refused=2 * len(DEEDS))


async def _nothing_moved(w: Watch, number: str, *, refused: int) -> None:
    ticket = await w.ticket(number)
    assert (ticket.state, ticket.assignee_id, ticket.rating) == ("new", None, None)
    noted = select(TicketEvent.actor).where(TicketEvent.action == "refused")
    assert len(await w.quarter.rows(noted)) >= refused
    cards = [one for one in w.robot.group.messages if number in one.words]
    assert len(cards) == 1


async def _another_community(quarter: Quarter) -> None:
    async with quarter.database.transaction() as session:
        place = Community(code="XYZ", name="别处", name_en="Elsewhere", settings={})
        session.add(place)
        await session.flush()
        building = Building(community_id=place.id, name="1号楼")
        session.add(building)
        await session.flush()
        session.add(Home(community_id=place.id, building_id=building.id, name="1-101"))
