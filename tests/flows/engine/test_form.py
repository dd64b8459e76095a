"""A form: answers by name, the question that is open, what may still be asked, and older drafts."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from flows.engine.effects import Effect
from flows.engine.form import Draft, Flow
from flows.engine.messages import Phrase
from flows.engine.questions import Photos, Text, Unanswered, YesNo
from tests.flows.engine.cafe import FACTS, Drink, Order


def names(flow: Order, which: str) -> list[str]:
    return [one.name for one in getattr(flow, which)()]


def test_a_question_on_the_class_is_an_answer_on_a_form() -> None:
    assert Order.drink.key == "order.drink"
    assert Order({"drink": "tea"}, FACTS).drink is Drink.TEA
    with pytest.raises(Unanswered):
        _ = Order({}, FACTS).drink


def test_the_open_question_is_the_first_without_an_acceptable_answer() -> None:
    assert Order({}, FACTS).open() is Order.drink
    assert Order({"drink": "tea", "cups": 2}, FACTS).open() is Order.extras
    assert Order({"drink": "juice", "cups": 2}, FACTS).open() is Order.drink


def test_a_question_whose_condition_fails_is_not_asked() -> None:
    assert "iced" not in names(Order({"drink": "tea"}, FACTS), "applicable")
    assert "iced" in names(Order({"drink": "coffee"}, FACTS), "applicable")


def test_what_cannot_be_judged_yet_is_expected() -> None:
    assert "iced" in names(Order({}, FACTS), "expected")
    assert "iced" not in names(Order({}, FACTS), "applicable")
    assert "iced" not in names(Order({"drink": "tea"}, FACTS), "expected")


class Detour(Flow):
    """A condition that looks at an answer which will never be asked for."""

    name = "detour"
    here = YesNo()
    why = Text()
    proof = Photos()

    @why.when
    def is_not_here(self) -> bool:
        return not self.here

    @proof.when
    def has_a_reason(self) -> bool:
        return bool(self.why)

    def submit(self) -> Sequence[Effect]:
        return ()


def test_what_can_never_be_judged_is_not_expected_for_ever() -> None:
    assert [one.name for one in Detour({}, FACTS).expected()] == ["here", "why", "proof"]
    assert [one.name for one in Detour({"here": True}, FACTS).expected()] == ["here"]
    assert Detour({"here": True}, FACTS).open() is None


def test_the_story_and_the_photos_have_a_place_before_they_are_asked_for() -> None:
    assert Detour({}, FACTS).album() is Detour.proof
    assert Detour({"here": True}, FACTS).album() is None
    assert Order({}, FACTS).catcher() is Order.wish


def test_a_renamed_question_finds_its_old_answer() -> None:
    assert Order({"beverage": "tea"}, FACTS).drink is Drink.TEA
    assert Order({"beverage": "tea", "drink": "coffee"}, FACTS).drink is Drink.COFFEE


def test_a_skipped_answer_reads_as_none_and_is_shown_as_such() -> None:
    form = Order({"drink": "tea", "tip": None}, FACTS)
    assert form.tip is None
    assert ("tip", Phrase("order.tip.label"), Phrase("engine.skipped")) in form.shown()


def test_none_for_a_required_question_is_no_answer() -> None:
    with pytest.raises(Unanswered):
        Order({"drink": None}, FACTS).answer(Order.drink)


def test_a_draft_survives_being_written_down() -> None:
    draft = Draft("order", {"drink": "tea"}, 3, "drink", "coffee", {"ticket": 7})
    assert Draft.from_json(draft.to_json()) == draft
    assert draft.without_answer("drink").answers == {}
    assert draft.answers == {"drink": "tea"}


def test_a_flow_lists_every_text_it_owes() -> None:
    assert {"order.title", "order.drink.ask", "order.drink.label", "order.drink.tea"} <= set(Order.texts())
    assert {"order.extras.milk", "order.wish.ask"} <= set(Order.texts())
