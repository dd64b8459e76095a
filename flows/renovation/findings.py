"""What was noticed on the site, until it is put right: found, mended, looked at, settled."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from functools import partial
from typing import Any

from flows.engine.lifecycle import Action
from flows.engine.messages import Json, Phrase
from flows.engine.questions import Form, OneOfSeveral, Photos, Text
from flows.renovation.states import (
    INSPECTED,
    INSPECTORS,
)
from flows.ticket import (
    RESIDENT,
    TO_GROUP,
    TO_RESIDENT,
    ActionFlow,
)

SHOWN = 24
"""How much of a finding stands on its button."""


class Matter(StrEnum):
    """Where one finding of an inspection stands."""

    OPEN = "open"
    MENDED = "mended"
    SETTLED = "settled"


UNSETTLED = frozenset({Matter.OPEN, Matter.MENDED})


def findings(details: Mapping[str, Any], *matters: Matter) -> list[dict[str, Any]]:
    """The findings that stand so, in the order they were made."""
    wanted = matters or tuple(Matter)
    return [one for one in details.get("findings", ()) if one["state"] in wanted]


class Which(OneOfSeveral[int]):
    """One of the findings that stand so; 0 when none does any more."""

    def __init__(self, *matters: Matter) -> None:
        super().__init__()
        self.matters = matters

    def arises(self, form: Form) -> bool:
        return len(self.offered(form)) > 1

    def presumed(self, form: Form) -> int:
        return next(iter(self.offered(form).values()), 0)

    def offered(self, form: Form) -> Mapping[str, int]:
        return {str(one["n"]): one["n"] for one in findings(form.facts.details, *self.matters)}

    def show(self, answer: int, form: Form) -> Phrase | str:
        text = next(str(one["text"]) for one in findings(form.facts.details) if one["n"] == answer)
        return f"#{answer} {text if len(text) <= SHOWN else f'{text[: SHOWN - 1]}…'}"


class Finding(ActionFlow):
    """What was noticed during the works, and what would put it right."""

    name = "renovation.finding"
    note = Text(least=2, most=500, catches=True)
    photos = Photos()

    def values(self) -> dict[str, Json]:
        return super().values() | {"pictures": list(self.pictures())}


class Mended(ActionFlow):
    """The resident shows what was put right."""

    name = "renovation.mended"
    finding = Which(Matter.OPEN)
    photos = Photos()
    note = Text(most=500, catches=True).optional()


class Settled(ActionFlow):
    """Staff have seen that it is right now."""

    name = "renovation.settle"
    finding = Which(*UNSETTLED)
    note = Text(most=500).optional()


class NotYet(ActionFlow):
    """Staff have looked, and something is still left to do."""

    name = "renovation.not_yet"
    finding = Which(Matter.MENDED)
    reason = Text(least=2, most=500)


def found(details: Mapping[str, Any], values: Mapping[str, Json]) -> dict[str, Json]:
    """The findings with one more."""
    before = findings(details)
    one: dict[str, Json] = {
        "n": len(before) + 1,
        "text": values.get("note"),
        "state": Matter.OPEN.value,
        "pictures": values.get("pictures") or [],
    }
    return {"findings": [*before, one]}


def stand(matter: Matter, details: Mapping[str, Any], values: Mapping[str, Json]) -> dict[str, Json]:
    """The findings, one of which now stands otherwise."""
    number = values.get("finding")
    return {
        "findings": [
            {**one, "state": matter.value} if one["n"] == number else one for one in findings(details)
        ]
    }


def is_unsettled(details: Mapping[str, Any]) -> bool:
    return bool(findings(details, *UNSETTLED))


def is_settled(details: Mapping[str, Any]) -> bool:
    return not is_unsettled(details)


def is_open(details: Mapping[str, Any]) -> bool:
    return bool(findings(details, Matter.OPEN))


def is_mended(details: Mapping[str, Any]) -> bool:
    return bool(findings(details, Matter.MENDED))


INSPECTIONS = (
    Action(
        "finding",
        by=INSPECTORS,
        frm=INSPECTED,
        asks=Finding,
        sets=found,
        tells=TO_RESIDENT,
        offers=("mended",),
    ),
    Action(
        "mended",
        by=RESIDENT,
        frm=INSPECTED,
        asks=Mended,
        given=is_open,
        sets=partial(stand, Matter.MENDED),
        tells=TO_GROUP,
    ),
    Action(
        "settle",
        by=INSPECTORS,
        frm=INSPECTED,
        asks=Settled,
        given=is_unsettled,
        sets=partial(stand, Matter.SETTLED),
        tells=TO_RESIDENT,
    ),
    Action(
        "not_yet",
        by=INSPECTORS,
        frm=INSPECTED,
        asks=NotYet,
        given=is_mended,
        sets=partial(stand, Matter.OPEN),
        tells=TO_RESIDENT,
        offers=("mended",),
    ),
)
"""A finding is a conversation of its own, between those who inspect and the resident."""
