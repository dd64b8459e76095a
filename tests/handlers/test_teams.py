"""Who a team's message is for: by role, by shift, and as far as they can be reached in the app."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import delete, select, update

from flows.engine.lifecycle import Role
from handlers import office, teams
from handlers.cards.drawing import render
from handlers.groups import purposes
from handlers.office import Impossible
from handlers.roster import addresses
from models import Account, Card, Community, Group, Outbox, Shift, Staff, StaffRole
from models.database import Database
from tests.world import TEXTS, World, world

APP = teams.app("ww1", "1000002")
TEAM = teams.address("HPY", "repair")
IDS = {"王师傅": "wang", "赵师傅": "zhao", "陈值班": "chen", "周经理": "zhou"}


@pytest.fixture
async def w(database: Database) -> World:
    """Everybody of the staff has the app, and the team for repairs is bound."""
    async with world(database) as made:
        async with database.transaction() as session:
            for name, userid in IDS.items():
                session.add(account(userid, made.people[name]))
        await bind(made)
        return made


def account(userid: str, staff: int, bot: str = APP, channel: str = "wecom") -> Account:
    return Account(channel=channel, bot=bot, external_id=userid, chat=userid, staff_id=staff)


async def bind(w: World, purpose: str = "repair", community: str = "HPY") -> None:
    async with w.database.transaction() as session:
        await office.bind_group(session, purpose=purpose, community=community, channel="wecom", bot=APP)


async def readers(w: World, chat: str = TEAM, bot: str = APP) -> Sequence[str]:
    async with w.database.reading() as session:
        return await teams.members(session, bot=bot, chat=chat, now=w.now)


async def off_shift(w: World, *names: str) -> None:
    async with w.database.transaction() as session:
        people = [w.people[name] for name in names]
        await session.execute(delete(Shift).where(Shift.staff_id.in_(people)))


async def unreachable(w: World, *userids: str) -> None:
    async with w.database.transaction() as session:
        here = Account.external_id.in_(userids)
        await session.execute(update(Account).where(here, Account.channel == "wecom").values(reachable=False))


async def test_those_on_shift_who_take_its_tickets(w: World) -> None:
    assert await readers(w) == ["wang", "zhao", "chen"]
    await off_shift(w, "王师傅")
    assert await readers(w) == ["zhao", "chen"]


async def test_with_nobody_of_a_role_on_shift_everybody_of_it(w: World) -> None:
    await off_shift(w, "王师傅", "赵师傅")
    assert await readers(w) == ["wang", "zhao", "chen"]


async def test_members_come_and_go_without_being_bound_again(w: World) -> None:
    async with w.database.transaction() as session:
        community = (await session.scalars(select(Community.id))).one()
        ling = Staff(name="凌师傅")
        session.add(ling)
        await session.flush()
        session.add(StaffRole(staff_id=ling.id, community_id=community, role="technician"))
        session.add(account("ling", ling.id))
        hours = {"starts_at": w.now - timedelta(hours=1), "ends_at": w.now + timedelta(hours=1)}
        session.add(Shift(community_id=community, staff_id=ling.id, role="technician", **hours))
        gone = Staff.id == w.people["王师傅"]
        await session.execute(update(Staff).where(gone).values(left_at=w.now))
    assert await readers(w) == ["zhao", "chen", "ling"]
    w.now += timedelta(hours=1)
    assert await readers(w) == ["zhao", "chen"]


async def test_only_those_who_can_be_reached_in_this_app(w: World) -> None:
    async with w.database.transaction() as session:
        session.add(account("wang-elsewhere", w.people["王师傅"], bot="ww2.7"))
        session.add(account("wang-telegram", w.people["王师傅"], channel="telegram"))
    await unreachable(w, "zhao")
    assert await readers(w) == ["wang", "chen"]
    assert await readers(w, bot="ww2.7") == ()


async def test_when_none_of_those_on_shift_can_be_reached_the_others_hear_of_it(w: World) -> None:
    await off_shift(w, "赵师傅")
    await unreachable(w, "wang", "chen")
    assert await readers(w) == ["zhao"]
    await unreachable(w, "zhao")
    assert await readers(w) == []


async def test_a_team_that_was_never_bound_has_nobody(w: World) -> None:
    assert await readers(w, teams.address("HPY", "managers")) == ()
    await bind(w, "managers", "hpy")
    assert await readers(w, teams.address("HPY", "managers")) == ["zhou"]


async def test_another_community_has_a_team_of_its_own(w: World) -> None:
    async with w.database.transaction() as session:
        session.add(Community(code="LSG", name="绿洲", name_en="Oasis", settings={}))
    await bind(w, community="lsg")
    assert await readers(w, teams.address("LSG", "repair")) == []
    assert await readers(w) == ["wang", "zhao", "chen"]


def test_every_purpose_has_somebody_who_serves() -> None:
    served = {purpose: teams.roles(purpose) for purpose in purposes()}
    assert served == {
        "repair": (Role.DUTY_LEAD, Role.TECHNICIAN),
        "care": (Role.ASSISTANT, Role.DESK, Role.DUTY_LEAD),
        "renovation": (Role.ASSISTANT, Role.DUTY_LEAD, Role.GUARD),
        "gate": (Role.GUARD,),
        "managers": (Role.MANAGER,),
    }
    assert teams.roles("party") == ()


def test_a_chat_is_a_teams_or_somebodys() -> None:
    assert all(teams.is_team(teams.address("A.B", purpose)) for purpose in purposes())
    for chat in (
        "wang",
        "team.lead",
        "team..repair",
        "team.repair",
        "team.HPY.party",
        "x.team.HPY.repair",
        "",
    ):
        assert not teams.is_team(chat)


async def test_binding_again_lets_go_what_was_held(w: World) -> None:
    async with w.database.transaction() as session:
        await session.execute(update(Group).where(Group.chat == TEAM).values(present=False))
        row = {"channel": "wecom", "bot": APP, "chat": TEAM, "kind": "message", "payload": {}}
        session.add(Outbox(**row, state="held", not_before=w.now, created_at=w.now))
    await bind(w)
    async with w.database.reading() as session:
        bound = (await session.scalars(select(Group).filter_by(channel="wecom"))).one()
        assert (bound.chat, bound.bot, bound.present) == (TEAM, APP, True)
        assert (await session.scalars(select(Outbox.state))).all() == ["pending"]


async def test_a_team_needs_a_purpose_and_a_community_that_are_there(w: World) -> None:
    with pytest.raises(Impossible, match="no purpose 'party'"):
        await bind(w, "party")
    with pytest.raises(Impossible, match="no community 'XYZ'"):
        await bind(w, community="XYZ")


async def test_a_robot_calls_the_duty_lead_by_the_id_in_the_app(w: World) -> None:
    ticket = await w.report("李雷", urgent=True)
    async with w.database.transaction() as session:
        session.add(account("chen", w.people["陈值班"], bot="ww2.7"))
        place = (await session.scalars(select(Community.id))).one()
        group = Group(community_id=place, purpose="repair", channel="robot", bot="wecom", chat="key")
        session.add(group)
        await session.flush()
        where = {"ticket_id": ticket, "kind": "group", "created_at": w.now}
        robot = Card(**where, group_id=group.id, channel="robot", bot="wecom", chat="key")
        team = Card(**where, channel="wecom", bot=APP, chat=TEAM)
        other = Card(**where, channel="test", bot="bot", chat="repair")
        shown = [await render(session, card, TEXTS) for card in (robot, team, other)]
        assert [one.mention for one in shown if one] == [("chen",), ("chen",), ("陈值班",)]
        assert await addresses(session, [], "robot", "wecom") == ()
