"""Each kind of question: what it offers, what it accepts, why it refuses, and how it reads what was kept."""

from __future__ import annotations

from typing import Any

import pytest

from flows.engine.messages import Command, Heard, Json, Picked, Pressed, Rejected, Said, Sent, Shared, Unfit
from flows.engine.questions import Question, Unanswered, Visit, parts, photos
from flows.repair import Pause, Repair
from tests.flows.engine.cafe import FACTS, NOW, Drink, Extra, Order, later


def refused(question: Question[Any], heard: Heard, answers: dict[str, Json] | None = None) -> str:
    flow = next(flow for flow in (Order, Repair, Pause) if question in flow.questions)
    with pytest.raises(Rejected) as caught:
        question.hear(heard, flow(answers or {}, FACTS))
    return caught.value.phrase.key.removeprefix("rejected.")


def stored(question: Question[Any], heard: Heard, answers: dict[str, Json] | None = None) -> Json:
    flow = next(flow for flow in (Order, Repair, Pause) if question in flow.questions)
    return question.hear(heard, flow(answers or {}, FACTS))


def read(question: Question[Any], kept: Json) -> object:
    flow = next(flow for flow in (Order, Repair, Pause) if question in flow.questions)
    return question.load(kept, flow({}, FACTS))


@pytest.mark.parametrize("question", Order.questions + Repair.questions, ids=lambda q: str(q.key))
@pytest.mark.parametrize("kept", [[], {}, "nothing", -1, 3.5, {"open": True}, {"parts": 3}, {"photos": [1]}])
def test_what_no_release_can_have_meant_is_no_answer(question: Question[Any], kept: Json) -> None:
    if question is Repair.phone and kept == "nothing":
        return
    with pytest.raises(Unanswered):
        read(question, kept)


def test_choice() -> None:
    assert [option.value for option in Order.drink.options(Order({}, FACTS))] == ["tea", "coffee"]
    assert read(Order.drink, stored(Order.drink, Picked("drink", "tea"))) is Drink.TEA
    assert refused(Order.drink, Picked("drink", "juice")) == "not_an_option"
    assert refused(Order.drink, Said("tea, I think")) == "not_an_option"


def test_several_is_ticked_one_by_one_and_then_confirmed() -> None:
    once = stored(Order.extras, Picked("extras", "milk"))
    assert once == {"ticked": ["milk"], "open": True}
    labels = [option.label for option in Order.extras.options(Order({"extras": once}, FACTS))]
    assert [label.key for label in labels if not isinstance(label, str)] == [
        "engine.ticked",
        "engine.unticked",
    ]
    twice = stored(Order.extras, Picked("extras", "milk"), {"extras": once})
    assert twice == {"ticked": [], "open": True}
    done = stored(Order.extras, Pressed(Command.DONE), {"extras": once})
    assert read(Order.extras, done) == frozenset({Extra.MILK})
    with pytest.raises(Unanswered):
        read(Order.extras, once)


def test_yes_and_no() -> None:
    assert stored(Order.iced, Picked("iced", "yes")) is True
    assert stored(Order.iced, Picked("iced", "no")) is False
    assert refused(Order.iced, Picked("iced", "perhaps")) == "not_an_option"
    with pytest.raises(Unanswered):
        read(Order.iced, 1)


def test_stars() -> None:
    assert stored(Order.tip, Picked("tip", "5")) == 5
    assert refused(Order.tip, Picked("tip", "6")) == "not_an_option"
    for kept in (0, 6, True, "5"):
        with pytest.raises(Unanswered):
            read(Order.tip, kept)


def test_number() -> None:
    assert stored(Order.cups, Said(" ３ ")) == 3
    assert refused(Order.cups, Said("three")) == "not_a_number"
    assert refused(Order.cups, Said("10")) == "out_of_range"
    assert refused(Order.cups, Sent(1)) == "not_a_number"
    assert refused(Order.cups, Said("9" * 5000)) in ("not_a_number", "out_of_range")


def test_text_is_kept_with_its_messages() -> None:
    first = stored(Order.wish, Said(" hot please ", "r1"))
    assert parts(first) == (("r1", "hot please"),)
    form = Order({"wish": first}, FACTS)
    assert parts(Order.wish.add(Said("soon", "r2"), form)) == (("r1", "hot please"), ("r2", "soon"))
    assert parts(Order.wish.mend(Said("cold", "r1"), form) or {}) == (("r1", "cold"),)
    assert Order.wish.mend(Said("cold", "r9"), form) is None
    assert Order.wish.mend(Said("cold", ""), form) is None
    assert read(Order.wish, first) == "hot please"


