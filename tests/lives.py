"""Residents who leave traces everywhere, and a way to look for them in every column of every table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select

from flows.engine.effects import OpenTicket
from flows.repair import Details, Place, Trade
from handlers import moves, tickets
from handlers.desk import Work
from handlers.privacy import erasing, exporting
from handlers.privacy.erasing import Erased
from handlers.tickets import Doer
from models import Account, Attachment, Membership, Ticket
from models.account import of_resident
from models.base import Base
from models.database import Database
from models.resident import homes_of, phones_of
from tests.world import World

WORKER = "王师傅"
STEPS = ("accept", "depart", "arrive", "finish")


async def mention(database: Database, *words: str) -> list[str]:
    """Where any of these words stands: in every column of every table, as "table.column: value"."""
    async with database.reading() as session:
        return [
            f"{table.name}.{name}: {value}"
            for table in Base.metadata.sorted_tables
            for row in (await session.execute(select(table))).mappings()
            for name, value in row.items()
            if any(word in str(value) for word in words)
        ]


async def reported(w: World, who: str, story: str) -> int:
    """A repair in their own home, to which they can be called on their own phone; returns its id."""
    async with w.database.transaction() as session:
        resident, work = w.people[who], Work(w.desk, session, w.now)
        home = (await homes_of(session, resident, w.now))[0][0]
        phone = (await phones_of(session, resident))[0]
        details = Details(Place.HOME, Trade.WATER, False, story, phone).to_json()
        account = (await of_resident(session, resident))[0].id
        effect = OpenTicket("repair", home, False, details, described=(("", story),))
        opened = await moves.open_ticket(work, effect, resident, account)
    await w.deliver()
    return opened.shown.ticket.id


async def moved(w: World, ticket: int, name: str, doer: Doer, **values: Any) -> None:
    """Somebody does something with a ticket, without the conversation."""
    async with w.database.transaction() as session:
        work = Work(w.desk, session, w.now)
        found = await session.get_one(Ticket, ticket)
        action = await tickets.permitted(work, found, name, doer)
        await moves.perform(work, found, action, doer, values)
    await w.deliver()


async def done(w: World, ticket: int, remark: str = "换了新的") -> None:
    """The technician sees to it."""
    worker = Doer(staff=w.people[WORKER])
    for step in STEPS[:-1]:
        await moved(w, ticket, step, worker)
    await moved(w, ticket, "finish", worker, checklist=["mat"], work=remark)


async def rated(w: World, who: str, ticket: int, comment: str) -> None:
    """It is done, and its resident says how it was."""
    await done(w, ticket)
    doer = Doer(resident=w.people[who])
    await moved(w, ticket, "rate", doer, overall=4)
    await moved(w, ticket, "opinion", doer, speed=5, manner=4, covers=True, comment=comment)


async def withdrawn(w: World, ticket: int, reason: str = "不修了") -> None:
    await moved(w, ticket, "withdraw", Doer(staff=w.people["周经理"]), reason=reason)


async def exported(w: World, resident: int) -> dict[str, Any]:
    async with w.database.reading() as session:
        return await exporting.of(session, resident)


async def erased(w: World, resident: int) -> Erased:
    async with w.database.transaction() as session:
        gone = await erasing.erase(Work(w.desk, session, w.now), resident, "administrator")
    await w.deliver()
    return gone


async def totals(database: Database) -> dict[str, Any]:
    """What a report would count: tickets, stars, reopenings, homes and who can be reached."""
    async with database.reading() as session:
        found: Sequence[Ticket] = (await session.scalars(select(Ticket))).all()
        lived = await session.scalar(select(func.count(Membership.id)))
        photos = await session.scalar(select(func.count()).select_from(Attachment))
        accounts = await session.scalar(select(func.count(Account.id)))
    return {
        "tickets": Counter((one.kind, one.state, f"{one.created_at:%Y-%m}", one.home_id) for one in found),
        "by resident": Counter(one.resident_id for one in found),
        "stars": Counter((one.rating or {}).get("overall") for one in found),
        "manners": Counter((one.rating or {}).get("covers") for one in found),
        "outcomes": Counter((one.outcome, one.reopened) for one in found),
        "numbers": sorted(one.number for one in found),
        "times": sorted(str((one.created_at, one.done_at, one.closed_at)) for one in found),
        "homes": lived,
        "accounts": accounts,
        "photos": photos,
    }
