"""Something annoyed a resident: one person looks after it until the resident says that it is settled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from flows.engine.effects import Effect, OpenTicket
from flows.engine.form import Flow
from flows.engine.lifecycle import Action, Audience, Clock, Lifecycle, Line, Role, Stage, Timer
from flows.engine.messages import Json, Phrase
from flows.engine.questions import (
    Choice,
    Form,
    HomeChoice,
    Phone,
    Photos,
    Slot,
    Text,
    Unanswered,
    YesNo,
    parts,
)
from flows.ticket import (
    LADDER,
    RATING,
    RESIDENT,
    TO_ASSIGNEE,
    TO_GROUP,
    TO_RESIDENT,
    ActionFlow,
    Reason,
    Speech,
    resident_actions,
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


# --- what the moves ask for


class Proposal(ActionFlow):
    """What will be done, and by when; the resident says whether that is all right."""

    name = "complaint.propose"
    proposal = Text(least=2, most=1000)
    until = Slot(asap=False)

    def values(self) -> dict[str, Json]:
        window = self.until.window
        until = None if window is None else window.end.isoformat()
        return {"note": self.proposal, "proposal": self.proposal, "until": until}


class Objection(ActionFlow):
    """Why the resident does not agree."""

    name = "complaint.disagree"
    note = Text(least=2, most=1000, catches=True)
    photos = Photos()


class Assent(ActionFlow):
    """The resident agreed on the phone or face to face; when and in what words."""

    name = "complaint.assent"
    note = Text(least=2, most=500)


class Settlement(ActionFlow):
    """Why it happened and what will prevent a repeat, for colleagues; a closing word, for the resident."""

    name = "complaint.settle"
    cause = Text(least=2, most=1000)
    prevention = Text(least=2, most=1000)
    note = Text(least=2, most=1000)


class Report(ActionFlow):
    """How the resident finds it some days later."""

    name = "complaint.visited"
    visited = Text(least=2, most=1000)

    def values(self) -> dict[str, Json]:
        return {"note": self.visited, "visited": self.visited}


# --- the table


class State(StrEnum):
    NEW = "new"
    OWNED = "owned"
    ANSWERED = "answered"
    PROPOSED = "proposed"
    AGREED = "agreed"
    ESCALATED = "escalated"
    REOPENED = "reopened"
    CLOSED = "closed"
    CANCELLED = "cancelled"


OWNERS = frozenset({Role.ASSISTANT, Role.MANAGER})
READERS = OWNERS | {Role.DUTY_LEAD, Role.QUALITY}
FREE = frozenset({State.NEW, State.REOPENED})
TALKING = frozenset({State.OWNED, State.ANSWERED})
OURS = TALKING | {State.AGREED, State.ESCALATED}
RUNNING = FREE | OURS | {State.PROPOSED}
ENDED = frozenset({State.CLOSED})
PROMISES = ("respond", "plan", "resolve")
EVERYTHING = (*PROMISES, "inform", "decide", "promised")


def _about_care(details: Mapping[str, Any]) -> bool:
    return bool(details.get("team") == Team.CARE)


def _spoken(details: Mapping[str, Any]) -> bool:
    """Whether the resident wants to be answered by a voice, and may so have agreed by one."""
    return bool(details.get("reach") != Reach.HERE)


def _unvisited(details: Mapping[str, Any]) -> bool:
    return not details.get("visited")


LIFECYCLE = Lifecycle(
    kind="complaint",
    purpose="care",
    start=Grievance,
    states=State,
    first=State.NEW,
    final=frozenset({State.CLOSED, State.CANCELLED}),
    opening=PROMISES,
    lines=lines,
    rank=20,
    insists=True,
    routes=lambda details: "managers" if _about_care(details) else "care",
    reply="answer",
    readers=READERS,
    hides=lambda details: bool(details.get("hide")),
    confidants=OWNERS,
    concerns=lambda details: MEMBERS.get(details.get("team", Team.OTHER), frozenset()),
    clocks=(
        Clock(
            "respond",
            timedelta(hours=2),
            timedelta(hours=1),
            LADDER,
            working=True,
        ),
        Clock(
            "plan",
            timedelta(hours=24),
            timedelta(hours=24),
            (Stage(0.75, Audience.ASSIGNEE), Stage(1.0, Audience.DUTY_LEAD), Stage(1.5, Audience.MANAGER)),
        ),
        Clock(
            "resolve",
            timedelta(hours=48),
            timedelta(hours=48),
            (Stage(1.0, Audience.ASSIGNEE), Stage(1.25, Audience.DUTY_LEAD), Stage(1.5, Audience.MANAGER)),
        ),
    ),
    timers=(
        Timer("inform", (timedelta(hours=24),), again=timedelta(hours=24), tells=TO_ASSIGNEE),
        Timer(
            "decide",
            (timedelta(hours=24), timedelta(hours=72)),
            tells=TO_RESIDENT | TO_ASSIGNEE,
            offers=("agree", "disagree"),
        ),
        Timer("promised", at="until", tells=TO_ASSIGNEE),
        Timer("visit", (timedelta(days=3),), tells=TO_ASSIGNEE, offers=("visited",)),
        RATING,
    ),
    actions=(
        Action(
            "own",
            by=OWNERS,
            frm=FREE,
            to=State.OWNED,
            takes=True,
            starts=("inform",),
            tells=TO_RESIDENT,
        ),
        Action(
            "answer",
            by=OWNERS,
            frm=TALKING,
            to=State.ANSWERED,
            own=True,
            asks=Speech,
            starts=("inform",),
            stops=("respond",),
            tells=TO_RESIDENT,
        ),
        Action(
            "propose",
            by=OWNERS,
            frm=OURS,
            to=State.PROPOSED,
            own=True,
            asks=Proposal,
            holds=True,
            starts=("decide",),
            stops=("respond", "plan", "inform", "promised"),
            keeps=("proposal", "until"),
            tells=TO_RESIDENT,
            offers=("agree", "disagree"),
        ),
        Action(
            "agree",
            by=RESIDENT,
            frm=frozenset({State.PROPOSED}),
            to=State.AGREED,
            resumes=True,
            starts=("inform", "promised"),
            stops=("decide",),
            tells=TO_ASSIGNEE,
        ),
        Action(
            "assent",
            by=OWNERS,
            frm=frozenset({State.PROPOSED}),
            to=State.AGREED,
            own=True,
            asks=Assent,
            given=_spoken,
            resumes=True,
            starts=("inform", "promised"),
            stops=("decide",),
            tells=TO_RESIDENT,
            offers=("disagree",),
        ),
        Action(
            "disagree",
            by=RESIDENT,
            frm=frozenset({State.PROPOSED, State.AGREED}),
            to=State.ESCALATED,
            asks=Objection,
            resumes=True,
            starts=("plan", "inform"),
            stops=("decide", "promised"),
            tells=frozenset({Audience.ASSIGNEE, Audience.MANAGER}),
        ),
        Action(
            "settle",
            by=OWNERS,
            frm=frozenset({State.AGREED}),
            to=State.CLOSED,
            own=True,
            asks=Settlement,
            starts=("rating", "visit"),
            stops=EVERYTHING,
            keeps=("cause", "prevention"),
            tells=TO_RESIDENT,
        ),
        Action(
            "inform",
            by=OWNERS,
            frm=OURS | {State.PROPOSED},
            own=True,
            asks=Speech,
            starts=("inform",),
            tells=TO_RESIDENT,
        ),
        Action(
            "transfer",
            by=OWNERS,
            frm=TALKING,
            to=State.NEW,
            own=True,
            asks=Reason,
            frees=True,
            starts=("respond",),
            stops=("inform",),
            tells=TO_RESIDENT | TO_GROUP,
        ),
        Action(
            "visited",
            by=OWNERS,
            frm=ENDED,
            own=True,
            asks=Report,
            given=_unvisited,
            stops=("visit",),
            keeps=("visited",),
            internal=True,
        ),
        *resident_actions(
            waiting=RUNNING,
            working=frozenset(),
            done=State.CLOSED,
            closed=State.CLOSED,
            cancelled=State.CANCELLED,
            reopened=State.REOPENED,
            clocks=EVERYTHING,
            promises=PROMISES,
            but={
                "nudge": {"frm": FREE | OURS},
                "add": {"frm": RUNNING},
                "reopen": {"stops": ("rating", "visit"), "drops": ("visited",)},
            },
        ),
    ),
)
