"""A question answered with the name of any home there is: for those who are not known to live in one yet."""

from __future__ import annotations

from flows.engine.facts import Home
from flows.engine.messages import Heard, Json, Option, Phrase, Picked, Rejected, Said
from flows.engine.question import Form, Question, Unanswered


class HomeSearch(Question[Home]):
    """A home by its name; where several communities have one of that name, which of them.

    The flow `wants` "found". What was said, and found, is kept in the answer: it is known for one turn only.
    """

    def options(self, form: Form) -> tuple[Option, ...]:
        return tuple(Option(str(home.id), self._label(home)) for home in _candidates(form.stored(self)))

    def texts(self) -> tuple[str, ...]:
        return (*super().texts(), f"{self.key}.at")

    def load(self, stored: Json, form: Form) -> Home:
        match stored:
            case {"home": dict(home)}:
                return _home(home)
        raise Unanswered

    def hear(self, heard: Heard, form: Form) -> Json:
        match heard:
            case Picked(value=value):
                for home in _candidates(form.stored(self)):
                    if str(home.id) == value:
                        return {"home": _json(home), "said": _said(form.stored(self))}
            case Said(text=text) if len(form.facts.found) == 1:
                return {"home": _json(form.facts.found[0]), "said": text}
            case Said(text=text) if form.facts.found:
                return {"candidates": [_json(one) for one in form.facts.found], "said": text, "open": True}
        raise Rejected("home_unknown")

    def show(self, answer: Home, form: Form) -> Phrase | str:
        return self._label(answer)

    def _label(self, home: Home) -> Phrase:
        return Phrase(f"{self.key}.at", {"home": home.name, "community": home.place})


def _candidates(stored: Json) -> tuple[Home, ...]:
    match stored:
        case {"candidates": list(found)}:
            return tuple(_home(one) for one in found if isinstance(one, dict))
    return ()


def _said(stored: Json) -> str:
    match stored:
        case {"said": str(text)}:
            return text
    return ""


def _json(home: Home) -> dict[str, Json]:
    return {"id": home.id, "name": home.name, "community": home.community, "place": home.place}


def _home(stored: dict[str, Json]) -> Home:
    match stored:
        case {"id": int(number), "name": str(name), "community": int(community), "place": str(place)}:
            return Home(number, name, community, place=place)
    raise Unanswered
