"""What a flow can ask for: each kind of question knows what it offers, what it accepts and how it is kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, cast, overload

from flows.engine import when
from flows.engine.facts import Home
from flows.engine.messages import (
    Command,
    Heard,
    Json,
    Option,
    Phrase,
    Picked,
    Pressed,
    Rejected,
    Said,
    Sent,
    Shared,
)
from flows.engine.when import Window

if TYPE_CHECKING:
    from flows.engine.form import Flow

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)
Condition = Callable[[Any], bool]


class Unanswered(LookupError):
    """The question has no acceptable answer yet."""


class Question(Generic[T]):
    """One thing a flow asks: on the class the question, on an instance its answer.

    `was` lists earlier names, so that a draft from before a renaming is still understood.
    """

    name: str
    flow: str
    catches = False
    wants_contact = False

    def __init__(self, *, was: Sequence[str] = ()) -> None:
        self.required = True
        self.was = tuple(was)
        self.condition: Condition | None = None

    def __set_name__(self, owner: type[Flow], name: str) -> None:
        self.name = name

    @overload
    def __get__(self, form: None, owner: type[Flow]) -> Self: ...
    @overload
    def __get__(self, form: Flow, owner: type[Flow]) -> T: ...
    def __get__(self, form: Flow | None, owner: type[Flow]) -> Self | T:
        return self if form is None else form.answer(self)

    def optional(self) -> Question[T | None]:
        """The same question, which may be skipped; skipped reads as None."""
        self.required = False
        return cast("Question[T | None]", self)

    def when(self, condition: Callable[[Any], bool]) -> Callable[[Any], bool]:
        """Ask only if `condition` holds; it may look at earlier answers and at the facts."""
        self.condition = condition
        return condition

    @property
    def key(self) -> str:
        return f"{self.flow}.{self.name}"

    def prompt(self, form: Flow) -> Phrase:
        return Phrase(f"{self.key}.ask")

    def options(self, form: Flow) -> tuple[Option, ...]:
        return ()

    def commands(self, form: Flow) -> tuple[Command, ...]:
        return () if self.required else (Command.SKIP,)

    def texts(self) -> tuple[str, ...]:
        """The text keys every locale owes for this question."""
        return (f"{self.key}.ask", f"{self.key}.label")

    def load(self, stored: Json, form: Flow) -> T:
        """The answer as a value. Raises Unanswered when what is stored does not do (any more)."""
        raise NotImplementedError

    def hear(self, heard: Heard, form: Flow) -> Json:
        """What to store for what was heard. Raises Rejected with the reason."""
        raise NotImplementedError

    def show(self, answer: T, form: Flow) -> Phrase | str:
        """The answer as the review screen shows it."""
        raise NotImplementedError

    def remark(self, answer: T, form: Flow) -> Phrase | None:
        """Something to be said at once about this answer, before the next question."""
        return None


class Choice(Question[E]):
    """One of a fixed set."""

    def __init__(self, choices: type[E], *, was: Sequence[str] = ()) -> None:
        super().__init__(was=was)
        self.choices = choices

    def options(self, form: Flow) -> tuple[Option, ...]:
        return tuple(Option(choice.value, Phrase(f"{self.key}.{choice.value}")) for choice in self.choices)

    def texts(self) -> tuple[str, ...]:
        return (*super().texts(), *(f"{self.key}.{choice.value}" for choice in self.choices))

    def load(self, stored: Json, form: Flow) -> E:
        try:
            return self.choices(str(stored))
        except ValueError:
            raise Unanswered from None

    def hear(self, heard: Heard, form: Flow) -> Json:
        match heard:
            case Picked(value=value) if value in {choice.value for choice in self.choices}:
                return value
        raise Rejected("not_an_option")

    def show(self, answer: E, form: Flow) -> Phrase | str:
        return Phrase(f"{self.key}.{answer.value}")


class Several(Question[frozenset[E]]):
    """Any number of a fixed set, ticked one by one and then confirmed."""

    def __init__(self, choices: type[E], *, was: Sequence[str] = ()) -> None:
        super().__init__(was=was)
        self.choices = choices

    def _ticked(self, form: Flow) -> list[str]:
        stored = form.stored(self)
        ticked = stored.get("ticked") if isinstance(stored, dict) else None
        return [value for value in self.choices if value in ticked] if isinstance(ticked, list) else []

    def options(self, form: Flow) -> tuple[Option, ...]:
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

    def commands(self, form: Flow) -> tuple[Command, ...]:
        return (Command.DONE,)

    def texts(self) -> tuple[str, ...]:
        return (*super().texts(), *(f"{self.key}.{choice.value}" for choice in self.choices))

    def load(self, stored: Json, form: Flow) -> frozenset[E]:
        match stored:
            case {"ticked": list(ticked), "open": False}:
                return frozenset(choice for choice in self.choices if choice.value in ticked)
        raise Unanswered

    def hear(self, heard: Heard, form: Flow) -> Json:
        ticked = self._ticked(form)
        match heard:
            case Picked(value=value) if value in {choice.value for choice in self.choices}:
                kept = [*ticked, value] if value not in ticked else [one for one in ticked if one != value]
                return {"ticked": cast("list[Json]", kept), "open": True}
            case Pressed(command=Command.DONE):
                return {"ticked": cast("list[Json]", ticked), "open": False}
        raise Rejected("not_an_option")

    def show(self, answer: frozenset[E], form: Flow) -> Phrase | str:
        labels = [Phrase(f"{self.key}.{choice.value}") for choice in self.choices if choice in answer]
        return Phrase("engine.list", {"items": labels})


class YesNo(Question[bool]):
    """Yes or no."""

    def options(self, form: Flow) -> tuple[Option, ...]:
        return (Option("yes", Phrase("engine.yes")), Option("no", Phrase("engine.no")))

    def load(self, stored: Json, form: Flow) -> bool:
        if not isinstance(stored, bool):
            raise Unanswered
        return stored

    def hear(self, heard: Heard, form: Flow) -> Json:
        match heard:
            case Picked(value="yes" | "no" as value):
                return value == "yes"
        raise Rejected("not_an_option")

    def show(self, answer: bool, form: Flow) -> Phrase | str:
        return Phrase("engine.yes" if answer else "engine.no")


class Stars(Question[int]):
    """One to five stars."""

    def options(self, form: Flow) -> tuple[Option, ...]:
        return tuple(Option(str(n), Phrase("engine.stars", {"n": n})) for n in range(1, 6))

    def load(self, stored: Json, form: Flow) -> int:
        if isinstance(stored, bool) or not isinstance(stored, int) or not 1 <= stored <= 5:
            raise Unanswered
        return stored

    def hear(self, heard: Heard, form: Flow) -> Json:
        match heard:
            case Picked(value="1" | "2" | "3" | "4" | "5" as value):
                return int(value)
        raise Rejected("not_an_option")

    def show(self, answer: int, form: Flow) -> Phrase | str:
        return Phrase("engine.stars", {"n": answer})


class Number(Question[int]):
    """A whole number between `least` and `most`, inclusive."""

    def __init__(self, *, least: int = 0, most: int = 10**9, was: Sequence[str] = ()) -> None:
        super().__init__(was=was)
        self.least, self.most = least, most

    def load(self, stored: Json, form: Flow) -> int:
        if isinstance(stored, bool) or not isinstance(stored, int) or not self.least <= stored <= self.most:
            raise Unanswered
        return stored

    def hear(self, heard: Heard, form: Flow) -> Json:
        if not isinstance(heard, Said):
            raise Rejected("not_a_number")
        try:
            number = int(heard.text.strip())
        except ValueError:
            raise Rejected("not_a_number") from None
        if not self.least <= number <= self.most:
            raise Rejected("out_of_range", least=self.least, most=self.most)
        return number

    def show(self, answer: int, form: Flow) -> Phrase | str:
        return str(answer)


class Text(Question[str]):
    """Words, `least` to `most` characters; several messages become one answer, a line each.

    A text that `catches` also takes what is written while another question does not understand it,
    so that nothing a resident writes is lost. Kept with each message's id, so that an edit finds its part.
    """

    def __init__(
        self, *, least: int = 1, most: int = 1000, catches: bool = False, was: Sequence[str] = ()
    ) -> None:
        super().__init__(was=was)
        self.least, self.most, self.catches = least, most, catches

    def load(self, stored: Json, form: Flow) -> str:
        text = "\n".join(part for _, part in parts(stored))
        if not self.least <= len(text) <= self.most:
            raise Unanswered
        return text

    def hear(self, heard: Heard, form: Flow) -> Json:
        match heard:
            case Said(text=text, ref=ref):
                return self._checked([(ref, text.strip())])
        raise Rejected("text_wanted")

    def add(self, said: Said, form: Flow) -> Json:
        """What to store when `said` continues what was written before."""
        return self._checked([*parts(form.stored(self)), (said.ref, said.text.strip())])

    def mend(self, said: Said, form: Flow) -> Json | None:
        """What to store when `said` is the new wording of an earlier message; None if it is not ours."""
        written = parts(form.stored(self))
        if not said.ref or said.ref not in {ref for ref, _ in written}:
            return None
        return self._checked([(ref, said.text.strip() if ref == said.ref else text) for ref, text in written])

    def _checked(self, written: Sequence[tuple[str, str]]) -> Json:
        length = len("\n".join(text for _, text in written))
        if length < self.least:
            raise Rejected("too_short", least=self.least)
        if length > self.most:
            raise Rejected("too_long", most=self.most, length=length)
        return {"parts": [[ref, text] for ref, text in written]}

    def show(self, answer: str, form: Flow) -> Phrase | str:
        return answer


def parts(stored: Json) -> tuple[tuple[str, str], ...]:
    """The messages a stored text was written in: (message id, text) each."""
    match stored:
        case {"parts": list(written)}:
            return tuple(
                (part[0], part[1])
                for part in written
                if isinstance(part, list)
                and len(part) == 2
                and isinstance(part[0], str)
                and isinstance(part[1], str)
            )
    return ()


class Phone(Question[str]):
    """A phone number in E.164; the ones on file are offered."""

    wants_contact = True

    def options(self, form: Flow) -> tuple[Option, ...]:
        return tuple(Option(phone, phone) for phone in form.facts.phones)

    def load(self, stored: Json, form: Flow) -> str:
        if not isinstance(stored, str) or not stored:
            raise Unanswered
        return stored

    def hear(self, heard: Heard, form: Flow) -> Json:
        match heard:
            case Shared(phone=phone):
                return phone
            case Picked(value=value) if value in form.facts.phones:
                return value
        raise Rejected("not_a_phone")

    def show(self, answer: str, form: Flow) -> Phrase | str:
        return answer


class HomeChoice(Question[Home]):
    """One of the resident's own homes."""

    def options(self, form: Flow) -> tuple[Option, ...]:
        return tuple(Option(str(home.id), home.name) for home in form.facts.homes)

    def load(self, stored: Json, form: Flow) -> Home:
        for home in form.facts.homes:
            if home.id == stored:
                return home
        raise Unanswered

    def hear(self, heard: Heard, form: Flow) -> Json:
        match heard:
            case Picked(value=value) if value in {str(home.id) for home in form.facts.homes}:
                return int(value)
        raise Rejected("not_an_option")

    def show(self, answer: Home, form: Flow) -> Phrase | str:
        return answer.name


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo in a draft: the attachment's id and the album it came in."""

    file: int
    album: str = ""


