"""A working day in the quarter: a resident on WeChat, a technician on WeCom, and the robot of the repairs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import func, select

from handlers.people import binding
from models import (
    Account,
    Community,
    Consent,
    Group,
    Home,
    Membership,
    Outbox,
    Resident,
    Staff,
    StaffRole,
    Ticket,
)
from models.base import Base
from tests.emulators.wechat import Outcome, Phone, WechatServer
from tests.emulators.wechat_bubbles import Bubble
from tests.emulators.wecom import Colleague, Robot, Shown, WecomServer
from tests.ground import CODE, Ground
from tests.nursery import Nursery
from tests.premises import WAIT, eventually
from tests.quarter import Quarter

PHONE = "138 0013 8000"
LOST = "可能没送到"
"""What staff read when nobody knows whether a resident got their words."""


class Quarters:
    """Opens quarters for a test; all are closed when it ends, and their logs looked through."""

    def __init__(self, nursery: Nursery, ground: Ground, folder: Path, stack: AsyncExitStack) -> None:
        self._nursery, self._ground, self._folder, self._stack = nursery, ground, folder, stack

    async def open(
        self, kind: str, *, programs: int = 1, patience: float = 5.0, **settings: object
    ) -> Quarter:
        """`kind` is 'sqlite' or 'postgresql'; both vendors wait `patience` seconds for answers."""
        url = await self._stack.enter_async_context(self._ground.database(kind, self._folder))
        wechat = await self._stack.enter_async_context(WechatServer(patience=patience))
        wecom = await self._stack.enter_async_context(WecomServer(patience=patience))
        quarter = Quarter(self._nursery, self._folder, url, wechat, wecom, more=dict(settings))
        self._stack.callback(quarter.logs_are_clean)
        self._stack.push_async_callback(quarter.close)
        if programs:
            await quarter.open(programs)
        return quarter

    async def watch(
        self, kind: str, *, programs: int = 1, patience: float = 5.0, **settings: object
    ) -> Watch:
        """An ordinary day: 王建国 repairs, 李雷 lives here."""
        quarter = await self.open(kind, programs=programs, patience=patience, **settings)
        robot = await hung_up(quarter)
        wang = await hired(quarter, "wang", "王建国", "technician")
        return Watch(quarter, robot, wang, await moved_in(quarter, "李雷"))


@dataclass
class Watch:
    """王建国 repairs and is on WeCom, 李雷 lives here and is on WeChat."""

    quarter: Quarter
    robot: Robot
    wang: Colleague
    li: Phone

    async def shown(self, *words: str) -> Shown:
        """What the robot has put into the group with all of these words."""
        return await self.robot.group.wait_for(lambda one: all(word in one.words for word in words), WAIT)

    async def accept(self, number: str) -> None:
        """The technician takes a ticket; how that looks on the page is proved elsewhere."""
        await self.do(number, "accept")
        await self.wang.wait_for_card(number, WAIT)

    async def do(self, number: str, action: str) -> None:
        """The technician does something that asks for nothing."""
        ticket = await self.ticket(number)
        await forged(self.wang, f"t.{ticket.id}.{action}")

    async def ticket(self, number: str) -> Ticket:
        return next(one for one in await self.quarter.tickets() if one.number == number)


async def forged(colleague: Colleague, data: str, task: str = "w-1", **more: object) -> None:
    """A tap on a card, whether or not there is one, until it was answered."""
    fields = {"EventKey": data, "TaskId": task, "CardType": "button_interaction", "ResponseCode": "rc"}
    await colleague.tap_forged(fields | more).settled()


async def said(person: Phone, text: str) -> Bubble:
    """Say something to the account; the answer, which has to come at once."""
    push = await (await person.say(text)).settled()
    assert push.outcome is Outcome.ANSWERED, (push.outcome, push.why, person.transcript())
    assert push.bubble is not None
    return push.bubble


async def asked(person: Phone, text: str, then: str) -> Bubble:
    """Say something that is answered with these words."""
    bubble = await said(person, text)
    assert then in bubble.text, person.transcript()
    return bubble


async def to_review(person: Phone, story: str = "门锁坏了", photos: int = 0) -> Bubble:
    """All answers of a repair; what the account asks to check."""
    await asked(person, f"报修：{story}", "哪里需要修")
    await asked(person, "我家里", "哪方面的问题")
    await asked(person, "门窗门锁", "照片")
    for _ in range(photos):
        await (await person.photo()).settled()
    await asked(person, "完成" if photos else "跳过", "什么时候上门")
    await asked(person, "尽快上门", "打哪个电话")
    return await asked(person, PHONE, "请核对一下")


async def submit(person: Phone) -> str:
    """Send off what was checked; the number of the ticket."""
    return (await asked(person, "提交", "收到，谢谢您")).text.splitlines()[0]


async def report(person: Phone, story: str = "门锁坏了") -> str:
    """Report a repair in one's own home; the number of the ticket."""
    await to_review(person, story)
    return await submit(person)


