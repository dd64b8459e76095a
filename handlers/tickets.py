"""A ticket moves by its table: guarded, recorded, told to whom the table says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from flows import catalogue
from flows.engine.lifecycle import Action, Actor, Audience, Lifecycle, Refused, Role
from flows.engine.messages import Json
from handlers import cards, clocks, notices, reaching
from handlers.cards import Sheet
from handlers.desk import Work, rules
from handlers.roster import called
from models import ticket as tickets
from models.account import Account
from models.attachment import Attachment
from models.community import Community
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
LOW = 2
"""With so few stars or fewer the duty lead is told to pay a return visit."""


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
    return Actor(
        roles,
        assignee=doer.staff is not None and doer.staff == ticket.assignee_id,
        owner=await _owns(work, ticket, doer),
    )


async def _owns(work: Work, ticket: Ticket, doer: Doer) -> bool:
    """Whether it is their ticket; whose an account is may have changed since its message was begun."""
    if doer.resident is None or doer.resident == ticket.resident_id:
        return doer.resident is not None
    now = select(Account.resident_id).where(Account.id == doer.account)
    return ticket.resident_id is not None and await work.session.scalar(now) == ticket.resident_id


async def permitted(work: Work, ticket: Ticket, name: str, doer: Doer) -> Action:
    """The action, if this person may do it now. Raises Refused with the reason."""
    table = catalogue.lifecycles()[ticket.kind]
    action = table.check(name, ticket.state, await actor_for(work, ticket, doer))
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
        if name == "rate" and ticket.outcome != "unrated":
            raise Refused("rated")
        community = await work.session.get_one(Community, ticket.community_id)
        if work.now - ticket.closed_at > rules(community).reopen_within:
            raise Refused(_AFTERWARDS[name])
    return action


_AFTERWARDS = {"reopen": "too_old", "rate": "too_old_to_rate"}
"""What is still possible for some days after the end, and what is said when they are over."""


async def perform(
    work: Work,
    ticket: Ticket,
    action: Action,
    doer: Doer,
    values: Mapping[str, Json] | None = None,
    photos: tuple[int, ...] = (),
    source: str | None = None,
) -> Sheet:
    """Move a ticket. Raises Lost when it moved under our hands."""
    values = values or {}
    table = catalogue.lifecycles()[ticket.kind]
    community = await work.session.get_one(Community, ticket.community_id)
    seen = ticket.state
    changes = _changes(work, ticket, table, action, doer, values)
    if not await tickets.move(work.session, ticket.id, seen, **changes):
        raise Lost
    before = ticket.assignee_id
    await work.session.refresh(ticket)
    running = await clocks.moved(work, ticket, table, community, action, _text(values.get("until")) or None)
    await _keep_clocks(work, ticket, running)
    actor = await work.session.get(Staff, doer.staff) if doer.staff else None
    record(
        work,
        ticket,
        doer,
        action.name,
        from_state=seen,
        to_state=ticket.state,
        note=_text(values.get("note")) or _text(values.get("reason")) or _text(values.get("work")),
        data={**values, **_names(actor), "photos": len(photos)},
        source=source,
    )
    await attach(work, ticket.id, photos, by="staff" if doer.staff else "resident")
    await work.session.flush()
    shown = await cards.sheet(work.session, ticket)
    await _private_card(work, shown, action, doer)
    await notices.draw(work, shown)
    await _tell(work, shown, action, values, before)
    return shown


def _changes(
    work: Work,
    ticket: Ticket,
    table: Lifecycle,
    action: Action,
    doer: Doer,
    values: Mapping[str, Json],
) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if action.to is not None:
        changes["state"] = action.to.value
        changes["closed_at"] = (ticket.closed_at or work.now) if action.to in table.final else None
    if action.takes:
        changes["assignee_id"] = doer.staff
    if action.frees:
        changes["assignee_id"] = None
    if action.name == "reopen":
        changes |= {"reopened": ticket.reopened + 1, "rating": None, "done_at": None, "outcome": None}
    if "rating" in action.starts:
        changes["done_at"] = work.now
    if action.name in ("rate", "opinion"):
        changes["rating"] = {**(ticket.rating or {}), **values}
    if action.name in _OUTCOMES:
        changes["outcome"] = _OUTCOMES[action.name]
    return changes


_OUTCOMES = {"rate": "rated", "close": "unrated", "cancel": "cancelled", "withdraw": "withdrawn"}


async def _private_card(work: Work, shown: Sheet, action: Action, doer: Doer) -> None:
    if not action.takes or doer.staff is None:
        return
    for account in (await reaching.staff(work.desk, work.session, doer.staff))[:1]:
        await notices.assignee_card(work, shown, account)


async def _tell(
    work: Work, shown: Sheet, action: Action, values: Mapping[str, Json], before: int | None
) -> None:
    """Tell everybody the table names, each in their own words."""
    kind, name = shown.ticket.kind, action.name
    until = _text(values.get("until"))
    told: dict[str, Any] = {
        "reason": _text(values.get("reason")),
        "work": _text(values.get("work")),
        "note": _text(values.get("note")),
        "until": shown.local(datetime.fromisoformat(until)) if until else None,
    }
    if Audience.RESIDENT in action.tells:
        reached = await _tell_resident(work, shown, name, told)
        if not reached:
            await unreachable(work, shown)
    if Audience.ASSIGNEE in action.tells:
        former = shown.assignee or (await work.session.get(Staff, before) if before else None)
        await notices.staff(work, shown, [former] if former else [], f"{kind}.assignee.{name}", **told)
    for who in (Audience.GROUP, Audience.DUTY_LEAD, Audience.MANAGER):
        if who in action.tells:
            await notices.audience(work, shown, who, f"{kind}.lead.{name}", **told)
    if name == "rate" and int(str(values.get("overall", 5))) <= LOW:
        await notices.audience(work, shown, Audience.DUTY_LEAD, f"{kind}.lead.rated_low")
    if name == "reopen" and shown.ticket.reopened >= 2:
        await notices.audience(work, shown, Audience.MANAGER, f"{kind}.lead.{name}", **told)


async def _tell_resident(work: Work, shown: Sheet, name: str, told: dict[str, Any]) -> bool:
    if "rating" in catalogue.lifecycles()[shown.ticket.kind].named[name].starts:
        return await notices.ask_rating(work, shown, f"{shown.ticket.kind}.rate_ask")
    return await notices.resident(
        work,
        shown,
        f"{shown.ticket.kind}.told.{name}",
        (("tickets.open", "show"),),
        **told,
    )


async def unreachable(work: Work, shown: Sheet, why: str = "nobody") -> None:
    """The card says that its resident cannot be reached, and why: `why` is a key of `unreachable.*`."""
    if shown.ticket.details.get("unreachable") == why:
        return
    details = {**shown.ticket.details, "unreachable": why}
    await work.session.execute(
        update(Ticket).where(Ticket.id == shown.ticket.id).values(details=details, version=Ticket.version + 1)
    )
    await work.session.refresh(shown.ticket)
    await notices.draw(work, shown)


async def reachable(work: Work, resident: int) -> None:
    """The resident can be reached again: the cards of their open tickets no longer say otherwise."""
    running = select(Ticket).where(Ticket.resident_id == resident, Ticket.closed_at.is_(None))
    for ticket in (await work.session.scalars(running)).all():
        details = {name: value for name, value in ticket.details.items() if name != "unreachable"}
        if details == ticket.details:
            continue
        await tickets.move(work.session, ticket.id, ticket.state, details=details)
        await work.session.refresh(ticket)
        await notices.draw(work, await cards.sheet(work.session, ticket))


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
        data={**_names(actor), "photos": len(photos)},
        source=source,
        audience="staff" if by_staff else "all",
    )
    await attach(work, ticket.id, photos, by="staff" if by_staff else "resident")
    await tickets.move(work.session, ticket.id, ticket.state)
    await work.session.flush()
    await work.session.refresh(ticket)
    shown = await cards.sheet(work.session, ticket)
    await notices.draw(work, shown)
    if not by_staff and shown.assignee is not None:
        await notices.staff(work, shown, [shown.assignee], f"{ticket.kind}.assignee.add", note=note)
    return shown


def refused(work: Work, ticket: Ticket, doer: Doer, name: str) -> None:
    """Note that somebody tried what is not theirs to do."""
    record(work, ticket, doer, "refused", note=name, audience="staff")


async def _keep_clocks(work: Work, ticket: Ticket, running: dict[str, Any]) -> None:
    if running != ticket.clocks:
        await work.session.execute(update(Ticket).where(Ticket.id == ticket.id).values(clocks=running))
        await work.session.refresh(ticket)


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


def _names(actor: Staff | None) -> dict[str, Json]:
    """Who acted, as the timeline will say it in each language."""
    return {"staff": called(actor, "zh_CN"), "staff_en": called(actor, "en")}


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""
