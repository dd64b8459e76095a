"""Whatever anybody taps, in whatever order: tickets stay in known states, and promises and due rows agree."""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from flows import catalogue
from flows.engine import turn as engine
from flows.engine.effects import OpenTicket
from flows.engine.facts import Facts
from flows.engine.lifecycle import Action, Actor, Lifecycle, Refused, Role, permits, stands
from flows.engine.messages import Heard
from handlers import clocks, moves
from handlers.cards.buttons import ticket_data
from handlers.desk import Work, facts_of, rules
from handlers.envelopes import Kind
from handlers.groups import purposes
from models import Community, Due, Membership, Ticket, TicketEvent
from models.account import of_resident
from models.database import Database
from tests.properties.people import asked, saying, ticket_of
from tests.properties.residents import answers, often, standing
from tests.world import World, world

ENDINGS = frozenset({"cancel", "withdraw", "revoke"})
TABLES = tuple(catalogue.lifecycles().values())
UNCONDITIONAL = tuple(
    replace(table, concerns=None, actions=tuple(replace(action, given=None) for action in table.actions))
    for table in TABLES
)
"""The tables without what depends on a ticket's details: that is shown by stories."""


@st.composite
def actors(draw: st.DrawFn) -> Actor:
    roles = draw(st.frozensets(st.sampled_from(list(Role)), max_size=3))
    return Actor(roles, assignee=draw(st.booleans()), owner=draw(st.booleans()), landlord=draw(st.booleans()))


@pytest.mark.parametrize("table", UNCONDITIONAL, ids=lambda table: table.kind)
def test_no_sequence_of_actions_leaves_the_table(table: Lifecycle) -> None:
    moved: Counter[str] = Counter()
    refused: Counter[str] = Counter()

    @often(200)
    @given(st.data())
    def live(data: st.DataObject) -> None:
        state = data.draw(st.sampled_from([table.first, *table.states]))
        for _ in range(data.draw(st.integers(5, 30))):
            actor, name = data.draw(actors()), data.draw(st.sampled_from([*table.named, "nonsense"]))
            able = [one for one in table.actions if state in one.frm and one.name not in ENDINGS]
            allowed = data.draw(st.integers(0, 3)) > 0
            if able and allowed:
                likely = data.draw(st.sampled_from(able))
                actor, name = Actor(likely.by - {Role.RESIDENT, Role.OWNER}, True, True, True), likely.name
            try:
                action = table.check(name, state, actor, {})
            except Refused as no:
                refused[no.reason] += 1
                assert name not in {one.name for one in table.allowed(state, actor, {})}
                continue
            assert action.hidden or action in table.allowed(state, actor, {})
            assert permits(action, actor)
            left, state = state, action.to or state
            assert state in table.states
            assert left not in table.final or state == left or action.by != {Role.CLOCK}
            moved[name] += 1

    live()
    assert sum(moved.values()) > 200
    assert set(refused) == {"unknown", "not_yours", "moved_on"}


@pytest.mark.parametrize("table", UNCONDITIONAL, ids=lambda table: table.kind)
def test_every_row_lets_those_act_whom_it_names(table: Lifecycle) -> None:
    for action in table.actions:
        actor = Actor(action.by - {Role.RESIDENT, Role.OWNER}, assignee=True, owner=True, landlord=True)
        for state in action.frm:
            assert table.check(action.name, state, actor, {}) is action


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.kind)
def test_the_table_is_sound(table: Lifecycle) -> None:
    states = set(table.states)
    clocks_and_timers = {clock.name for clock in table.clocks} | {timer.name for timer in table.timers}
    reached = {table.first, *(action.to for action in table.actions if action.to is not None)}
    assert reached == states
    assert len(table.named) == len(table.actions)
    for action in table.actions:
        assert action.frm <= states
        assert action.frm, action.name
        assert {*action.starts, *action.stops} <= clocks_and_timers
        assert action.by, action.name
    assert set(table.opening) <= clocks_and_timers
    for state in states - table.final:
        assert any(state in action.frm and action.to not in (None, state) for action in table.actions), state


# --- through the real handlers

