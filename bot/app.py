"""The composition root: the only place that constructs things, starts them, and stops them in order."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from socket import socket
from typing import Protocol

import structlog
import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp

from bot import logs
from bot.budget import ROBOT, TELEGRAM, UNLIMITED, WECOM
from bot.channel import Channel, Throttled
from bot.clock import Clock
from bot.media import MediaStore, discard_unwanted, fetch_wanted
from bot.pace import Pace
from bot.reading import Reader
from bot.reception import Reception
from bot.sender import Sender
from bot.server import application
from bot.settings import Settings
from bot.web.channel import WebChannel
from bot.web.routes import router
from bot.wecom.door import WecomDoor
from handlers import demo
from handlers.backlog import Backlog, backlog
from handlers.desk import Desk, utcnow
from handlers.people.census import Census, census
from handlers.reporting import Reports
from handlers.texts import Texts
from models import schema
from models.database import Database

log: structlog.stdlib.BoundLogger = structlog.get_logger()

LIMITS = {"telegram": TELEGRAM, "robot": ROBOT, "wecom": WECOM}


class Door(Protocol):
    """A vendor as a whole: the channels it opens, where it delivers, what it does while we are open."""

    @property
    def channels(self) -> Sequence[Channel]: ...

    def webhooks(self, reception: Reception) -> Mapping[str, ASGIApp]: ...

    async def run(self, reception: Reception, stop: asyncio.Event) -> None: ...

    async def close(self) -> None: ...


class House:
    """Everything of one process, made from the settings and put together once."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.database = Database(settings.database_url)
        self.texts = Texts.load()
        self.store = MediaStore(settings.media_url)
        self.web = WebChannel(self.database, self.store)
        self.doors = tuple(self._doors())
        self.channels = (self.web, *(channel for door in self.doors for channel in door.channels))
        self.desk = Desk(
            self.database,
            self.texts,
            {channel.name: channel.capabilities for channel in self.channels},
            timezone=settings.timezone,
            key=settings.key(),
            demo=settings.demo,
            address=settings.public_url,
        )
        self.reception = Reception(
            self.desk,
            self.wake,
            self._spent,
            self._paused,
            Pace(settings.messages_a_minute),
            self._forbidden,
        )
        callbacks = Reports(self.desk).callbacks()
        self.senders = [
            Sender(self.database, channel, callbacks, limits=LIMITS.get(channel.name, UNLIMITED))
            for channel in self.channels
        ]
        self.reader = Reader(self.desk, self.store.get)
        self.clock = Clock(self.desk, self.wake, settings.tick_seconds)
        self._stop = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def wake(self) -> None:
        """Something may wait in the outbox."""
        for sender in self.senders:
            sender.wake()

    def _sender(self, channel: str, bot: str) -> Sender | None:
        here = (channel, bot)
        return next((one for one in self.senders if (one.channel.name, one.channel.bot) == here), None)

    def _spent(self, channel: str, bot: str, chat: str, group: bool) -> None:
        """A direct reply went past the outbox, but not past the vendor's limits."""
        if (sender := self._sender(channel, bot)) is not None:
            sender.counted(chat, group=group)

    def _paused(self, channel: str, bot: str, chat: str | None, seconds: float) -> None:
        """What the vendor told a direct reply holds for the outbox, too."""
        if (sender := self._sender(channel, bot)) is not None:
            sender.pause(chat, seconds)

    def _forbidden(self, channel: str, bot: str, chat: str) -> Throttled | None:
        """What the vendor told the outbox holds for a direct reply, too."""
        sender = self._sender(channel, bot)
        return None if sender is None else sender.forbidden(chat)

    def _doors(self) -> Iterator[Door]:
        """The vendors that are set up; what one of them alone needs is loaded only then."""
        yield WecomDoor(self.settings, self.database, self.texts, self.store)
        if self.settings.wechat_appid:
            from bot.wechat.door import WechatDoor

            yield WechatDoor(self.settings, self.database, self.texts, self.store)
        if self.settings.telegram_token:
            from bot.telegram.door import TelegramDoor

            yield TelegramDoor(self.settings, self.database, self.texts, self.store)

    async def prepare(self) -> None:
        """The tables of this release, and the demo community where it is wanted."""
        await schema.upgrade(self.database)
        if self.settings.demo:
            async with self.database.transaction() as session:
                await demo.seed(session, utcnow(), self.desk if self.settings.demo_life else None)

    async def open(self) -> None:
        """Start sending, ticking and listening at every door."""
        self._tasks = [asyncio.create_task(sender.run(self._stop)) for sender in self.senders]
        self._tasks += [asyncio.create_task(door.run(self.reception, self._stop)) for door in self.doors]
        self.clock.start(self._fetch)

    async def _fetch(self) -> None:
        doors = {(channel.name, channel.bot): channel for channel in self.channels}
        await fetch_wanted(self.database, doors, self.store, utcnow())
        await discard_unwanted(self.database, self.store)
        if await self.reader.answer():
            self.wake()

    async def close(self) -> None:
        """Stop in order: no new ticks, the calls in hand finished, then the database."""
        await self.clock.stop()
        self._stop.set()
        self.web.close()
        self.wake()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for door in self.doors:
            await door.close()
        await self.database.close()

    def app(self) -> ASGIApp:
        """The ASGI application whose lifespan is this house's."""
        return application(
            self._lifespan,
            webhooks={
                path: app for door in self.doors for path, app in door.webhooks(self.reception).items()
            },
            web=router(
                settings=self.settings,
                database=self.database,
                channel=self.web,
                reception=self.reception,
                texts=self.texts,
                store=self.store,
                desk=self.desk,
                wake=self.wake,
            ),
            look=self._look,
            count=self._count,
            migrated=lambda: schema.at_head(self.database),
        )

    @asynccontextmanager
    async def _lifespan(self, _app: FastAPI) -> AsyncIterator[None]:
        await self.open()
        yield
        await self.close()

    async def _count(self) -> Census:
        async with self.database.reading() as session:
            return await census(session, self.desk.now())

    async def _look(self) -> Backlog:
        async with self.database.reading() as session:
            return await backlog(
                session,
                self.desk.now(),
                doors=[(channel.name, channel.bot) for channel in self.channels],
                inbox_lag=self.reception.lag(),
                heartbeat=self.clock.heartbeat(),
            )


class Server(uvicorn.Server):
    """Says where it can be reached once it can be, and ends the open streams when it is to stop."""

    def __init__(self, config: uvicorn.Config, house: House) -> None:
        super().__init__(config)
        self._house = house

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            address = self.servers[0].sockets[0].getsockname()
            print(f"Wubu is at http://{address[0]}:{address[1]}", flush=True)  # noqa: T201

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        self._house.web.close()
        await super().shutdown(sockets)


def loop() -> asyncio.AbstractEventLoop:
    """The quickest event loop there is here: uvloop where it exists (not on Windows)."""
    try:
        from uvloop import new_event_loop
    except ImportError:
        return asyncio.new_event_loop()
    return new_event_loop()


async def serve(settings: Settings) -> None:
    """Run everything until SIGTERM or SIGINT; the message in hand is finished first."""
    logs.configure(settings.log_format)
    house = House(settings)
    await house.prepare()
    gc.collect()
    gc.freeze()  # what stands now stays; the collector need not look at it again and again
    gc.set_threshold(10_000, 20, 50)
    config = uvicorn.Config(
        house.app(),
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=20,
    )
    log.info("starting", database=settings.database_url.partition("://")[0], demo=settings.demo)
    await Server(config, house).serve()
