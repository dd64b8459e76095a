"""All of a ticket that can be shown, loaded once, and which colleagues may see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from flows import catalogue
from flows.engine.lifecycle import Actor, Lifecycle, Role
from handlers.envelopes import Picture
from handlers.veil import OPEN, Veil, veil
from models.attachment import Attachment
from models.community import Community, Home
from models.resident import Resident
from models.staff import Staff, roles_of
from models.ticket import Ticket, TicketEvent, timeline


@dataclass(frozen=True, slots=True)
class Sheet:
    """All of a ticket that can be shown, loaded once; `veil` covers whose it is, where that is a secret."""

    ticket: Ticket
    table: Lifecycle
    community: Community
    home: Home
    resident: Resident | None
    assignee: Staff | None
    events: Sequence[TicketEvent]
    photos: Sequence[Attachment]
    veil: Veil = OPEN

    def local(self, at: datetime) -> datetime:
        return at.astimezone(ZoneInfo(self.community.timezone))

    @property
    def secret(self) -> bool:
        """Whether its resident wants to stay unnamed."""
        return self.table.hidden(self.ticket.details)

    def for_all(self, text: str) -> str:
        """What somebody wrote, as everybody of the staff may read it."""
        return self.veil.over(text)

    def uncovered(self) -> Sheet:
        """The same for somebody who may know whose it is."""
        return replace(self, veil=OPEN)


async def of(session: AsyncSession, ticket: Ticket) -> Sheet:
    """Load what belongs to a ticket."""
    community = await session.get_one(Community, ticket.community_id)
    home = await session.get_one(Home, ticket.home_id)
    resident = await session.get(Resident, ticket.resident_id) if ticket.resident_id else None
    assignee = await session.get(Staff, ticket.assignee_id) if ticket.assignee_id else None
    photos = await session.scalars(
        select(Attachment).where(Attachment.ticket_id == ticket.id).order_by(Attachment.id)
    )
    table = catalogue.lifecycles()[ticket.kind]
    events = await timeline(session, ticket.id)
    given = [str(ticket.details.get("phone") or "")]
    covered = await veil(session, resident, home, given) if table.hidden(ticket.details) else OPEN
    return Sheet(ticket, table, community, home, resident, assignee, events, photos.all(), covered)


async def may_know(session: AsyncSession, shown: Sheet, staff: int | None) -> bool:
    """Whether a colleague may know whose ticket it is."""
    if not shown.secret:
        return True
    held = await roles_of(session, staff or 0, shown.community.id)
    return shown.table.knows(Actor(frozenset(Role(one) for one in held)), shown.ticket.details)


async def may_read(session: AsyncSession, shown: Sheet, staff: int) -> bool:
    """Whether a colleague may look at the ticket at all."""
    if not shown.table.readers and not shown.table.concerned(shown.ticket.details):
        return True
    held = await roles_of(session, staff, shown.community.id)
    return shown.table.reads(Actor(frozenset(Role(one) for one in held)), shown.ticket.details)


def staff_locale(community: Community) -> str:
    return str(community.settings.get("staff_locale", "zh_CN"))


def pictures(photos: Sequence[Attachment]) -> tuple[Picture, ...]:
    """The newest ten photos, as they can be sent again."""
    return tuple(
        Picture(photo.id, photo.channel, photo.bot, photo.source)
        for photo in photos[-10:]
        if photo.state != "failed"
    )