class Photos(Question[tuple[Photo, ...]]):
    """Photos, gathered until the sender says that was all.

    An album is one act of sending: if it begins within `most` it is taken whole.
    """

    def __init__(self, *, most: int = 9, was: Sequence[str] = ()) -> None:
        super().__init__(was=was)
        self.most = most

    def gathered(self, form: Flow) -> tuple[Photo, ...]:
        return photos(form.stored(self))

    def prompt(self, form: Flow) -> Phrase:
        return Phrase("engine.photos_more") if self.gathered(form) else super().prompt(form)

    def options(self, form: Flow) -> tuple[Option, ...]:
        return (Option("clear", Phrase("engine.photos_clear")),) if self.gathered(form) else ()

    def commands(self, form: Flow) -> tuple[Command, ...]:
        return (Command.DONE,) if self.gathered(form) else (Command.SKIP,)

    def load(self, stored: Json, form: Flow) -> tuple[Photo, ...]:
        match stored:
            case {"photos": list(), "open": False}:
                return photos(stored)
        raise Unanswered

    def hear(self, heard: Heard, form: Flow) -> Json:
        match heard:
            case Pressed(command=Command.DONE | Command.SKIP):
                return kept(self.gathered(form), gathering=False)
            case Picked(value="clear"):
                return kept((), gathering=True)
            case Sent() as sent:
                return self.add(sent, form)
        raise Rejected("photo_wanted")

    def begun(self, sent: Sent, form: Flow) -> bool:
        """Whether earlier photos of the same album are here already."""
        return bool(sent.album) and sent.album in {photo.album for photo in self.gathered(form)}

    def add(self, sent: Sent, form: Flow) -> Json:
        """What to store when a photo comes, in time, early or late."""
        had = self.gathered(form)
        if len(had) >= self.most and not self.begun(sent, form):
            raise Rejected("too_many_photos", most=self.most)
        stored = form.stored(self)
        closed = isinstance(stored, dict) and stored.get("open") is False
        return kept((*had, Photo(sent.file, sent.album)), gathering=not closed)

    def show(self, answer: tuple[Photo, ...], form: Flow) -> Phrase | str:
        return Phrase("engine.photos", {"n": len(answer)})


