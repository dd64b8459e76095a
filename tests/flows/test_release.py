"""The item release: what it asks, who has to agree, and what becomes of the code."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, cast

import pytest

from flows import catalogue
from flows.engine import turn as engine
from flows.engine.effects import Act, EndPasses, IssuePass, Moved, OpenTicket
from flows.engine.facts import Facts, Home
from flows.engine.form import Flow
from flows.engine.lifecycle import Actor, Refused, Role
from flows.engine.messages import Ask, Command, Heard, Picked, Pressed, Said, Sent
from flows.release.slip import Inspection, Objection, Release, lines
from flows.release.table import LIFECYCLE, State, first_step
from tests.flows.engine.cafe import NOW

OWNER, TENANT = Home(1, "3-1201", 1, "owner"), Home(1, "3-1201", 1, "tenant")
FACTS = Facts(now=NOW, homes=(OWNER,))
SKIP = Pressed(Command.SKIP)
STORY: tuple[Heard, ...] = (
    Said("a sofa", "r1"),
    SKIP,
    Said("明天下午3点"),
    Said("HU A12345"),
    Pressed(Command.SUBMIT),
)


def play(flow: type[Flow], *heard: Heard, facts: Facts = FACTS) -> engine.Turn:
    turn = engine.begin(flow, facts)
    for one in heard:
        assert turn.draft is not None, f"over before {one}"
        turn = engine.advance(flow, turn.draft, one, facts)
    return turn


def opened(*heard: Heard, facts: Facts = FACTS) -> dict[str, Any]:
    effect = cast("OpenTicket", play(Release, *heard, facts=facts).effects[0])
    return dict(effect.details)


def said(turn: engine.Turn) -> list[str]:
    return [one.phrase.key for one in turn.messages if not isinstance(one, Ask) and hasattr(one, "phrase")]


def test_a_release_is_a_service_at_the_gate() -> None:
    assert catalogue.lifecycles()["release"] is LIFECYCLE
    assert LIFECYCLE.purpose == "gate"


def test_what_was_asked_for_is_kept() -> None:
    details = opened(*STORY)
    start, until = (datetime.fromisoformat(details[name]) for name in ("start", "until"))
    assert (start - NOW.replace(hour=15, minute=0, second=0, microsecond=0)).days == 1
    assert until - start == timedelta(hours=2)
    assert (details["text"], details["vehicle"], details["lets"]) == ("a sofa", "HU A12345", False)
    assert len(lines(details)) == 3
    assert len(lines({**details, "vehicle": "", "arrears": True})) == 3


def test_photos_of_the_goods_go_along() -> None:
    effect = play(Release, STORY[0], Sent(4), Pressed(Command.DONE), *STORY[2:]).effects[0]
    assert cast("OpenTicket", effect).photos == (4,)


def test_today_lasts_until_the_gate_closes() -> None:
    details = opened(STORY[0], SKIP, Picked("window", "asap"), SKIP, STORY[-1])
    assert datetime.fromisoformat(details["start"]) == NOW.replace(second=0, microsecond=0)
    assert datetime.fromisoformat(details["until"]).hour == 22
    late = replace(FACTS, now=NOW.replace(hour=21, minute=30))
    details = opened(STORY[0], SKIP, Said("现在"), SKIP, STORY[-1], facts=late)
    assert datetime.fromisoformat(details["until"]) - late.now == timedelta(hours=2)


def test_a_part_of_a_day_can_be_chosen_and_hours_are_the_communitys() -> None:
    facts = replace(FACTS, terms={"release": {"hours": ["09:00", "19:00"]}})
    ask = cast("Ask", play(Release, STORY[0], SKIP, facts=facts).messages[-1])
    assert len(ask.options) == 6
    chosen = ask.options[-1].value
    details = opened(STORY[0], SKIP, Picked("window", chosen), SKIP, STORY[-1], facts=facts)
    assert details["start"].startswith(chosen[:16])
    turn = play(Release, STORY[0], SKIP, Said("明天晚上8点"), facts=facts)
    assert said(turn) == ["release.window.closed"]


@pytest.mark.parametrize(
    ("heard", "key"),
    [
        (Said("sometime"), "rejected.not_a_time"),
        (Said("昨天"), "rejected.past"),
        (Picked("window", "2020-01-01T09:00+08:00"), "rejected.slot_gone"),
        (Picked("window", "soon"), "rejected.slot_gone"),
    ],
)
def test_no_time_is_guessed(heard: Heard, key: str) -> None:
    turn = play(Release, STORY[0], SKIP, heard)
    assert said(turn) == [key]
    assert cast("Ask", turn.messages[-1]).question == "window"


def test_a_window_that_is_over_is_asked_for_again() -> None:
    turn = play(Release, *STORY[:4])
    assert turn.draft is not None
    later = replace(FACTS, now=NOW + timedelta(days=3))
    after = engine.advance(Release, turn.draft, Pressed(Command.RESUME), later)
    assert cast("Ask", after.messages[-1]).question == "window"


@pytest.mark.parametrize(
    ("home", "terms", "step"),
    [
        (OWNER, {}, "issue"),
        (TENANT, {}, "ask_owner"),
        (replace(OWNER, role="family"), {}, "ask_owner"),
        (OWNER, {"approval": True}, ""),
        (TENANT, {"arrears": True}, ""),
    ],
)
def test_who_has_to_agree(home: Home, terms: dict[str, Any], step: str) -> None:
    details = opened(*STORY, facts=replace(FACTS, homes=(home,), terms={"release": terms}))
    assert first_step(details) == step
    desk = Actor(frozenset({Role.DESK}))
    names = {action.name for action in LIFECYCLE.allowed(State.REQUESTED, desk, details)}
    assert names == {"forward" if home.role != "owner" else "approve", "refuse"}


def test_the_owner_answers_and_nobody_else() -> None:
    landlord, tenant = Actor(frozenset(), landlord=True), Actor(frozenset(), owner=True)
    details = opened(*STORY, facts=replace(FACTS, homes=(TENANT,)))
    for name in ("consent", "decline"):
        assert LIFECYCLE.check(name, State.OWNER, landlord, details).name == name
        with pytest.raises(Refused):
            LIFECYCLE.check(name, State.OWNER, tenant, details)


def test_the_pass_is_good_for_the_window_and_ends_with_the_ticket() -> None:
    details = opened(*STORY)
    moved = Moved(7, 1, details, {}, NOW)
    for name in ("issue", "approve", "consent", "vouch"):
        then = LIFECYCLE.named[name].then
        assert then is not None
        (issued,) = then(moved)
        assert isinstance(issued, IssuePass)
        assert (issued.since.isoformat(), issued.until.isoformat()) == (details["start"], details["until"])
    for name, used in (("cancel", False), ("withdraw", False), ("refuse", False), ("release", True)):
        then = LIFECYCLE.named[name].then
        assert then is not None
        assert then(moved) == (EndPasses(used=used),)


def test_only_a_shown_pass_lets_anything_out() -> None:
    guard, details = Actor(frozenset({Role.GUARD})), opened(*STORY)
    assert LIFECYCLE.check("release", State.ISSUED, guard, details)
    assert "release" not in {one.name for one in LIFECYCLE.allowed(State.ISSUED, guard, details)}
    for state in set(State) - {State.ISSUED}:
        with pytest.raises(Refused):
            LIFECYCLE.check("release", state, guard, details)


ABOUT = replace(FACTS, about={"ticket": 7, "action": "release"})


def test_goods_that_match_leave_and_others_do_not() -> None:
    yes = play(Inspection, Picked("match", "yes"), Sent(9), Pressed(Command.DONE), facts=ABOUT)
    assert yes.effects == (Act(7, "release", {"match": True}, (9,)),)
    no = play(Inspection, Picked("match", "no"), Said("a piano, too"), SKIP, facts=ABOUT)
    assert no.effects == (Act(7, "refuse", {"match": False, "reason": "a piano, too"}),)


def test_an_owner_need_not_say_why() -> None:
    about = replace(ABOUT, about={"ticket": 7, "action": "decline"})
    assert play(Objection, SKIP, facts=about).effects == (Act(7, "decline", {"reason": None}),)
