"""A file is brought in: read, held against what is known, and written down if nothing is wrong with it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from flows.engine.messages import Phrase
from handlers.importing import crew, opening, people, places, tables
from handlers.importing.concepts import Book
from handlers.importing.findings import Faulty, Findings, Unreadable, shown
from handlers.importing.plan import Plan
from handlers.importing.vocabulary import Vocabulary
from handlers.importing.writing import write
from handlers.texts import Texts
from models.database import is_clash

LOCK = 0x494D504F
"""The advisory lock under which one import at a time runs: "IMPO"."""
COUNTED = (
    "communities",
    "buildings",
    "homes",
    "residents",
    "phones",
    "memberships",
    "staff",
    "roles",
    "shifts",
)


class Import:
    """A file on its way in; what it says to people is in one language."""

    def __init__(self, path: Path, texts: Texts, locale: str, *, sheet: str = "") -> None:
        self.path, self.texts, self.locale, self.sheet = path, texts, locale, sheet
        self.name = path.resolve().name
        self.findings = Findings()

    def read(self) -> Book:
        """Every row. Raises Faulty when there is none to be read, and OSError.

        What is wrong with single cells is kept, so that `compare` can tell all of it at once.
        """
        words = Vocabulary(self.texts, self.locale)
        try:
            found = opening.tables(self.path, self.sheet, words, self.findings)
            book = tables.book(found, words, self.findings)
        except Unreadable as wrong:
            raise self._unreadable(wrong) from None
        if not any(getattr(book, name) for name in Book.__slots__) and not self.findings.faults:
            raise self._unreadable(Unreadable("empty"))
        return book

    async def compare(self, session: AsyncSession, now: datetime, book: Book) -> Plan:
        """What the file would change. Raises Faulty."""
        if session.get_bind().dialect.name == "postgresql":
            await session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        plan = Plan(now, self.findings)
        await places.known(session, plan)
        await people.known(session, plan)
        await crew.known(session, plan)
        await crew.known_duties(session, plan, book.shifts)
        places.communities(plan, book.communities)
        places.buildings(plan, book.buildings)
        places.homes(plan, book.homes)
        people.residents(plan, book.residents)
        crew.staff(plan, book.staff)
        crew.assistants(plan, book.buildings)
        crew.shifts(plan, book.shifts)
        if self.findings.faults:
            raise self._faulty()
        return plan

    async def write(self, session: AsyncSession, plan: Plan) -> None:
        """Write it down. Raises Faulty when somebody else has just written down the same."""
        try:
            await write(session, plan, self.name)
        except DBAPIError as error:
            if not is_clash(error):
                raise
            raise self._unreadable(Unreadable("clash")) from error

    def told(self, plan: Plan, *, dry: bool) -> str:
        """What was done, or would be, in one line."""
        items = [
            self.texts.say(
                Phrase(f"importing.count.{name}.{how}", {"n": plan.counts[name, how]}), self.locale
            )
            for name in COUNTED
            for how in ("new", "changed")
            if plan.counts[name, how]
        ]
        key = ("would" if dry else "did") if items else "nothing"
        said = Phrase(f"importing.said.{key}", {"items": items, "file": shown(self.name)})
        return self.texts.say(said, self.locale)

    def remarks(self) -> list[str]:
        """What is worth saying besides."""
        return self.findings.remarks(self.texts, self.locale)

    def _unreadable(self, wrong: Unreadable) -> Faulty:
        """Of a file that cannot be read as a whole there is one thing to say."""
        whole = Findings()
        whole.fault(wrong.key, self.name, **wrong.values)
        return Faulty(list(whole.complaints(self.texts, self.locale))[:1])

    def _faulty(self) -> Faulty:
        return Faulty([*self.remarks(), *self.findings.complaints(self.texts, self.locale)])
