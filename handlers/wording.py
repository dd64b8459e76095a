"""Questions into words and buttons for a channel, and words, buttons or "2" back into what was meant."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache

import phonenumbers

from flows.engine.messages import (
    Ask,
    Command,
    Heard,
    Message,
    Option,
    Phrase,
    Picked,
    Pressed,
    Review,
    Said,
    Say,
    Shared,
)
from handlers.envelopes import Button, Capabilities, Outgoing
from handlers.texts import Texts

ROW = 16
"""How many columns of text fit on a row of buttons; a Chinese character takes two."""


def put(message: Message, texts: Texts, locale: str, can: Capabilities) -> Outgoing:
    """A message of the engine as it leaves for one channel in one language."""
    match message:
        case Say(phrase):
            return Outgoing(texts.say(phrase, locale))
        case Ask():
            return _question(message, texts, locale, can)
        case Review():
            return _review(message, texts, locale, can)


def answer_data(ask: Ask, value: str) -> str:
    """The button data of an option; at most 64 bytes for every question there is, as a test holds."""
    return f"a.{ask.revision}.{ask.question}.{value}"


def command_data(command: Command, revision: int, argument: str = "") -> str:
    return f"c.{revision}.{command.value}" + (f".{argument}" if argument else "")


def _question(ask: Ask, texts: Texts, locale: str, can: Capabilities) -> Outgoing:
    title = texts.say(Phrase(f"{ask.flow}.title"), locale)
    if ask.steps > 1:
        title = (
            f"{title} {texts.say(Phrase('engine.progress', {'step': ask.step, 'steps': ask.steps}), locale)}"
        )
    title = f"{title} · {ask.subject}" if ask.subject else title
    prompt = texts.say(ask.prompt, locale)
    labels = [texts.say(option.label, locale) for option in ask.options]
    contact = texts.say(Phrase("engine.share_contact"), locale) if ask.wants_contact and can.contact else ""
    if not can.buttons:
        told = "\n".join((prompt, *_numbered(labels), *_spoken(ask, texts, locale)))
        return Outgoing(told, title, choices=_choices(labels))
    answers = [
        Button(label, answer_data(ask, option.value))
        for label, option in zip(labels, ask.options, strict=True)
    ]
    commands = [
        Button(
            _label(command, texts, locale),
            command_data(command, ask.revision),
            "primary" if command is Command.DONE else "plain",
        )
        for command in ask.commands
    ]
    return Outgoing(prompt, title, (*rows(answers), *rows(commands, ROW * 2)), contact=contact)


def _review(review: Review, texts: Texts, locale: str, can: Capabilities) -> Outgoing:
    title = texts.say(review.title, locale)
    said = [
        (name, texts.say(label, locale), texts.say(shown, locale)) for name, label, shown in review.answers
    ]
    lines = [
        texts.say(Phrase("engine.answer", {"label": label, "answer": shown}), locale)
        for _, label, shown in said
    ]
    if not can.buttons:
        hint = texts.say(Phrase("engine.review_hint"), locale)
        return Outgoing("\n".join((*_numbered(lines), "", hint)), title, choices=_choices(lines))
    submit = Button(
        _label(Command.SUBMIT, texts, locale), command_data(Command.SUBMIT, review.revision), "primary"
    )
    edits = [
        Button(
            texts.say(Phrase("engine.edit", {"label": label}), locale),
            command_data(Command.EDIT, review.revision, name),
        )
        for name, label, _ in said
    ]
    cancel = Button(_label(Command.CANCEL, texts, locale), command_data(Command.CANCEL, review.revision))
    return Outgoing("\n".join(lines), title, ((submit,), *rows(edits, ROW * 2), (cancel,)))


def _label(command: Command, texts: Texts, locale: str) -> str:
    return texts.say(Phrase(f"engine.command.{command.value}"), locale)


def _numbered(labels: Sequence[str]) -> Iterable[str]:
    return (f"{number}. {label}" for number, label in enumerate(labels, 1))


def _choices(labels: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """The numbered lines, each with the number that answers it."""
    return tuple((line, str(number)) for number, line in enumerate(_numbered(labels), 1))


def _spoken(ask: Ask, texts: Texts, locale: str) -> Iterable[str]:
    words = " · ".join(_label(command, texts, locale) for command in ask.commands)
    return (texts.say(Phrase("engine.choose", {"commands": words}), locale),) if words else ()


def rows(buttons: Sequence[Button], width: int = ROW * 2) -> tuple[tuple[Button, ...], ...]:
    """Buttons in rows: as many side by side as their labels leave readable, three at most."""
    laid: list[list[Button]] = []
    room = 0
    for button in buttons:
        need = columns(button.label) + 4
        if laid and len(laid[-1]) < 3 and need <= room:
            laid[-1].append(button)
            room -= need
        else:
            laid.append([button])
            room = width - need
    return tuple(tuple(row) for row in laid)


def columns(text: str) -> int:
    """How wide a text is, in Latin letters."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def tapped(data: str) -> Heard | None:
    """What a conversation's button says; None when it is not one of ours."""
    match data.split(".", 3):
        case ["a", revision, question, value] if revision.isdecimal():
            return Picked(question, value, int(revision))
        case ["c", revision, command, *argument] if revision.isdecimal() and command in set(Command):
            return Pressed(Command(command), int(revision), argument[0] if argument else "")
    return None


def understand(said: Said, standing: Ask | Review | None, texts: Texts) -> Heard:
    """What a text means under the question it answers; itself, when it is only words."""
    if standing is None:
        return said
    heard = plain(said.text)
    if isinstance(standing, Review):
        return _command(heard, standing, texts) or _edit(heard, standing, texts) or said
    return _answer(heard, said, standing, texts)


