"""What a finished flow asks the shell to do; nothing here does it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

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


@dataclass(frozen=True, slots=True)
class Act:
    """Carry out an action on a ticket with what was asked for it."""

    ticket: int
    action: str
    values: Mapping[str, Json] = field(default_factory=dict)
    photos: tuple[int, ...] = ()


Effect: TypeAlias = OpenTicket | Act
