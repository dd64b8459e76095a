"""Turns of a conversation: answering, going back, editing, straying, and what is said to each."""

from __future__ import annotations

import pytest

from flows.engine import turn as engine
from flows.engine.form import Draft
from flows.engine.messages import Ask, Command, Heard, Phrase, Picked, Pressed, Review, Said, Sent, Unfit
from flows.engine.questions import parts, photos
from flows.repair import Repair
from flows.ticket import Withdrawal
from tests.flows.engine.cafe import FACTS, Order, Pickup, asked, later, pick, say, tell, told

TEA: tuple[Heard, ...] = (
    pick("drink", "tea"),
    Pressed(Command.DONE),
    say("2"),
    say("very hot"),
    Pressed(Command.SKIP),
    Pressed(Command.SKIP),
)


def draft(*heard: Heard) -> Draft:
    turn = tell(*heard)
    assert turn.draft is not None
    return turn.draft


def test_a_whole_order() -> None:
    assert [asked(tell(*TEA[:n])) for n in range(len(TEA) + 1)] == [
        "drink",
        "extras",
        "cups",
        "wish",
        "photos",
        "tip",
        "review",
    ]
    end = tell(*TEA, Pressed(Command.SUBMIT))
    assert end.draft is None
    assert [effect.values for effect in end.effects if hasattr(effect, "values")] == [
        {"drink": "tea", "iced": False, "tip": None}
    ]


def test_an_unreviewed_flow_ends_with_its_last_answer() -> None:
    end = tell(say("明天下午"), flow=Pickup)
    assert end.draft is None
    assert len(end.effects) == 1


def test_progress_counts_what_may_still_be_asked() -> None:
    steps = []
    for heard in ((), TEA[:1], (pick("drink", "coffee"),)):
        ask = tell(*heard).messages[-1]
        assert isinstance(ask, Ask)
        steps.append((ask.step, ask.steps))
    assert steps == [(1, 7), (2, 6), (2, 7)]


def test_cancel_forgets_everything_and_says_so() -> None:
    end = tell(*TEA[:3], Pressed(Command.CANCEL))
    assert end.draft is None
    assert end.effects == ()
    assert told(end) == ["engine.cancelled"]


def test_asking_whether_to_cancel_cannot_itself_be_cancelled() -> None:
    ask = tell(flow=Withdrawal).messages[-1]
    assert isinstance(ask, Ask)
    assert Command.CANCEL not in ask.commands
    kept = tell(pick("sure", "no"), flow=Withdrawal)
    assert (kept.draft, kept.effects) == (None, ())


# --- back and edit


def test_back_puts_the_last_question_again_and_forgets_nothing() -> None:
    back = tell(*TEA[:4], Pressed(Command.BACK))
    assert asked(back) == "wish"
    assert back.draft is not None
    assert back.draft.answers["wish"] == draft(*TEA[:4]).answers["wish"]
    further = tell(Pressed(Command.BACK), Pressed(Command.BACK), draft=back.draft)
    assert asked(further) == "extras"
    left = tell(Pressed(Command.LEAVE), draft=further.draft)
    assert asked(left) == "photos"
    assert left.draft is not None
    assert left.draft.answers == draft(*TEA[:4]).answers


def test_back_and_a_new_answer_goes_on_where_one_was() -> None:
    changed = tell(*TEA[:4], Pressed(Command.BACK), Pressed(Command.BACK), say("5"))
    assert asked(changed) == "photos"
    assert changed.draft is not None
    assert changed.draft.answers["cups"] == 5


def test_back_and_an_answer_that_asks_for_more() -> None:
    coffee = tell(*TEA[:2], Pressed(Command.BACK), Pressed(Command.BACK), pick("drink", "coffee"))
    assert asked(coffee) == "iced"


def test_there_is_nothing_before_the_first_question() -> None:
    first = tell(Pressed(Command.BACK))
    assert (asked(first), told(first)) == ("drink", ["engine.nothing_before"])


def test_an_edit_changes_one_answer_and_returns_to_the_review() -> None:
    edited = tell(*TEA, Pressed(Command.EDIT, argument="cups"), say("3"))
    assert asked(edited) == "review"
    assert edited.draft is not None
    assert (edited.draft.answers["cups"], edited.draft.editing) == (3, None)


