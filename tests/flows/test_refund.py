"""The deposit refund: what it asks, who is waited for, and that only who pays sees the account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, cast

import pytest

from flows import catalogue
from flows.engine import turn as engine
from flows.engine.effects import Act, OpenTicket
from flows.engine.facts import Facts, Home
from flows.engine.form import Flow
from flows.engine.lifecycle import Actor, Refused, Role
from flows.engine.messages import Ask, Command, Heard, Json, Phrase, Picked, Pressed, Review, Said, Say, Sent
from flows.refund.card import lines
from flows.refund.claim import Refund
from flows.refund.deciding import Approval, Inspection, Payment, Supplement
from flows.refund.payee import Payee, masked
from flows.refund.table import LIFECYCLE, State, first_step, group
from tests.flows.engine.cafe import NOW

FACTS = Facts(now=NOW, homes=(Home(1, "3-1201", 1, "owner"),))
SKIP, SUBMIT = Pressed(Command.SKIP), Pressed(Command.SUBMIT)
NUMBER = "6222000000001234"
TO_ACCOUNT: tuple[Heard, ...] = (
    Picked("what", "card"),
    Said("200"),
    Sent(3),
    Pressed(Command.DONE),
    Picked("way", "account"),
    Said("Li Lei"),
    Said("Lakeside Bank"),
    Said("6222 0000 0000 1234"),
    Said("moving out", "r8"),
)
AS_PAID: tuple[Heard, ...] = (Picked("what", "renovation"), SKIP, SKIP, Picked("way", "as_paid"), SKIP)
BY_WORKS: dict[str, Json] = {"what": "renovation", "deposit": 200_000, "text": ""}
"""As the end of a renovation opens it."""


def play(flow: type[Flow], *heard: Heard, facts: Facts = FACTS) -> engine.Turn:
    turn = engine.begin(flow, facts)
    for one in heard:
        assert turn.draft is not None, f"over before {one}"
        turn = engine.advance(flow, turn.draft, one, facts)
    return turn


def opened(*heard: Heard, facts: Facts = FACTS) -> OpenTicket:
    return cast("OpenTicket", play(Refund, *heard, SUBMIT, facts=facts).effects[0])


def done(flow: type[Flow], action: str, *heard: Heard, terms: dict[str, Any] | None = None) -> Act:
    facts = replace(FACTS, about={"ticket": 7, "action": action}, terms={"refund": terms or {}})
    return cast("Act", play(flow, *heard, facts=facts).effects[0])


def of_deposit(flow: type[Flow], *heard: Heard, paid: int = 0) -> engine.Turn:
    """What is said about a deposit of 2,000, of which so much (in fen) has been paid back."""
    details = {"deposit": 200_000, "source": "terms", "paid": paid, "amount": paid}
    about: dict[str, Json] = {"ticket": 7, "action": "approve"}
    return play(flow, *heard, facts=replace(FACTS, about=about, details=details))


def refusal(turn: engine.Turn, question: str) -> tuple[str, Mapping[str, object]]:
    """Why the last answer does not do, in key and values; the question is put again."""
    told, ask = turn.messages
    assert isinstance(told, Say)
    assert isinstance(ask, Ask)
    assert ask.question == question
    return told.phrase.key, told.phrase.values


def shown(details: dict[str, Any], *, private: bool) -> str:
    return " ".join(
        str(line.value.values if isinstance(line.value, Phrase) else line.value)
        for line in lines(details)
        if private or not line.private
    )


def test_a_refund_goes_to_those_who_know_the_deposit() -> None:
    assert catalogue.lifecycles()["refund"] is LIFECYCLE
    assert group(BY_WORKS) == "renovation"
    assert group({"what": "card"}) == "care"


def test_everything_is_kept_and_shown_masked() -> None:
    effect = opened(*TO_ACCOUNT)
    details = dict(effect.details)
    assert effect.photos == (3,)
    assert (details["deposit"], details["text"], details["days"]) == (20_000, "moving out", 0)
    assert details["payee"] == {
        "way": "account",
        "name": "Li Lei",
        "bank": "Lakeside Bank",
        "account": NUMBER,
    }
    assert NUMBER in shown(details, private=True)
    assert NUMBER not in shown(details, private=False)
    assert masked(NUMBER) in shown(details, private=False)
    full = [line for line in lines(details) if NUMBER in str(line.value)]
    assert [(line.private, line.internal) for line in full] == [(True, True)]


def test_the_review_does_not_repeat_the_account() -> None:
    review = cast("Review", play(Refund, *TO_ACCOUNT).messages[-1])
    said = {name: value for name, _, value in review.answers}
    assert said["account"] == masked(NUMBER)
    assert NUMBER not in str(review)


@pytest.mark.parametrize("heard", [Said("I forgot!"), Said("1234"), Said(""), Picked("account", NUMBER)])
def test_what_is_no_account_is_asked_for_again(heard: Heard) -> None:
    turn = play(Refund, *TO_ACCOUNT[:7], heard)
    assert cast("Ask", turn.messages[-1]).question == "account"


def test_back_the_way_it_came_needs_no_account() -> None:
    details = opened(*AS_PAID).details
    assert details["payee"] == {"way": "as_paid"}
    assert first_step(details) == ""
    assert lines(details)


@pytest.mark.parametrize(("what", "days"), [("renovation", 30), ("card", 0)])
def test_only_works_are_looked_at_twice(what: str, days: int) -> None:
    facts = replace(FACTS, terms={"refund": {"days": 30}})
    details = opened(Picked("what", what), *AS_PAID[1:], facts=facts).details
    assert details["days"] == days
    desk = Actor(frozenset({Role.DESK}), assignee=True)
    names = {action.name for action in LIFECYCLE.allowed(State.ACCEPTED, desk, details)}
    assert names == {"survey" if days else "inspect", "withdraw"}


def test_the_end_of_works_asks_where_the_money_goes() -> None:
    assert first_step(BY_WORKS) == "ask_payee"
    resident = Actor(frozenset(), owner=True)
    names = {action.name for action in LIFECYCLE.allowed(State.REQUESTED, resident, BY_WORKS)}
    assert {"payee", "nudge", "add", "cancel"} == names
    act = done(Payee, "payee", Picked("way", "as_paid"))
    assert act.values == {"payee": {"way": "as_paid"}}
    told = {**BY_WORKS, **act.values}
    assert first_step(told) == ""
    assert "redirect" in {action.name for action in LIFECYCLE.allowed(State.REQUESTED, resident, told)}
    act = done(Payee, "payee", Picked("way", "account"), Said("Li"), Said("Bank"), Said(NUMBER))
    assert cast("dict[str, Json]", act.values["payee"])["account"] == NUMBER
    assert set(act.values) <= set(LIFECYCLE.named["pay"].drops)


def test_the_first_look_says_when_the_second_is() -> None:
    first = done(Inspection, "survey", Picked("sound", "yes"), SKIP, terms={"days": 30})
    assert datetime.fromisoformat(str(first.values["until"])) - NOW == timedelta(days=30)
    only = done(
        Inspection, "inspect", Picked("sound", "no"), Said("a scratch"), Sent(4), Pressed(Command.DONE)
    )
    assert only.values == {"sound": False, "note": "a scratch"}
    assert only.photos == (4,)


def test_what_is_kept_back_is_the_rest_and_has_a_reason() -> None:
    paid_in = {"deposit": 200_000, "source": "receipt"}
    whole = done(Approval, "approve", Said("2000"), Said("2000"))
    assert whole.values == {**paid_in, "amount": 200_000, "deducted": 0, "reason": ""}
    part = done(
        Approval, "approve", Said("2000"), Said("1,500"), Said("paint"), Sent(5), Pressed(Command.DONE)
    )
    assert part.values == {**paid_in, "amount": 150_000, "deducted": 50_000, "reason": "paint"}
    assert part.photos == (5,)


def test_what_was_paid_in_is_what_the_receipt_says_and_not_what_is_remembered() -> None:
    about: dict[str, Json] = {"ticket": 7, "action": "approve"}
    facts = replace(FACTS, about=about, details={"deposit": 100_000})
    remembered = play(Approval, Picked("deposit", "100000"), Said("1500"), facts=facts)
    assert refusal(remembered, "amount")[0] == "refund.approval.amount.too_much"
    why = play(Approval, Said("2000"), Said("1500"), facts=facts).messages[-1]
    assert isinstance(why, Ask)
    assert why.prompt == Phrase("refund.approval.reason.rest", {"kept": 50_000})


def test_nobody_decides_about_more_than_was_paid_in() -> None:
    told, given = refusal(of_deposit(Approval, Said("2000.01")), "amount")
    assert told == "refund.approval.amount.too_much"
    assert (given["deposit"], given["room"]) == (200_000, 200_000)
    assert of_deposit(Approval, Said("2000")).draft is None


def test_a_supplement_stays_within_the_deposit() -> None:
    paid = LIFECYCLE.named["pay"].sets
    assert paid is not None
    assert paid({"amount": 150_000}, {}) == {"paid": 150_000}
    assert paid({"amount": 20_000, "paid": 150_000}, {}) == {"paid": 170_000}
    told = refusal(of_deposit(Supplement, Said("301"), paid=170_000), "amount")
    values = {"deposit": 200_000, "gone": 170_000, "room": 30_000}
    assert told == ("refund.supplement.amount.too_much", values)
    assert of_deposit(Supplement, Said("300"), Said("found"), paid=170_000).draft is None


def test_nobody_pays_before_it_is_known_where_to() -> None:
    desk = Actor(frozenset({Role.DESK}), assignee=True)
    with pytest.raises(Refused):
        LIFECYCLE.check("pay", State.APPROVED, desk, {**BY_WORKS, "amount": 100})
    assert LIFECYCLE.check("pay", State.APPROVED, desk, {**BY_WORKS, "amount": 0})
    assert LIFECYCLE.check("pay", State.APPROVED, desk, {**BY_WORKS, "payee": {"way": "as_paid"}})
    with pytest.raises(Refused):
        LIFECYCLE.check(
            "pay", State.APPROVED, Actor(frozenset({Role.DESK})), dict(opened(*TO_ACCOUNT).details)
        )


def test_after_the_payment_the_reference_stands_where_the_account_stood() -> None:
    paid = {**BY_WORKS, "amount": 100, **done(Payment, "pay", Said("TX1"), SKIP).values}
    assert "TX1" in shown(paid, private=False)
    more = {**paid, **done(Supplement, "supplement", Said("1"), Said("too little")).values}
    assert "TX1" not in shown(more, private=False)
    leads = Actor(frozenset({Role.MANAGER}))
    names = {action.name for action in LIFECYCLE.allowed(State.DISPUTED, leads, paid)}
    assert names == {"supplement", "explain"}
    names = {action.name for action in LIFECYCLE.allowed(State.DISPUTED, leads, BY_WORKS)}
    assert names == {"approve", "uphold"}


def test_every_end_forgets_the_account() -> None:
    final = {state.value for state in LIFECYCLE.final} | {State.PAID.value}
    reached = {one.name: one for one in LIFECYCLE.actions if one.to is not None and one.to.value in final}
    bare = {"explain", "lapse", "rate", "close"}
    assert {name for name, one in reached.items() if "payee" not in one.drops} == bare
    for name in bare:
        assert reached[name].frm <= {State.PAID, State.CONFIRMED, State.CLOSED, State.DISPUTED}
