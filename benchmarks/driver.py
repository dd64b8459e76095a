"""A hundred residents at once: each says the next thing only when the bot has answered the last."""

import asyncio
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from benchmarks.conversation import Button, Say, Step, Tap, buttons, find
from benchmarks.line import Line, Webhook
from benchmarks.vendor import Vendor

PATIENCE = 30.0
REDELIVERIES = 5


class Stuck(Exception):
    """A resident waits for an answer that does not come, or finds no button to tap."""


@dataclass(slots=True)
class Tally:
    """What the driver has seen: instant and latency of each answer in seconds, and conversations done."""

    answers: list[tuple[float, float]] = field(default_factory=list)
    finished: int = 0
    refused: int = 0

    def between(self, start: float, end: float) -> list[float]:
        """Latencies of the answers that arrived in this part of the run."""
        return [latency for at, latency in self.answers if start <= at < end]


class Resident:
    """One resident's phone: what it shows, and the conversation of its owner with the bot."""

    def __init__(self, account: int, town: "Town") -> None:
        self._account = account
        self._town = town
        self._shown: list[Button] = []
        self._message = 0
        self._text = ""
        self._answered_at = 0.0
        self._edited_at = 0.0
        self._awaited: Tap | None = None
        self._answer: asyncio.Future[None] | None = None

    def heard(self, message: int, text: str, markup: dict[str, Any] | None) -> None:
        self._text = text
        if found := buttons(markup):
            self._message, self._shown = message, found
        if self._is_satisfied():
            self._answered_at = self._answered_at or time.perf_counter()
            self._release()

    def saw_edit(self, message: int, markup: dict[str, Any] | None) -> None:
        if found := buttons(markup):
            self._message, self._shown = message, found
        self._edited_at = time.perf_counter()
        if self._awaited is not None and self._is_satisfied():
            self._release()

    def _is_satisfied(self) -> bool:
        return self._awaited is None or find(self._awaited, self._shown) is not None

    def _release(self) -> None:
        if self._answer and not self._answer.done():
            self._answer.set_result(None)

    async def converse(self, line: Line, script: tuple[Step, ...]) -> None:
        self._town.vendor.chats[self._account] = self
        followers: Iterator[Step | None] = iter((*script[1:], None))
        try:
            for step in script:
                await self._exchange(line, step, next(followers))
        finally:
            del self._town.vendor.chats[self._account]

    async def _exchange(self, line: Line, step: Step, following: Step | None) -> None:
        update = self._update(step)
        self._shown, self._answered_at, self._edited_at = [], 0.0, 0.0
        self._awaited = following if isinstance(following, Tap) else None
        self._answer = asyncio.get_running_loop().create_future()
        self._town.busy[self._account] = (time.monotonic(), self)
        posted = time.perf_counter()
        await self._deliver(line, self._town.webhook.request(update))
        if not self._answer.done() and not (self._edited_at and self._is_satisfied()):
            await self._answer
        answered = self._answered_at or self._edited_at
        self._town.tally.answers.append((answered, answered - posted))
        del self._town.busy[self._account]

    async def _deliver(self, line: Line, request: bytes) -> None:
        for attempt in range(REDELIVERIES):
            status, body = await line.post(request)
            if status == 200:
                self._called_in_response(body)
                return
            self._town.tally.refused += 1
            await asyncio.sleep(0.05 * 2**attempt)
        raise Stuck(f"update refused {REDELIVERIES} times, last with status {status}")

    def _called_in_response(self, body: bytes) -> None:
        if b'"method"' in body:
            call = json.loads(body)
            self._town.vendor.call(call.pop("method"), call)
            self._town.in_response += 1

    def _update(self, step: Step) -> dict[str, Any]:
        who = {
            "id": self._account,
            "is_bot": False,
            "first_name": f"Resident {self._account}",
            "language_code": "en",
        }
        chat = {"id": self._account, "type": "private", "first_name": who["first_name"]}
        if isinstance(step, Say):
            return self._typed(step.text, who, chat)
        button = find(step, self._shown)
        if button is None:
            raise Stuck(self.situation())
        if button.data is None:
            return self._typed(button.label, who, chat)
        shown = {"message_id": self._message, "date": int(time.time()), "chat": chat, "text": self._text}
        tap = {"id": str(self._town.next_update()), "from": who, "chat_instance": "1", "data": button.data}
        return {"update_id": self._town.next_update(), "callback_query": {**tap, "message": shown}}

    def _typed(self, text: str, who: dict[str, Any], chat: dict[str, Any]) -> dict[str, Any]:
        message = {
            "message_id": self._town.vendor.next_message_id(),
            "date": int(time.time()),
            "chat": chat,
            "from": who,
            "text": text,
        }
        if text.startswith("/"):
            message["entities"] = [{"type": "bot_command", "offset": 0, "length": len(text.split()[0])}]
        return {"update_id": self._town.next_update(), "message": message}

    def situation(self) -> str:
        labels = [button.label for button in self._shown]
        return (
            f"resident {self._account} wants {self._awaited}, last read {self._text!r} with buttons {labels}"
        )

    def give_up(self) -> None:
        if self._answer and not self._answer.done():
            self._answer.set_exception(Stuck(self.situation()))


class Town:
    """Everybody who talks to one bot in one run."""

    def __init__(
        self, vendor: Vendor, webhook: Webhook, first_account: int, script: tuple[Step, ...]
    ) -> None:
        self.vendor = vendor
        self.webhook = webhook
        self.tally = Tally()
        self.busy: dict[int, tuple[float, Resident]] = {}
        self.in_response = 0
        self._script = script
        self._account = first_account - 1
        self._update = int(time.time() * 1000)

    def next_update(self) -> int:
        self._update += 1
        return self._update

    def next_account(self) -> int:
        self._account += 1
        return self._account

    async def talk(self, residents: int, until: float) -> None:
        """Keep so many conversations going until then (time.perf_counter), and let the last ones finish."""
        watch = asyncio.create_task(self._watch())
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(residents):
                    group.create_task(self._one_after_another(until))
        finally:
            watch.cancel()

    async def _one_after_another(self, until: float) -> None:
        line = await self._connect()
        while time.perf_counter() < until:
            if not line.is_open:
                line = await self._connect()
            await Resident(self.next_account(), self).converse(line, self._script)
            self.tally.finished += 1
        line.close()

    async def _connect(self) -> Line:
        _, line = await asyncio.get_running_loop().create_connection(Line, "127.0.0.1", self.webhook.port)
        return line

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(1)
            long_ago = time.monotonic() - PATIENCE
            for since, resident in list(self.busy.values()):
                if since < long_ago:
                    resident.give_up()
