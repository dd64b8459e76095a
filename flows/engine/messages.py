"""What is heard from a person and what is said back, before it has any words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"


@dataclass(frozen=True, slots=True)
class Phrase:
    """A text by its key, with the values it mentions; its words are in `locales/`."""

    key: str
    values: Mapping[str, object] = field(default_factory=dict)


class Command(StrEnum):
    """What every flow understands, whatever it asks."""

    BACK = "back"
    SKIP = "skip"
    DONE = "done"
    CANCEL = "cancel"
    EDIT = "edit"
    LEAVE = "leave"
    SUBMIT = "submit"
    RESUME = "resume"


@dataclass(frozen=True, slots=True)
class Said:
    """Free text; `ref` is the message's id in its chat, so that a later edit finds it again."""

    text: str
    ref: str = ""


@dataclass(frozen=True, slots=True)
class Picked:
    """An option, tapped (then it carries the revision that was shown) or put in words."""

    question: str
    value: str
    revision: int | None = None


@dataclass(frozen=True, slots=True)
class Pressed:
    """A command, tapped or put in words."""

    command: Command
    revision: int | None = None
    argument: str = ""


@dataclass(frozen=True, slots=True)
class Sent:
    """A photo; `file` names the stored attachment, `album` what the sender sent as one."""

    file: int
    album: str = ""
    caption: str = ""
    ref: str = ""


@dataclass(frozen=True, slots=True)
class Shared:
    """A phone number in E.164, typed and understood or, when `proven`, from a contact that is their own."""

    phone: str
    proven: bool = False


@dataclass(frozen=True, slots=True)
class Unfit:
    """Something no question can take: a sticker, a voice message, a file that is too large."""

    kind: str
    caption: str = ""
    ref: str = ""


Heard: TypeAlias = Said | Picked | Pressed | Sent | Shared | Unfit


class Rejected(Exception):
    """An answer that does not do; `key` names the text that says why and what would."""

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(key)
        self.phrase = Phrase(f"rejected.{key}", values)


class Told(Rejected):
    """What was asked back has its answer in `phrase`; the question stays open."""

    def __init__(self, phrase: Phrase) -> None:
        Exception.__init__(self, phrase.key)
        self.phrase = phrase


@dataclass(frozen=True, slots=True)
class Option:
    """One thing a question can be answered with; a `str` label is data, such as a home's name."""

    value: str
    label: Phrase | str


@dataclass(frozen=True, slots=True)
class Say:
    """Something to be told."""

    phrase: Phrase


@dataclass(frozen=True, slots=True)
class Ask:
    """A question to be put: its prompt, its options, the commands that make sense now.

    `subject` is what it is about, such as a ticket's number. One that `wants_words` takes any.
    """

    flow: str
    question: str
    prompt: Phrase
    options: tuple[Option, ...]
    commands: tuple[Command, ...]
    revision: int
    step: int
    steps: int
    wants_contact: bool = False
    wants_words: bool = False
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Review:
    """All answers at a glance, each of which can be changed, before anything is sent."""

    flow: str
    title: Phrase
    answers: tuple[tuple[str, Phrase, Phrase | str], ...]
    revision: int


Message: TypeAlias = Say | Ask | Review
