"""A resident on WeChat: sealed letters go to the callback, the answers come back in the responses, sealed."""

import asyncio
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from benchmarks.conversation import Say, Step, in_words
from benchmarks.driver import Stuck, Town
from benchmarks.line import Line
from benchmarks.official import CALLBACK, ORIGINAL, SEAL, Official, openid, words
from benchmarks.seal import Broken, Letter

DELIVERIES = 3
"""So often WeChat brings a message that is not taken; then it is lost (WeChat docs: 被动回复用户消息)."""
HANGS_UP = 5.0
"""Seconds that WeChat waits for the answer to a delivery."""
NOTHING_YET = b"success"
TICKET = re.compile(r"\b[A-Z]{2,5}-\d{4}-\d{5,}\b")


@dataclass(slots=True)
class Wechat:
    """WeChat's side of a run: where the bot listens, the id of the last message, the tickets it promised."""

    official: Official
    port: int
    message: int = field(default_factory=lambda: int(time.time() * 1000))
    tickets: set[str] = field(default_factory=set)

    def letter(self, who: str, text: str) -> Letter:
        self.message += 1
        return SEAL.letter(words(who, self.message, text), ORIGINAL, who)

    def move_in(self, account: int, town: Town) -> "Resident":
        return Resident(openid(account), account, town, self)


class Resident:
    """One resident's phone: what was last said to it, and the conversation of its owner with the bot."""

    def __init__(self, who: str, account: int, town: Town, wechat: Wechat) -> None:
        self._who, self._account = who, account
        self._town, self._wechat = town, wechat
        self._text = ""
        self._awaited: Step | None = None
        self._later: asyncio.Future[float] | None = None

    def told(self, text: str) -> None:
        """A custom message; it is the answer only where the response held none."""
        if self._later and not self._later.done():
            self._text = text
            self._later.set_result(time.perf_counter())

    async def converse(self, line: Line, script: tuple[Step, ...]) -> None:
        self._wechat.official.followers[self._who] = self
        followers: Iterator[Step | None] = iter((*script[1:], None))
        said = script[0].text if isinstance(script[0], Say) else script[0].labels[0]
        try:
            for _ in script:
                self._awaited = next(followers)
                said = await self._exchange(line, said)
        finally:
            del self._wechat.official.followers[self._who]

    async def _exchange(self, line: Line, said: str) -> str:
        """Say this, and give what is to be said next. Raises Stuck when the answer does not ask for it."""
        letter = self._wechat.letter(self._who, said)
        request = letter.request(self._wechat.port, CALLBACK)
        self._text, self._later = "", asyncio.get_running_loop().create_future()
        self._town.busy[self._account] = (time.monotonic(), self)
        posted = time.perf_counter()
        body = await self._deliver(line, request)
        answered = await self._later if body == NOTHING_YET else time.perf_counter()
        self._town.tally.answers.append((answered, answered - posted))
        if body != NOTHING_YET:
            self._text = self._read(body, letter.query["nonce"])
        del self._town.busy[self._account]
        return self._next()

    async def _deliver(self, line: Line, request: bytes) -> bytes:
        for attempt in range(DELIVERIES):
            begun = time.perf_counter()
            status, body = await line.post(request)
            if time.perf_counter() - begun > HANGS_UP:
                raise Stuck(f"no answer within {HANGS_UP:g} s: {self.situation()}")
            if status == 200:
                return body
            self._town.tally.refused += 1
            await asyncio.sleep(0.05 * 2**attempt)
        raise Stuck(f"refused {DELIVERIES} times, last with status {status}")

    def _read(self, body: bytes, nonce: str) -> str:
        """The words of a reply. Raises Broken when WeChat would not show it to this resident."""
        reply = SEAL.reply(body, nonce)
        way = (reply.get("FromUserName"), reply.get("ToUserName"), reply.get("MsgType"))
        if way != (ORIGINAL, self._who, "text"):
            raise Broken(f"{way} in reply to {self._who}")
        return reply["Content"]

    def _next(self) -> str:
        if self._awaited is None:
            self._promised()
            return ""
        following = in_words(self._awaited, self._text)
        if following is None:
            raise Stuck(self.situation())
        return following

    def _promised(self) -> None:
        """The last answer names a ticket that nobody else was given."""
        found = TICKET.search(self._text)
        if found is None or found[0] in self._wechat.tickets:
            raise Stuck(self.situation())
        self._wechat.tickets.add(found[0])

    def situation(self) -> str:
        return f"resident {self._who} wants {self._awaited or 'a ticket'}, last read {self._text!r}"

    def give_up(self) -> None:
        if self._later and not self._later.done():
            self._later.set_exception(Stuck(self.situation()))
