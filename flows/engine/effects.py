"""What a finished flow asks the shell to do; nothing here does it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from flows.engine.messages import Json


@dataclass(frozen=True, slots=True)
class OpenTicket:
    """Open a ticket of `kind` for `home`; `described` are the resident's own messages, for later edits."""

    kind: str
    home: int
    urgent: bool
    details: Mapping[str, Json]
    photos: tuple[int, ...] = ()
    described: tuple[tuple[str, str], ...] = ()
    follows: int | None = None


@dataclass(frozen=True, slots=True)
class Act:
    """Carry out an action on a ticket with what was asked for it."""

    ticket: int
    action: str
    values: Mapping[str, Json] = field(default_factory=dict)
    photos: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Lead:
    """Go on with another service, to which belongs what was said so far; `described` was said last."""

    kind: str
    described: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Deed:
    """Something to be done with the resident's own record; `name` is one of `handlers.people.deeds`."""

    name: str
    values: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class IssuePass:
    """Give the ticket that moved a pass: a short code and its QR, good from `since` to `until`.

    `kind` says what it opens ("permit", "worker", "release"), `label` whose it is, such as a worker's name.
    """

    kind: str
    since: datetime
    until: datetime
    label: str = ""


@dataclass(frozen=True, slots=True)
class EndPasses:
    """The ticket's passes open nothing any more; `used` says that they served their purpose."""

    used: bool = False


@dataclass(frozen=True, slots=True)
class Join:
    """The ticket's resident belongs to its home from now on, as `role`: "owner", "tenant" or "family"."""

    role: str


Effect: TypeAlias = OpenTicket | Act | Lead | Deed
"""What a finished flow asks for."""
Consequence: TypeAlias = OpenTicket | IssuePass | EndPasses | Join
"""What a move of a ticket brings with it."""


@dataclass(frozen=True, slots=True)
class Moved:
    """A ticket right after a move: `details` as they are now, `values` what the move was given.

    `now` is in the community's time zone.
    """

    ticket: int
    home: int
    details: Mapping[str, Any]
    values: Mapping[str, Json]
    now: datetime
