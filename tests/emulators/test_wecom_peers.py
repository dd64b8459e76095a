"""A library that others run against the real WeCom cannot tell the emulator from it."""

import asyncio
import io
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from tests.emulators.telegram_files import sample_photo
from tests.emulators.tencent_cipher import Seal, signature
from tests.emulators.wecom import Forgery, NotVerified, Outcome, WecomServer
from tests.emulators.wecom_peer import buttons

PEER = "wechatpy, a test peer of the development group, is not installed"
pytest.importorskip("wechatpy", reason=PEER)

from wechatpy.exceptions import WeChatException  # type: ignore[import-untyped]  # noqa: E402
from wechatpy.work import parse_message  # type: ignore[import-untyped]  # noqa: E402
from wechatpy.work.client import WeChatClient  # type: ignore[import-untyped]  # noqa: E402
from wechatpy.work.crypto import WeChatCrypto  # type: ignore[import-untyped]  # noqa: E402
from wechatpy.work.replies import TextReply  # type: ignore[import-untyped]  # noqa: E402


class PeerClient(WeChatClient):  # type: ignore[misc]
    """The library's client, with another address."""

    def __init__(self, wecom: WecomServer) -> None:
        self.API_BASE_URL = f"{wecom.url}/cgi-bin/"
        super().__init__(wecom.corpid, wecom.secret)

    def fetch_access_token(self) -> Any:
        query = {"corpid": self.corp_id, "corpsecret": self.secret}
        return self._fetch_access_token(f"{self.API_BASE_URL}gettoken", query)


class PeerApp:
    """A callback written with the library as its documentation says."""

    def __init__(self, wecom: WecomServer) -> None:
        self.crypto = WeChatCrypto(wecom.token, wecom.aes_key, wecom.corpid)
        self.seen: list[Any] = []
        app = web.Application(client_max_size=0)
        app.add_routes([web.get("/", self.greet), web.post("/", self.take)])
        self.runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.05)

    async def start(self) -> str:
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{self.runner.addresses[0][1]}/"

    async def greet(self, request: web.Request) -> web.Response:
        query = request.query
        try:
            echo = self.crypto.check_signature(
                query["msg_signature"], query["timestamp"], query["nonce"], query["echostr"]
            )
        except WeChatException:
            return web.Response(status=403)
        return web.Response(text=echo)

    async def take(self, request: web.Request) -> web.Response:
        query, body = request.query, await request.read()
        try:
            inner = self.crypto.decrypt_message(
                body, query["msg_signature"], query["timestamp"], query["nonce"]
            )
        except WeChatException:
            return web.Response(status=403)
        message = parse_message(inner)
        self.seen.append(message)
        if message.type != "text":
            return web.Response(text="success")
        reply = TextReply(message=message, content=f"收到：{message.content}").render()
        return web.Response(text=self.crypto.encrypt_message(reply, query["nonce"], query["timestamp"]))


@pytest.fixture
async def wecom() -> AsyncIterator[WecomServer]:
    async with WecomServer(patience=2.0) as server:
        yield server


@pytest.fixture
async def app(wecom: WecomServer) -> AsyncIterator[PeerApp]:
    peer = PeerApp(wecom)
    await wecom.push_to(await peer.start())
    yield peer
    await peer.runner.cleanup()


async def test_the_library_verifies_reads_and_answers(wecom: WecomServer, app: PeerApp) -> None:
    wang = wecom.member("wang")
    push = await wang.say("水管漏水").settled()
    assert (push.outcome, wang.last.words) == (Outcome.ANSWERED, "收到：水管漏水")
    await wang.photo().settled()
    await wang.location(31.2304, 121.4737).settled()
    await wang.enter().settled()
    await wang.click("mine").settled()
    kinds = [(one.type, getattr(one, "event", None), one.agent) for one in app.seen]
    assert kinds == [
        ("text", None, wecom.agentid),
        ("image", None, wecom.agentid),
        ("location", None, wecom.agentid),
        ("event", "enter_agent", wecom.agentid),
        ("event", "click", wecom.agentid),
    ]
    assert (app.seen[0].source, app.seen[0].target) == ("wang", wecom.corpid)
    assert (str(app.seen[0].id), app.seen[4].key) == (push.fields["MsgId"], "mine")
    assert app.seen[1].image.startswith(f"{wecom.url}/pic/")


