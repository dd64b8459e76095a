"""A resident talks with the assistant of their building, who answers from the group of colleagues."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from enum import StrEnum
from typing import Any

from flows.engine.effects import Effect, OpenTicket
from flows.engine.form import Flow
from flows.engine.lifecycle import Action, Audience, Clock, Lifecycle, Line, Timer
from flows.engine.messages import Phrase
from flows.engine.questions import HomeChoice, Photos, Text, parts
from flows.ticket import CLOCK, LADDER, RESIDENT, STAFF, TO_RESIDENT, UNDELIVERED, ActionFlow, speak


class Talk(Flow):
    """What the resident wants to say, sent off at once; photos are taken whenever they come."""

    name = "assistant"
    review = False
    message = Text(most=8000, catches=True)
    photos = Photos(most=9)
    home = HomeChoice()

    @photos.when
    def is_asked_for_photos(self) -> bool:
        return False

    def album(self) -> Photos:
        return Talk.photos

    def submit(self) -> Sequence[Effect]:
        pictures = tuple(photo.file for photo in Talk.photos.gathered(self))
        described = parts(self.stored(Talk.message))
        return (OpenTicket(self.name, self.home.id, False, {"text": self.message}, pictures, described),)


class Rejoinder(ActionFlow):
    """What the resident says to the assistant's answer."""

    name = "assistant.add"
    note = Text(most=4000, catches=True)
    photos = Photos()

    @photos.when
    def is_asked_for_photos(self) -> bool:
        return False

    def album(self) -> Photos:
        return Rejoinder.photos


def lines(stored: Mapping[str, Any]) -> tuple[Line, ...]:
    """The words that the talk began with, as its card shows them."""
    return (Line(Phrase("assistant.message.label"), str(stored["text"])),)


class State(StrEnum):
    OPEN = "open"
    ANSWERED = "answered"
    CLOSED = "closed"


ANY = frozenset(State)
RUNNING = frozenset({State.OPEN, State.ANSWERED})

LIFECYCLE = Lifecycle(
    kind="assistant",
    purpose="care",
    rank=60,
    start=Talk,
    states=State,
    first=State.OPEN,
    final=frozenset({State.CLOSED}),
    opening=("respond",),
    lines=lines,
    reply="answer",
    talk=True,
    clocks=(Clock("respond", timedelta(minutes=30), timedelta(minutes=10), LADDER, working=True),),
    timers=(
        Timer("quiet", (timedelta(days=3),), acts="close"),
        Timer(UNDELIVERED, calm=False, acts=UNDELIVERED),
    ),
    actions=(
        replace(
            speak(ANY),
            name="answer",
            to=State.ANSWERED,
            starts=("quiet",),
            stops=("respond",),
            calms=True,
            offers=("add",),
        ),
        Action(
            "settle",
            by=STAFF,
            frm=RUNNING,
            to=State.CLOSED,
            stops=("respond", "quiet"),
            tells=TO_RESIDENT,
        ),
        Action(
            "add",
            by=RESIDENT,
            frm=ANY,
            to=State.OPEN,
            asks=Rejoinder,
            starts=("respond",),
            stops=("quiet",),
        ),
        Action("nod", by=RESIDENT, frm=frozenset({State.ANSWERED}), hidden=True),
        Action(
            "urgent",
            by=RESIDENT,
            frm=RUNNING,
            to=State.OPEN,
            every=timedelta(minutes=10),
            alarms=True,
            starts=("respond",),
            stops=("respond", "quiet"),
            tells=frozenset({Audience.DUTY_LEAD, Audience.GROUP}),
        ),
        Action("thanks", by=RESIDENT, frm=RUNNING, to=State.CLOSED, stops=("respond", "quiet")),
        Action(
            UNDELIVERED,
            by=CLOCK,
            frm=frozenset({State.ANSWERED}),
            to=State.OPEN,
            starts=("respond",),
            stops=("quiet",),
            hidden=True,
            internal=True,
        ),
        Action(
            "close",
            by=CLOCK,
            frm=frozenset({State.ANSWERED}),
            to=State.CLOSED,
            stops=("quiet",),
            hidden=True,
        ),
    ),
)
