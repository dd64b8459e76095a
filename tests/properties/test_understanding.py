"""What is shown is understood as meant: each option and command, in every language, on every channel."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.engine import turn as engine
from flows.engine.facts import Facts
from flows.engine.form import Draft, Flow
from flows.engine.messages import Ask, Command, Heard, Option, Phrase, Picked, Pressed, Review, Said, Shared
from flows.engine.questions import YesNo
from handlers.texts import Texts
from handlers.wording import answer_data, command_data, phone, plain, put, tapped, understand
from tests.properties.residents import (
    FLOWS,
    NAMES,
    answers,
    known,
    often,
    question,
    standing,
    step,
)
from tests.properties.residents import (
    TEXTS as SAYINGS,
)
from tests.world import BUTTONS, NUMBERS

TEXTS = Texts.load()
MANY = often(60)
CHANNELS = (BUTTONS, NUMBERS)
LONGEST = 64


def asked_somewhere(flow: type[Flow], data: st.DataObject) -> tuple[Draft, Ask | Review, Facts] | None:
    """Some question or review that a resident comes to."""
    facts = data.draw(known())
    turn = engine.begin(flow, facts, revision=data.draw(st.sampled_from([0, 99999])))
    for _ in range(data.draw(st.integers(0, 12))):
        if turn.draft is None:
            return None
        form = flow(turn.draft.answers, facts)
        heard = data.draw(answers(flow, standing(flow, turn.draft, facts), form))
        turn = step(flow, turn.draft, heard, facts)
    return None if turn.draft is None else (turn.draft, standing(flow, turn.draft, facts), facts)


def means(heard: Heard) -> Heard:
    """What was heard, without the revision that only a button carries."""
    match heard:
        case Picked(question=name, value=value):
            return Picked(name, value)
        case Pressed(command=command, argument=argument):
            return Pressed(command, argument=argument)
    return heard


def test_every_button_says_what_its_label_says() -> None:
    tapped_on: Counter[str] = Counter()
    longest: list[int] = []

    @MANY
    @given(st.data())
    def talk(flow: type[Flow], data: st.DataObject) -> None:
        found = asked_somewhere(flow, data)
        if found is None:
            return
        _, asked, _ = found
        for locale in TEXTS.locales:
            shown = put(asked, TEXTS, locale, BUTTONS)
            for button in (button for row in shown.buttons for button in row):
                heard = tapped(button.data)
                assert heard is not None, button
                assert getattr(heard, "revision", None) == asked.revision
                assert button.label == _label(heard, asked, locale)
                longest.append(len(button.data.encode()))
                tapped_on[f"{flow.name}.{_place(asked)}"] += 1

    for one in FLOWS:
        talk(one)
    assert max(longest) <= LONGEST
    assert {name.rsplit(".", 1)[0] for name in tapped_on} == NAMES


def _label(heard: Heard, asked: Ask | Review, locale: str) -> str:
    match heard, asked:
        case Picked(question=name, value=value), Ask(options=options):
            assert name == asked.question
            return TEXTS.say(next(one.label for one in options if one.value == value), locale)
        case Pressed(command=Command.EDIT, argument=name), Review(answers=said):
            label = next(label for one, label, _ in said if one == name)
            return TEXTS.say(Phrase("engine.edit", {"label": label}), locale)
        case Pressed(command=command), _:
            return TEXTS.say(Phrase(f"engine.command.{command.value}"), locale)
    raise AssertionError(f"{heard} has no label")


def _place(asked: Ask | Review) -> str:
    return asked.question if isinstance(asked, Ask) else "review"


def test_every_number_label_and_synonym_is_understood() -> None:
    understood: Counter[str] = Counter()
    places: Counter[str] = Counter()

    @MANY
    @given(st.data())
    def talk(flow: type[Flow], data: st.DataObject) -> None:
        found = asked_somewhere(flow, data)
        if found is None:
            return
        draft, asked, facts = found
        places[f"{flow.name}.{_place(asked)}"] += 1
        ways = {
            way: None
            for locale in TEXTS.locales
            for way in (*_options(asked, locale), *_commands(asked, locale))
        }
        followed: list[Heard] = []
        for words, meant, how in ways:
            for text in (words, f" {words} ", f"{words}。", f"{words}!", words.upper()):
                heard = understand(Said(text, "r"), asked, TEXTS)
                assert means(heard) == meant, f"{text!r} under {_place(asked)}"
                if heard not in followed:
                    step(flow, draft, heard, facts)
                    followed.append(heard)
            understood[how] += 1

    for one in FLOWS:
        talk(one)
    assert {"number", "label", "synonym", "command"} <= set(understood)
    assert {place.rsplit(".", 1)[0] for place in places} == NAMES


def _options(asked: Ask | Review, locale: str) -> list[tuple[str, Heard, str]]:
    """(what may be written, what it means, how it is written) for all that can be chosen."""
    found: list[tuple[str, Heard, str]] = []
    if isinstance(asked, Review):
        for number, (name, shown, _) in enumerate(asked.answers, 1):
            edit = Pressed(Command.EDIT, argument=name)
            found += [(str(number), edit, "number"), (TEXTS.say(shown, locale), edit, "label")]
        return found
    lines = {can: put(asked, TEXTS, locale, can).text.splitlines() for can in CHANNELS}
    for number, option in enumerate(asked.options, 1):
        meant = Picked(asked.question, option.value)
        label = TEXTS.say(option.label, locale)
        assert all(can.buttons or f"{number}. {label}" in lines[can] for can in CHANNELS)
        found += [(str(number), meant, "number"), (label, meant, "label")]
        found += [(word, meant, "synonym") for word in _synonyms(asked, option, locale)]
    return found


def _synonyms(asked: Ask, option: Option, locale: str) -> list[str]:
    words = TEXTS.words(f"{asked.flow}.{asked.question}.words.{option.value}", locale)
    flow = next(flow for flow in FLOWS if flow.name == asked.flow)
    if isinstance(question(flow, asked.question), YesNo):
        words = (*words, *TEXTS.words(f"engine.yesno.words.{option.value}", locale))
    return list(words)


def _commands(asked: Ask | Review, locale: str) -> list[tuple[str, Heard, str]]:
    """The same for commands; a word that is an answer as well ("没有") is taken for the answer."""
    options = asked.options if isinstance(asked, Ask) else ()
    taken = {plain(word) for option in options for word in _said(asked, option)}
    commands = (Command.SUBMIT, Command.CANCEL) if isinstance(asked, Review) else asked.commands
    found: list[tuple[str, Heard, str]] = []
    for command in commands:
        label = TEXTS.say(Phrase(f"engine.command.{command.value}"), locale)
        words = TEXTS.words(f"engine.command.words.{command.value}", locale)
        spoken = [word for word in (label, *words) if plain(word) not in taken]
        found += [(word, Pressed(command), "command") for word in spoken]
    return found


def _said(asked: Ask | Review, option: Option) -> set[str]:
    """Everything that names an option, in any language."""
    assert isinstance(asked, Ask)
    synonyms = {word for locale in TEXTS.locales for word in _synonyms(asked, option, locale)}
    return synonyms | {TEXTS.say(option.label, locale) for locale in TEXTS.locales}


def test_arbitrary_words_are_understood_as_something() -> None:
    heard_as: Counter[str] = Counter()

    @MANY
    @given(st.data())
    def talk(flow: type[Flow], data: st.DataObject) -> None:
        found = asked_somewhere(flow, data)
        if found is None:
            return
        draft, asked, facts = found
        said = Said(data.draw(SAYINGS), "r")
        heard = understand(said, asked, TEXTS)
        heard_as[type(heard).__name__] += 1
        turn = step(flow, draft, heard, facts)
        for message in turn.messages:
            for locale in TEXTS.locales:
                for can in CHANNELS:
                    assert put(message, TEXTS, locale, can).text.strip()

    for one in FLOWS:
        talk(one)
    assert {"Said", "Picked", "Pressed"} <= set(heard_as), heard_as


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("13800000001", "+8613800000001"),
        ("138 0000 0001", "+8613800000001"),
        ("１３８００００００００", "+8613800000000"),
        ("1380000001", None),
        ("打这个 139-1234-5678", "+8613912345678"),
        ("call me on +44 7700 900123 please", "+447700900123"),
        ("13800000001 或 13912345678", None),
        ("下午三点", None),
        ("110", None),
    ],
)
def test_a_phone_number_is_found_among_words(written: str, number: str | None) -> None:
    assert phone(written) == number


def test_button_data_that_is_not_ours_says_nothing() -> None:
    for data in ("", "a", "a.x.y.z", "c.1", "c.1.nonsense", "a.1.place", "x.1.2.3", "a.-1.place.home"):
        assert tapped(data) is None
    ask = Ask("repair", "place", Phrase("repair.place.ask"), (), (), 3, 1, 2)
    assert tapped(answer_data(ask, "home")) == Picked("place", "home", 3)
    assert tapped(command_data(Command.EDIT, 4, "photos")) == Pressed(Command.EDIT, 4, "photos")
    assert isinstance(understand(Said("13912345678"), None, TEXTS), Said)
    wants = Ask("repair", "phone", Phrase("repair.phone.ask"), (), (), 3, 1, 2, wants_contact=True)
    assert understand(Said("13912345678"), wants, TEXTS) == Shared("+8613912345678")
