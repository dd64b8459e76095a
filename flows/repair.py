"""Something is broken, at home or in a shared part of the building."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from flows.engine.effects import Effect, OpenTicket
from flows.engine.form import Flow
from flows.engine.lifecycle import Action, Audience, Clock, Lifecycle, Line, Role, Stage, Timer
from flows.engine.messages import Json, Phrase
from flows.engine.questions import Choice, Form, HomeChoice, Phone, Photos, Several, Slot, Text, YesNo, parts
from flows.engine.when import Window
from flows.ticket import (
    LADDER,
    RATING,
    RESIDENT,
    TO_ASSIGNEE,
    TO_GROUP,
    TO_RESIDENT,
    ActionFlow,
    Rating,
    Reason,
    resident_actions,
)


class Place(StrEnum):
    HOME = "home"
    SHARED = "shared"


class Trade(StrEnum):
    WATER = "water"
    ELECTRICITY = "electricity"
    GAS = "gas"
    LIFT = "lift"
    DOORS = "doors"
    LEAKS = "leaks"
    DRAINS = "drains"
    APPLIANCE = "appliance"
    OTHER = "other"


DANGEROUS = (Trade.WATER, Trade.ELECTRICITY, Trade.GAS, Trade.LIFT, Trade.LEAKS)


class Hazard(YesNo):
    """Is anybody in danger? Asked in the words of the trade; a yes brings the safety advice at once."""

    def prompt(self, form: Form) -> Phrase:
        return Phrase(f"{self.key}.{form.answer(Repair.trade).value}")

    def texts(self) -> tuple[str, ...]:
        trades = [f"{self.key}.{trade.value}" for trade in DANGEROUS]
        advice = [f"{self.key}.advice.{trade.value}" for trade in DANGEROUS]
        return (f"{self.key}.label", *trades, *advice)

    def remark(self, answer: bool, form: Form) -> Phrase | None:
        if not answer:
            return None
        advice = Phrase(f"{self.key}.advice.{form.answer(Repair.trade).value}")
        return Phrase("repair.danger", {"advice": advice, "hotline": form.facts.hotline})


class Repair(Flow):
    """The questions of a repair. An emergency is not asked for photos, a time or a second look.

    Photos that come all the same are taken, whatever they are sent in answer to.
    """

    name = "repair"
    home = HomeChoice()
    place = Choice(Place)
    trade = Choice(Trade)
    hazard = Hazard()
    details = Text(least=2, most=8000, catches=True)
    photos = Photos(most=9)
    visit = Slot()
    phone = Phone()

    @hazard.when
    def can_be_dangerous(self) -> bool:
        return self.trade in DANGEROUS

    @photos.when
    def can_wait_for_photos(self) -> bool:
        return not self.urgent

    @visit.when
    def is_visited_at_home(self) -> bool:
        return self.place is Place.HOME and not self.urgent

    @property
    def urgent(self) -> bool:
        return self.can_be_dangerous() and self.hazard

    def reviewed(self) -> bool:
        return not self.urgent

    def album(self) -> Photos:
        return Repair.photos

    def submit(self) -> Sequence[Effect]:
        details = Details(self.place, self.trade, self.urgent, self.details, self.phone, self._window())
        pictures = tuple(photo.file for photo in Repair.photos.gathered(self))
        described = parts(self.stored(Repair.details))
        return (OpenTicket(self.name, self.home.id, self.urgent, details.to_json(), pictures, described),)

    def _window(self) -> Window | None:
        return self.visit.window if self.is_visited_at_home() else None


@dataclass(frozen=True, slots=True)
class Details:
    """What a repair ticket keeps: `visit` None is as soon as possible."""

    place: Place
    trade: Trade
    hazard: bool
    text: str
    phone: str
    visit: Window | None = None

    def to_json(self) -> dict[str, Json]:
        window = self.visit
        return {
            "place": self.place.value,
            "trade": self.trade.value,
            "hazard": self.hazard,
            "text": self.text,
            "phone": self.phone,
            "visit": None if window is None else [window.start.isoformat(), window.end.isoformat()],
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Details:
        """Raises KeyError or ValueError on what no repair can have written."""
        visit = stored.get("visit")
        window = Window(*(datetime.fromisoformat(at) for at in visit)) if visit else None
        return cls(
            Place(stored["place"]),
            Trade(stored["trade"]),
            bool(stored["hazard"]),
            str(stored["text"]),
            str(stored["phone"]),
            window,
        )


def lines(stored: Mapping[str, Any]) -> tuple[Line, ...]:
    """A repair as its card shows it."""
    details = Details.from_json(stored)
    visit = (
        Phrase("engine.asap") if details.visit is None else Phrase("engine.slot", {"window": details.visit})
    )
    where = Phrase(
        "repair.where",
        {
            "place": Phrase(f"repair.place.{details.place.value}"),
            "trade": Phrase(f"repair.trade.{details.trade.value}"),
        },
    )
    return (
        Line(Phrase("repair.trade.label"), where),
        Line(Phrase("repair.details.label"), details.text),
        Line(Phrase("repair.visit.label"), visit),
        Line(Phrase("repair.phone.label"), Phrase("engine.phone", {"number": details.phone}), private=True),
    )


class State(StrEnum):
    NEW = "new"
    ACCEPTED = "accepted"
    ON_THE_WAY = "on_the_way"
    ARRIVED = "arrived"
    PAUSED = "paused"
    DONE = "done"
    CLOSED = "closed"
    CANCELLED = "cancelled"
    REOPENED = "reopened"


class Care(StrEnum):
    """What staff promise to do in a home."""

    COVERS = "covers"
    MAT = "mat"
    CLEAN = "clean"
    PRICE = "price"


class Finish(ActionFlow):
    """What the technician did, and whether the promises of a visit were kept."""

    name = "repair.finish"
    checklist = Several(Care)
    work = Text(least=2, most=500)
    photos = Photos()

    def values(self) -> dict[str, Json]:
        return {"checklist": [care.value for care in Care if care in self.checklist], "work": self.work}


class Pause(ActionFlow):
    """Why work stops, and until when."""

    name = "repair.pause"
    reason = Text(least=2, most=300)
    until = Slot(asap=False)

    def values(self) -> dict[str, Json]:
        window = self.until.window
        return {"reason": self.reason, "until": None if window is None else window.start.isoformat()}


class RepairOpinion(Rating):
    """The resident's view of a visit, with the promise about shoe covers and mat."""

    name = "repair.opinion"
    covers = YesNo().optional()
    comment = Text(most=500).optional()


