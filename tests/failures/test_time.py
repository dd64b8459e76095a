"""Reminders come once and in working time, to who is there: after nights, holidays, a change of clocks."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import delete, func, select, update

from handlers.envelopes import Kind
from models import Account, Community, Due, Shift, Staff, StaffRole
from models.database import Database
from tests.emulators.telegram_rooms import Message
from tests.failures.conftest import Builder, mostly
from tests.failures.shift import begin
from tests.premises import WAIT, eventually
from tests.repairing import report
from tests.world import World, world

ZONE = ZoneInfo("Asia/Shanghai")


@mostly("postgresql")
async def test_30_two_processes_and_one_reminder(kind: str, builder: Builder) -> None:
    s = await begin(builder, kind, programs=2)
    numbers = [await report(s.li, f"第{number}把门锁坏了", trade="门窗门锁") for number in range(5)]
    for number in numbers:
        await s.shown(number, "等待接单")
    async with s.estate.database.transaction() as session:
        first = update(Due).where(Due.kind == "respond", Due.data["stage"].as_integer() == 0)
        await session.execute(first.values(at=datetime.now().astimezone() - timedelta(seconds=1)))
    for number in numbers:
        await s.group.wait_for(partial(_reminds, number), WAIT)
    await eventually(lambda: _nothing_due(s.estate.database))
    await asyncio.sleep(0.5)
    await s.estate.calm()
    for number in numbers:
        assert len([one for one in s.group.from_bot if _reminds(number, one)]) == 1


def _reminds(number: str, message: Message) -> bool:
    return number in message.words and "还没人接单" in message.words


async def _nothing_due(database: Database) -> bool:
    async with database.reading() as session:
        now = datetime.now().astimezone()
        query = select(func.count()).where(Due.done_at.is_(None), Due.at <= now)
        return await session.scalar(query) == 0


@pytest.fixture
async def w(database: Database) -> World:
    async with world(database) as made:
        return made


async def test_30_six_hours_down_by_day(w: World) -> None:
    """One overdue repair and nobody to remind: afterwards the highest who is due hears of it, once."""
    await _reported(w)
    await w.wait(timedelta(hours=6), step=timedelta(hours=6))
    await w.wait(timedelta(minutes=30), step=timedelta(seconds=30))
    assert w.words("周经理").count("一直没人接单") == 1
    assert "还没人接单" not in w.words("repair")
    assert "超过接单时间" not in w.words("陈值班")
    async with w.database.reading() as session:
        late = select(func.count()).where(Due.done_at.is_(None), Due.at <= w.now)
        assert await session.scalar(late) == 0


async def test_30_down_in_the_evening_and_up_at_three_in_the_morning(w: World) -> None:
    await w.wait(timedelta(hours=10))
    await _reported(w)
    await _repaired(w)
    asked = w.words("李雷").count("您还满意吗")
    assert (w.now + timedelta(hours=24)).astimezone(ZONE).hour == 19
    await w.wait(timedelta(hours=23))
    await w.wait(timedelta(hours=8), step=timedelta(hours=8))
    assert w.now.astimezone(ZONE).hour == 2
    await w.wait(timedelta(hours=5, minutes=59), step=timedelta(minutes=1))
    assert w.now.astimezone(ZONE).hour == 8
    assert w.words("李雷").count("您还满意吗") == asked, "nothing at night"
    await w.wait(timedelta(hours=1), step=timedelta(minutes=1))
    assert w.words("李雷").count("您还满意吗") == asked + 1
    await w.wait(timedelta(hours=12), step=timedelta(hours=1))
    assert w.words("李雷").count("您还满意吗") == asked + 1


async def test_31_asked_three_times_at_most_and_closed_as_unrated(w: World) -> None:
    await _reported(w)
    await _repaired(w)
    assert _asked(w) == 1
    for hours, asked in ((23, 1), (2, 2), (46, 2), (2, 3), (24, 3)):
        await w.wait(timedelta(hours=hours), step=timedelta(minutes=30))
        assert _asked(w) == asked
    (ticket,) = await w.tickets()
    assert (ticket.state, ticket.outcome, ticket.rating) == ("closed", "unrated", None)
    await w.wait(timedelta(days=20), step=timedelta(hours=6))
    assert _asked(w) == 3


async def test_31_never_again_after_a_rating(w: World) -> None:
    await _reported(w)
    await _repaired(w)
    await w.tap("李雷", "★★★★☆")
    await w.wait(timedelta(days=10), step=timedelta(hours=6))
    assert _asked(w) == 1
    (ticket,) = await w.tickets()
    assert (ticket.outcome, ticket.rating) == ("rated", {"overall": 4})


async def test_31_asked_anew_after_the_next_completion_only(w: World) -> None:
    await _reported(w)
    await _repaired(w)
    await w.tap("李雷", "没解决")
    await w.say("李雷", "还是堵")
    await w.tap("李雷", "跳过")
    await w.wait(timedelta(days=5), step=timedelta(hours=6))
    assert _asked(w) == 1
    await _repaired(w)
    assert _asked(w) == 2
    await w.wait(timedelta(hours=25), step=timedelta(minutes=30))
    assert _asked(w) == 3


async def test_31_nobody_asks_who_has_blocked_us(w: World) -> None:
    await _reported(w)
    await _repaired(w)
    await w.hear(w.inbound("李雷", Kind.BLOCKED))
    await w.wait(timedelta(days=10), step=timedelta(hours=6))
    assert _asked(w) == 1
    async with w.database.reading() as session:
        account = select(Account.reachable).where(Account.external_id == "李雷")
        assert await session.scalar(account) is False
    assert [(one.state, one.outcome) for one in await w.tickets()] == [("closed", "unrated")]


def _asked(w: World) -> int:
    return w.words("李雷").count("您还满意吗")


async def _reported(w: World) -> None:
    await w.say("李雷", "马桶堵了")
    for label in ("我家里", "下水堵塞", "跳过", "尽快上门", "+86 138 0000 0001", "提交"):
        await w.tap("李雷", label)
    assert len(await w.tickets()) == 1


async def _repaired(w: World) -> None:
    for label in ("接单", "出发", "到了", "修好了"):
        await w.tap("王师傅", label, chat="repair")
    await w.tap("王师傅", "完成")
    await w.say("王师傅", "通开了")
    await w.tap("王师傅", "跳过")
    assert [one.state for one in await w.tickets()] == ["done"]


# --- 32: working time


HOURS = [["08:00", "12:00"], ["14:00", "18:00"]]
CLOSED = {"week": {"6": [], "7": []}, "hours": HOURS}
LATE, LATER = "超过接单时间还没人接", "一直没人接单"


async def at(w: World, local: str, **settings: object) -> None:
    """It is this hour in Shanghai, and the community has set this for itself."""
    w.now = datetime.fromisoformat(local).replace(tzinfo=ZONE)
    for name, value in settings.items():
        await w.set(name, value)


async def told_at(w: World, words: str, who: str, *, within: timedelta) -> datetime:
    """When somebody is told this, in the community's time; the clock ticks minute by minute."""
    before, until = w.words(who).count(words), w.now + within
    while w.words(who).count(words) == before:
        assert w.now < until, f"{who} is not told {words!r}"
        await w.wait(timedelta(minutes=1), step=timedelta(minutes=1))
    return w.now.astimezone(ZONE)


