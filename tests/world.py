"""A small world for tests: a community, its people and groups, and a desk whose clock is ours to turn."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from flows.engine.effects import OpenTicket
from flows.repair import Details, Place, Trade
from handlers import due, offering, opening
from handlers.cards import drawing
from handlers.desk import Desk, Work
from handlers.envelopes import Button, Capabilities, Inbound, Kind, Media, Outgoing, Receipt
from handlers.inbound import receive
from handlers.outbox.outcomes import Blocked, Result, carried
from handlers.outbox.settling import settle
from handlers.people import binding, scanning
from handlers.people.scanning import Printed
from handlers.reporting import Reports
from handlers.texts import Texts
from models import (
    Account,
    Building,
    Card,
    Community,
    Consent,
    Due,
    Group,
    Home,
    Membership,
    Outbox,
    Phone,
    Resident,
    Shift,
    Staff,
    StaffRole,
    Ticket,
)
from models.account import of_resident
from models.database import Database
from models.resident import homes_of

MONDAY = datetime(2026, 11, 23, 1, 30, tzinfo=UTC)
"""Monday 9:30 in Shanghai."""

TEXTS = Texts.load()
BUTTONS = Capabilities("test", contact=True)
NUMBERS = Capabilities("plain", buttons=False, edits=False)
WORDS = Capabilities("words", buttons=False, cards=False, edits=False, groups=False)
"""For residents where staff have `NUMBERS`: no buttons at all, not even under what is pushed."""


@dataclass(slots=True)
class Post:
    """A message as a phone shows it."""

    message: Outgoing
    id: str
    edited: int = 0


@dataclass(slots=True)
class World:
    """Chats by their address; what is said to the desk, and what it says to whom.

    `log` holds every post and every edit as it looked then, `sent` what was said to the desk. Nothing
    reaches the `blocked`, which the desk learns when it tries.
    """

    desk: Desk
    now: datetime = MONDAY
    language: str = ""
    residents: str = "test"
    staff: set[str] = field(default_factory=set)
    doors: dict[str, str] = field(default_factory=dict)
    chats: dict[str, list[Post]] = field(default_factory=dict)
    log: list[tuple[str, Post]] = field(default_factory=list)
    hints: list[str] = field(default_factory=list)
    sent: list[Inbound] = field(default_factory=list)
    people: dict[str, int] = field(default_factory=dict)
    blocked: set[str] = field(default_factory=set)
    ids: count[int] = field(default_factory=lambda: count(1))

    @property
    def database(self) -> Database:
        return self.desk.database

    async def hear(self, inbound: Inbound) -> Receipt:
        """One message through the real handler; its replies, then whatever is to be sent."""
        return (await self.at_once(inbound))[0]

    async def at_once(self, *inbounds: Inbound) -> list[Receipt]:
        """Several messages in the same instant, each in its own transaction."""
        receipts = await asyncio.gather(*(receive(self.desk, inbound) for inbound in inbounds))
        for inbound, receipt in zip(inbounds, receipts, strict=True):
            self.sent.append(inbound)
            for reply in () if receipt.queued else receipt.replies:
                await self._show(inbound, reply)
            if receipt.hint:
                self.hints.append(receipt.hint)
        await self.deliver()
        return receipts

    def inbound(self, who: str, kind: Kind, chat: str = "", key: str = "", **more: object) -> Inbound:
        number = next(self.ids)
        return Inbound(
            channel=self.channel(who),
            bot="bot",
            chat=chat or who,
            account=who,
            key=key or f"k{number}",
            kind=kind,
            ref=f"r{number}",
            group=bool(chat),
            name=who,
            language=self.language,
            **more,  # type: ignore[arg-type]
        )

    def channel(self, who: str) -> str:
        """Where somebody talks to the desk."""
        return self.doors.get(who) or ("test" if who in self.staff else self.residents)

    async def on(self, who: str, channel: str) -> None:
        """Somebody talks to the desk on this channel from now on."""
        self.doors[who] = channel
        async with self.database.transaction() as session:
            await session.execute(update(Account).where(Account.external_id == who).values(channel=channel))

    async def say(self, who: str, text: str, chat: str = "", reply_to: str = "") -> Receipt:
        return await self.hear(self.inbound(who, Kind.TEXT, chat, text=text, reply_to=reply_to))

    async def photo(
        self, who: str, caption: str = "", album: str = "", chat: str = "", reply_to: str = ""
    ) -> Receipt:
        media = Media(f"photo-{next(self.ids)}", album=album)
        return await self.hear(
            self.inbound(who, Kind.PHOTO, chat, text=caption, media=media, reply_to=reply_to)
        )

    async def edit(self, who: str, was: str, text: str, chat: str = "") -> Receipt:
        """Somebody rewrites their newest message that contains `was`."""
        place = chat or who
        found = next(one for one in reversed(self.sent) if one.chat == place and was in one.text)
        return await self.hear(replace(self.inbound(who, Kind.EDIT, chat, text=text), ref=found.ref))

    async def code(self, home: str, role: str = "owner") -> str:
        """A one-time code for a home, as printed on a bill."""
        async with self.database.transaction() as session:
            place = await session.scalar(select(Home.id).where(Home.name == home))
            return await binding.issue(session, self.now, role=role, home=place)

    async def scan(self, home: str) -> Printed:
        """A QR code for a home, and what is told apart from it; a new home has nobody's phone on file."""
        async with self.database.transaction() as session:
            place = await session.scalar(select(Home).where(Home.name == home))
            if place is None:
                building = (await session.scalars(select(Building))).one()
                place = Home(community_id=building.community_id, building_id=building.id, name=home)
                session.add(place)
                await session.flush()
            return await scanning.issue(session, self.now, home=place.id, role="owner")

    async def report(self, who: str, *, urgent: bool = False) -> int:
        """A repair, opened without the conversation; returns its id."""
        details = Details(Place.HOME, Trade.GAS if urgent else Trade.WATER, urgent, "漏水", "+8613800000001")
        async with self.database.transaction() as session:
            resident = self.people[who]
            home = (await homes_of(session, resident, self.now))[0][0]
            account = (await of_resident(session, resident))[0].id
            effect = OpenTicket(
                "repair", home, urgent, {**details.to_json(), "text": f"漏水 {next(self.ids)}"}
            )
            opened = await opening.open_ticket(Work(self.desk, session, self.now), effect, resident, account)
        await self.deliver()
        return opened.shown.ticket.id

    async def set(self, name: str, value: object) -> None:
        """The community sets something for itself."""
        async with self.database.transaction() as session:
            place = (await session.scalars(select(Community))).one()
            place.settings = {**place.settings, name: value}

    async def unasked(self, name: str) -> None:
        """A resident who has never agreed to anything, as those are whom an import has brought."""
        async with self.database.transaction() as session:
            await session.execute(delete(Consent).where(Consent.resident_id == self.people[name]))

    async def assistant(self, name: str) -> None:
        """A colleague joins, whom those who live in the building turn to."""
        async with self.database.transaction() as session:
            building = (await session.scalars(select(Building).where(Building.name == "3"))).one()
            person = Staff(name=name)
            session.add(person)
            await session.flush()
            session.add(StaffRole(staff_id=person.id, community_id=building.community_id, role="assistant"))
            session.add(_account("test", name, self.language, staff=person.id))
            building.assistant_id = person.id
            self.staff.add(name)
            self.people[name] = person.id

    async def staff_code(self, role: str, name: str = "新同事") -> str:
        """A one-time code for a new member of staff."""
        async with self.database.transaction() as session:
            community = (await session.scalars(select(Community.id))).one()
            person = Staff(name=name)
            session.add(person)
            await session.flush()
            session.add(StaffRole(staff_id=person.id, community_id=community, role=role))
            return await binding.issue(session, self.now, role=role, staff=person.id)

    async def tap(self, who: str, label: str, chat: str = "", post: Post | None = None) -> Receipt:
        """Tap the newest button with this label in the chat (or on one message)."""
        button, on = self.button(chat or who, label, post)
        return await self.hear(self.inbound(who, Kind.TAP, chat, tap=button.data, tapped=on.id))

    def button(self, chat: str, label: str, post: Post | None = None) -> tuple[Button, Post]:
        posts = [post] if post is not None else list(reversed(self.chats.get(chat, [])))
        for one in posts:
            for row in one.message.buttons:
                for button in row:
                    if button.label == label:
                        return button, one
        shown = [button.label for one in posts[:1] for row in one.message.buttons for button in row]
        raise AssertionError(f"no button {label!r} in {chat}; the newest message has {shown}")

    def last(self, chat: str) -> Post:
        return self.chats[chat][-1]

    def words(self, chat: str) -> str:
        """Everything a chat shows now."""
        return "\n".join(f"{post.message.title}\n{post.message.text}" for post in self.chats.get(chat, []))

    async def wait(self, span: timedelta, step: timedelta | None = None) -> None:
        """Let time pass, the clock ticking in time for whatever is due, or only every `step`."""
        until = self.now + span
        while self.now < until:
            self.now = min(until, self.now + step if step else await self._next(until))
            await self.tick()

    async def _next(self, until: datetime) -> datetime:
        """When something happens next of itself."""
        async with self.database.reading() as session:
            due_at = await session.scalar(select(func.min(Due.at)).where(Due.done_at.is_(None)))
            sent_at = await session.scalar(
                select(func.min(Outbox.not_before)).where(Outbox.state == "pending")
            )
        times = [at for at in (due_at, sent_at) if at is not None and at > self.now]
        return min(times, default=until)

    async def tick(self) -> None:
        while await due.fire_next(self.desk):
            pass
        await self.deliver()

    async def deliver(self) -> None:
        """Empty the outbox as a sender would, until nothing is left that may leave now."""
        while await self._delivered():
            pass

    async def _delivered(self) -> bool:
        async with self.database.transaction() as session:
            query = select(Outbox).where(Outbox.state == "pending", Outbox.not_before <= self.now)
            waiting = (await session.scalars(query.order_by(Outbox.lane, Outbox.id))).all()
            for row in waiting:
                if row.state == "pending":
                    await self._deliver(session, row)
            return bool(waiting)

    async def _deliver(self, session: AsyncSession, row: Outbox) -> None:
        """One channel that takes everything, but for people whose phones do not."""
        reports = Reports(self.desk)
        if row.chat in self.blocked and row.card_id is None:
            row.state = "sending"
            await session.flush()
            await settle(session, reports.callbacks(), [Result(row.id, self.now, Blocked())])
            return
        row.state, row.sent_at = "sent", self.now
        if row.card_id is not None:
            await self._draw(session, row.card_id)
            return
        row.message = await self._told(session, row)
        await session.flush()
        await carried(session, reports.callbacks(), row)

    async def _told(self, session: AsyncSession, row: Outbox) -> str:
        said = Outgoing.from_json(row.payload["message"])
        message = await offering.pushed(Work(self.desk, session, self.now), row, said)
        held = self._find(row.chat, message.replace) if message.replace else None
        if held is not None:
            self._edit(row.chat, held, replace(message, replace=""))
            return held.id
        post = self._post(row.chat, message)
        if message.ticket is not None:
            session.add(
                Card(
                    ticket_id=message.ticket,
                    kind="notice",
                    channel=row.channel,
                    bot=row.bot,
                    chat=row.chat,
                    message=post.id,
                    created_at=self.now,
                )
            )
        return post.id

    async def _draw(self, session: AsyncSession, number: int) -> None:
        card = await session.get_one(Card, number)
        shown = await drawing.render(session, card, TEXTS)
        if shown is None:
            return
        held = self._find(card.chat, card.message) if card.message else None
        if held is None:
            card.message = self._post(card.chat, shown).id
        elif held.message != shown:
            self._edit(card.chat, held, shown)

    async def _show(self, inbound: Inbound, reply: Outgoing) -> None:
        held = self._find(inbound.chat, reply.replace) if reply.replace else None
        if held is not None:
            self._edit(inbound.chat, held, reply)
            return
        post = self._post(inbound.chat, reply)
        if reply.ticket is not None:
            async with self.database.transaction() as session:
                session.add(
                    Card(
                        ticket_id=reply.ticket,
                        kind="notice",
                        channel=inbound.channel,
                        bot=inbound.bot,
                        chat=inbound.chat,
                        message=post.id,
                        created_at=self.now,
                    )
                )

    def _find(self, chat: str, message: str) -> Post | None:
        return next((post for post in self.chats.get(chat, []) if post.id == message), None)

    def _post(self, chat: str, message: Outgoing) -> Post:
        post = Post(message, f"m{next(self.ids)}")
        self.chats.setdefault(chat, []).append(post)
        self.log.append((chat, replace(post)))
        return post

    def _edit(self, chat: str, post: Post, message: Outgoing) -> None:
        post.message, post.edited = message, post.edited + 1
        self.log.append((chat, replace(post)))

    async def tickets(self) -> Sequence[Ticket]:
        async with self.database.reading() as session:
            return (await session.scalars(select(Ticket).order_by(Ticket.id))).all()


