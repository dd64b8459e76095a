"""Who answers for a home: the assistant of its building while on duty, else whoever is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import select

from flows.engine.lifecycle import Audience
from handlers import notices
from handlers.cards import sheets
from handlers.desk import Work
from handlers.roster import assistant_at, assistants
from models import Building, Community, Home, Shift, Staff, StaffRole, Ticket
from models.database import Database
from tests.world import World, world


@pytest.fixture
async def w(database: Database) -> World:
    """王芳 is the assistant of building 3; 刘芳 is an assistant, too."""
    async with world(database) as made:
        await made.assistant("王芳")
        await made.assistant("刘芳")
        async with database.transaction() as session:
            building = (await session.scalars(select(Building).where(Building.name == "3"))).one()
            building.assistant_id = made.people["王芳"]
        return made


async def on_shift(w: World, name: str) -> None:
    async with w.database.transaction() as session:
        community = (await session.scalars(select(Community.id))).one()
        session.add(
            Shift(
                community_id=community,
                staff_id=w.people[name],
                role="assistant",
                starts_at=w.now,
                ends_at=w.now + timedelta(hours=8),
            )
        )


async def answering(w: World, building: str = "3") -> Sequence[str]:
    async with w.database.reading() as session:
        query = select(Home).join(Building, Building.id == Home.building_id).where(Building.name == building)
        home = (await session.scalars(query.limit(1))).one()
        return [one.name for one in await assistants(session, home, w.now)]


async def test_the_assistant_of_the_building_comes_first(w: World) -> None:
    assert await answering(w) == ["王芳"]


async def test_off_duty_another_assistant_stands_in(w: World) -> None:
    await on_shift(w, "刘芳")
    assert await answering(w) == ["刘芳"]


async def test_with_both_on_duty_it_is_still_the_building_s_own(w: World) -> None:
    await on_shift(w, "刘芳")
    await on_shift(w, "王芳")
    assert await answering(w) == ["王芳"]


async def test_who_has_left_answers_for_nothing(w: World) -> None:
    async with w.database.transaction() as session:
        (await session.get_one(Staff, w.people["王芳"])).left_at = w.now
    assert await answering(w) == ["刘芳"]


async def test_without_any_assistant_the_lead_is_called(w: World) -> None:
    async with w.database.transaction() as session:
        for one in await session.scalars(select(StaffRole).where(StaffRole.role == "assistant")):
            await session.delete(one)
    assert await answering(w) == ["陈值班"]


async def test_words_without_a_group_reach_the_one_who_answers(w: World) -> None:
    await w.say("李雷", "找客户助理")
    await w.say("李雷", "车位费多少钱一个月？")
    async with w.database.transaction() as session:
        ticket = (await session.scalars(select(Ticket))).one()
        shown = await sheets.of(session, ticket)
        work = Work(w.desk, session, w.now)
        await notices.audience(work, shown, Audience.ASSISTANT, "relay.no_group", words="车位费")
    await w.deliver()
    assert "车位费" in w.words("王芳")
    assert not w.chats.get("刘芳")


async def test_the_promise_names_who_will_answer(w: World) -> None:
    await w.say("李雷", "找客户助理")
    await w.say("李雷", "车位费多少钱一个月？")
    assert "您的客户助理王芳" in w.words("李雷")


async def test_several_who_may_answer_are_not_named(w: World) -> None:
    async with w.database.transaction() as session:
        (await session.scalars(select(Building).where(Building.name == "3"))).one().assistant_id = None
        home = (await session.scalars(select(Home).where(Home.name == "3-1201"))).one()
        await session.flush()
        assert await assistant_at(session, home, w.now, "zh_CN") == ""
