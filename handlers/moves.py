"""A ticket is opened and moves by its table: guarded, recorded, told to whom the table says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flows import catalogue
from flows.engine.effects import Consequence, EndPasses, IssuePass, Join, Moved, OpenTicket
from flows.engine.lifecycle import Action, Lifecycle
from flows.engine.messages import Json
from handlers import carrying, clocks, opening, passes, reaching, telling, tickets
from handlers.cards import posting, sheets
from handlers.cards.sheets import Sheet
from handlers.desk import Work
from handlers.opening import Opened
from handlers.people import joining
from handlers.telling import Move
from handlers.tickets import CLOCK, Doer, Lost
from models import ticket as rows
from models.community import Community
from models.staff import Staff
from models.ticket import Ticket


async def open_ticket(work: Work, effect: OpenTicket, resident: int, account: int | None) -> Opened:
    """Open a ticket, or find the same one opened a moment ago. Raises TooMany."""
    opened = await opening.open_ticket(work, effect, resident, account)
    if opened.repeat:
        return opened
    if opened.shown.table.talk:
        await carrying.opened(work, await sheets.of(work.session, opened.shown.ticket), effect.photos)
    return Opened(await _at_once(work, opened.shown))


async def _at_once(work: Work, shown: Sheet) -> Sheet:
    """What the table does by itself as soon as a ticket is there, such as asking the owner."""
    ticket, table = shown.ticket, shown.table
    name = table.at_once(ticket.details) if table.at_once is not None else ""
    return await perform(work, ticket, table.named[name], CLOCK) if name else shown


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
    seen, before = ticket.state, ticket.assignee_id
    if action.keeps or action.drops or action.sets is not None:
        await work.session.refresh(ticket, with_for_update=True)
    changes = _changes(work, ticket, table, action, doer, values)
    if not await rows.move(work.session, ticket.id, seen, **changes):
        raise Lost
    await work.session.refresh(ticket)
    await clocks.keep(work, ticket, await clocks.moved(work, ticket, table, community, action, values))
    await _recorded(work, ticket, table, action, doer, values, photos, source, seen)
    shown = await sheets.of(work.session, ticket)
    await _follow(work, shown, action, values)
    await _private_card(work, shown, action, doer)
    await posting.refresh(work, shown)
    await telling.tell(work, Move(shown, action, values, before, photos))
    return shown


def _changes(
    work: Work, ticket: Ticket, table: Lifecycle, action: Action, doer: Doer, values: Mapping[str, Json]
) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if action.to is not None:
        changes["state"] = action.to.value
        changes["closed_at"] = (ticket.closed_at or work.now) if action.to in table.final else None
    if action.takes:
        changes["assignee_id"] = doer.staff
    if action.frees:
        changes["assignee_id"] = None
    if action.alarms or action.calms:
        changes["urgent"] = action.alarms
    if action.keeps or action.drops or action.sets is not None:
        changes["details"] = _details(ticket, action, values)
    return changes | _verdict(work, ticket, action, values)


def _details(ticket: Ticket, action: Action, values: Mapping[str, Json]) -> dict[str, Any]:
    kept = {name: values[name] for name in action.keeps if name in values}
    made = action.sets(ticket.details, values) if action.sets is not None else {}
    details = {**ticket.details, **kept, **made}
    return {name: value for name, value in details.items() if name not in action.drops}


def _verdict(work: Work, ticket: Ticket, action: Action, values: Mapping[str, Json]) -> dict[str, Any]:
    """How it ended, and what its resident thinks of it."""
    changes: dict[str, Any] = {}
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


async def _recorded(
    work: Work,
    ticket: Ticket,
    table: Lifecycle,
    action: Action,
    doer: Doer,
    values: Mapping[str, Json],
    photos: tuple[int, ...],
    source: str | None,
    seen: str,
) -> None:
    """One line of the timeline; what the ticket itself will forget does not stay there either."""
    passing = {name for one in table.actions for name in one.drops}
    actor = await work.session.get(Staff, doer.staff) if doer.staff else None
    tickets.record(
        work,
        ticket,
        doer,
        action.name,
        from_state=seen,
        to_state=ticket.state,
        note=next((note for name in ("note", "reason", "work") if (note := _text(values.get(name)))), ""),
        data={
            **{name: value for name, value in values.items() if name not in passing},
            **tickets.names(actor),
            "photos": len(photos),
        },
        audience="staff" if action.internal else "all",
        source=source,
    )
    await tickets.attach(work, ticket.id, photos, by="staff" if doer.staff else "resident")
    await work.session.flush()


async def _follow(work: Work, shown: Sheet, action: Action, values: Mapping[str, Json]) -> None:
    """What else comes of a move."""
    if action.then is None:
        return
    ticket = shown.ticket
    moved = Moved(ticket.id, ticket.home_id, ticket.details, values, shown.local(work.now))
    for consequence in action.then(moved):
        await _done(work, ticket, consequence)


async def _done(work: Work, ticket: Ticket, consequence: Consequence) -> None:
    match consequence:
        case OpenTicket():
            await _at_once(work, await opening.follow_up(work, consequence, ticket))
        case IssuePass():
            await passes.issue(work, ticket, consequence)
        case EndPasses():
            await passes.end(work, ticket, consequence)
        case Join(role=role):
            await joining.approved(work, ticket, role)


async def _private_card(work: Work, shown: Sheet, action: Action, doer: Doer) -> None:
    if not action.takes or doer.staff is None:
        return
    for account in (await reaching.staff(work.desk, work.session, doer.staff))[:1]:
        await posting.to_assignee(work, shown, account)


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""