@asynccontextmanager
async def world(
    database: Database, *, locale: str = "zh_CN", can: Capabilities = BUTTONS, words: Capabilities = WORDS
) -> AsyncIterator[World]:
    """Lakeside Garden with 李雷 in 3-1201, two technicians, a duty lead, a manager and the repair group."""
    made: list[World] = []
    residents = can if can.buttons else words
    channels = {"test": can, "words": words, **dict.fromkeys(("wechat", "telegram", "web"), residents)}
    desk = Desk(database, TEXTS, channels, now=lambda: made[0].now)
    made.append(World(desk, language=locale, residents="test" if can.buttons else "words"))
    await _settle(made[0], locale)
    yield made[0]


async def _settle(w: World, locale: str) -> None:
    async with w.database.transaction() as session:
        place = Community(
            code="HPY",
            name="湖畔花园",
            name_en="Lakeside Garden",
            settings={"hotline": "400-000-1234", "staff_locale": locale},
        )
        session.add(place)
        await session.flush()
        building = Building(community_id=place.id, name="3")
        session.add(building)
        await session.flush()
        homes = [
            Home(community_id=place.id, building_id=building.id, name=name) for name in ("3-1201", "3-1202")
        ]
        session.add_all(homes)
        session.add(
            Group(
                community_id=place.id,
                purpose="repair",
                channel="test",
                bot="bot",
                chat="repair",
                title="报修群",
            )
        )
        await session.flush()
        for name, home, number in (
            ("李雷", homes[0], "+8613800000001"),
            ("韩梅", homes[1], "+8613800000002"),
        ):
            resident = Resident(name=name, created_at=w.now, settings={})
            session.add(resident)
            await session.flush()
            session.add(Phone(resident_id=resident.id, number=number))
            session.add(Consent(resident_id=resident.id, purpose="service", version="2026-11", at=w.now))
            session.add(
                Membership(
                    resident_id=resident.id, home_id=home.id, role="owner", since=w.now, verified_by="code"
                )
            )
            session.add(_account(w.residents, name, locale, resident=resident.id))
            w.people[name] = resident.id
        for name, role in (
            ("王师傅", "technician"),
            ("赵师傅", "technician"),
            ("陈值班", "duty_lead"),
            ("周经理", "manager"),
            ("管理员", "administrator"),
        ):
            staff = Staff(name=name)
            session.add(staff)
            await session.flush()
            session.add(StaffRole(staff_id=staff.id, community_id=place.id, role=role))
            session.add(
                Shift(
                    community_id=place.id,
                    staff_id=staff.id,
                    role=role,
                    starts_at=w.now - timedelta(days=1),
                    ends_at=w.now + timedelta(days=30),
                )
            )
            session.add(_account("test", name, locale, staff=staff.id))
            w.staff.add(name)
            w.people[name] = staff.id


def _account(
    channel: str, name: str, locale: str, *, resident: int | None = None, staff: int | None = None
) -> Account:
    return Account(
        channel=channel,
        bot="bot",
        external_id=name,
        chat=name,
        name=name,
        locale=locale,
        resident_id=resident,
        staff_id=staff,
    )