WAITS = (
    timedelta(minutes=8),
    timedelta(minutes=40),
    timedelta(hours=9),
    timedelta(days=2),
    timedelta(days=5),
    timedelta(days=31),
)
RESIDENT, LANDLORD, STRANGER = "李雷", "韩梅", "路人"
CREW = {
    "technician": "王师傅",
    "duty_lead": "陈值班",
    "manager": "周经理",
    "administrator": "管理员",
    "assistant": "客户助理",
    "guard": "门岗",
    "desk": "前台",
    "quality": "品质",
}
SELDOM = 0.6
"""So large a part of a table's actions is reached by chance, of those that depend on nothing rare."""


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.kind)
def test_promises_and_due_rows_always_agree(table: Lifecycle, sqlite_template: Path, tmp_path: Path) -> None:
    done: Counter[str] = Counter()
    states: Counter[str] = Counter()
    number = 0

    @settings(often(10), suppress_health_check=list(HealthCheck), phases=[Phase.generate])
    @given(st.data())
    def live(data: st.DataObject) -> None:
        nonlocal number
        number += 1
        file = shutil.copy(sqlite_template, tmp_path / f"{number}.db")
        asyncio.run(_lived(table, f"sqlite+aiosqlite:///{file}", data, done, states))

    live()
    assert set(done) - {"opened", "described", "refused", "note"} <= set(table.named)
    assert len(done.keys() & table.named.keys()) >= SELDOM * len(table.named)
    assert len(states) >= SELDOM * len(table.states)


async def _lived(
    table: Lifecycle, url: str, data: st.DataObject, done: Counter[str], states: Counter[str]
) -> None:
    database = Database(url)
    try:
        async with world(database) as w:
            await _staffed(w)
            if data.draw(st.booleans()):
                await _let(w)
            ticket = await _opened(w, table, data)
            for _ in range(max(20, len(table.actions))):
                await _something(w, table, ticket, data)
                await _agree(w)
                states[(await ticket_of(w, ticket)).state] += 1
            done.update(await _history(w, ticket))
    finally:
        await database.close()


async def _staffed(w: World) -> None:
    """Somebody for every role, and a group for every purpose."""
    for role, name in CREW.items():
        if name not in w.people:
            await w.say(name, f"/staff {await w.staff_code(role, name)}")
            w.staff.add(name)
    for purpose in purposes():
        await w.say(CREW["administrator"], f"/bind {purpose}", chat=purpose)


async def _let(w: World) -> None:
    """The home belongs to somebody else."""
    async with w.database.transaction() as session:
        mine = select(Membership.home_id).where(Membership.resident_id == w.people[RESIDENT])
        home = (await session.scalars(mine)).one()
        for who, role in ((RESIDENT, "tenant"), (LANDLORD, "owner")):
            whose = update(Membership).where(Membership.resident_id == w.people[who])
            await session.execute(whose.values(role=role, home_id=home))


async def _opened(w: World, table: Lifecycle, data: st.DataObject) -> int:
    """A ticket as a willing resident fills it in."""
    async with w.database.transaction() as session:
        work, resident = Work(w.desk, session, w.now), w.people[RESIDENT]
        facts = await facts_of(work, resident, table.start, {})
        effect = _filled(table, replace(facts, found=facts.homes[:1]), data)
        home = effect.home if effect.home in {one.id for one in facts.homes} else facts.homes[0].id
        account = (await of_resident(session, resident))[0].id
        opened = await moves.open_ticket(work, replace(effect, home=home), resident, account)
    await w.deliver()
    return opened.shown.ticket.id


def _filled(table: Lifecycle, facts: Facts, data: st.DataObject) -> OpenTicket:
    """What a form asks for in the end; not every way through it ends with a ticket."""
    for _ in range(20):
        turn = engine.begin(table.start, facts)
        for _ in range(60):
            if turn.draft is None:
                break
            asked = standing(table.start, turn.draft, facts)
            form = table.start(turn.draft.answers, facts)
            heard = data.draw(answers(table.start, asked, form))
            turn = engine.advance(table.start, turn.draft, heard, facts)
        for effect in turn.effects:
            if isinstance(effect, OpenTicket):
                return effect
    raise AssertionError(f"{table.kind} never opens a ticket")


