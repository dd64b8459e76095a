"""WeChat on this machine, for one official account: its server talks to it over HTTP, tests hold the phones.

    async with WechatServer() as wechat:              # WechatServer(patience=0.2): 5 s of WeChat's in 0.2
        program = start(**wechat.settings)            # wechat_appid, _secret, _token, _aes_key, _api (.url)
        await wechat.push_to(program.url + "/wechat/callback")     # verified, as the console does it
        li = wechat.person("李")                       # a Phone; the same name, the same openid
        await li.follow()                             # follow(scene), scan(scene), unfollow(), block()
        await li.say("报修")                           # photo(), voice("…"), location(), press("…")
        await li.wait_for("哪里坏了")                   # shown: li.bubbles, li.received, li.last, li.find
        await li.pick("厨房")                          # taps its line, or writes the number in front of it
        push = await li.say("漏水")                    # every act returns its Push:
        assert (await push.settled()).outcome is Outcome.ANSWERED  # or .bubble, .reply, .attempts, .why

What the account's server may be given to endure:
    fail_next("message/custom/send", errcode=45015), drop_next, lose_answer, slow_next, garble_next, heal
    advance(49 * HOUR)     windows, tokens, media and codes grow old; dates on what is posted stay real
    deafen_next(), duplicate_next(), held(backwards=True), again(push), replay(push), strike(Damage.HUGE, li)
    supersede_token(), kill_tokens(), rotate_key(), account.whitelist = {"10.0.0.1"}, meter.limits[path] = 3
What it did: calls, calls_of(path, person), await called(path); what it was told: pushes.

As a program of its own, played over /control: python -m tests.emulators.wechat --port 8082
"""

import argparse
import asyncio
import json
import signal
import sys
import time
from collections import Counter
from collections.abc import Mapping
from typing import Self

from aiohttp import web

from tests.emulators.tencent_clock import Clock
from tests.emulators.tencent_faults import Misfortunes
from tests.emulators.wechat_calls import Call
from tests.emulators.wechat_consents import Consents
from tests.emulators.wechat_control import Control
from tests.emulators.wechat_damage import Damage, new_aes_key
from tests.emulators.wechat_errors import SENTENCES
from tests.emulators.wechat_hazards import Hazards
from tests.emulators.wechat_letters import Stationery
from tests.emulators.wechat_office import Meter, Office
from tests.emulators.wechat_phone import Phone
from tests.emulators.wechat_postman import Postman
from tests.emulators.wechat_pushes import Attempt, Outcome, Push
from tests.emulators.wechat_server import ENDPOINTS, Server
from tests.emulators.wechat_templates import Template, new_template_id
from tests.emulators.wechat_tokens import Tokens
from tests.emulators.wechat_world import Account, Kind, Mode, World

__all__ = ["Attempt", "Damage", "Kind", "Mode", "Outcome", "Phone", "Push", "WechatServer"]

APPID = "wx5e1f0c2a9b3d4e6f"
SECRET = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
TOKEN = "EmulatedToken01"
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
ORIGINAL = "gh_0a1b2c3d4e5f"
MOST_BYTES = 64 * 1024 * 1024


