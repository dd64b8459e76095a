"""The postman: brings what people do to the account's server, up to three times, and what it says back.

WeChat docs: 被动回复用户消息. The server has `patience` seconds; then the connection is cut and the same
message comes again under a fresh signature.
"""

import asyncio
import io
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import cycle

import aiohttp

from tests.emulators.wechat_bubbles import Via, notice
from tests.emulators.wechat_letters import HEADERS, Letter, Stationery
from tests.emulators.wechat_pushes import Attempt, Outcome, Push
from tests.emulators.wechat_replies import Nonsense, judged, opened
from tests.emulators.wechat_world import World

ATTEMPTS = 3


class NotVerified(Exception):
    """The address did not give the echo back; the console would not save it."""


@dataclass(slots=True)
class Postman:
    """Real seconds: `patience` is how long the server has for an answer, `pace` how long after one attempt
    the next begins (None: as long as the patience), and `spacing` how soon after one message of a person the
    next leaves although the first has not been answered."""

    world: World
    stationery: Stationery
    patience: float = 5.0
    pace: float | None = None
    spacing: float = 0.1
    pushes: list[Push] = field(default_factory=list)
    deaf: int = 0
    """How many answers will not be heard: the server has done its work, and gets the message again."""
    copies: int = 0
    """How many messages will come once more after they were answered."""
    _addresses: "cycle[str] | None" = None
    _held: list[Push] | None = None
    _at_work: asyncio.Event = field(default_factory=asyncio.Event)
    _latest: dict[str, Push] = field(default_factory=dict)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _wrong: list[BaseException] = field(default_factory=list)
    _session: aiohttp.ClientSession | None = None

    def __post_init__(self) -> None:
        self.go_on()

    @property
    def busy(self) -> bool:
        return bool(self._tasks)

    def address(self, urls: Iterable[str]) -> None:
        """Where to post: to one address, or to several in turn."""
        self._addresses = cycle(urls)

    def send(self, push: Push) -> Push:
        self.pushes.append(push)
        if self._addresses is None:
            assert not push.answerable, "nobody said where to push to"
            push.settle(Outcome.QUIET, "the account has no server")
        elif self._held is None:
            self._set_off(push)
        else:
            self._held.append(push)
        return push

    def hold(self) -> None:
        """Nothing leaves until it is released."""
        self._held = []

    def release(self, *, backwards: bool = False) -> None:
        """What was held leaves: as it came, or the last first."""
        held, self._held = self._held or [], None
        for push in reversed(held) if backwards else held:
            self._set_off(push)

    def rest(self) -> None:
        """Nothing is brought once more until the postman goes on."""
        self._at_work.clear()

    def go_on(self) -> None:
        self._at_work.set()

    async def greet(self, url: str) -> None:
        """The verification that the console makes; NotVerified when the echo does not come back as it was."""
        query = self.stationery.greeting()
        async with self._client().get(url, params=query, allow_redirects=False) as response:
            answer = await response.read()
            if response.status != 200 or answer != query["echostr"].encode():
                raise NotVerified(f"{response.status} {answer[:200]!r}")

    async def post(self, letter: Letter, url: str = "") -> Attempt:
        """One attempt, past everything; a server that is silent or gone leaves `status` None."""
        attempt = Attempt(url or self._next_address(), letter)
        try:
            async with self._client().post(
                attempt.url,
                params=letter.query,
                data=io.BytesIO(letter.body),
                headers=HEADERS,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(self.patience),
            ) as response:
                attempt.answer = await response.read()
                attempt.status = response.status
        except TimeoutError:
            attempt.trouble = f"no answer in {self.patience} seconds"
        except aiohttp.ClientError as failure:
            attempt.trouble = f"connection failed: {failure}"
        attempt.seconds = time.monotonic() - attempt.at
        return attempt

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session:
            await self._session.close()
        if self._wrong:
            raise self._wrong[0]

    def _set_off(self, push: Push) -> None:
        before = self._latest.get(push.person.openid) if push.answerable else None
        if push.answerable:
            self._latest[push.person.openid] = push
        task = asyncio.get_running_loop().create_task(self._deliver(push, before))
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self.world.changed.fire()
        if not task.cancelled() and (wrong := task.exception()):
            self._wrong.append(wrong)

    async def _deliver(self, push: Push, before: Push | None) -> None:
        if before and before.outcome is None:
            await before.changed.wait(self.spacing)
        for number in range(1, ATTEMPTS + 1):
            attempt = await self._try(push)
            if attempt.status == 200 and not attempt.trouble:
                self._judge(push, attempt)
                await self._bring_again(push)
                return
            if number < ATTEMPTS:
                await asyncio.sleep((self.patience if self.pace is None else self.pace) - attempt.seconds)
                await self._at_work.wait()
        self._give_up(push, push.attempts[-1].trouble)

    async def _bring_again(self, push: Push) -> None:
        if self.copies:
            self.copies -= 1
            await self.again(push)

    async def again(self, push: Push) -> Attempt:
        """The same message once more, whatever came of it; the phone shows no second answer."""
        attempt = await self._try(push)
        if attempt.status == 200 and not attempt.trouble:
            attempt.reply = opened(self.world.account, attempt.letter.seal, attempt.answer)
        return attempt

    async def _try(self, push: Push) -> Attempt:
        letter = self.stationery.letter(push.fields)
        attempt = await self.post(letter)
        push.attempts.append(attempt)
        if attempt.status is not None and attempt.status != 200:
            attempt.trouble = f"status {attempt.status}"
        if self.deaf:
            self.deaf -= 1
            attempt.trouble = "the answer was not heard"
        push.changed.fire()
        return attempt

    def _judge(self, push: Push, attempt: Attempt) -> None:
        account = self.world.account
        try:
            attempt.reply = opened(account, attempt.letter.seal, attempt.answer)
            if attempt.reply is None or not push.answerable:
                push.settle(Outcome.QUIET)
                return
            bubble = judged(account, push.fields, attempt.reply, self.world.shelf)
        except Nonsense as wrong:
            self._give_up(push, str(wrong))
            return
        if bubble is None:
            push.settle(Outcome.HANDED_OVER)
            return
        push.bubble = self.world.show(push.person, bubble, Via.PASSIVE)
        push.settle(Outcome.ANSWERED)

    def _give_up(self, push: Push, why: str) -> None:
        if push.answerable:
            push.bubble = self.world.show(push.person, notice())
        push.settle(Outcome.UNAVAILABLE, why)

    def _next_address(self) -> str:
        assert self._addresses is not None, "nobody said where to push to"
        return next(self._addresses)

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0, force_close=True))
        return self._session
