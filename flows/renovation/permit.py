"""From the filing to the permit: the owner's consent, what is still missing, and the passes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Any

from flows.engine.effects import Consequence, Effect, IssuePass, Moved
from flows.engine.lifecycle import Action, Audience
from flows.engine.messages import Json, Phrase
from flows.engine.questions import Form, Photos, Text, YesNo
from flows.renovation.details import whole, works
from flows.renovation.states import (
    DESK,
    FILED,
    REVIEWERS,
    State,
)
from flows.ticket import (
    CLOCK,
    OWNER,
    RESIDENT,
    TO_ASSIGNEE,
    TO_GROUP,
    TO_RESIDENT,
    ActionFlow,
)


class Consent(StrEnum):
    """Where the owner's consent to a tenant's works stands."""

    ASKED = "asked"
    GIVEN = "given"
    DECLINED = "declined"
    PAPER = "paper"


class Agreement(YesNo):
    """Does the owner agree to what the tenant wants to do?"""

    def prompt(self, form: Form) -> Phrase:
        details = form.facts.details
        start, end = whole(details.get("start")), whole(details.get("end"))
        return Phrase(f"{self.key}.plan", {"works": works(details), "start": start, "end": end})

    def texts(self) -> tuple[str, ...]:
        return (f"{self.key}.plan", f"{self.key}.label")


class Consenting(ActionFlow):
    """The owner says yes, knowing to what."""

    name = "renovation.consent"
    cancellable = False
    sure = Agreement()

    def values(self) -> dict[str, Json]:
        return {"consent": Consent.GIVEN.value}

    def submit(self) -> Sequence[Effect]:
        return super().submit() if self.sure else ()


class Declining(ActionFlow):
    """The owner says no, and why, if they like."""

    name = "renovation.decline"
    reason = Text(most=500).optional()

    def values(self) -> dict[str, Json]:
        return super().values() | {"consent": Consent.DECLINED.value}


class PaperConsent(ActionFlow):
    """The owner's consent on paper, photographed at the desk."""

    name = "renovation.paper"
    photos = Photos(least=1)
    note = Text(most=500, catches=True).optional()

    def values(self) -> dict[str, Json]:
        return super().values() | {"consent": Consent.PAPER.value, "pictures": list(self.pictures())}


class Missing(ActionFlow):
    """What else is needed before the works can be approved."""

    name = "renovation.more"
    reason = Text(least=2, most=1000)


class Answering(ActionFlow):
    """The resident's answer to what was asked for: words, photos, or both."""

    name = "renovation.answer"
    photos = Photos()
    note = Text(most=1000, catches=True).optional()

    def values(self) -> dict[str, Json]:
        return super().values() | {"pictures": list(self.pictures())}


def first_step(details: Mapping[str, Any]) -> str:
    """Of a tenant's works the owner is asked at once."""
    return "ask_owner" if details["tenant"] else ""


def may_begin(details: Mapping[str, Any]) -> bool:
    """Whether the owner agrees, where that is needed."""
    return not details["tenant"] or details.get("consent") in (Consent.GIVEN, Consent.PAPER)


def lacks_consent(details: Mapping[str, Any]) -> bool:
    return not may_begin(details)


def has_no_answer(details: Mapping[str, Any]) -> bool:
    """Whether asking the owner again could help."""
    return lacks_consent(details) and (
        details.get("consent") == Consent.DECLINED or bool(details.get("owner"))
    )


def asked_anew(details: Mapping[str, Any], values: Mapping[str, Json]) -> dict[str, Json]:
    return {"consent": Consent.ASKED.value, "owner": ""}


def on_paper(details: Mapping[str, Any], values: Mapping[str, Json]) -> dict[str, Json]:
    return {"pictures": {**details["pictures"], "consent": values.get("pictures", [])}}


def permits(moved: Moved) -> Sequence[Consequence]:
    """A pass for each worker and the permit, good from the first day to the end of the last."""
    details, zone = moved.details, moved.now.tzinfo
    start = datetime.fromisoformat(details["start"])
    since = min(start, moved.now) if details.get("early") else start
    last = datetime.fromisoformat(details["end"]).date() + timedelta(days=1)
    until, count = datetime.combine(last, time(), zone), int(details["workers"])
    workers = (IssuePass("worker", since, until, f"{number}/{count}") for number in range(1, count + 1))
    return (*workers, IssuePass("permit", since, until))


PERMIT = (
    Action(
        "ask_owner",
        by=CLOCK,
        frm=FILED,
        hidden=True,
        holds=True,
        tells=TO_RESIDENT | {Audience.OWNER},
        offers=("consent", "decline"),
    ),
    Action(
        "approve",
        by=REVIEWERS,
        frm=FILED,
        to=State.APPROVED,
        takes=True,
        given=may_begin,
        starts=("opens", "begin", "permit_ends"),
        stops=("respond",),
        tells=TO_RESIDENT,
        then=permits,
    ),
    Action(
        "more",
        by=REVIEWERS,
        frm=frozenset({State.SUBMITTED}),
        to=State.MORE_NEEDED,
        asks=Missing,
        takes=True,
        holds=True,
        tells=TO_RESIDENT,
        offers=("answer",),
    ),
    Action(
        "answer",
        by=RESIDENT,
        frm=frozenset({State.MORE_NEEDED}),
        to=State.SUBMITTED,
        asks=Answering,
        resumes=True,
        tells=TO_ASSIGNEE,
    ),
    Action(
        "consent",
        by=OWNER,
        frm=FILED,
        asks=Consenting,
        given=lacks_consent,
        keeps=("consent",),
        resumes=True,
        tells=TO_RESIDENT | TO_GROUP,
    ),
    Action(
        "decline",
        by=OWNER,
        frm=FILED,
        asks=Declining,
        given=lacks_consent,
        keeps=("consent",),
        tells=TO_RESIDENT,
        offers=("ask_again", "cancel"),
    ),
    Action(
        "ask_again",
        by=RESIDENT | DESK,
        frm=FILED,
        given=has_no_answer,
        sets=asked_anew,
        tells=frozenset({Audience.OWNER}),
        offers=("consent", "decline"),
    ),
    Action(
        "paper",
        by=DESK,
        frm=FILED,
        asks=PaperConsent,
        given=lacks_consent,
        keeps=("consent",),
        sets=on_paper,
        resumes=True,
        tells=TO_RESIDENT,
    ),
)
"""The moves from the filing to the permit."""
