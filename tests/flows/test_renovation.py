"""The renovation: what it answers, asks and keeps, and who may move its ticket until the last check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest

from flows.engine import turn as engine
from flows.engine.effects import Act, EndPasses, IssuePass, Lead, Moved, OpenTicket
from flows.engine.facts import Facts, Home
from flows.engine.form import Flow
from flows.engine.lifecycle import Action, Actor, Audience, Refused, Role
from flows.engine.messages import Ask, Command, Heard, Json, Phrase, Picked, Pressed, Review, Said, Say, Sent
from flows.engine.turn import Turn
from flows.renovation.card import lines
from flows.renovation.filing import Renovation
from flows.renovation.findings import Matter, Mended
from flows.renovation.permit import PaperConsent
from flows.renovation.site import Extension
from flows.renovation.states import State
from flows.renovation.table import LIFECYCLE
from tests.flows.engine.cafe import NOW

HOME = Home(1, "3-1201", 1, "owner")
FACTS = Facts(now=NOW, homes=(HOME,), phones=("+8613800000001",))
TENANT = replace(FACTS, homes=(replace(HOME, role="tenant"),))
SKIP, DONE, SUBMIT, BACK = (
    Pressed(one) for one in (Command.SKIP, Command.DONE, Command.SUBMIT, Command.BACK)
)
RESIDENT, OWNER = Actor(frozenset(), owner=True), Actor(frozenset(), landlord=True)
CLOCK, LEAD = Actor(frozenset({Role.CLOCK})), Actor(frozenset({Role.DUTY_LEAD}))
GUARD, TECHNICIAN = Actor(frozenset({Role.GUARD})), Actor(frozenset({Role.TECHNICIAN}))


def tap(question: str, value: str) -> Picked:
    return Picked(question, value)


FILE, RULES = tap("consult", "file"), tap("rules", "yes")
WHEN: tuple[Heard, ...] = (Said("3"), Said("12月1日"), Said("12月20日"), tap("works", "walls"), DONE)
MYSELF: tuple[Heard, ...] = (FILE, tap("who", "myself"), *WHEN, tap("structure", "no"), SKIP, SKIP, RULES)
COMPANY: tuple[Heard, ...] = (
    FILE,
    tap("who", "company"),
    Said("宏达装饰"),
    Said("老张"),
    Said("139 1234 5678"),
    Sent(1),
    DONE,
    *WHEN,
    tap("structure", "yes"),
    Sent(2),
    DONE,
    Sent(3, "A"),
    Sent(4, "A"),
    DONE,
    Said("白天没人"),
    RULES,
)


def talk(*heard: Heard, flow: type[Flow] = Renovation, facts: Facts = FACTS) -> list[Turn]:
    turns = [engine.begin(flow, facts, about=facts.about)]
    for one in heard:
        draft = turns[-1].draft
        assert draft is not None, f"over before {one}"
        turns.append(engine.advance(flow, draft, one, facts))
    return turns


def asked(turn: Turn) -> str:
    last = turn.messages[-1] if turn.messages else None
    return last.question if isinstance(last, Ask) else "review" if isinstance(last, Review) else ""


def told(turn: Turn) -> list[str]:
    return [one.phrase.key for one in turn.messages if isinstance(one, Say)]


def filed(*heard: Heard, facts: Facts = FACTS) -> OpenTicket:
    (effect,) = talk(*heard, SUBMIT, facts=facts)[-1].effects
    assert isinstance(effect, OpenTicket)
    return effect


def details(**changes: Any) -> dict[str, Any]:
    return {**filed(*MYSELF).details, **changes}


# --- the questions


@pytest.mark.parametrize("topic", ["hours", "forbidden", "papers", "deposit", "clearing"])
def test_a_topic_is_answered_and_the_question_stays_open(topic: str) -> None:
    turn = talk(tap("consult", topic))[-1]
    assert told(turn) == [f"renovation.consult.about.{topic}"]
    assert asked(turn) == "consult"


def test_every_figure_comes_from_what_the_community_has_set() -> None:
    terms = {
        "hours": [["09:00", "12:00"]],
        "use_days": 60,
        "deposit": 300_000,
        "rules": "7",
        "clearing": "B1",
    }
    facts = replace(FACTS, terms={"renovation": terms})
    said = talk(tap("consult", "deposit"), facts=facts)[-1].messages[0]
    assert isinstance(said, Say)
    assert said.phrase.values == {
        "hours": "09:00–12:00",
        "n": 60,
        "amount": 300_000,
        "version": "7",
        "link": "",
        "clearing": "B1",
    }
    kept = filed(*MYSELF, facts=facts).details
    assert (kept["hours"], kept["use_days"], kept["deposit"], kept["rules"]) == (
        "09:00–12:00",
        60,
        300_000,
        "7",
    )


def test_without_settings_the_usual_figures_hold() -> None:
    kept = filed(*MYSELF).details
    assert (kept["hours"], kept["use_days"], kept["deposit"]) == ("08:00–12:00, 14:00–18:00", 30, 0)


def test_a_question_of_their_own_goes_to_an_assistant_word_for_word() -> None:
    assert talk(Said("周末能敲墙吗", "r7"))[-1].effects == (Lead("assistant", (("r7", "周末能敲墙吗"),)),)
    assert talk(tap("consult", "assistant"))[-1].effects == (Lead("assistant"),)


def test_a_filing_that_has_begun_is_not_dropped_for_a_question() -> None:
    begun = (FILE, tap("who", "myself"), BACK, BACK)
    turn = talk(*begun, tap("consult", "assistant"))[-1]
    assert (asked(turn), told(turn), turn.effects) == ("consult", ["renovation.consult.later"], ())
    turn = talk(*begun, Said("周末能敲墙吗"))[-1]
    assert (asked(turn), told(turn)) == ("consult", ["engine.added"])


def test_the_filing_asks_only_what_concerns_it() -> None:
    assert [asked(turn) for turn in talk(*MYSELF)] == [
        *("consult", "who", "workers", "start", "end", "works", "works", "structure", "papers", "notes"),
        *("rules", "review"),
    ]
    asks = [asked(turn) for turn in talk(*COMPANY) if asked(turn)]
    assert asks[2:7] == ["company", "foreman", "phone", "licence", "licence"]
    assert "design" in asks
    several = replace(FACTS, homes=(HOME, Home(2, "3-1202", 1, "owner")))
    assert asked(talk(FILE, facts=several)[-1]) == "home"


def test_the_review_shows_the_filing_and_not_the_questions_before_it() -> None:
    review = talk(*MYSELF)[-1].messages[-1]
    assert isinstance(review, Review)
    names = [name for name, _, _ in review.answers]
    assert names[0] == "who"
    assert names[-1] == "rules"


def test_structure_is_touched_only_with_a_design() -> None:
    begun = (FILE, tap("who", "myself"), *WHEN, tap("structure", "yes"))
    turns = talk(*begun, DONE, SKIP, Said("没有"))
    assert told(turns[-4]) == ["renovation.structure.careful"]
    assert [asked(turn) for turn in turns[-3:]] == ["design"] * 3
    assert [told(turn) for turn in turns[-3:]] == [["renovation.design.needed"]] * 3
    assert asked(talk(*begun, Sent(1), DONE)[-1]) == "papers"
    assert asked(talk(*begun, BACK, tap("structure", "no"))[-1]) == "papers"


def test_works_are_named() -> None:
    turn = talk(FILE, tap("who", "myself"), *WHEN[:3], DONE)[-1]
    assert (asked(turn), told(turn)) == ("works", ["renovation.works.needed"])


def test_new_rules_are_read_anew_before_the_filing_is_sent() -> None:
    review = talk(*MYSELF)[-1].draft
    assert review is not None
    newer = replace(FACTS, terms={"renovation": {"rules": "2027"}})
    turn = engine.advance(Renovation, review, SUBMIT, newer)
    assert (asked(turn), turn.effects) == ("rules", ())
    assert turn.draft is not None
    turn = engine.advance(Renovation, turn.draft, RULES, newer)
    assert asked(turn) == "review"


def test_the_ticket_keeps_which_photos_are_which() -> None:
    effect = filed(*COMPANY)
    assert effect.details["pictures"] == {"licence": [1], "design": [2], "papers": [3, 4]}
    assert effect.photos == (1, 2, 3, 4)
    assert effect.details["phone"] == "+8613912345678"
    assert effect.details["text"] == "白天没人"
    assert (effect.details["start"], effect.details["end"]) == ("2026-12-01T00:00:00+08:00", "2026-12-20")


def test_a_photo_belongs_to_the_open_question_else_to_its_album_else_to_the_next() -> None:
    early = COMPANY[:2]
    late = (*COMPANY[:5], Sent(1, "L"), DONE, Sent(5, "L"), Sent(6, "D"), *COMPANY[7:])
    assert filed(*late).details["pictures"] == {"licence": [1, 5], "design": [6, 2], "papers": [3, 4]}
    first = (*early, Sent(9), *COMPANY[2:])
    assert filed(*first).details["pictures"] == {"licence": [9, 1], "design": [2], "papers": [3, 4]}


def test_photos_of_a_design_that_is_not_needed_after_all_are_left_out() -> None:
    begun = (FILE, tap("who", "myself"), *WHEN, tap("structure", "yes"), Sent(2), DONE, BACK, BACK)
    effect = filed(*begun, tap("structure", "no"), SKIP, SKIP, RULES)
    assert (effect.details["pictures"], effect.photos) == ({}, ())


# --- the table


def allowed(state: State, actor: Actor, kept: Mapping[str, Any]) -> set[str]:
    return {action.name for action in LIFECYCLE.allowed(state, actor, kept)}


def test_a_tenants_owner_is_asked_at_once_and_nothing_is_approved_before_they_agree() -> None:
    assert LIFECYCLE.at_once is not None
    assert LIFECYCLE.at_once(filed(*MYSELF).details) == ""
    kept = dict(filed(*MYSELF, facts=TENANT).details)
    assert LIFECYCLE.at_once(kept) == "ask_owner"
    assert Audience.OWNER in LIFECYCLE.named["ask_owner"].tells
    for consent in (None, "asked", "declined"):
        with pytest.raises(Refused, match="moved_on"):
            LIFECYCLE.check("approve", State.SUBMITTED, LEAD, {**kept, "consent": consent})
    for consent in ("given", "paper"):
        assert LIFECYCLE.check("approve", State.SUBMITTED, LEAD, {**kept, "consent": consent})
    assert allowed(State.SUBMITTED, OWNER, kept) == {"consent", "decline"}
    with pytest.raises(Refused, match="not_yours"):
        LIFECYCLE.check("consent", State.SUBMITTED, RESIDENT, kept)
    with pytest.raises(Refused, match="not_yours"):
        LIFECYCLE.check("consent", State.SUBMITTED, LEAD, kept)


def test_an_owner_who_declined_or_was_out_of_reach_can_be_asked_again() -> None:
    kept = {**filed(*MYSELF, facts=TENANT).details, "consent": "asked"}
    assert "ask_again" not in allowed(State.SUBMITTED, RESIDENT, kept)
    for came in ({"consent": "declined"}, {"owner": "unreachable"}):
        assert "ask_again" in allowed(State.SUBMITTED, RESIDENT, {**kept, **came})
    again = LIFECYCLE.named["ask_again"].sets
    assert again is not None
    assert again({**kept, "owner": "unreachable"}, {}) == {"consent": "asked", "owner": ""}


def test_consent_on_paper_needs_a_photo_of_it() -> None:
    about: dict[str, Json] = {"ticket": 7, "action": "paper"}
    facts = replace(FACTS, about=about)
    assert asked(talk(DONE, flow=PaperConsent, facts=facts)[-1]) == "photos"
    (act,) = talk(Sent(5), DONE, SKIP, flow=PaperConsent, facts=facts)[-1].effects
    assert act == Act(7, "paper", {"consent": "paper", "note": None, "pictures": [5]}, (5,))
    kept = LIFECYCLE.named["paper"].sets
    assert kept is not None
    assert kept(details(), act.values) == {"pictures": {"consent": [5]}}


def test_works_begin_on_their_day_or_when_staff_allow_it() -> None:
    early, ready = details(), details(ready=True)
    assert "start" not in allowed(State.APPROVED, RESIDENT, early)
    assert "start" in allowed(State.APPROVED, RESIDENT, ready)
    assert {"start", "start_early"} & allowed(State.APPROVED, LEAD, early) == {"start_early"}
    assert {"start", "start_early"} & allowed(State.APPROVED, GUARD, early) == set()
    assert "start" in allowed(State.APPROVED, GUARD, ready)
    for name in ("start", "start_early"):
        assert Audience.NEIGHBOURS in LIFECYCLE.named[name].tells


def test_guards_inspect_and_only_reviewers_approve() -> None:
    assert "finding" in allowed(State.UNDER_WAY, GUARD, details())
    assert "finding" not in allowed(State.UNDER_WAY, TECHNICIAN, details())
    assert "approve" not in allowed(State.SUBMITTED, GUARD, details())
    assert "revoke" not in allowed(State.UNDER_WAY, Actor(frozenset({Role.ASSISTANT})), details())
    assert "cancel" in allowed(State.MORE_NEEDED, RESIDENT, details())
    assert "cancel" not in allowed(State.APPROVED, RESIDENT, details())


def changed(action: str, kept: Mapping[str, Any], **values: Json) -> dict[str, Any]:
    sets = LIFECYCLE.named[action].sets
    assert sets is not None
    return {**kept, **sets(kept, values)}


def test_a_finding_is_open_then_mended_then_settled() -> None:
    kept = changed("finding", details(), note="垃圾", pictures=[1])
    kept = changed("finding", kept, note="电线", pictures=[])
    assert "pass" not in allowed(State.UNDER_WAY, LEAD, kept)
    assert {"mended"} <= allowed(State.UNDER_WAY, RESIDENT, kept)
    kept = changed("mended", kept, finding=2)
    assert [one["state"] for one in kept["findings"]] == [Matter.OPEN, Matter.MENDED]
    assert {"settle", "not_yet"} <= allowed(State.UNDER_WAY, GUARD, kept)
    kept = changed("not_yet", kept, finding=2)
    assert "not_yet" not in allowed(State.UNDER_WAY, GUARD, kept)
    for number in (1, 2):
        kept = changed("settle", kept, finding=number)
    assert "pass" in allowed(State.UNDER_WAY, LEAD, kept)
    assert "mended" not in allowed(State.UNDER_WAY, RESIDENT, kept)


def test_which_finding_is_asked_only_where_there_are_several() -> None:
    one = changed("finding", details(), note="垃圾")
    two = changed("finding", one, note="电线")
    about: dict[str, Json] = {"ticket": 7, "action": "mended"}
    alone = replace(FACTS, about=about, details=one)
    (act,) = talk(Sent(5), DONE, SKIP, flow=Mended, facts=alone)[-1].effects
    assert isinstance(act, Act)
    assert act.values["finding"] == 1
    both = replace(FACTS, about=about, details=two)
    turns = talk(tap("finding", "2"), Sent(5), DONE, SKIP, flow=Mended, facts=both)
    assert asked(turns[0]) == "finding"
    (act,) = turns[-1].effects
    assert isinstance(act, Act)
    assert act.values["finding"] == 2


def test_more_time_is_asked_for_once_and_only_beyond_the_end() -> None:
    facts = replace(FACTS, about={"ticket": 7, "action": "extend"}, details=details())
    assert told(talk(Said("12月20日"), flow=Extension, facts=facts)[-1]) == ["rejected.day_too_early"]
    (act,) = talk(Said("一周"), Said("工人请假"), flow=Extension, facts=facts)[-1].effects
    assert isinstance(act, Act)
    assert act.values == {"wanted": "2026-12-27", "reason": "工人请假"}
    kept = details(wanted="2026-12-27")
    assert "extend" not in allowed(State.UNDER_WAY, RESIDENT, kept)
    assert {"agree", "disagree"} <= allowed(State.UNDER_WAY, LEAD, kept)
    assert changed("agree", kept)["end"] == "2026-12-27"
    assert "agree" not in allowed(State.UNDER_WAY, LEAD, changed("disagree", kept))


def follows(action: Action, kept: Mapping[str, Any], now: datetime = NOW) -> tuple[Any, ...]:
    assert action.then is not None
    return tuple(action.then(Moved(7, 1, kept, {}, now)))


def test_the_permit_comes_with_a_pass_for_each_worker() -> None:
    passes = follows(LIFECYCLE.named["approve"], details())
    assert [(one.kind, one.label) for one in passes] == [
        *(("worker", f"{number}/3") for number in (1, 2, 3)),
        ("permit", ""),
    ]
    assert {(one.since.date(), one.until.date()) for one in passes} == {
        (date(2026, 12, 1), date(2026, 12, 21))
    }
    assert {one.until.tzinfo for one in passes} == {NOW.tzinfo}


def test_who_may_begin_early_has_passes_that_are_good_at_once() -> None:
    kept = changed("start_early", details())
    for name in ("start_early", "agree", "resume"):
        assert {one.since for one in follows(LIFECYCLE.named[name], kept)} == {NOW}
    assert all(one.since > NOW for one in follows(LIFECYCLE.named["agree"], details()))


def test_passes_end_with_the_works() -> None:
    for name in ("suspend", "revoke", "withdraw"):
        assert follows(LIFECYCLE.named[name], details()) == (EndPasses(),)
    assert follows(LIFECYCLE.named["pass"], details()) == (EndPasses(used=True),)
    assert all(isinstance(one, IssuePass) for one in follows(LIFECYCLE.named["resume"], details()))


def test_a_deposit_goes_back_once_with_the_final_check() -> None:
    final = LIFECYCLE.named["final_pass"]
    kept = changed("final_pass", details(deposit=200_000))
    (refund,) = follows(final, kept)
    assert (refund.kind, refund.home, refund.follows) == ("refund", 1, 7)
    assert refund.details == {"what": "renovation", "deposit": 200_000, "source": "terms", "text": ""}
    assert follows(final, changed("final_pass", kept)) == ()
    assert follows(final, changed("final_pass", details())) == ()


def test_every_state_is_reached_and_left() -> None:
    reached = {State.SUBMITTED, *(action.to for action in LIFECYCLE.actions if action.to is not None)}
    assert reached == set(State)
    left = {state for action in LIFECYCLE.actions if action.to is not None for state in action.frm}
    assert set(State) - left == {State.CANCELLED, State.REVOKED}


# --- the card


def test_the_card_tells_the_foreman_to_nobody_but_who_took_it() -> None:
    shown = lines(filed(*COMPANY).details)
    private = {line.label.key for line in shown if line.private}
    assert private == {"renovation.foreman.label", "renovation.phone.label"}
    assert shown[0].value == "宏达装饰"


def label(kept: Mapping[str, Any], key: str) -> Phrase | str | None:
    return next((line.value for line in lines(kept) if line.label.key == key), None)


def test_the_card_says_what_is_open() -> None:
    tenants = dict(filed(*MYSELF, facts=TENANT).details)
    assert label(details(), "renovation.card.consent") is None
    assert label(tenants, "renovation.card.consent") == Phrase("renovation.consent_is.asked")
    gone = {**tenants, "consent": "asked", "owner": "unreachable"}
    assert label(gone, "renovation.card.consent") == Phrase("renovation.consent_is.unreachable")
    assert label(details(), "renovation.card.findings") is None
    assert label(changed("finding", details(), note="垃圾"), "renovation.card.findings") is not None
    assert label(details(wanted="2026-12-27"), "renovation.card.wanted") is not None
