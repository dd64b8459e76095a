"""What a pass is worth at this moment, as whoever checks it reads it, with what can be done next."""

from __future__ import annotations

from enum import StrEnum

from flows.engine.lifecycle import Action, Role, permits, stands
from flows.engine.messages import Phrase
from flows.engine.when import Window
from handlers import tickets
from handlers.cards import sheets
from handlers.cards.buttons import style, ticket_data
from handlers.cards.masks import door
from handlers.cards.sheets import Sheet
from handlers.desk import Work
from handlers.envelopes import Button, Outgoing
from handlers.roster import called
from handlers.tickets import Doer
from handlers.wording import rows
from models.gatepass import GatePass
from models.staff import Staff
from models.ticket import Ticket


class Verdict(StrEnum):
    """What a pass is worth at this moment."""

    VALID = "valid"
    EARLY = "early"
    EXPIRED = "expired"
    REVOKED = "revoked"
    USED = "used"


def verdict(work: Work, found: GatePass) -> Verdict:
    """Whether a pass opens anything now, and if not, why."""
    if found.used_at is not None:
        return Verdict.USED
    if found.ended_at is not None:
        return Verdict.REVOKED
    if work.now < found.since:
        return Verdict.EARLY
    return Verdict.VALID if work.now < found.until else Verdict.EXPIRED


async def answer(work: Work, found: GatePass, doer: Doer, locale: str) -> Outgoing:
    """What a guard has to know: is it good, for what, when, and what can be done."""
    ticket = await work.session.get_one(Ticket, found.ticket_id)
    shown = await sheets.of(work.session, ticket)
    worth, hours = verdict(work, found), _hours(work, found, shown, locale)
    lines = [
        work.say(f"gate.kind.{found.kind}", locale, number=ticket.number, label=found.label),
        work.say("gate.window", locale, hours=hours),
        *await _passed(work, found, shown, locale),
        *(line for line in _details(work, shown, locale) if not line.endswith(hours)),
    ]
    actions = await _actions(work, shown, doer, locale) if worth is Verdict.VALID else ()
    title = work.say(f"gate.verdict.{worth.value}", locale)
    return Outgoing("\n".join(line for line in lines if line), title, actions, ticket=ticket.id)


def _hours(work: Work, found: GatePass, shown: Sheet, locale: str) -> str:
    """From when to when it is good."""
    since, until = shown.local(found.since), shown.local(found.until)
    if since.date() == until.date():
        return work.say("engine.slot", locale, window=Window(since, until))
    return work.say("gate.days", locale, start=since, end=until)


async def _passed(work: Work, found: GatePass, shown: Sheet, locale: str) -> list[str]:
    """By whom and when it was let through already."""
    if found.used_at is None:
        return []
    guard = await work.session.get(Staff, found.used_by) if found.used_by else None
    at = shown.local(found.used_at)
    return [work.say("gate.used", locale, at=at, staff=called(guard, locale))]


def _details(work: Work, shown: Sheet, locale: str) -> list[str]:
    """The building, and what the ticket says that is nobody's secret."""
    told = [(Phrase("card.home"), door(shown.home.name, private=False))]
    told += [
        (line.label, work.desk.texts.say(line.value, locale))
        for line in shown.table.lines(shown.ticket.details)
        if not line.private and not line.internal
    ]
    return [
        work.say("engine.answer", locale, label=label, answer=shown.for_all(value))
        for label, value in told
        if value
    ]


async def _actions(work: Work, shown: Sheet, doer: Doer, locale: str) -> tuple[tuple[Button, ...], ...]:
    """What the guard does next, which is not on the ticket's card: it takes the pass to do it."""
    ticket = shown.ticket
    actor = await tickets.actor_for(work, ticket, doer)
    return rows(
        [
            Button(
                work.say(f"{ticket.kind}.action.{action.name}", locale),
                ticket_data(ticket.id, action.name),
                style(number, action.name),
            )
            for number, action in enumerate(_at_the_gate(shown))
            if permits(action, actor)
        ]
    )


def _at_the_gate(shown: Sheet) -> list[Action]:
    ticket = shown.ticket
    return [
        action
        for action in shown.table.actions
        if Role.GUARD in action.by and stands(action, ticket.state, ticket.details)
    ]
