"""Questions answered by choosing: one of a set, several, yes or no, stars, one of my homes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TypeVar, cast

from flows.engine.facts import Home
from flows.engine.messages import Command, Heard, Json, Option, Phrase, Picked, Pressed, Rejected, Told
from flows.engine.question import Form, Question, Unanswered

E = TypeVar("E", bound=StrEnum)
T = TypeVar("T")


class Choice(Question[E]):
    """One of a fixed set."""

    def __init__(self, choices: type[E], *, was: Sequence[str] = ()) -> None:
        super().__init__(was=was)
        self.choices = choices

    def options(self, form: Form) -> tuple[Option, ...]:
        return tuple(Option(choice.value, Phrase(f"{self.key}.{choice.value}")) for choice in self.choices)

    def texts(self) -> tuple[str, ...]:
        return (*super().texts(), *(f"{self.key}.{choice.value}" for choice in self.choices))

    def load(self, stored: Json, form: Form) -> E:
        try:
            return self.choices(str(stored))
        except ValueError:
            raise Unanswered from None

    def hear(self, heard: Heard, form: Form) -> Json:
        match heard:
            case Picked(value=value) if value in {choice.value for choice in self.choices}:
                return value
        raise Rejected("not_an_option")

    def show(self, answer: E, form: Form) -> Phrase | str:
        return Phrase(f"{self.key}.{answer.value}")


class Several(Question[frozenset[E]]):
    """Any number of a fixed set, at least `least`, ticked one by one and then confirmed."""

    def __init__(self, choices: type[E], *, least: int = 0, was: Sequence[str] = ()) -> None:
        super().__init__(was=was)
        self.choices, self.least = choices, least

    def _ticked(self, form: Form) -> list[str]:
        stored = form.stored(self)
        ticked = stored.get("ticked") if isinstance(stored, dict) else None
        return [value for value in self.choices if value in ticked] if isinstance(ticked, list) else []

    def options(self, form: Form) -> tuple[Option, ...]:
        ticked = self._ticked(form)
        return tuple(
            Option(
                choice.value,
                Phrase(
                    "engine.ticked" if choice.value in ticked else "engine.unticked",
                    {"label": Phrase(f"{self.key}.{choice.value}")},
                ),
            )
            for choice in self.choices
        )

    def commands(self, form: Form) -> tuple[Command, ...]:
        return (Command.DONE,)

    def texts(self) -> tuple[str, ...]:
        needed = (f"{self.key}.needed",) if self.least else ()
        return (*super().texts(), *needed, *(f"{self.key}.{choice.value}" for choice in self.choices))

    def load(self, stored: Json, form: Form) -> frozenset[E]:
        match stored:
            case {"ticked": list(ticked), "open": False}:
                answer = frozenset(choice for choice in self.choices if choice.value in ticked)
                if len(answer) >= self.least:
                    return answer
        raise Unanswered

    def hear(self, heard: Heard, form: Form) -> Json:
        ticked = self._ticked(form)
        match heard:
            case Picked(value=value) if value in {choice.value for choice in self.choices}:
                kept = [*ticked, value] if value not in ticked else [one for one in ticked if one != value]
                return {"ticked": cast("list[Json]", kept), "open": True}
            case Pressed(command=Command.DONE):
                if len(ticked) < self.least:
                    raise Told(Phrase(f"{self.key}.needed"))
                return {"ticked": cast("list[Json]", ticked), "open": False}
        raise Rejected("not_an_option")

    def show(self, answer: frozenset[E], form: Form) -> Phrase | str:
        labels = [Phrase(f"{self.key}.{choice.value}") for choice in self.choices if choice in answer]
        return Phrase("engine.list", {"items": labels})


class YesNo(Question[bool]):
    """Yes or no."""

    def options(self, form: Form) -> tuple[Option, ...]:
        return (Option("yes", Phrase("engine.yes")), Option("no", Phrase("engine.no")))

    def load(self, stored: Json, form: Form) -> bool:
        if not isinstance(stored, bool):
            raise Unanswered
        return stored

    def hear(self, heard: Heard, form: Form) -> Json:
        match heard:
            case Picked(value="yes" | "no" as value):
                return value == "yes"
        raise Rejected("not_an_option")

    def show(self, answer: bool, form: Form) -> Phrase | str:
        return Phrase("engine.yes" if answer else "engine.no")


class Stars(Question[int]):
    """One to five stars."""

    def options(self, form: Form) -> tuple[Option, ...]:
        return tuple(Option(str(n), Phrase("engine.stars", {"n": n})) for n in range(1, 6))

    def load(self, stored: Json, form: Form) -> int:
        if isinstance(stored, bool) or not isinstance(stored, int) or not 1 <= stored <= 5:
            raise Unanswered
        return stored

    def hear(self, heard: Heard, form: Form) -> Json:
        match heard:
            case Picked(value="1" | "2" | "3" | "4" | "5" as value):
                return int(value)
        raise Rejected("not_an_option")

    def show(self, answer: int, form: Form) -> Phrase | str:
        return Phrase("engine.stars", {"n": answer})


class OneOf(Question[T]):
    """One of what there is at the time, by the names in `offered`."""

    def offered(self, form: Form) -> Mapping[str, T]:
        raise NotImplementedError

    def options(self, form: Form) -> tuple[Option, ...]:
        return tuple(Option(name, self.show(one, form)) for name, one in self.offered(form).items())

    def load(self, stored: Json, form: Form) -> T:
        try:
            return self.offered(form)[str(stored)]
        except KeyError:
            raise Unanswered from None

    def hear(self, heard: Heard, form: Form) -> Json:
        match heard:
            case Picked(value=value) if value in self.offered(form):
                return value
        raise Rejected("not_an_option")


class OneOfSeveral(OneOf[T]):
    """One of what there is; where there is only one, that is it, and nothing is asked."""

    def arises(self, form: Form) -> bool:
        return len(self.offered(form)) != 1

    def presumed(self, form: Form) -> T:
        return next(iter(self.offered(form).values()))


class HomeChoice(OneOfSeveral[Home]):
    """One of the resident's own homes."""

    def offered(self, form: Form) -> Mapping[str, Home]:
        return {str(home.id): home for home in form.facts.homes}

    def show(self, answer: Home, form: Form) -> Phrase | str:
        return answer.name
