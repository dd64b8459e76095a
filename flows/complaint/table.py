"""The whole of a complaint: its states and moves, its clocks, and who must not hear of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any

from flows.complaint.answering import Assent, Objection, Proposal, Report, Settlement
from flows.complaint.grievance import MEMBERS, Grievance, Reach, Team, lines
from flows.engine.lifecycle import Action, Audience, Clock, Lifecycle, Role, Stage, Timer
from flows.ticket import (
    LADDER,
    RATING,
    RESIDENT,
    TO_ASSIGNEE,
    TO_GROUP,
    TO_RESIDENT,
    Reason,
    Speech,
    resident_actions,
)


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
        Clock("respond", timedelta(hours=2), timedelta(hours=1), LADDER, working=True),
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
