"""A Bot API server on this machine: the bot talks to it over HTTP, tests act as the people with the phones.

    async with TelegramEmulator() as tg:
        alice = tg.user(1001, first_name="李", language_code="zh-hans")
        await alice.start()
        await alice.wait_for("您好")

As a program of its own: python -m tests.emulators.telegram --port 8081 --token 42:TEST
"""

import argparse
import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable, Iterator
from typing import Self

from aiohttp import ClientResponse, web

from tests.emulators.telegram_calls import Call
from tests.emulators.telegram_clock import Clock
from tests.emulators.telegram_control import Control
from tests.emulators.telegram_courier import Courier, Delivery, Webhook
from tests.emulators.telegram_errors import JSON
from tests.emulators.telegram_faults import Chat, Misfortunes, chat_id
from tests.emulators.telegram_group import Group
from tests.emulators.telegram_limits import Limits, Meter, Violation
from tests.emulators.telegram_line import Line
from tests.emulators.telegram_mail import EVERY_KIND, Mail
from tests.emulators.telegram_office import Office
from tests.emulators.telegram_phone import User
from tests.emulators.telegram_rooms import Person
from tests.emulators.telegram_server import Server
from tests.emulators.telegram_world import World

TOKEN = "4242:EMULATED-bot-token-for-tests"
BOT_NAME = "五步"
OWNER = 900_000_001