def test_text_too_short_too_long_or_no_text() -> None:
    assert refused(Order.wish, Said("x")) == "too_short"
    assert refused(Order.wish, Said("  x  ")) == "too_short"
    assert refused(Order.wish, Said("x" * 21)) == "too_long"
    assert refused(Order.wish, Sent(1)) == "text_wanted"
    assert refused(Order.wish, Unfit("voice")) == "text_wanted"


def test_phone() -> None:
    assert [option.value for option in Repair.phone.options(Repair({}, FACTS))] == ["+8613800000001"]
    assert stored(Repair.phone, Shared("+447700900123")) == "+447700900123"
    assert stored(Repair.phone, Picked("phone", "+8613800000001")) == "+8613800000001"
    assert refused(Repair.phone, Picked("phone", "+8613999999999")) == "not_a_phone"
    assert refused(Repair.phone, Said("call me")) == "not_a_phone"


def test_a_home_must_be_ones_own() -> None:
    assert stored(Repair.home, Picked("home", "1")) == "1"
    assert refused(Repair.home, Picked("home", "2")) == "not_an_option"
    with pytest.raises(Unanswered):
        read(Repair.home, "2")


def test_an_only_home_goes_without_saying() -> None:
    form = Repair({}, FACTS)
    assert not form.applies(Repair.home)
    assert (form.home,) == FACTS.homes


def test_photos_are_gathered_until_that_was_all() -> None:
    form = Order({}, FACTS)
    assert Order.photos.commands(form) == (Command.SKIP,)
    one = stored(Order.photos, Sent(1))
    assert Order.photos.commands(Order({"photos": one}, FACTS)) == (Command.DONE,)
    assert [option.value for option in Order.photos.options(Order({"photos": one}, FACTS))] == ["clear"]
    done = stored(Order.photos, Pressed(Command.DONE), {"photos": one})
    assert [photo.file for photo in photos(done)] == [1]
    assert photos(stored(Order.photos, Picked("photos", "clear"), {"photos": one})) == ()
    assert read(Order.photos, stored(Order.photos, Pressed(Command.SKIP))) == ()
    assert refused(Order.photos, Said("no idea")) == "photo_wanted"


def test_an_album_that_has_begun_is_taken_whole() -> None:
    kept: Json = None
    for file in range(3):
        kept = stored(Order.photos, Sent(file, "A"), {"photos": kept} if kept else {})
    assert len(photos(kept)) == 3
    assert refused(Order.photos, Sent(9), {"photos": kept}) == "too_many_photos"
    assert refused(Order.photos, Sent(9, "B"), {"photos": kept}) == "too_many_photos"
    assert len(photos(stored(Order.photos, Sent(9, "A"), {"photos": kept}))) == 4


def test_a_photo_after_the_question_does_not_open_it_again() -> None:
    done = stored(Order.photos, Pressed(Command.SKIP))
    late = stored(Order.photos, Sent(1), {"photos": done})
    assert read(Order.photos, late) == photos(late)


def test_a_visit_by_button_by_words_or_as_soon_as_possible() -> None:
    form = Repair({}, FACTS)
    offered = Repair.visit.options(form)
    assert offered[0].value == "asap"
    first = read(Repair.visit, stored(Repair.visit, Picked("visit", offered[1].value)))
    assert first == Visit(FACTS.slots[0])
    assert read(Repair.visit, stored(Repair.visit, Said("尽快"))) == Visit()
    spoken = read(Repair.visit, stored(Repair.visit, Said("明天下午三点")))
    assert isinstance(spoken, Visit)
    assert spoken.window is not None
    assert spoken.window.start.isoformat() == "2026-11-24T15:00:00+08:00"
    assert refused(Repair.visit, Said("上周五")) == "past"
    assert refused(Repair.visit, Said("蓝色")) == "not_a_time"
    assert refused(Repair.visit, Picked("visit", "2026-11-20T10:00+08:00")) == "slot_gone"
    assert "asap" not in [option.value for option in Pause.until.options(Pause({}, FACTS))]
    assert refused(Pause.until, Said("尽快")) == "not_a_time"


def test_a_visit_that_has_passed_is_asked_for_again() -> None:
    kept = stored(Repair.visit, Said("明天下午三点"))
    assert Repair({"visit": kept}, FACTS).answered(Repair.visit)
    assert not Repair({"visit": kept}, later(2)).answered(Repair.visit)
    assert later(2).now > NOW
