"""Staff compare two residents in the chat: whoever may, and nobody else, makes them one or parts them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from handlers.envelopes import Kind
from models import (
    Account,
    Building,
    Card,
    Community,
    Home,
    Merge,
    Outbox,
    Staff,
    StaffRole,
    Ticket,
)
from models.database import Database
from tests.handlers.test_merging import newest, place_in, seen
from tests.world import World, world


async def test_only_who_is_at_the_desk_or_above_may(database: Database) -> None:
    async with world(database) as w:
        pair = f"{w.people['李雷']}-{w.people['韩梅']}"
        await w.report("李雷")
        await w.report("韩梅")
        one, two = [ticket.number for ticket in await w.tickets()]
        for who in ("王师傅", "陈值班"):
            for data in (f"m.twins.{pair}", f"m.merge.{pair}", "m.unmerge.1"):
                await w.hear(w.inbound(who, Kind.TAP, tap=data))
                assert "不在您的项目里" in w.last(who).message.text
            await w.say(who, f"/merge {one} {two}")
            assert "不在您的项目里" in w.last(who).message.text
        await w.hear(w.inbound("李雷", Kind.TAP, tap=f"m.merge.{pair}"))
        assert "不在您的项目里" in w.last("李雷").message.text
        await w.say("李雷", f"/merge {one} {two}")
        assert "合并" not in w.words("李雷").splitlines()[-1]
        for who in ("周经理", "管理员"):
            await w.say(who, f"/merge {one.lower()} {two}")
            assert w.last(who).message.title == "是同一位住户吗？"
            assert "138" not in w.last(who).message.text, "no more of a number than its end"
        async with database.reading() as session:
            assert await session.scalar(select(func.count(Merge.id))) == 0


async def test_a_group_is_no_place_for_it(database: Database) -> None:
    async with world(database) as w:
        pair = f"{w.people['李雷']}-{w.people['韩梅']}"
        receipt = await w.hear(w.inbound("周经理", Kind.TAP, "repair", tap=f"m.merge.{pair}"))
        assert "找不到" in receipt.hint
        assert (await w.say("周经理", f"/merge {pair}", "repair")).replies == ()
        async with database.reading() as session:
            assert await session.scalar(select(func.count(Merge.id))) == 0


async def test_a_resident_with_anything_in_another_community_is_not_theirs(database: Database) -> None:
    async with world(database) as w:
        await _elsewhere(w, "韩梅")
        pair = f"{w.people['李雷']}-{w.people['韩梅']}"
        await w.hear(w.inbound("周经理", Kind.TAP, tap=f"m.merge.{pair}"))
        assert "不在您的项目里" in w.last("周经理").message.text
        async with database.transaction() as session:
            other = (await session.scalars(select(Community.id).where(Community.code == "OTH"))).one()
            boss = (await session.scalars(select(Staff.id).where(Staff.name == "周经理"))).one()
            session.add(StaffRole(staff_id=boss, community_id=other, role="desk"))
        await w.hear(w.inbound("周经理", Kind.TAP, tap=f"m.merge.{pair}"))
        assert w.last("周经理").message.text.startswith("✅ 已合并")


async def _elsewhere(w: World, who: str) -> None:
    async with w.database.transaction() as session:
        place = Community(code="OTH", name="别处", name_en="Elsewhere", settings={})
        session.add(place)
        await session.flush()
        building = Building(community_id=place.id, name="9")
        session.add(building)
        await session.flush()
        home = Home(community_id=place.id, building_id=building.id, name="9-1")
        session.add(home)
        await session.flush()
        session.add(place_in(w.people[who], home.id, w.now, role="owner"))


async def test_a_role_that_was_taken_away_no_longer_undoes(database: Database) -> None:
    async with world(database) as w:
        pair = f"{w.people['李雷']}-{w.people['韩梅']}"
        await w.hear(w.inbound("周经理", Kind.TAP, tap=f"m.merge.{pair}"))
        async with database.transaction() as session:
            await session.execute(update(Staff).where(Staff.name == "周经理").values(left_at=w.now))
        await w.tap("周经理", "撤销合并")
        assert "不在您的项目里" in w.last("周经理").message.text
        await w.hear(w.inbound("管理员", Kind.TAP, tap=f"m.unmerge.{await newest(w)}"))
        assert w.last("管理员").message.text.startswith("已撤销合并")


@pytest.mark.parametrize(
    "data", ["m.merge.1", "m.merge.x-y", "m.merge.-", "m.unmerge.x", "m.unmerge", "m.merge"]
)
async def test_forged_buttons_change_nothing(database: Database, data: str) -> None:
    async with world(database) as w:
        before = await seen(w, "conversation", "inbox")
        await w.hear(w.inbound("周经理", Kind.TAP, tap=data))
        assert "不在您的项目里" in w.last("周经理").message.text
        assert (await seen(w, "conversation", "inbox"))["resident"] == before["resident"]


async def test_a_double_tap_merges_once_and_says_so(database: Database) -> None:
    async with world(database) as w:
        pair = f"{w.people['李雷']}-{w.people['韩梅']}"
        tap = w.inbound("周经理", Kind.TAP, tap=f"m.merge.{pair}")
        first, second = await w.at_once(tap, replace(tap, key="again"))
        said = sorted((first.replies[0].text, second.replies[0].text))
        assert said[0].startswith("✅ 已合并")
        assert "刚刚合并过" in said[1]


async def test_a_resident_who_could_not_be_reached_can_be_now(database: Database) -> None:
    async with world(database) as w:
        ticket = await w.report("韩梅")
        async with database.transaction() as session:
            await session.execute(
                update(Account).where(Account.external_id == "韩梅").values(reachable=False)
            )
            await session.execute(
                update(Ticket).where(Ticket.id == ticket).values(details={**await _details(session, ticket)})
            )
        pair = f"{w.people['李雷']}-{w.people['韩梅']}"
        await w.hear(w.inbound("周经理", Kind.TAP, tap=f"m.merge.{pair}"))
        async with database.reading() as session:
            assert "unreachable" not in (await session.get_one(Ticket, ticket)).details
            drawn = await session.scalar(select(func.count(Outbox.id)).join(Card, Card.id == Outbox.card_id))
        assert drawn
        assert "李**" in w.last("repair").message.text


async def _details(session: AsyncSession, ticket: int) -> dict[str, Any]:
    return {**(await session.get_one(Ticket, ticket)).details, "unreachable": "blocked"}