class WechatServer(Misfortunes, Hazards):
    """One official account's WeChat. `patience`: real seconds that its server has to answer (at Tencent's 5);
    `mode` is secure unless the account is a test account, which knows only the plain one."""

    sentences = SENTENCES

    def __init__(
        self,
        *,
        appid: str = APPID,
        secret: str = SECRET,
        token: str = TOKEN,
        aes_key: str = AES_KEY,
        kind: Kind = Kind.SERVICE,
        mode: Mode = Mode.SECURE,
        patience: float = 5.0,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        super().__init__()
        mode = Mode.PLAIN if kind is Kind.TEST else mode
        self.account = Account(appid, secret, token, aes_key, ORIGINAL, kind, mode)
        self.clock = Clock()
        self.world = World(self.account, self.clock)
        self.stationery = Stationery(self.account, self.clock)
        self.postman = Postman(self.world, self.stationery, patience)
        self.tokens, self.meter = Tokens(self.clock), Meter(self.clock)
        tickets, paths = Tokens(self.clock), frozenset(ENDPOINTS)
        self.office = Office(
            self.world, self.tokens, self.meter, self.postman, Consents(self.clock), tickets, paths
        )
        self.server = Server(self.office, self.faults)
        self._address = (host, port)
        self._runner: web.AppRunner | None = None
        self._phones: dict[str, Phone] = {}

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=MOST_BYTES)
        app.add_routes([*self.server.routes(), *Control(self).routes()])
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.05)
        await self._runner.setup()
        await web.TCPSite(self._runner, *self._address).start()
        host, port = self._runner.addresses[0][:2]
        self.world.url = f"http://{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.postman.close()
        if self._runner:
            await self._runner.cleanup()

    @property
    def url(self) -> str:
        """The base of every interface, without a slash at the end: http://127.0.0.1:port"""
        assert self.world.url, "the emulator is not running"
        return self.world.url

    @property
    def appid(self) -> str:
        return self.account.appid

    @property
    def secret(self) -> str:
        return self.account.secret

    @property
    def token(self) -> str:
        return self.account.token

    @property
    def aes_key(self) -> str:
        """The EncodingAESKey; given to the account's server even if the account is in plain mode."""
        return self.account.aes_key

    @property
    def settings(self) -> dict[str, str]:
        """What the account's server is told, by the names of its settings; no key in plain mode."""
        key = "" if self.account.mode is Mode.PLAIN else self.aes_key
        about = {"appid": self.appid, "secret": self.secret, "token": self.token, "aes_key": key}
        return {f"wechat_{name}": value for name, value in (about | {"api": self.url}).items()}

    @property
    def patience(self) -> float:
        return self.postman.patience

    @patience.setter
    def patience(self, seconds: float) -> None:
        self.postman.patience = seconds

    async def push_to(self, *urls: str) -> None:
        """Verify the first address as the console does, and post to it, or to all in turn, from now on.

        NotVerified when it does not give the echo back; aiohttp's errors when it cannot be reached.
        """
        await self.postman.greet(urls[0])
        self.route(*urls)

    def route(self, *urls: str) -> None:
        """As `push_to`, but nothing is verified."""
        self.postman.address(urls)

    def person(self, name: str) -> Phone:
        """The phone of somebody, who follows nobody yet; the same one every time."""
        if name not in self._phones:
            self._phones[name] = Phone(self.office, self.world.person(name))
        return self._phones[name]

    def add_template(
        self,
        title: str,
        fields: Mapping[str, str],
        values: Mapping[str, frozenset[str]] | None = None,
        template_id: str = "",
    ) -> str:
        """The id of a new service notice (模板消息) with fields like {"thing1": "工单名称"}; `values` are
        those that a const may have."""
        made = Template(template_id or new_template_id(), title, fields, values or {})
        return self.world.templates.add(made).id

    def add_subscription(self, title: str, fields: Mapping[str, str], *, long_term: bool = False) -> str:
        """A subscription notice (订阅通知); its id."""
        made = Template(new_template_id(), title, fields, long_term=long_term)
        return self.world.templates.add_subscription(made).id

    @property
    def calls(self) -> list[Call]:
        """Every call of the account's server, in order."""
        return self.server.calls

    def calls_of(self, path: str, person: Phone | None = None) -> list[Call]:
        """Those of one interface, as `message/custom/send`; about one person."""
        wanted = person and person.openid
        return [call for call in self.calls if call.path == path and wanted in (None, call.person)]

    async def called(
        self, path: str, *, person: Phone | None = None, times: int = 1, timeout: float = 5.0
    ) -> list[Call]:
        """Waits until the interface was called, and answered or refused, so often."""

        def enough() -> list[Call] | None:
            calls = [call for call in self.calls_of(path, person) if call.errcode is not None]
            return calls if len(calls) >= times else None

        return await self.world.changed.until(enough, timeout, lambda: f"{path} not called {times} times")

    @property
    def counts(self) -> Counter[str]:
        """How often each interface was called."""
        return Counter(call.path for call in self.calls)

    @property
    def pushes(self) -> list[Push]:
        """Everything the account's server was told, or is being told."""
        return self.postman.pushes

    async def idle(self, timeout: float = 10.0, *, quiet: float = 0.0) -> None:
        """Until no push is on its way and, for `quiet` real seconds, nothing was called."""
        ends = time.monotonic() + timeout
        while True:
            await self.world.changed.until(
                lambda: not self.postman.busy, ends - time.monotonic(), lambda: "pushes on their way"
            )
            seen = len(self.calls), len(self.pushes)
            await asyncio.sleep(quiet)
            if not self.postman.busy and seen == (len(self.calls), len(self.pushes)):
                return

    def advance(self, seconds: float) -> None:
        """Let this much time pass for windows, allowances, tokens, media and codes."""
        self.clock.advance(seconds)

    def media(self, media_id: str) -> bytes:
        """What is on the shelf, whoever put it there and however old it is."""
        return self.world.shelf.by_id[media_id].content

    def blacklist(self, person: Phone) -> None:
        """The account's own operator shuts somebody out."""
        person.me.blacklisted = True

    def rotate_key(self, aes_key: str = "") -> str:
        """Another EncodingAESKey from now on; which one."""
        self.account.aes_key = aes_key or new_aes_key()
        return self.account.aes_key


async def serve(wechat: WechatServer) -> None:
    """Until the process is told to end; the first line of output is the settings as JSON."""
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    async with wechat:
        sys.stdout.write(json.dumps(wechat.settings) + "\n")
        sys.stdout.flush()
        await ended.wait()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.emulators.wechat")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--mode", type=Mode, default=Mode.SECURE, choices=list(Mode))
    parser.add_argument("--kind", type=Kind, default=Kind.SERVICE, choices=list(Kind))
    parser.add_argument("--patience", type=float, default=5.0, help="seconds the account's server has")
    given = parser.parse_args()
    asyncio.run(serve(WechatServer(**vars(given))))


if __name__ == "__main__":
    main()
