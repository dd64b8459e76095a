"""A team: colleagues without a group chat, each of whom gets the card of its group in a chat of their own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from flows import catalogue
from flows.engine.lifecycle import Role
from models.account import Account
from models.group import Group
from models.staff import Staff, StaffRole, on_duty

CHANNEL = "wecom"
"""The channel whose app shows one card to many, and changes it for all of them at once."""
OTHERS = {
    "care": (Role.ASSISTANT, Role.DUTY_LEAD),
    "renovation": (Role.ASSISTANT, Role.DUTY_LEAD),
    "gate": (Role.GUARD,),
    "managers": (Role.MANAGER,),
}
"""Who serves for a purpose in whose service nobody takes a ticket."""
_BEGINS = "team."
_ELSEWHERE = frozenset({Role.MANAGER, Role.RESIDENT, Role.CLOCK})


def app(corpid: str, agentid: str) -> str:
    """How one app of one company is known as a bot."""
    return f"{corpid}.{agentid}"


def address(community: str, purpose: str) -> str:
    """The chat of a community's team for a purpose."""
    return f"{_BEGINS}{community}.{purpose}"


def is_team(chat: str) -> bool:
    """Whether a chat is a team's, not one colleague's."""
    community, dot, purpose = chat.removeprefix(_BEGINS).rpartition(".")
    return chat.startswith(_BEGINS) and bool(community and dot and roles(purpose))


@cache
def roles(purpose: str) -> tuple[Role, ...]:
    """Who serves for a purpose: whoever may take its tickets, but for managers, whose team is their own."""
    tables = [table for table in catalogue.lifecycles().values() if table.purpose == purpose]
    takers = {role for table in tables for action in table.actions if action.takes for role in action.by}
    return tuple(sorted(takers - _ELSEWHERE)) or OTHERS.get(purpose, ())


async def members(session: AsyncSession, *, bot: str, chat: str, now: datetime) -> Sequence[str]:
    """The ids in an app of those whom a team's message is for: who is on shift, else everybody of the team.

    Only who can be reached counts: when none of those on shift can be, it is for all the others, too.
    """
    team = await session.scalar(select(Group).filter_by(channel=CHANNEL, bot=bot, chat=chat).limit(1))
    if team is None:
        return ()
    held = [role.value for role in roles(team.purpose)]
    on_shift = [one.id for role in held for one in await on_duty(session, team.community_id, role, now)]
    found = await _reachable(session, bot, on_shift)
    return found or await _reachable(session, bot, _holders(team.community_id, held))


def _holders(community: int, held: Sequence[str]) -> Select[int]:
    """Everybody who has one of these roles."""
    return (
        select(StaffRole.staff_id)
        .join(Staff, Staff.id == StaffRole.staff_id)
        .where(StaffRole.community_id == community, StaffRole.role.in_(held), Staff.left_at.is_(None))
    )


async def _reachable(session: AsyncSession, bot: str, people: Sequence[int] | Select[int]) -> Sequence[str]:
    query = select(Account.external_id).filter_by(channel=CHANNEL, bot=bot, reachable=True)
    return (await session.scalars(query.where(Account.staff_id.in_(people)).order_by(Account.id))).all()
