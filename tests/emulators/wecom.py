"""A company's WeCom on this machine: the program talks to it over HTTP, tests act as the colleagues.

    async with WecomServer(patience=0.5) as wecom:
        # The program gets wecom.url, .corpid, .secret, .agentid, .token, .aes_key, and is started. Then its
        # address is saved, when it proves itself (NotVerified if not):
        await wecom.push_to(f"{program.url}/wecom/callback")

        # Colleagues. A name is the same person every time. All they do is a Push: QUIET, ANSWERED, ...
        wang = wecom.member("wang", "王师傅")
        await wang.say("我的工单").settled()
        wang.photo(), wang.voice(), wang.location(), wang.enter(), wang.click("menu_key")

        # What they see: messages, and cards that change in place.
        card = await wang.wait_for_card("3-1-501")
        card.title, card.row("房号"), card.labels, card.link("详情")
        push = wang.tap("接单")
        await wang.wait_for("已接单")
        wecom.copies(card.task_id)["li"].labels  # the same card on another phone

        # Group robots: .key, .url, and the group as its members see it.
        robot = wecom.robot("维修群")
        await robot.group.wait_for("超时")
        robot.group.messages, robot.group.cards, robot.group.mentioned

        # Time, misfortune, malice. Windows and expiry follow `advance`, the dates on messages do not.
        wecom.advance(HOUR)
        wecom.fail_next("message/send", errcode=45009, times=2)
        wecom.drop_next(), wecom.lose_answer(), wecom.slow_next(seconds=1), wecom.garble_next()
        wecom.expire_token(), wecom.forget_token()
        wecom.hear_nothing(), wecom.bring_twice(), await wecom.again(push)
        assert (await wecom.forge(Forgery.CORPID)).status == 403
        await wecom.replay(push)

        await wecom.called("message/send", times=2)
        assert wecom.violations == [] and wecom.lost == []

Methods are named by their path after /cgi-bin/; `person` of a fault is a userid, or the key of a robot.
"""

import secrets
from collections.abc import Callable
from functools import partial
from typing import Self

from aiohttp import web

from tests.emulators.tencent_clock import DAY, HOUR, MINUTE, Clock, Signal
from tests.emulators.tencent_errors import JSON
from tests.emulators.tencent_faults import Misfortunes
from tests.emulators.wecom_app import App, Lost
from tests.emulators.wecom_appchat import Chat, Chats
from tests.emulators.wecom_ask import Ask, Call
from tests.emulators.wecom_callback import Callback
from tests.emulators.wecom_colleague import Colleague, NoSuchButton
from tests.emulators.wecom_errors import (
    BAD_CORPID,
    BAD_SECRET,
    NO_CORPID,
    NO_SECRET,
    WORDS,
    Refused,
)
from tests.emulators.wecom_letters import Forgery, Stationery, new_aes_key
from tests.emulators.wecom_limits import Limits, Meter, Violation
from tests.emulators.wecom_media import Media
from tests.emulators.wecom_postman import NotVerified, Postman
from tests.emulators.wecom_pushes import Attempt, Outcome, Push
from tests.emulators.wecom_robots import Group, Robot, Robots
from tests.emulators.wecom_server import Endpoint, Server, as_download
from tests.emulators.wecom_shown import Card, Shown
from tests.emulators.wecom_tokens import Tokens

__all__ = [
    "DAY",
    "HOUR",
    "MINUTE",
    "Attempt",
    "Call",
    "Card",
    "Colleague",
    "Forgery",
    "Group",
    "Limits",
    "NoSuchButton",
    "NotVerified",
    "Outcome",
    "Push",
    "Robot",
    "Shown",
    "WecomServer",
]

CORPID = "ww1a2b3c4d5e6f7890"
AGENTID = 1000002


