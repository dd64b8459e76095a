"""The profile's questions: what each takes, what it refuses, and what comes of it."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from flows.engine import nights
from flows.engine import turn as engine
from flows.engine.effects import Deed
from flows.engine.facts import Facts, Home
from flows.engine.form import Draft
from flows.engine.messages import Ask, Command, Heard, Picked, Pressed, Review, Said, Shared
from flows.engine.numbers import dialled
from flows.membership import Membership
from flows.profile.errand import Erasure, Profile
from flows.profile.record import Emergency, Need, Record

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=ZoneInfo("Asia/Shanghai"))
FIRST, SECOND, NEW = "+8613800000001", "+8613800000002", "+8613912345678"
MEMBER = {"id": 7, "name": "李雷", "role": "owner", "home": "3-1201", "mine": True}


def known(*phones: str, role: str = "owner", **record: Any) -> Facts:
    homes = (Home(1, "3-1201", 1, role),)
    return Facts(now=NOW, homes=homes, phones=phones or (FIRST,), record={"members": [MEMBER], **record})


def said(facts: Facts, *heard: Heard, flow: Any = Profile) -> engine.Turn:
    turn = engine.begin(flow, facts)
    for one in heard:
        assert turn.draft is not None
        turn = engine.advance(flow, turn.draft, one, facts)
    return turn


def about(topic: str) -> Picked:
    return Picked("topic", topic)


def asked(turn: engine.Turn) -> str:
    last = turn.messages[-1]
    assert isinstance(last, Ask), last
    return last.question


def deed(turn: engine.Turn, facts: Facts, flow: Any = Profile) -> Deed:
    """What is asked for once the answers are submitted."""
    if turn.draft is not None:
        assert isinstance(turn.messages[-1], Review)
        turn = engine.advance(flow, turn.draft, Pressed(Command.SUBMIT), facts)
    (effect,) = turn.effects
    assert isinstance(effect, Deed)
    return effect


# --- phones


def test_a_typed_number_is_typed_twice() -> None:
    turn = said(known(), about("phones"), Shared(NEW))
    assert asked(turn) == "phone_again"
    assert turn.draft is not None
    slip = engine.advance(Profile, turn.draft, Shared(SECOND), known())
    assert asked(slip) == "phone_again"
    right = engine.advance(Profile, turn.draft, Shared(NEW), known())
    assert deed(right, known()) == Deed("phone", {"do": "add", "number": NEW, "proven": False})


def test_a_number_from_a_contact_is_proven_and_asked_once() -> None:
    turn = said(known(), about("phones"), Shared(NEW, proven=True))
    assert deed(turn, known()) == Deed("phone", {"do": "add", "number": NEW, "proven": True})


def test_correcting_the_first_asks_for_the_second_again() -> None:
    turn = said(known(), about("phones"), Shared(NEW), Shared(NEW), Pressed(Command.EDIT, argument="phone"))
    assert turn.draft is not None
    assert asked(engine.advance(Profile, turn.draft, Shared(SECOND), known())) == "phone_again"


def test_a_number_on_file_is_not_added_twice() -> None:
    assert asked(said(known(), about("phones"), Shared(FIRST))) == "phone"


@pytest.mark.parametrize("verb", ["first", "remove"])
def test_numbers_are_reordered_and_removed_once_there_are_several(verb: str) -> None:
    assert asked(said(known(), about("phones"))) == "phone"
    facts = known(FIRST, SECOND)
    turn = said(facts, about("phones"), Picked("phone_deed", verb), Picked("phone_held", SECOND))
    assert deed(turn, facts) == Deed("phone", {"do": verb, "number": SECOND})


def test_a_full_list_takes_no_more() -> None:
    turn = said(known(*(f"+861380000000{n}" for n in range(5))), about("phones"))
    (question,) = [one for one in turn.messages if isinstance(one, Ask)]
    assert [one.value for one in question.options] == ["first", "remove"]


# --- the rest of the record


@pytest.mark.parametrize(
    ("topic", "heard", "value"),
    [
        ("people", [Said("李爷爷、小明（5岁）, 王芳")], ["李爷爷", "小明（5岁）", "王芳"]),
        ("people", [Picked("people", "nothing")], []),
        ("vehicles", [Said("沪a 12345；沪AD67890")], ["沪A12345", "沪AD67890"]),
        ("quiet", [Said("晚上十点到早上七点半")], ["22:00", "07:30"]),
        ("quiet", [Picked("quiet", "23:00-07:00")], ["23:00", "07:00"]),
        ("quiet", [Picked("quiet", "nothing")], None),
        ("emergency", [Said("王芳"), Said("139 1234 5678")], {"name": "王芳", "phone": NEW}),
        ("emergency", [Picked("helper", "nothing")], None),
        ("needs", [Picked("needs", "elderly"), Pressed(Command.DONE)], ["elderly"]),
    ],
)
def test_what_is_told_is_what_the_record_keeps(topic: str, heard: list[Heard], value: Any) -> None:
    facts = known()
    done = deed(said(facts, about(topic), *heard), facts)
    assert done == Deed("change", {"field": topic, "value": value})
    stored = Record.from_json({topic: value}).to_json()
    assert stored[topic] == value


def test_no_reminders_is_kept_as_such() -> None:
    facts = known()
    done = deed(said(facts, about("rating"), Picked("rating", "no")), facts)
    assert done.values == {"field": "no_rating", "value": True}


def test_what_is_ticked_already_stays_ticked() -> None:
    facts = known(needs=["wheelchair"])
    done = deed(said(facts, about("needs"), Picked("needs", "infants"), Pressed(Command.DONE)), facts)
    assert done.values["value"] == ["infants", "wheelchair"]


def test_one_s_own_number_is_nobody_s_emergency_contact() -> None:
    turn = said(known(), about("emergency"), Said("王芳"), Said("138 0000 0001"))
    assert asked(turn) == "helper_phone"


def test_a_record_is_read_as_it_was_written() -> None:
    record = Record(
        Emergency("王芳", NEW),
        ("李爷爷",),
        ("猫",),
        ("沪A12345",),
        (Need.ELDERLY,),
        (time(22), time(7, 30)),
        True,
    )
    assert Record.from_json(record.to_json()) == record
    assert Record.from_json({}) == Record()


@pytest.mark.parametrize(
    "broken", [{"needs": ["wings"]}, {"quiet": ["late", "early"]}, {"emergency": {"name": "x"}}]
)
def test_what_no_record_can_be_is_refused(broken: dict[str, Any]) -> None:
    with pytest.raises((KeyError, ValueError)):
        Record.from_json(broken)


# --- homes


def test_only_an_owner_can_invite() -> None:
    facts = known()
    assert deed(said(facts, about("invite"), Picked("guest", "tenant")), facts).values == {
        "home": 1,
        "role": "tenant",
    }
    assert asked(said(known(role="tenant"), about("invite"))) == "topic"


def test_moving_out_wants_a_yes() -> None:
    facts = known()
    leaving = (about("leave"), Picked("leaver", "7"))
    assert said(facts, *leaving, Picked("leaving", "no")).effects == ()
    assert deed(said(facts, *leaving, Picked("leaving", "yes")), facts) == Deed("move_out", {"membership": 7})
    assert asked(said(facts, about("leave"), Picked("leaver", "8"))) == "leaver"


def test_erasing_wants_two() -> None:
    facts = known()
    yes, no = Picked("sure", "yes"), Picked("sure", "no")
    assert said(facts, no, flow=Erasure).effects == ()
    assert said(facts, yes, Picked("really", "no"), flow=Erasure).effects == ()
    assert said(facts, yes, Picked("really", "yes"), flow=Erasure).effects == (Deed("erase"),)


def test_a_home_of_several_communities_is_chosen() -> None:
    found = (Home(1, "3-1201", 1, place="湖畔花园"), Home(9, "3-1201", 2, place="山景苑"))
    turn = engine.begin(Membership, Facts(now=NOW))
    assert turn.draft is not None
    nothing = engine.advance(Membership, turn.draft, Said("9-9999"), Facts(now=NOW))
    assert asked(nothing) == "home"
    several = engine.advance(Membership, turn.draft, Said("3-1201"), Facts(now=NOW, found=found))
    assert several.draft is not None
    draft = Draft.from_json(several.draft.to_json())
    chosen = engine.advance(Membership, draft, Picked("home", "9"), Facts(now=NOW))
    assert asked(chosen) == "standing"
    assert chosen.draft is not None
    assert Membership(chosen.draft.answers, Facts(now=NOW)).home == found[1]


# --- hours and numbers as people write them


@pytest.mark.parametrize(
    ("text", "night"),
    [
        ("22:00-7:00", (time(22), time(7))),
        ("10pm to 7am", (time(22), time(7))),
        ("晚上十二点到八点", (time(0), time(8))),
        ("12pm-2pm", (time(12), time(14))),
        ("晚一点", None),
        ("22:00", None),
        ("22:00-22:10", None),
        ("8:00-7:00", None),
        ("25:00-26:00", None),
    ],
)
def test_hours_of_quiet(text: str, night: tuple[time, time] | None) -> None:
    assert nights.understand(text) == night


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("139 1234 5678", NEW),
        ("+86 139-1234-5678", NEW),
        ("１３９１２３４５６７８", NEW),
        ("010-12345678", "+861012345678"),
        ("+44 7700 900123", "+447700900123"),
        ("13912345", None),
        ("王芳", None),
    ],
)
def test_somebody_else_s_number(text: str, number: str | None) -> None:
    assert dialled(text) == number
