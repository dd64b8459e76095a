"""Lakeside Garden on the real program: made by its own commands, lived in through an emulated Telegram."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count

from sqlalchemy import select

from handlers.people import binding
from models import (
    Account,
    Consent,
    Home,
    Membership,
    Resident,
)
from tests.emulators.telegram import TelegramEmulator
from tests.emulators.telegram_group import Group
from tests.emulators.telegram_phone import User
from tests.emulators.telegram_rooms import Standing
from tests.ground import CODE
from tests.premises import WAIT, Premises, eventually
from tests.program import Program, surroundings, until

PUBLIC = "https://bot.example"


async def agree(person: User) -> None:
    """Whoever is new reads what is kept of them, and agrees."""
    await person.wait_for("2026-11", WAIT)
    await person.tap("m.consent.yes")


@dataclass
class Estate(Premises):
    """The community's people on Telegram, and the programs that serve them."""

    tg: TelegramEmulator
    webhook: bool
    fresh: bool = False
    api: str = ""
    _ids: count[int] = field(default_factory=lambda: count(1001))

    def __post_init__(self) -> None:
        super().__post_init__()
        self.secrets.add(self.tg.token.partition(":")[2])

    @property
    def environment(self) -> dict[str, str]:
        telegram = {"telegram_token": self.tg.token, "telegram_api": self.api or self.tg.url}
        public = {"public_url": PUBLIC} if self.webhook else {}
        return surroundings(self.folder, self.url, **telegram, **public)

    def beside(self, tg: TelegramEmulator) -> Estate:
        """The same house with another bot, on another Telegram."""
        return Estate(self.nursery, self.folder, self.url, tg, self.webhook, self.fresh)

    async def open(self, programs: int = 1) -> None:
        """Start so many programs on the one database, and let Telegram know them."""
        self.tg.route(PUBLIC, "http://127.0.0.1:9")
        for number in range(programs):
            program = Program(
                self.nursery,
                self.environment,
                self.folder,
                fresh=self.fresh,
                name=f"{self.tg.bot.id}-{number}",
            )
            self.programs.append(program)
        await asyncio.gather(*(program.start() for program in self.programs))
        await self.listened_to()

    async def listened_to(self) -> None:
        """The programs that run are those that get the updates."""
        running = [program.url for program in self.programs if program.child is not None]
        if self.webhook:
            self.tg.route(PUBLIC, *running)
            await until(lambda: self.tg.mail.webhook, WAIT, lambda: "nobody set a webhook")
        else:
            await self.tg.called("getUpdates", timeout=WAIT) if not self._asked() else None

    def _asked(self) -> bool:
        return bool(self.tg.mail._polls)

    def somebody(self, name: str, language: str = "zh-hans") -> User:
        """A person with a phone, who has not written yet."""
        self.secrets.add(name)
        return self.tg.user(next(self._ids), name, language_code=language)

    async def resident(self, name: str, home: str = "", language: str = "zh-hans") -> User:
        """Somebody who has bound their home with the code of their bill."""
        home = home or self._free_home()
        person = self.somebody(name, language)
        await person.start(await self.command("home", "code", CODE, home))
        await agree(person)
        await person.wait_for(lambda message: home in message.words, WAIT)
        self.secrets.add(home)
        return person

    async def colleague(self, name: str, *roles: str) -> User:
        """Somebody on the staff who has linked their account."""
        wanted = [word for role in roles for word in ("--role", role)]
        code = await self.command("staff", "add", name, "--community", CODE, *wanted)
        person = self.somebody(name)
        await person.send(f"/staff {code}")
        await person.wait_for("员工账号已关联", WAIT)
        return person

    async def another_account_of(self, person: User, name: str) -> User:
        """The same resident on a second phone, bound by a code of their own."""
        known = select(Account).where(Account.external_id == str(person.id))
        async with self.database.transaction() as session:
            resident = (await session.scalars(known)).one().resident_id
            home = await session.scalar(select(Membership.home_id).where(Membership.resident_id == resident))
            code = await binding.issue(session, datetime.now(UTC), role="owner", home=home, resident=resident)
        other = self.somebody(name)
        await other.start(code)
        await other.wait_for("已绑定", WAIT)
        return other

    async def crowd(self, size: int, prefix: str = "住户") -> list[User]:
        """So many residents at once, entered into the database as if they had bound their homes long ago."""
        people = [self.somebody(f"{prefix}{number:03d}号") for number in range(size)]
        now = datetime.now(UTC)
        async with self.database.transaction() as session:
            homes = (await session.scalars(select(Home.id).order_by(Home.id))).all()
            for number, person in enumerate(people):
                resident = Resident(name=person.person.first_name, created_at=now)
                session.add(resident)
                await session.flush()
                session.add(
                    Membership(
                        resident_id=resident.id,
                        home_id=homes[number % len(homes)],
                        role="owner",
                        since=now,
                        verified_by="code",
                    )
                )
                session.add(Consent(resident_id=resident.id, purpose="service", version="2026-11", at=now))
                session.add(
                    Account(
                        channel="telegram",
                        bot=str(self.tg.bot.id),
                        external_id=str(person.id),
                        chat=str(person.id),
                        resident_id=resident.id,
                    )
                )
        for person in people:
            person.room.bot = Standing.MEMBER
        return people

    async def repair_group(self, administrator: User, chat: int = -2001) -> Group:
        """The technicians' group, bound by an administrator."""
        group = self.tg.group(chat, "维修群", owner=administrator)
        await group.add_bot(by=administrator)
        await group.wait_for("/bind", WAIT)
        await administrator.send("/bind repair", chat=group)
        await group.wait_for("✅ 这个群现在是", WAIT)
        return group

    async def calm(self, timeout: float = WAIT) -> None:
        """Every update is confirmed and nothing waits in the outbox."""
        await self.tg.idle(timeout)
        await eventually(self._sent, timeout, "something waits in the outbox")
