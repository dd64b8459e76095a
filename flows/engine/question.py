"""A question: what it asks, what it accepts, and how its answer is kept and shown."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, Self, TypeVar, cast, overload

from flows.engine.facts import Facts
from flows.engine.messages import Command, Heard, Json, Option, Phrase

T = TypeVar("T")


class Form(Protocol):
    """What a question may look at: the answers given so far, and the facts."""

    facts: Facts

    def stored(self, question: Question[Any]) -> Json: ...

    def answer(self, question: Question[T]) -> T: ...

    def answered_with(self, question: Question[Any], answers: Collection[object]) -> bool: ...


class Unanswered(LookupError):
    """The question has no acceptable answer yet."""


@dataclass(frozen=True, slots=True)
class Answered:
    """The condition that an earlier question was answered with one of some answers."""

    question: Question[Any]
    answers: tuple[object, ...]

    def __call__(self, form: Form) -> bool:
        return form.answered_with(self.question, self.answers)


class Question(Generic[T]):
    """One thing a flow asks: on the class the question, on an instance its answer.

    `was` lists earlier names, so that a draft from before a renaming is still understood. What is not
    `reviewed` leads to the questions that matter, and is not shown among their answers.
    """

    name: str
    flow: str
    catches = False
    wants_contact = False
    reviewed = True

    def __init__(self, *, was: Sequence[str] = ()) -> None:
        self.required = True
        self.was = tuple(was)
        self.condition: Callable[[Any], bool] | None = None

    def __set_name__(self, owner: type[object], name: str) -> None:
        self.name = name

    @overload
    def __get__(self, form: None, owner: type[object]) -> Self: ...
    @overload
    def __get__(self, form: Form, owner: type[object]) -> T: ...
    def __get__(self, form: Form | None, owner: type[object]) -> Self | T:
        return self if form is None else form.answer(self)

    def optional(self) -> Question[T | None]:
        """The same question, which may be skipped; skipped reads as None."""
        self.required = False
        return cast("Question[T | None]", self)

    def when(self, condition: Callable[[Any], bool]) -> Callable[[Any], bool]:
        """Ask only if `condition` holds; it may look at earlier answers and at the facts."""
        self.condition = condition
        return condition

    def where(self, earlier: Question[Any], *answers: object) -> Self:
        """The same question, asked only if an earlier one was answered with one of these."""
        self.condition = Answered(earlier, answers)
        return self

    def arises(self, form: Form) -> bool:
        """Whether there is anything to ask; where there is not, the answer is `presumed`."""
        return True

    def presumed(self, form: Form) -> T:
        """The answer that goes without asking. Raises Unanswered when there is none."""
        raise Unanswered(self.key)

    @property
    def key(self) -> str:
        return f"{self.flow}.{self.name}"

    def prompt(self, form: Form) -> Phrase:
        return Phrase(f"{self.key}.ask")

    def options(self, form: Form) -> tuple[Option, ...]:
        return ()

    def commands(self, form: Form) -> tuple[Command, ...]:
        return () if self.required else (Command.SKIP,)

    def texts(self) -> tuple[str, ...]:
        """The text keys every locale owes for this question."""
        return (f"{self.key}.ask", f"{self.key}.label")

    def load(self, stored: Json, form: Form) -> T:
        """The answer as a value. Raises Unanswered when what is stored does not do (any more)."""
        raise NotImplementedError

    def hear(self, heard: Heard, form: Form) -> Json:
        """What to store for what was heard. Raises Rejected with the reason."""
        raise NotImplementedError

    def show(self, answer: T, form: Form) -> Phrase | str:
        """The answer as the review screen shows it."""
        raise NotImplementedError

    def remark(self, answer: T, form: Form) -> Phrase | None:
        """Something to be said at once about this answer, before the next question."""
        return None