def hour(moment: datetime) -> str:
    return f"{moment:%m-%d %H:%M}"


@pytest.mark.parametrize(
    ("reported", "late", "later", "settings"),
    [
        ("2026-11-23 11:50", "11-23 14:05", "11-23 14:20", CLOSED),  # lunch
        ("2026-11-23 23:50", "11-24 08:15", "11-24 08:30", CLOSED),  # over midnight
        ("2026-11-27 17:50", "11-30 08:05", "11-30 08:20", CLOSED),  # a weekend
        ("2026-11-27 17:50", "11-28 08:05", "11-28 08:20", {**CLOSED, "workdays": ["2026-11-28"]}),
        ("2026-11-23 17:50", "11-25 08:05", "11-25 08:20", {**CLOSED, "holidays": ["2026-11-24"]}),
        ("2026-11-23 23:50", "11-24 00:05", "11-24 00:20", {"hours": [["00:00", "00:00"]]}),
        ("2026-11-23 23:50", "11-24 00:05", "11-24 12:10", {"hours": [["12:00", "00:10"]]}),
    ],
    ids=["lunch", "midnight", "weekend", "made up for", "holiday", "day and night", "past midnight"],
)
async def test_32_only_working_time_counts(
    w: World, reported: str, late: str, later: str, settings: dict[str, object]
) -> None:
    await at(w, reported, **settings)
    await _reported(w)
    assert hour(await told_at(w, LATE, "陈值班", within=timedelta(days=4))) == late
    assert hour(await told_at(w, LATER, "周经理", within=timedelta(days=4))) == later


