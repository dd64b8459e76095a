"""What people type is understood as one thing, in whatever language they type it."""

from __future__ import annotations

from collections import defaultdict

import pytest

from flows import catalogue
from flows.engine.messages import Ask, Command, Option, Phrase, Picked, Pressed, Said
from flows.engine.questions import Choice, Question, Several, YesNo
from handlers.wording import plain, understand
from tests.locales.shelf import LOCALES, TEXTS, listed

FLOWS = catalogue.all_flows()


def questions() -> list[Question[object]]:
    return [question for flow in FLOWS.values() for question in flow.questions]


def test_there_are_questions_to_look_at() -> None:
    assert len([question for question in questions() if options_of(question)]) > 4


def option_words(question: Question[object], option: str, label: str) -> set[str]:
    """Everything in any language that chooses an option, compared as the desk compares it."""
    words = {plain(TEXTS.say(Phrase(label), locale)) for locale in LOCALES}
    keys = [f"{question.key}.words.{option}"]
    if isinstance(question, YesNo):
        keys.append(f"engine.yesno.words.{option}")
    return words | {plain(word) for key in keys for locale in LOCALES for word in TEXTS.words(key, locale)}


def options_of(question: Question[object]) -> dict[str, str]:
    """Option → the key of its label."""
    if isinstance(question, Choice | Several):
        return {choice.value: f"{question.key}.{choice.value}" for choice in question.choices}
    if isinstance(question, YesNo):
        return {"yes": "engine.yes", "no": "engine.no"}
    return {}


@pytest.mark.parametrize("question", [q for q in questions() if options_of(q)], ids=lambda q: str(q.key))
def test_no_word_means_two_options(question: Question[object]) -> None:
    meant = defaultdict(set)
    for option, label in options_of(question).items():
        for word in option_words(question, option, label):
            meant[word].add(option)
    assert {word: both for word, both in meant.items() if len(both) > 1} == {}


@pytest.mark.parametrize("question", [q for q in questions() if options_of(q)], ids=lambda q: str(q.key))
def test_every_word_for_an_option_is_heard_as_that_option(question: Question[object]) -> None:
    asked = _ask(question)
    heard = {
        word: understand(Said(word), asked, TEXTS)
        for option, label in options_of(question).items()
        for word in option_words(question, option, label)
    }
    wanted = {
        word: Picked(question.name, option)
        for option, label in options_of(question).items()
        for word in option_words(question, option, label)
    }
    assert len(wanted) > 5
    assert {word: heard[word] for word in wanted if heard[word] != wanted[word]} == {}


@pytest.mark.parametrize("question", questions(), ids=lambda q: str(q.key))
def test_every_word_for_a_command_is_heard_as_that_command(question: Question[object]) -> None:
    asked = _ask(question)
    for command in (Command.BACK, Command.CANCEL):
        for word in command_words(command):
            assert understand(Said(word), asked, TEXTS) == Pressed(command), (question.key, word)


def _ask(question: Question[object]) -> Ask:
    """The question as it is put half-way through its flow, with every command it can have."""
    commands = [Command.BACK, Command.CANCEL]
    if not question.required:
        commands.append(Command.SKIP)
    if isinstance(question, Several):
        commands.append(Command.DONE)
    options = tuple(Option(option, Phrase(label)) for option, label in options_of(question).items())
    flow = question.flow
    return Ask(flow, question.name, Phrase(f"{flow}.title"), options, tuple(commands), 1, 2, 3)


def command_words(command: Command) -> set[str]:
    key = f"engine.command.words.{command.value}"
    labels = {plain(TEXTS.say(Phrase(f"engine.command.{command.value}"), locale)) for locale in LOCALES}
    return labels | {plain(word) for locale in LOCALES for word in TEXTS.words(key, locale)}


def test_no_word_means_two_commands() -> None:
    meant = defaultdict(set)
    for command in Command:
        for word in command_words(command):
            meant[word].add(command)
    shared = {word: both for word, both in meant.items() if len(both) > 1}
    never_together = ({Command.DONE, Command.SUBMIT}, {Command.EDIT, Command.LEAVE})
    assert {word: both for word, both in shared.items() if both not in never_together} == {}


@pytest.mark.parametrize("locale", LOCALES)
def test_options_of_one_question_read_differently(locale: str) -> None:
    for question in questions():
        labels = [TEXTS.say(Phrase(label), locale) for label in options_of(question).values()]
        assert len(labels) == len({plain(label) for label in labels}), question.key


@pytest.mark.parametrize("locale", LOCALES)
def test_no_list_says_a_word_twice(locale: str) -> None:
    lists = listed(locale)
    assert lists
    for key, words in lists.items():
        assert len(words) == len({plain(word) for word in words}), key


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("entry", ["menu", "tickets", "help", "language"])
def test_a_menu_entry_can_be_typed_as_it_is_labelled(locale: str, entry: str) -> None:
    words = {plain(word) for word in TEXTS.words(f"menu.words.{entry}", locale)}
    assert plain(TEXTS.say(Phrase(f"menu.{entry}"), locale)) in words


def test_menu_words_lead_to_one_entry() -> None:
    meant = defaultdict(set)
    for locale in LOCALES:
        for key in TEXTS.keys(locale):
            if key.startswith("menu.words."):
                for word in TEXTS.words(key, locale):
                    meant[plain(word)].add(key)
    assert {word: both for word, both in meant.items() if len(both) > 1} == {}


def test_every_list_of_option_words_belongs_to_an_option() -> None:
    known = {
        f"{question.key}.words.{option}"
        for question in questions()
        for option in (*options_of(question), "asap", "clear")
    }
    for locale in LOCALES:
        belongs = {key for key in listed(locale) if ".words." in key}
        rest = {key for key in belongs if not key.startswith(("engine.", "menu."))}
        assert rest <= known
