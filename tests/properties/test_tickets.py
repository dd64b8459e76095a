"""Whatever anybody taps, in whatever order: tickets stay in known states, and promises and due rows agree."""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from flows import catalogue
from flows.engine import turn as engine
from flows.engine.form import Draft
from flows.engine.lifecycle import Action, Actor, Lifecycle, Refused, Role, permits
from flows.engine.messages import Heard, Picked, Pressed, Said, Sent, Shared
from handlers import clocks
from handlers.cards import ticket_data
from handlers.desk import Work, facts_of, rules
from handlers.envelopes import Inbound, Kind, Media
from models import Account, Community, Conversation, Due, Ticket, TicketEvent
from models.database import Database
from tests.properties.residents import answers, often
from tests.world import World, world

ENDINGS = frozenset({"cancel", "withdraw"})
TABLES = tuple(catalogue.lifecycles().values())


@st.composite
def actors(draw: st.DrawFn) -> Actor:
    roles = draw(st.frozensets(st.sampled_from(list(Role)), max_size=3))
    return Actor(roles, assignee=draw(st.booleans()), owner=draw(st.booleans()))


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.kind)
def test_no_sequence_of_actions_leaves_the_table(table: Lifecycle) -> None:
    moved: Counter[str] = Counter()
    refused: Counter[str] = Counter()

    @often(300)
    @given(st.data())
    def live(data: st.DataObject) -> None:
        state = table.first
        for _ in range(data.draw(st.integers(5, 30))):
            actor, name = data.draw(actors()), data.draw(st.sampled_from([*table.named, "nonsense"]))
            able = [one for one in table.actions if state in one.frm and one.name not in ENDINGS]
            allowed = data.draw(st.integers(0, 3)) > 0
            if able and allowed:
                likely = data.draw(st.sampled_from(able))
                actor, name = Actor(likely.by - {Role.RESIDENT}, True, True), likely.name
            try:
                action = table.check(name, state, actor)
            except Refused as no:
                refused[no.reason] += 1
                assert name not in {one.name for one in table.allowed(state, actor)}
                continue
            assert action.hidden or action in table.allowed(state, actor)
            assert permits(action, actor)
            left, state = state, action.to or state
            assert state in table.states
            assert left not in table.final or state == left or name == "reopen"
            moved[name] += 1

    live()
    assert set(moved) == set(table.named)
    assert set(refused) == {"unknown", "not_yours", "moved_on"}


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
    assert set(table.opening) <= {clock.name for clock in table.clocks}
    for state in states - table.final:
        assert any(state in action.frm and action.to not in (None, state) for action in table.actions), state


# --- through the real handlers

PEOPLE = ("李雷", "韩梅", "王师傅", "赵师傅", "陈值班", "周经理", "路人")
WAITS = (
    timedelta(minutes=8),
    timedelta(minutes=40),
    timedelta(hours=9),
    timedelta(days=2),
    timedelta(days=5),
)


def test_promises_and_due_rows_always_agree(sqlite_template: Path, tmp_path: Path) -> None:
    done: Counter[str] = Counter()
    states: Counter[str] = Counter()
    number = 0

    @settings(often(12), suppress_health_check=list(HealthCheck), phases=[Phase.generate])
    @given(st.data())
    def live(data: st.DataObject) -> None:
        nonlocal number
        number += 1
        file = shutil.copy(sqlite_template, tmp_path / f"{number}.db")
        asyncio.run(_lived(f"sqlite+aiosqlite:///{file}", data, done, states))

    live()
    table = catalogue.lifecycles()["repair"]
    assert set(done) >= {action.name for action in table.actions if not action.hidden} - {"withdraw"}
    assert set(states) == {state.value for state in table.states}


async def _lived(url: str, data: st.DataObject, done: Counter[str], states: Counter[str]) -> None:
    database = Database(url)
    try:
        async with world(database) as w:
            ticket = await w.report("李雷", urgent=data.draw(st.booleans()))
            for _ in range(20):
                await _something(w, ticket, data)
                await _agree(w)
                states[(await w.tickets())[0].state] += 1
            done.update(await _history(w))
    finally:
        await database.close()


