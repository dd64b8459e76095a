"""What every ticket offers its resident, whatever it is about: add, nudge, cancel, rate, reopen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum

from flows.engine.effects import Act, Effect
from flows.engine.form import Flow
from flows.engine.lifecycle import OUTSIDERS, Action, Audience, Role, Timer
from flows.engine.messages import Json
from flows.engine.questions import Photos, Stars, Text, YesNo

RESIDENT = frozenset({Role.RESIDENT})
STAFF = frozenset(Role) - OUTSIDERS


class ActionFlow(Flow):
    """A small flow that asks for what an action needs and then carries it out on its ticket."""

    name = "ticket"
    review = False

    def values(self) -> dict[str, Json]:
        return {}

    def pictures(self) -> tuple[int, ...]:
        """Every photo that was sent in answer to one of the questions."""
        gathered = (one.gathered(self) for one in self.applicable() if isinstance(one, Photos))
        return tuple(photo.file for photos in gathered for photo in photos)

    def submit(self) -> Sequence[Effect]:
        ticket, action = self.facts.about["ticket"], self.facts.about["action"]
        return (Act(int(str(ticket)), str(action), self.values(), self.pictures()),)


class Addition(ActionFlow):
    """More about a ticket: words, photos, or both."""

    name = "ticket.add"
    note = Text(most=1000, catches=True)
    photos = Photos()

    def values(self) -> dict[str, Json]:
        return {"note": self.note}


class Speech(ActionFlow):
    """A colleague's words to the resident, and photos if there are any. See `speak`."""

    name = "ticket.tell"
    note = Text(most=4000)
    photos = Photos()

    def values(self) -> dict[str, Json]:
        return {"note": self.note}


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

    def values(self) -> dict[str, Json]:
        return {"reason": self.reason}


class Complaint(ActionFlow):
    """What is still wrong, when a resident reopens."""

    name = "ticket.reopen"
    wrong = Text(least=2, most=1000, catches=True)
    photos = Photos()

    def values(self) -> dict[str, Json]:
        return {"note": self.wrong}


class Opinion(ActionFlow):
    """More than the stars, for those who like to say more."""

    name = "ticket.opinion"
    speed = Stars().optional()
    manner = Stars().optional()

    def values(self) -> dict[str, Json]:
        return {"speed": self.speed, "manner": self.manner}


RATING = Timer("rating", (timedelta(hours=24), timedelta(hours=72), timedelta(hours=96)), acts="close")
"""How often a resident is asked for stars, until the ticket closes as unrated."""


UNDELIVERED = "undelivered"
"""The timer of a service that wants to know at once when a colleague's words did not reach the resident."""


def speak(frm: frozenset[StrEnum]) -> Action:
    """Any colleague says something to the resident while the ticket is in one of these states.

    The words are carried over with their photos, and the colleagues see whether they arrived.
    """
    return Action("tell", by=STAFF, frm=frm, asks=Speech, tells=frozenset({Audience.RESIDENT}))


def resident_actions(
    *,
    waiting: frozenset[StrEnum],
    working: frozenset[StrEnum],
    done: StrEnum,
    closed: StrEnum,
    cancelled: StrEnum,
    reopened: StrEnum,
    opinion: type[Opinion],
    clocks: tuple[str, ...],
    promises: tuple[str, ...],
) -> tuple[Action, ...]:
    """The resident's rows: `waiting` states may be cancelled, `working` ones too late for that.

    Cancelling stops the `clocks`, reopening starts the `promises` again.
    """
    running = waiting | working
    return (
        Action(
            "nudge",
            by=RESIDENT,
            frm=running,
            every=timedelta(hours=2),
            tells=frozenset({Audience.ASSIGNEE, Audience.GROUP}),
        ),
        Action("add", by=RESIDENT, frm=running | {done}, asks=Addition, tells=frozenset({Audience.ASSIGNEE})),
        Action(
            "cancel",
            by=RESIDENT,
            frm=waiting,
            to=cancelled,
            asks=Withdrawal,
            stops=clocks,
            tells=frozenset({Audience.ASSIGNEE}),
        ),
        Action("rate", by=RESIDENT, frm=frozenset({done, closed}), to=closed, stops=("rating",), hidden=True),
        Action("opinion", by=RESIDENT, frm=frozenset({closed}), asks=opinion, hidden=True),
        Action(
            "reopen",
            by=RESIDENT,
            frm=frozenset({done, closed}),
            to=reopened,
            asks=Complaint,
            frees=True,
            starts=promises,
            stops=("rating",),
            tells=frozenset({Audience.DUTY_LEAD}),
        ),
        Action(
            "close",
            by=frozenset({Role.CLOCK}),
            frm=frozenset({done}),
            to=closed,
            stops=("rating",),
            hidden=True,
        ),
    )
