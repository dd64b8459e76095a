"""The demo community: complete, made once, and with somebody on duty whenever it is opened."""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

import phonenumbers
import pytest
from sqlalchemy import delete, func, select, update

from flows import catalogue
from handlers import demo
from handlers.desk import Desk, rules
from models import (
    Account,
    Building,
    Community,
    Due,
    GatePass,
    Group,
    Home,
    Membership,
    Outbox,
    Phone,
    Resident,
    Shift,
    Staff,
    Ticket,
    TicketEvent,
)
from models.database import Database
from models.people import colleagues, neighbours, rooms
from models.staff import on_duty
from models.ticket import timeline
from tests.world import TEXTS

NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
COUNTED = (Community, Building, Home, Resident, Membership, Phone, Account, Staff, Group, Shift)


async def seeded(database: Database, now: datetime = NOW) -> bool:
    async with database.transaction() as session:
        return await demo.seed(session, now)


async def counts(database: Database) -> dict[str, int]:
    async with database.reading() as session:
        return {
            model.__name__: await session.scalar(select(func.count()).select_from(model)) or 0
            for model in COUNTED
        }


async def test_the_community_is_all_there(database: Database) -> None:
    assert await seeded(database)
    found = await counts(database)
    assert (found["Community"], found["Building"], found["Home"]) == (1, 3, 60)
    assert found["Resident"] >= 20
    assert found["Account"] == found["Resident"] + found["Staff"]
    async with database.reading() as session:
        community = (await session.scalars(select(Community))).one()
        names = set(await session.scalars(select(Home.name)))
        people = await neighbours(session)
        staff = await colleagues(session)
        groups = await rooms(session, "web")
    assert (community.code, community.name, community.name_en) == ("HPY", "湖畔花园", "Lakeside Garden")
    assert community.timezone == "Asia/Shanghai"
    assert rules(community).hotline
    assert "3-1201" in names
    assert all(re.fullmatch(r"[123]-\d{1,2}0[12]", name) for name in names)
    assert len(people) == found["Resident"], "everybody lives somewhere"
    assert any("3-1201" in one.homes for one in people)
    assert any(len(one.homes) > 1 for one in people), "somebody is asked which home"
    roles = Counter(role for one in staff for role in one.roles)
    assert roles == {
        "technician": 3,
        "guard": 1,
        "assistant": 2,
        "desk": 1,
        "duty_lead": 1,
        "manager": 1,
        "quality": 1,
        "administrator": 1,
    }
    assert all(one.name_en for one in staff)
    assert {room.chat for room in groups} == {
        f"{purpose}@HPY" for purpose in ("repair", "care", "renovation", "gate", "managers")
    }


async def test_phones_can_be_called_and_are_nobody_s_twice(database: Database) -> None:
    await seeded(database)
    async with database.reading() as session:
        numbers = [
            *await session.scalars(select(Phone.number)),
            *await session.scalars(select(Staff.phone)),
        ]
    assert len(set(numbers)) == len(numbers) > 30
    for number in numbers:
        assert number
        assert number.startswith("+8613")
        assert phonenumbers.is_possible_number(phonenumbers.parse(number))


async def test_everybody_has_a_seat_at_the_web_chat(database: Database) -> None:
    await seeded(database)
    async with database.reading() as session:
        accounts = (await session.scalars(select(Account))).all()
    for account in accounts:
        seat = f"staff:{account.staff_id}" if account.staff_id else f"resident:{account.resident_id}"
        assert (account.channel, account.bot) == ("web", "web")
        assert account.external_id == account.chat == seat
        assert (account.reachable, account.locale) == (True, "zh_CN")
        assert account.name


async def test_a_second_start_changes_nothing(database: Database) -> None:
    await seeded(database)
    before = await counts(database)
    assert not await seeded(database, NOW + timedelta(hours=1))
    assert await counts(database) == before


async def test_what_people_did_with_it_stays(database: Database) -> None:
    await seeded(database)
    async with database.transaction() as session:
        await session.execute(delete(Group).where(Group.purpose == "gate"))
        await session.execute(update(Community).values(name="我的小区"))
    await seeded(database)
    async with database.reading() as session:
        assert (await session.scalars(select(Community.name))).one() == "我的小区"
        assert len(await rooms(session, "web")) == 4


async def test_two_programs_that_start_at_once_make_it_once(database: Database) -> None:
    other = Database(database.url.render_as_string(hide_password=False))
    made = await asyncio.gather(seeded(database), seeded(other))
    await other.close()
    assert sorted(made) == [False, True]
    found = await counts(database)
    assert (found["Community"], found["Home"], found["Group"]) == (1, 60, 5)
    async with database.reading() as session:
        twice = await session.execute(
            select(Shift.staff_id).group_by(Shift.staff_id, Shift.starts_at).having(func.count() > 1)
        )
        assert twice.all() == []


@pytest.mark.parametrize("later", [timedelta(), timedelta(days=3), timedelta(days=40)], ids=str)
async def test_somebody_is_on_duty_at_every_hour_of_the_coming_week(
    database: Database, later: timedelta
) -> None:
    await seeded(database)
    now = NOW + later
    await seeded(database, now)
    looked = 0
    async with database.reading() as session:
        community = (await session.scalars(select(Community.id))).one()
        for hour in range(0, 7 * 24, 5):
            at = now + timedelta(hours=hour, minutes=1)
            shifts = select(Shift.role).where(
                Shift.community_id == community, Shift.starts_at <= at, Shift.ends_at > at
            )
            roles = Counter(await session.scalars(shifts))
            local_hour = (at.hour + 8) % 24
            assert roles["technician"] == (2 if 8 <= local_hour < 20 else 1), at
            assert roles["duty_lead"] == 1, at
            looked += 1
        assert looked > 30
        assert len(await on_duty(session, community, "technician", now + timedelta(minutes=1))) == 2