def test_an_edit_that_opens_another_question_asks_it() -> None:
    assert asked(tell(*TEA, Pressed(Command.EDIT, argument="drink"), pick("drink", "coffee"))) == "iced"


def test_a_bad_answer_to_an_edit_keeps_the_edit_open() -> None:
    bad = tell(*TEA, Pressed(Command.EDIT, argument="cups"), say("many"))
    assert (asked(bad), told(bad)) == ("cups", ["rejected.not_a_number"])
    assert asked(tell(Pressed(Command.LEAVE), draft=bad.draft)) == "review"


def test_editing_something_that_is_not_there_shows_the_review() -> None:
    assert asked(tell(*TEA, Pressed(Command.EDIT, argument="nothing"))) == "review"
    assert asked(tell(*TEA, Pressed(Command.EDIT, argument="iced"))) == "review"


def test_an_edit_of_photos_goes_on_gathering_and_can_be_left() -> None:
    editing = tell(*TEA, Sent(1), Pressed(Command.EDIT, argument="photos"), Sent(2))
    assert asked(editing) == "photos"
    left = tell(Pressed(Command.LEAVE), draft=editing.draft)
    assert left.draft is not None
    assert [one.file for one in photos(left.draft.answers["photos"])] == [1]


# --- old buttons


def test_a_double_tap_is_only_remarked_on() -> None:
    first = tell(pick("drink", "tea", 1))
    assert first.draft is not None
    again = tell(pick("drink", "tea", 1), draft=first.draft)
    assert again.hint == Phrase("engine.stale")
    assert (again.draft, again.messages) == (first.draft, ())


def test_a_much_older_button_brings_the_present_question() -> None:
    old = tell(*TEA[:3], pick("drink", "coffee", 1))
    assert old.hint == Phrase("engine.stale")
    assert asked(old) == "wish"
    assert old.draft == draft(*TEA[:3])


def test_cancel_works_from_any_old_button() -> None:
    assert tell(*TEA, Pressed(Command.CANCEL, 1)).draft is None


def test_ticking_changes_the_message_in_place_and_keeps_its_buttons_good() -> None:
    before = tell(pick("drink", "tea"))
    ticked = tell(pick("extras", "milk"), draft=before.draft)
    assert ticked.in_place
    assert ticked.draft is not None
    assert before.draft is not None
    assert ticked.draft.revision == before.draft.revision
    assert not tell(Pressed(Command.DONE), draft=ticked.draft).in_place


# --- straying


def test_words_out_of_place_become_part_of_the_story() -> None:
    strayed = tell(say("quickly please", "r7"))
    assert (asked(strayed), told(strayed)) == ("drink", ["engine.added"])
    assert strayed.draft is not None
    assert parts(strayed.draft.answers["wish"]) == (("r7", "quickly please"),)
    assert "wish" not in {
        asked(tell(*TEA[1:n], draft=tell(TEA[0], draft=strayed.draft).draft)) for n in (1, 2, 3)
    }


def test_a_number_that_names_no_option_is_no_story() -> None:
    slip = tell(say("9"))
    assert told(slip) == ["rejected.not_an_option"]
    assert slip.draft is not None
    assert slip.draft.answers == {}


def test_words_that_do_not_fit_any_more_are_refused_with_the_reason() -> None:
    full = tell(say("x" * 15), say("y" * 15))
    assert told(full) == ["rejected.too_long"]


def test_at_the_review_words_are_added_and_photos_too() -> None:
    more = tell(*TEA, say("no sugar"), Sent(5, caption="like this"))
    assert asked(more) == "review"
    assert more.draft is not None
    assert [text for _, text in parts(more.draft.answers["wish"])][-1] == "no sugar"
    assert told(more) == ["engine.photo_kept", "rejected.too_long"]


def test_a_photo_before_its_time_is_kept() -> None:
    early = tell(Sent(5, caption="this cup"))
    assert (asked(early), told(early)) == ("drink", ["engine.photo_kept"])
    assert asked(tell(*TEA[:3], draft=early.draft)) == "photos"


