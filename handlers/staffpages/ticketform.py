"""All that an action asks for, on one page: its questions as fields, and the fields as answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from flows.engine import turn as engine
from flows.engine.effects import Effect
from flows.engine.facts import Facts
from flows.engine.form import Flow
from flows.engine.messages import Command, Heard, Json, Phrase, Picked, Pressed, Rejected, Said, Sent, Shared
from flows.engine.question import Question
from flows.engine.questions import Day, Number, Phone, Photos, Several, Slot, Text, Unanswered
from flows.engine.turn import Turn
from handlers import wording
from handlers.texts import Texts

Asked = Question[Any]


class Shape(StrEnum):
    """What a field looks like. `ONE` of its options is chosen, with `SAID` beside it for other words."""

    ONE = "one"
    SEVERAL = "several"
    PHOTOS = "photos"
    LONG = "long"
    SHORT = "short"
    NUMBER = "number"
    PHONE = "phone"


@dataclass(frozen=True, slots=True)
class Field:
    """A question as it stands on the page; `words` says that other words are taken beside the options."""

    name: str
    shape: Shape
    label: str
    hint: str
    optional: bool
    options: tuple[tuple[str, str], ...] = ()
    chosen: tuple[str, ...] = ()
    said: str = ""
    photos: tuple[str, ...] = ()
    words: bool = False
    most: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True)
class Given:
    """What came from the page, by field: options, words and our copies of photos; and what had been asked.

    `unfit` says why a file of a field could not be kept, `numbers` which attachment a photo has become.
    """

    chosen: Mapping[str, Sequence[str]] = field(default_factory=dict)
    said: Mapping[str, str] = field(default_factory=dict)
    photos: Mapping[str, Sequence[str]] = field(default_factory=dict)
    unfit: Mapping[str, Phrase] = field(default_factory=dict)
    asked: frozenset[str] = frozenset()
    numbers: Mapping[str, int] = field(default_factory=dict)

    @property
    def words(self) -> str:
        """All that was written, whatever it was written in answer to."""
        return "\n".join(filter(None, (said.strip() for said in self.said.values())))

    @property
    def pictures(self) -> tuple[str, ...]:
        """All photos, whichever field they came in."""
        return tuple(dict.fromkeys(path for paths in self.photos.values() for path in paths))


@dataclass(frozen=True, slots=True)
class Filled:
    """The page: its fields, what they say to the flow, and whether nothing is wrong or missing."""

    fields: tuple[Field, ...]
    heard: tuple[Heard, ...]
    complete: bool


NOTHING = Given()


def fill(flow: type[Flow], facts: Facts, given: Given, texts: Texts, locale: str) -> Filled:
    """Put what was given into the questions that apply; each says what is wrong with its own answer.

    What was not asked yet, because it depends on another answer, is asked now.
    """
    answers: dict[str, Json] = {}
    fields: list[Field] = []
    heard: list[Heard] = []
    complete = True
    for question in flow.questions:
        form = flow(answers, facts)
        drawn = _drawn(question, form, given, texts, locale)
        if drawn is None:
            continue
        wrong = None
        if question.name in given.asked:
            said = tuple(_heard(question, given))
            wrong = _answer(flow, answers, question, said, facts) or given.unfit.get(question.name)
            heard += said
        complete = complete and question.name in given.asked and wrong is None
        fields.append(_marked(drawn, wrong, texts, locale))
    return Filled(tuple(fields), tuple(heard), complete)


def finish(flow: type[Flow], facts: Facts, heard: Sequence[Heard]) -> tuple[Effect, ...] | None:
    """Say it all to the flow, one after the other; what is to be done then, or None if it still asks."""
    turn = engine.begin(flow, facts, about=facts.about)
    for one in heard:
        turn = _next(flow, turn, one, facts)
    if turn.draft is not None and flow(turn.draft.answers, facts).open() is None:
        turn = _next(flow, turn, Pressed(Command.SUBMIT), facts)
    return turn.effects if turn.draft is None else None


def marked(filled: Filled, name: str, error: str) -> Filled:
    """The page with something wrong at one field that no question could see."""
    fields = tuple(replace(one, error=error) if one.name == name else one for one in filled.fields)
    return replace(filled, fields=fields, complete=False)


def _next(flow: type[Flow], turn: Turn, heard: Heard, facts: Facts) -> Turn:
    return turn if turn.draft is None else engine.advance(flow, turn.draft, heard, facts)


def _answer(
    flow: type[Flow], answers: dict[str, Json], question: Asked, said: Sequence[Heard], facts: Facts
) -> Phrase | None:
    """Add the answer to the others; or why it does not do."""
    before = dict(answers)
    try:
        for one in said:
            skipped = isinstance(one, Pressed) and one.command is Command.SKIP and not question.required
            answers[question.name] = None if skipped else question.hear(one, flow(answers, facts))
    except Rejected as rejected:
        answers.clear()
        answers.update(before)
        return rejected.phrase
    form = flow(answers, facts)
    if form.answered(question):
        return None
    return Phrase("staff.page.choose" if question.options(form) else "staff.page.needed")


def _heard(question: Asked, given: Given) -> Iterator[Heard]:
    """What was put into a field, as it would have been said in a chat."""
    chosen = tuple(filter(None, given.chosen.get(question.name, ())))
    said = given.said.get(question.name, "").replace("\r\n", "\n").strip()
    match question:
        case Several():
            yield from (Picked(question.name, value) for value in dict.fromkeys(chosen))
            yield Pressed(Command.DONE)
        case Photos():
            photos = given.photos.get(question.name, ())
            yield from (Sent(given.numbers.get(path, at)) for at, path in enumerate(photos, 1))
            yield Pressed(Command.DONE if photos else Command.SKIP)
        case Phone() if said:
            number = wording.phone(said)
            yield Shared(number) if number else Said(said)
        case _ if said:
            yield Said(said)
        case _ if chosen:
            yield Picked(question.name, chosen[0])
        case _ if not question.required:
            yield Pressed(Command.SKIP)


def _drawn(question: Asked, form: Flow, given: Given, texts: Texts, locale: str) -> Field | None:
    """A question that is asked, as it stands on the page; None when it is not, or cannot be put yet."""
    if not form.applies(question):
        return None
    try:
        ask, options = question.prompt(form), _options(question, form, texts, locale)
    except Unanswered:
        return None
    return Field(
        name=question.name,
        shape=_shape(question, bool(options)),
        label=texts.say(Phrase(f"{question.key}.label"), locale),
        hint=texts.say(_hint(question, ask), locale),
        optional=not question.required or (isinstance(question, Photos) and not question.least),
        options=options,
        chosen=tuple(given.chosen.get(question.name, ())),
        said=given.said.get(question.name, ""),
        photos=tuple(given.photos.get(question.name, ())),
        words=isinstance(question, Slot | Phone | Day),
        most=question.most if isinstance(question, Text | Photos) else 0,
    )


def _hint(question: Asked, ask: Phrase) -> Phrase:
    """What a chat says about ticking and sending is said otherwise on a page."""
    match question:
        case Several():
            return Phrase("staff.page.several")
        case Photos():
            return Phrase("staff.page.photos_most", {"most": question.most})
    return ask


def _options(question: Asked, form: Flow, texts: Texts, locale: str) -> tuple[tuple[str, str], ...]:
    match question:
        case Several():
            return tuple(
                (one.value, texts.say(Phrase(f"{question.key}.{one.value}"), locale))
                for one in question.choices
            )
        case Photos():
            return ()
    return tuple((option.value, texts.say(option.label, locale)) for option in question.options(form))


def _shape(question: Asked, options: bool) -> Shape:
    match question:
        case Several():
            return Shape.SEVERAL
        case Photos():
            return Shape.PHOTOS
        case Number():
            return Shape.NUMBER
        case Phone() if not options:
            return Shape.PHONE
        case Text():
            return Shape.LONG
    return Shape.ONE if options else Shape.SHORT


def _marked(drawn: Field, wrong: Phrase | None, texts: Texts, locale: str) -> Field:
    return drawn if wrong is None else replace(drawn, error=texts.say(wrong, locale))
