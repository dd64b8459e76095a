"""Somebody without a code asks to be let in: staff look into what they say, and decide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Any

from flows.engine.effects import Consequence, Effect, Join, Moved, OpenTicket
from flows.engine.form import Flow
from flows.engine.lifecycle import Action, Audience, Clock, Lifecycle, Line, Role, Stage
from flows.engine.messages import Json, Phrase
from flows.engine.questions import Choice, HomeSearch, Phone, Photos, Text, parts
from flows.ticket import LADDER, RESIDENT, TO_ASSIGNEE, TO_GROUP, ActionFlow, Addition, Reason, Withdrawal


class Standing(StrEnum):
    """As what somebody says that they belong to a home."""

    OWNER = "owner"
    TENANT = "tenant"
    FAMILY = "family"


class Membership(Flow):
    """Which home, as what, and who it is; then, in their own words, how anybody can tell."""

    name = "membership"
    wants = frozenset({"found", "consent"})
    home = HomeSearch()
    standing = Choice(Standing)
    person = Text(most=40)
    phone = Phone()
    statement = Text(least=4, most=1000)
    papers = Photos(most=5)
    wish = Text(most=1000, catches=True).optional()

    def submit(self) -> Sequence[Effect]:
        details: dict[str, Json] = {
            "standing": self.standing.value,
            "name": self.person,
            "phone": self.phone,
            "text": self.statement,
            "wish": self.wish or "",
        }
        pictures = tuple(photo.file for photo in self.papers)
        described = parts(self.stored(Membership.statement))
        return (
            OpenTicket(
                self.name, self.home.id, urgent=False, details=details, photos=pictures, described=described
            ),
        )


class Inquiry(ActionFlow):
    """What staff still want to know; the answer is added to the request."""

    name = "membership.inquiry"
    note = Text(least=2, most=500)


def lines(stored: Mapping[str, Any]) -> tuple[Line, ...]:
    """A request as its card shows it; who it is from only to the one who looks into it."""
    wish = (Line(Phrase("membership.wish.label"), str(stored["wish"])),) if stored["wish"] else ()
    return (
        Line(Phrase("membership.standing.label"), Phrase(f"membership.standing.{stored['standing']}")),
        Line(Phrase("membership.statement.label"), str(stored["text"]), private=True),
        Line(Phrase("membership.person.label"), str(stored["name"]), private=True),
        Line(
            Phrase("membership.phone.label"),
            Phrase("engine.phone", {"number": stored["phone"]}),
            private=True,
        ),
        *wish,
    )


class State(StrEnum):
    NEW = "new"
    CHECKING = "checking"
    APPROVED = "approved"
    DECLINED = "declined"
    CANCELLED = "cancelled"


def joins(moved: Moved) -> Sequence[Consequence]:
    """Who asked belongs to the home as what they said."""
    return (Join(str(moved.details["standing"])),)


CARE = frozenset({Role.ASSISTANT, Role.DESK, Role.DUTY_LEAD, Role.MANAGER})
WAITING = frozenset({State.NEW, State.CHECKING})
TO_RESIDENT = frozenset({Audience.RESIDENT})
CLOCKS = ("respond", "resolve")

LIFECYCLE = Lifecycle(
    kind="membership",
    purpose="care",
    start=Membership,
    states=State,
    first=State.NEW,
    final=frozenset({State.APPROVED, State.DECLINED, State.CANCELLED}),
    opening=CLOCKS,
    lines=lines,
    rank=80,
    strangers=True,
    clocks=(
        Clock("respond", timedelta(hours=2), timedelta(hours=2), LADDER, working=True),
        Clock(
            "resolve",
            timedelta(hours=8),
            timedelta(hours=8),
            (Stage(1.0, Audience.ASSIGNEE), Stage(1.5, Audience.DUTY_LEAD), Stage(2.0, Audience.MANAGER)),
            working=True,
        ),
    ),
    actions=(
        Action(
            "accept",
            by=CARE,
            frm=frozenset({State.NEW}),
            to=State.CHECKING,
            takes=True,
            stops=("respond",),
            tells=TO_RESIDENT,
        ),
        Action(
            "approve",
            by=CARE,
            frm=frozenset({State.CHECKING}),
            to=State.APPROVED,
            own=True,
            stops=CLOCKS,
            tells=TO_RESIDENT | {Audience.OWNER},
            then=joins,
        ),
        Action(
            "inquire",
            by=CARE,
            frm=frozenset({State.CHECKING}),
            own=True,
            asks=Inquiry,
            tells=TO_RESIDENT,
            offers=("add",),
        ),
        Action(
            "decline",
            by=CARE,
            frm=frozenset({State.CHECKING}),
            to=State.DECLINED,
            own=True,
            asks=Reason,
            stops=CLOCKS,
            tells=TO_RESIDENT,
        ),
        Action(
            "nudge",
            by=RESIDENT,
            frm=WAITING,
            every=timedelta(hours=2),
            tells=TO_ASSIGNEE | TO_GROUP,
        ),
        Action("add", by=RESIDENT, frm=WAITING, asks=Addition, tells=TO_ASSIGNEE),
        Action(
            "cancel",
            by=RESIDENT,
            frm=WAITING,
            to=State.CANCELLED,
            asks=Withdrawal,
            stops=CLOCKS,
            tells=TO_ASSIGNEE,
        ),
    ),
)
