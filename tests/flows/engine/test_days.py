"""A day is asked for: offered as buttons, understood as people say it, and kept within its limits."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest

from flows.engine.days import Day
from flows.engine.facts import Facts
from flows.engine.form import Flow
from flows.engine.messages import Command, Heard, Json, Picked, Pressed, Rejected, Said
from flows.engine.question import Unanswered
from tests.flows.engine.cafe import NOW


class Trip(Flow):
    name = "trip"
    leaves = Day(least=1, most=180)
    returns = Day(after=leaves, least=0, most=90, suggested=(0, 7, 30, 91))


def form(**answers: str) -> Trip:
    stored: dict[str, Json] = {name: {"day": day} for name, day in answers.items()}
    return Trip(stored, Facts(now=NOW))


def heard(question: Day, what: Heard, trip: Trip) -> date:
    stored = question.hear(what, trip)
    return question.load(stored, trip)


def refused(question: Day, what: Heard, trip: Trip) -> tuple[str, object]:
    with pytest.raises(Rejected) as rejected:
        question.hear(what, trip)
    return rejected.value.phrase.key, rejected.value.phrase.values.get("at")


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("明天", "2026-11-24"),
        ("后天开始", "2026-11-25"),
        ("下周一", "2026-11-30"),
        ("周六", "2026-11-28"),
        ("12月1日", "2026-12-01"),
        ("十二月一号", "2026-12-01"),
        ("12-15", "2026-12-15"),
        ("2026-12-01", "2026-12-01"),
        ("1月15号", "2027-01-15"),
        ("15号", "2026-12-15"),
        ("十天后", "2026-12-03"),
        ("1 December", "2026-12-01"),
        ("Dec 1st, please", "2026-12-01"),
        ("next Monday", "2026-11-30"),
        ("tomorrow morning", "2026-11-24"),
        ("in two weeks", "2026-12-07"),
        ("15/12", "2026-12-15"),
    ],
)
def test_a_day_is_understood_as_people_say_it(said: str, meant: str) -> None:
    assert heard(Trip.leaves, Said(said), form()).isoformat() == meant


def test_the_first_day_that_will_do_is_the_one_that_is_meant() -> None:
    assert heard(Trip.returns, Said("5号"), form(leaves="2026-12-10")) == date(2027, 1, 5)
    assert heard(Trip.returns, Said("周五"), form(leaves="2026-12-10")) == date(2026, 12, 11)


@pytest.mark.parametrize(
    ("said", "days"),
    [
        ("30天", 30),
        ("三十天", 30),
        ("两周", 14),
        ("1个月", 30),
        ("30 days", 30),
        ("a month", 30),
        ("2 weeks.", 14),
    ],
)
def test_a_length_of_time_counts_from_the_other_day(said: str, days: int) -> None:
    meant = heard(Trip.returns, Said(said), form(leaves="2026-12-10"))
    assert meant == date(2026, 12, 10) + timedelta(days=days)


def test_a_length_of_time_alone_is_no_day_where_there_is_no_other() -> None:
    assert refused(Trip.leaves, Said("30天"), form())[0] == "rejected.not_a_day"


@pytest.mark.parametrize(
    "said", ["", "不知道", "whenever", "下个月", "next week", "3点", "1/2", "7", "2 月 30 日"]
)
def test_what_names_no_single_day_is_asked_again(said: str) -> None:
    assert refused(Trip.leaves, Said(said), form())[0] == "rejected.not_a_day"


def test_a_day_outside_the_limits_is_answered_with_the_limit() -> None:
    early, late = "rejected.day_too_early", "rejected.day_too_late"
    tomorrow = datetime.combine(date(2026, 11, 24), time())
    for said in ("今天", "today", "昨天", "2026-11-20"):
        assert refused(Trip.leaves, Said(said), form()) == (early, tomorrow)
    last = datetime.combine(NOW.date() + timedelta(days=180), time())
    assert refused(Trip.leaves, Said("2027-11-20"), form()) == (late, last)
    assert refused(Trip.returns, Picked("returns", "2026-12-01"), form(leaves="2026-12-10"))[0] == early


def test_buttons_offer_days_within_the_limits_and_mean_what_they_say() -> None:
    offered = Trip.returns.options(form(leaves="2026-12-10"))
    assert [option.value for option in offered] == ["2026-12-10", "2026-12-17", "2027-01-09"]
    for option in offered:
        picked = Picked("returns", option.value)
        assert heard(Trip.returns, picked, form(leaves="2026-12-10")).isoformat() == option.value


@pytest.mark.parametrize("what", [Picked("leaves", "soon"), Picked("leaves", ""), Pressed(Command.DONE)])
def test_what_no_button_says_is_refused(what: Heard) -> None:
    assert refused(Trip.leaves, what, form())[0] == "rejected.not_a_day"


def test_an_answer_that_time_or_another_answer_has_overtaken_is_asked_again() -> None:
    assert form(leaves="2026-11-24").answered(Trip.leaves)
    later = Trip({"leaves": {"day": "2026-11-24"}}, Facts(now=NOW + timedelta(days=1)))
    assert not later.answered(Trip.leaves)
    assert form(leaves="2026-12-10", returns="2026-12-11").answered(Trip.returns)
    assert not form(leaves="2026-12-12", returns="2026-12-11").answered(Trip.returns)


@pytest.mark.parametrize("stored", [None, "2026-12-01", {"day": 7}, {"day": "soon"}, {}, ["2026-12-01"]])
def test_what_was_stored_otherwise_is_asked_again(stored: Json) -> None:
    with pytest.raises(Unanswered):
        Trip.leaves.load(stored, form())


def test_without_the_other_day_nothing_is_offered() -> None:
    with pytest.raises(Unanswered):
        Trip.returns.options(form())


def test_a_day_never_lies_before_today() -> None:
    past = form(leaves="2026-11-24")
    past.facts = Facts(now=NOW + timedelta(days=30))
    assert Trip.leaves.bounds(past)[0] == date(2026, 12, 24)
