"""A ticket's life as a table: who may move it, from where to where, what it asks for, whom it tells."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from typing import Any

from flows.engine.effects import Consequence, Moved
from flows.engine.form import Flow
from flows.engine.messages import Json, Phrase


class Role(StrEnum):
    """Who acts on a ticket: staff by their roles, its resident, the owner of its home, or the clock."""

    TECHNICIAN = "technician"
    ASSISTANT = "assistant"
    GUARD = "guard"
    DESK = "desk"
    DUTY_LEAD = "duty_lead"
    MANAGER = "manager"
    QUALITY = "quality"
    ADMINISTRATOR = "administrator"
    RESIDENT = "resident"
    OWNER = "owner"
    CLOCK = "clock"


OUTSIDERS = frozenset({Role.RESIDENT, Role.OWNER, Role.CLOCK})
"""Those who act without being staff."""


class Audience(StrEnum):
    """Who is told of a move.

    `OWNER` are the owners of the ticket's home other than its resident, `NEIGHBOURS` those who live above,
    below and beside it.
    """

    RESIDENT = "resident"
    OWNER = "owner"
    NEIGHBOURS = "neighbours"
    ASSIGNEE = "assignee"
    GROUP = "group"
    ASSISTANT = "assistant"
    DUTY_LEAD = "duty_lead"
    MANAGER = "manager"


@dataclass(frozen=True, slots=True)
class Stage:
    """At `share` of a clock's time (1.0 = the whole), `tells` are told."""

    share: float
    tells: Audience


@dataclass(frozen=True, slots=True)
class Clock:
    """A promise that runs: its stages tell somebody. `working` clocks run in service hours only.

    `span` is the promise where a community has set none of its own, `urgent` that of an emergency.
    """

    name: str
    span: timedelta
    urgent: timedelta
    stages: tuple[Stage, ...]
    working: bool = False


@dataclass(frozen=True, slots=True)
class Timer:
    """Something to do at each of the times `after` an action that starts it, until one stops it.

    Without such times it fires once: when an answer or a detail of the ticket by the name `at` says, less
    `before`; `again` repeats it for as long as nothing stops it. Each time it `tells` somebody, who is
    offered the actions `offers`; at the last time the clock carries out the action `acts` instead. `calm`
    ones keep quiet hours.
    """

    name: str
    after: tuple[timedelta, ...] = ()
    calm: bool = True
    at: str = "until"
    before: timedelta = timedelta()
    again: timedelta | None = None
    tells: frozenset[Audience] = frozenset()
    offers: tuple[str, ...] = ()
    acts: str = ""


@dataclass(frozen=True, slots=True)
class Action:
    """One row of the table.

    `to` None keeps the state. `own` restricts the roles that are not leads to the ticket's assignee;
    `takes` makes the actor the assignee, `frees` leaves it without one. `asks` is the flow that gets
    what the move needs. `holds` and `resumes` stop and restart every running clock. `hidden` actions have
    no button of their own. `every` is the shortest time between two of the same.

    `given` looks at the ticket's details and says whether the action is there at all. `keeps` names the
    answers that become details of the ticket, `sets` works out others, `drops` names the details that end
    with the move. `then` says what else follows from it. The resident, and an owner who is told, get a button
    for each action in `offers`. `alarms` makes the ticket an emergency, and `calms` ends that. What is
    `internal` does not stand on the resident's timeline.
    """

    name: str
    by: frozenset[Role]
    frm: frozenset[StrEnum]
    to: StrEnum | None = None
    asks: type[Flow] | None = None
    own: bool = False
    takes: bool = False
    frees: bool = False
    starts: tuple[str, ...] = ()
    stops: tuple[str, ...] = ()
    holds: bool = False
    resumes: bool = False
    tells: frozenset[Audience] = frozenset()
    hidden: bool = False
    every: timedelta | None = None
    given: Callable[[Mapping[str, Any]], bool] | None = None
    keeps: tuple[str, ...] = ()
    drops: tuple[str, ...] = ()
    sets: Callable[[Mapping[str, Any], Mapping[str, Json]], Mapping[str, Json]] | None = None
    then: Callable[[Moved], Sequence[Consequence]] | None = None
    offers: tuple[str, ...] = ()
    alarms: bool = False
    calms: bool = False
    internal: bool = False


@dataclass(frozen=True, slots=True)
class Actor:
    """Who wants to move a ticket, and how they stand to it.

    `assignee`: took it; `owner`: it is theirs; `landlord`: the ticket is another's, but the home is theirs.
    """

    roles: frozenset[Role]
    assignee: bool = False
    owner: bool = False
    landlord: bool = False


