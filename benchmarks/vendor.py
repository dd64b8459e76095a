"""A lean stand-in for the vendors' servers: takes every call, and tells those who were written to."""

import json
import time
from asyncio import BaseTransport, Protocol, Server, Transport
from asyncio import get_running_loop as running_loop
from collections import Counter
from typing import Any, cast
from typing import Protocol as Shape
from urllib.parse import parse_qsl

import httptools

from benchmarks.official import SERVERS, Official

BOT = {"id": 42, "is_bot": True, "first_name": "Front desk", "username": "frontdesk_bot"}
MESSAGES = frozenset(("sendMessage", "sendPhoto", "sendDocument", "editMessageText", "editMessageReplyMarkup",
                      "editMessageCaption", "editMessageMedia", "sendVenue", "sendContact"))  # fmt: skip
LISTS = frozenset(("getUpdates", "getMyCommands", "getChatAdministrators"))
OBJECTS: dict[str, Any] = {
    "getMe": BOT,
    "getWebhookInfo": {"url": "", "has_custom_certificate": False, "pending_update_count": 0},
    "getMyName": {"name": "Front desk"},
    "getMyDescription": {"description": ""},
    "getMyShortDescription": {"short_description": ""},
    "getChatMenuButton": {"type": "default"},
    "getChatMember": {"status": "administrator", "user": BOT, "can_be_edited": False},
}


class Chat(Shape):
    """The other end of a private chat: whoever wants to know what the bot wrote."""

    def heard(self, message: int, text: str, markup: dict[str, Any] | None) -> None: ...

    def saw_edit(self, message: int, markup: dict[str, Any] | None) -> None: ...


class Vendor:
    """What the servers know: the chats, the last message id, how often each method was called."""

    def __init__(self) -> None:
        self.chats: dict[int, Chat] = {}
        self.official = Official()
        self.calls: Counter[str] = Counter()
        self.message_id = 1000

    async def listen(self) -> Server:
        """Serve on a free port of the loopback interface."""
        loop = running_loop()
        return await loop.create_server(lambda: Connection(self), "127.0.0.1", 0)

    def next_message_id(self) -> int:
        self.message_id += 1
        return self.message_id

    def answer(self, path: str, fields: dict[str, Any]) -> dict[str, Any]:
        """What the server at this path says: WeChat's, or else the Bot API's."""
        if path.startswith(SERVERS):
            self.calls[path] += 1
            return self.official.answer(path, fields)
        return {"ok": True, "result": self.call(path.rpartition("/")[2], fields)}

    def call(self, method: str, fields: dict[str, Any]) -> object:
        """Do what the method of the Bot API says and give its result object."""
        self.calls[method] += 1
        if method in MESSAGES:
            return self._message(method, fields)
        if method == "sendMediaGroup":
            return [self._message("sendPhoto", fields)]
        if method in LISTS:
            return []
        if method in ("getChat", "getFile"):
            return {**chat_of(int(fields.get("chat_id", 0))), "accent_color_id": 0, "max_reaction_count": 1}
        return OBJECTS.get(method, True)

    def _message(self, method: str, fields: dict[str, Any]) -> dict[str, Any]:
        address = int(fields.get("chat_id") or 0)
        markup = fields.get("reply_markup")
        keyboard: dict[str, Any] | None = json.loads(markup) if isinstance(markup, str) else markup
        text = fields.get("text") or fields.get("caption") or ""
        edited = method.startswith("edit")
        message = int(fields.get("message_id") or 0) if edited else self.next_message_id()
        if chat := self.chats.get(address):
            if edited:
                chat.saw_edit(message, keyboard)
            else:
                chat.heard(message, text, keyboard)
        return {
            "message_id": message,
            "date": int(time.time()),
            "chat": chat_of(address),
            "from": BOT,
            "text": text,
        }


def chat_of(address: int) -> dict[str, Any]:
    if address < 0:
        return {"id": address, "type": "supergroup", "title": "Technicians"}
    return {"id": address, "type": "private", "first_name": "Resident"}


def read_fields(body: bytes, content_type: bytes) -> dict[str, Any]:
    if not body:
        return {}
    if content_type.startswith(b"application/json"):
        fields: dict[str, Any] = json.loads(body)
        return fields
    if content_type.startswith(b"application/x-www-form-urlencoded"):
        return dict(parse_qsl(body.decode()))
    return {}


class Connection(Protocol):
    """One kept-alive connection of the bot's HTTP client; httptools calls the on_… methods."""

    def __init__(self, vendor: Vendor) -> None:
        self._vendor = vendor
        self._parser = httptools.HttpRequestParser(self)
        self._url = b""
        self._type = b""
        self._body = b""

    def connection_made(self, transport: BaseTransport) -> None:
        self._transport = cast(Transport, transport)

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._transport.close()

    def on_message_begin(self) -> None:
        self._url = self._type = self._body = b""

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"content-type":
            self._type = value

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        path, _, query = self._url.decode().partition("?")
        fields = {**dict(parse_qsl(query)), **read_fields(self._body, self._type)}
        body = json.dumps(self._vendor.answer(path, fields), ensure_ascii=False).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        self._transport.write(head.encode() + body)
