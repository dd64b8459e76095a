"""Communities, buildings and homes: what a file says of them beside what is known of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from handlers.importing.concepts import YES_NO, BuildingRow, CommunityRow, HomeRow
from handlers.importing.plan import Door, Once, Place, Plan
from models.community import Building, Community, Home

ZONE = "Asia/Shanghai"
SETTINGS = (
    "hotline",
    "hours",
    "holidays",
    "workdays",
    "quiet",
    "promises",
    "tickets_a_day",
    "repeat_minutes",
    "reopen_days",
    "reconfirm_days",
    "consent_version",
    "staff_locale",
)
TERMS = (
    "renovation_hours",
    "renovation_use_days",
    "renovation_deposit",
    "renovation_rules",
    "renovation_rules_link",
    "renovation_clearing",
    "release_hours",
    "release_approval",
    "release_arrears",
    "refund_days",
)
"""What a service asks for, by its kind."""


async def known(session: AsyncSession, plan: Plan) -> None:
    """Everything that stands already."""
    codes: dict[int, str] = {}
    for place in await session.scalars(select(Community).order_by(Community.id)):
        codes[place.id] = place.code
        plan.places[place.code] = Place(
            place.id, place.code, place.name, place.name_en, place.timezone, place.settings
        )
    names: dict[int, str] = {}
    for number, community, name, assistant in await session.execute(
        select(Building.id, Building.community_id, Building.name, Building.assistant_id)
    ):
        names[number] = name
        plan.buildings[codes[community], name] = number
        plan.assistants[codes[community], name] = assistant
    for number, community, building, name in await session.execute(
        select(Home.id, Home.community_id, Home.building_id, Home.name)
    ):
        plan.homes[codes[community], name] = Door(number, names[building])


def communities(plan: Plan, rows: Sequence[CommunityRow]) -> None:
    once = Once(plan.findings, "code")
    for row in rows:
        if once.first(row.row, row.code, _content(row)):
            plan.brought.add(row.code)
            _sensible(plan, row)
            _community(plan, row)


def _sensible(plan: Plan, row: CommunityRow) -> None:
    """No day is both off and worked."""
    for day in sorted(set(row.holidays or ()) & set(row.workdays or ())):
        plan.findings.fault("both", row.row.at("workdays"), value=day, other=row.row.at("holidays"))


def _community(plan: Plan, row: CommunityRow) -> None:
    place = plan.places.get(row.code)
    if place is None:
        if row.name is None:
            plan.findings.fault("missing", row.row.at("name"))
        plan.places[row.code] = Place(
            None, row.code, row.name or row.code, row.name_en or "", row.timezone or ZONE, _settings({}, row)
        )
        plan.counts["communities", "new"] += 1
        return
    settings = _settings(place.settings, row)
    now = (row.name or place.name, row.name_en or place.name_en, row.timezone or place.timezone, settings)
    if now != (place.name, place.name_en, place.timezone, place.settings):
        place.name, place.name_en, place.timezone, place.settings = now
        place.changed = True
        plan.counts["communities", "changed"] += 1


def _content(row: CommunityRow) -> object:
    return (row.name, row.name_en, row.timezone, _settings({}, row))


def _settings(before: Mapping[str, Any], row: CommunityRow) -> dict[str, Any]:
    """What is not written stays as it was; promises, terms and days of the week are kept one by one."""
    given = {name: getattr(row, name) for name in SETTINGS if getattr(row, name) is not None}
    if row.promises is not None:
        kinds: Mapping[str, Mapping[str, int]] = before.get("promises", {})
        given["promises"] = {
            kind: {**kinds.get(kind, {}), **row.promises.get(kind, {})} for kind in {**kinds, **row.promises}
        }
    terms = _terms(before.get("terms", {}), row)
    if terms:
        given["terms"] = terms
    week = {day: hours for day, hours in (("6", row.saturday), ("7", row.sunday)) if hours is not None}
    if week:
        given["week"] = {**before.get("week", {}), **week}
    replaced = {"closed"} if row.holidays is not None else set()
    return {**{name: value for name, value in before.items() if name not in replaced}, **given}


def _terms(before: Mapping[str, Mapping[str, Any]], row: CommunityRow) -> dict[str, dict[str, Any]]:
    found = {kind: dict(terms) for kind, terms in before.items()}
    for column in TERMS:
        value = getattr(row, column)
        if value is not None:
            kind, _, term = column.partition("_")
            found.setdefault(kind, {})[term] = value == "yes" if value in YES_NO else value
    return found


def buildings(plan: Plan, rows: Sequence[BuildingRow]) -> None:
    for row in rows:
        place = plan.place(row.row, row.community)
        if place is not None and (place.code, row.name) not in plan.buildings:
            plan.buildings[place.code, row.name] = None
            plan.counts["buildings", "new"] += 1


def homes(plan: Plan, rows: Sequence[HomeRow]) -> None:
    once = Once(plan.findings, "name")
    for row in rows:
        place = plan.place(row.row, row.community)
        if place is None:
            continue
        if (place.code, row.building) not in plan.buildings:
            plan.findings.fault(
                "no_building", row.row.at("building"), value=row.building, community=place.code
            )
        elif once.first(row.row, (place.code, row.name), row.building):
            _home(plan, (place.code, row.name), row.building)


def _home(plan: Plan, named: tuple[str, str], building: str) -> None:
    door = plan.homes.get(named)
    if door is None:
        plan.homes[named] = Door(None, building)
        plan.counts["homes", "new"] += 1
    elif door.building != building:
        door.building, door.changed = building, True
        plan.counts["homes", "changed"] += 1
