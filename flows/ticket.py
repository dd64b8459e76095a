"""What every ticket offers its resident, whatever it is about: add, nudge, cancel, rate, reopen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from enum import StrEnum
from typing import Any

from flows.engine.effects import Act, Consequence, Effect, EndPasses, Moved
from flows.engine.form import Flow
from flows.engine.lifecycle import OUTSIDERS, Action, Audience, Role, Stage, Timer
from flows.engine.messages import Json
from flows.engine.questions import Photos, Stars, Text, YesNo

RESIDENT = frozenset({Role.RESIDENT})
CLOCK = frozenset({Role.CLOCK})
OWNER = frozenset({Role.OWNER})
STAFF = frozenset(Role) - OUTSIDERS
TO_RESIDENT = frozenset({Audience.RESIDENT})
TO_ASSIGNEE = frozenset({Audience.ASSIGNEE})
TO_GROUP = frozenset({Audience.GROUP})


class ActionFlow(Flow):
    """A small flow that asks for what an action needs and then carries it out on its ticket."""

    name = "ticket"
    review = False

    def values(self) -> dict[str, Json]:
        """What the action is told: every answer under its question's name, but for the photos."""
        told = (one for one in self.questions if self.applies(one) or not one.arises(self))
        return {one.name: self.answer(one) for one in told if not isinstance(one, Photos)}

    def pictures(self) -> tuple[int, ...]:
        """Every photo that was sent, whatever it was an answer to."""
        gathered = (one.gathered(self) for one in self.questions if isinstance(one, Photos))
        return tuple(photo.file for photos in gathered for photo in photos)

    def submit(self) -> Sequence[Effect]:
        ticket, action = self.facts.about["ticket"], self.facts.about["action"]
        return (Act(int(str(ticket)), str(action), self.values(), self.pictures()),)


class Addition(ActionFlow):
    """More about a ticket: words, photos, or both."""

    name = "ticket.add"
    note = Text(most=1000, catches=True)
    photos = Photos()


class Speech(ActionFlow):
    """A colleague's words to the resident, and photos if there are any. See `speak`."""

    name = "ticket.tell"
    note = Text(most=4000)
    photos = Photos()


class Remark(ActionFlow):
    """A note for colleagues on the ticket's page: words, photos, or both."""

    name = "ticket.remark"
    note = Text(most=1000).optional()
    photos = Photos()

    def values(self) -> dict[str, Json]:
        return {"note": self.note or ""}


class Withdrawal(ActionFlow):
    """Does the resident really want to cancel?"""

    name = "ticket.cancel"
    cancellable = False
    sure = YesNo()

    def submit(self) -> Sequence[Effect]:
        return super().submit() if self.sure else ()


class Reason(ActionFlow):
    """Why staff cancel a ticket, or give it back to the group: the resident is told."""

    name = "ticket.reason"
    reason = Text(least=2, most=500)


class Reopening(ActionFlow):
    """What is still wrong, when a resident reopens."""

    name = "ticket.reopen"
    note = Text(least=2, most=1000, catches=True)
    photos = Photos()


class Rating(ActionFlow):
    """More than the one row of stars."""

    name = "ticket.opinion"
    speed = Stars().optional()
    manner = Stars().optional()


class Opinion(Rating):
    """More than the stars, for those who like to say more."""

    name = "ticket.opinion"
    comment = Text(most=500).optional()


LADDER = (Stage(0.5, Audience.GROUP), Stage(1.0, Audience.DUTY_LEAD), Stage(2.0, Audience.MANAGER))
"""Who hears that nobody has answered yet: the group half-way, then the duty lead, then the manager."""

RATING = Timer("rating", (timedelta(hours=24), timedelta(hours=72), timedelta(hours=96)), acts="close")
"""How often a resident is asked for stars, until the ticket closes as unrated."""


UNDELIVERED = "undelivered"
"""The timer of a service that wants to know at once when a colleague's words did not reach the resident."""


def speak(frm: frozenset[StrEnum]) -> Action:
    """Any colleague says something to the resident while the ticket is in one of these states.

    The words are carried over with their photos, and the colleagues see whether they arrived.
    """
    return Action("tell", by=STAFF, frm=frm, asks=Speech, tells=TO_RESIDENT)


def taken_back(moved: Moved) -> Sequence[Consequence]:
    """The ticket's passes open nothing any more."""
    return (EndPasses(),)


def used_up(moved: Moved) -> Sequence[Consequence]:
    """The ticket's passes have served."""
    return (EndPasses(used=True),)


def as_it_is(moved: Moved) -> Sequence[Consequence]:
    """Nothing new: the passes that are there are shown again."""
    return ()


_AS_IS: Mapping[str, Mapping[str, Any]] = {}


def resident_actions(
    *,
    waiting: frozenset[StrEnum],
    working: frozenset[StrEnum],
    done: StrEnum,
    closed: StrEnum,
    cancelled: StrEnum,
    reopened: StrEnum,
    clocks: tuple[str, ...],
    promises: tuple[str, ...],
    opinion: type[Rating] = Opinion,
    but: Mapping[str, Mapping[str, Any]] = _AS_IS,
) -> tuple[Action, ...]:
    """The resident's rows: `waiting` states may be cancelled, `working` ones too late for that.

    Cancelling stops the `clocks`, reopening starts the `promises` again. `but` names what is otherwise in a
    service, as fields of an action by its name.
    """
    running = waiting | working
    usual = (
        Action(
            "nudge",
            by=RESIDENT,
            frm=running,
            every=timedelta(hours=2),
            tells=TO_ASSIGNEE | TO_GROUP,
        ),
        Action("add", by=RESIDENT, frm=running | {done}, asks=Addition, tells=TO_ASSIGNEE),
        Action(
            "cancel",
            by=RESIDENT,
            frm=waiting,
            to=cancelled,
            asks=Withdrawal,
            stops=clocks,
            tells=TO_ASSIGNEE,
        ),
        Action("rate", by=RESIDENT, frm=frozenset({done, closed}), to=closed, stops=("rating",), hidden=True),
        Action("opinion", by=RESIDENT, frm=frozenset({closed}), asks=opinion, hidden=True),
        Action(
            "reopen",
            by=RESIDENT,
            frm=frozenset({done, closed}),
            to=reopened,
            asks=Reopening,
            frees=True,
            starts=promises,
            stops=("rating",),
            tells=frozenset({Audience.DUTY_LEAD}),
        ),
        Action(
            "close",
            by=CLOCK,
            frm=frozenset({done}),
            to=closed,
            stops=("rating",),
            hidden=True,
        ),
    )
    return tuple(replace(one, **but.get(one.name, {})) for one in usual)
