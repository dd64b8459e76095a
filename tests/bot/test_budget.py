"""No chat gets more than its vendor allows in any window, and emergencies always find room."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.budget import TELEGRAM, UNLIMITED, WECOM, Budget, Limit, Limits
from tests.bot.outbound import GROUP, LI, NOON, WANG, Clock

EMERGENCY, ORDINARY = 0, 1


def posts(budget: Budget, chat: str, times: int, *, lane: int = ORDINARY, group: bool = False) -> int:
    """Try to post; how often it was allowed."""
    allowed = 0
    for _ in range(times):
        if budget.admit(chat, lane, 1, group=group):
            budget.done(chat)
            allowed += 1
    return allowed


def test_a_person_gets_three_at_once_and_then_one_a_second() -> None:
    clock = Clock()
    budget = Budget(Limits(private=Limit(3, 3.0)), clock)
    assert posts(budget, WANG, 5) == 3
    assert budget.shut() == {WANG}
    assert posts(budget, LI, 5) == 3
    assert budget.opens() == NOON + timedelta(seconds=3)
    clock.go_on(2.9)
    assert posts(budget, WANG, 5) == 0
    clock.go_on(0.1)
    assert posts(budget, WANG, 5) == 3


def test_a_group_gets_twenty_a_minute_and_two_are_kept_for_emergencies() -> None:
    clock = Clock()
    budget = Budget(TELEGRAM, clock)
    assert posts(budget, GROUP, 25, group=True) == 18
    assert not budget.open(GROUP, ORDINARY)
    assert budget.shut() == set()
    assert posts(budget, GROUP, 5, lane=EMERGENCY, group=True) == 2
    assert budget.shut() == {GROUP}
    assert budget.a_minute(group=True) == 18
    assert budget.a_minute(group=False) is None


def test_a_person_on_wecom_gets_fewer_than_a_thousand_in_an_hour() -> None:
    """Beyond that WeCom drops messages without an error; a team's reach each of its members."""
    clock = Clock()
    budget = Budget(WECOM, clock)
    alone = team = 0
    for _ in range(59):
        alone += posts(budget, WANG, 30)
        team += posts(budget, GROUP, 20, group=True)
        clock.go_on(60)
    assert (alone, team) == (380, 570)
    assert posts(budget, WANG, 30, lane=EMERGENCY) == 20
    assert not budget.open(WANG, EMERGENCY)
    assert budget.open(LI, ORDINARY)
    assert budget.opens() == NOON + timedelta(hours=1)
    clock.go_on(60)
    assert posts(budget, WANG, 30) == 10
    clock.go_on(3600)
    assert budget.shut() == set()
    assert not budget._chats


def test_a_post_to_somebody_is_remembered_as_long_as_it_counts() -> None:
    assert (WECOM.longest, TELEGRAM.longest, UNLIMITED.longest) == (3600.0, 60.0, 60.0)


def test_all_chats_together_get_thirty_a_second() -> None:
    clock = Clock()
    budget = Budget(TELEGRAM, clock)
    assert sum(posts(budget, str(chat), 1) for chat in range(50)) == 30
    assert budget.closed()
    clock.go_on(1)
    assert not budget.closed()


def test_a_slow_post_counts_until_a_window_after_its_end() -> None:
    clock = Clock()
    budget = Budget(Limits(private=Limit(1, 3.0)), clock)
    assert budget.admit(WANG, ORDINARY, 1, group=False)
    clock.go_on(10)
    assert not budget.open(WANG, ORDINARY)
    assert budget.opens() is None
    budget.done(WANG)
    assert budget.opens() == NOON + timedelta(seconds=13)


def test_one_post_at_a_time_goes_to_a_chat() -> None:
    budget = Budget(UNLIMITED, Clock())
    assert budget.admit(WANG, ORDINARY, 1, group=False)
    assert not budget.admit(WANG, EMERGENCY, 1, group=False)
    assert budget.admit(LI, ORDINARY, 1, group=False)
    budget.abandon({LI})
    assert budget.open(WANG, ORDINARY)
    assert not budget.open(LI, ORDINARY)


def test_an_album_weighs_as_much_as_its_photos() -> None:
    budget = Budget(Limits(group=Limit(20, 60.0)), Clock())
    assert posts(budget, GROUP, 15, group=True) == 15
    assert not budget.admit(GROUP, ORDINARY, 6, group=True)
    assert budget.admit(GROUP, ORDINARY, 5, group=True)


def test_a_pause_holds_for_a_chat_or_for_all() -> None:
    clock = Clock()
    budget = Budget(UNLIMITED, clock)
    budget.pause(WANG, NOON + timedelta(seconds=5))
    budget.pause(WANG, NOON + timedelta(seconds=3))
    assert not budget.open(WANG, EMERGENCY)
    assert budget.open(LI, ORDINARY)
    clock.go_on(5)
    assert budget.open(WANG, EMERGENCY)
    budget.pause(None, clock() + timedelta(seconds=2))
    assert budget.closed()
    clock.go_on(2)
    assert budget.open(LI, ORDINARY)


def test_a_group_that_moved_takes_its_window_along() -> None:
    budget = Budget(TELEGRAM, Clock())
    posts(budget, GROUP, 18, group=True)
    budget.pause(GROUP, NOON + timedelta(seconds=5))
    budget.move(GROUP, "-100500")
    assert budget.open(GROUP, ORDINARY)
    assert not budget.open("-100500", ORDINARY)


def test_chats_that_fell_silent_are_forgotten() -> None:
    clock = Clock()
    budget = Budget(TELEGRAM, clock)
    for chat in range(1000):
        budget.remember(str(chat), clock(), group=False)
        clock.go_on(1)
    assert budget.shut() == set()
    assert len(budget._chats) <= 3


def test_no_window_of_the_vendor_ever_holds_too_many() -> None:
    reach: Counter[str] = Counter()
    tries = st.lists(
        st.tuples(st.floats(0, 20), st.floats(0, 3), st.sampled_from((0, 1))), min_size=20, max_size=80
    )

    @settings(max_examples=200, deadline=None, database=None, derandomize=True)
    @given(tries)
    def holds(story: list[tuple[float, float, int]]) -> None:
        clock, arrived = Clock(), []
        budget = Budget(Limits(group=Limit(5, 10.0, reserved=1)), clock)
        for pause, takes, lane in story:
            clock.go_on(pause)
            if not budget.admit(GROUP, lane, 1, group=True):
                reach["refused"] += 1
                continue
            clock.go_on(takes / 2)
            arrived.append(clock())
            clock.go_on(takes / 2)
            budget.done(GROUP)
        for first in arrived:
            assert sum(first <= at < first + timedelta(seconds=10) for at in arrived) <= 5
        reach["full"] += any(
            sum(first <= at < first + timedelta(seconds=10) for at in arrived) == 5 for first in arrived
        )

    holds()
    assert reach["refused"] > 0, reach
    assert reach["full"] > 0, reach
