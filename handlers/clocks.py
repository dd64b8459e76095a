"""A ticket's promises in rows: started, stopped, held and resumed together with its moves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import delete, update

from flows.engine.lifecycle import Action, Clock, Lifecycle, Timer
from flows.engine.messages import Json
from handlers.desk import Work, rules
from handlers.policy import Policy
from models.community import Community
from models.due import Due
from models.ticket import Ticket

Clocks = dict[str, Any]
MORNING = time(9)


async def opened(work: Work, ticket: Ticket, table: Lifecycle, community: Community) -> Clocks:
    """The clocks a new ticket starts with."""
    clocks: Clocks = {}
    for name in table.opening:
        await _start(work, ticket, table, rules(community), name, clocks, {})
    return clocks


async def moved(
    work: Work,
    ticket: Ticket,
    table: Lifecycle,
    community: Community,
    action: Action,
    values: Mapping[str, Json],
) -> Clocks:
    """The clocks after an action; its due rows come and go in the same transaction.

    A clock that runs already runs on where it would be started, unless the action stops it first.
    """
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
        if name in clocks:
            continue
        await _forget(work, ticket, name)
        await _start(work, ticket, table, rule, name, clocks, values)
    return clocks


def promised(work: Work, ticket: Ticket, community: Community) -> datetime | None:
    """The next moment by which something was promised, local time; None when nothing is promised any more."""
    rule = rules(community)
    found = [ends(running, rule) for running in ticket.clocks.values() if not running["held"]]
    by = min((at for at in found if at > work.now), default=None)
    return None if by is None else by.astimezone(rule.calendar.zone)


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
    values: Mapping[str, Json],
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
        _timer(work, ticket, timer, rule, {**ticket.details, **values})


async def _stages(work: Work, ticket: Ticket, clock: Clock, running: dict[str, Any], rule: Policy) -> None:
    for number, stage in enumerate(clock.stages):
        if running["span"] * stage.share > running["spent"]:
            at = ends(running, rule, stage.share)
            _later(work, ticket, clock.name, number, at, {"stage": number})


def _timer(work: Work, ticket: Ticket, timer: Timer, rule: Policy, told: Mapping[str, Any]) -> None:
    for number, at in enumerate(_times(work, timer, rule, told)):
        calm = rule.calendar.calm(at) if timer.calm else at
        _later(work, ticket, timer.name, number, calm, {"stage": number})


def _times(work: Work, timer: Timer, rule: Policy, told: Mapping[str, Any]) -> Sequence[datetime]:
    """When a timer fires, as far as that is known when it starts; none ahead of a time that is near."""
    if timer.after:
        return [work.now + after for after in timer.after]
    if timer.again is not None:
        return [work.now + timer.again]
    moment = told.get(timer.at)
    at = instant(moment, rule) - timer.before if isinstance(moment, str) and moment else None
    too_late = at is not None and timer.before and at <= work.now
    return [] if at is None or too_late else [at]


def instant(moment: str, rule: Policy) -> datetime:
    """A moment as it is kept; a bare day counts from its morning, in the community's time."""
    at = datetime.fromisoformat(moment)
    if at.tzinfo is not None:
        return at
    return datetime.combine(at.date(), at.time() if len(moment) > 10 else MORNING, rule.calendar.zone)


def again(work: Work, ticket: Ticket, timer: Timer, rule: Policy, cycle: str) -> None:
    """The next time of a timer that repeats itself, after the one that was `cycle`."""
    assert timer.again is not None
    begun, _, count = cycle.partition(".")
    at = work.now + timer.again
    at = rule.calendar.calm(at) if timer.calm else at
    name = f"{begun}.{int(count) + 1}"
    work.session.add(Due(kind=timer.name, ticket_id=ticket.id, cycle=name, at=at, data={"stage": 0}))


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


async def keep(work: Work, ticket: Ticket, running: Clocks) -> None:
    """Write down which clocks run now."""
    if running != ticket.clocks:
        await work.session.execute(update(Ticket).where(Ticket.id == ticket.id).values(clocks=running))
        await work.session.refresh(ticket)


async def give_up_rating(work: Work, ticket: int) -> None:
    """No more reminders for a resident who cannot be reached, or does not want to be asked."""
    await work.session.execute(
        update(Due)
        .where(Due.ticket_id == ticket, Due.kind == "rating", Due.done_at.is_(None))
        .where(Due.data["stage"].as_integer() < 2)
        .values(done_at=work.now)
    )


async def _forget(work: Work, ticket: Ticket, name: str) -> None:
    await work.session.execute(
        delete(Due)
        .where(Due.ticket_id == ticket.id, Due.kind == name, Due.done_at.is_(None))
        .execution_options(synchronize_session=False)
    )
