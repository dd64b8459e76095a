"""Service hours and quiet hours: nights, lunch breaks, closed days, clocks put forward or back."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
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


INSTANTS = st.datetimes(
    datetime.fromisoformat("2026-03-01"), datetime.fromisoformat("2026-11-30"), timezones=st.just(UTC)
)
CALENDARS = st.sampled_from(
    [OFFICE, LUNCH, Calendar(BERLIN), Calendar(BERLIN, ((time(18), time(2)),), quiet=(time(1), time(6)))]
)


@often(200)
@given(CALENDARS, INSTANTS, st.integers(0, 60 * 24 * 5))
def test_adding_and_measuring_agree(calendar: Calendar, begun: datetime, minutes: int) -> None:
    span = timedelta(minutes=minutes)
    assert calendar.between(begun, calendar.add(begun, span)) == span


@often(200)
@given(CALENDARS, INSTANTS, INSTANTS, INSTANTS)
def test_service_time_adds_up(calendar: Calendar, one: datetime, two: datetime, three: datetime) -> None:
    first, second, third = sorted((one, two, three))
    whole = calendar.between(first, third)
    assert whole == calendar.between(first, second) + calendar.between(second, third)
    assert timedelta(0) <= whole <= third - first


@often(200)
@given(CALENDARS, INSTANTS)
def test_a_calm_moment_is_calm(calendar: Calendar, moment: datetime) -> None:
    calm = calendar.calm(moment)
    assert moment <= calm < moment + timedelta(hours=25)
    assert calendar.calm(calm) == calm
