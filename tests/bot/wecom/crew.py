"""A crew with nothing but the app: an emulated company, our door, the real desk, and the outbox back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.routing import Route

from bot.budget import ROBOT, WECOM
from bot.media import MediaStore
from bot.reception import Reception
from bot.sender import Sender
from bot.settings import Settings
from bot.wecom.channel import WecomChannel
from bot.wecom.door import PATH, WecomDoor
from flows.engine.effects import OpenTicket
from flows.repair import Details, Place, Trade
from handlers import demo, notices, office, opening, teams, tickets
from handlers.cards import sheets
from handlers.cards.sheets import Sheet
from handlers.desk import Desk, Work, utcnow
from handlers.reporting import Reports
from handlers.texts import Texts
from handlers.tickets import Doer
from models import Account, Card, Community, Group, Outbox, Shift, Staff, Ticket
from models.account import of_resident
from models.database import Database
from models.resident import Resident, homes_of
from tests.bot.telegram.server import serving
from tests.emulators.wecom import WecomServer

TEXTS = Texts.load()
ADDRESS = "https://wubu.example"
TEAM = teams.address(demo.CODE, "repair")
RESIDENT, HOME, PHONE = "陈明", "3-1201", "+8613900009999"
TECHNICIANS = {"wang": "王建国", "li": "李志强", "xiaojun": "陈小军"}
LEAD = {"zheng": "郑伟"}


@dataclass(frozen=True, slots=True)
class Crew:
    """One process, put together by hand so that the test says when the outbox is emptied."""

    database: Database
    desk: Desk
    app: WecomChannel
    sender: Sender
    robots: Sender
    numbers: count[int]

    async def report(self, words: str = "厨房漏水", *, urgent: bool = False) -> int:
        """A repair, opened without the conversation; its id."""
        number = f"{words} {next(self.numbers)}"
        details = Details(Place.HOME, Trade.GAS if urgent else Trade.WATER, urgent, "漏水", PHONE)
        async with self.database.transaction() as session:
            resident = (await session.scalars(select(Resident.id).filter_by(name=RESIDENT))).one()
            home = (await homes_of(session, resident, utcnow()))[0][0]
            account = (await of_resident(session, resident))[0].id
            effect = OpenTicket("repair", home, urgent, {**details.to_json(), "text": number})
            opened = await opening.open_ticket(Work(self.desk, session, utcnow()), effect, resident, account)
            return opened.shown.ticket.id

    async def posted(self, words: str = "厨房漏水", *, urgent: bool = False) -> int:
        """The same, and its card is out."""
        ticket = await self.report(words, urgent=urgent)
        await self.sender.drain()
        return ticket

    async def tell(self, ticket: int, key: str) -> None:
        """Something is said in the ticket's groups."""
        async with self.database.transaction() as session:
            await notices.group(Work(self.desk, session, utcnow()), await self._sheet(session, ticket), key)
        await self.sender.drain()

    async def remark(self, ticket: int, words: str) -> None:
        """A colleague notes something, which the card shows."""
        doer = Doer(staff=(await self.staff("wang")))
        async with self.database.transaction() as session:
            shown = await session.get_one(Ticket, ticket)
            await tickets.add(Work(self.desk, session, utcnow()), shown, doer, words, (), None)
        await self.sender.drain()

    async def staff(self, userid: str) -> int | None:
        async with self.database.reading() as session:
            here = select(Account.staff_id).filter_by(channel=self.app.name, external_id=userid)
            return await session.scalar(here)

    async def _sheet(self, session: AsyncSession, ticket: int) -> Sheet:
        return await sheets.of(session, await session.get_one(Ticket, ticket))

    async def card(self, ticket: int) -> Card:
        """The team's card."""
        async with self.database.reading() as session:
            return (await session.scalars(select(Card).filter_by(ticket_id=ticket, chat=TEAM))).one()

    async def ticket(self, number: int) -> Ticket:
        async with self.database.reading() as session:
            return await session.get_one(Ticket, number)

    async def rows(self) -> Sequence[tuple[str, str | None]]:
        """How what was to be told to the team went: state and error."""
        async with self.database.reading() as session:
            query = select(Outbox.state, Outbox.error).where(Outbox.chat == TEAM).order_by(Outbox.id)
            return [(state, error) for state, error in await session.execute(query)]

    async def on_shift(self, *userids: str) -> None:
        """These have the whole day, and nobody else."""
        now = utcnow()
        async with self.database.transaction() as session:
            await session.execute(delete(Shift))
            place = (await session.scalars(select(Community.id))).one()
            people = await session.scalars(select(Account).where(Account.external_id.in_(userids)))
            session.add_all(
                Shift(
                    community_id=place,
                    staff_id=one.staff_id,
                    role="technician" if one.external_id in TECHNICIANS else "duty_lead",
                    starts_at=now - timedelta(hours=12),
                    ends_at=now + timedelta(hours=12),
                )
                for one in people
            )


async def settle(database: Database, app: WecomChannel) -> None:
    """The demo community, whose technicians and duty lead have the app."""
    async with database.transaction() as session:
        await demo.seed(session, utcnow())
        await session.execute(delete(Shift))
        await session.execute(delete(Group))
        place = (await session.scalars(select(Community))).one()
        place.settings = {**place.settings, "tickets_a_day": 1000}
        for userid, name in (TECHNICIANS | LEAD).items():
            person = (await session.scalars(select(Staff.id).filter_by(name=name))).one()
            session.add(
                Account(
                    channel=app.name, bot=app.bot, external_id=userid, chat=userid, name=name, staff_id=person
                )
            )
        await office.bind_group(session, purpose="repair", community=demo.CODE, channel=app.name, bot=app.bot)


@asynccontextmanager
async def on_duty(wecom: WecomServer, database: Database, folder: Path) -> AsyncIterator[Crew]:
    """The crew, and the program they work with."""
    for userid, name in (TECHNICIANS | LEAD).items():
        wecom.member(userid, name)
    settings = Settings.model_construct(
        wecom_api=wecom.url,
        wecom_corpid=wecom.corpid,
        wecom_secret=wecom.secret,
        wecom_agentid=str(wecom.agentid),
        wecom_token=wecom.token,
        wecom_aes_key=wecom.aes_key,
    )
    door = WecomDoor.of(settings, database, TEXTS, MediaStore(f"file://{folder}"))
    assert door.app is not None
    await settle(database, door.app)
    channels = {channel.name: channel.capabilities for channel in door.channels}
    desk = Desk(database, TEXTS, channels, key="k", address=ADDRESS)
    callbacks = Reports(desk).callbacks()
    sender = Sender(database, door.app, callbacks, limits=WECOM)
    robots = Sender(database, door.robot, callbacks, limits=ROBOT)
    app = door.webhooks(Reception(desk))[PATH]
    async with serving(Route(PATH, app, methods=["GET", "POST"])) as address:
        await wecom.push_to(f"{address}{PATH}")
        yield Crew(database, desk, door.app, sender, robots, count(1))
    await door.close()
