"""A ticket's promises in rows: started, stopped, held and resumed together with its moves."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete

from flows.engine.lifecycle import Action, Clock, Lifecycle, Timer
from flows.engine.messages import Json
from handlers.desk import Work, rules
from handlers.policy import Policy
from models.community import Community
from models.due import Due
from models.ticket import Ticket

Clocks = dict[str, Any]


async def opened(work: Work, ticket: Ticket, table: Lifecycle, community: Community) -> Clocks:
    """The clocks a new ticket starts with."""
    clocks: Clocks = {}
    for name in table.opening:
        await _start(work, ticket, table, rules(community), name, clocks, None)
    return clocks


async def moved(
    work: Work,
    ticket: Ticket,
    table: Lifecycle,
    community: Community,
    action: Action,
    until: str | None = None,
) -> Clocks:
    """The clocks after an action; its due rows come and go in the same transaction."""
    clocks = dict(ticket.clocks)
    rule = rules(community)
    for name in action.stops:
        clocks.pop(name, None)
        await _forget(work, ticket, name)
    for name, running in list(clocks.items()):
        if action.holds:
            clocks[name] = await _hold(work, ticket, rule, name, running)
        if action.resumes and running.get("held"):
            clock = table.clock(name)
            clocks[name] = {**running, "began": work.now.isoformat(), "held": False}
            if clock is not None:
                await _stages(work, ticket, clock, clocks[name], rule)
    for name in action.starts:
        await _forget(work, ticket, name)
        await _start(work, ticket, table, rule, name, clocks, until)
    return clocks


def ends(running: dict[str, Any], rule: Policy, share: float = 1.0) -> datetime:
    """When `share` of a running clock's time is used up."""
    span = timedelta(seconds=running["span"] * share - running["spent"])
    began = datetime.fromisoformat(running["began"])
    return rule.calendar.add(began, span) if running["working"] else began + span


async def _start(
    work: Work,
    ticket: Ticket,
    table: Lifecycle,
    rule: Policy,
    name: str,
    clocks: Clocks,
    until: str | None,
) -> None:
    clock, timer = table.clock(name), table.timer(name)
    if clock is not None:
        clocks[name] = {
            "began": work.now.isoformat(),
            "span": rule.promise(ticket.kind, clock, urgent=ticket.urgent).total_seconds(),
            "spent": 0.0,
            "working": clock.working and not ticket.urgent,
            "held": False,
        }
        await _stages(work, ticket, clock, clocks[name], rule)
    elif timer is not None:
        await _timer(work, ticket, timer, rule, until)


async def _stages(work: Work, ticket: Ticket, clock: Clock, running: dict[str, Any], rule: Policy) -> None:
    for number, stage in enumerate(clock.stages):
        if running["span"] * stage.share > running["spent"]:
            at = ends(running, rule, stage.share)
            _later(work, ticket, clock.name, number, at, {"stage": number})


async def _timer(work: Work, ticket: Ticket, timer: Timer, rule: Policy, until: str | None) -> None:
    if not timer.after:
        if until is not None:
            _later(work, ticket, timer.name, 0, datetime.fromisoformat(until), {})
        return
    for number, after in enumerate(timer.after):
        at = work.now + after
        calm = rule.calendar.calm(at) if timer.calm else at
        _later(work, ticket, timer.name, number, calm, {"stage": number})


def _later(work: Work, ticket: Ticket, name: str, number: int, at: datetime, data: dict[str, Json]) -> None:
    cycle = f"{ticket.version}.{number}"
    work.session.add(Due(kind=name, ticket_id=ticket.id, cycle=cycle, at=at, data=data))


async def _hold(
    work: Work, ticket: Ticket, rule: Policy, name: str, running: dict[str, Any]
) -> dict[str, Any]:
    if running["held"]:
        return running
    began = datetime.fromisoformat(running["began"])
    passed = rule.calendar.between(began, work.now) if running["working"] else work.now - began
    await _forget(work, ticket, name)
    return {**running, "spent": running["spent"] + passed.total_seconds(), "held": True}


async def _forget(work: Work, ticket: Ticket, name: str) -> None:
    await work.session.execute(
        delete(Due)
        .where(Due.ticket_id == ticket.id, Due.kind == name, Due.done_at.is_(None))
        .execution_options(synchronize_session=False)
    )