async def test_the_library_sees_through_forgeries(wecom: WecomServer, app: PeerApp) -> None:
    for forgery in (Forgery.SIGNATURE, Forgery.OTHER_TOKEN, Forgery.CORPID):
        assert (await wecom.forge(forgery)).status == 403
    app.crypto = WeChatCrypto("another", wecom.aes_key, wecom.corpid)
    with pytest.raises(NotVerified):
        await wecom.push_to(f"http://127.0.0.1:{app.runner.addresses[0][1]}/")


async def test_the_library_writes_and_uploads(wecom: WecomServer) -> None:
    wang = wecom.member("wang")
    await wecom.push_to("http://127.0.0.1:9/", verify=False)

    def work() -> tuple[Any, bytes, Any]:
        client = PeerClient(wecom)
        said = client.message.send_text(wecom.agentid, ["wang", "nobody"], "您有新工单")
        client.message.send_markdown(wecom.agentid, "wang", "**超时**")
        client.message.send_text_card(wecom.agentid, "wang", "新报修", "3-1-501", "https://example.com/")
        media = client.media.upload("image", ("a.jpg", io.BytesIO(sample_photo(7))))["media_id"]
        client.message.send_image(wecom.agentid, "wang", media)
        content = client.get("media/get", params={"media_id": media}).content
        card = {"msgtype": "template_card", "template_card": buttons()}
        return said, content, client.message.send(wecom.agentid, "wang", msg=card)

    said, content, card = await asyncio.to_thread(work)
    assert (said["invaliduser"], content) == ("nobody", sample_photo(7))
    assert [message.kind for message in wang.messages] == [
        "text",
        "markdown",
        "textcard",
        "image",
        "template_card",
    ]
    assert (wang.last.buttons, bool(card["response_code"])) == (["接单", "转派"], True)
    assert len(wecom.calls_of("gettoken")) == 1


async def test_the_library_fetches_a_new_token_when_the_old_one_ends(wecom: WecomServer) -> None:
    wang = wecom.member("wang")

    def work() -> None:
        client = PeerClient(wecom)
        client.message.send_text(wecom.agentid, "wang", "1")
        wecom.expire_token()
        client.message.send_text(wecom.agentid, "wang", "2")
        with pytest.raises(WeChatException) as refused:
            client.message.send_text(7, "wang", "3")
        assert refused.value.errcode == 40056

    await asyncio.to_thread(work)
    assert wang.transcript() == "< 1\n< 2"
    assert [call.code for call in wecom.calls_of("message/send")] == [0, 42001, 0, 40056]


async def test_the_library_makes_a_group(wecom: WecomServer) -> None:
    for userid in ("wang", "chen"):
        wecom.member(userid)

    def work() -> Any:
        client = PeerClient(wecom)
        client.appchat.create("night", "夜班", "wang", ["wang", "chen"])
        client.appchat.send_text("night", "大家好")
        return client.appchat.get("night")

    assert (await asyncio.to_thread(work))["userlist"] == ["wang", "chen"]
    assert wecom.chat("night").last.words == "大家好"


def test_the_vendors_own_sample_opens() -> None:
    """The numbers in the vendor's documentation of the callback (WeCom docs: 加解密方案说明)."""
    locked = "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ=="
    signed = signature("QDG6eK", "1409659589", "263014780", locked)
    assert signed == "5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3"
    seal = Seal("jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C", "wx5823bf96d3bd56c7")
    assert seal.decrypt(locked) == "1616140317555161061"
