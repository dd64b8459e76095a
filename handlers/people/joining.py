"""Somebody belongs to a home from now on: by a code, by the owner's word, or by that of staff."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import or_, select

from handlers.desk import Work
from handlers.identity import twins
from handlers.people import reconfirming
from models.community import Community, Home
from models.resident import ChangeLog, Membership, Phone
from models.ticket import Ticket


@dataclass(frozen=True, slots=True)
class Proof:
    """Why somebody may join: `by` is kept with the membership, the rest with the change."""

    by: str
    why: str
    who: str
    source: str


async def join(work: Work, resident: int, place: Home, role: str, proof: Proof) -> None:
    """Give a resident a place in a home, unless they have one there, and plan to ask whether all is right."""
    held = await work.session.scalar(
        select(Membership.id)
        .where(Membership.resident_id == resident, Membership.home_id == place.id)
        .where(Membership.until.is_(None))
    )
    if held is None:
        work.session.add(
            Membership(
                resident_id=resident,
                home_id=place.id,
                role=role,
                since=work.now,
                until=None,
                verified_by=proof.by,
            )
        )
    work.session.add(
        ChangeLog(
            resident_id=resident,
            field="home",
            old=None,
            new=place.name,
            why=proof.why,
            who=proof.who,
            source=proof.source,
            at=work.now,
        )
    )
    community = await work.session.get_one(Community, place.community_id)
    await work.session.flush()
    await reconfirming.schedule(work, resident, community)


async def approved(work: Work, ticket: Ticket, role: str) -> None:
    """Whoever asked by a ticket belongs to its home; the desk hears if they may be known there already."""
    if ticket.resident_id is None:
        return
    place = await work.session.get_one(Home, ticket.home_id)
    who = f"staff:{ticket.assignee_id}"
    await join(work, ticket.resident_id, place, role, Proof(who, "approved by staff", who, ticket.number))
    for other in await _same_phone(work, ticket.resident_id, place.id):
        await twins.suspect(work, other, ticket.resident_id, "merge.same_phone")


async def _same_phone(work: Work, resident: int, home: int) -> list[int]:
    """Others of this home who have registered a number of this resident's."""
    numbers = select(Phone.number).where(Phone.resident_id == resident)
    query = (
        select(Phone.resident_id)
        .join(Membership, Membership.resident_id == Phone.resident_id)
        .where(Membership.home_id == home, Phone.resident_id != resident, Phone.number.in_(numbers))
        .where(or_(Membership.until.is_(None), Membership.until > work.now))
        .distinct()
        .order_by(Phone.resident_id)
    )
    return list(await work.session.scalars(query))
