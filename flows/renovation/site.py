"""While there is work on the site: its first day, more time, a halt, and the last day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from flows.engine.lifecycle import Action, Audience
from flows.engine.messages import Json
from flows.engine.questions import Day, Form, Text
from flows.renovation.details import whole
from flows.renovation.permit import permits
from flows.renovation.states import (
    BEFORE,
    DESK,
    DURING,
    FILED,
    INSPECTORS,
    LEADS,
    PERMITTED,
    REVIEWERS,
    State,
)
from flows.ticket import (
    CLOCK,
    RESIDENT,
    TO_ASSIGNEE,
    TO_GROUP,
    TO_RESIDENT,
    ActionFlow,
    Reason,
    as_it_is,
    taken_back,
)


class NewEnd(Day):
    """A day after the permit's own end."""

    def base(self, form: Form) -> date:
        end = whole(form.facts.details.get("end"))
        return super().base(form) if end is None else end.date()


class Extension(ActionFlow):
    """How much longer, and why."""

    name = "renovation.extend"
    wanted = NewEnd(least=1, most=180, suggested=(6, 13, 29))
    reason = Text(least=2, most=500)

    def values(self) -> dict[str, Json]:
        return super().values() | {"wanted": self.wanted.isoformat()}


def is_day(details: Mapping[str, Any]) -> bool:
    return bool(details.get("ready"))


def is_early(details: Mapping[str, Any]) -> bool:
    return not is_day(details)


def asks_for_time(details: Mapping[str, Any]) -> bool:
    return bool(details.get("wanted"))


def asks_for_none(details: Mapping[str, Any]) -> bool:
    return not asks_for_time(details)


def its_day(details: Mapping[str, Any], values: Mapping[str, Json]) -> dict[str, Json]:
    return {"ready": True}


def too_soon(details: Mapping[str, Any], values: Mapping[str, Json]) -> dict[str, Json]:
    return {"early": True}


def longer(details: Mapping[str, Any], values: Mapping[str, Json]) -> dict[str, Json]:
    return {"end": details["wanted"], "wanted": ""}


def not_longer(details: Mapping[str, Any], values: Mapping[str, Json]) -> dict[str, Json]:
    return {"wanted": ""}


SITE = (
    Action(
        "ready",
        by=CLOCK,
        frm=frozenset({State.APPROVED}),
        sets=its_day,
        hidden=True,
        internal=True,
    ),
    Action(
        "start",
        by=RESIDENT | INSPECTORS,
        frm=frozenset({State.APPROVED}),
        to=State.UNDER_WAY,
        given=is_day,
        starts=("patrol",),
        stops=("begin",),
        tells=frozenset({Audience.NEIGHBOURS, Audience.ASSIGNEE}),
    ),
    Action(
        "start_early",
        by=REVIEWERS,
        frm=frozenset({State.APPROVED}),
        to=State.UNDER_WAY,
        given=is_early,
        sets=too_soon,
        starts=("patrol",),
        stops=("opens", "begin"),
        tells=TO_RESIDENT | {Audience.NEIGHBOURS},
        then=permits,
    ),
    Action(
        "finish",
        by=RESIDENT,
        frm=frozenset({State.UNDER_WAY}),
        to=State.FINISHED,
        starts=("check",),
        stops=DURING,
        tells=TO_GROUP,
    ),
)
"""The moves from the first day to the last."""


MORE_TIME = (
    Action(
        "passes",
        by=RESIDENT,
        frm=frozenset({State.APPROVED, State.UNDER_WAY, State.TO_MEND}),
        tells=TO_RESIDENT,
        then=as_it_is,
        internal=True,
    ),
    Action(
        "extend",
        by=RESIDENT,
        frm=PERMITTED | {State.TO_MEND},
        asks=Extension,
        given=asks_for_none,
        keeps=("wanted",),
        tells=TO_ASSIGNEE,
    ),
    Action(
        "agree",
        by=REVIEWERS,
        frm=PERMITTED | {State.TO_MEND},
        given=asks_for_time,
        sets=longer,
        starts=("permit_ends",),
        tells=TO_RESIDENT,
        then=permits,
    ),
    Action(
        "disagree",
        by=REVIEWERS,
        frm=PERMITTED | {State.TO_MEND},
        asks=Reason,
        given=asks_for_time,
        sets=not_longer,
        tells=TO_RESIDENT,
    ),
)
"""The passes once more, and the permit for longer."""


HALTS = (
    Action(
        "suspend",
        by=REVIEWERS,
        frm=frozenset({State.UNDER_WAY}),
        to=State.SUSPENDED,
        asks=Reason,
        stops=("patrol",),
        tells=TO_RESIDENT,
        then=taken_back,
    ),
    Action(
        "resume",
        by=REVIEWERS,
        frm=frozenset({State.SUSPENDED}),
        to=State.UNDER_WAY,
        starts=("patrol",),
        tells=TO_RESIDENT,
        then=permits,
    ),
    Action(
        "revoke",
        by=LEADS,
        frm=PERMITTED,
        to=State.REVOKED,
        asks=Reason,
        stops=(*BEFORE, *DURING),
        tells=TO_RESIDENT,
        then=taken_back,
    ),
    Action(
        "withdraw",
        by=DESK,
        frm=FILED | {State.APPROVED},
        to=State.CANCELLED,
        asks=Reason,
        stops=BEFORE,
        tells=TO_RESIDENT,
        then=taken_back,
    ),
)
"""The moves where it does not go on as it was permitted."""