@pytest.mark.parametrize(
    ("evening", "morning"),
    [("2027-03-27 19:50", "2027-03-28 08:05"), ("2027-10-30 19:50", "2027-10-31 08:05")],
    ids=["put forward", "put back"],
)
async def test_32_the_night_in_which_the_clocks_change(w: World, evening: str, morning: str) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    async with w.database.transaction() as session:
        await session.execute(update(Community).values(timezone=berlin.key))
    w.now = datetime.fromisoformat(evening).replace(tzinfo=berlin)
    await _rostered(w, "王师傅", "陈值班", "周经理")
    await _reported(w)
    told = await told_at(w, LATE, "陈值班", within=timedelta(days=1))
    assert f"{told.astimezone(berlin):%Y-%m-%d %H:%M}" == morning


async def test_32_a_pause_stops_the_clock_and_what_was_used_stays_used(w: World) -> None:
    """24 hours to mend it: ten before a pause, and fourteen are left after it."""
    await at(w, "2026-11-23 10:00")
    await _reported(w)
    await w.tap("王师傅", "接单", chat="repair")
    await w.wait(timedelta(hours=10), step=timedelta(hours=1))
    await w.tap("王师傅", "暂停", chat="repair")
    await w.say("王师傅", "等配件")
    await w.say("王师傅", "后天下午3点")
    assert [one.state for one in await w.tickets()] == ["paused"]
    assert hour(await told_at(w, "可以继续了", "王师傅", within=timedelta(days=3))) == "11-25 15:00"
    late = await told_at(w, "已超过承诺时间", "王师傅", within=timedelta(days=1))
    assert hour(late) == "11-26 05:00"


async def test_32_a_repair_reopened_is_promised_anew(w: World) -> None:
    await at(w, "2026-11-23 10:00")
    await _reported(w)
    await _repaired(w)
    await at(w, "2026-11-23 19:50")
    await w.tap("李雷", "没解决")
    await w.say("李雷", "还是堵")
    await w.tap("李雷", "跳过")
    assert hour(await told_at(w, LATE, "陈值班", within=timedelta(days=1))) == "11-24 08:05"


async def test_32_a_promise_made_is_kept_and_the_next_one_follows_the_new_rules(w: World) -> None:
    await at(w, "2026-11-23 10:00")
    first = await w.report("李雷")
    await w.set("promises", {"repair": {"respond": 60}})
    second = await w.report("韩梅")
    async with w.database.reading() as session:
        rows = await session.execute(
            select(Due.ticket_id, Due.at).where(Due.kind == "respond").order_by(Due.at)
        )
        planned = [(ticket, hour(due.astimezone(ZONE))) for ticket, due in rows]
    assert [at for ticket, at in planned if ticket == first] == ["11-23 10:07", "11-23 10:15", "11-23 10:30"]
    assert [at for ticket, at in planned if ticket == second] == ["11-23 10:30", "11-23 11:00", "11-23 12:00"]


# --- 33: who is there


ROLES = {"王师傅": "technician", "陈值班": "duty_lead", "孙值班": "duty_lead", "周经理": "manager"}


async def _rostered(
    w: World, *people: str, since: timedelta = timedelta(), span: timedelta = timedelta(days=2)
) -> None:
    """The only shifts there are, of these people, `since` from now."""
    async with w.database.transaction() as session:
        community = (await session.scalars(select(Community.id))).one()
        await session.execute(delete(Shift))
        for who in people:
            shift = Shift(community_id=community, staff_id=w.people[who], role=ROLES[who])
            shift.starts_at, shift.ends_at = w.now + since, w.now + since + span
            session.add(shift)


