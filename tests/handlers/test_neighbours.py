"""Who is told of works next door: those above, below and beside, whatever the house calls its homes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from handlers import neighbours
from handlers.neighbours import around
from models import Building, Home, Membership, Resident
from models.database import Database
from tests.world import World, world


@pytest.mark.parametrize(
    ("home", "names", "found"),
    [
        ("3-1201", "3-1301 3-1101 3-1202 3-1200 3-1203 3-1302 3-1401", "3-1101 3-1200 3-1202 3-1301"),
        ("3-301", "3-201 3-401 3-302 3-303 3-1301", "3-201 3-302 3-401"),
        ("3-101", "3-201 3-102 3-1201", "3-102 3-201"),
        ("1201", "1101 1301 1202 1102", "1101 1202 1301"),
        ("3-2-1201", "3-2-1301 3-2-1202 3-1-1202 3-1-1301 3-3-1201", "3-2-1202 3-2-1301"),
        ("3-1201", "3-12A01 3-1301 3-1101", "3-1101 3-12A01"),
        ("3-12A01", "3-1201 3-12A02 3-1401 3-1501", "3-1201 3-12A02 3-1401"),
        ("3-12B01", "3-12A01 3-1501 3-1601", "3-12A01 3-1501"),
        ("3-12A", "3-11A 3-13A 3-12B 3-12C 3-13B", "3-11A 3-12B 3-13A"),
        ("3-1201A", "3-1201B 3-1202A 3-1301A 3-1301", "3-1201B 3-1301A"),
        ("3-12-01", "3-12-02 3-13-01 3-11-01 3-13-02", "3-11-01 3-12-02 3-13-01"),
        ("3-301", "3-501 3-201", "3-201 3-501"),
        ("3-1201", "3-1601 3-901 3-1205", ""),
        ("3-1203", "3-1205 3-1202", "3-1202 3-1205"),
        ("Villa", "Villa 2 3-1201", ""),
        ("3-1201", "Villa 3-x 3- 三单元1301", ""),
    ],
)
def test_names_tell_who_lives_around(home: str, names: str, found: str) -> None:
    assert " ".join(around(home, [home, *names.split(" ")])) == found


def test_to_be_next_to_each_other_is_mutual() -> None:
    names = [
        f"3-{floor}{door:02}" for floor in (*range(1, 13), "12A", *range(15, 20)) for door in range(1, 6)
    ]
    pairs = {(one, other) for one in names for other in around(one, names)}
    assert len(pairs) > 200
    assert {(other, one) for one, other in pairs} == pairs
    assert all(one != other for one, other in pairs)


async def _moves_in(w: World, home: str, *people: str, building: str = "3") -> None:
    """People who are new to us, or known already, belong to a home from now on."""
    async with w.database.transaction() as session:
        first = (await session.scalars(select(Home).order_by(Home.id).limit(1))).one()
        house = await session.scalar(select(Building).where(Building.name == building))
        if house is None:
            house = Building(community_id=first.community_id, name=building)
            session.add(house)
            await session.flush()
        place = await session.scalar(select(Home).where(Home.name == home))
        if place is None:
            place = Home(community_id=first.community_id, building_id=house.id, name=home)
            session.add(place)
            await session.flush()
        for name in people:
            if name not in w.people:
                person = Resident(name=name, created_at=w.now, settings={})
                session.add(person)
                await session.flush()
                w.people[name] = person.id
            session.add(
                Membership(
                    resident_id=w.people[name],
                    home_id=place.id,
                    role="tenant",
                    since=w.now,
                    verified_by="desk",
                )
            )


async def _around(w: World, home: str) -> set[str]:
    async with w.database.reading() as session:
        place = (await session.scalars(select(Home).where(Home.name == home))).one()
        found = await neighbours.of(session, place, w.now)
    names = {number: name for name, number in w.people.items() if name not in w.staff}
    assert len(found) == len(set(found)), "nobody is told twice"
    return {names[one] for one in found}


async def test_everybody_who_lives_around_now_is_found_once(database: Database) -> None:
    async with world(database) as w:
        await _moves_in(w, "3-1301", "楼上甲", "楼上乙")
        await _moves_in(w, "3-1101", "楼下")
        await _moves_in(w, "3-1001", "更下")
        await _moves_in(w, "5-1301", "别栋", building="5")
        assert await _around(w, "3-1201") == {"韩梅", "楼上甲", "楼上乙", "楼下"}
        await _moves_in(w, "3-1301", "楼下")
        assert await _around(w, "3-1201") == {"韩梅", "楼上甲", "楼上乙", "楼下"}


async def test_who_has_moved_out_or_lives_in_both_is_not_told(database: Database) -> None:
    async with world(database) as w:
        await _moves_in(w, "3-1202", "李雷")
        await _moves_in(w, "3-1301", "楼上")
        assert await _around(w, "3-1201") == {"韩梅", "楼上"}
        async with database.transaction() as session:
            await session.execute(
                update(Membership)
                .where(Membership.resident_id == w.people["楼上"])
                .values(until=w.now + timedelta(days=1))
            )
        assert await _around(w, "3-1201") == {"韩梅", "楼上"}
        w.now += timedelta(days=1)
        assert await _around(w, "3-1201") == {"韩梅"}