WORKERS = frozenset({Role.TECHNICIAN, Role.DUTY_LEAD, Role.MANAGER})
DESK = frozenset({Role.DESK, Role.DUTY_LEAD, Role.MANAGER})
WAITING = frozenset({State.NEW, State.REOPENED, State.ACCEPTED, State.ON_THE_WAY, State.PAUSED})
WORKING = frozenset({State.ARRIVED})
ALL_CLOCKS = ("respond", "resolve", "arrival", "wake")

LIFECYCLE = Lifecycle(
    kind="repair",
    purpose="repair",
    rank=10,
    start=Repair,
    states=State,
    first=State.NEW,
    final=frozenset({State.CLOSED, State.CANCELLED}),
    opening=("respond", "resolve"),
    lines=lines,
    clocks=(
        Clock("respond", timedelta(minutes=15), timedelta(minutes=20), LADDER, working=True),
        Clock(
            "resolve",
            timedelta(hours=24),
            timedelta(hours=4),
            (Stage(1.0, Audience.ASSIGNEE), Stage(1.25, Audience.DUTY_LEAD), Stage(1.5, Audience.MANAGER)),
        ),
    ),
    timers=(
        Timer("arrival", (timedelta(minutes=10),), calm=False, tells=TO_RESIDENT, offers=("met", "waiting")),
        Timer("wake", calm=False, acts="resume"),
        RATING,
    ),
    actions=(
        Action(
            "accept",
            by=WORKERS,
            frm=frozenset({State.NEW, State.REOPENED}),
            to=State.ACCEPTED,
            takes=True,
            stops=("respond",),
            tells=TO_RESIDENT,
        ),
        Action(
            "depart",
            by=WORKERS,
            frm=frozenset({State.ACCEPTED}),
            to=State.ON_THE_WAY,
            own=True,
            starts=("arrival",),
            tells=TO_RESIDENT,
        ),
        Action(
            "arrive",
            by=WORKERS,
            frm=frozenset({State.ACCEPTED, State.ON_THE_WAY}),
            to=State.ARRIVED,
            own=True,
            stops=("arrival",),
            tells=TO_RESIDENT,
        ),
        Action(
            "finish",
            by=WORKERS,
            frm=frozenset({State.ARRIVED}),
            to=State.DONE,
            own=True,
            asks=Finish,
            starts=("rating",),
            stops=ALL_CLOCKS,
            tells=TO_RESIDENT,
        ),
        Action(
            "pause",
            by=WORKERS,
            frm=frozenset({State.ACCEPTED, State.ON_THE_WAY, State.ARRIVED}),
            to=State.PAUSED,
            own=True,
            asks=Pause,
            holds=True,
            starts=("wake",),
            stops=("arrival",),
            tells=TO_RESIDENT,
        ),
        Action(
            "resume",
            by=WORKERS | {Role.CLOCK},
            frm=frozenset({State.PAUSED}),
            to=State.ACCEPTED,
            own=True,
            resumes=True,
            stops=("wake",),
            tells=TO_RESIDENT | TO_ASSIGNEE,
        ),
        Action(
            "transfer",
            by=WORKERS,
            frm=frozenset({State.ACCEPTED, State.ON_THE_WAY, State.ARRIVED, State.PAUSED}),
            to=State.NEW,
            own=True,
            asks=Reason,
            frees=True,
            resumes=True,
            starts=("respond",),
            stops=("arrival", "wake"),
            tells=TO_RESIDENT | TO_GROUP,
        ),
        Action(
            "withdraw",
            by=DESK,
            frm=WAITING | WORKING,
            to=State.CANCELLED,
            asks=Reason,
            stops=ALL_CLOCKS,
            tells=TO_RESIDENT | TO_ASSIGNEE,
        ),
        Action(
            "waiting",
            by=RESIDENT,
            frm=frozenset({State.ON_THE_WAY}),
            tells=frozenset({Audience.ASSIGNEE, Audience.DUTY_LEAD}),
            hidden=True,
        ),
        Action("met", by=RESIDENT, frm=frozenset({State.ON_THE_WAY}), hidden=True),
        *resident_actions(
            waiting=WAITING,
            working=WORKING,
            done=State.DONE,
            closed=State.CLOSED,
            cancelled=State.CANCELLED,
            reopened=State.REOPENED,
            opinion=RepairOpinion,
            clocks=ALL_CLOCKS,
            promises=("respond", "resolve"),
        ),
    ),
)
