"""What is there already and what an import makes of it, before any of it is written down."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from handlers.importing.concepts import Row
from handlers.importing.findings import Findings

Named: TypeAlias = tuple[str, str]
"""Something by its community's code and its own name."""
Counts: TypeAlias = Counter[tuple[str, str]]
"""How many of what are "new" or "changed"."""


@dataclass(slots=True)
class Place:
    """A community; without an `id` it is new."""

    id: int | None
    code: str
    name: str
    name_en: str
    timezone: str
    settings: Mapping[str, Any]
    changed: bool = False


@dataclass(slots=True)
class Door:
    """A home and the name of its building."""

    id: int | None
    building: str
    changed: bool = False


@dataclass(slots=True)
class Living:
    """Somebody's place in a home."""

    id: int | None
    role: str
    since: datetime
    until: datetime | None = None
    changed: bool = False


@dataclass(slots=True)
class Number:
    """A phone number of a resident; `rank` is what is written down of its place among the others."""

    id: int | None
    number: str
    rank: int


@dataclass(slots=True, eq=False)
class Person:
    """A resident; `row` is where the file first speaks of them, `wanted` their phones as it orders them."""

    id: int | None
    name: str
    locale: str | None
    phones: list[Number] = field(default_factory=list)
    lives: dict[Named, Living] = field(default_factory=dict)
    row: Row | None = None
    wanted: list[str] = field(default_factory=list)
    changed: bool = False
    redialled: bool = False
    log: list[tuple[str, str | None, str | None]] = field(default_factory=list)

    @property
    def first(self) -> str:
        """The number to call first."""
        return self.wanted[0] if self.wanted else next((one.number for one in self.phones), "")


@dataclass(slots=True, eq=False)
class Worker:
    """A member of staff; `roles` are (community, role), of which `hired` are new."""

    id: int | None
    name: str
    name_en: str
    phone: str | None
    left: datetime | None
    roles: set[Named] = field(default_factory=set)
    hired: list[Named] = field(default_factory=list)
    row: Row | None = None
    changed: bool = False


@dataclass(slots=True)
class Duty:
    """A shift."""

    id: int | None
    community: str
    worker: Worker
    role: str
    starts_at: datetime
    ends_at: datetime
    changed: bool = False


@dataclass(slots=True)
class Plan:
    """Everything that is known, with what the file adds to it and changes in it.

    `assistants` are those the buildings have, `assigned` those they get.
    """

    now: datetime
    findings: Findings
    places: dict[str, Place] = field(default_factory=dict)
    brought: set[str] = field(default_factory=set)
    buildings: dict[Named, int | None] = field(default_factory=dict)
    assistants: dict[Named, int | None] = field(default_factory=dict)
    assigned: dict[Named, Worker] = field(default_factory=dict)
    homes: dict[Named, Door] = field(default_factory=dict)
    people: list[Person] = field(default_factory=list)
    workers: list[Worker] = field(default_factory=list)
    duties: list[Duty] = field(default_factory=list)
    counts: Counts = field(default_factory=Counter)

    def place(self, row: Row, code: str | None) -> Place | None:
        """The community a row speaks of: where there is only one it need not be written."""
        if code is None:
            found = self._only()
            if found is None:
                self.findings.fault("which_community", row.at("community"), items=sorted(self.places))
            return found
        if code not in self.places:
            self.findings.fault("no_community", row.at("community"), value=code, items=sorted(self.places))
        return self.places.get(code)

    def _only(self) -> Place | None:
        """The file's only community, else the only one there is."""
        codes = self.brought or set(self.places)
        return self.places[next(iter(codes))] if len(codes) == 1 else None


@dataclass(slots=True)
class Once:
    """What a sheet has said already: the same again is passed over, something else is a fault."""

    findings: Findings
    column: str
    said: dict[Hashable, tuple[object, Row]] = field(default_factory=dict)

    def first(self, row: Row, key: Hashable, content: object) -> bool:
        """Whether this is the first time."""
        before = self.said.setdefault(key, (content, row))
        if before[1] is row:
            return True
        if before[0] != content:
            self.findings.fault("twice", row.at(self.column), other=before[1].at(self.column))
        return False
