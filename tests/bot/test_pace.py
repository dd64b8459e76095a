"""Somebody writes faster than anybody can."""

from __future__ import annotations

from bot.pace import Pace


def test_the_one_too_many_is_refused_until_the_minute_has_passed() -> None:
    clock = [0.0]
    pace = Pace(3, now=lambda: clock[0])
    assert [pace.allows("web", "web", "a") for _ in range(4)] == [True, True, True, False]
    clock[0] = 59.9
    assert not pace.allows("web", "web", "a")
    clock[0] = 60.0
    assert pace.allows("web", "web", "a")


def test_who_is_refused_is_told_so_once_a_minute() -> None:
    clock = [0.0]
    pace = Pace(1, now=lambda: clock[0])
    assert [pace.tells("web", "web", one) for one in "aaba"] == [True, False, True, False]
    clock[0] = 60.0
    assert pace.tells("web", "web", "a")


def test_others_are_not_slowed_down_by_it() -> None:
    pace = Pace(1, now=lambda: 0.0)
    assert pace.allows("web", "web", "a")
    assert not pace.allows("web", "web", "a")
    assert pace.allows("web", "web", "b")
    assert pace.allows("telegram", "web", "a")


def test_no_limit() -> None:
    pace = Pace(0)
    assert all(pace.allows("web", "web", "a") for _ in range(1000))
