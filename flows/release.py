"""Something large is to leave through the gate: a code for the guard, good for the hours of the move."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Any

from flows.engine import when
from flows.engine.effects import Act, Consequence, Effect, EndPasses, IssuePass, Moved, OpenTicket
from flows.engine.form import Flow
from flows.engine.lifecycle import Action, Audience, Clock, Lifecycle, Line, Role, Timer
from flows.engine.messages import Heard, Json, Option, Phrase, Picked, Rejected, Said, Told
from flows.engine.questions import Form, HomeChoice, Photos, Question, Text, Unanswered, YesNo, parts
from flows.engine.when import Window
from flows.ticket import (
    CLOCK,
    LADDER,
    OWNER,
    RATING,
    RESIDENT,
    TO_RESIDENT,
    ActionFlow,
    Reason,
    resident_actions,
)

HOURS = ("07:00", "22:00")
"""When goods may pass the gate, where a community has set no hours of its own."""
OFFERED = timedelta(hours=5)
AT_LEAST = timedelta(hours=2)
NOW = "asap"


class Passage(Question[Window]):
    """When the goods leave: the rest of today, a part of a day, or hours as people say them."""

    def options(self, form: Form) -> tuple[Option, ...]:
        soon = Option(NOW, Phrase(f"{self.key}.asap"))
        return (soon, *(Option(_name(one), _shown(one)) for one in self._offered(form)))

    def texts(self) -> tuple[str, ...]:
        return (*super().texts(), f"{self.key}.asap", f"{self.key}.closed")

    def load(self, stored: Json, form: Form) -> Window:
        match stored:
            case {"start": str(start), "end": str(end)}:
                try:
                    window = Window(datetime.fromisoformat(start), datetime.fromisoformat(end))
                    if window.end > form.facts.now:
                        return window
                except (ValueError, TypeError):
                    pass
        raise Unanswered

    def hear(self, heard: Heard, form: Form) -> Json:
        match heard:
            case Picked(value="asap"):
                return _stored(self._soon(form))
            case Picked(value=value):
                for window in self._offered(form):
                    if _name(window) == value:
                        return _stored(window)
                raise Rejected("slot_gone")
            case Said(text=text) if when.asap(text):
                return _stored(self._soon(form))
            case Said(text=text):
                return self._spoken(text, form)
        raise Rejected("not_a_time")

    def show(self, answer: Window, form: Form) -> Phrase | str:
        return _shown(answer)

    def _spoken(self, text: str, form: Form) -> Json:
        opens, closes = _hours(form)
        try:
            return _stored(when.understand(text, form.facts.now, opens=opens, closes=closes, length=AT_LEAST))
        except when.Unclear as unclear:
            if unclear.key == "closed":
                hours = {"opens": f"{opens:%H:%M}", "closes": f"{closes:%H:%M}"}
                raise Told(Phrase(f"{self.key}.closed", hours)) from None
            raise Rejected(unclear.key) from None

    def _offered(self, form: Form) -> tuple[Window, ...]:
        opens, closes = _hours(form)
        return when.windows(form.facts.now, days=2, opens=opens, closes=closes, length=OFFERED)[:5]

    def _soon(self, form: Form) -> Window:
        """From now until the gate closes, two hours at least."""
        now = form.facts.now.replace(second=0, microsecond=0)
        closes = datetime.combine(now.date(), _hours(form)[1], now.tzinfo)
        return Window(now, max(closes, now + AT_LEAST))


def _hours(form: Form) -> tuple[time, time]:
    """Between which hours goods may pass the gate."""
    opens, closes = form.facts.terms.get("release", {}).get("hours", HOURS)
    return time.fromisoformat(opens), time.fromisoformat(closes)


def _name(window: Window) -> str:
    return window.start.isoformat(timespec="minutes")


def _shown(window: Window) -> Phrase:
    return Phrase("engine.slot", {"window": window})


def _stored(window: Window) -> dict[str, Json]:
    return {"start": window.start.isoformat(), "end": window.end.isoformat()}


class Release(Flow):
    """What leaves, when, and with whom. Of a home that is not theirs, its owner has to agree."""

    name = "release"
    home = HomeChoice()
    goods = Text(least=2, most=2000, catches=True)
    photos = Photos()
    window = Passage()
    vehicle = Text(least=2, most=100).optional()

    def submit(self) -> Sequence[Effect]:
        terms, window = self.facts.terms.get(self.name, {}), self.window
        details: dict[str, Json] = {
            "text": self.goods,
            "start": window.start.isoformat(),
            "until": window.end.isoformat(),
            "vehicle": self.vehicle or "",
            "lets": self.home.role != "owner",
            "approval": bool(terms.get("approval") or terms.get("arrears")),
            "arrears": bool(terms.get("arrears")),
        }
        pictures = tuple(photo.file for photo in Release.photos.gathered(self))
        described = parts(self.stored(Release.goods))
        return (OpenTicket(self.name, self.home.id, False, details, pictures, described),)


class Inspection(ActionFlow):
    """Are these the goods on the list? What is not on it does not leave."""

    name = "release.inspection"
    match = YesNo()
    reason = Text(least=2, most=500).where(match, False)
    photos = Photos()

    def submit(self) -> Sequence[Effect]:
        ticket = int(str(self.facts.about["ticket"]))
        action = "release" if self.match else "refuse"
        return (Act(ticket, action, self.values(), self.pictures()),)


class Word(ActionFlow):
    """The owner agreed in another way: who heard it, and how."""

    name = "release.word"
    note = Text(least=2, most=300)


class Objection(ActionFlow):
    """Why the owner does not agree, if they like to say so."""

    name = "release.objection"
    reason = Text(least=2, most=300).optional()


class Settling(ActionFlow):
    """What was done about it, when a resident was not content; they read it."""

    name = "release.settling"
    note = Text(least=2, most=500)


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


def lines(stored: Mapping[str, Any]) -> tuple[Line, ...]:
    """A release as its card shows it."""
    window = Window(datetime.fromisoformat(stored["start"]), datetime.fromisoformat(stored["until"]))
    found = [
        Line(Phrase("release.goods.label"), str(stored["text"])),
        Line(Phrase("release.window.label"), _shown(window)),
    ]
    if stored.get("vehicle"):
        found.append(Line(Phrase("release.vehicle.label"), str(stored["vehicle"])))
    if stored.get("arrears"):
        found.append(Line(Phrase("release.arrears.label"), Phrase("release.arrears.check"), internal=True))
    return tuple(found)


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


def taken_back(moved: Moved) -> Sequence[Consequence]:
    return (EndPasses(),)


def used_up(moved: Moved) -> Sequence[Consequence]:
    return (EndPasses(used=True),)


def as_it_is(moved: Moved) -> Sequence[Consequence]:
    """Nothing new: the pass that is there is shown again."""
    return ()


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
    clocks=(
        Clock(
            "respond",
            timedelta(hours=2),
            timedelta(hours=1),
            LADDER,
            working=True,
        ),
    ),
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
