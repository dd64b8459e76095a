"""A form is sent off: a ticket is opened and a promise made, or the form is kept until it can be sent."""

from __future__ import annotations

from dataclasses import replace

from flows.engine.effects import OpenTicket
from flows.engine.form import Draft
from flows.engine.messages import Command
from handlers import clocks, opening, wording
from handlers.cards import ticket_data
from handlers.desk import Scene, rules
from handlers.envelopes import Button, Outgoing
from handlers.opening import Opened, TooMany
from models.ticket import Ticket


async def send_off(scene: Scene, effect: OpenTicket, form: Draft | None) -> None:
    """Open the ticket and promise something; `form` is what was filled in."""
    resident, account = scene.standing.resident, scene.standing.account
    if resident is None:
        scene.reply("bind.first")
        return
    described = tuple((scene.source(ref) or "", text) for ref, text in effect.described)
    try:
        opened = await opening.open_ticket(
            scene.work, replace(effect, described=described), resident, account
        )
    except TooMany as full:
        scene.draft = form
        scene.replies.append(_kept_for_later(scene, full, form))
        return
    scene.replies.append(_promised(scene, opened))


def _kept_for_later(scene: Scene, full: TooMany, form: Draft | None) -> Outgoing:
    """The form stays as it is; its button will send it when the day has room again."""
    told = scene.text("system.too_many_tickets", again=full.again, hotline=full.hotline)
    if form is None:
        return Outgoing(told)
    label = scene.text(f"engine.command.{Command.SUBMIT.value}")
    again = Button(label, wording.command_data(Command.SUBMIT, form.revision), "primary")
    return Outgoing(told, buttons=((again,),))


def _promised(scene: Scene, opened: Opened) -> Outgoing:
    ticket, rule = opened.shown.ticket, rules(opened.shown.community)
    running = ticket.clocks.get(opened.shown.table.opening[0])
    by = clocks.ends(running, rule) if running else scene.work.now
    minutes = round(running["span"] / 60) if running else 0
    key = "tickets.repeat" if opened.repeat else _promise(ticket, rule.calendar.open_at(scene.work.now))
    told = scene.text(
        key, number=ticket.number, by=opened.shown.local(by), minutes=minutes, hotline=rule.hotline
    )
    buttons = [
        Button(scene.text("tickets.open"), ticket_data(ticket.id, "show")),
        Button(scene.text("menu.tickets"), "m.tickets"),
    ]
    return Outgoing(told, ticket.number, wording.rows(buttons), ticket=ticket.id)


def _promise(ticket: Ticket, is_open: bool) -> str:
    if ticket.urgent:
        return f"{ticket.kind}.promise_urgent"
    return f"{ticket.kind}.promise" if is_open else f"{ticket.kind}.promise_closed"
