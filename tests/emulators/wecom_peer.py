"""The other side of the emulator, for its own tests: a client, and an app behind a callback."""

import asyncio
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import aiohttp
from aiohttp import web

from tests.emulators.tencent_cipher import Broken, Seal, signature
from tests.emulators.tencent_errors import JSON
from tests.emulators.tencent_xml import NotXml, read, write
from tests.emulators.wecom import WecomServer

PAGE = "https://example.com/t/1"
ACTION: JSON = {"type": 1, "url": PAGE}


class Client:
    """Calls the interface as a program would; a token is fetched when one is needed."""

    def __init__(self, wecom: WecomServer) -> None:
        self.wecom = wecom
        self.token = ""
        self._session = aiohttp.ClientSession()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def answer(self, verb: str, method: str, query: JSON | None = None, **body: Any) -> JSON:
        """Whatever comes back, as long as it is HTTP 200 and JSON."""
        url = f"{self.wecom.url}/cgi-bin/{method}"
        async with self._session.request(verb, url, params=query or {}, **body) as response:
            assert response.status == 200
            answer: JSON = await response.json()
            assert response.headers["Error-Code"] == str(answer["errcode"])
            return answer

    async def robot(self, key: str, payload: JSON) -> JSON:
        """webhook/send with this key."""
        return await self.answer("POST", "webhook/send", {"key": key}, data=as_body(payload))

    async def say(self, key: str, content: str) -> int:
        """A text of a robot; the errcode."""
        answer = await self.robot(key, {"msgtype": "text", "text": {"content": content}})
        return int(answer["errcode"])

    async def call(self, method: str, **payload: Any) -> JSON:
        """A method of the app; the whole answer, errcode and all."""
        query = {"access_token": await self.fetched()}
        return await self.answer("POST", method, query, data=as_body(payload))

    async def send(self, touser: str, msgtype: str, /, **content: Any) -> JSON:
        body = {"touser": touser, "agentid": self.wecom.agentid, "msgtype": msgtype}
        return await self.call("message/send", **body, **{msgtype: content})

    async def update(self, code: str, userids: list[str], **what: Any) -> JSON:
        body = {"userids": userids, "agentid": self.wecom.agentid, "response_code": code}
        return await self.call("message/update_template_card", **body, **what)

    async def upload(self, kind: str, content: bytes, *, name: str = "file.bin", key: str = "") -> JSON:
        form = aiohttp.FormData()
        form.add_field("media", io.BytesIO(content), filename=name, content_type="application/octet-stream")
        if key:
            query = {"key": key, "type": kind}
            return await self.answer("POST", "webhook/upload_media", query, data=form)
        query = {"access_token": await self.fetched(), "type": kind}
        return await self.answer("POST", "media/upload", query, data=form)

    async def download(self, media_id: str) -> bytes | JSON:
        query = {"access_token": await self.fetched(), "media_id": media_id}
        async with self._session.get(f"{self.wecom.url}/cgi-bin/media/get", params=query) as response:
            if response.content_type == "application/json":
                refusal: JSON = await response.json()
                return refusal
            return await response.read()

    async def ask_token(self, **changed: str) -> JSON:
        query = {"corpid": self.wecom.corpid, "corpsecret": self.wecom.secret} | changed
        return await self.answer("GET", "gettoken", query)

    async def fetched(self) -> str:
        if not self.token:
            self.token = (await self.ask_token())["access_token"]
        return self.token


def as_body(payload: JSON) -> io.BytesIO:
    """UTF-8 without escapes, as the vendor wants it."""
    return io.BytesIO(json.dumps(payload, ensure_ascii=False).encode())


Answer = Callable[[JSON], JSON | bytes | int | None]
"""What the app says to a push: fields to be locked, bytes as they are, a status, or nothing."""


@dataclass
class StubApp:
    """An app behind a callback: it checks what it is told, keeps it, and answers as `answer` says."""

    wecom: WecomServer
    answer: Answer = lambda fields: None
    seen: list[JSON] = field(default_factory=list)
    slow: list[float] = field(default_factory=list)
    """Seconds that the next answers take."""
    _runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=64 * 1024)
        app.add_routes([web.get("/callback", self._greet), web.post("/callback", self._take)])
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.05)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    @property
    def url(self) -> str:
        assert self._runner is not None
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}/callback"

    async def _greet(self, request: web.Request) -> web.Response:
        try:
            return web.Response(text=self._opened(request, request.query["echostr"]))
        except Broken as wrong:
            return web.Response(status=403, text=str(wrong))

    async def _take(self, request: web.Request) -> web.Response:
        try:
            text = self._opened(request, read(await request.read())["Encrypt"])
            fields = read(text)
        except (NotXml, Broken, KeyError, UnicodeDecodeError) as wrong:
            return web.Response(status=403, text=str(wrong))
        self.seen.append(fields)
        if self.slow:
            await asyncio.sleep(self.slow.pop(0))
        return self._said(self.answer(fields), fields)

    def _opened(self, request: web.Request, locked: str) -> str:
        query = request.query
        stamp = query["timestamp"]
        if query["msg_signature"] != signature(self.wecom.token, stamp, query["nonce"], locked):
            raise Broken("not signed")
        return Seal(self.wecom.aes_key, self.wecom.corpid).decrypt(locked)

    def _said(self, answer: JSON | bytes | int | None, asked: JSON) -> web.Response:
        match answer:
            case None:
                return web.Response()
            case int():
                return web.Response(status=answer)
            case bytes():
                return web.Response(body=answer)
            case _:
                return web.Response(text=self.locked(reply_to(asked) | answer))

    def locked(self, reply: JSON) -> str:
        encrypted = Seal(self.wecom.aes_key, self.wecom.corpid).encrypt(write(reply))
        signed = signature(self.wecom.token, "1700000000", "n", encrypted)
        return write({"Encrypt": encrypted, "MsgSignature": signed, "TimeStamp": 1700000000, "Nonce": "n"})


def reply_to(asked: JSON) -> JSON:
    return {
        "ToUserName": asked["FromUserName"],
        "FromUserName": asked["ToUserName"],
        "CreateTime": 1700000000,
    }


def notice(**changed: Any) -> JSON:
    """A text_notice that is just enough."""
    return {"card_type": "text_notice", "main_title": {"title": "新报修"}, "card_action": ACTION} | changed


def buttons(task_id: str = "t-1", **changed: Any) -> JSON:
    """A card with two buttons."""
    card: JSON = {"card_type": "button_interaction", "main_title": {"title": "新报修 #1024"}}
    card["task_id"] = task_id
    card["button_list"] = [
        {"text": "接单", "style": 1, "key": "t.1.take"},
        {"text": "转派", "key": "t.1.move"},
    ]
    return card | changed