def test_the_rest_of_an_album_comes_without_a_word() -> None:
    album = tell(*TEA[:4], Sent(1, "A"), Sent(2, "A"), Sent(3, "A"))
    assert album.messages == ()
    assert album.draft is not None
    assert len(photos(album.draft.answers["photos"])) == 3


def test_a_photo_nobody_asks_for_is_refused_and_its_words_are_not() -> None:
    nowhere = tell(Sent(1, caption="明天下午"), flow=Pickup)
    assert told(nowhere) == ["rejected.no_photo_here"]
    full = tell(*TEA[:4], Sent(1), Sent(2), Sent(3, caption="more"))
    assert told(full) == ["rejected.too_many_photos"]
    assert full.draft is not None
    assert [text for _, text in parts(full.draft.answers["wish"])] == ["very hot", "more"]


def test_what_nobody_can_take_is_refused_and_its_caption_kept() -> None:
    unfit = tell(Unfit("too_large", "a red cup", "r9"))
    assert told(unfit) == ["unfit.too_large"]
    assert unfit.draft is not None
    assert parts(unfit.draft.answers["wish"]) == (("r9", "a red cup"),)


def test_an_answer_to_another_question_is_not_taken() -> None:
    assert told(tell(pick("tip", "5"))) == ["rejected.use_the_buttons"]
    assert told(tell(*TEA, pick("drink", "tea"))) == ["rejected.use_the_buttons"]
    assert told(tell(*TEA[:5], Pressed(Command.SUBMIT))) != []


@pytest.mark.parametrize("command", [Command.DONE, Command.SKIP, Command.LEAVE, Command.SUBMIT, Command.EDIT])
def test_a_command_that_makes_no_sense_now_changes_nothing(command: Command) -> None:
    turn = tell(Pressed(command))
    assert asked(turn) == "drink"
    assert turn.draft == draft()


# --- beginning, resuming, mending


def test_what_was_said_first_is_the_story() -> None:
    begun = engine.begin(Order, FACTS, first=[Said("hello there", "r1"), Sent(4), Said("two cups", "r2")])
    assert begun.draft is not None
    assert parts(begun.draft.answers["wish"]) == (("r1", "hello there"), ("r2", "two cups"))
    assert [one.file for one in photos(begun.draft.answers["photos"])] == [4]
    assert asked(begun) == "drink"


def test_a_first_word_that_is_too_long_is_refused_in_words() -> None:
    assert told(engine.begin(Order, FACTS, first=[Said("x" * 30)])) == ["rejected.too_long"]


def test_resuming_after_days_asks_what_is_open_then() -> None:
    waiting = tell(
        pick("place", "home"),
        pick("trade", "drains"),
        say("blocked"),
        Pressed(Command.SKIP),
        say("明天下午"),
        flow=Repair,
    )
    assert asked(waiting) == "phone"
    assert waiting.draft is not None
    resumed = engine.advance(Repair, waiting.draft, Pressed(Command.RESUME), later(3))
    assert asked(resumed) == "visit"


def test_an_edited_message_changes_its_part_of_the_story() -> None:
    written = draft(say("hot please", "r1"), say("and soon", "r2"))
    mended = engine.mend(Order, written, Said("cold please", "r1"), FACTS)
    assert mended is not None
    assert parts(mended.answers["wish"]) == (("r1", "cold please"), ("r2", "and soon"))
    assert engine.mend(Order, written, Said("else", "r9"), FACTS) is None
    assert engine.mend(Order, written, Said("x" * 50, "r1"), FACTS) is None
    assert engine.mend(Pickup, Draft("pickup"), Said("else", "r1"), FACTS) is None


def test_what_is_asked_now_can_be_looked_up() -> None:
    assert isinstance(engine.standing(Order, draft(), FACTS), Ask)
    assert isinstance(engine.standing(Order, draft(*TEA), FACTS), Review)
    assert engine.standing(Pickup, Draft("pickup", {"at": {"start": "x", "end": "y"}}), FACTS) is not None


def test_a_remark_on_an_answer_comes_before_the_next_question() -> None:
    danger = tell(pick("place", "home"), pick("trade", "gas"), pick("hazard", "yes"), flow=Repair)
    assert told(danger) == ["repair.danger"]
    assert asked(danger) == "details"
    assert Picked("hazard", "yes") == pick("hazard", "yes")
