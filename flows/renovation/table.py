"""The whole of a renovation: its states and moves, its clocks, and who hears of what."""

from __future__ import annotations

from datetime import timedelta

from flows.engine.lifecycle import Action, Clock, Lifecycle, Timer
from flows.renovation.card import lines
from flows.renovation.checks import CHECKS
from flows.renovation.filing import Renovation
from flows.renovation.findings import INSPECTIONS
from flows.renovation.permit import PERMIT, first_step
from flows.renovation.site import HALTS, MORE_TIME, SITE
from flows.renovation.states import (
    CHECKED,
    FILED,
    INSPECTORS,
    PERMITTED,
    State,
)
from flows.ticket import (
    LADDER,
    RATING,
    TO_ASSIGNEE,
    TO_RESIDENT,
    resident_actions,
)

LIFECYCLE = Lifecycle(
    kind="renovation",
    purpose="renovation",
    rank=30,
    start=Renovation,
    states=State,
    first=State.SUBMITTED,
    final=frozenset({State.CLOSED, State.CANCELLED, State.REVOKED}),
    opening=("respond",),
    at_once=first_step,
    lines=lines,
    clocks=(
        Clock("respond", timedelta(hours=12), timedelta(hours=4), LADDER, working=True),
        Clock("check", timedelta(hours=24), timedelta(hours=4), LADDER, working=True),
    ),
    timers=(
        Timer("opens", at="start", calm=False, acts="ready"),
        Timer("begin", at="start", tells=TO_RESIDENT, offers=("start",)),
        Timer(
            "permit_ends", at="end", before=timedelta(days=7), tells=TO_RESIDENT, offers=("extend", "finish")
        ),
        Timer("patrol", again=timedelta(hours=24), tells=TO_ASSIGNEE),
        Timer("use", at="use_until", acts="used"),
        RATING,
    ),
    actions=(
        *PERMIT,
        *SITE,
        *INSPECTIONS,
        *MORE_TIME,
        *CHECKS,
        *HALTS,
        Action("take", by=INSPECTORS, frm=FILED | PERMITTED | CHECKED, takes=True),
        *resident_actions(
            waiting=FILED,
            working=PERMITTED | CHECKED,
            done=State.DONE,
            closed=State.CLOSED,
            cancelled=State.CANCELLED,
            reopened=State.FINAL_CHECK,
            clocks=("respond",),
            promises=("check",),
            but={"reopen": {"frees": False}},
        ),
    ),
)