async def _something(w: World, table: Lifecycle, number: int, data: st.DataObject) -> None:
    """Somebody does something they may do, or something they may not, or time passes."""
    ticket = await ticket_of(w, number)
    ends = data.draw(st.integers(0, 5)) == 0
    likely = [
        one
        for one in table.actions
        if stands(one, ticket.state, ticket.details) and (ends or one.name not in ENDINGS)
        if one.by != {Role.CLOCK}
    ]
    match data.draw(st.integers(0, 9)):
        case 0:
            await w.wait(data.draw(st.sampled_from(WAITS)))
        case 1:
            name = data.draw(st.sampled_from([*table.named, "nonsense"]))
            who = data.draw(st.sampled_from([*CREW.values(), RESIDENT, LANDLORD, STRANGER]))
            await _tapped(w, who, number, name, data)
        case _ if likely:
            onward = [one for one in likely if one.to not in (None, ticket.state)]
            hurried = data.draw(st.booleans())
            action = data.draw(st.sampled_from(onward if onward and hurried else likely))
            await _tapped(w, _able(w, ticket, action), number, action.name, data)


def _able(w: World, ticket: Ticket, action: Action) -> str:
    """Somebody whom the table lets do this."""
    if Role.RESIDENT in action.by:
        return RESIDENT
    if Role.OWNER in action.by:
        return LANDLORD
    able = [name for role, name in CREW.items() if Role(role) in action.by]
    holder = next((name for name in able if w.people.get(name) == ticket.assignee_id), "")
    leads = [name for name in able if name in (CREW["duty_lead"], CREW["manager"])]
    return holder or (leads[0] if action.own and leads else able[0])


async def _tapped(w: World, who: str, ticket: int, name: str, data: st.DataObject) -> None:
    argument = data.draw(st.sampled_from(["1", "5", "", "9"])) if name == "rate" else ""
    await w.hear(w.inbound(who, Kind.TAP, tap=ticket_data(ticket, name, argument)))
    for _ in range(12):
        heard = await _answer(w, who, data)
        if heard is None:
            return
        await w.hear(saying(w, who, heard))


async def _answer(w: World, who: str, data: st.DataObject) -> Heard | None:
    """A good answer to what somebody is being asked; None when nothing is."""
    found = await asked(w, who)
    return None if found is None else data.draw(answers(found.flow, found.asked, found.form))


async def _history(w: World, ticket: int) -> Sequence[str]:
    async with w.database.reading() as session:
        return (
            await session.scalars(select(TicketEvent.action).where(TicketEvent.ticket_id == ticket))
        ).all()


async def _agree(w: World) -> None:
    """Every running promise has its due rows, and every due row its promise."""
    await w.tick()
    async with w.database.reading() as session:
        for ticket in await session.scalars(select(Ticket)):
            waiting = (
                await session.scalars(select(Due).where(Due.ticket_id == ticket.id, Due.done_at.is_(None)))
            ).all()
            assert all(row.at > w.now for row in waiting), "something due was not done"
            community = await session.get_one(Community, ticket.community_id)
            _promises_kept(w, ticket, waiting, community)


def _promises_kept(w: World, ticket: Ticket, waiting: Sequence[Due], community: Community) -> None:
    table = catalogue.lifecycles()[ticket.kind]
    rows = {(row.kind, row.data.get("stage", 0)): row.at for row in waiting}
    assert len(rows) == len(waiting), "a due row is there twice"
    expected = {
        (clock.name, number): at
        for clock in table.clocks
        if (running := ticket.clocks.get(clock.name)) and not running["held"]
        for number, stage in enumerate(clock.stages)
        if (at := clocks.ends(running, rules(community), stage.share)) > w.now
    }
    assert {key: at for key, at in rows.items() if key[0] in ticket.clocks} == expected
    for name in {kind for kind, _ in rows if kind not in ticket.clocks}:
        timer = table.timer(name)
        assert timer is not None, f"{name} runs without a promise"
        assert ticket.state in _running(table.kind, name), f"{name} runs while {ticket.state}"
    assert not ticket.clocks or ticket.state not in table.final, "a promise outlives its ticket"


@cache
def _running(kind: str, timer: str) -> frozenset[str]:
    """The states in which a timer can be running: from where it is started to where it is stopped."""
    table = catalogue.lifecycles()[kind]
    found = {
        state
        for action in table.actions
        if timer in action.starts
        for state in ([action.to] if action.to else action.frm)
    }
    found |= {table.first} if timer in table.opening else set()
    while True:
        further = {
            action.to
            for action in table.actions
            if action.to and timer not in action.stops and action.frm & found
        } - found
        if not further:
            return frozenset(state.value for state in found)
        found |= further
