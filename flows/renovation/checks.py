"""The two checks with the time of use between them, and the deposit that comes back after the last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from flows.engine.effects import Consequence, Moved, OpenTicket
from flows.engine.lifecycle import Action
from flows.engine.messages import Json
from flows.engine.questions import Photos, Text
from flows.renovation.findings import is_settled
from flows.renovation.states import (
    DURING,
    REVIEWERS,
    State,
)
from flows.ticket import CLOCK, RESIDENT, TO_GROUP, TO_RESIDENT, ActionFlow, used_up


class Check(ActionFlow):
    """The works were looked at and are all right; the use period begins."""

    name = "renovation.check"
    photos = Photos()
    note = Text(most=500, catches=True).optional()

    def values(self) -> dict[str, Json]:
        over = self.facts.now.date() + timedelta(days=int(self.facts.details.get("use_days", 0)))
        return super().values() | {"use_until": over.isoformat()}


class FinalCheck(ActionFlow):
    """After the time of use all is still right."""

    name = "renovation.final"
    photos = Photos()
    note = Text(most=500, catches=True).optional()


class Mending(ActionFlow):
    """What has to be put right before a check is passed."""

    name = "renovation.mend"
    reason = Text(least=2, most=1000, catches=True)
    photos = Photos()


class Remedied(ActionFlow):
    """What was done about what a check had found."""

    name = "renovation.remedied"
    photos = Photos()
    note = Text(most=1000, catches=True).optional()


def once_more(details: Mapping[str, Any], values: Mapping[str, Json]) -> dict[str, Json]:
    """How often the final check was passed: reopened works come to it again."""
    return {"passed": int(details.get("passed", 0)) + 1}


def deposit_back(moved: Moved) -> Sequence[Consequence]:
    """Where there is a deposit, its way back begins with the first final check that is passed."""
    deposit = int(moved.details["deposit"])
    if not deposit or moved.details["passed"] > 1:
        return ()
    details: dict[str, Json] = {"what": "renovation", "deposit": deposit, "source": "terms", "text": ""}
    return (OpenTicket("refund", moved.home, False, details, follows=moved.ticket),)


CHECKS = (
    Action(
        "pass",
        by=REVIEWERS,
        frm=frozenset({State.FINISHED, State.UNDER_WAY}),
        to=State.USE_PERIOD,
        asks=Check,
        given=is_settled,
        keeps=("use_until",),
        starts=("use",),
        stops=("check", *DURING),
        tells=TO_RESIDENT,
        then=used_up,
    ),
    Action(
        "mend",
        by=REVIEWERS,
        frm=frozenset({State.FINISHED}),
        to=State.TO_MEND,
        asks=Mending,
        stops=("check",),
        tells=TO_RESIDENT,
        offers=("remedied",),
    ),
    Action(
        "remedied",
        by=RESIDENT,
        frm=frozenset({State.TO_MEND}),
        to=State.FINISHED,
        asks=Remedied,
        starts=("check",),
        tells=TO_GROUP,
    ),
    Action(
        "used",
        by=CLOCK,
        frm=frozenset({State.USE_PERIOD}),
        to=State.FINAL_CHECK,
        starts=("check",),
        tells=TO_RESIDENT | TO_GROUP,
        hidden=True,
    ),
    Action(
        "final_pass",
        by=REVIEWERS,
        frm=frozenset({State.FINAL_CHECK}),
        to=State.DONE,
        asks=FinalCheck,
        sets=once_more,
        starts=("rating",),
        stops=("check",),
        tells=TO_RESIDENT,
        then=deposit_back,
    ),
    Action(
        "final_mend",
        by=REVIEWERS,
        frm=frozenset({State.FINAL_CHECK}),
        to=State.LAST_MENDING,
        asks=Mending,
        stops=("check",),
        tells=TO_RESIDENT,
        offers=("final_remedied",),
    ),
    Action(
        "final_remedied",
        by=RESIDENT,
        frm=frozenset({State.LAST_MENDING}),
        to=State.FINAL_CHECK,
        asks=Remedied,
        starts=("check",),
        tells=TO_GROUP,
    ),
)
"""The moves from the first check to the last."""
