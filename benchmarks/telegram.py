"""A resident on Telegram: updates go to the webhook, the answers come by way of the Bot API."""

import asyncio
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from benchmarks.conversation import Button, Say, Step, Tap, buttons, find
from benchmarks.driver import Stuck, Town
from benchmarks.line import Line
from benchmarks.peers.settings import SECRET, SECRET_HEADER, WEBHOOK
from benchmarks.vendor import Vendor

REDELIVERIES = 5


@dataclass(slots=True)
class Telegram:
    """Telegram's side of a run: where the bot listens, and the number of the last update."""

    vendor: Vendor
    port: int
    update: int = field(default_factory=lambda: int(time.time() * 1000))

    def next_update(self) -> int:
        self.update += 1
        return self.update

    def request(self, update: dict[str, Any]) -> bytes:
        body = json.dumps(update, ensure_ascii=False).encode()
        return (
            f"POST {WEBHOOK} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nContent-Type: application/json\r\n"
            f"{SECRET_HEADER}: {SECRET}\r\nContent-Length: {len(body)}\r\n\r\n"
        ).encode() + body

    def move_in(self, account: int, town: Town) -> "Resident":
        return Resident(account, town, self)


class Resident:
    """One resident's phone: what it shows, and the conversation of its owner with the bot."""

    def __init__(self, account: int, town: Town, telegram: Telegram) -> None:
        self._account = account
        self._town = town
        self._telegram = telegram
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
        self._telegram.vendor.chats[self._account] = self
        followers: Iterator[Step | None] = iter((*script[1:], None))
        try:
            for step in script:
                await self._exchange(line, step, next(followers))
        finally:
            del self._telegram.vendor.chats[self._account]

    async def _exchange(self, line: Line, step: Step, following: Step | None) -> None:
        update = self._update(step)
        self._shown, self._answered_at, self._edited_at = [], 0.0, 0.0
        self._awaited = following if isinstance(following, Tap) else None
        self._answer = asyncio.get_running_loop().create_future()
        self._town.busy[self._account] = (time.monotonic(), self)
        posted = time.perf_counter()
        await self._deliver(line, self._telegram.request(update))
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
            self._telegram.vendor.call(call.pop("method"), call)

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
        tap = {
            "id": str(self._telegram.next_update()),
            "from": who,
            "chat_instance": "1",
            "data": button.data,
        }
        return {"update_id": self._telegram.next_update(), "callback_query": {**tap, "message": shown}}

    def _typed(self, text: str, who: dict[str, Any], chat: dict[str, Any]) -> dict[str, Any]:
        message = {
            "message_id": self._telegram.vendor.next_message_id(),
            "date": int(time.time()),
            "chat": chat,
            "from": who,
            "text": text,
        }
        if text.startswith("/"):
            message["entities"] = [{"type": "bot_command", "offset": 0, "length": len(text.split()[0])}]
        return {"update_id": self._telegram.next_update(), "message": message}

    def situation(self) -> str:
        labels = [button.label for button in self._shown]
        return (
            f"resident {self._account} wants {self._awaited}, last read {self._text!r} with buttons {labels}"
        )

    def give_up(self) -> None:
        if self._answer and not self._answer.done():
            self._answer.set_exception(Stuck(self.situation()))
