"""The demo community: 湖畔花园 Lakeside Garden with its homes, neighbours, staff, groups and shifts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from handlers.demo import life, people, week
from handlers.desk import Desk, Work
from models.base import add_once
from models.community import Building, Community, Home
from models.group import Group

CODE = "HPY"
ZONE = "Asia/Shanghai"
FLOORS = range(3, 13)
SETTINGS = {
    "hours": [["08:00", "20:00"]],
    "quiet": ["21:30", "08:30"],
    "hotline": "400-000-1234",
    "promises": {
        "repair": {"respond": 15, "resolve": 24 * 60},
        "repair.urgent": {"respond": 20, "resolve": 4 * 60},
    },
}
GROUPS = {
    "repair": "湖畔花园 · 维修群",
    "care": "湖畔花园 · 客户关怀群",
    "renovation": "湖畔花园 · 装修群",
    "gate": "湖畔花园 · 门岗群",
    "managers": "湖畔花园 · 管理群",
}


async def seed(session: AsyncSession, now: datetime, desk: Desk | None = None) -> bool:
    """Make the demo community unless it is there, and the shifts of the coming week; says if it is new.

    What was changed since, by people who played with it, stays as it is. With a desk that can tell them,
    a new community comes with two tickets from the days before.
    """
    fresh = await add_once(
        session,
        Community,
        "code",
        code=CODE,
        name="湖畔花园",
        name_en="Lakeside Garden",
        timezone=ZONE,
        settings=SETTINGS,
    )
    same = select(Community).where(Community.code == CODE)
    community = (await session.scalars(same.with_for_update())).one()
    if fresh:
        homes = await _build(session, community.id)
        await people.move_in(session, homes, now)
        await people.hire(session, community.id)
        session.add_all(_groups(community.id))
    await week.fill(session, community, now)
    if fresh and desk is not None:
        await life.live(Work(desk, session, now), community)
    return fresh


async def _build(session: AsyncSession, community: int) -> dict[str, int]:
    """Three buildings, ten floors in each, two homes on a floor: 1-301 to 3-1202."""
    buildings = [Building(community_id=community, name=f"{number}号楼") for number in (1, 2, 3)]
    session.add_all(buildings)
    await session.flush()
    homes = [
        Home(community_id=community, building_id=building.id, name=f"{number}-{floor}{door:02d}")
        for number, building in enumerate(buildings, 1)
        for floor in FLOORS
        for door in (1, 2)
    ]
    session.add_all(homes)
    await session.flush()
    return {home.name: home.id for home in homes}


def _groups(community: int) -> Iterator[Group]:
    for purpose, title in GROUPS.items():
        yield Group(
            community_id=community,
            purpose=purpose,
            channel=people.WEB,
            bot=people.WEB,
            chat=f"{purpose}@{CODE}",
            title=title,
        )