async def lived_in(database: Database, now: datetime = NOW) -> None:
    """The demo as a program starts it, twice."""
    desk = Desk(database, TEXTS, {})
    for _ in range(2):
        async with database.transaction() as session:
            await demo.seed(session, now, desk)


async def test_something_of_everything_has_happened_there_already(database: Database) -> None:
    await lived_in(database)
    async with database.reading() as session:
        tickets = (await session.scalars(select(Ticket).order_by(Ticket.id))).all()
        waiting = (await session.scalars(select(Outbox).order_by(Outbox.id))).all()
    found: dict[str, set[bool]] = {}
    for ticket in tickets:
        table = catalogue.lifecycles()[ticket.kind]
        found.setdefault(ticket.kind, set()).add(ticket.state in table.final)
        assert table.lines(ticket.details)
        assert ticket.created_at < NOW
    assert found == {kind: {True, False} for kind in found}, "some are over, some are not"
    assert set(found) == set(catalogue.lifecycles())
    assert len({ticket.number for ticket in tickets}) == len(tickets) > 10
    assert {row.kind for row in waiting} == {"card"}, "nobody is told today what was told then"
    assert {row.created_at for row in waiting} == {NOW}
    assert {row.chat for row in waiting} >= {
        f"{purpose}@HPY" for purpose in ("repair", "care", "renovation", "gate")
    }


async def test_a_repair_was_well_done_and_one_waits(database: Database) -> None:
    await lived_in(database)
    async with database.reading() as session:
        repairs = (await session.scalars(select(Ticket).filter_by(kind="repair").order_by(Ticket.id))).all()
        stories = [[event.action for event in await timeline(session, one.id)] for one in repairs]
        later = (await session.scalars(select(Due).where(Due.ticket_id == repairs[1].id))).all()
    assert [(one.state, one.outcome) for one in repairs] == [("closed", "rated"), ("paused", None)]
    assert stories == [
        ["opened", "accept", "depart", "arrive", "finish", "rate"],
        ["opened", "accept", "depart", "arrive", "pause"],
    ]
    assert repairs[0].rating == {"overall": 5}
    assert [row.kind for row in later] == ["wake"]
    assert later[0].at > NOW


async def test_there_is_something_to_look_at_in_every_service(database: Database) -> None:
    await lived_in(database)
    async with database.reading() as session:
        tickets = (await session.scalars(select(Ticket).order_by(Ticket.id))).all()
        passes = (await session.scalars(select(GatePass))).all()
        words = await session.scalars(select(TicketEvent).where(TicketEvent.action == "answer"))
        delivered = [event.data["delivery"]["state"] for event in words if "delivery" in event.data]
    here = {(ticket.kind, ticket.state): ticket for ticket in tickets}
    assert here["complaint", "answered"].details["hide"]
    works = here["renovation", "under_way"]
    assert [one["state"] for one in works.details["findings"]] == ["settled", "open"]
    workers = {one.kind for one in passes if one.ticket_id == works.id and one.until > NOW}
    assert workers == {"worker", "permit"}
    (sofa,) = (one for one in passes if one.ticket_id == here["release", "issued"].id)
    assert sofa.since < NOW < sofa.until
    assert here["membership", "new"]
    assert here["assistant", "open"]
    assert here["refund", "waiting"].details["until"] > NOW.isoformat()
    assert here["refund", "accepted"].follows_id == here["renovation", "closed"].id
    assert set(delivered) == {"delivered"}


@pytest.mark.parametrize("hour", [0, 7, 13, 15, 19])
async def test_nothing_is_due_at_any_hour(sqlite_url: str, hour: int) -> None:
    """Whenever it is made, nobody is reminded at once of what they have not done."""
    database = Database(sqlite_url)
    now = NOW.replace(hour=hour)
    await lived_in(database, now)
    async with database.reading() as session:
        rows = (await session.scalars(select(Due).where(Due.done_at.is_(None)))).all()
    await database.close()
    assert rows
    assert min(row.at for row in rows) > now


async def test_making_it_is_quick(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    began = time.process_time()
    await lived_in(database)
    took = time.process_time() - began
    await database.close()
    assert took < 3


async def test_owners_tenants_and_neighbours_live_there(database: Database) -> None:
    await seeded(database)
    async with database.reading() as session:
        rows = await session.execute(select(Home.name, Membership.role).join(Membership))
    roles: dict[str, set[str]] = {}
    for home, role in rows:
        roles.setdefault(home, set()).add(role)
    let = [home for home, held in roles.items() if held >= {"owner", "tenant"}]
    assert len(let) > 1, "an owner can be asked about a tenant's wish"
    assert {"3-1101", "3-1201", "3-1202"} <= set(roles), "somebody lives below and beside"


async def test_technicians_take_turns_at_night(database: Database) -> None:
    await seeded(database)
    async with database.reading() as session:
        nights = select(Shift.staff_id).where(
            Shift.role == "technician", func.extract("hour", Shift.starts_at) == 12
        )
        assert len(set(await session.scalars(nights))) == 3


async def test_every_building_has_its_assistant(database: Database) -> None:
    assert await seeded(database)
    async with database.reading() as session:
        query = select(Building.name, Staff.name).join(Staff, Staff.id == Building.assistant_id, isouter=True)
        found = dict((await session.execute(query)).all())
    assert found == {"1号楼": "刘芳", "2号楼": "周敏", "3号楼": "周敏"}
