"""A flow is a form: a class whose attributes are its questions, and the answers given so far."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, TypeVar, cast

from flows.engine.effects import Effect
from flows.engine.facts import Facts
from flows.engine.messages import Json, Phrase
from flows.engine.questions import Photos, Question, Text, Unanswered

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Draft:
    """A conversation half-way: which flow, what was answered, how often the question has moved on.

    While `editing` one answer, `before` keeps what it was, to be restored when the edit is left.
    `about` says what the flow is about, such as the ticket an action belongs to.
    """

    flow: str
    answers: Mapping[str, Json] = field(default_factory=dict)
    revision: int = 0
    editing: str | None = None
    before: Json = None
    about: Mapping[str, Json] = field(default_factory=dict)

    def with_answer(self, name: str, stored: Json) -> Draft:
        return replace(self, answers={**self.answers, name: stored})

    def without_answer(self, name: str) -> Draft:
        return replace(self, answers={key: kept for key, kept in self.answers.items() if key != name})

    def to_json(self) -> dict[str, Json]:
        return {
            "flow": self.flow,
            "answers": dict(self.answers),
            "revision": self.revision,
            "editing": self.editing,
            "before": self.before,
            "about": dict(self.about),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Draft:
        """Read back what `to_json` wrote, in this or an earlier release."""
        return cls(
            flow=stored["flow"],
            answers=stored.get("answers") or {},
            revision=stored.get("revision") or 0,
            editing=stored.get("editing"),
            before=stored.get("before"),
            about=stored.get("about") or {},
        )


_NONE = object()
"""What a form remembers of a question that has no acceptable answer."""


class Flow:
    """The questions of one service, in order, and what to do once they are answered.

    A flow has an explicit `name`, which drafts and texts carry. Small flows set `review = False`
    and are submitted with their last answer; one that asks whether to cancel is not `cancellable` itself.
    `wants` names the facts that are not loaded for every flow: "record", "found".
    """

    name: ClassVar[str]
    review: ClassVar[bool] = True
    cancellable: ClassVar[bool] = True
    wants: ClassVar[frozenset[str]] = frozenset()
    questions: ClassVar[tuple[Question[Any], ...]] = ()

    def __init_subclass__(cls) -> None:
        own = [value for value in vars(cls).values() if isinstance(value, Question)]
        for question in own:
            question.flow = cls.name
        cls.questions = (*cls.questions, *own)

    def __init__(self, answers: Mapping[str, Json], facts: Facts) -> None:
        self.answers = answers
        self.facts = facts
        self._answers: dict[str, object] = {}
        self._verdicts: dict[str, bool | None] = {}

    def reviewed(self) -> bool:
        """Whether the answers are shown for review before they are submitted."""
        return self.review

    def submit(self) -> Sequence[Effect]:
        """What is to be done with the answers; performs nothing."""
        raise NotImplementedError

    def stored(self, question: Question[Any]) -> Json:
        """What is stored for a question, under its present name or an earlier one."""
        for name in (question.name, *question.was):
            if name in self.answers:
                return self.answers[name]
        return None

    def answer(self, question: Question[T]) -> T:
        """The question's answer. Raises Unanswered when there is no acceptable one."""
        if question.name not in self._answers:
            try:
                self._answers[question.name] = self._loaded(question)
            except Unanswered:
                self._answers[question.name] = _NONE
        answer = self._answers[question.name]
        if answer is _NONE:
            raise Unanswered(question.key)
        return cast(T, answer)

    def _loaded(self, question: Question[Any]) -> object:
        if not question.arises(self):
            return question.presumed(self)
        if not any(name in self.answers for name in (question.name, *question.was)):
            raise Unanswered(question.key)
        stored = self.stored(question)
        if stored is None:
            if question.required:
                raise Unanswered(question.key)
            return None
        return question.load(stored, self)

    def answered(self, question: Question[Any]) -> bool:
        try:
            self.answer(question)
        except Unanswered:
            return False
        return True

    def answered_with(self, question: Question[Any], answers: Collection[object]) -> bool:
        """Whether a question is asked and has one of these answers. Raises Unanswered while that is open."""
        judged = self._judged(question)
        if judged is None:
            raise Unanswered(question.key)
        return judged and self.answer(question) in answers

    def applies(self, question: Question[Any]) -> bool:
        return self._judged(question) is True

    def _judged(self, question: Question[Any]) -> bool | None:
        """Whether a question is asked; None while an answer that decides it is missing."""
        if not question.arises(self):
            return False
        if question.condition is None:
            return True
        if question.name not in self._verdicts:
            try:
                self._verdicts[question.name] = bool(question.condition(self))
            except Unanswered:
                self._verdicts[question.name] = None
        return self._verdicts[question.name]

    def applicable(self) -> tuple[Question[Any], ...]:
        """The questions that are asked, given the answers so far."""
        return tuple(question for question in self.questions if self.applies(question))

    def expected(self) -> tuple[Question[Any], ...]:
        """The questions that are asked or, as far as can be judged yet, may still come to be asked."""
        found: list[Question[Any]] = []
        undecided = False
        for question in self.questions:
            judged = self._judged(question)
            if judged or (judged is None and undecided):
                found.append(question)
            undecided = undecided or (judged is True and not self.answered(question))
        return tuple(found)

    def open(self) -> Question[Any] | None:
        """The current question: the first that applies and has no acceptable answer."""
        return next((one for one in self.questions if self.applies(one) and not self.answered(one)), None)

    def catcher(self) -> Text | None:
        """The text that takes what is written out of place."""
        return next((q for q in self.expected() if isinstance(q, Text) and q.catches), None)

    def album(self) -> Photos | None:
        """The question that photos belong to out of turn: the next without any, else the last."""
        questions = [question for question in self.expected() if isinstance(question, Photos)]
        return next((one for one in questions if not self.answered(one)), next(reversed(questions), None))

    def shown(self) -> tuple[tuple[str, Phrase, Phrase | str], ...]:
        """(question, label, answer) for every answer, as the review screen shows them."""
        return tuple(
            (question.name, Phrase(f"{question.key}.label"), self._shown(question))
            for question in self.applicable()
            if question.reviewed and self.answered(question)
        )

    def _shown(self, question: Question[Any]) -> Phrase | str:
        answer = self.answer(question)
        return Phrase("engine.skipped") if answer is None else question.show(answer, self)

    @classmethod
    def texts(cls) -> tuple[str, ...]:
        """Every text key this flow owes its residents, in every locale."""
        keys = [key for question in cls.questions for key in question.texts()]
        return (f"{cls.name}.title", *keys)
