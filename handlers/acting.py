"""Somebody acts on a ticket: it is done and confirmed, or they learn where it stands and why not."""

from __future__ import annotations

from collections.abc import Mapping

from flows.engine.lifecycle import Refused
from flows.engine.messages import Json, Phrase
from handlers import clocks, moves, saying, telling, tickets
from handlers.cards import posting, sheets
from handlers.cards.buttons import ticket_data
from handlers.cards.sheets import Sheet
from handlers.desk import Scene
from handlers.envelopes import Button, Outgoing
from handlers.roster import called
from handlers.tickets import Doer, Lost
from models.ticket import Ticket


def doer(scene: Scene) -> Doer:
    """Who is speaking in this scene."""
    standing = scene.standing
    return Doer(staff=standing.staff, resident=standing.resident, account=standing.account)


async def act(
    scene: Scene,
    ticket: Ticket,
    name: str,
    values: Mapping[str, Json],
    photos: tuple[int, ...] = (),
    source: str | None = None,
) -> bool:
    """Carry out an action and say so; whether it was done."""
    try:
        action = await tickets.permitted(scene.work, ticket, name, doer(scene))
        shown = await moves.perform(scene.work, ticket, action, doer(scene), values, photos, source)
    except Refused as refusal:
        await explain(scene, ticket, name, refusal.reason)
    except Lost:
        await scene.session.refresh(ticket)
        await explain(scene, ticket, name, "moved_on")
    else:
        _confirm(scene, shown, name)
        return True
    return False


async def explain(scene: Scene, ticket: Ticket, name: str, reason: str) -> None:
    """Say why not, and bring a card that still offered the button up to date."""
    if reason in ("not_yours", "unknown"):
        tickets.refused(scene.work, ticket, doer(scene), name)
    shown = await sheets.of(scene.session, ticket)
    if reason == "moved_on":
        await posting.refresh(scene.work, shown)
        reason = _why(scene, shown, name)
    winner = called(shown.assignee, scene.locale)
    state = scene.text(f"{ticket.kind}.state.{ticket.state}")
    say(scene, scene.text(f"refused.{reason}", winner=winner, state=state))


def _why(scene: Scene, shown: Sheet, name: str) -> str:
    """Who wanted to take a ticket hears who has it; everybody else only where it stands now."""
    taker = shown.assignee
    if taker is None or not shown.table.named[name].takes:
        return "moved_on"
    return "already_yours" if taker.id == scene.standing.staff else "too_late"


def say(scene: Scene, told: str) -> None:
    """A remark to the one who tapped; a reply to the one who wrote."""
    if scene.inbound.tap:
        scene.hint = told
    else:
        scene.replies.append(Outgoing(told))


def _confirm(scene: Scene, shown: Sheet, name: str) -> None:
    """Tell the one who acted that it is done, and what comes next."""
    ticket = shown.ticket
    if name == "rate":
        scene.replies.append(_thanks(scene, ticket))
        return
    told = did(scene, shown, name)
    owner = scene.standing.resident is not None and scene.standing.resident == ticket.resident_id
    if owner:
        scene.replies.append(Outgoing(told, ticket.number, ticket=ticket.id))
    else:
        say(scene, told)


def did(scene: Scene, shown: Sheet, name: str) -> str:
    """What the one who acted hears: that it is done, what is next and by when."""
    ticket, kind, texts = shown.ticket, shown.ticket.kind, scene.work.desk.texts
    key = f"{kind}.did.{name}"
    state = texts.say(Phrase(f"{kind}.state.{ticket.state}"), scene.locale)
    by = clocks.promised(scene.work, ticket, shown.community)
    details = saying.said(ticket.details, shown.local)
    key = key if texts.has(key, scene.locale) else "tickets.did"
    return scene.text(key, number=ticket.number, state=state, by=by, details=details)


def _thanks(scene: Scene, ticket: Ticket) -> Outgoing:
    """Thanks for the stars; few of them open the way back at once."""
    low = int((ticket.rating or {}).get("overall", 5)) <= telling.LOW
    told = scene.text(
        f"{ticket.kind}.rated_low" if low else f"{ticket.kind}.rated_thanks", number=ticket.number
    )
    more = Button(scene.text(f"{ticket.kind}.action.opinion"), ticket_data(ticket.id, "opinion"))
    again = Button(scene.text("tickets.not_solved"), ticket_data(ticket.id, "reopen"), "primary")
    return Outgoing(told, ticket.number, ((again,), (more,)) if low else ((more,),), ticket=ticket.id)
