"""Who lives and works in the demo community; every name and number is invented."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from flows.engine.lifecycle import Role
from handlers.people.consenting import PURPOSE
from handlers.policy import policy
from models.account import Account
from models.community import Building
from models.resident import Consent, Membership, Phone, Resident
from models.staff import Staff, StaffRole

WEB = "web"
CONSENTED = policy({}, "UTC").consent_version
A_YEAR = timedelta(days=365)
NEIGHBOURS = """
    张伟 1-301 owner
    王秀英 1-301 family
    李娜 1-402 owner
    刘洋 1-502 tenant
    沈岚 1-502 owner
    陈静 1-601 owner
    杨磊 1-601 family
    赵敏 1-802 owner
    黄勇 1-901 owner
    Emma Wilson 1-1002 tenant
    周杰 1-1101 owner 2-1101 owner
    吴倩 1-1201 owner
    徐强 2-302 owner
    孙丽 2-302 family
    马超 2-401 tenant
    朱婷 2-601 owner
    胡军 2-702 owner
    郭艳 2-801 owner
    Daniel Kim 2-902 tenant
    何平 2-1202 owner
    高洁 3-401 owner
    林峰 3-401 family
    罗琳 3-602 owner
    梁宇 3-801 tenant
    宋佳 3-902 owner
    唐雪 3-1101 owner
    陈明 3-1201 owner
    林晓 3-1201 family
    许慧 3-1202 tenant
    方磊 3-1202 owner
"""


@dataclass(frozen=True, slots=True)
class Colleague:
    """A demo member of staff."""

    name: str
    name_en: str
    roles: tuple[Role, ...]


COLLEAGUES = (
    Colleague("王建国", "Wang Jianguo", (Role.TECHNICIAN,)),
    Colleague("李志强", "Li Zhiqiang", (Role.TECHNICIAN,)),
    Colleague("陈小军", "Chen Xiaojun", (Role.TECHNICIAN,)),
    Colleague("孙国平", "Sun Guoping", (Role.GUARD,)),
    Colleague("刘芳", "Liu Fang", (Role.ASSISTANT,)),
    Colleague("周敏", "Zhou Min", (Role.ASSISTANT,)),
    Colleague("吴静", "Wu Jing", (Role.DESK,)),
    Colleague("郑伟", "Zheng Wei", (Role.DUTY_LEAD,)),
    Colleague("林海涛", "Lin Haitao", (Role.MANAGER,)),
    Colleague("何雨", "He Yu", (Role.QUALITY,)),
    Colleague("许晨", "Xu Chen", (Role.ADMINISTRATOR,)),
)


ASSISTANTS = {"1号楼": "刘芳", "2号楼": "周敏", "3号楼": "周敏"}
"""Whom those who live in a building turn to."""


async def move_in(session: AsyncSession, homes: Mapping[str, int], now: datetime) -> None:
    """The neighbours, each with a phone, their homes for a year and a seat at the web chat."""
    since = now - A_YEAR
    for number, (name, places) in enumerate(_neighbours(), 1):
        resident = await stranger(session, name, f"+8613900001{number:03d}", since, verified=True)
        session.add(Consent(resident_id=resident, purpose=PURPOSE, version=CONSENTED, at=since))
        for home, role in places:
            session.add(
                Membership(
                    resident_id=resident, home_id=homes[home], role=role, since=since, verified_by="demo"
                )
            )


async def stranger(
    session: AsyncSession, name: str, phone: str, now: datetime, *, verified: bool = False
) -> int:
    """Somebody who lives nowhere yet, with a seat at the web chat; their id."""
    resident = Resident(name=name, created_at=now, settings={})
    session.add(resident)
    await session.flush()
    session.add(Phone(resident_id=resident.id, number=phone, verified_at=now if verified else None))
    session.add(_account(f"resident:{resident.id}", name, resident=resident.id))
    return resident.id


def _neighbours() -> Iterator[tuple[str, Sequence[tuple[str, str]]]]:
    """(name, [(home, role), …]) of everybody."""
    for line in NEIGHBOURS.strip().splitlines():
        words = line.split()
        first = next(at for at, word in enumerate(words) if "-" in word)
        places = words[first:]
        yield " ".join(words[:first]), list(zip(places[::2], places[1::2], strict=True))


async def hire(session: AsyncSession, community: int) -> None:
    """The staff with their roles, each with a seat at the web chat."""
    for number, one in enumerate(COLLEAGUES, 1):
        person = Staff(name=one.name, name_en=one.name_en, phone=f"+8613900002{number:03d}")
        session.add(person)
        await session.flush()
        session.add_all(
            StaffRole(staff_id=person.id, community_id=community, role=role.value) for role in one.roles
        )
        session.add(_account(f"staff:{person.id}", one.name, staff=person.id))
    await _assign(session, community)


async def _assign(session: AsyncSession, community: int) -> None:
    """Every building has its assistant."""
    for building, name in ASSISTANTS.items():
        theirs = select(Staff.id).where(Staff.name == name).scalar_subquery()
        mine = update(Building).where(Building.community_id == community, Building.name == building)
        await session.execute(
            mine.values(assistant_id=theirs), execution_options={"synchronize_session": False}
        )


def _account(seat: str, name: str, *, resident: int | None = None, staff: int | None = None) -> Account:
    return Account(
        channel=WEB, bot=WEB, external_id=seat, chat=seat, name=name, resident_id=resident, staff_id=staff
    )
