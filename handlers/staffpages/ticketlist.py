"""What a colleague finds when they come to the pages without a link: their jobs, and what else is open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import case, select

from flows import catalogue
from flows.engine.lifecycle import Actor, Role
from handlers.cards import masks
from handlers.desk import Work
from handlers.staffpages.ticketpage import Reader
from models.community import Community, Home
from models.staff import StaffRole
from models.ticket import Ticket

MOST_LISTED = 60


@dataclass(frozen=True, slots=True)
class Job:
    """A ticket in a list."""

    ticket: int
    kind: str
    number: str
    state: str
    urgent: bool
    place: str
    at: datetime


async def jobs(work: Work, reader: Reader) -> tuple[Sequence[Job], Sequence[Job]]:
    """What this colleague has taken, and what else is open where they work and theirs to see."""
    held = await work.session.execute(
        select(StaffRole.community_id, StaffRole.role).where(StaffRole.staff_id == reader.person.id)
    )
    roles: dict[int, set[str]] = {}
    for community, role in held:
        roles.setdefault(community, set()).add(role)
    final = {state.value for table in catalogue.lifecycles().values() for state in table.final}
    query = (
        select(Ticket, Home.name, Community.timezone)
        .join(Home, Home.id == Ticket.home_id)
        .join(Community, Community.id == Ticket.community_id)
        .where(Ticket.community_id.in_(roles), Ticket.state.not_in(final))
        .order_by(case((Ticket.assignee_id == reader.person.id, 0), else_=1))
        .order_by(case((Ticket.done_at.is_(None), 0), else_=1), Ticket.urgent.desc(), Ticket.id.desc())
        .limit(MOST_LISTED)
    )
    found = [(ticket, home, zone) for ticket, home, zone in await work.session.execute(query)]
    mine = [one for one in found if one[0].assignee_id == reader.person.id]
    rest = [one for one in found if one not in mine and _concerns(one[0], roles[one[0].community_id])]
    return [_job(work, reader, *one) for one in mine], [_job(work, reader, *one) for one in rest]


def _concerns(ticket: Ticket, roles: set[str]) -> bool:
    """Whether there is anything left to do that somebody with these roles does."""
    if ticket.done_at is not None:
        return False
    table, actor = catalogue.lifecycles()[ticket.kind], Actor(frozenset(Role(one) for one in roles))
    theirs = any(role in actor.roles for action in table.actions for role in action.by)
    return theirs and table.reads(actor, ticket.details)


def _job(work: Work, reader: Reader, ticket: Ticket, home: str, zone: str) -> Job:
    mine = ticket.assignee_id == reader.person.id
    secret = catalogue.lifecycles()[ticket.kind].hidden(ticket.details)
    return Job(
        ticket=ticket.id,
        kind=work.say(f"{ticket.kind}.title", reader.locale),
        number=ticket.number,
        state=work.say(f"{ticket.kind}.state.{ticket.state}", reader.locale),
        urgent=ticket.urgent,
        place="" if secret else masks.door(home, private=mine),
        at=ticket.created_at.astimezone(ZoneInfo(zone)),
    )