def _answer(heard: str, said: Said, ask: Ask, texts: Texts) -> Heard:
    """An option said exactly, else a command, else an option as good as said, else a phone number."""
    named = [(option, labels(option.label, texts) | _synonyms(ask, option, texts)) for option in ask.options]
    exact = _by_number(heard, ask) or _only(option for option, words in named if heard in words)
    if exact is not None:
        return Picked(ask.question, exact.value)
    command = _command(heard, ask, texts)
    if command is not None:
        return command
    near = _only(option for option, words in named if any(_as_good_as(heard, word) for word in words))
    if near is not None:
        return Picked(ask.question, near.value)
    number = phone(said.text) if ask.wants_contact else None
    if number:
        return Shared(number)
    return (_slip(heard, ask, texts) if ask.options else None) or said


def _slip(heard: str, ask: Ask, texts: Texts) -> Heard | None:
    """A yes, a no or a command where there is a choice: it answers nothing, and is nobody's story either."""
    for command in (Command.SKIP, Command.DONE, Command.SUBMIT):
        if _orders(heard, command, texts):
            return Pressed(command)
    agreed = next((one for one in _YES_NO if heard in spoken(f"engine.yesno.words.{one}", texts)), None)
    return Picked(ask.question, agreed) if agreed else None


def _command(heard: str, standing: Ask | Review, texts: Texts) -> Pressed | None:
    commands = (Command.SUBMIT, Command.CANCEL) if isinstance(standing, Review) else standing.commands
    for command in (*commands, Command.RESUME):
        if _orders(heard, command, texts):
            return Pressed(command)
    if Command.DONE in commands and heard in labels(Phrase(f"engine.command.{Command.SUBMIT.value}"), texts):
        return Pressed(Command.DONE)
    return None


def _orders(heard: str, command: Command, texts: Texts) -> bool:
    """Whether words are a command, said as people say it or as its button reads."""
    label = Phrase(f"engine.command.{command.value}")
    return heard in spoken(f"engine.command.words.{command.value}", texts) | labels(label, texts)


def _edit(heard: str, review: Review, texts: Texts) -> Pressed | None:
    """Which answer is to be changed: by its number in the list, its label, or the button's words."""
    names = [name for name, _, _ in review.answers]
    if heard.isdecimal() and len(heard) <= 2 and 1 <= int(heard) <= len(names):
        return Pressed(Command.EDIT, argument=names[int(heard) - 1])
    for name, label, _ in review.answers:
        if heard in labels(label, texts) | labels(Phrase("engine.edit", {"label": label}), texts):
            return Pressed(Command.EDIT, argument=name)
    return None


def _by_number(heard: str, ask: Ask) -> Option | None:
    if heard.isdecimal() and len(heard) <= 2 and 1 <= int(heard) <= len(ask.options):
        return ask.options[int(heard) - 1]
    return None


def _only(found: Iterable[Option]) -> Option | None:
    """The one option found, or None for none and for several."""
    options = list(found)
    return options[0] if len(options) == 1 else None


def _as_good_as(heard: str, word: str) -> bool:
    """Whether a text says a word and next to nothing else; a Latin word only as a whole word."""
    if len(word) < 2 or len(heard) > len(word) + 3:
        return False
    return re.search(rf"\b{re.escape(word)}\b", heard) is not None if word.isascii() else word in heard


def _synonyms(ask: Ask, option: Option, texts: Texts) -> frozenset[str]:
    own = spoken(f"{ask.flow}.{ask.question}.words.{option.value}", texts)
    return own | spoken(f"engine.yesno.words.{option.value}", texts) if option.value in _YES_NO else own


_YES_NO = frozenset({"yes", "no"})


@lru_cache(maxsize=4096)
def spoken(key: str, texts: Texts) -> frozenset[str]:
    """A list of words from every locale: people do not write in the language the page is set to."""
    return frozenset(plain(word) for locale in texts.locales for word in texts.words(key, locale))


def labels(label: Phrase | str, texts: Texts) -> frozenset[str]:
    """A label as it reads in every locale."""
    if isinstance(label, str):
        return frozenset({plain(label)})
    if not label.values:
        return _labels(label.key, texts)
    return frozenset(plain(texts.say(label, locale)) for locale in texts.locales)


@lru_cache(maxsize=4096)
def _labels(key: str, texts: Texts) -> frozenset[str]:
    return frozenset(plain(texts.say(Phrase(key), locale)) for locale in texts.locales)


_NOISE = re.compile(r"[^\w\s:+~.-]|[\ufe0f\u200d]", re.UNICODE)


_CLOSING = " .。!?,、~-"


def plain(text: str) -> str:
    """A text without case, width, emoji and closing punctuation, to compare by."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(_NOISE.sub(" ", folded).split()).strip(" .~-") or folded.strip(_CLOSING)


def phone(text: str, region: str = "CN") -> str | None:
    """A phone number in E.164 as people type it, or None."""
    folded = unicodedata.normalize("NFKC", text).strip()
    if not re.fullmatch(r"[+()\d\s.-]{5,30}", folded):
        among_words = re.findall(r"(?<!\d)\+?\d[\d -]{5,18}\d(?!\d)", folded)
        if len(among_words) != 1 or len(folded) > 60:
            return None
        folded = among_words[0]
    try:
        number = phonenumbers.parse(folded, region)
    except phonenumbers.NumberParseException:
        return None
    if not _can_be_called(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _can_be_called(number: phonenumbers.PhoneNumber) -> bool:
    """Numbers of this country are looked at closely: a digit too few is the commonest slip."""
    if number.country_code == 86:
        return phonenumbers.is_valid_number(number)
    return phonenumbers.is_possible_number(number)
