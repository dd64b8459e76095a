"""The whole of a release: who has to agree, the code, the gate, and what becomes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from flows.engine.effects import Consequence, IssuePass, Moved
from flows.engine.lifecycle import Action, Audience, Clock, Lifecycle, Role, Timer
from flows.release.slip import Inspection, Objection, Release, Settling, Word, lines
from flows.ticket import (
    CLOCK,
    LADDER,
    OWNER,
    RATING,
    RESIDENT,
    TO_RESIDENT,
    Reason,
    as_it_is,
    resident_actions,
    taken_back,
    used_up,
)


class State(StrEnum):
    REQUESTED = "requested"
    OWNER = "owner"
    ISSUED = "issued"
    RELEASED = "released"
    CLOSED = "closed"
    EXPIRED = "expired"
    REVOKED = "revoked"
    REFUSED = "refused"
    REOPENED = "reopened"


def first_step(details: Mapping[str, Any]) -> str:
    """What happens by itself: an owner gets the code, of a tenant the owner is asked; unless staff decide."""
    if details["approval"]:
        return ""
    return "ask_owner" if details["lets"] else "issue"


def is_theirs(details: Mapping[str, Any]) -> bool:
    return not details["lets"]


def is_let(details: Mapping[str, Any]) -> bool:
    return bool(details["lets"])


def granted(moved: Moved) -> Sequence[Consequence]:
    """The pass, for the hours of the move."""
    since, until = (datetime.fromisoformat(moved.details[name]) for name in ("start", "until"))
    return (IssuePass("release", since, until),)


DESK = frozenset({Role.DESK, Role.ASSISTANT, Role.DUTY_LEAD, Role.MANAGER})
GATE = frozenset({Role.GUARD, Role.DUTY_LEAD, Role.MANAGER})
WAITING = frozenset({State.REQUESTED, State.OWNER, State.ISSUED})
ALL_CLOCKS = ("respond", "expiry")


LIFECYCLE = Lifecycle(
    kind="release",
    purpose="gate",
    rank=40,
    start=Release,
    states=State,
    first=State.REQUESTED,
    final=frozenset({State.CLOSED, State.EXPIRED, State.REVOKED, State.REFUSED}),
    opening=("respond", "expiry"),
    at_once=first_step,
    lines=lines,
    clocks=(Clock("respond", timedelta(hours=2), timedelta(hours=1), LADDER, working=True),),
    timers=(Timer("expiry", acts="expire"), RATING),
    actions=(
        Action(
            "issue",
            by=CLOCK,
            frm=frozenset({State.REQUESTED}),
            to=State.ISSUED,
            stops=("respond",),
            tells=TO_RESIDENT,
            then=granted,
        ),
        Action(
            "ask_owner",
            by=CLOCK,
            frm=frozenset({State.REQUESTED}),
            to=State.OWNER,
            stops=("respond",),
            tells=TO_RESIDENT | {Audience.OWNER},
            offers=("consent", "decline"),
        ),
        Action(
            "approve",
            by=DESK,
            frm=frozenset({State.REQUESTED}),
            to=State.ISSUED,
            given=is_theirs,
            stops=("respond",),
            tells=TO_RESIDENT,
            then=granted,
        ),
        Action(
            "forward",
            by=DESK,
            frm=frozenset({State.REQUESTED}),
            to=State.OWNER,
            given=is_let,
            stops=("respond",),
            tells=TO_RESIDENT | {Audience.OWNER},
            offers=("consent", "decline"),
        ),
        Action(
            "consent",
            by=OWNER,
            frm=frozenset({State.OWNER}),
            to=State.ISSUED,
            tells=TO_RESIDENT,
            then=granted,
        ),
        Action(
            "vouch",
            by=DESK,
            frm=frozenset({State.OWNER}),
            to=State.ISSUED,
            asks=Word,
            tells=TO_RESIDENT,
            then=granted,
        ),
        Action(
            "decline",
            by=OWNER,
            frm=frozenset({State.OWNER}),
            to=State.REFUSED,
            asks=Objection,
            stops=ALL_CLOCKS,
            tells=TO_RESIDENT,
        ),
        Action(
            "release",
            by=GATE,
            frm=frozenset({State.ISSUED}),
            to=State.RELEASED,
            asks=Inspection,
            hidden=True,
            starts=("rating",),
            stops=ALL_CLOCKS,
            tells=TO_RESIDENT,
            then=used_up,
        ),
        Action(
            "refuse",
            by=GATE | {Role.DESK, Role.ASSISTANT},
            frm=frozenset({State.REQUESTED, State.ISSUED}),
            to=State.REFUSED,
            asks=Reason,
            stops=ALL_CLOCKS,
            tells=TO_RESIDENT,
            then=taken_back,
        ),
        Action(
            "withdraw",
            by=DESK,
            frm=frozenset({State.OWNER, State.ISSUED}),
            to=State.REVOKED,
            asks=Reason,
            stops=ALL_CLOCKS,
            tells=TO_RESIDENT,
            then=taken_back,
        ),
        Action(
            "settle",
            by=DESK | GATE,
            frm=frozenset({State.REOPENED}),
            to=State.RELEASED,
            asks=Settling,
            starts=("rating",),
            stops=("respond",),
            tells=TO_RESIDENT,
        ),
        Action(
            "expire",
            by=CLOCK,
            frm=WAITING,
            to=State.EXPIRED,
            stops=ALL_CLOCKS,
            tells=TO_RESIDENT,
            hidden=True,
        ),
        Action(
            "code",
            by=RESIDENT,
            frm=frozenset({State.ISSUED}),
            tells=TO_RESIDENT,
            then=as_it_is,
            internal=True,
        ),
        Action(
            "remind",
            by=RESIDENT,
            frm=frozenset({State.OWNER}),
            every=timedelta(hours=2),
            tells=frozenset({Audience.OWNER}),
            offers=("consent", "decline"),
        ),
        *resident_actions(
            waiting=WAITING,
            working=frozenset({State.REOPENED}),
            done=State.RELEASED,
            closed=State.CLOSED,
            cancelled=State.REVOKED,
            reopened=State.REOPENED,
            clocks=ALL_CLOCKS,
            promises=("respond",),
            but={
                "nudge": {"frm": frozenset({State.REQUESTED, State.REOPENED})},
                "cancel": {"then": taken_back},
            },
        ),
    ),
)
