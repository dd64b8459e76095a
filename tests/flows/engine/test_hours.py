"""Service hours and quiet hours: nights, lunch breaks, holidays, weekends, clocks put forward or back."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from timeit import timeit
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.engine.hours import Calendar
from tests.properties.residents import often

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = Calendar(SHANGHAI)
LUNCH = Calendar(SHANGHAI, frames=((time(8), time(12)), (time(14), time(18))))
H = timedelta(hours=1)


def at(text: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def test_a_promise_made_in_the_evening_goes_on_in_the_morning() -> None:
    assert OFFICE.add(at("2026-11-23 19:50"), timedelta(minutes=15)) == at("2026-11-24 08:05")
    assert OFFICE.add(at("2026-11-23 23:59"), timedelta(minutes=15)) == at("2026-11-24 08:15")
    assert OFFICE.add(at("2026-11-24 00:00"), timedelta(minutes=15)) == at("2026-11-24 08:15")


def test_a_promise_that_ends_with_the_day_ends_with_the_day() -> None:
    assert OFFICE.add(at("2026-11-23 19:45"), timedelta(minutes=15)) == at("2026-11-23 20:00")
    assert OFFICE.add(at("2026-11-23 08:00"), timedelta(0)) == at("2026-11-23 08:00")


def test_lunch_does_not_count() -> None:
    assert LUNCH.add(at("2026-11-23 11:30"), H) == at("2026-11-23 14:30")
    assert LUNCH.between(at("2026-11-23 11:30"), at("2026-11-23 14:30")) == H
    assert not LUNCH.open_at(at("2026-11-23 12:00"))
    assert LUNCH.open_at(at("2026-11-23 14:00"))


def test_a_closed_day_does_not_count() -> None:
    holiday = Calendar(SHANGHAI, closed=frozenset({date(2026, 11, 24), date(2026, 11, 25)}))
    assert holiday.add(at("2026-11-23 19:50"), timedelta(minutes=15)) == at("2026-11-26 08:05")
    assert holiday.between(at("2026-11-23 19:00"), at("2026-11-26 09:00")) == 2 * H
    assert not holiday.open_at(at("2026-11-24 10:00"))


def test_several_days_of_service_time() -> None:
    assert OFFICE.between(at("2026-11-23 10:00"), at("2026-11-26 10:00")) == 36 * H
    assert OFFICE.add(at("2026-11-23 10:00"), 36 * H) == at("2026-11-26 10:00")
    assert OFFICE.between(at("2026-11-23 21:00"), at("2026-11-23 23:00")) == timedelta(0)


def test_open_all_day_has_no_seam_at_midnight() -> None:
    always = Calendar(SHANGHAI, frames=((time(0), time(0)),))
    assert always.open_at(at("2026-11-23 23:59"))
    assert always.open_at(at("2026-11-24 00:00"))
    assert always.between(at("2026-11-23 20:00"), at("2026-11-24 04:00")) == 8 * H
    assert always.add(at("2026-11-23 23:30"), H) == at("2026-11-24 00:30")


def test_a_frame_may_go_on_after_midnight() -> None:
    late = Calendar(SHANGHAI, frames=((time(18), time(2)),))
    assert late.open_at(at("2026-11-24 01:00"))
    assert not late.open_at(at("2026-11-24 03:00"))
    assert late.add(at("2026-11-24 01:30"), H) == at("2026-11-24 18:30")


@pytest.mark.parametrize(
    ("begun", "ends"),
    [
        ("2026-03-28 12:00", "2026-03-29 13:00"),  # the night the clocks go forward
        ("2026-10-24 12:00", "2026-10-25 11:00"),  # the night they go back
        ("2026-06-01 12:00", "2026-06-02 12:00"),
    ],
)
def test_an_hour_is_an_hour_when_the_clocks_change(begun: str, ends: str) -> None:
    always = Calendar(BERLIN, frames=((time(0), time(12)), (time(12), time(0))))
    assert always.between(at(begun, BERLIN), at(ends, BERLIN)) == 24 * H
    assert always.add(at(begun, BERLIN), 24 * H) == at(ends, BERLIN)


def test_service_hours_follow_the_clock_on_the_wall_when_it_changes() -> None:
    berlin = Calendar(BERLIN)
    assert berlin.add(at("2026-03-28 19:00", BERLIN), 2 * H) == at("2026-03-29 09:00", BERLIN)
    assert berlin.add(at("2026-10-24 19:00", BERLIN), 2 * H) == at("2026-10-25 09:00", BERLIN)
    assert berlin.calm(at("2026-03-29 01:30", BERLIN)) == at("2026-03-29 08:30", BERLIN)


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ("2026-11-23 21:29", "2026-11-23 21:29"),
        ("2026-11-23 21:30", "2026-11-24 08:30"),
        ("2026-11-23 23:59", "2026-11-24 08:30"),
        ("2026-11-24 00:00", "2026-11-24 08:30"),
        ("2026-11-24 08:29", "2026-11-24 08:30"),
        ("2026-11-24 08:30", "2026-11-24 08:30"),
    ],
)
def test_nobody_is_disturbed_over_midnight(said: str, heard: str) -> None:
    assert OFFICE.calm(at(said)) == at(heard)


def test_quiet_hours_by_day_and_none_at_all() -> None:
    siesta = Calendar(SHANGHAI, quiet=(time(12), time(14)))
    assert siesta.calm(at("2026-11-23 12:30")) == at("2026-11-23 14:00")
    assert siesta.calm(at("2026-11-23 14:00")) == at("2026-11-23 14:00")
    assert siesta.calm(at("2026-11-23 23:00")) == at("2026-11-23 23:00")
    never = Calendar(SHANGHAI, quiet=(time(0), time(0)))
    assert never.calm(at("2026-11-23 03:00")) == at("2026-11-23 03:00")


OCTOBER = Calendar(
    SHANGHAI,
    frames=((time(8), time(12)), (time(14), time(18))),
    week={6: ((time(9), time(12)),), 7: ()},
    closed=frozenset(date(2026, 10, day) for day in range(1, 8)),
    works=frozenset({date(2026, 10, 7), date(2026, 10, 10), date(2026, 9, 27)}),
)
"""The first week off, but for its Wednesday; made up for on Saturday the 10th and on the Sunday before."""


@pytest.mark.parametrize(
    ("day", "hours", "works"),
    [
        ("2026-09-25", 8, True),  # a Friday
        ("2026-09-26", 3, False),  # a Saturday
        ("2026-09-27", 8, True),  # a Sunday that makes up for a holiday
        ("2026-10-01", 0, False),  # a holiday
        ("2026-10-03", 0, False),  # a holiday on a Saturday
        ("2026-10-07", 8, True),  # a holiday on which they work all the same
        ("2026-10-10", 8, True),  # a Saturday that makes up for a holiday
        ("2026-10-11", 0, False),  # a Sunday
    ],
)
def test_weekends_holidays_and_days_that_make_up_for_them(day: str, hours: int, works: bool) -> None:
    begun = at(f"{day} 00:00")
    assert OCTOBER.between(begun, begun + timedelta(days=1)) == hours * H
    assert OCTOBER.is_working_day(begun.date()) is works
    assert OCTOBER.open_at(at(f"{day} 15:00")) is (hours == 8)


def test_a_promise_goes_on_after_the_holidays() -> None:
    assert OCTOBER.add(at("2026-09-30 17:00"), 2 * H) == at("2026-10-07 09:00")
    assert OCTOBER.add(at("2026-10-07 17:00"), 2 * H) == at("2026-10-08 09:00")
    assert OCTOBER.add(at("2026-10-09 17:30"), timedelta(hours=8, minutes=30)) == at("2026-10-10 18:00")
    assert OCTOBER.between(at("2026-09-30 17:00"), at("2026-10-10 09:00")) == timedelta(hours=1 + 8 + 16 + 1)


@pytest.mark.parametrize(
    ("asked", "opens"),
    [
        ("2026-09-25 08:00", "2026-09-25 08:00"),
        ("2026-09-25 11:59", "2026-09-25 11:59"),
        ("2026-09-25 12:00", "2026-09-25 14:00"),
        ("2026-09-25 18:00", "2026-09-26 09:00"),
        ("2026-09-26 12:00", "2026-09-27 08:00"),
        ("2026-09-30 23:59", "2026-10-07 08:00"),
        ("2026-10-10 18:00", "2026-10-12 08:00"),
    ],
)
def test_when_service_begins_next(asked: str, opens: str) -> None:
    assert OCTOBER.opens_next(at(asked)) == at(opens)


def test_without_any_hours_a_promise_runs_by_the_clock() -> None:
    never = Calendar(SHANGHAI, frames=())
    monday = at("2026-11-23 10:00")
    assert never.add(monday, H) == monday + H
    assert never.opens_next(monday) == monday
    assert never.between(monday, monday + 100 * H) == timedelta(0)


def test_once_a_week_is_enough_for_a_long_promise() -> None:
    weekly = Calendar(SHANGHAI, frames=(), week={1: ((time(9), time(10)),)})
    monday = at("2026-11-23 09:00")
    assert weekly.add(monday, 100 * H) == monday + timedelta(weeks=99) + H


def test_hours_that_overlap_count_once_in_whatever_order_they_stand() -> None:
    muddled = Calendar(SHANGHAI, frames=((time(13), time(18)), (time(8), time(14)), (time(9), time(10))))
    day = at("2026-11-23 00:00")
    assert muddled.between(day, day + timedelta(days=1)) == 10 * H
    assert muddled.add(at("2026-11-23 08:00"), 10 * H) == at("2026-11-23 18:00")
    night = Calendar(SHANGHAI, frames=((time(18), time(2)),), week={6: ((time(0), time(12)),)})
    friday = at("2026-11-27 18:00")
    assert night.between(friday, friday + timedelta(days=1)) == 18 * H
    assert night.add(friday, 18 * H) == at("2026-11-28 12:00")


def test_an_hour_that_the_clocks_leave_out_comes_later_and_counts_once() -> None:
    early = Calendar(BERLIN, frames=((time(2, 30), time(3)), (time(3), time(4))))
    spring, autumn = at("2026-03-29 00:00", BERLIN), at("2026-10-25 00:00", BERLIN)
    assert early.between(spring, spring + timedelta(hours=12)) == H
    assert early.between(autumn, autumn + timedelta(hours=12)) == timedelta(hours=2, minutes=30)


def test_a_promise_costs_next_to_nothing() -> None:
    monday = at("2026-11-23 19:50")
    cheap = min(timeit(lambda: OCTOBER.add(monday, H), number=200) / 200 for _ in range(5))
    assert cheap < 30e-6


# --- whatever the hours are


HALVES = [time(half // 2, 30 * (half % 2)) for half in range(48) if half != 5]
"""Every half hour but the one that is left out or comes twice in the middle of a clock change."""
FRAMES = st.lists(st.tuples(st.sampled_from(HALVES), st.sampled_from(HALVES)), min_size=1, max_size=3).map(
    tuple
)
MONTHS = (date(2026, 3, 1), date(2026, 10, 1))
"""The clocks of Berlin change in these."""


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    month = draw(st.sampled_from(MONTHS))
    days = st.frozensets(st.integers(0, 40).map(lambda n: month + timedelta(days=n)), max_size=10)
    closed, works = draw(days), draw(days)
    weekend = draw(st.dictionaries(st.integers(1, 7), st.one_of(st.just(()), FRAMES), max_size=3))
    return Calendar(
        draw(st.sampled_from((SHANGHAI, BERLIN, ZoneInfo("America/New_York")))),
        frames=draw(FRAMES),
        closed=closed,
        week=weekend,
        works=works,
    )


INSTANTS = st.builds(
    lambda month, half: datetime.combine(month, time(), UTC) + half * timedelta(minutes=30),
    st.sampled_from(MONTHS),
    st.integers(0, 48 * 40),
)


def served(calendar: Calendar, moment: datetime) -> bool:
    """Whether somebody who looks at the clock on the wall and at the list of days says that it is open."""
    wall = moment.astimezone(calendar.zone)
    today, clock = wall.date(), wall.time()
    return any(
        opens <= clock < closes if closes > opens else clock >= opens
        for opens, closes in hours(calendar, today)
    ) or any(
        closes <= opens and clock < closes for opens, closes in hours(calendar, today - timedelta(days=1))
    )


def hours(calendar: Calendar, day: date) -> tuple[tuple[time, time], ...]:
    if day in calendar.works:
        return calendar.frames
    if day in calendar.closed:
        return ()
    return calendar.week.get(day.isoweekday(), calendar.frames)


@often(150)
@given(calendars(), INSTANTS)
def test_only_service_time_counts_and_all_of_it(calendar: Calendar, begun: datetime) -> None:
    """Half hour by half hour through three days, as the clock on the wall has it."""
    half, open_ones = timedelta(minutes=30), 0
    for number in range(3 * 48):
        moment = begun + number * half
        is_open = served(calendar, moment)
        assert calendar.open_at(moment) is is_open
        open_ones += is_open
    assert calendar.between(begun, begun + 3 * 48 * half) == open_ones * half


@often(200)
@given(calendars(), INSTANTS, st.integers(1, 60 * 24 * 3))
def test_adding_and_measuring_agree(calendar: Calendar, begun: datetime, minutes: int) -> None:
    span = timedelta(minutes=minutes)
    ends = calendar.add(begun, span)
    assert calendar.between(begun, ends) == span
    assert served(calendar, ends - timedelta(seconds=1)), "a promise ends in service time"


@often(200)
@given(calendars(), INSTANTS, INSTANTS, st.integers(0, 3000), st.integers(0, 3000))
def test_what_begins_later_or_takes_longer_never_ends_sooner(
    calendar: Calendar, one: datetime, other: datetime, least: int, more: int
) -> None:
    early, late = sorted((one, other))
    span = timedelta(minutes=least)
    assert early <= calendar.add(early, span) <= calendar.add(late, span)
    assert calendar.add(early, span) <= calendar.add(early, span + timedelta(minutes=more))


@often(200)
@given(calendars(), INSTANTS, INSTANTS, INSTANTS)
def test_service_time_adds_up(calendar: Calendar, one: datetime, two: datetime, three: datetime) -> None:
    first, second, third = sorted((one, two, three))
    whole = calendar.between(first, third)
    assert whole == calendar.between(first, second) + calendar.between(second, third)
    assert timedelta(0) <= whole <= third - first


@often(200)
@given(calendars(), INSTANTS)
def test_it_opens_where_the_first_moment_is_served(calendar: Calendar, moment: datetime) -> None:
    opens = calendar.opens_next(moment)
    assert calendar.open_at(opens)
    assert calendar.between(moment, opens) == timedelta(0)
    assert (opens == moment) is calendar.open_at(moment)


@often(200)
@given(st.sampled_from([OFFICE, Calendar(BERLIN, quiet=(time(1), time(6)))]), INSTANTS)
def test_a_calm_moment_is_calm(calendar: Calendar, moment: datetime) -> None:
    calm = calendar.calm(moment)
    assert moment <= calm < moment + timedelta(hours=25)
    assert calendar.calm(calm) == calm
