"""Two records of one person become one and two again: nothing is lost, and everything returns as it was."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import product
from typing import Any, TypeAlias

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from handlers.desk import Desk, Work
from handlers.identity import merging
from handlers.identity.journal import owned
from handlers.identity.merging import Unmergeable
from models import (
    Account,
    Base,
    Building,
    ChangeLog,
    Code,
    Community,
    Consent,
    Home,
    Membership,
    Merge,
    Phone,
    Resident,
    Ticket,
)
from models.database import Database
from models.resident import homes_of, phones_of
from tests.world import MONDAY, TEXTS, World, world

Picture: TypeAlias = dict[str, list[tuple[Any, ...]]]


async def picture(session: AsyncSession, *leaving_out: str) -> Picture:
    """Every row there is but the log of merging itself, as plain values in order."""
    shown = {}
    for table in Base.metadata.sorted_tables:
        if table.name in ("merge", "outbox", *leaving_out):
            continue
        query = select(table).order_by(table.c[next(iter(table.primary_key)).name])
        if table.name == "change_log":
            query = query.where(table.c.source != "merge")
        shown[table.name] = [tuple(map(repr, row)) for row in await session.execute(query)]
    return shown


async def seen(w: World, *leaving_out: str) -> Picture:
    async with w.database.reading() as session:
        return await picture(session, *leaving_out)


async def merged(w: World, keep: str = "李雷", gone: str = "韩梅") -> int:
    async with w.database.transaction() as session:
        work = Work(w.desk, session, w.now)
        return (await merging.merge(work, w.people[keep], w.people[gone], "staff:4")).id


async def parted(w: World, number: int) -> None:
    async with w.database.transaction() as session:
        await merging.undo(Work(w.desk, session, w.now), number, "staff:4")


async def newest(w: World) -> int:
    async with w.database.reading() as session:
        return await session.scalar(select(func.max(Merge.id))) or 0


async def owners(w: World) -> Counter[str]:
    """How many rows each resident has, in all tables together."""
    names = {number: name for name, number in w.people.items() if name in ("李雷", "韩梅")}
    found: Counter[str] = Counter()
    async with w.database.reading() as session:
        for table, column in owned():
            for resident, count in await session.execute(
                select(column, func.count()).where(column.is_not(None)).group_by(column)
            ):
                found[f"{names.get(resident, resident)} {table.name}"] = count
    return found


# --- everything moves, everything returns


async def test_history_and_open_tickets_move_in_one_transaction(database: Database) -> None:
    async with world(database) as w:
        await _lives_fully(w)
        before = await seen(w)
        number = await merged(w)
        found = await owners(w)
        assert not [what for what in found if what.startswith("韩梅")]
        assert (found["李雷 account"], found["李雷 ticket"], found["李雷 code"]) == (2, 3, 1)
        async with database.reading() as session:
            homes = [name for _, name, *_ in await homes_of(session, w.people["李雷"], w.now)]
            phones = await phones_of(session, w.people["李雷"])
            assert await session.get(Resident, w.people["韩梅"]) is None
            made = await session.get_one(Merge, number)
        assert homes == ["3-1201", "3-1202"]
        assert phones == ("+8613800000001", "+8613800000009", "+8613800000002")
        assert (made.by, made.at, made.undone_at) == ("staff:4", w.now, None)
        assert merging.counted(made) == {"chats": 1, "homes": 2, "phones": 2, "tickets": 2}
        await parted(w, number)
        assert await seen(w) == before
        async with database.reading() as session:
            made = await session.get_one(Merge, number)
            log = (await session.scalars(select(ChangeLog).filter_by(source="merge"))).all()
        assert (made.undone_by, made.undone_at) == ("staff:4", w.now)
        assert [(one.resident_id, one.why, one.who) for one in log] == [
            (w.people["李雷"], "two records of one person", "staff:4"),
            (w.people["李雷"], "parted again", "staff:4"),
            (w.people["韩梅"], "parted again", "staff:4"),
        ]


async def _lives_fully(w: World) -> None:
    """Both residents have something in every table, some of it the same."""
    for who in ("李雷", "韩梅", "韩梅"):
        await w.report(who)
    li, han = w.people["李雷"], w.people["韩梅"]
    async with w.database.transaction() as session:
        shared = (await session.scalars(select(Home).where(Home.name == "3-1201"))).one()
        session.add_all(
            [
                Phone(resident_id=li, number="+8613800000009", rank=1),
                Phone(resident_id=han, number="+8613800000009", rank=2, verified_at=w.now),
                Consent(resident_id=li, purpose="data", version="1", at=w.now),
                Consent(resident_id=han, purpose="data", version="1", at=w.now),
                Consent(resident_id=han, purpose="data", version="2", at=w.now),
                Code(digest="x", role="link", resident_id=han, issued_at=w.now, expires_at=w.now),
                place_in(han, shared.id, w.now, role="family"),
                place_in(han, shared.id, w.now, role="owner", until=w.now),
                _change(han, w.now),
            ]
        )
        await session.execute(update(Account).where(Account.staff_id.is_(None)).values(chosen=True))


def place_in(
    resident: int, home: int, now: datetime, *, role: str, until: datetime | None = None
) -> Membership:
    return Membership(
        resident_id=resident, home_id=home, role=role, since=now, until=until, verified_by="code"
    )


def _change(resident: int, now: datetime) -> ChangeLog:
    return ChangeLog(
        resident_id=resident, field="phone", old=None, new="x", why="y", who="z", source="test", at=now
    )


async def test_what_both_say_is_said_once_and_the_stronger_stays(database: Database) -> None:
    async with world(database) as w:
        await _lives_fully(w)
        await merged(w, keep="韩梅", gone="李雷")
        han = w.people["韩梅"]
        async with database.reading() as session:
            roles = (await session.scalars(select(Membership.role).filter_by(resident_id=han))).all()
            chosen = (await session.scalars(select(Account.external_id).where(Account.chosen))).all()
            verified = await session.scalar(
                select(Phone.verified_at).filter_by(number="+8613800000009", resident_id=han)
            )
            consents = (await session.scalars(select(Consent.version).filter_by(resident_id=han))).all()
        assert sorted(roles) == ["owner", "owner", "owner"], "the family's place gave way; history stays"
        assert chosen == ["韩梅"]
        assert verified == w.now
        assert sorted(consents) == ["1", "2", "2026-11"]


async def test_every_table_with_a_resident_is_known(database: Database) -> None:
    assert {table.name for table, _ in owned()} >= {
        "account",
        "change_log",
        "code",
        "consent",
        "membership",
        "phone",
        "ticket",
    }


async def test_what_came_meanwhile_stays_with_the_one_that_was_kept(database: Database) -> None:
    async with world(database) as w:
        old = await w.report("韩梅")
        number = await merged(w)
        w.people["韩梅"], han = w.people["李雷"], w.people["韩梅"]
        new = await w.report("韩梅")
        async with database.transaction() as session:
            session.add(Phone(resident_id=w.people["李雷"], number="+8613800000077", rank=9))
        await w.say("韩梅", "我的工单")
        assert len(w.last("韩梅").message.buttons) == 2, "the old ticket and the new one"
        await parted(w, number)
        async with database.reading() as session:
            whose = {one.id: one.resident_id for one in await session.scalars(select(Ticket))}
            phones = await phones_of(session, w.people["李雷"])
            account = await session.scalar(select(Account.resident_id).filter_by(external_id="韩梅"))
        assert whose == {old: han, new: w.people["李雷"]}
        assert "+8613800000077" in phones
        assert account == han


async def test_what_was_given_to_somebody_else_meanwhile_stays_there(database: Database) -> None:
    async with world(database) as w:
        number = await merged(w)
        async with database.transaction() as session:
            await session.execute(
                update(Account).where(Account.external_id == "韩梅").values(resident_id=None)
            )
        await parted(w, number)
        async with database.reading() as session:
            assert await session.scalar(select(Account.resident_id).filter_by(external_id="韩梅")) is None
            assert await session.get(Resident, w.people["韩梅"]) is not None


async def test_an_id_is_never_given_twice(database: Database) -> None:
    """A record that is gone may come back, so nobody new may have taken its place."""
    async with world(database) as w:
        number = await merged(w)
        await w.say("新邻居", await w.code("3-1202"))
        await w.tap("新邻居", "同意")
        async with database.reading() as session:
            new = await session.scalar(select(Account.resident_id).filter_by(external_id="新邻居"))
        assert new not in (w.people["李雷"], w.people["韩梅"])
        await parted(w, number)
        async with database.reading() as session:
            assert set(await session.scalars(select(Resident.name))) == {"李雷", "韩梅", "新邻居"}


# --- what makes no sense


@pytest.mark.parametrize("reason", ["same", "unknown", "erased"])
async def test_what_makes_no_sense_is_refused(database: Database, reason: str) -> None:
    async with world(database) as w:
        han = w.people["韩梅"]
        if reason == "erased":
            async with database.transaction() as session:
                await session.execute(update(Resident).where(Resident.id == han).values(erased_at=w.now))
        w.people["nobody"] = 999
        gone = {"same": "李雷", "unknown": "nobody", "erased": "韩梅"}[reason]
        before = await seen(w)
        with pytest.raises(Unmergeable, match=reason):
            await merged(w, gone=gone)
        assert await seen(w) == before


async def test_an_undo_that_makes_no_sense_is_refused(database: Database) -> None:
    async with world(database) as w:
        with pytest.raises(Unmergeable, match="unknown"):
            await parted(w, 1)
        number = await merged(w)
        async with database.transaction() as session:
            await session.execute(update(Resident).values(erased_at=w.now))
        with pytest.raises(Unmergeable, match="erased"):
            await parted(w, number)
        async with database.transaction() as session:
            await session.execute(update(Resident).values(erased_at=None))
        await parted(w, number)
        with pytest.raises(Unmergeable, match="undone"):
            await parted(w, number)


async def test_merges_are_undone_in_any_order_that_makes_sense(database: Database) -> None:
    async with world(database) as w:
        await _a_third(w, "林涛", home="3-1201", phone="+8613800000002")
        alone = await seen(w)
        first = await merged(w, "李雷", "韩梅")
        second = await merged(w, "林涛", "李雷")
        with pytest.raises(Unmergeable, match="later"):
            await parted(w, first)
        await parted(w, second)
        await parted(w, first)
        assert await seen(w) == alone


async def test_two_that_have_nothing_to_do_with_each_other_are_parted_in_either_order(
    database: Database,
) -> None:
    async with world(database) as w:
        await _a_third(w, "林涛", home="3-1202", phone="+8613800000003")
        async with database.transaction() as session:
            await session.execute(
                update(Membership).where(Membership.resident_id == w.people["韩梅"]).values(until=w.now)
            )
        alone = await seen(w)
        first, second = await merged(w, "李雷", "韩梅"), await merged(w, "李雷", "林涛")
        await parted(w, first)
        await parted(w, second)
        assert await seen(w) == alone


async def test_a_later_merge_that_left_something_out_for_its_sake_is_in_the_way(database: Database) -> None:
    """林涛's phone was dropped because 韩梅's was there: parting 韩梅 first would leave 李雷 without it."""
    async with world(database) as w:
        await _a_third(w, "林涛", home="3-1201", phone="+8613800000002")
        first, second = await merged(w, "李雷", "韩梅"), await merged(w, "李雷", "林涛")
        with pytest.raises(Unmergeable, match="later"):
            await parted(w, first)
        await parted(w, second)
        await parted(w, first)


async def _a_third(w: World, name: str, *, home: str, phone: str) -> None:
    async with w.database.transaction() as session:
        resident = Resident(name=name, created_at=w.now, settings={})
        session.add(resident)
        place = (await session.scalars(select(Home).where(Home.name == home))).one()
        await session.flush()
        session.add(Phone(resident_id=resident.id, number=phone))
        session.add(place_in(resident.id, place.id, w.now, role="tenant"))
        w.people[name] = resident.id


# --- whatever there is


def test_whatever_two_residents_have_they_have_it_again(database_url: str) -> None:
    reached: Counter[str] = Counter()

    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def live(data: st.DataObject) -> None:
        asyncio.run(_merge_and_part(database_url, data, reached))

    live()
    assert {"merged", "undone", "dropped", "changed"} <= set(reached), reached


async def _merge_and_part(url: str, data: st.DataObject, reached: Counter[str]) -> None:
    database = Database(url)
    desk = Desk(database, TEXTS, {})
    try:
        async with database.transaction() as session:
            work = Work(desk, session, MONDAY)
            people = await _population(session, data)
            alone, total = await picture(session), await _rows_of(session)
            running: list[int] = []
            for _ in range(data.draw(st.integers(2, 5))):
                await _anything(work, data, people, running, reached)
                assert await _nobody_is_named_who_is_gone(session)
            for number in reversed(running):
                await merging.undo(work, number, "test")
                reached["undone"] += 1
            assert await picture(session) == alone
            assert await _rows_of(session) == total
            for made in await session.scalars(select(Merge)):
                reached["dropped"] += len(made.moved["dropped"]) > 1
                reached["changed"] += bool(made.moved["changed"])
    finally:
        await database.close()


async def _anything(
    work: Work, data: st.DataObject, people: Sequence[int], running: list[int], reached: Counter[str]
) -> None:
    """Two are merged, or a merge is undone, sensible or not."""
    before = await picture(work.session)
    try:
        if running and data.draw(st.integers(0, 2)) == 0:
            number = data.draw(st.sampled_from(running))
            await merging.undo(work, number, "test")
            running.remove(number)
            reached["undone"] += 1
        else:
            keep, gone = data.draw(st.sampled_from(list(product(people, people))))
            running.append((await merging.merge(work, keep, gone, "test")).id)
            reached["merged"] += 1
    except Unmergeable as no:
        reached[no.reason] += 1
        assert await picture(work.session) == before


async def _rows_of(session: AsyncSession) -> dict[str, int]:
    return {
        table.name: await session.scalar(select(func.count()).select_from(table)) or 0
        for table in Base.metadata.sorted_tables
        if table.name not in ("merge", "change_log")
    }


async def _nobody_is_named_who_is_gone(session: AsyncSession) -> bool:
    there = set(await session.scalars(select(Resident.id)))
    named = [set(await session.scalars(select(column).distinct())) - {None} for _, column in owned()]
    return all(names <= there for names in named)


async def _population(session: AsyncSession, data: st.DataObject) -> Sequence[int]:
    """Some residents with some of everything, much of it alike."""
    mark = f"C{await session.scalar(select(func.count(Community.id)))}"
    place = Community(code=mark, name="x", name_en="x", settings={})
    session.add(place)
    await session.flush()
    building = Building(community_id=place.id, name="1")
    session.add(building)
    await session.flush()
    homes = [Home(community_id=place.id, building_id=building.id, name=f"1-{n}") for n in range(2)]
    session.add_all(homes)
    people = [Resident(name=f"R{n}", created_at=MONDAY, settings={"n": n}) for n in range(3)]
    session.add_all(people)
    await session.flush()
    for at, person in enumerate(people):
        _belongings(session, data, person.id, [home.id for home in homes], f"{mark}{at}")
    await session.flush()
    for account in await session.scalars(select(Account).where(Account.name == "drawn")):
        session.add(_ticket(place.id, homes[0].id, account))
        account.name = ""
    await session.flush()
    return [person.id for person in people]


def _belongings(
    session: AsyncSession, data: st.DataObject, resident: int, homes: Sequence[int], mark: str
) -> None:
    times = st.sampled_from([None, MONDAY, MONDAY + timedelta(days=1)])
    for n in range(data.draw(st.integers(0, 2))):
        account = Account(
            channel="t", bot="b", external_id=f"{mark}{n}", chat="c", resident_id=resident, name="drawn"
        )
        account.chosen = data.draw(st.booleans())
        session.add(account)
    for number in data.draw(st.sets(st.sampled_from("123"))):
        rank, verified = data.draw(st.integers(0, 3)), data.draw(times)
        session.add(Phone(resident_id=resident, number=number, rank=rank, verified_at=verified))
    for version in data.draw(st.sets(st.sampled_from("12"))):
        session.add(Consent(resident_id=resident, purpose="p", version=version, at=MONDAY))
    for home in data.draw(st.lists(st.sampled_from(homes), max_size=3)):
        role = data.draw(st.sampled_from(["owner", "tenant", "family", "guest"]))
        session.add(place_in(resident, home, MONDAY, role=role, until=data.draw(times)))
    for n in range(data.draw(st.integers(0, 1))):
        session.add(_change(resident, MONDAY))
        mine = Code(digest=f"{mark}{n}", role="link", issued_at=MONDAY, expires_at=MONDAY)
        mine.resident_id = resident
        session.add(mine)


def _ticket(community: int, home: int, account: Account) -> Ticket:
    return Ticket(
        number=f"T-{account.external_id}",
        kind="repair",
        state="new",
        community_id=community,
        home_id=home,
        resident_id=account.resident_id,
        account_id=account.id,
        details={},
        clocks={},
        created_at=MONDAY,
    )