class TelegramEmulator(Misfortunes):
    """One bot's Telegram. Times of the rules pass `speed` times faster; `clock` replaces them altogether."""

    def __init__(
        self,
        *,
        token: str = TOKEN,
        username: str = "wubu_test_bot",
        speed: float = 1.0,
        clock: Callable[[], float] | None = None,
        limits: Limits | None = None,
        rate_limits: bool = True,
        privacy: bool = True,
        host: str = "127.0.0.1",
        port: int = 0,
        keep_calls: bool = True,
        webhook_timeout: float = 60.0,
    ) -> None:
        super().__init__()
        self.token = token
        self.clock = Clock(speed, clock)
        self.bot = Person(int(token.partition(":")[0]), BOT_NAME, username=username, is_bot=True)
        self.world = World(self.bot, self.clock)
        self.world.privacy = privacy
        self.meter = Meter(self.clock, limits or Limits(), enabled=rate_limits)
        self.courier = Courier(self.clock, self._webhook_answered, webhook_timeout, keep=keep_calls)
        self.mail = Mail(self.clock, self.world.changed, self.courier, keep=keep_calls)
        self.office = Office(self.world, self.meter, self.mail)
        self.server = Server(self.office, token, self.faults, keep_calls=keep_calls)
        self.line = Line(self.office)
        self._address = (host, port)
        self._runner: web.AppRunner | None = None
        self._users: dict[int, User] = {}
        self._groups: dict[int, Group] = {}

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=0)
        app.add_routes([*self.server.routes(), *Control(self).routes()])
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.05)
        await self._runner.setup()
        await web.TCPSite(self._runner, *self._address).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in list(self.line.background):
            task.cancel()
        await asyncio.gather(*self.line.background, return_exceptions=True)
        await self.mail.close()
        if self._runner:
            await self._runner.cleanup()

    @property
    def url(self) -> str:
        """The base address, as a client wants it: http://127.0.0.1:port"""
        assert self._runner is not None, "the emulator is not running"
        host, port = self._runner.addresses[0][:2]
        return f"http://{host}:{port}"

    def user(
        self,
        user_id: int,
        first_name: str = "Resident",
        *,
        last_name: str | None = None,
        username: str | None = None,
        language_code: str | None = "zh-hans",
    ) -> User:
        """The person with this id; the same one every time."""
        if user_id not in self._users:
            person = self.world.person(Person(user_id, first_name, last_name, username, language_code))
            self._users[user_id] = User(self.line, person, self.world.rooms[user_id])
        return self._users[user_id]

    def group(self, chat_id: int, title: str = "Group", *, owner: User | None = None) -> Group:
        """The group with this id; ids from -1000000000001 downward are supergroups."""
        if chat_id not in self._groups:
            creator = owner or self.user(OWNER, "Owner", language_code=None)
            self._groups[chat_id] = Group(self.line, self.world.group(chat_id, title), creator.person)
        return self._groups[chat_id]

    async def push(self, update: JSON) -> JSON:
        """Send any update at all, known to the Bot API or not; an update_id is added when it has none."""
        kind = next((key for key in update if key != "update_id"), "unknown")
        body = update.get(kind)
        place = body.get("chat") if isinstance(body, dict) else None
        chat = place.get("id") if isinstance(place, dict) else None
        return self.mail.push_raw(update, kind, (kind, chat if isinstance(chat, int) else 0))

    async def idle(self, timeout: float = 10.0, *, quiet: float = 0.0) -> None:
        """Until every update is confirmed and, for `quiet` real seconds, only getUpdates is called."""

        def settled() -> bool:
            return self.mail.empty and not self.line.background

        loop = asyncio.get_running_loop()
        ends = loop.time() + timeout
        while True:
            await self.world.changed.until(settled, ends - loop.time(), self._what_waits)
            seen = self._activity()
            await asyncio.sleep(quiet)
            if settled() and seen == self._activity():
                return

    @property
    def calls(self) -> list[Call]:
        """Every call of the bot, in order."""
        return self.server.calls

    def calls_of(self, method: str, chat: Chat = None) -> list[Call]:
        wanted = chat_id(chat)
        return [call for call in self.calls if call.method == method and wanted in (None, call.chat)]

    @property
    def violations(self) -> list[Violation]:
        """Calls that broke a budget or came before their retry_after was over; empty for a polite bot."""
        return self.meter.violations

    @property
    def deliveries(self) -> list[Delivery]:
        """Every attempt to reach the webhook."""
        return self.courier.deliveries

    @property
    def rate_limits(self) -> bool:
        return self.meter.enabled

    @rate_limits.setter
    def rate_limits(self, enabled: bool) -> None:
        self.meter.enabled = enabled

    @property
    def privacy(self) -> bool:
        """Whether the bot hears in groups only what is meant for it."""
        return self.world.privacy

    @privacy.setter
    def privacy(self, on: bool) -> None:
        self.world.privacy = on

    def file(self, file_id: str) -> bytes:
        """The content of a photo or document, whoever sent it."""
        return self.world.files.by_id(file_id).content

    def restart_update_ids(self, first: int) -> None:
        """Number the next updates from here, as Telegram does after a week of silence."""
        self.mail.next_id = first

    def duplicate_next(self, kind: str | None = None, *, times: int = 1, copies: int = 1) -> None:
        """The next updates (of this kind) are delivered again after the bot has confirmed them."""
        self.mail.duplicate(kind, times, copies)

    @contextlib.contextmanager
    def held(self, kind: str = EVERY_KIND) -> Iterator[None]:
        """Updates of this kind, or all, stay back until the block ends."""
        self.mail.hold(kind)
        try:
            yield
        finally:
            self.mail.release(kind)

    def hold(self, kind: str = EVERY_KIND) -> None:
        self.mail.hold(kind)

    def release(self, kind: str | None = None) -> None:
        self.mail.release(kind)

    def route(self, public: str, *local: str) -> None:
        """Webhooks under the public address are posted to the local ones, in turn."""
        self.courier.alias(public, local)

    @property
    def updates(self) -> list[JSON]:
        """Every update ever queued, as it was sent."""
        return self.mail.log

    def redeliver(self, update: JSON) -> None:
        """Queue an update once more, under its old id."""
        kind = next(key for key in update if key != "update_id")
        self.mail.push_raw(update, kind, ("again", int(update["update_id"])))

    async def deliver(self, update: JSON, *, url: str | None = None, secret: str | None = None) -> int | None:
        """Post an update past the queue, to the webhook or elsewhere; the status of the answer."""
        webhook = self.mail.webhook or Webhook("")
        assert url or webhook.url, "there is no webhook"
        return await self.courier.carry(
            update, url or webhook.url, webhook.secret if secret is None else secret
        )

    async def called(
        self, method: str, *, chat: Chat = None, times: int = 1, timeout: float = 5.0
    ) -> list[Call]:
        """Waits until the method was called (and answered or refused) so often; all its calls."""

        def enough() -> list[Call] | None:
            calls = [call for call in self.calls_of(method, chat) if call.status is not None]
            return calls if len(calls) >= times else None

        return await self.world.changed.until(enough, timeout, lambda: f"{method} not called {times} times")

    async def _webhook_answered(self, response: ClientResponse) -> None:
        await self.server.take_webhook_answer(response)

    def _activity(self) -> int:
        return self.server.acted

    def _what_waits(self) -> str:
        waiting = [entry.update for entry in self.mail.waiting]
        return f"not confirmed: {waiting}, last trouble: {self.courier.trouble}"


async def serve(emulator: TelegramEmulator) -> None:
    """Until the process is told to end; the first line of output is the address."""
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    async with emulator:
        sys.stdout.write(f"{emulator.url}\n")
        sys.stdout.flush()
        await ended.wait()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.emulators.telegram", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--token", default=TOKEN)
    parser.add_argument("--speed", type=float, default=1.0, help="how much faster the vendor's time passes")
    parser.add_argument("--no-limits", action="store_true", help="never answer 429 of its own accord")
    parser.add_argument("--no-privacy", action="store_true", help="the bot reads everything in groups")
    given = parser.parse_args()
    emulator = TelegramEmulator(
        token=given.token,
        speed=given.speed,
        rate_limits=not given.no_limits,
        privacy=not given.no_privacy,
        host=given.host,
        port=given.port,
    )
    asyncio.run(serve(emulator))


if __name__ == "__main__":
    main()