def photos(stored: Json) -> tuple[Photo, ...]:
    """The photos in what a Photos question stored."""
    match stored:
        case {"photos": list(items)}:
            return tuple(
                Photo(file, str(item.get("album", "")))
                for item in items
                if isinstance(item, dict) and isinstance(file := item.get("file"), int)
            )
    return ()


def kept(gathered: Sequence[Photo], *, gathering: bool) -> Json:
    """How photos are stored in a draft."""
    return {"photos": [{"file": one.file, "album": one.album} for one in gathered], "open": gathering}


@dataclass(frozen=True, slots=True)
class Visit:
    """When to come: a window, or as soon as possible."""

    window: Window | None = None


class Slot(Question[Visit]):
    """When to come: a button, or a time as people say it; with `asap`, also as soon as possible."""

    def __init__(self, *, asap: bool = True, was: Sequence[str] = ()) -> None:
        super().__init__(was=was)
        self.asap = asap

    def options(self, form: Flow) -> tuple[Option, ...]:
        soon = (Option("asap", Phrase("engine.asap")),) if self.asap else ()
        return (
            *soon,
            *(
                Option(slot.start.isoformat(timespec="minutes"), Phrase("engine.slot", {"window": slot}))
                for slot in form.facts.slots
            ),
        )

    def load(self, stored: Json, form: Flow) -> Visit:
        match stored:
            case {"asap": True} if self.asap:
                return Visit()
            case {"start": str(start), "end": str(end)}:
                try:
                    window = Window(datetime.fromisoformat(start), datetime.fromisoformat(end))
                    if window.end > form.facts.now:
                        return Visit(window)
                except (ValueError, TypeError):
                    pass
        raise Unanswered

    def hear(self, heard: Heard, form: Flow) -> Json:
        match heard:
            case Picked(value="asap") if self.asap:
                return {"asap": True}
            case Picked(value=value):
                for slot in form.facts.slots:
                    if slot.start.isoformat(timespec="minutes") == value:
                        return _window(slot)
                raise Rejected("slot_gone")
            case Said(text=text) if self.asap and when.asap(text):
                return {"asap": True}
            case Said(text=text):
                return self._spoken(text, form)
        raise Rejected("not_a_time")

    def _spoken(self, text: str, form: Flow) -> Json:
        facts = form.facts
        opens, closes = time.fromisoformat(facts.opens), time.fromisoformat(facts.closes)
        try:
            return _window(when.understand(text, facts.now, opens=opens, closes=closes))
        except when.Unclear as unclear:
            raise Rejected(unclear.key, opens=facts.opens, closes=facts.closes) from None

    def show(self, answer: Visit, form: Flow) -> Phrase | str:
        if answer.window is None:
            return Phrase("engine.asap")
        return Phrase("engine.slot", {"window": answer.window})


def _window(window: Window) -> dict[str, Json]:
    return {"start": window.start.isoformat(), "end": window.end.isoformat()}
