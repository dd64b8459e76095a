"""The same conversation in a terminal: one sits in a resident's place and sees what the group sees."""

from __future__ import annotations

import asyncio
import contextlib
import getpass
import logging
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, TextIO

from bot import logs
from bot.office import Impossible, opened
from bot.reception import Reception, TryLater
from bot.sender import Sender
from bot.settings import Settings
from bot.terminal import TerminalChannel, typed
from bot.web.channel import WebChannel
from handlers.desk import Desk
from handlers.envelopes import Outgoing
from handlers.outbox import delivery
from handlers.reporting import Reports
from handlers.texts import Texts
from models import people, web
from models.account import Account
from models.database import Database
from models.people import Neighbour

PURPOSE = "repair"
GLANCE, GLANCES = 0.05, 60
"""Every so many seconds, and so often, a look is taken whether what a line brought about has been sent."""


async def start(settings: Settings, *, home: str, language: str) -> None:
    """Talk at this terminal, without the log's chatter. Raises Impossible."""
    logs.configure(settings.log_format)
    logging.getLogger().setLevel(logging.ERROR)
    await converse(settings, home=home, language=language, source=sys.stdin.fileno(), out=sys.stdout)


async def converse(settings: Settings, *, home: str, language: str, source: int, out: TextIO) -> None:
    """Talk until the end of the input. Raises Impossible."""
    texts = Texts.load()
    if language and language not in texts.locales:
        raise Impossible(f"no language {language!r}: one of {', '.join(texts.locales)}")
    async with opened(settings) as database:
        channel = TerminalChannel(await _seat(settings, database, home, language), out)
        talk = Talk(settings, database, texts, channel, language)
        async with talk.sending():
            await talk.go_on(typed(source))


async def _seat(settings: Settings, database: Database, home: str, language: str) -> str:
    """Whose place is taken: a demo resident's, or that of somebody who has never written before."""
    if home and not settings.demo:
        raise Impossible("--as is for the demo community: it needs WUBU_DEMO=1")
    async with database.reading() as session:
        there = await people.neighbours(session) if settings.demo else ()
    if not there:
        return f"guest:{getpass.getuser()}"
    one = _living(there, home)
    place = f"resident:{one.id}"
    account = Account(
        channel=TerminalChannel.name,
        bot=TerminalChannel.bot,
        external_id=place,
        chat=place,
        name=one.name,
        resident_id=one.id,
    )
    async with database.transaction() as session:
        await people.seat(session, account)
        if language:
            await people.speak(session, TerminalChannel.name, (place,), language)
    return place


def _living(there: Sequence[Neighbour], home: str) -> Neighbour:
    found = next((one for one in there if not home or home in one.homes), None)
    if found is None:
        raise Impossible(f"nobody lives in {home!r}")
    return found


@dataclass(slots=True)
class Group:
    """The staff group of the web chat, and how far its log has been read."""

    chat: str
    title: str
    read: int


class Talk:
    """One person's talk with the real desk, sender and group."""

    def __init__(
        self, settings: Settings, database: Database, texts: Texts, channel: TerminalChannel, language: str
    ) -> None:
        self._database, self._channel, self._language = database, channel, language
        self._web = WebChannel(database)
        doors = (channel, self._web)
        desk = Desk(
            database,
            texts,
            {door.name: door.capabilities for door in doors},
            timezone=settings.timezone,
            key=settings.key(),
            demo=settings.demo,
        )
        callbacks = Reports(desk).callbacks()
        self._senders = [Sender(database, door, callbacks) for door in doors]
        self._reception = Reception(desk, self._wake)
        self._group: Group | None = None

    def _wake(self) -> None:
        for sender in self._senders:
            sender.wake()

    @contextlib.asynccontextmanager
    async def sending(self) -> AsyncIterator[None]:
        """What the desk has to tell is sent meanwhile, to the person here and to the group."""
        await self._find_group()
        stop = asyncio.Event()
        tasks = [asyncio.create_task(sender.run(stop)) for sender in self._senders]
        watching = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            with contextlib.suppress(TryLater):
                await self._reception.take(self._channel, self._channel.left())
            watching.cancel()
            stop.set()
            await asyncio.gather(*tasks, watching, return_exceptions=True)
            self._web.close()

    async def go_on(self, lines: AsyncIterator[str]) -> None:
        """Answer line after line."""
        await self._answer("/start")
        self._channel.prompt()
        async for line in lines:
            text = line.strip().removeprefix(">").strip()
            if text:
                self._channel.said(text)
                await self._answer(text)
            self._channel.prompt()

    async def _answer(self, text: str) -> None:
        self._channel.answering = True
        try:
            receipt = await self._reception.take(self._channel, self._channel.heard(text, self._language))
        except TryLater as error:
            self._channel.overhear([f"({type(error).__name__})"])
            return
        finally:
            self._channel.answering = False
        if receipt.hint:
            self._channel.overhear([receipt.hint])
        await self._settled()
        await self._look()

    async def _settled(self) -> None:
        """Wait until what this line has set off has left, so that it is seen before the next one."""
        for _ in range(GLANCES):
            if not await self._on_its_way():
                return
            await asyncio.sleep(GLANCE)

    async def _on_its_way(self) -> bool:
        here, there = self._channel, self._web
        places = [(here.name, here.bot, here.chat)]
        if self._group is not None:
            places.append((there.name, there.bot, self._group.chat))
        async with self._database.reading() as session:
            return any([await delivery.waiting(session, *place) for place in places])

    async def _find_group(self) -> None:
        async with self._database.reading() as session:
            rooms = await people.rooms(session, WebChannel.name)
            read = await web.newest(session)
        room = next((room for room in rooms if room.purpose == PURPOSE), None)
        self._group = None if room is None else Group(room.chat, room.title or room.chat, read)

    async def _watch(self) -> None:
        """Others act meanwhile, on the page for one."""
        while True:
            await asyncio.sleep(1)
            await self._look()

    async def _look(self) -> None:
        """Show what is new in the group."""
        if self._group is None:
            return
        async with self._database.reading() as session:
            news = await web.newer(session, (self._group.chat,), self._group.read)
        for message in news:
            if message.changed > self._group.read:
                self._group.read = message.changed
                self._channel.overhear(_overheard(self._group.title, message.body))


def _overheard(title: str, body: dict[str, Any]) -> list[str]:
    shown = Outgoing.from_json(body) if "buttons" in body else Outgoing(str(body.get("text", "")))
    buttons = [f"[{button.label}]" for row in shown.buttons for button in row]
    heading = " ".join(word for word in (title, shown.title) if word)
    return [heading, *shown.text.splitlines(), *([" ".join(buttons)] if buttons else [])]
