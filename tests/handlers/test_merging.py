"""Two records of one person become one and two again: nothing is lost, and everything returns as it was."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count, product
from typing import Any, TypeAlias

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from handlers import merging
from handlers.desk import Desk, Work
from handlers.envelopes import Inbound, Kind, Receipt
from handlers.inbound import receive
from handlers.journal import owned
from handlers.merging import Unmergeable
from models import (
    Account,
    Base,
    Building,
    Card,
    ChangeLog,
    Code,
    Community,
    Consent,
    Home,
    Membership,
    Merge,
    Outbox,
    Phone,
    Resident,
    Staff,
    StaffRole,
    Ticket,
    TicketEvent,
    hearing,
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
            homes = [name for _, name, _ in await homes_of(session, w.people["李雷"], w.now)]
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
                Code(digest="x", role="link", resident_id=han, expires_at=w.now),
                _place(han, shared.id, w.now, role="family"),
                _place(han, shared.id, w.now, role="owner", until=w.now),
                _change(han, w.now),
            ]
        )
        await session.execute(update(Account).where(Account.staff_id.is_(None)).values(chosen=True))


def _place(
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
        assert sorted(consents) == ["1", "2"]


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
        session.add(_place(resident.id, place.id, w.now, role="tenant"))
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
        session.add(_place(resident, home, MONDAY, role=role, until=data.draw(times)))
    for n in range(data.draw(st.integers(0, 1))):
        session.add(_change(resident, MONDAY))
        session.add(Code(digest=f"{mark}{n}", role="link", resident_id=resident, expires_at=MONDAY))


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


# --- while both are writing

STEPS = ("我家里", "下水堵塞", "跳过", "尽快上门")
ROUNDS = 4


async def test_messages_in_the_same_instant_lose_nothing(database: Database) -> None:
    """Each round both residents send off reports and nudge older ones while staff merge and part them."""
    async with world(database) as w:
        await w.set("tickets_a_day", 1000)
        people = await _several_chats(w)
        older = {who: await _opened(w, who, "旧的") for who in people}
        number, wanted = 0, len(older)
        for turn in range(ROUNDS):
            reviews = [await _to_review(w, who, f"第{turn}次") for who in people]
            nudges = [w.inbound(who, Kind.TAP, tap=f"t.{older[who]}.nudge", tapped="") for who in people]
            boss = w.inbound("周经理", Kind.TAP, tap=_decision(w, turn, number))
            *receipts, told = await _at_once(w, [*reviews, *nudges, boss])
            assert told.replies[0].text.startswith(("✅ 已合并", "已撤销合并")), told
            number = number or await _newest(w)
            wanted += len(reviews)
            said = [f"{one.hint}{_words(one)}" for one in receipts]
            assert ["收到，谢谢您" in one for one in said[: len(reviews)]] == [True] * len(reviews), said
            assert ["已替您催了" in one for one in said[len(reviews) :]] == [True] * len(nudges), said
            await _settled(w, turn, wanted)
            number = await _newest(w)
            w.now += timedelta(hours=3)


async def _live_together(session: AsyncSession) -> None:
    """In one home, so that nobody is asked which one it is after a merge."""
    home = await session.scalar(select(Home.id).where(Home.name == "3-1201"))
    await session.execute(update(Membership).values(home_id=home))


async def _several_chats(w: World) -> list[str]:
    async with w.database.transaction() as session:
        await _live_together(session)
        for who in ("李雷", "韩梅"):
            session.add_all(
                Account(
                    channel="test",
                    bot="bot",
                    external_id=f"{who}{n}",
                    chat=f"{who}{n}",
                    resident_id=w.people[who],
                )
                for n in range(2)
            )
    return [f"{who}{n}" for who in ("李雷", "韩梅") for n in range(2)]


def _decision(w: World, turn: int, number: int) -> str:
    return f"m.unmerge.{number}" if turn % 2 else f"m.merge.{w.people['李雷']}-{w.people['韩梅']}"


async def _to_review(w: World, who: str, story: str) -> Inbound:
    """A report that wants only to be sent off; the tap that does it."""
    await w.say(who, f"{story}厕所堵了{who}")
    for label in STEPS:
        await w.tap(who, label)
    await w.say(who, "13800000001")
    button, on = w.button(who, "提交")
    return w.inbound(who, Kind.TAP, tap=button.data, tapped=on.id)


async def _opened(w: World, who: str, story: str) -> int:
    receipt = await w.hear(await _to_review(w, who, story))
    ticket = receipt.replies[-1].ticket
    assert ticket is not None
    return ticket


async def _at_once(w: World, inbounds: Sequence[Inbound]) -> list[Receipt]:
    """All in the same instant, in whatever order."""
    order = random.Random(inbounds[0].key).sample(inbounds, len(inbounds))
    receipts = await asyncio.gather(*(receive(w.desk, inbound) for inbound in order))
    by_key = {inbound.key: receipt for inbound, receipt in zip(order, receipts, strict=True)}
    await w.deliver()
    return [by_key[inbound.key] for inbound in inbounds]


def _words(receipt: Receipt) -> str:
    return " ".join(f"{one.title} {one.text}" for one in receipt.replies)


async def _newest(w: World) -> int:
    async with w.database.reading() as session:
        return await session.scalar(select(func.max(Merge.id))) or 0


async def _settled(w: World, turn: int, wanted: int) -> None:
    """Every ticket is there once, and is theirs whose chat it came from, or theirs who were kept."""
    async with w.database.reading() as session:
        rows = (
            await session.execute(
                select(Ticket.resident_id, Account.resident_id).join(Account, Account.id == Ticket.account_id)
            )
        ).all()
        events = await session.scalar(select(func.count()).where(TicketEvent.action == "refused"))
    li, han = w.people["李雷"], w.people["韩梅"]
    assert len(rows) == wanted
    assert events == 0
    if turn % 2 == 0:
        assert {owner for owner, _ in rows} == {li}, "all that was being written moved too"
    else:
        assert all(owner in (account, li) for owner, account in rows)
        assert {account for _, account in rows} == {li, han}


Say: TypeAlias = Callable[[World], Awaitable[Inbound]]


async def _sends_it_off(w: World) -> Inbound:
    return await _to_review(w, "韩梅", "新的")


async def _nudges(w: World) -> Inbound:
    return w.inbound("韩梅", Kind.TAP, tap="t.1.nudge", tapped="")


async def _looks(w: World) -> Inbound:
    return w.inbound("韩梅", Kind.TEXT, text="我的工单")


async def _binds(w: World) -> Inbound:
    return w.inbound("韩梅", Kind.TEXT, text=await w.code("3-1202"))


async def _wants_a_code(w: World) -> Inbound:
    return w.inbound("韩梅", Kind.TAP, tap="m.chats.link")


@pytest.mark.parametrize(
    ("says", "told"),
    [
        (_sends_it_off, "收到，谢谢您"),
        (_nudges, "已替您催了"),
        (_looks, "HPY-2611-00001"),
        (_binds, "已绑定湖畔花园 3-1202"),
        (_wants_a_code, "15 分钟内有效"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
async def test_a_message_that_was_begun_before_a_merge_ends_after_it(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch, says: Say, told: str
) -> None:
    """It found its resident, who is gone a moment later: nothing may be written for who is not there."""
    database = Database(postgres_url)
    async with world(database) as w:
        await w.report("韩梅")
        async with database.transaction() as session:
            await _live_together(session)
        inbound = await says(w)
        found, times = hearing.find, count(1)

        async def find_and_be_overtaken(session: AsyncSession, **place: Any) -> hearing.Standing | None:
            standing = await found(session, **place)
            if standing is not None and next(times) == 1:
                await merged(w)
            return standing

        monkeypatch.setattr("handlers.inbound.find", find_and_be_overtaken)
        receipt = await w.hear(inbound)
        assert next(times) > 1, "nobody was overtaken"
        assert told in f"{receipt.hint}{_words(receipt)}"
        async with database.reading() as session:
            for table, column in owned():
                if table.name != "change_log":
                    whose = select(column).where(column.is_not(None)).distinct()
                    assert set(await session.scalars(whose)) <= {w.people["李雷"]}, table.name
            assert await session.scalar(select(func.count()).where(TicketEvent.action == "refused")) == 0
    await database.close()


async def test_a_merge_waits_for_what_is_being_written(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database(postgres_url)
    async with world(database) as w:
        inbound, waiting = await _to_review(w, "韩梅", "新的"), list[asyncio.Task[int]]()

        async def keep_while_staff_merge(session: AsyncSession, **values: Any) -> None:
            waiting.append(asyncio.create_task(merged(w)))
            async with database.reading() as looking:
                while not await looking.scalar(  # noqa: ASYNC110 the database tells nobody
                    text("SELECT count(*) FROM pg_locks WHERE NOT granted")
                ):
                    await asyncio.sleep(0.01)
            assert not waiting[0].done()
            await hearing.keep(session, **values)

        monkeypatch.setattr("handlers.inbound.keep", keep_while_staff_merge)
        await receive(w.desk, inbound)
        await waiting[0]
        assert [ticket.resident_id for ticket in await w.tickets()] == [w.people["李雷"]]
    await database.close()


# --- staff in the chat


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
        session.add(_place(w.people[who], home.id, w.now, role="owner"))


async def test_a_role_that_was_taken_away_no_longer_undoes(database: Database) -> None:
    async with world(database) as w:
        pair = f"{w.people['李雷']}-{w.people['韩梅']}"
        await w.hear(w.inbound("周经理", Kind.TAP, tap=f"m.merge.{pair}"))
        async with database.transaction() as session:
            await session.execute(update(Staff).where(Staff.name == "周经理").values(left_at=w.now))
        await w.tap("周经理", "撤销合并")
        assert "不在您的项目里" in w.last("周经理").message.text
        await w.hear(w.inbound("管理员", Kind.TAP, tap=f"m.unmerge.{await _newest(w)}"))
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
