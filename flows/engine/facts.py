"""What is known about the person and the moment when a turn is taken: frozen, loaded by the shell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from flows.engine.messages import Json
from flows.engine.when import Window


@dataclass(frozen=True, slots=True)
class Home:
    """A home, and as what the resident may speak for it: "owner", "tenant" or "family"."""

    id: int
    name: str
    community: int
    role: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """The world as one turn sees it: `now` in the community's time zone, `hotline` for emergencies; on days
    `off` within reach nobody serves.

    `about` is the draft's own, `details` those of the ticket it is about. `terms` are what the community has
    set for each service, by its kind. Only who asks for it (`Flow.wants`) gets `record`, what is held of the
    resident, and `found`, the homes that match what was just said.
    """

    now: datetime
    homes: tuple[Home, ...] = ()
    phones: tuple[str, ...] = ()
    slots: tuple[Window, ...] = ()
    opens: str = "08:00"
    closes: str = "20:00"
    off: frozenset[date] = frozenset()
    hotline: str = ""
    about: Mapping[str, Json] = field(default_factory=dict)
    terms: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    record: Mapping[str, Any] = field(default_factory=dict)
    found: tuple[Home, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)