async def _second_lead(w: World) -> None:
    async with w.database.transaction() as session:
        community = (await session.scalars(select(Community.id))).one()
        lead = Staff(name="孙值班")
        session.add(lead)
        await session.flush()
        session.add(StaffRole(staff_id=lead.id, community_id=community, role="duty_lead"))
        seat = Account(channel="test", bot="bot", external_id="孙值班", chat="孙值班", name="孙值班")
        seat.locale, seat.staff_id = "zh_CN", lead.id
        session.add(seat)
    w.staff.add("孙值班")
    w.people["孙值班"] = lead.id


EMERGENCY = "有紧急报修，请马上安排人去"


async def _emergency(w: World) -> None:
    await w.say("李雷", "电梯停了，有人困在里面")
    for label in ("公共区域", "电梯", "是", "+86 138 0000 0001"):
        await w.tap("李雷", label)
    assert [one.urgent for one in await w.tickets()] == [True]


async def test_33_an_emergency_at_night_reaches_the_lead_on_call(w: World) -> None:
    await at(w, "2026-11-23 23:30")
    await _second_lead(w)
    await _rostered(w, "孙值班")
    await _emergency(w)
    assert EMERGENCY in w.words("孙值班")
    assert EMERGENCY not in w.words("陈值班") + w.words("周经理"), "who is on call is called, not everybody"
    assert "已通知值班人员" in w.words("李雷")


async def test_33_in_a_gap_of_the_roster_every_duty_lead_is_called(w: World) -> None:
    await at(w, "2026-11-23 23:30")
    await _second_lead(w)
    await _rostered(w, "陈值班", since=timedelta(hours=9))
    await _emergency(w)
    assert EMERGENCY in w.words("孙值班")
    assert EMERGENCY in w.words("陈值班")
    assert EMERGENCY not in w.words("周经理")


async def test_33_without_any_duty_lead_the_managers_are_called(w: World) -> None:
    await at(w, "2026-11-23 23:30")
    await _rostered(w, "周经理", since=timedelta(hours=9))
    async with w.database.transaction() as session:
        await session.execute(delete(StaffRole).where(StaffRole.role == "duty_lead"))
    await _emergency(w)
    assert EMERGENCY in w.words("周经理")


async def test_33_the_rest_waits_for_opening_time_and_says_so(w: World) -> None:
    await at(w, "2026-11-27 21:00", hours=HOURS, week={"6": [["09:00", "12:00"]], "7": []})
    await _reported(w)
    assert "11月28日 周六 09:00 开始服务，09:15 前会有师傅接单" in w.words("李雷")
    assert "等待接单" in w.words("repair"), "the card waits in the group"
    for who in ("陈值班", "周经理", "王师傅"):
        assert who not in w.chats, "and nobody is disturbed"
    assert hour(await told_at(w, "还没人接单", "repair", within=timedelta(days=2))) == "11-28 09:08"


async def test_33_a_gap_in_the_day_waits_for_the_next_shift_and_says_so(w: World) -> None:
    await at(w, "2026-11-23 10:00")
    await _rostered(w, "王师傅", since=timedelta(hours=3))
    await _reported(w)
    assert "11月23日 周一 13:00 开始服务，13:15 前会有师傅接单" in w.words("李雷")


async def test_33_the_shift_after_next_may_begin_before_it_opens(w: World) -> None:
    """Nobody is there until Tuesday 5:00, and it opens at 8."""
    await at(w, "2026-11-23 10:00")
    await _rostered(w, "王师傅", since=timedelta(hours=19))
    await _reported(w)
    assert "11月24日 周二 08:00 开始服务" in w.words("李雷")


async def test_33_without_a_roster_everybody_is_there(w: World) -> None:
    await at(w, "2026-11-23 10:00")
    await _second_lead(w)
    await _rostered(w)
    await _reported(w)
    assert "10:15 前会有师傅接单" in w.words("李雷")
    assert "开始服务" not in w.words("李雷")
    await w.report("韩梅", urgent=True)
    assert EMERGENCY in w.words("孙值班")
    assert EMERGENCY in w.words("陈值班")