class Refused(Exception):
    """A move that is not allowed; `reason` is a text key under `refused`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


LEADS = frozenset({Role.DUTY_LEAD, Role.MANAGER})


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a card; a `private` one is only for the one who took it, an `internal` one for staff."""

    label: Phrase
    value: Phrase | str
    private: bool = False
    internal: bool = False


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """The table of one service.

    `lines` draws its details for a card; `story` names the detail that holds what the resident wrote.
    `rank` is its place in the menu; one that `insists` gets the words that have others' keywords in them.
    `routes` finds the group by the details, where it is not always `purpose`. `at_once` names the action that
    the clock carries out right after the opening, "" for none. `reply` is the action that a colleague's reply
    to the card stands for, where it is more than a note; in a `talk` every message of the resident is posted
    to the group. Only `readers` may open a ticket, or any colleague where there are none. Of a ticket that
    `hides`, name, phone and home are for `confidants` alone. `concerns` names the roles of the team that it
    is about: they neither read it nor act on it, except as managers. `strangers` need no home for it: it is
    how they get one, and does not stand in the menu.
    """

    kind: str
    purpose: str
    start: type[Flow]
    states: type[StrEnum]
    first: StrEnum
    final: frozenset[StrEnum]
    actions: tuple[Action, ...]
    clocks: tuple[Clock, ...] = ()
    timers: tuple[Timer, ...] = ()
    opening: tuple[str, ...] = ()
    story: str = "text"
    lines: Callable[[Mapping[str, Any]], tuple[Line, ...]] = lambda details: ()
    rank: int = 50
    insists: bool = False
    routes: Callable[[Mapping[str, Any]], str] | None = None
    at_once: Callable[[Mapping[str, Any]], str] | None = None
    reply: str = ""
    talk: bool = False
    readers: frozenset[Role] = frozenset()
    hides: Callable[[Mapping[str, Any]], bool] | None = None
    confidants: frozenset[Role] = frozenset()
    concerns: Callable[[Mapping[str, Any]], frozenset[Role]] | None = None
    strangers: bool = False
    named: Mapping[str, Action] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "named", {action.name: action for action in self.actions})

    @property
    def in_menu(self) -> bool:
        return not self.strangers

    def clock(self, name: str) -> Clock | None:
        return next((clock for clock in self.clocks if clock.name == name), None)

    def timer(self, name: str) -> Timer | None:
        return next((timer for timer in self.timers if timer.name == name), None)

    def group(self, details: Mapping[str, Any]) -> str:
        """The purpose of the group that works on a ticket with these details."""
        return self.purpose if self.routes is None else self.routes(details)

    def hidden(self, details: Mapping[str, Any]) -> bool:
        """Whether its resident wants to stay unnamed."""
        return self.hides is not None and self.hides(details)

    def knows(self, actor: Actor, details: Mapping[str, Any]) -> bool:
        """Whether this actor may know whose ticket it is, once there is a reason to."""
        roles = self._impartial(actor, details).roles
        return not self.hidden(details) or actor.owner or bool(roles & self.confidants)

    def reads(self, actor: Actor, details: Mapping[str, Any]) -> bool:
        """Whether this actor may look at such a ticket at all."""
        roles = self._impartial(actor, details).roles
        asked = actor.landlord and any(Role.OWNER in action.by for action in self.actions)
        return actor.owner or asked or bool(roles & (self.readers or roles))

    def concerned(self, details: Mapping[str, Any]) -> frozenset[Role]:
        """The roles of the team that a ticket is about."""
        return frozenset() if self.concerns is None else self.concerns(details)

    def _impartial(self, actor: Actor, details: Mapping[str, Any]) -> Actor:
        """The actor with the roles that count for this ticket."""
        concerned = bool(actor.roles & self.concerned(details))
        return replace(actor, roles=actor.roles & {Role.MANAGER}) if concerned else actor

    def check(self, name: str, state: str, actor: Actor, details: Mapping[str, Any]) -> Action:
        """The action, if this actor may do it now. Raises Refused('unknown'|'not_yours'|'moved_on')."""
        action = self.named.get(name)
        if action is None:
            raise Refused("unknown")
        if not permits(action, self._impartial(actor, details)):
            raise Refused("not_yours")
        if not stands(action, state, details):
            raise Refused("moved_on")
        return action

    def allowed(self, state: str, actor: Actor, details: Mapping[str, Any]) -> tuple[Action, ...]:
        """What this actor may do now, in the table's order."""
        actor = self._impartial(actor, details)
        return tuple(
            action
            for action in self.actions
            if stands(action, state, details) and not action.hidden and permits(action, actor)
        )


@dataclass(frozen=True, slots=True)
class Errand:
    """A service without tickets: a flow whose effects are all that comes of it.

    `flows` are others that it leads to. `strangers` says that nobody needs a home for it.
    """

    kind: str
    start: type[Flow]
    flows: tuple[type[Flow], ...] = ()
    rank: int = 50
    insists: bool = False
    strangers: bool = False

    @property
    def in_menu(self) -> bool:
        return not self.strangers


def stands(action: Action, state: str, details: Mapping[str, Any]) -> bool:
    """Whether a ticket is where the action can be done, whoever does it."""
    return state in action.frm and (action.given is None or action.given(details))


def permits(action: Action, actor: Actor) -> bool:
    """Whether the table gives this actor the action at all."""
    if (Role.RESIDENT in action.by and actor.owner) or (Role.OWNER in action.by and actor.landlord):
        return True
    roles = action.by & actor.roles - {Role.RESIDENT, Role.OWNER}
    if not roles:
        return False
    return not action.own or actor.assignee or bool(roles & LEADS) or Role.CLOCK in roles
