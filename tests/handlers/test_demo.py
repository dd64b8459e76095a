"""The demo community: complete, made once, and with somebody on duty whenever it is opened."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from datetime import UTC, datetime, timedelta

import phonenumbers
import pytest
from sqlalchemy import delete, func, select, update

from handlers import demo
from handlers.desk import Desk, rules
from handlers.texts import Texts
from models import (
    Account,
    Building,
    Community,
    Due,
    Group,
    Home,
    Membership,
    Outbox,
    Phone,
    Resident,
    Shift,
    Staff,
    Ticket,
)
from models.database import Database
from models.people import colleagues, neighbours, rooms
from models.staff import on_duty
from models.ticket import timeline

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


async def test_something_has_happened_there_already(database: Database) -> None:
    desk = Desk(database, Texts.load(), {})
    for _ in range(2):
        async with database.transaction() as session:
            await demo.seed(session, NOW, desk)
    async with database.reading() as session:
        tickets = (await session.scalars(select(Ticket).order_by(Ticket.id))).all()
        stories = [[event.action for event in await timeline(session, ticket.id)] for ticket in tickets]
        waiting = (await session.scalars(select(Outbox).order_by(Outbox.id))).all()
        later = (await session.scalars(select(Due))).all()
    assert [(ticket.state, ticket.outcome) for ticket in tickets] == [("closed", "rated"), ("paused", None)]
    assert stories == [
        ["opened", "accept", "depart", "arrive", "finish", "rate"],
        ["opened", "accept", "depart", "arrive", "pause"],
    ]
    assert tickets[0].rating == {"overall": 5}
    assert all(ticket.created_at < NOW for ticket in tickets)
    assert {row.kind for row in waiting} == {"card"}, "nobody is told today what was told then"
    assert [row.chat for row in waiting].count("repair@HPY") == 2
    assert {row.created_at for row in waiting} == {NOW}
    assert [(row.kind, row.ticket_id) for row in later] == [("wake", tickets[1].id)]
    assert later[0].at > NOW


async def test_technicians_take_turns_at_night(database: Database) -> None:
    await seeded(database)
    async with database.reading() as session:
        nights = select(Shift.staff_id).where(
            Shift.role == "technician", func.extract("hour", Shift.starts_at) == 12
        )
        assert len(set(await session.scalars(nights))) == 3
