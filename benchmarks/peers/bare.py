"""The floor's conversation: a JSON draft goes in with an update, and comes out with the answer to send."""

import json
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from benchmarks.peers import questions as ask
from benchmarks.peers import settings

Keyboard = list[list[dict[str, str]]]


@dataclass(slots=True)
class Heard:
    """One update, as far as the floor cares."""

    update: int
    chat: int
    name: str
    text: str = ""
    tap: str = ""
    query: str = ""


@dataclass(slots=True)
class Said:
    """The draft after the message, the words and buttons to send, and whether the ticket is complete."""

    draft: dict[str, str]
    text: str
    buttons: list[list[tuple[str, str]]] = field(default_factory=list)
    finished: bool = False


def hear(update: dict[str, Any]) -> Heard:
    if query := update.get("callback_query"):
        who = query["from"]
        return Heard(update["update_id"], who["id"], who["first_name"], tap=query["data"], query=query["id"])
    message = update["message"]
    return Heard(
        update["update_id"],
        message["chat"]["id"],
        message["from"]["first_name"],
        text=message.get("text", ""),
    )


def advance(draft: dict[str, str], heard: Heard) -> Said:
    """The next question is the first one without an answer."""
    if heard.text.startswith("/start"):
        return Said({}, ask.GREETING, [list(ask.MENU)])
    if heard.tap == "menu:repair":
        return put({"kind": "repair"})
    if heard.tap == "review:cancel":
        return Said({}, ask.CANCELLED)
    if "kind" not in draft:
        return Said({}, ask.GREETING, [list(ask.MENU)])
    question = current(draft)
    if question is None:
        return Said(draft, "", finished=True) if heard.tap == "review:submit" else put(draft)
    try:
        return put({**draft, question.key: answer(question, heard)})
    except ask.Rejected as why:
        return Said(draft, str(why))


def current(draft: dict[str, str]) -> ask.Question | None:
    return next((question for question in ask.QUESTIONS if question.key not in draft), None)


def answer(question: ask.Question, heard: Heard) -> str:
    if heard.tap:
        key, _, value = heard.tap.partition(":")
        if key != question.key:
            raise ask.Rejected(ask.STALE)
        return ask.chosen(question, value)
    if question.parse is None:
        raise ask.Rejected(ask.USE_BUTTONS)
    return question.parse(heard.text)


def put(draft: dict[str, str]) -> Said:
    question = current(draft)
    if question is None:
        return Said(draft, ask.review(draft), [list(ask.REVIEW)])
    return Said(draft, ask.asked(question), ask.rows(question))


def tap_answer(heard: Heard) -> str | None:
    """The body of the webhook's response: the tap is answered without another request."""
    return (
        json.dumps({"method": "answerCallbackQuery", "callback_query_id": heard.query})
        if heard.query
        else None
    )


class Sender:
    """sendMessage, and nothing else."""

    def __init__(self, api: str) -> None:
        self._url = f"{api}/bot{settings.TOKEN}/sendMessage"
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=100))

    async def send(self, chat: int, said: Said) -> None:
        message: dict[str, Any] = {"chat_id": chat, "text": said.text}
        if said.buttons:
            message["reply_markup"] = {"inline_keyboard": keyboard(said)}
        async with self._session.post(self._url, json=message) as response:
            await response.read()

    async def close(self) -> None:
        await self._session.close()


def keyboard(said: Said) -> Keyboard:
    return [[{"text": label, "callback_data": data} for data, label in row] for row in said.buttons]
