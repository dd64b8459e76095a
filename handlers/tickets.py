"""Who may do what with a ticket now, and what is written onto its timeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select, update

from flows import catalogue
from flows.engine.lifecycle import Action, Actor, Refused, Role
from flows.engine.messages import Json
from handlers import notices
from handlers.cards import posting, sheets
from handlers.cards.sheets import Sheet
from handlers.desk import Work, rules
from handlers.roster import called
from models import ticket as tickets
from models.account import Account
from models.attachment import Attachment
from models.community import Community
from models.resident import owners_of
from models.staff import Staff, roles_of
from models.ticket import Ticket, TicketEvent


@dataclass(frozen=True, slots=True)
class Doer:
    """Who acts: a staff member, a resident's account, or the clock."""

    staff: int | None = None
    resident: int | None = None
    account: int | None = None
    clock: bool = False

    @property
    def name(self) -> str:
        if self.clock:
            return "clock"
        return f"staff:{self.staff}" if self.staff else f"resident:{self.resident}"


CLOCK = Doer(clock=True)


class Lost(Exception):
    """Somebody was quicker."""


async def actor_for(work: Work, ticket: Ticket, doer: Doer) -> Actor:
    """How somebody stands to a ticket; roles are read anew on every tap."""
    if doer.clock:
        return Actor(frozenset({Role.CLOCK}))
    roles: frozenset[Role] = frozenset()
    if doer.staff is not None:
        held = await roles_of(work.session, doer.staff, ticket.community_id)
        roles = frozenset(Role(role) for role in held if role in set(Role))
    owns = await _owns(work, ticket, doer)
    return Actor(
        roles,
        assignee=doer.staff is not None and doer.staff == ticket.assignee_id,
        owner=owns,
        landlord=not owns and await _lets(work, ticket, doer),
    )


async def _owns(work: Work, ticket: Ticket, doer: Doer) -> bool:
    """Whether it is their ticket; whose an account is may have changed since its message was begun."""
    if doer.resident is None or doer.resident == ticket.resident_id:
        return doer.resident is not None
    now = select(Account.resident_id).where(Account.id == doer.account)
    return ticket.resident_id is not None and await work.session.scalar(now) == ticket.resident_id


async def _lets(work: Work, ticket: Ticket, doer: Doer) -> bool:
    """Whether somebody owns the home of another's ticket, of a kind on which owners have a say."""
    table = catalogue.lifecycles()[ticket.kind]
    if doer.resident is None or not any(Role.OWNER in action.by for action in table.actions):
        return False
    return doer.resident in await owners_of(work.session, ticket.home_id, work.now)


async def permitted(work: Work, ticket: Ticket, name: str, doer: Doer) -> Action:
    """The action, if this person may do it now. Raises Refused with the reason."""
    table = catalogue.lifecycles()[ticket.kind]
    action = table.check(name, ticket.state, await actor_for(work, ticket, doer), ticket.details)
    if action.every is not None:
        last = await work.session.scalar(
            select(TicketEvent.id)
            .where(TicketEvent.ticket_id == ticket.id, TicketEvent.action == name)
            .where(TicketEvent.at > work.now - action.every)
            .limit(1)
        )
        if last is not None:
            raise Refused("too_soon")
    if name in _AFTERWARDS and ticket.closed_at is not None:
        if name == "rate" and ticket.outcome not in (None, "unrated"):
            raise Refused("rated")
        community = await work.session.get_one(Community, ticket.community_id)
        if work.now - ticket.closed_at > rules(community).reopen_within:
            raise Refused(_AFTERWARDS[name])
    return action


_AFTERWARDS = {"reopen": "too_old", "add": "too_old", "rate": "too_old_to_rate"}
"""What is still possible for some days after the end, and what is said when they are over."""


async def note(work: Work, ticket: Ticket, **notes: Json) -> None:
    """Write something down among a ticket's details, beside what it was filled in with."""
    details = {**ticket.details, **notes}
    await work.session.execute(
        update(Ticket).where(Ticket.id == ticket.id).values(details=details, version=Ticket.version + 1)
    )


async def unreachable(work: Work, shown: Sheet, why: str = "nobody") -> None:
    """The card says that its resident cannot be reached, and why: `why` is a key of `unreachable.*`."""
    if shown.ticket.details.get("unreachable") == why:
        return
    await note(work, shown.ticket, unreachable=why)
    await work.session.refresh(shown.ticket)
    await posting.refresh(work, shown)


async def reachable(work: Work, resident: int) -> None:
    """The resident can be reached again: the cards of their open tickets no longer say otherwise."""
    running = select(Ticket).where(Ticket.resident_id == resident, Ticket.closed_at.is_(None))
    for ticket in (await work.session.scalars(running)).all():
        details = {name: value for name, value in ticket.details.items() if name != "unreachable"}
        if details == ticket.details:
            continue
        await tickets.move(work.session, ticket.id, ticket.state, details=details)
        await work.session.refresh(ticket)
        await posting.refresh(work, await sheets.of(work.session, ticket))


async def add(
    work: Work, ticket: Ticket, doer: Doer, note: str, photos: tuple[int, ...], source: str | None
) -> Sheet:
    """Something more about a ticket, from its resident or from staff, as a reply to its card."""
    theirs = doer.resident is not None and doer.resident == ticket.resident_id
    by_staff = doer.staff is not None and not theirs
    actor = await work.session.get(Staff, doer.staff) if by_staff and doer.staff else None
    record(
        work,
        ticket,
        doer,
        "note" if by_staff else "add",
        note=note,
        data={**names(actor), "photos": len(photos)},
        source=source,
        audience="staff" if by_staff else "all",
    )
    await attach(work, ticket.id, photos, by="staff" if by_staff else "resident")
    await tickets.move(work.session, ticket.id, ticket.state)
    await work.session.flush()
    await work.session.refresh(ticket)
    shown = await sheets.of(work.session, ticket)
    await posting.refresh(work, shown)
    if not by_staff and shown.assignee is not None:
        await notices.staff(work, shown, [shown.assignee], f"{ticket.kind}.assignee.add", note=note)
    return shown


def refused(work: Work, ticket: Ticket, doer: Doer, name: str) -> None:
    """Note that somebody tried what is not theirs to do."""
    record(work, ticket, doer, "refused", note=name, audience="staff")


async def attach(work: Work, ticket: int, photos: tuple[int, ...], by: str = "resident") -> None:
    if photos:
        await work.session.execute(
            update(Attachment).where(Attachment.id.in_(photos)).values(ticket_id=ticket, by=by)
        )


def record(
    work: Work,
    ticket: Ticket,
    doer: Doer,
    action: str,
    *,
    from_state: str | None = None,
    to_state: str | None = None,
    note: str = "",
    data: Mapping[str, Json] | None = None,
    audience: str = "all",
    source: str | None = None,
) -> None:
    work.session.add(
        TicketEvent(
            ticket_id=ticket.id,
            at=work.now,
            action=action,
            actor=doer.name,
            staff_id=doer.staff,
            from_state=from_state,
            to_state=to_state,
            note=note,
            data=dict(data or {}),
            audience=audience,
            source=source,
        )
    )


def names(actor: Staff | None) -> dict[str, Json]:
    """Who acted, as the timeline will say it in each language."""
    return {"staff": called(actor, "zh_CN"), "staff_en": called(actor, "en")}
