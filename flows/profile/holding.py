"""Questions about what is held of a resident: each shows what it is now, before it asks what it shall be."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import time

from flows.engine import nights
from flows.engine.facts import Home
from flows.engine.messages import Heard, Json, Option, Phrase, Picked, Rejected, Said, Shared
from flows.engine.numbers import dialled
from flows.engine.question import Form, Question, Unanswered
from flows.engine.questions import Choice, HomeChoice, OneOf, Phone, Several, Text
from flows.profile.record import Language, Need, Record, hours

MOST_PHONES = 5
NOTHING = "nothing"
"""The option that says there is none."""
_BETWEEN = re.compile(r"[、,，;；\n]+")


def held(form: Form) -> Record:
    """What the resident has told so far."""
    return Record.from_json(form.facts.record)


class Called(Text):
    """A name, by which staff address somebody."""

    def prompt(self, form: Form) -> Phrase:
        return Phrase(f"{self.key}.held", {"held": str(form.facts.record.get("name", ""))})

    def texts(self) -> tuple[str, ...]:
        return (f"{self.key}.held", f"{self.key}.label")


class Listing(Question[tuple[str, ...]]):
    """Several things in one line or several, or none; `upper` writes them in capitals, as plates are."""

    def __init__(self, *, upper: bool = False, most: int = 10, was: Sequence[str] = ()) -> None:
        super().__init__(was=was)
        self.upper, self.most = upper, most

    def prompt(self, form: Form) -> Phrase:
        items = [str(one) for one in form.facts.record.get(self.name, ())]
        return Phrase(f"{self.key}.held", {"held": items})

    def options(self, form: Form) -> tuple[Option, ...]:
        return (Option(NOTHING, Phrase(f"{self.key}.nothing")),)

    def texts(self) -> tuple[str, ...]:
        return tuple(f"{self.key}.{part}" for part in ("held", "label", "nothing"))

    def load(self, stored: Json, form: Form) -> tuple[str, ...]:
        match stored:
            case {"items": list(items)}:
                return tuple(str(one) for one in items)
        raise Unanswered

    def hear(self, heard: Heard, form: Form) -> Json:
        match heard:
            case Picked(value="nothing"):
                return {"items": []}
            case Said(text=text):
                return {"items": self._items(text)}
        raise Rejected("text_wanted")

    def _items(self, text: str) -> list[Json]:
        items = [one.strip() for one in _BETWEEN.split(text) if one.strip()]
        if not items:
            raise Rejected("text_wanted")
        if len(items) > self.most or max(map(len, items)) > 60:
            raise Rejected("too_many_items", most=self.most)
        return [one.upper().replace(" ", "") if self.upper else one for one in items]

    def show(self, answer: tuple[str, ...], form: Form) -> Phrase | str:
        return Phrase("engine.list", {"items": list(answer)})


class HelperName(Question[str]):
    """Whom to call when something has happened; "" for nobody."""

    def prompt(self, form: Form) -> Phrase:
        helper = held(form).emergency
        return Phrase(f"{self.key}.held", {"held": helper.name if helper else ""})

    def options(self, form: Form) -> tuple[Option, ...]:
        return (Option(NOTHING, Phrase(f"{self.key}.nothing")),)

    def texts(self) -> tuple[str, ...]:
        return tuple(f"{self.key}.{part}" for part in ("held", "label", "nothing"))

    def load(self, stored: Json, form: Form) -> str:
        if not isinstance(stored, str):
            raise Unanswered
        return stored

    def hear(self, heard: Heard, form: Form) -> Json:
        match heard:
            case Picked(value="nothing"):
                return ""
            case Said(text=text) if 0 < len(text.strip()) <= 40:
                return text.strip()
            case Said(text=text) if text.strip():
                raise Rejected("too_long", most=40, length=len(text.strip()))
        raise Rejected("text_wanted")

    def show(self, answer: str, form: Form) -> Phrase | str:
        return answer or Phrase(f"{self.key}.nothing")


class HelperPhone(Question[str]):
    """Somebody else's number, typed; never the resident's own."""

    def load(self, stored: Json, form: Form) -> str:
        if not isinstance(stored, str) or not stored:
            raise Unanswered
        return stored

    def hear(self, heard: Heard, form: Form) -> Json:
        number = dialled(heard.text) if isinstance(heard, Said) else None
        number = heard.phone if isinstance(heard, Shared) else number
        if number is None:
            raise Rejected("not_a_phone")
        if number in form.facts.phones:
            raise Rejected("own_phone")
        return number

    def show(self, answer: str, form: Form) -> Phrase | str:
        return Phrase("engine.phone", {"number": answer})


class NewPhone(Phone):
    """A number to be added; remembers whether it came as a contact of the resident's own."""

    def prompt(self, form: Form) -> Phrase:
        items = [Phrase("engine.phone", {"number": one}) for one in form.facts.phones]
        return Phrase(f"{self.key}.held", {"held": items})

    def texts(self) -> tuple[str, ...]:
        return (f"{self.key}.held", f"{self.key}.label")

    def options(self, form: Form) -> tuple[Option, ...]:
        return ()

    def load(self, stored: Json, form: Form) -> str:
        match stored:
            case {"number": str(number)} if number:
                return number
        raise Unanswered

    def hear(self, heard: Heard, form: Form) -> Json:
        if not isinstance(heard, Shared):
            raise Rejected("not_a_phone")
        if heard.phone in form.facts.phones:
            raise Rejected("phone_held")
        return {"number": heard.phone, "proven": heard.proven}

    def proven(self, form: Form) -> bool:
        """Whether it is certain that the number is theirs."""
        match form.stored(self):
            case {"proven": True}:
                return True
        return False


