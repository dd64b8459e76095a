"""Lakeside Garden on the real program: made by its own commands, lived in through an emulated Telegram."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
from sqlalchemy import Select, func, select, text

from handlers import binding
from models import (
    Account,
    Attachment,
    Card,
    Home,
    Inbox,
    Membership,
    Outbox,
    Resident,
    Ticket,
)
from models.database import Database
from tests.emulators.telegram import TelegramEmulator
from tests.emulators.telegram_group import Group
from tests.emulators.telegram_phone import User
from tests.emulators.telegram_rooms import Standing
from tests.ground import CODE
from tests.nursery import Nursery
from tests.program import Program, command, surroundings, until

PUBLIC = "https://bot.example"
WAIT = 15.0
"""Seconds within which a bot that is well has answered, however busy the machine is."""

Row = TypeVar("Row")


@dataclass
class Estate:
    """The community's people on Telegram, and the programs that serve them.

    `secrets` are names, numbers and words that no log line may hold.
    """

    nursery: Nursery
    folder: Path
    url: str
    tg: TelegramEmulator
    webhook: bool
    fresh: bool = False
    api: str = ""
    programs: list[Program] = field(default_factory=list)
    secrets: set[str] = field(default_factory=set)
    forgiven: set[str] = field(default_factory=set)
    database: Database = field(init=False)
    _ids: count[int] = field(default_factory=lambda: count(1001))
    _homes: count[int] = field(default_factory=lambda: count(0))

    def __post_init__(self) -> None:
        self.database = Database(self.url)

    @property
    def program(self) -> Program:
        return self.programs[0]

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

    async def close(self) -> None:
        for program in self.programs:
            if program.child is not None:
                await program.stop()
        await self.database.close()

    def logs_are_clean(self) -> None:
        """No error that was not expected, and nothing about anybody."""
        for program in self.programs:
            for event in program.events:
                unexpected = event.get("level") in (None, "error", "critical")
                assert not unexpected or event["event"] in self.forgiven, event
            for secret in self.secrets:
                assert secret not in program.log, f"{secret!r} is in the log"
            assert self.tg.token.partition(":")[2] not in program.log

    async def command(self, *arguments: str) -> str:
        return await command(self.nursery, self.environment, self.folder, *arguments)

    def somebody(self, name: str, language: str = "zh-hans") -> User:
        """A person with a phone, who has not written yet."""
        self.secrets.add(name)
        return self.tg.user(next(self._ids), name, language_code=language)

    async def resident(self, name: str, home: str = "", language: str = "zh-hans") -> User:
        """Somebody who has bound their home with the code of their bill."""
        home = home or self._free_home()
        person = self.somebody(name, language)
        await person.start(await self.command("home", "code", CODE, home))
        await person.wait_for(lambda message: home in message.words, WAIT)
        self.secrets.add(home)
        return person

    def _free_home(self) -> str:
        number = next(self._homes)
        return f"3-{15 - number // 8}{number % 8 + 1:02d}"

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

    async def rows(self, query: Select[Row]) -> Sequence[Row]:
        """What the database holds, seen from outside the program."""
        async with self.database.reading() as session:
            return (await session.scalars(query)).all()

    async def tickets(self) -> Sequence[Ticket]:
        return await self.rows(select(Ticket).order_by(Ticket.id))

    async def cards(self, kind: str = "group") -> Sequence[Card]:
        return await self.rows(select(Card).where(Card.kind == kind).order_by(Card.id))

    async def outbox(self, state: str) -> Sequence[Outbox]:
        return await self.rows(select(Outbox).where(Outbox.state == state).order_by(Outbox.id))

    async def heard(self) -> int:
        """How many messages the program has in its inbox."""
        return (await self.rows(select(func.count()).select_from(Inbox)))[0]

    async def every_photo_is_stored(self) -> None:
        """Our own copies are there, cleaned."""

        async def stored() -> bool:
            photos = await self.rows(select(Attachment))
            return all(photo.state == "stored" for photo in photos)

        await eventually(stored, what="some photo was not fetched")
        for photo in await self.rows(select(Attachment)):
            assert photo.stored is not None
            assert (self.folder / "media" / photo.stored).stat().st_size == photo.size

    async def administer(self, statement: str) -> None:
        """Something only the keeper of the PostgreSQL server may do."""
        keeper = self.database.url.set(drivername="postgresql", database="postgres")
        connection = await asyncpg.connect(keeper.render_as_string(hide_password=False))
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    async def execute(self, *statements: str) -> None:
        """Do something to the database behind the program's back."""
        async with self.database.transaction() as session:
            for statement in statements:
                await session.execute(text(statement))

    async def poison(self, table: str, column: str, word: str) -> None:
        """From now on no row that holds this word can be written."""
        if self.database.sqlite:
            await self.execute(
                f"CREATE TRIGGER poison BEFORE UPDATE ON {table} WHEN NEW.{column} LIKE '%{word}%'"
                " BEGIN SELECT RAISE(ABORT, 'poison'); END"
            )
            return
        await self.execute(
            "CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            f" IF NEW.{column}::text LIKE '%{word}%' THEN RAISE EXCEPTION 'poison %', NEW.{column}; END IF;"
            " RETURN NEW; END $$",
            f"CREATE TRIGGER poison BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION poison()",
        )

    async def calm(self, timeout: float = WAIT) -> None:
        """Every update is confirmed and nothing waits in the outbox."""
        await self.tg.idle(timeout)
        await eventually(self._sent, timeout, "something waits in the outbox")

    async def _sent(self) -> bool:
        waiting = select(func.count()).where(Outbox.state.in_(("pending", "sending")))
        return (await self.rows(waiting))[0] == 0


async def eventually(check: Callable[[], Awaitable[Any]], timeout: float = WAIT, what: str = "") -> Any:
    """The first answer that is true; AssertionError when there is none in time."""
    loop = asyncio.get_running_loop()
    ends = loop.time() + timeout
    while not (found := await check()):
        if loop.time() > ends:
            raise AssertionError(f"{what or check}: {found}")
        await asyncio.sleep(0.02)
    return found
