"""An emulated WeChat, an account's server that says what a test wants, and Li, who follows the account."""

import inspect
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from tests.emulators.tencent_cipher import signature
from tests.emulators.tencent_errors import JSON
from tests.emulators.tencent_xml import read, write
from tests.emulators.wechat import Mode, Phone, WechatServer

Answer = JSON | str | bytes | web.Response | None
Says = Callable[[JSON], Answer | Awaitable[Answer]]


def silent(_: JSON) -> Answer:
    return "success"


class Desk:
    """The account's server. `says` gets the fields of a push; it answers with the fields of a reply (sealed
    if need be), with raw text, or with a response of its own making."""

    def __init__(self, wechat: WechatServer, session: aiohttp.ClientSession) -> None:
        self.wechat = wechat
        self.session = session
        self.says: Says = silent
        self.heard: list[JSON] = []
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self.url = ""
        self.token = ""

    async def get(self, request: web.Request) -> web.Response:
        return web.Response(text=request.query["echostr"])

    async def post(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.requests.append((dict(request.query), body))
        fields = self.opened(body)
        self.heard.append(fields)
        answer = self.says(fields)
        answer = await answer if inspect.isawaitable(answer) else answer
        match answer:
            case web.Response():
                return answer
            case dict():
                return web.Response(text=self.written(answer))
            case bytes():
                return web.Response(body=answer)
            case _:
                return web.Response(text=answer or "")

    def opened(self, body: bytes) -> JSON:
        fields = read(body)
        if self.wechat.account.mode is Mode.PLAIN:
            return fields
        return read(self.wechat.account.seal.decrypt(fields["Encrypt"]))

    def written(self, reply: JSON) -> str:
        if self.wechat.account.mode is Mode.PLAIN:
            return write(reply)
        return write(self.envelope(reply))

    def envelope(self, reply: JSON) -> JSON:
        encrypted, stamp, nonce = self.wechat.account.seal.encrypt(write(reply)), 1713424427, "n1"
        sign = signature(self.wechat.token, str(stamp), nonce, encrypted)
        return {"Encrypt": encrypted, "MsgSignature": sign, "TimeStamp": stamp, "Nonce": nonce}

    async def renew_token(self) -> None:
        body = {"grant_type": "client_credential", "appid": self.wechat.appid, "secret": self.wechat.secret}
        self.token = (await self.ask("stable_token", body))["access_token"]

    async def ask(self, path: str, body: object = None, **query: Any) -> JSON:
        """One call, with a body by POST, else by GET; whatever is answered, if it is JSON."""
        url = f"{self.wechat.url}/cgi-bin/{path}"
        if body is None:
            request = self.session.get(url, params=query)
        else:
            raw = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
            request = self.session.post(url, params=query, data=raw)
        async with request as response:
            assert response.status == 200
            answer: JSON = await response.json()
            return answer

    async def call(self, path: str, body: object = None, **query: Any) -> JSON:
        """As `ask`, with the token."""
        if not self.token:
            await self.renew_token()
        return await self.ask(path, body, access_token=self.token, **query)

    async def done(self, path: str, body: object = None, **query: Any) -> JSON:
        answer = await self.call(path, body, **query)
        assert answer.get("errcode", 0) == 0, answer
        return answer

    async def refused(self, path: str, body: object = None, **query: Any) -> int:
        answer = await self.call(path, body, **query)
        assert answer.get("errcode"), answer
        return int(answer["errcode"])

    async def send(self, phone: Phone, text: str) -> int:
        """A custom message; its errcode."""
        body = {"touser": phone.openid, "msgtype": "text", "text": {"content": text}}
        return int((await self.call("message/custom/send", body))["errcode"])


def reply(push: JSON, kind: str = "text", **fields: Any) -> JSON:
    """A reply to a push, the two names swapped."""
    head = {"ToUserName": push["FromUserName"], "FromUserName": push["ToUserName"]}
    return head | {"CreateTime": 1700000001, "MsgType": kind} | fields


@pytest.fixture(params=[Mode.SECURE])
async def wechat(request: pytest.FixtureRequest) -> AsyncIterator[WechatServer]:
    async with WechatServer(mode=request.param) as server:
        yield server


@pytest.fixture
async def desk(wechat: WechatServer) -> AsyncIterator[Desk]:
    async with aiohttp.ClientSession() as session:
        answering = Desk(wechat, session)
        app = web.Application(client_max_size=0)
        app.add_routes([web.get("/callback", answering.get), web.post("/callback", answering.post)])
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.05)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        answering.url = "http://{}:{}/callback".format(*runner.addresses[0][:2])
        await wechat.push_to(answering.url)
        yield answering
        await runner.cleanup()


@pytest.fixture
async def li(wechat: WechatServer, desk: Desk) -> Phone:
    phone = wechat.person("李")
    await (await phone.follow()).settled()
    return phone