class SamePhone(Phone):
    """The same number once more, so that a slip of the finger is noticed; reviewed as one."""

    reviewed = False

    def __init__(self, first: NewPhone) -> None:
        super().__init__()
        self.first = first

    def options(self, form: Form) -> tuple[Option, ...]:
        return ()

    def load(self, stored: Json, form: Form) -> str:
        if stored != form.answer(self.first):
            raise Unanswered
        return super().load(stored, form)

    def hear(self, heard: Heard, form: Form) -> Json:
        if not isinstance(heard, Shared):
            raise Rejected("not_a_phone")
        if heard.phone != form.answer(self.first):
            raise Rejected("phones_differ")
        return heard.phone


class HeldPhone(OneOf[str]):
    """One of the numbers on file."""

    def offered(self, form: Form) -> Mapping[str, str]:
        return {one: one for one in form.facts.phones}

    def show(self, answer: str, form: Form) -> Phrase | str:
        return Phrase("engine.phone", {"number": answer})


class Needs(Several[Need]):
    """What to be considerate of; begins with what is ticked already."""

    def __init__(self) -> None:
        super().__init__(Need)

    def _ticked(self, form: Form) -> list[str]:
        if form.stored(self) is None:
            return [one.value for one in held(form).needs]
        return super()._ticked(form)


class Speech(Choice[Language]):
    """The language in which notices come."""

    def __init__(self) -> None:
        super().__init__(Language)


class Quiet(Question[tuple[time, time] | None]):
    """From when until when no notices come: a usual night, or hours as people say them; None for no own."""

    NIGHTS = (("21:00", "09:00"), ("22:00", "08:00"), ("23:00", "07:00"))

    def prompt(self, form: Form) -> Phrase:
        return Phrase(f"{self.key}.held", {"held": _night(held(form).quiet)})

    def options(self, form: Form) -> tuple[Option, ...]:
        usual = [Option(f"{one}-{other}", f"{one}–{other}") for one, other in self.NIGHTS]
        return (*usual, Option(NOTHING, Phrase(f"{self.key}.nothing")))

    def texts(self) -> tuple[str, ...]:
        return tuple(f"{self.key}.{part}" for part in ("held", "label", "nothing"))

    def load(self, stored: Json, form: Form) -> tuple[time, time] | None:
        match stored:
            case {"from": str(start), "to": str(end)}:
                return hours(start, end)
            case {"nothing": True}:
                return None
        raise Unanswered

    def hear(self, heard: Heard, form: Form) -> Json:
        match heard:
            case Picked(value="nothing"):
                return {"nothing": True}
            case Picked(value=value) if tuple(value.split("-")) in self.NIGHTS:
                start, end = value.split("-")
                return {"from": start, "to": end}
            case Said(text=text) if (night := nights.understand(text)) is not None:
                return {"from": f"{night[0]:%H:%M}", "to": f"{night[1]:%H:%M}"}
        raise Rejected("not_a_night")

    def show(self, answer: tuple[time, time] | None, form: Form) -> Phrase | str:
        return _night(answer) or Phrase(f"{self.key}.nothing")


def _night(quiet: tuple[time, time] | None) -> str:
    return f"{quiet[0]:%H:%M}–{quiet[1]:%H:%M}" if quiet else ""


class OwnHome(HomeChoice):
    """One of the homes that are the resident's property."""

    reviewed = False

    def offered(self, form: Form) -> Mapping[str, Home]:
        return {name: home for name, home in super().offered(form).items() if home.role == "owner"}


class Leaver(OneOf[int]):
    """Who moves out: the resident from a home of theirs, or somebody from a home that they own."""

    reviewed = False

    def offered(self, form: Form) -> Mapping[str, int]:
        return {str(number): number for number in self._members(form)}

    def texts(self) -> tuple[str, ...]:
        return (*super().texts(), f"{self.key}.mine", f"{self.key}.other")

    def show(self, answer: int, form: Form) -> Phrase | str:
        one = self._members(form)[answer]
        if one["mine"]:
            return Phrase(f"{self.key}.mine", {"home": one["home"]})
        role = Phrase(f"role.{one['role']}")
        return Phrase(f"{self.key}.other", {"home": one["home"], "name": one["name"], "role": role})

    @staticmethod
    def _members(form: Form) -> dict[int, dict[str, Json]]:
        return {one["id"]: one for one in form.facts.record.get("members", ())}
