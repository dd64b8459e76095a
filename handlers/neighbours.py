"""Who lives above, below and beside a home, to be told when it becomes loud there."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.community import Home
from models.resident import Membership

Step: TypeAlias = tuple[int, str]
"""A floor or a door on it, in their order: 12, 12A (what some call the thirteenth), 13."""

_FLOOR, _DOOR = r"(?P<floor>\d{1,2})(?P<half>[A-Z]?)", r"(?P<door>\d{2}(?P<part>[A-Z]?)|[A-Z])"
_TOGETHER = re.compile(rf"(?P<stair>|.*[^\dA-Z]){_FLOOR}{_DOOR}")
_APART = re.compile(rf"(?P<stair>.*[^\dA-Z]){_FLOOR}-{_DOOR}")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a home lies: its staircase, its floor, its door on that floor."""

    stair: str
    floor: Step
    door: Step


async def of(session: AsyncSession, home: Home, now: datetime) -> Sequence[int]:
    """The residents who live around a home now, as far as the homes' names tell."""
    around = await _around(session, home)
    lives = Membership.since <= now, or_(Membership.until.is_(None), Membership.until > now)
    query = select(Membership.resident_id).where(Membership.home_id.in_(around), *lives).distinct()
    at_home = select(Membership.resident_id).where(Membership.home_id == home.id, *lives)
    query = query.where(Membership.resident_id.not_in(at_home))
    return (await session.scalars(query.order_by(Membership.resident_id))).all()


async def _around(session: AsyncSession, home: Home) -> Sequence[int]:
    inside = await session.scalars(select(Home).where(Home.building_id == home.building_id))
    homes = {one.name: one.id for one in inside}
    return [homes[name] for name in around(home.name, homes)]


def around(home: str, names: Iterable[str]) -> tuple[str, ...]:
    """Of a building's homes those above, below and beside one; none where its name says nothing."""
    here = place(home)
    if here is None:
        return ()
    places = {name: at for name in names if (at := place(name)) is not None and at.stair == here.stair}
    floors = _next_to(here.floor, {at.floor for at in places.values()})
    doors = _next_to(here.door, {at.door for at in places.values() if at.floor == here.floor})
    return tuple(
        name
        for name, at in sorted(places.items())
        if (at.floor in floors and at.door == here.door) or (at.floor == here.floor and at.door in doors)
    )


def place(name: str) -> Place | None:
    """What a home's name says: `3-1201`, `3-2-1201`, `1201`, `3-12A01`, `3-12A`, `3-1201A`, `3-12-01`."""
    said = name.strip().upper()
    found = _TOGETHER.fullmatch(said) or _APART.fullmatch(said)
    if found is None:
        return None
    door, part = found["door"], found["part"] or ""
    number = ord(door) - ord("A") + 1 if door.isalpha() else int(door.removesuffix(part))
    return Place(found["stair"], (int(found["floor"]), found["half"]), (number, part))


def _next_to(here: Step, steps: Collection[Step]) -> frozenset[Step]:
    """The next ones on either side, if nothing lies between but numbers that are left out."""
    found = (_nearest(steps, lambda one: one < here, max), _nearest(steps, lambda one: one > here, min))
    return frozenset(one for one in found if one is not None and _adjoin(*sorted((one, here))))


def _nearest(
    steps: Collection[Step], beyond: Callable[[Step], bool], pick: Callable[[Iterable[Step]], Step]
) -> Step | None:
    there = [one for one in steps if beyond(one)]
    return pick(there) if there else None


def _adjoin(lower: Step, upper: Step) -> bool:
    """Whether one follows the other: 12A stands in for 13, and many a house has no 4, 13 or 14."""
    stands_in = ord(lower[1]) - ord("A") + 1 if lower[1] else 0
    between = range(lower[0] + 1 + stands_in, upper[0])
    return all(number == 13 or "4" in str(number) for number in between)
