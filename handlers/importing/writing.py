"""A plan is written down, each table in as few statements as there can be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncSession

from handlers.importing.plan import Named, Person, Plan
from models.base import Base
from models.community import Building, Community, Home
from models.resident import ChangeLog, Membership, Phone, Resident
from models.staff import Shift, Staff, StaffRole

Rows: TypeAlias = Sequence[dict[str, Any]]


async def write(session: AsyncSession, plan: Plan, source: str) -> None:
    """Everything new and everything changed; `source` is what the file is called."""
    codes = await _places(session, plan)
    homes = await _homes(session, plan, codes)
    await _people(session, plan, homes, source)
    await _staff(session, plan, codes)
    await _assistants(session, plan)
    await _duties(session, plan, codes)


async def _places(session: AsyncSession, plan: Plan) -> dict[str, int]:
    """Id by code."""
    places = plan.places.values()
    values = ("code", "name", "name_en", "timezone", "settings")
    new = [place for place in places if place.id is None]
    rows = [{name: getattr(place, name) for name in values} for place in new]
    for place, number in zip(new, await _insert(session, Community, rows), strict=True):
        place.id = number
    changed = [
        {"id": place.id} | {name: getattr(place, name) for name in values}
        for place in places
        if place.changed
    ]
    await _update(session, Community, changed)
    return {place.code: place.id for place in places if place.id is not None}


async def _homes(session: AsyncSession, plan: Plan, codes: dict[str, int]) -> dict[Named, int]:
    """Id by community and name; the buildings come first."""
    buildings = [named for named, number in plan.buildings.items() if number is None]
    rows: Rows = [{"community_id": codes[code], "name": name} for code, name in buildings]
    numbers = await _insert(session, Building, rows)
    standing = {named: number for named, number in plan.buildings.items() if number is not None}
    standing |= dict(zip(buildings, numbers, strict=True))
    plan.buildings.update(standing)
    new = [named for named, door in plan.homes.items() if door.id is None]
    rows = [
        {
            "community_id": codes[code],
            "building_id": standing[code, plan.homes[code, name].building],
            "name": name,
        }
        for code, name in new
    ]
    for named, number in zip(new, await _insert(session, Home, rows), strict=True):
        plan.homes[named].id = number
    moved = [
        {"id": door.id, "building_id": standing[code, door.building]}
        for (code, _), door in plan.homes.items()
        if door.changed
    ]
    await _update(session, Home, moved)
    return {named: door.id for named, door in plan.homes.items() if door.id is not None}


# --- residents


async def _people(session: AsyncSession, plan: Plan, homes: dict[Named, int], source: str) -> None:
    people = [person for person in plan.people if person.row is not None]
    new = [person for person in people if person.id is None]
    changed = [person for person in people if person.id is not None and person.changed]
    rows: Rows = [
        {"name": person.name, "locale": person.locale, "created_at": plan.now, "settings": {}}
        for person in new
    ]
    for person, number in zip(new, await _insert(session, Resident, rows), strict=True):
        person.id = number
    await _update(
        session, Resident, [{"id": one.id, "name": one.name, "locale": one.locale} for one in changed]
    )
    await _phones(session, [person for person in people if person.redialled])
    await _lives(session, people, homes)
    await _add(session, ChangeLog, list(_log(plan, people, source)))


async def _phones(session: AsyncSession, people: Sequence[Person]) -> None:
    ranked = [(person, rank, phone) for person in people for rank, phone in enumerate(person.phones)]
    new = [
        {"resident_id": person.id, "number": phone.number, "rank": rank}
        for person, rank, phone in ranked
        if phone.id is None
    ]
    moved = [{"id": phone.id, "rank": rank} for _, rank, phone in ranked if phone.id and phone.rank != rank]
    await _add(session, Phone, new)
    await _update(session, Phone, moved)


async def _lives(session: AsyncSession, people: Sequence[Person], homes: dict[Named, int]) -> None:
    lives = [(person, home, living) for person in people for home, living in person.lives.items()]
    new = [
        {
            "resident_id": person.id,
            "home_id": homes[home],
            "role": living.role,
            "since": living.since,
            "verified_by": "import",
        }
        for person, home, living in lives
        if living.id is None
    ]
    await _add(session, Membership, new)
    moved = [
        {"id": living.id, "role": living.role, "since": living.since}
        for *_, living in lives
        if living.changed
    ]
    await _update(session, Membership, moved)


def _log(plan: Plan, people: Sequence[Person], source: str) -> Iterator[dict[str, Any]]:
    for person in people:
        for field, old, new in person.log:
            yield {
                "resident_id": person.id,
                "field": field,
                "old": old and old[:500],
                "new": new and new[:500],
                "why": f"imported from {source}"[:200],
                "who": "administrator",
                "source": "import",
                "at": plan.now,
            }


# --- staff


async def _staff(session: AsyncSession, plan: Plan, codes: dict[str, int]) -> None:
    values = ("name", "name_en", "phone")
    new = [worker for worker in plan.workers if worker.id is None]
    changed = [worker for worker in plan.workers if worker.id is not None and worker.changed]
    rows = [{name: getattr(worker, name) for name in values} for worker in new]
    for worker, number in zip(new, await _insert(session, Staff, rows), strict=True):
        worker.id = number
    rows = [{"id": worker.id} | {name: getattr(worker, name) for name in values} for worker in changed]
    await _update(session, Staff, rows)
    hired = [
        {"staff_id": worker.id, "community_id": codes[code], "role": role}
        for worker in plan.workers
        for code, role in worker.hired
    ]
    await _add(session, StaffRole, hired)


async def _assistants(session: AsyncSession, plan: Plan) -> None:
    """The buildings and the staff have their ids by now."""
    rows = [
        {"id": plan.buildings[building], "assistant_id": worker.id}
        for building, worker in plan.assigned.items()
    ]
    await _update(session, Building, rows)


async def _duties(session: AsyncSession, plan: Plan, codes: dict[str, int]) -> None:
    new = [
        {
            "community_id": codes[duty.community],
            "staff_id": duty.worker.id,
            "role": duty.role,
            "starts_at": duty.starts_at,
            "ends_at": duty.ends_at,
        }
        for duty in plan.duties
        if duty.id is None
    ]
    await _add(session, Shift, new)
    await _update(
        session, Shift, [{"id": duty.id, "ends_at": duty.ends_at} for duty in plan.duties if duty.changed]
    )


# --- many rows at once


async def _insert(session: AsyncSession, model: type[Base], rows: Rows) -> Sequence[int]:
    """The new ids, in the order of the rows.

    SQLite has one writer, whose ids only grow; it would be asked row by row to return them in order.
    """
    if not rows:
        return ()
    grows = session.get_bind().dialect.name == "sqlite"
    returning = insert(model).returning(model.__table__.c.id, sort_by_parameter_order=not grows)
    numbers = list(await session.scalars(returning, list(rows)))
    return sorted(numbers) if grows else numbers


async def _add(session: AsyncSession, model: type[Base], rows: Rows) -> None:
    if rows:
        await session.execute(insert(model), list(rows))


async def _update(session: AsyncSession, model: type[Base], rows: Rows) -> None:
    """All rows have the same columns; `id` says which is meant."""
    if rows:
        await session.execute(update(model), list(rows))
