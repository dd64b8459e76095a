"""The postman: brings what colleagues do to the app, three times if need be, and brings back what it says.

WeCom docs: 接收消息与事件. The app has `patience` seconds; then the connection is cut and the same thing
comes again under a fresh signature.
"""

import asyncio
import io
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import cycle

import aiohttp

from tests.emulators.wecom_app import App
from tests.emulators.wecom_letters import HEADERS, Letter, Stationery
from tests.emulators.wecom_pushes import Attempt, Outcome, Push
from tests.emulators.wecom_replies import Nonsense, opened, show

ATTEMPTS = 3
GREETING_PATIENCE = 5.0
"""The vendor waits one second; a program that has only just started is given more."""


class NotVerified(Exception):
    """The address did not give the echo back; the console would not save it."""


@dataclass(slots=True)
class Postman:
    """`patience` and `spacing` are real seconds: how long the app has for an answer, and how soon after one
    thing a colleague does the next may leave although the first has not been answered."""

    app: App
    stationery: Stationery
    patience: float = 5.0
    spacing: float = 0.1
    pushes: list[Push] = field(default_factory=list)
    deaf: int = 0
    """How many answers will not be heard: the app has done its work, and is told again."""
    copies: int = 0
    """How many pushes will come once more after they were answered."""
    _addresses: "cycle[str] | None" = None
    _held: list[Push] | None = None
    _latest: dict[str, Push] = field(default_factory=dict)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _session: aiohttp.ClientSession | None = None

    @property
    def busy(self) -> bool:
        return bool(self._tasks or self._held)

    def address(self, urls: Iterable[str]) -> None:
        """Where to post: to one address, or to several in turn."""
        self._addresses = cycle(urls)
        self.app.has_callback = True

    def send(self, push: Push) -> Push:
        if self._addresses is None:
            raise RuntimeError("the app has no callback address: push_to() comes first")
        self.pushes.append(push)
        if self._held is None:
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

    async def greet(self, url: str) -> None:
        """The verification that the console makes; NotVerified when the echo does not come back as it was."""
        echo = str(secrets.randbelow(10**19))
        attempt = await self.get(url, self.stationery.greeting(echo))
        if attempt.status != 200 or attempt.answer != echo.encode():
            raise NotVerified(f"{attempt.status} {attempt.answer[:200]!r} {attempt.trouble}")

    async def get(self, url: str, query: dict[str, str]) -> Attempt:
        return await self._request("GET", Attempt(url, query, b""), GREETING_PATIENCE)

    async def post(self, letter: Letter, url: str = "") -> Attempt:
        """One attempt, past the queue; an app that is silent or gone leaves `status` None."""
        attempt = Attempt(url or self._next_address(), letter.query, letter.body)
        return await self._request("POST", attempt, self.patience)

    async def again(self, push: Push) -> Attempt:
        """The same thing once more, freshly signed, whatever came of it; a second answer is not shown."""
        attempt = await self._try(push)
        if attempt.taken:
            attempt.reply = opened(self.stationery, attempt.answer)
        return attempt

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session:
            await self._session.close()

    async def _request(self, verb: str, attempt: Attempt, patience: float) -> Attempt:
        try:
            async with self._client().request(
                verb,
                attempt.url,
                params=attempt.query,
                data=io.BytesIO(attempt.body) if verb == "POST" else None,
                headers=HEADERS if verb == "POST" else {},
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(patience),
            ) as response:
                attempt.answer = await response.read()
                attempt.status = response.status
        except TimeoutError:
            attempt.trouble = f"no answer in {patience} seconds"
        except aiohttp.ClientError as failure:
            attempt.trouble = f"connection failed: {failure}"
        attempt.seconds = asyncio.get_running_loop().time() - attempt.at
        return attempt

    def _set_off(self, push: Push) -> None:
        before, self._latest[push.userid] = self._latest.get(push.userid), push
        task = asyncio.get_running_loop().create_task(self._deliver(push, before))
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self.app.changed.fire()
        if not task.cancelled() and (wrong := task.exception()):
            raise wrong

    async def _deliver(self, push: Push, before: Push | None) -> None:
        if before and before.outcome is None:
            await before.changed.wait(self.spacing)
        for number in range(1, ATTEMPTS + 1):
            attempt = await self._try(push)
            if attempt.taken:
                self._judge(push, attempt)
                await self._bring_again(push)
                return
            if number < ATTEMPTS:
                await asyncio.sleep(self.patience - attempt.seconds)
        push.settle(Outcome.LOST, push.attempts[-1].trouble)

    async def _bring_again(self, push: Push) -> None:
        if self.copies:
            self.copies -= 1
            await self.again(push)

    async def _try(self, push: Push) -> Attempt:
        attempt = await self.post(self.stationery.letter(push.fields))
        push.attempts.append(attempt)
        if attempt.status is not None and attempt.status != 200:
            attempt.trouble = f"status {attempt.status}"
        if self.deaf:
            self.deaf -= 1
            attempt.trouble = "the answer was not heard"
        push.changed.fire()
        return attempt

    def _judge(self, push: Push, attempt: Attempt) -> None:
        try:
            attempt.reply = opened(self.stationery, attempt.answer)
            if attempt.reply is None:
                push.settle(Outcome.QUIET)
                return
            show(self.app, push, attempt.reply)
        except Nonsense as wrong:
            push.settle(Outcome.NONSENSE, str(wrong))
            return
        push.settle(Outcome.ANSWERED)

    def _next_address(self) -> str:
        if self._addresses is None:
            raise RuntimeError("the app has no callback address: push_to() comes first")
        return next(self._addresses)

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0, force_close=True))
        return self._session
