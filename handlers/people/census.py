"""How many live here, how many of them we can reach, and of how many we know what an emergency asks for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.account import Account
from models.resident import Membership, Phone, Resident


@dataclass(frozen=True, slots=True)
class Census:
    """`complete` are those with a name, a phone and somebody to call in an emergency."""

    residents: int
    reachable: int
    complete: int


async def census(session: AsyncSession, now: datetime) -> Census:
    """Count the residents who have a home now."""
    lives = (
        select(Membership.resident_id)
        .where(Membership.since <= now)
        .where(or_(Membership.until.is_(None), Membership.until > now))
    )
    here = select(func.count()).select_from(Resident).where(Resident.id.in_(lives))
    reached = select(Account.resident_id).where(Account.reachable, Account.resident_id.is_not(None))
    phones = select(Phone.resident_id)
    helper = Resident.settings[("record", "emergency", "phone")].as_string()
    whole = here.where(Resident.name != "", Resident.id.in_(phones), helper.is_not(None))
    counts = [
        await session.scalar(query) or 0 for query in (here, here.where(Resident.id.in_(reached)), whole)
    ]
    return Census(*counts)
