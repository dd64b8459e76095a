"""A ticket has moved: everybody the table names is told, each in their own words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flows.engine.lifecycle import Action, Audience, Role, stands
from flows.engine.messages import Json
from handlers import carrying, clocks, notices, passes, tickets
from handlers.cards import posting, sheets
from handlers.cards.sheets import Sheet
from handlers.desk import Work
from handlers.envelopes import Picture
from handlers.saying import said
from models.staff import Staff

LOW = 2
"""With so few stars or fewer the duty lead is told to pay a return visit."""
STAFF = (Audience.GROUP, Audience.ASSISTANT, Audience.DUTY_LEAD, Audience.MANAGER)


@dataclass(frozen=True, slots=True)
class Move:
    """What has just happened to a ticket: by which action, with which answers, from whose hands."""

    shown: Sheet
    action: Action
    values: Mapping[str, Json]
    before: int | None
    photos: tuple[int, ...] = ()

    @property
    def kind(self) -> str:
        return self.shown.ticket.kind


async def tell(work: Work, move: Move) -> None:
    """Tell everybody the action tells."""
    shown, action = move.shown, move.action
    told = await _told(work, move)
    if carrying.answers(shown.table, action):
        await carrying.to_group(work, shown, action, move.photos)
    if Audience.RESIDENT in action.tells and not await _resident(work, move, told):
        await tickets.unreachable(work, shown)
    if Audience.OWNER in action.tells:
        await _owners(work, move, told)
    if Audience.NEIGHBOURS in action.tells:
        await notices.neighbours(work, shown, f"{move.kind}.neighbours.{action.name}", **told)
    if Audience.ASSIGNEE in action.tells:
        former = shown.assignee or (await work.session.get(Staff, move.before) if move.before else None)
        people = [former] if former else []
        await notices.staff(work, shown, people, f"{move.kind}.assignee.{action.name}", **told)
    for who in STAFF:
        if who in action.tells:
            await notices.audience(work, shown, who, f"{move.kind}.lead.{action.name}", **told)
    await _escalated(work, move, told)


async def _told(work: Work, move: Move) -> dict[str, Any]:
    """What the words about a move may mention."""
    shown, values = move.shown, move.values
    answers, details = said(values, shown.local), said(shown.ticket.details, shown.local)
    found = await passes.newest(work.session, shown.ticket.id) if move.action.then is not None else None
    return {
        "reason": _text(values.get("reason")),
        "work": _text(values.get("work")),
        "note": _text(values.get("note")),
        "until": answers["until"] or None,
        "by": clocks.promised(work, shown.ticket, shown.community),
        "said": answers,
        "details": details,
        "code": "" if found is None else found.code,
    }


async def _resident(work: Work, move: Move, told: dict[str, Any]) -> bool:
    shown, action = move.shown, move.action
    if carrying.speaks(shown.table, action):
        return await carrying.to_resident(work, shown, action, move.photos)
    if "rating" in action.starts:
        return await _asked_to_rate(work, move, told)
    key, buttons = f"{move.kind}.told.{action.name}", _buttons(move, Role.RESIDENT)
    pictures = (*_seen(move), *await _passes(work, move))
    return await notices.resident(work, shown, key, buttons, pictures=pictures, **told)


def _seen(move: Move) -> tuple[Picture, ...]:
    """What colleagues photographed on the way; the resident knows what they sent themselves."""
    theirs = Role.RESIDENT in move.action.by
    return () if theirs else sheets.pictures([one for one in move.shown.photos if one.id in move.photos])


async def _passes(work: Work, move: Move) -> tuple[Picture, ...]:
    """The passes that the move brought; where the ticket stays where it is, all that it has."""
    if move.action.then is None:
        return ()
    return await passes.pictures(work, move.shown.ticket, anew=move.action.to is not None)


def spared(shown: Sheet) -> bool:
    """Whether the resident does not want to be asked for stars."""
    resident = shown.resident
    return resident is not None and bool(resident.settings.get("record", {}).get("no_rating"))


async def _asked_to_rate(work: Work, move: Move, told: dict[str, Any]) -> bool:
    """Ask for stars; who does not want to be asked is only told that it is done."""
    shown = move.shown
    if spared(shown):
        await clocks.give_up_rating(work, shown.ticket.id)
        return await notices.resident(work, shown, "tickets.is_done", (("tickets.open", "show"),))
    return await notices.ask_rating(work, shown, f"{move.kind}.rate_ask", **told)


def _buttons(move: Move, role: Role) -> tuple[tuple[str, str], ...]:
    """What can be answered with a tap by who is told; else a look at the ticket."""
    ticket, named = move.shown.ticket, move.shown.table.named
    offered = [
        name
        for name in move.action.offers
        if role in named[name].by and stands(named[name], ticket.state, ticket.details)
    ]
    return tuple((f"{move.kind}.action.{name}", name) for name in offered) or (("tickets.open", "show"),)


async def _owners(work: Work, move: Move, told: dict[str, Any]) -> None:
    """An owner who cannot be asked is noted on the card: then staff ask in another way."""
    key = f"{move.kind}.owner.{move.action.name}"
    if not await notices.owners(work, move.shown, key, _buttons(move, Role.OWNER), **told):
        await tickets.note(work, move.shown.ticket, owner="unreachable")
        await work.session.refresh(move.shown.ticket)
        await posting.refresh(work, move.shown)


async def _escalated(work: Work, move: Move, told: dict[str, Any]) -> None:
    """Few stars are the duty lead's business, a second reopening the manager's."""
    shown, name = move.shown, move.action.name
    if name == "rate" and int(str(move.values.get("overall", 5))) <= LOW:
        await notices.audience(work, shown, Audience.DUTY_LEAD, f"{move.kind}.lead.rated_low")
    if name == "reopen" and shown.ticket.reopened >= 2:
        await notices.audience(work, shown, Audience.MANAGER, f"{move.kind}.lead.{name}", **told)


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""
