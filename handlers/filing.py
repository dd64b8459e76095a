"""A form is sent off: a ticket is opened and a promise made, or the form is kept until it can be sent."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from flows import catalogue
from flows.engine.effects import OpenTicket
from flows.engine.form import Draft
from flows.engine.messages import Command
from handlers import clocks, moves, roster, saying, teams, wording
from handlers.cards.buttons import ticket_data
from handlers.desk import Scene, rules
from handlers.envelopes import Button, Outgoing
from handlers.opening import Opened, TooMany
from handlers.people import applying, binding
from handlers.policy import Policy
from handlers.roster import called, leads
from models.ticket import Ticket

URGENT = "urgent"
"""The action by which a resident says that a thing cannot wait until somebody is there."""


async def send_off(scene: Scene, effect: OpenTicket, form: Draft | None) -> None:
    """Open the ticket and promise something; `form` is what was filled in."""
    resident, account = scene.standing.resident, scene.standing.account
    if resident is None and catalogue.services()[effect.kind].strangers:
        resident = await applying.newcomer(scene, effect.details)
    if resident is None:
        binding.told(scene, "bind.first")
        return
    described = tuple((scene.source(ref) or "", text) for ref, text in effect.described)
    try:
        opened = await moves.open_ticket(scene.work, replace(effect, described=described), resident, account)
    except TooMany as full:
        scene.draft = form
        scene.replies.append(_kept_for_later(scene, full, form))
        return
    scene.replies.append(await _promised(scene, opened))


def _kept_for_later(scene: Scene, full: TooMany, form: Draft | None) -> Outgoing:
    """The form stays as it is; its button will send it when the day has room again."""
    told = scene.text("system.too_many_tickets", again=full.again, hotline=full.hotline)
    if form is None:
        return Outgoing(told)
    label = scene.text(f"engine.command.{Command.SUBMIT.value}")
    again = Button(label, wording.command_data(Command.SUBMIT, form.revision), "primary")
    return Outgoing(told, buttons=((again,),))


async def _promised(scene: Scene, opened: Opened) -> Outgoing:
    shown, ticket = opened.shown, opened.shown.ticket
    rule, now = rules(shown.community), scene.work.now
    serve = teams.roles(shown.table.group(ticket.details))
    opens = await roster.opens(scene.session, shown.community.id, serve, rule.calendar, now)
    is_open = opens <= now
    running = ticket.clocks.get(shown.table.opening[0]) if shown.table.opening else None
    told = scene.text(
        "tickets.repeat" if opened.repeat else _promise(ticket, is_open=is_open),
        number=ticket.number,
        by=shown.local(_by(running, rule, now, opens) if running else now),
        minutes=round(running["span"] / 60) if running else 0,
        hotline=rule.hotline,
        starts=shown.local(opens),
        duty="" if is_open else await _duty(scene, opened),
        assistant=await roster.assistant_at(scene.session, shown.home, max(opens, now), scene.locale),
        held=running is not None and running["held"],
        details=saying.said(ticket.details, shown.local),
    )
    return Outgoing(told, ticket.number, _next(scene, opened, is_open=is_open), ticket=ticket.id)


def _by(running: dict[str, Any], rule: Policy, now: datetime, opens: datetime) -> datetime:
    """When the promise runs out; what is done in working hours begins when somebody is there."""
    ends = clocks.ends(running, rule)
    if opens <= now or not running["working"]:
        return ends
    return max(ends, rule.calendar.add(opens, timedelta(seconds=running["span"])))


async def _duty(scene: Scene, opened: Opened) -> str:
    """Who can be called while nobody is there; "" where nobody is on duty."""
    people = await leads(scene.session, opened.shown.community.id, scene.work.now)
    return called(people[0], scene.locale) if people else ""


def _next(scene: Scene, opened: Opened, *, is_open: bool) -> tuple[tuple[Button, ...], ...]:
    ticket, table = opened.shown.ticket, opened.shown.table
    buttons = [
        Button(scene.text("tickets.open"), ticket_data(ticket.id, "show")),
        Button(scene.text("menu.tickets"), "m.tickets"),
    ]
    if URGENT in table.named and not is_open:
        label = scene.text(f"{ticket.kind}.action.{URGENT}")
        buttons.insert(0, Button(label, ticket_data(ticket.id, URGENT), "danger"))
    return wording.rows(buttons)


def _promise(ticket: Ticket, *, is_open: bool) -> str:
    if ticket.urgent:
        return f"{ticket.kind}.promise_urgent"
    return f"{ticket.kind}.promise" if is_open else f"{ticket.kind}.promise_closed"
