"""Somebody edits what they wrote before: the draft, or the ticket and its card, show the new words."""

from __future__ import annotations

from sqlalchemy import select

from flows import catalogue
from flows.engine import turn as engine
from flows.engine.messages import Said
from handlers import carrying
from handlers.cards import posting, sheets
from handlers.desk import Scene, facts
from models import ticket as tickets
from models.ticket import Ticket, TicketEvent, timeline


async def edited(scene: Scene) -> None:
    """Find what the message became; what was never ours is kept all the same, but for talk in a group."""
    if await _in_draft(scene) or await _in_ticket(scene) or scene.inbound.group:
        return
    scene.kept = scene.inbound.text


async def _in_draft(scene: Scene) -> bool:
    draft = scene.draft
    flow = catalogue.all_flows().get(draft.flow) if draft is not None else None
    if draft is None or flow is None:
        return False
    known = await facts(scene, flow, draft.about)
    mended = engine.mend(flow, draft, Said(scene.inbound.text, scene.inbound.ref), known)
    if mended is None:
        return False
    scene.draft = mended
    scene.reply("engine.edited")
    return True


async def _in_ticket(scene: Scene) -> bool:
    source = scene.source(scene.inbound.ref)
    event = await scene.session.scalar(
        select(TicketEvent).where(TicketEvent.source == source).limit(1).with_for_update()
    )
    if event is None:
        return False
    ticket = await scene.session.get_one(Ticket, event.ticket_id)
    was, event.note = event.note, scene.inbound.text
    event.data = {**event.data, "was": [*event.data.get("was", []), was]}
    await scene.session.flush()
    if event.action == "described":
        await _describe(scene, ticket)
    shown = await sheets.of(scene.session, ticket)
    await posting.refresh(scene.work, shown)
    if event.action == "described":
        await carrying.retold(scene.work, shown)
    carried = await carrying.corrected(scene.work, shown, event)
    scene.reply("relay.edited" if carried and event.staff_id is not None else "engine.edited")
    return True


async def _describe(scene: Scene, ticket: Ticket) -> None:
    """Put the ticket's description together again from its messages."""
    written = [
        event.note for event in await timeline(scene.session, ticket.id) if event.action == "described"
    ]
    story = catalogue.lifecycles()[ticket.kind].story
    details = {**ticket.details, story: "\n".join(written)}
    await tickets.move(scene.session, ticket.id, ticket.state, details=details)
    await scene.session.refresh(ticket)