class WecomServer(Callback, Misfortunes):
    """One company with one self-built app, and as many group robots as a test wants.

    `patience` is how many real seconds the app has to answer a push (the vendor: 5). Windows, tokens and
    codes go by `clock`, a callable of seconds, or by the machine's, `speed` times faster.
    """

    sentences = WORDS

    def __init__(
        self,
        *,
        corpid: str = CORPID,
        agentid: int = AGENTID,
        patience: float = 5.0,
        speed: float = 1.0,
        clock: Callable[[], float] | None = None,
        limits: Limits | None = None,
        rate_limits: bool = True,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        super().__init__()
        self.corpid, self.agentid = corpid, agentid
        self.secret = secrets.token_urlsafe(32)
        self.changed = Signal()
        self.clock = Clock(speed, clock)
        self.meter = Meter(self.clock, limits or Limits(), enabled=rate_limits)
        self.media = Media(self.clock, lambda: self.url)
        self.tokens = Tokens(self.clock)
        self.app = App(agentid, self.clock, self.media, self.meter, self.changed)
        self.robots = Robots(self.media, self.meter, self.changed, lambda: self.url)
        self.chats = Chats(self.media, self.changed, self.app.members)
        self.stationery = Stationery(secrets.token_hex(12), new_aes_key(), corpid, agentid, self.clock)
        self.postman = Postman(self.app, self.stationery, patience)
        self.server = Server(
            self._endpoints(), self.tokens, self.media, self.clock, self.changed, self.faults
        )
        self._address = (host, port)
        self._runner: web.AppRunner | None = None
        self._colleagues: dict[str, Colleague] = {}

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=0)
        app.add_routes(self.server.routes())
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.05)
        await self._runner.setup()
        await web.TCPSite(self._runner, *self._address).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.postman.close()
        if self._runner:
            await self._runner.cleanup()

    @property
    def url(self) -> str:
        """The base address, in the place of https://qyapi.weixin.qq.com"""
        assert self._runner is not None, "the emulator is not running"
        host, port = self._runner.addresses[0][:2]
        return f"http://{host}:{port}"

    def member(self, userid: str, name: str = "") -> Colleague:
        """The member with this id; the same one every time, who sees the app."""
        if userid not in self._colleagues:
            self._colleagues[userid] = Colleague(userid, name or userid, self.app, self.postman, self.corpid)
        return self._colleagues[userid]

    def copies(self, task: str) -> dict[str, Card]:
        """A card as each of its readers sees it now, by userid: many may have the same."""
        return {user: copy.card for user, copy in self.app.copies(task).items() if copy.card}

    def robot(self, title: str = "维修群", *, key: str = "") -> Robot:
        """A new robot in a new group."""
        return self.robots.add(key, title)

    def chat(self, chatid: str) -> Chat:
        """A group that the app has made with appchat/create."""
        return self.chats.by_id[chatid]

    def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.changed.fire()

    def expire_token(self) -> None:
        """The access token ends before its time: 42001."""
        self.tokens.expire()

    def forget_token(self) -> None:
        """The access token is as if it had never been: 40014."""
        self.tokens.forget()

    @property
    def trusts_ip(self) -> bool:
        """Whether the program's address is on the app's list; if not, 60020 for all that needs a token."""
        return self.server.trusted

    @trusts_ip.setter
    def trusts_ip(self, trusted: bool) -> None:
        self.server.trusted = trusted

    @property
    def calls(self) -> list[Call]:
        """Every call of the program, in order."""
        return self.server.calls

    def calls_of(self, method: str) -> list[Call]:
        return [call for call in self.calls if call.method == method]

    async def called(self, method: str, *, times: int = 1, timeout: float = 5.0) -> list[Call]:
        """Waits until the method was called (and answered or refused) so often; all its calls."""

        def enough() -> list[Call] | None:
            calls = [call for call in self.calls_of(method) if call.code is not None]
            return calls if len(calls) >= times else None

        return await self.changed.until(enough, timeout, lambda: f"{method} not called {times} times")

    @property
    def violations(self) -> list[Violation]:
        """Messages over a budget; empty for a polite program."""
        return self.meter.violations

    @property
    def lost(self) -> list[Lost]:
        """Messages that were taken with errcode 0 and that nobody saw."""
        return self.app.lost

    def _endpoints(self) -> dict[str, Endpoint]:
        return {
            "gettoken": Endpoint("GET", self._get_token, token=False),
            "getcallbackip": Endpoint("GET", lambda ask: {"ip_list": ["127.0.0.1"]}),
            "webhook/send": Endpoint("POST", self.robots.send, token=False),
            "webhook/upload_media": Endpoint("POST", self.robots.upload, token=False),
            "message/send": Endpoint("POST", self.app.send),
            "message/update_template_card": Endpoint("POST", self.app.update),
            "message/recall": Endpoint("POST", self.app.recall),
            "media/upload": Endpoint("POST", self._upload),
            "media/get": Endpoint("GET", partial(as_download, self.media)),
            "user/get": Endpoint("GET", self.app.user),
            "appchat/create": Endpoint("POST", self.chats.create),
            "appchat/update": Endpoint("POST", self.chats.update),
            "appchat/get": Endpoint("GET", self.chats.get),
            "appchat/send": Endpoint("POST", self.chats.send),
        }

    def _get_token(self, ask: Ask) -> JSON:
        for name, expected, missing, wrong in (
            ("corpid", self.corpid, NO_CORPID, BAD_CORPID),
            ("corpsecret", self.secret, NO_SECRET, BAD_SECRET),
        ):
            given = ask.query.get(name, "")
            if given != expected:
                raise Refused(wrong if given else missing)
        token, seconds = self.tokens.issue()
        return {"access_token": token, "expires_in": seconds}

    def _upload(self, ask: Ask) -> JSON:
        return self.media.receive(ask.query.get("type", ""), ask.upload).as_dict()
