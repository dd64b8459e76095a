"""What annoyed a resident: the questions, what the complaint keeps of them, and how it shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from flows.engine.effects import Effect, OpenTicket
from flows.engine.form import Flow
from flows.engine.lifecycle import Line, Role
from flows.engine.messages import Json, Phrase
from flows.engine.questions import (
    Choice,
    Form,
    HomeChoice,
    Phone,
    Photos,
    Text,
    Unanswered,
    YesNo,
    parts,
)


class Subject(StrEnum):
    SERVICE = "service"
    STAFF = "staff"
    NOISE = "noise"
    CLEANING = "cleaning"
    SECURITY = "security"
    PARKING = "parking"
    CHARGES = "charges"
    OTHER = "other"


COLLEAGUES = (Subject.SERVICE, Subject.STAFF)
"""The subjects with which it has to be asked which team is meant."""


class Team(StrEnum):
    """Who is complained about, as far as the resident knows."""

    REPAIR = "repair"
    CARE = "care"
    GATE = "gate"
    RENOVATION = "renovation"
    CLEANERS = "cleaners"
    OTHER = "other"


class Reach(StrEnum):
    """How the resident would like to be answered."""

    HERE = "here"
    PHONE = "phone"
    VISIT = "visit"


MEMBERS = {
    Team.REPAIR: frozenset({Role.TECHNICIAN}),
    Team.CARE: frozenset({Role.ASSISTANT, Role.DESK}),
    Team.GATE: frozenset({Role.GUARD}),
}
"""The roles of a team; the other teams have no role of their own."""


class Discretion(YesNo):
    """Shall the name be kept back? Says who will know it all the same."""

    def prompt(self, form: Form) -> Phrase:
        try:
            about_care = _team(form) is Team.CARE
        except Unanswered:  # it may be edited while an earlier answer is no longer there
            about_care = False
        return Phrase(f"{self.key}.care" if about_care else f"{self.key}.ask")

    def texts(self) -> tuple[str, ...]:
        return (*super().texts(), f"{self.key}.care")


class Grievance(Flow):
    """The questions of a complaint: what it is about, what happened, what would help, who may know."""

    name = "complaint"
    home = HomeChoice()
    subject = Choice(Subject)
    team = Choice(Team).where(subject, *COLLEAGUES)
    details = Text(least=2, most=8000, catches=True)
    photos = Photos(most=9)
    wish = Text(most=500).optional()
    reach = Choice(Reach)
    phone = Phone()
    hide = Discretion()

    @phone.when
    def is_called_or_visited(self) -> bool:
        return self.reach is not Reach.HERE

    def submit(self) -> Sequence[Effect]:
        phone = self.phone if self.is_called_or_visited() else ""
        details = Details(
            self.subject, _team(self), self.details, self.wish or "", self.reach, phone, self.hide
        )
        pictures = tuple(photo.file for photo in self.photos)
        described = parts(self.stored(Grievance.details))
        return (OpenTicket(self.name, self.home.id, False, details.to_json(), pictures, described),)


def _team(form: Form) -> Team:
    """The team concerned: asked for, or clear from the subject."""
    match form.answer(Grievance.subject):
        case Subject.SERVICE | Subject.STAFF:
            return form.answer(Grievance.team)
        case Subject.SECURITY:
            return Team.GATE
        case Subject.CLEANING:
            return Team.CLEANERS
    return Team.OTHER


@dataclass(frozen=True, slots=True)
class Details:
    """What a complaint keeps from its beginning: `hide` keeps the resident unnamed, `phone` may be ""."""

    subject: Subject
    team: Team
    text: str
    wish: str
    reach: Reach
    phone: str
    hide: bool

    def to_json(self) -> dict[str, Json]:
        return {
            "subject": self.subject.value,
            "team": self.team.value,
            "text": self.text,
            "wish": self.wish,
            "reach": self.reach.value,
            "phone": self.phone,
            "hide": self.hide,
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Details:
        """Raises KeyError or ValueError on what no complaint can have written."""
        return cls(
            Subject(stored["subject"]),
            Team(stored["team"]),
            str(stored["text"]),
            str(stored["wish"]),
            Reach(stored["reach"]),
            str(stored["phone"]),
            bool(stored["hide"]),
        )


def lines(stored: Mapping[str, Any]) -> tuple[Line, ...]:
    """A complaint as its card shows it; root cause and prevention stay among colleagues."""
    details = Details.from_json(stored)
    about = Phrase(f"complaint.subject.{details.subject.value}")
    if details.subject in COLLEAGUES:
        about = Phrase(
            "complaint.about", {"subject": about, "team": Phrase(f"complaint.team.{details.team.value}")}
        )
    phone = Phrase("engine.phone", {"number": details.phone}) if details.phone else ""
    found = (
        Line(Phrase("complaint.subject.label"), about),
        Line(Phrase("complaint.details.label"), details.text),
        Line(Phrase("complaint.wish.label"), details.wish),
        Line(Phrase("complaint.reach.label"), Phrase(f"complaint.reach.{details.reach.value}")),
        Line(Phrase("complaint.phone.label"), phone, private=True),
        Line(Phrase("complaint.propose.proposal.label"), str(stored.get("proposal", ""))),
        Line(Phrase("complaint.settle.cause.label"), str(stored.get("cause", "")), internal=True),
        Line(Phrase("complaint.settle.prevention.label"), str(stored.get("prevention", "")), internal=True),
    )
    return tuple(line for line in found if line.value)
