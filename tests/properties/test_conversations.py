"""Every flow there is: a willing resident finishes, and nothing anybody says can harm or be lost."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from flows.engine import turn as engine
from flows.engine.effects import Lead
from flows.engine.facts import Facts
from flows.engine.form import Draft, Flow
from flows.engine.messages import Ask, Command, Heard, Picked, Pressed, Review, Said, Say, Sent, Unfit
from flows.engine.questions import Photos, Question, Several, Text
from flows.engine.turn import Turn
from tests.properties.residents import (
    FLOWS,
    NAMES,
    answers,
    anything,
    current,
    known,
    often,
    photo,
    question,
    quoted,
    said,
    standing,
    step,
    written,
)

MANY = often(60)
LONGEST = 60


def test_a_willing_resident_always_finishes() -> None:
    finished: Counter[str] = Counter()
    strayed: Counter[str] = Counter()

    @MANY
    @given(st.data())
    def talk(flow: type[Flow], data: st.DataObject) -> None:
        facts = data.draw(known())
        turn = engine.begin(flow, facts, revision=data.draw(st.integers(0, 5)))
        strays = 6
        for _ in range(LONGEST):
            if turn.draft is None:
                break
            asked = standing(flow, turn.draft, facts)
            stray = data.draw(wanderings(asked)) if strays and data.draw(st.integers(0, 2)) else None
            strays -= stray is not None
            heard = stray or data.draw(answers(flow, asked, flow(turn.draft.answers, facts)))
            strayed[_kind(stray)] += 1
            turn = step(flow, turn.draft, heard, facts)
        assert turn.draft is None, f"{flow.name} never ends"
        finished[flow.name] += 1

    for one in FLOWS:
        talk(one)
    assert set(finished) == NAMES
    assert {"back", "edit", "photo", "leave"} <= set(strayed)


@st.composite
def wanderings(draw: st.DrawFn, asked: Ask | Review) -> Heard | None:
    """What a willing resident does on the way: going back, changing an answer, a photo out of turn."""
    moves: list[Heard | None] = [None, draw(photo(draw(st.sampled_from(["", "这里"]))))]
    if isinstance(asked, Review):
        moves += [Pressed(Command.EDIT, asked.revision, name) for name, _, _ in asked.answers]
    else:
        usual = (Command.BACK, Command.LEAVE, Command.SKIP, Command.DONE)
        moves += [Pressed(one, asked.revision) for one in asked.commands if one in usual]
        moves.append(Pressed(Command.RESUME))
    return draw(st.sampled_from(moves))


def _kind(heard: Heard | None) -> str:
    match heard:
        case Sent():
            return "photo"
        case Pressed(command=command):
            return command.value
    return ""


def test_nothing_anybody_says_raises_or_gets_lost() -> None:
    kept: Counter[str] = Counter()
    refused: Counter[str] = Counter()

    @MANY
    @given(st.data())
    def talk(flow: type[Flow], data: st.DataObject) -> None:
        facts = data.draw(known())
        turn = engine.begin(flow, facts)
        for _ in range(data.draw(st.integers(1, 12))):
            if turn.draft is None:
                break
            draft, asked = turn.draft, standing(flow, turn.draft, facts)
            willing = data.draw(st.booleans())
            heard = data.draw(
                answers(flow, asked, flow(turn.draft.answers, facts)) if willing else anything(asked)
            )
            turn = step(flow, draft, heard, facts)
            assert turn.draft is None or turn.messages or turn.hint or isinstance(heard, Sent), "silence"
            text = _text(heard)
            if text:
                (kept if _is_kept(text, draft, turn) else refused)[flow.name] += 1
            _nothing_vanished(flow, draft, turn, heard, facts)

    for one in FLOWS:
        talk(one)
    assert kept.total() > 50
    assert refused.total() > 50
    assert set(kept) >= {flow.name for flow in FLOWS if any(one.catches for one in flow.questions)}


def _text(heard: Heard) -> str:
    match heard:
        case Said(text=text) | Sent(caption=text) | Unfit(caption=text):
            return text.strip()
    return ""


def _is_kept(text: str, draft: Draft, turn: Turn) -> bool:
    """On record word for word, or taken as an answer; otherwise it was refused in so many words."""
    if quoted(text) in written(turn.draft, turn) or turn.draft is None:
        return True
    answered = turn.draft.answers != draft.answers or draft.editing is not None
    if answered and turn.draft.editing is None:
        return True
    refusals = [one for one in turn.messages if isinstance(one, Say)]
    said = ("rejected.", "unfit.", f"{draft.flow}.")
    assert any(one.phrase.key.startswith(said) for one in refusals), "lost without a word"
    return False


def _nothing_vanished(flow: type[Flow], draft: Draft, turn: Turn, heard: Heard, facts: Facts) -> None:
    """A story only grows, unless the resident writes it anew; a service that is led to gets all of it."""
    catcher = flow(draft.answers, facts).catcher()
    asked = standing(flow, draft, facts)
    if catcher is None or isinstance(heard, Pressed) or any(isinstance(one, Lead) for one in turn.effects):
        return
    if isinstance(asked, Ask) and asked.question == catcher.name:
        return
    for _, part in _parts(catcher, draft):
        assert quoted(part) in written(turn.draft, turn)


def _parts(catcher: Text, draft: Draft) -> list[list[str]]:
    stored = draft.answers.get(catcher.name)
    parts = stored.get("parts") if isinstance(stored, dict) else None
    return parts if isinstance(parts, list) else []  # type: ignore[return-value]


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-5, 5), st.text(max_size=5), st.floats(allow_nan=False)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
MEANT = st.sampled_from(
    [
        {"parts": [["r", "x"], 3, ["r"]]},
        {"parts": "x"},
        {"photos": [{"file": "x"}, 1, {"file": 3, "album": None}], "open": False},
        {"photos": None, "open": True},
        {"ticked": ["x", 3, None], "open": False},
        {"start": "yesterday", "end": 7},
        {"start": "2026-11-23T10:00", "end": "2026-11-23T12:00+08:00"},
        {"asap": True},
        {"open": True},
    ]
)


def test_a_release_swapped_in_half_way_breaks_nobody() -> None:
    swapped: Counter[str] = Counter()
    finished: Counter[str] = Counter()

    @MANY
    @given(st.data())
    def talk(flow: type[Flow], data: st.DataObject) -> None:
        facts = data.draw(known())
        turn = engine.begin(flow, facts)
        for _ in range(data.draw(st.integers(0, 8))):
            if turn.draft is None:
                return
            asked = standing(flow, turn.draft, facts)
            turn = step(
                flow, turn.draft, data.draw(answers(flow, asked, flow(turn.draft.answers, facts))), facts
            )
        if turn.draft is None:
            return
        draft = data.draw(swapped_drafts(flow, turn.draft))
        facts = data.draw(known())
        swapped[flow.name] += 1
        turn = step(flow, draft, data.draw(anything(engine.standing(flow, draft, facts))), facts)
        for _ in range(LONGEST):
            if turn.draft is None:
                finished[flow.name] += 1
                return
            asked = standing(flow, turn.draft, facts)
            turn = step(
                flow, turn.draft, data.draw(answers(flow, asked, flow(turn.draft.answers, facts))), facts
            )
        raise AssertionError(f"{flow.name} never ends after the swap")

    for one in FLOWS:
        talk(one)
    assert set(swapped) == set(finished) == NAMES


@st.composite
def swapped_drafts(draw: st.DrawFn, flow: type[Flow], draft: Draft) -> Draft:
    """The draft as another release would have left it: other names, other kinds of answers."""
    answered: dict[str, Any] = dict(draft.answers)
    for name in [one.name for one in flow.questions]:
        match draw(st.sampled_from(["keep", "keep", "drop", "rename", "spoil", "mistype"])):
            case "drop":
                answered.pop(name, None)
            case "rename":
                answered[f"old_{name}"] = answered.pop(name, None)
            case "spoil":
                answered[name] = draw(JSON)
            case "mistype":
                answered[name] = draw(MEANT)
    editing = draw(st.sampled_from([None, None, "gone", *[one.name for one in flow.questions]]))
    return Draft(flow.name, answered, draft.revision, editing, draw(JSON), draft.about)


def test_an_older_draft_without_its_newer_fields_is_read() -> None:
    assert Draft.from_json({"flow": "repair"}) == Draft("repair")
    assert Draft.from_json({"flow": "x", "answers": None, "revision": None, "about": None}) == Draft("x")


def test_leaving_an_edit_restores_the_old_answer() -> None:
    reviewed = [flow for flow in FLOWS if flow.review]
    left: Counter[str] = Counter()
    gathered: Counter[str] = Counter()

    def leave(flow: type[Flow], data: st.DataObject, draft: Draft, facts: Facts, name: str) -> Draft:
        asked = standing(flow, draft, facts)
        turn = step(flow, draft, Pressed(Command.EDIT, asked.revision, name), facts)
        assert turn.draft is not None
        assert turn.draft.editing == name
        for heard in data.draw(st.lists(_half_answers(question(flow, name)), max_size=2)):
            turn = step(flow, current(turn), heard, facts)
            gathered[type(question(flow, name)).__name__] += 1
        back = standing(flow, current(turn), facts)
        turn = step(flow, current(turn), Pressed(Command.LEAVE, back.revision), facts)
        assert turn.draft is not None
        assert turn.draft.answers == draft.answers
        again = standing(flow, turn.draft, facts)
        assert isinstance(again, Review)
        assert isinstance(asked, Review)
        assert again.answers == asked.answers
        left[name] += 1
        return turn.draft

    def talk(flow: type[Flow], data: st.DataObject) -> None:
        facts = data.draw(known())
        draft = _to_the_review(data, flow, facts)
        if draft is None:
            return
        asked = standing(flow, draft, facts)
        assert isinstance(asked, Review)
        for name, _, _ in asked.answers:
            draft = leave(flow, data, draft, facts, name)

    for one in reviewed:
        often(max(60, 12 * len(one.questions)))(given(st.data())(talk))(one)
    asked_for = {one.name for flow in reviewed for one in flow.questions if one.reviewed}
    assert set(left) == asked_for
    assert gathered["Photos"] > 0


def _half_answers(one: Question[object]) -> st.SearchStrategy[Heard]:
    """What is gathered before an answer is given."""
    if isinstance(one, Photos):
        return st.builds(Sent, st.integers(1000, 2000))
    if isinstance(one, Several):
        return st.builds(Picked, st.just(one.name), st.sampled_from([choice.value for choice in one.choices]))
    return st.just(Pressed(Command.RESUME))


def _to_the_review(data: st.DataObject, flow: type[Flow], facts: Facts) -> Draft | None:
    turn = engine.begin(flow, facts)
    for _ in range(LONGEST):
        if turn.draft is None or isinstance(standing(flow, turn.draft, facts), Review):
            break
        asked = standing(flow, turn.draft, facts)
        turn = step(flow, turn.draft, data.draw(answers(flow, asked, flow(turn.draft.answers, facts))), facts)
    return turn.draft


def test_going_back_and_leaving_loses_no_answer() -> None:
    went: Counter[str] = Counter()

    @MANY
    @given(st.data())
    def talk(flow: type[Flow], data: st.DataObject) -> None:
        facts = data.draw(known())
        turn = engine.begin(flow, facts)
        for _ in range(data.draw(st.integers(1, 8))):
            if turn.draft is None:
                return
            asked = standing(flow, turn.draft, facts)
            turn = step(
                flow, turn.draft, data.draw(answers(flow, asked, flow(turn.draft.answers, facts))), facts
            )
        if turn.draft is None or isinstance(standing(flow, turn.draft, facts), Review):
            return
        draft = turn.draft
        for _ in range(data.draw(st.integers(1, 4))):
            turn = step(flow, current(turn), Pressed(Command.BACK), facts)
        moved = current(turn).editing is not None
        turn = step(flow, current(turn), Pressed(Command.LEAVE), facts) if moved else turn
        assert turn.draft is not None
        assert turn.draft.answers == draft.answers
        assert _place(flow, turn.draft, facts) == _place(flow, draft, facts)
        went[flow.name] += moved

    for one in FLOWS:
        talk(one)
    assert went.total() > 20
    assert len(went) > 3


def _place(flow: type[Flow], draft: Draft, facts: Facts) -> str:
    asked = standing(flow, draft, facts)
    return asked.question if isinstance(asked, Ask) else ""


def test_what_was_skipped_never_reads_as_a_value() -> None:
    skipped: Counter[str] = Counter()

    @MANY
    @given(st.data())
    def talk(flow: type[Flow], data: st.DataObject) -> None:
        facts = data.draw(known())
        turn = engine.begin(flow, facts)
        while turn.draft is not None:
            asked = standing(flow, turn.draft, facts)
            if not isinstance(asked, Ask) or question(flow, asked.question).required:
                turn = step(
                    flow, turn.draft, data.draw(answers(flow, asked, flow(turn.draft.answers, facts))), facts
                )
                continue
            if turn.draft is not None and data.draw(st.booleans()):
                turn = _answered_and_back(data, flow, turn.draft, facts)
            if turn.draft is None or _place(flow, turn.draft, facts) != asked.question:
                return
            turn = step(flow, turn.draft, Pressed(Command.SKIP), facts)
            _reads_as_nothing(flow, turn, question(flow, asked.question), facts)
            skipped[question(flow, asked.question).key] += 1

    for one in FLOWS:
        talk(one)
    optional = {one.key for flow in FLOWS for one in flow.questions if not one.required}
    assert optional
    assert set(skipped) == optional


def _answered_and_back(data: st.DataObject, flow: type[Flow], draft: Draft, facts: Facts) -> Turn:
    """An answer, and second thoughts about it."""
    turn = step(
        flow, draft, data.draw(answers(flow, standing(flow, draft, facts), flow(draft.answers, facts))), facts
    )
    return turn if turn.draft is None else step(flow, turn.draft, Pressed(Command.BACK), facts)


def _reads_as_nothing(flow: type[Flow], turn: Turn, one: Question[object], facts: Facts) -> None:
    if turn.draft is not None:
        assert flow(turn.draft.answers, facts).answer(one) is None
        return
    for effect in turn.effects:
        values = getattr(effect, "values", {})
        assert values.get(one.name) is None


def test_what_was_said_before_the_flow_began_is_its_story() -> None:
    begun: Counter[str] = Counter()

    @MANY
    @given(st.data())
    def talk(flow: type[Flow], data: st.DataObject) -> None:
        facts = data.draw(known())
        first: list[Heard] = [said("第一句话"), data.draw(photo()), said("second words")]
        turn = engine.begin(flow, facts, first=first)
        form = flow({}, facts)
        if form.catcher() is not None:
            assert quoted("第一句话") in written(turn.draft, turn)
            assert quoted("second words") in written(turn.draft, turn)
            begun["words"] += 1
        if form.album() is not None:
            assert isinstance(first[1], Sent)
            assert str(first[1].file) in written(turn.draft, turn)
            begun["photo"] += 1

    for one in FLOWS:
        talk(one)
    assert begun["words"] > 0
    assert begun["photo"] > 0
