"""Where somebody leaves traces, and what becomes of each when they ask to be forgotten."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from sqlalchemy import Column, Table, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from handlers.privacy import scrubbing
from models.attachment import ERASE
from models.base import Base

RESIDENT, ACCOUNT, TICKET = "resident", "account", "ticket"


@dataclass(frozen=True, slots=True)
class Person:
    """Whom to forget: `resident` and those `former` records that became one with it, and what is theirs.

    `accounts` are nobody else's; through the `shared` ones they also work here.
    """

    resident: int
    former: frozenset[int]
    accounts: tuple[int, ...]
    shared: tuple[int, ...]
    tickets: tuple[int, ...]

    @property
    def actors(self) -> frozenset[str]:
        """As whom they stand on timelines."""
        return frozenset(f"resident:{one}" for one in (self.resident, *self.former))

    def ids(self, what: str) -> tuple[int, ...]:
        """The ids of their rows in a table."""
        return {RESIDENT: (self.resident,), ACCOUNT: self.accounts, TICKET: self.tickets}[what]


@dataclass(frozen=True, slots=True)
class Trace:
    """What becomes of the rows that are somebody's by the columns `by`.

    They are deleted where the table `goes`. Else the texts in `blank` are emptied, of what is in `scrub` only
    numbers, times and choices stay, `sets` are new values, and `keep` says nothing of anybody.
    """

    by: tuple[str, ...]
    goes: bool = False
    blank: tuple[str, ...] = ()
    scrub: tuple[str, ...] = ()
    spared: frozenset[str] = frozenset()
    sets: Mapping[str, Any] = field(default_factory=dict)
    keep: tuple[str, ...] = ()

    def texts(self) -> frozenset[str]:
        """The columns with words that the rule speaks of."""
        return frozenset((*self.blank, *self.scrub, *self.sets, *self.keep))


@dataclass(frozen=True, slots=True)
class ByHand:
    """A table with rules of its own; `where` is the module that has them."""

    where: str


@dataclass(frozen=True, slots=True)
class Nobody:
    """A table in which no resident is."""


Rule: TypeAlias = Trace | ByHand | Nobody
_THEIRS: Mapping[str, Rule] = {
    "phone": Trace(("resident_id",), goes=True),
    "membership": Trace(("resident_id",), keep=("role", "verified_by")),
    "consent": Trace(("resident_id",), keep=("purpose", "version")),
    "change_log": Trace(("resident_id",), blank=("old", "new", "why"), keep=("field", "who", "source")),
    "claim": Trace(("account_id", "resident_id"), goes=True),
    "code": Trace(("resident_id", "inviter_id"), goes=True),
    "gate_pass": Trace(("ticket_id",), blank=("label",), keep=("kind", "code")),
    "gate_scan": Trace(("account_id",), goes=True),
    "ticket": Trace(
        ("resident_id",),
        scrub=("details", "rating"),
        keep=("number", "kind", "state", "clocks", "outcome"),
    ),
    "ticket_event": Trace(
        ("ticket_id",),
        blank=("note", "source"),
        scrub=("data",),
        spared=scrubbing.OURS,
        keep=("action", "actor", "from_state", "to_state", "audience"),
    ),
    "attachment": Trace(
        ("ticket_id", "account_id"),
        blank=("caption",),
        sets={"state": ERASE, "ticket_id": None, "account_id": None},
        keep=("channel", "bot", "source", "kind", "by", "stored", "mime"),
    ),
    "due": Trace(("ticket_id", "resident_id"), goes=True),
    "resident": ByHand("erasing"),
    "account": ByHand("erasing"),
    "conversation": ByHand("erasing"),
    "merge": ByHand("erasing"),
    "inbox": ByHand("echoes"),
    "outbox": ByHand("echoes"),
    "card": ByHand("echoes"),
    "web_message": ByHand("echoes"),
    "dead_letter": ByHand("echoes"),
}
_NOBODYS = (
    "building",
    "community",
    "home",
    "lease",
    "shift",
    "staff",
    "staff_group",
    "staff_role",
    "tally",
    "ticket_number",
    "wecom_code",
)
RULES: Mapping[str, Rule] = {**_THEIRS, **dict.fromkeys(_NOBODYS, Nobody())}
"""Every table there is. A new one is added here, or its test fails."""


async def wipe(session: AsyncSession, person: Person) -> set[str]:
    """Apply the rules to everything that is a person's; returns the words that were taken away."""
    taken: set[str] = set()
    for table in reversed(Base.metadata.sorted_tables):
        rule = RULES.get(table.name)
        if isinstance(rule, Trace):
            taken |= await _wiped(session, table, rule, person)
    return taken


async def _wiped(session: AsyncSession, table: Table, rule: Trace, person: Person) -> set[str]:
    theirs = or_(*(table.c[name].in_(person.ids(_named(table.c[name]))) for name in rule.by))
    rows = (await session.execute(select(table).where(theirs).order_by(table.c.id))).mappings().all()
    taken = {word for row in rows for word in _words(table, rule, dict(row))}
    if rule.goes:
        await session.execute(delete(table).where(theirs))
        return taken
    for row in rows:
        values = emptied(table, rule, dict(row))
        if values:
            await session.execute(update(table).where(table.c.id == row["id"]).values(values))
    return taken


def emptied(table: Table, rule: Trace, row: Mapping[str, Any]) -> dict[str, Any]:
    """What of a row has to become different."""
    blank = {name: None if table.c[name].nullable else "" for name in rule.blank}
    scrub = {name: scrubbing.scrubbed(row[name], rule.spared) for name in rule.scrub}
    return {name: value for name, value in (blank | scrub | dict(rule.sets)).items() if row[name] != value}


def _words(table: Table, rule: Trace, row: Mapping[str, Any]) -> Iterator[str]:
    """The free words of a row that will be gone."""
    names = rule.blank if not rule.goes else tuple(_texts(table))
    for name in (*names, *rule.scrub):
        yield from scrubbing.words(row[name], rule.spared)


def _texts(table: Table) -> Collection[str]:
    return [column.name for column in table.columns if column.type.python_type is str]


def _named(column: Column[Any]) -> str:
    """The table that a column points at."""
    return next(key.column.table.name for key in column.foreign_keys)