async def hung_up(quarter: Quarter, title: str = "维修群") -> Robot:
    """A robot in a group that is bound to repairs."""
    robot = quarter.wecom.robot(title)
    quarter.secrets.add(robot.key)
    async with quarter.database.transaction() as session:
        community = await session.scalar(select(Community.id).where(Community.code == CODE))
        session.add(
            Group(
                community_id=int(community or 0),
                purpose="repair",
                channel="robot",
                bot="wecom",
                chat=robot.key,
                title=title,
            )
        )
    return robot


async def hired(quarter: Quarter, userid: str, name: str, *roles: str, community: str = CODE) -> Colleague:
    """Somebody on the staff whose account was linked long ago."""
    colleague = quarter.wecom.member(userid, name)
    quarter.secrets.add(name)
    async with quarter.database.transaction() as session:
        place = await session.scalar(select(Community.id).where(Community.code == community))
        person = Staff(name=name)
        session.add(person)
        await session.flush()
        session.add_all(StaffRole(staff_id=person.id, community_id=place, role=role) for role in roles)
        bot = f"{quarter.wecom.corpid}.{quarter.wecom.agentid}"
        session.add(Account(channel="wecom", bot=bot, external_id=userid, chat=userid, staff_id=person.id))
    return colleague


async def moved_in(quarter: Quarter, name: str, person: Phone | None = None) -> Phone:
    """Somebody who bound their home long ago, and has followed the account ever since."""
    person = person or quarter.wechat.person(name)
    person.me.following = True
    quarter.secrets |= {name, person.openid}
    now = datetime.now(UTC)
    async with quarter.database.transaction() as session:
        taken = await session.scalar(select(func.count()).select_from(Membership)) or 0
        home = await session.scalar(select(Home.id).order_by(Home.id).offset(taken).limit(1))
        resident = Resident(name=name, created_at=now)
        session.add(resident)
        await session.flush()
        session.add(
            Membership(resident_id=resident.id, home_id=home, role="owner", since=now, verified_by="code")
        )
        session.add(Consent(resident_id=resident.id, purpose="service", version="2026-11", at=now))
        session.add(_account(quarter, person, resident.id))
    return person


def _account(quarter: Quarter, person: Phone, resident: int) -> Account:
    at = {"channel": "wechat", "bot": quarter.wechat.appid}
    return Account(**at, external_id=person.openid, chat=person.openid, resident_id=resident)


async def another_account_of(quarter: Quarter, person: Phone, name: str) -> Phone:
    """The same resident on a second phone, linked by a code of their own; its owner has just written."""
    async with quarter.database.transaction() as session:
        known = select(Account.resident_id).where(Account.external_id == person.openid)
        resident = await session.scalar(known)
        code = await binding.issue(session, datetime.now(UTC), role="owner", resident=resident)
    other = quarter.wechat.person(name)
    quarter.secrets |= {name, other.openid}
    await (await other.follow()).settled()
    await said(other, code)
    await said(other, "同意")
    return other


async def reachable(quarter: Quarter, person: Phone) -> bool:
    return (await quarter.rows(select(Account.reachable).where(Account.external_id == person.openid)))[0]


async def in_state(quarter: Quarter, state: str, person: Phone) -> list[Outbox]:
    """What the outbox holds for somebody in this state, once there is something."""

    async def found() -> list[Outbox]:
        return [row for row in await quarter.outbox(state) if row.chat == person.openid]

    rows: list[Outbox] = await eventually(found, what=f"nothing is {state}")
    return rows


async def everything(quarter: Quarter) -> str:
    """Every row of every table, as text."""
    async with quarter.database.reading() as session:
        rows = [
            f"{table.name}: {row}"
            for table in Base.metadata.sorted_tables
            for row in (await session.execute(select(table))).all()
        ]
    return "\n".join(rows)


@asynccontextmanager
async def quarters_in(nursery: Nursery, ground: Ground, folder: Path) -> AsyncIterator[Quarters]:
    async with AsyncExitStack() as stack:
        yield Quarters(nursery, ground, folder, stack)
