"""What can be imported: a sheet for each concept, and the columns it has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum

from flows import catalogue
from flows.engine.lifecycle import Role
from handlers.importing import cells, moments
from handlers.importing.cells import Raw, Reader
from handlers.importing.findings import Wrong

HOME_ROLES = ("owner", "tenant", "family")
STAFF_ROLES = tuple(role.value for role in Role if role not in (Role.RESIDENT, Role.CLOCK))

YES_NO = ("yes", "no")


class Concept(StrEnum):
    """The sheets, in the order in which they build upon each other."""

    COMMUNITIES = "communities"
    BUILDINGS = "buildings"
    HOMES = "homes"
    RESIDENTS = "residents"
    STAFF = "staff"
    SHIFTS = "shifts"


class Kind(StrEnum):
    """What a column holds, as far as a spreadsheet program cares."""

    TEXT = "text"
    NUMBER = "number"
    DAY = "day"
    MOMENT = "moment"


@dataclass(frozen=True, slots=True)
class Column:
    """`choices` are the only values there are; with `several`, commas stand between them.

    `width` is in letters of the sheet's own font.
    """

    name: str
    read: Reader = cells.text
    required: bool = False
    kind: Kind = Kind.TEXT
    choices: tuple[str, ...] = ()
    several: bool = False
    width: int = 16


@dataclass(frozen=True, slots=True)
class Row:
    """Where a row stands: `letters` are those of its columns."""

    sheet: str
    number: int
    letters: Mapping[str, str]

    def at(self, column: str) -> str:
        """A cell as spreadsheets name it, such as residents!C7."""
        return f"{self.sheet}!{self.letters.get(column, 'A')}{self.number}"


@dataclass(frozen=True, slots=True)
class CommunityRow:
    """What was not written is None, and stays as it is. The deposit is in fen."""

    row: Row
    code: str
    name: str | None
    name_en: str | None
    timezone: str | None
    hotline: str | None
    hours: list[list[str]] | None
    saturday: list[list[str]] | None
    sunday: list[list[str]] | None
    holidays: list[str] | None
    workdays: list[str] | None
    quiet: list[str] | None
    promises: Mapping[str, Mapping[str, int]] | None
    tickets_a_day: int | None
    repeat_minutes: int | None
    reopen_days: int | None
    reconfirm_days: int | None
    consent_version: str | None
    staff_locale: str | None
    renovation_hours: list[list[str]] | None
    renovation_use_days: int | None
    renovation_deposit: int | None
    renovation_rules: str | None
    renovation_rules_link: str | None
    renovation_clearing: str | None
    release_hours: list[str] | None
    release_approval: str | None
    release_arrears: str | None
    refund_days: int | None


@dataclass(frozen=True, slots=True)
class BuildingRow:
    """`assistant` is a phone number or a name."""

    row: Row
    community: str | None
    name: str
    assistant: str | None


@dataclass(frozen=True, slots=True)
class HomeRow:
    row: Row
    community: str | None
    building: str
    name: str


@dataclass(frozen=True, slots=True)
class ResidentRow:
    row: Row
    community: str | None
    name: str
    phones: tuple[str, ...]
    homes: tuple[str, ...]
    role: str
    since: date | None
    locale: str | None


@dataclass(frozen=True, slots=True)
class StaffRow:
    row: Row
    community: str | None
    name: str
    name_en: str | None
    phone: str
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ShiftRow:
    """`staff` is a phone number or a name; an `end` without a day is the first such hour after the start."""

    row: Row
    community: str | None
    staff: str
    role: str
    start: datetime
    end: datetime | time


@dataclass(frozen=True, slots=True)
class Book:
    """Every row of every sheet."""

    communities: Sequence[CommunityRow]
    buildings: Sequence[BuildingRow]
    homes: Sequence[HomeRow]
    residents: Sequence[ResidentRow]
    staff: Sequence[StaffRow]
    shifts: Sequence[ShiftRow]


ROWS: Mapping[Concept, type] = {
    Concept.COMMUNITIES: CommunityRow,
    Concept.BUILDINGS: BuildingRow,
    Concept.HOMES: HomeRow,
    Concept.RESIDENTS: ResidentRow,
    Concept.STAFF: StaffRow,
    Concept.SHIFTS: ShiftRow,
}


def promises(raw: Raw) -> dict[str, dict[str, int]]:
    """Minutes for clocks of services: repair.respond=15, repair.urgent.resolve=240. Raises Wrong."""
    found: dict[str, dict[str, int]] = {}
    for word in cells.words(raw):
        named, _, minutes = word.partition("=")
        kind, _, clock = named.strip().rpartition(".")
        table = catalogue.lifecycles().get(kind.removesuffix(".urgent"))
        if table is None or clock not in {one.name for one in table.clocks}:
            raise Wrong("promise", value=word)
        try:
            found.setdefault(kind, {})[clock] = _minutes(minutes)
        except Wrong:
            raise Wrong("promise", value=word) from None
    return found


_minutes = cells.number(1, 525_600)


def columns(locales: Sequence[str]) -> Mapping[Concept, tuple[Column, ...]]:
    """The columns of every sheet, where the desk speaks these languages."""
    community = Column("community", cells.code, width=10)
    return {
        Concept.COMMUNITIES: (
            Column("code", cells.code, required=True, width=10),
            Column("name", cells.name, width=20),
            Column("name_en", cells.name, width=20),
            Column("timezone", cells.zone),
            Column("hotline", cells.label),
            Column("hours", moments.frames, width=26),
            Column("saturday", moments.frames_or_none, width=20),
            Column("sunday", moments.frames_or_none, width=20),
            Column("holidays", moments.days, width=26),
            Column("workdays", moments.days, width=26),
            Column("quiet", moments.frame),
            Column("promises", promises, width=36),
            Column("tickets_a_day", cells.number(1, 100_000), kind=Kind.NUMBER),
            Column("repeat_minutes", cells.number(0, 1440), kind=Kind.NUMBER),
            Column("reopen_days", cells.number(0, 365), kind=Kind.NUMBER),
            Column("reconfirm_days", cells.number(1, 3650), kind=Kind.NUMBER),
            Column("consent_version", cells.label),
            Column("staff_locale", choices=tuple(locales)),
            Column("renovation_hours", moments.frames, width=26),
            Column("renovation_use_days", cells.number(0, 3650), kind=Kind.NUMBER),
            Column("renovation_deposit", cells.yuan),
            Column("renovation_rules", cells.label),
            Column("renovation_rules_link", cells.link, width=36),
            Column("renovation_clearing", cells.name, width=36),
            Column("release_hours", moments.daytime),
            Column("release_approval", choices=YES_NO),
            Column("release_arrears", choices=YES_NO),
            Column("refund_days", cells.number(0, 3650), kind=Kind.NUMBER),
        ),
        Concept.BUILDINGS: (
            community,
            Column("name", cells.name, required=True),
            Column("assistant", cells.name, width=20),
        ),
        Concept.HOMES: (
            community,
            Column("building", cells.name, required=True),
            Column("name", cells.door, required=True),
        ),
        Concept.RESIDENTS: (
            community,
            Column("name", cells.name, required=True),
            Column("phones", cells.phones, required=True, width=30),
            Column("homes", cells.doors, required=True, width=20),
            Column("role", required=True, choices=HOME_ROLES, width=12),
            Column("since", moments.day, kind=Kind.DAY),
            Column("locale", choices=tuple(locales), width=12),
        ),
        Concept.STAFF: (
            community,
            Column("name", cells.name, required=True),
            Column("name_en", cells.name, width=20),
            Column("phone", cells.phone, required=True, width=20),
            Column("roles", required=True, choices=STAFF_ROLES, several=True, width=28),
        ),
        Concept.SHIFTS: (
            community,
            Column("staff", cells.name, required=True, width=20),
            Column("role", required=True, choices=STAFF_ROLES),
            Column("start", moments.moment, required=True, kind=Kind.MOMENT, width=18),
            Column("end", moments.ending, required=True, kind=Kind.MOMENT, width=18),
        ),
    }
