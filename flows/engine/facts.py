"""What is known about the person and the moment when a turn is taken: frozen, loaded by the shell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from flows.engine.messages import Json
from flows.engine.when import Window


@dataclass(frozen=True, slots=True)
class Home:
    """A home the resident may speak for."""

    id: int
    name: str
    community: int


@dataclass(frozen=True, slots=True)
class Facts:
    """The world as one turn sees it: `now` in the community's time zone, `hotline` for emergencies."""

    now: datetime
    homes: tuple[Home, ...] = ()
    phones: tuple[str, ...] = ()
    slots: tuple[Window, ...] = ()
    opens: str = "08:00"
    closes: str = "20:00"
    hotline: str = ""
    about: Mapping[str, Json] = field(default_factory=dict)
