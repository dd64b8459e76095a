"""A table of states and actions: who may do what, when, and whom it concerns."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

import pytest

from flows.engine.lifecycle import (
    Action,
    Actor,
    Audience,
    Clock,
    Lifecycle,
    Refused,
    Role,
    Stage,
    Timer,
    permits,
)
from tests.flows.engine.cafe import Order


class State(StrEnum):
    ORDERED = "ordered"
    MADE = "made"
    DRUNK = "drunk"


MINUTES = timedelta(minutes=5)
BARISTA, GUEST = frozenset({Role.TECHNICIAN, Role.DUTY_LEAD}), frozenset({Role.RESIDENT})
CAFE = Lifecycle(
    kind="order",
    purpose="bar",
    start=Order,
    states=State,
    first=State.ORDERED,
    final=frozenset({State.DRUNK}),
    actions=(
        Action("make", by=BARISTA, frm=frozenset({State.ORDERED}), to=State.MADE, own=True),
        Action("sip", by=GUEST, frm=frozenset({State.MADE}), to=State.DRUNK),
        Action(
            "forget", by=frozenset({Role.CLOCK}), frm=frozenset({State.MADE}), to=State.DRUNK, hidden=True
        ),
    ),
    clocks=(Clock("serve", MINUTES, MINUTES, (Stage(1.0, Audience.ASSIGNEE),)),),
    timers=(Timer("cold", (timedelta(minutes=10),)),),
)
MAKER = Actor(frozenset({Role.TECHNICIAN}), assignee=True)
OTHER = Actor(frozenset({Role.TECHNICIAN}))
LEAD = Actor(frozenset({Role.DUTY_LEAD}))
OWNER = Actor(frozenset(), owner=True)
CLOCK = Actor(frozenset({Role.CLOCK}))
NOBODY = Actor(frozenset())


def refusal(name: str, state: State, actor: Actor) -> str:
    with pytest.raises(Refused) as caught:
        CAFE.check(name, state, actor, {})
    return caught.value.reason


def test_the_one_who_took_it_and_a_lead_may_go_on_with_it() -> None:
    assert CAFE.check("make", State.ORDERED, MAKER, {}).to is State.MADE
    assert CAFE.check("make", State.ORDERED, LEAD, {}).to is State.MADE
    assert refusal("make", State.ORDERED, OTHER) == "not_yours"


def test_only_the_owner_does_what_is_the_residents() -> None:
    assert CAFE.check("sip", State.MADE, OWNER, {}).name == "sip"
    assert refusal("sip", State.MADE, LEAD) == "not_yours"
    assert refusal("sip", State.MADE, Actor(frozenset({Role.RESIDENT}))) == "not_yours"
    assert refusal("make", State.ORDERED, OWNER) == "not_yours"


def test_whoever_may_not_learns_nothing_about_the_state() -> None:
    assert refusal("make", State.DRUNK, NOBODY) == "not_yours"
    assert refusal("make", State.DRUNK, MAKER) == "moved_on"
    assert refusal("spill", State.DRUNK, MAKER) == "unknown"


def test_the_clock_needs_no_ticket_of_its_own() -> None:
    assert CAFE.check("forget", State.MADE, CLOCK, {}).hidden
    assert not permits(CAFE.named["make"], CLOCK)


def test_buttons_are_the_actions_allowed_now() -> None:
    assert [one.name for one in CAFE.allowed(State.ORDERED, MAKER, {})] == ["make"]
    assert [one.name for one in CAFE.allowed(State.MADE, CLOCK, {})] == []
    assert CAFE.allowed(State.DRUNK, LEAD, {}) == ()


def test_one_person_may_be_resident_and_staff() -> None:
    both = Actor(frozenset({Role.TECHNICIAN}), owner=True, assignee=True)
    assert [one.name for one in CAFE.allowed(State.ORDERED, both, {})] == ["make"]
    assert [one.name for one in CAFE.allowed(State.MADE, both, {})] == ["sip"]


def test_clocks_and_timers_are_found_by_name() -> None:
    clock, timer = CAFE.clock("serve"), CAFE.timer("cold")
    assert clock is not None
    assert timer is not None
    assert (clock.stages[0].tells, timer.calm) == (Audience.ASSIGNEE, True)
    assert CAFE.clock("cold") is None
    assert CAFE.timer("serve") is None
