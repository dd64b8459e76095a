"""What a community has set for itself is read as it was meant, and refused where it makes no sense."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from flows import repair
from handlers.policy import policy

ZONE = "Asia/Shanghai"
MORNING, AFTERNOON = (time(8, 30), time(12)), (time(13, 30), time(18))
HOURS = [["08:30", "12:00"], ["13:30", "18:00"]]


def test_a_community_that_has_set_nothing_has_what_everybody_has() -> None:
    rule = policy({}, ZONE)
    assert rule.calendar.zone == ZoneInfo(ZONE)
    assert rule.calendar.frames == ((time(8), time(20)),)
    assert rule.calendar.quiet == (time(21, 30), time(8, 30))
    assert (rule.hotline, rule.tickets_a_day) == ("", 10)
    assert (rule.repeat_within, rule.reopen_within) == (timedelta(minutes=10), timedelta(days=7))
    assert (rule.reconfirm, rule.consent_version) == (timedelta(days=180), "2026-11")
    assert rule.terms == {}


def test_a_week_with_its_exceptions() -> None:
    settings = {
        "hours": HOURS,
        "week": {"6": [["09:00", "12:00"]], "7": []},
        "holidays": ["2026-10-01", "2026-10-02"],
        "closed": ["2026-12-24"],
        "workdays": ["2026-10-10", "2026-10-02"],
    }
    calendar = policy(settings, ZONE).calendar
    told = {
        "2026-09-30": (MORNING, AFTERNOON),  # a Wednesday
        "2026-10-01": (),  # a holiday
        "2026-10-02": (MORNING, AFTERNOON),  # a holiday and a working day: it is worked
        "2026-10-03": ((time(9), time(12)),),  # a Saturday
        "2026-10-04": (),  # a Sunday
        "2026-10-10": (MORNING, AFTERNOON),  # a Saturday that makes up for a holiday
        "2026-12-24": (),  # off by the name that holidays had before
    }
    for day, frames in told.items():
        assert calendar.frames_on(date.fromisoformat(day)) == frames, day


def test_what_services_ask_for_is_handed_on() -> None:
    terms = {"renovation": {"deposit": 200_000}}
    rule = policy({"terms": terms, "reconfirm_days": 90, "consent_version": "2027-01"}, ZONE)
    assert rule.terms == terms
    assert (rule.reconfirm, rule.consent_version) == (timedelta(days=90), "2027-01")


def test_a_promise_of_ones_own_goes_before_the_services() -> None:
    clock = repair.LIFECYCLE.clock("respond")
    assert clock is not None
    rule = policy({"promises": {"repair": {"respond": 45}}}, ZONE)
    assert rule.promise("repair", clock, urgent=False) == timedelta(minutes=45)
    assert rule.promise("repair", clock, urgent=True) == clock.urgent


@pytest.mark.parametrize(
    "settings",
    [
        {"hours": [["8 o'clock", "12:00"]]},
        {"hours": [["08:00"]]},
        {"week": {"8": []}},
        {"week": {"saturday": []}},
        {"week": {"6": [["09:00", "25:00"]]}},
        {"holidays": ["1 October"]},
        {"workdays": ["2026-02-30"]},
        {"reconfirm_days": "often"},
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        policy(settings, ZONE)


def test_a_changed_setting_holds_from_the_next_question_on() -> None:
    settings: dict[str, Any] = {"hours": HOURS}
    noon = datetime(2026, 11, 23, 12, 30, tzinfo=ZoneInfo(ZONE))
    assert not policy(settings, ZONE).calendar.open_at(noon)
    settings["hours"] = [["08:00", "20:00"]]
    assert policy(settings, ZONE).calendar.open_at(noon)
    assert policy(settings, ZONE) is policy(dict(settings), ZONE), "worked out once"