async def _something(w: World, ticket: int, data: st.DataObject) -> None:
    """Somebody does something they may do, or something they may not, or time passes."""
    state = (await w.tickets())[0].state
    table = catalogue.lifecycles()["repair"]
    ends = data.draw(st.integers(0, 5)) == 0
    likely = [one for one in table.actions if state in one.frm and (ends or one.name not in ENDINGS)]
    match data.draw(st.integers(0, 9)):
        case 0:
            await w.wait(data.draw(st.sampled_from(WAITS)))
        case 1:
            name = data.draw(st.sampled_from([*table.named, "nonsense"]))
            await _tapped(w, data.draw(st.sampled_from(PEOPLE)), ticket, name, data)
        case _ if likely:
            action = data.draw(st.sampled_from(likely))
            await _tapped(w, await _able(w, action), ticket, action.name, data)


async def _able(w: World, action: Action) -> str:
    """Somebody whom the table lets do this."""
    if Role.RESIDENT in action.by:
        return "李雷"
    ticket = (await w.tickets())[0]
    names = {number: name for name, number in w.people.items() if name not in ("李雷", "韩梅")}
    holder = names.get(ticket.assignee_id or 0, "王师傅")
    return holder if Role.TECHNICIAN in action.by else "陈值班"


async def _tapped(w: World, who: str, ticket: int, name: str, data: st.DataObject) -> None:
    argument = data.draw(st.sampled_from(["1", "5", "", "9"])) if name == "rate" else ""
    await w.hear(w.inbound(who, Kind.TAP, tap=ticket_data(ticket, name, argument)))
    for _ in range(12):
        heard = await _answer(w, who, data)
        if heard is None:
            return
        await w.hear(_inbound(w, who, heard))


async def _answer(w: World, who: str, data: st.DataObject) -> Heard | None:
    """A good answer to what somebody is being asked; None when nothing is."""
    async with w.database.reading() as session:
        held = await session.scalar(
            select(Conversation).where(Conversation.chat == who, Conversation.draft.is_not(None))
        )
        if held is None or held.draft is None:
            return None
        draft = Draft.from_json(held.draft)
        resident = await session.scalar(select(Account.resident_id).where(Account.external_id == who))
        facts = await facts_of(Work(w.desk, session, w.now), resident, draft.about)
    flow = catalogue.all_flows()[draft.flow]
    asked = engine.standing(flow, draft, facts)
    assert asked is not None
    return data.draw(answers(flow, asked))


def _inbound(w: World, who: str, heard: Heard) -> Inbound:
    """What somebody does to say this."""
    match heard:
        case Picked(question=name, value=value, revision=revision):
            return w.inbound(who, Kind.TAP, tap=f"a.{revision}.{name}.{value}")
        case Pressed(command=command, revision=revision):
            return w.inbound(who, Kind.TAP, tap=f"c.{revision}.{command.value}")
        case Said(text=text):
            return w.inbound(who, Kind.TEXT, text=text)
        case Sent(album=album):
            return w.inbound(who, Kind.PHOTO, media=Media("photo", album=album))
        case Shared(phone=phone):
            return w.inbound(who, Kind.CONTACT, phone=phone)
    raise AssertionError(heard)


async def _history(w: World) -> Sequence[str]:
    async with w.database.reading() as session:
        return (await session.scalars(select(TicketEvent.action))).all()


TIMER_STATES = {"arrival": {"on_the_way"}, "wake": {"paused"}, "rating": {"done"}}


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
    timers = {kind for kind, _ in rows if kind not in ticket.clocks}
    assert timers <= set(TIMER_STATES), f"{timers} run without a promise"
    for name in timers:
        assert ticket.state in TIMER_STATES[name], f"{name} runs while {ticket.state}"
    assert ticket.state not in {state.value for state in table.final} or not rows
    assert (ticket.state == "paused") == ("wake" in timers)
    assert ticket.state != "done" or "rating" in timers
    held = {name for name, running in ticket.clocks.items() if running["held"]}
    assert not held or ticket.state == "paused"
