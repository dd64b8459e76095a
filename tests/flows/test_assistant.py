"""The assistant: one question, sent off at once; who may say what, and which promises run while they talk."""

from __future__ import annotations

import pytest

from flows.assistant import LIFECYCLE, Rejoinder, State, Talk
from flows.engine import turn as engine
from flows.engine.effects import Act, OpenTicket
from flows.engine.facts import Facts, Home
from flows.engine.lifecycle import OUTSIDERS, Actor, Audience, Refused, Role
from flows.engine.messages import Ask, Heard, Picked, Said, Sent
from flows.ticket import Speech
from tests.flows.engine.cafe import NOW

HOME, FLAT = Home(1, "3-1201", 1), Home(2, "3-1202", 1)
FACTS = Facts(now=NOW, homes=(HOME,))
RESIDENT = Actor(frozenset(), owner=True)


def sent_off(*first: Heard, facts: Facts = FACTS) -> OpenTicket:
    """What becomes of words and photos that were there before the service was chosen."""
    turn = engine.begin(Talk, facts, first=first)
    assert turn.draft is None
    (effect,) = turn.effects
    assert isinstance(effect, OpenTicket)
    return effect


def test_what_was_said_already_is_sent_off_without_a_question() -> None:
    ticket = sent_off(Said("good day", "m1"), Sent(7, ref="m2"), Said("the bell is broken", "m3"))
    assert ticket.details == {"text": "good day\nthe bell is broken"}
    assert (ticket.home, ticket.photos) == (1, (7,))
    assert ticket.described == (("m1", "good day"), ("m3", "the bell is broken"))


def test_one_question_is_asked_and_a_photo_is_no_answer_to_it() -> None:
    turn = engine.begin(Talk, FACTS)
    assert turn.draft is not None
    turn = engine.advance(Talk, turn.draft, Sent(7, ref="m1"), FACTS)
    assert turn.draft is not None
    asked = turn.messages[-1]
    assert isinstance(asked, Ask)
    assert (asked.question, asked.steps) == ("message", 1)
    turn = engine.advance(Talk, turn.draft, Said("look at this", "m2"), FACTS)
    (effect,) = turn.effects
    assert isinstance(effect, OpenTicket)
    assert effect.photos == (7,)


def test_who_has_several_homes_says_which() -> None:
    facts = Facts(now=NOW, homes=(HOME, FLAT))
    turn = engine.begin(Talk, facts, first=(Said("hello there", "m1"),))
    assert turn.draft is not None
    assert isinstance(turn.messages[-1], Ask)
    assert turn.messages[-1].question == "home"
    turn = engine.advance(Talk, turn.draft, Picked("home", "2"), facts)
    (effect,) = turn.effects
    assert isinstance(effect, OpenTicket)
    assert effect.home == 2


def test_an_answer_takes_its_photos_along() -> None:
    facts = Facts(now=NOW, homes=(HOME,), about={"ticket": 7, "action": "add"})
    turn = engine.begin(Rejoinder, facts)
    for heard in (Sent(3), Sent(4), Said("like this", "m1")):
        assert turn.draft is not None
        turn = engine.advance(Rejoinder, turn.draft, heard, facts)
    assert turn.effects == (Act(7, "add", {"note": "like this"}, (3, 4)),)


@pytest.mark.parametrize("role", sorted(set(Role) - OUTSIDERS))
@pytest.mark.parametrize("state", State)
def test_any_colleague_may_answer_at_any_time(role: Role, state: State) -> None:
    action = LIFECYCLE.check("answer", state, Actor(frozenset({role})), {})
    assert (action.to, action.asks) == (State.ANSWERED, Speech)
    assert action.tells == {Audience.RESIDENT}


@pytest.mark.parametrize("state", State)
def test_the_resident_may_always_go_on_and_never_answers_for_us(state: State) -> None:
    assert LIFECYCLE.check("add", state, RESIDENT, {}).to is State.OPEN
    with pytest.raises(Refused, match="not_yours"):
        LIFECYCLE.check("answer", state, RESIDENT, {})


def test_a_promise_runs_while_the_resident_waits_and_silence_ends_the_talk() -> None:
    named = LIFECYCLE.named
    assert "respond" in LIFECYCLE.opening
    assert named["answer"].stops == ("respond",)
    assert named["answer"].starts == ("quiet",)
    assert (named["add"].starts, named["add"].stops) == (("respond",), ("quiet",))
    assert not named["nod"].starts
    assert named["nod"].to is None
    quiet = LIFECYCLE.timer("quiet")
    assert quiet is not None
    assert (quiet.after[-1].days, quiet.acts) == (3, "close")
    with pytest.raises(Refused, match="moved_on"):
        LIFECYCLE.check("close", State.OPEN, Actor(frozenset({Role.CLOCK})), {})


def test_what_is_urgent_burns_until_it_is_answered() -> None:
    urgent, answer = LIFECYCLE.named["urgent"], LIFECYCLE.named["answer"]
    assert urgent.alarms
    assert answer.calms
    assert urgent.tells == {Audience.DUTY_LEAD, Audience.GROUP}
