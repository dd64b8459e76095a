"""A ticket's life as a table: who may move it, from where to where, what it asks for, whom it tells."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any

from flows.engine.form import Flow
from flows.engine.messages import Phrase


class Role(StrEnum):
    """Who acts on a ticket: staff by their roles, its resident, or the clock."""

    TECHNICIAN = "technician"
    ASSISTANT = "assistant"
    GUARD = "guard"
    DESK = "desk"
    DUTY_LEAD = "duty_lead"
    MANAGER = "manager"
    QUALITY = "quality"
    ADMINISTRATOR = "administrator"
    RESIDENT = "resident"
    CLOCK = "clock"


class Audience(StrEnum):
    """Who is told of a move."""

    RESIDENT = "resident"
    ASSIGNEE = "assignee"
    GROUP = "group"
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
    """Something to do at each of the times `after` an action, unless the ticket has moved on.

    Without such times it fires when the action's own answer `until` says. `calm` ones keep quiet hours.
    """

    name: str
    after: tuple[timedelta, ...] = ()
    calm: bool = True


@dataclass(frozen=True, slots=True)
class Action:
    """One row of the table.

    `to` None keeps the state. `own` restricts the roles that are not leads to the ticket's assignee;
    `takes` makes the actor the assignee, `frees` leaves it without one. `asks` is the flow that gets
    what the move needs. `holds` and `resumes` stop and restart every running clock. `hidden` actions have
    no button of their own. `every` is the shortest time between two of the same.
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


@dataclass(frozen=True, slots=True)
class Actor:
    """Who wants to move a ticket; `assignee` and `owner` say how they stand to it."""

    roles: frozenset[Role]
    assignee: bool = False
    owner: bool = False


class Refused(Exception):
    """A move that is not allowed; `reason` is a text key under `refused`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


LEADS = frozenset({Role.DUTY_LEAD, Role.MANAGER})


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a ticket's card; a `private` one is only for the one who took it."""

    label: Phrase
    value: Phrase | str
    private: bool = False


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """The table of one service.

    `lines` draws its details for a card; `story` names the detail that holds what the resident wrote.
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
    named: Mapping[str, Action] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "named", {action.name: action for action in self.actions})

    def clock(self, name: str) -> Clock | None:
        return next((clock for clock in self.clocks if clock.name == name), None)

    def timer(self, name: str) -> Timer | None:
        return next((timer for timer in self.timers if timer.name == name), None)

    def check(self, name: str, state: str, actor: Actor) -> Action:
        """The action, if this actor may do it now. Raises Refused('unknown'|'not_yours'|'moved_on')."""
        action = self.named.get(name)
        if action is None:
            raise Refused("unknown")
        if not permits(action, actor):
            raise Refused("not_yours")
        if state not in action.frm:
            raise Refused("moved_on")
        return action

    def allowed(self, state: str, actor: Actor) -> tuple[Action, ...]:
        """What this actor may do now, in the table's order."""
        return tuple(
            action
            for action in self.actions
            if state in action.frm and not action.hidden and permits(action, actor)
        )


def permits(action: Action, actor: Actor) -> bool:
    """Whether the table gives this actor the action at all."""
    if Role.RESIDENT in action.by and actor.owner:
        return True
    roles = action.by & actor.roles - {Role.RESIDENT}
    if not roles:
        return False
    return not action.own or actor.assignee or bool(roles & LEADS) or Role.CLOCK in roles
