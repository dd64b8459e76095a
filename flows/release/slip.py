"""What leaves, when and with whom; what its moves ask for, and what its card shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from flows.engine.effects import Act, Effect, OpenTicket
from flows.engine.form import Flow
from flows.engine.lifecycle import Line
from flows.engine.messages import Json, Phrase
from flows.engine.questions import HomeChoice, Photos, Text, YesNo, parts
from flows.engine.when import Window
from flows.release.passage import Passage, shown
from flows.ticket import (
    ActionFlow,
)


class Release(Flow):
    """What leaves, when, and with whom. Of a home that is not theirs, its owner has to agree."""

    name = "release"
    home = HomeChoice()
    goods = Text(least=2, most=2000, catches=True)
    photos = Photos()
    window = Passage()
    vehicle = Text(least=2, most=100).optional()

    def submit(self) -> Sequence[Effect]:
        terms, window = self.facts.terms.get(self.name, {}), self.window
        details: dict[str, Json] = {
            "text": self.goods,
            "start": window.start.isoformat(),
            "until": window.end.isoformat(),
            "vehicle": self.vehicle or "",
            "lets": self.home.role != "owner",
            "approval": bool(terms.get("approval") or terms.get("arrears")),
            "arrears": bool(terms.get("arrears")),
        }
        pictures = tuple(photo.file for photo in Release.photos.gathered(self))
        described = parts(self.stored(Release.goods))
        return (OpenTicket(self.name, self.home.id, False, details, pictures, described),)


class Inspection(ActionFlow):
    """Are these the goods on the list? What is not on it does not leave."""

    name = "release.inspection"
    match = YesNo()
    reason = Text(least=2, most=500).where(match, False)
    photos = Photos()

    def submit(self) -> Sequence[Effect]:
        ticket = int(str(self.facts.about["ticket"]))
        action = "release" if self.match else "refuse"
        return (Act(ticket, action, self.values(), self.pictures()),)


class Word(ActionFlow):
    """The owner agreed in another way: who heard it, and how."""

    name = "release.word"
    note = Text(least=2, most=300)


class Objection(ActionFlow):
    """Why the owner does not agree, if they like to say so."""

    name = "release.objection"
    reason = Text(least=2, most=300).optional()


class Settling(ActionFlow):
    """What was done about it, when a resident was not content; they read it."""

    name = "release.settling"
    note = Text(least=2, most=500)


def lines(stored: Mapping[str, Any]) -> tuple[Line, ...]:
    """A release as its card shows it."""
    window = Window(datetime.fromisoformat(stored["start"]), datetime.fromisoformat(stored["until"]))
    found = [
        Line(Phrase("release.goods.label"), str(stored["text"])),
        Line(Phrase("release.window.label"), shown(window)),
    ]
    if stored.get("vehicle"):
        found.append(Line(Phrase("release.vehicle.label"), str(stored["vehicle"])))
    if stored.get("arrears"):
        found.append(Line(Phrase("release.arrears.label"), Phrase("release.arrears.check"), internal=True))
    return tuple(found)
