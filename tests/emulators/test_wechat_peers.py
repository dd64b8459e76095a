"""Other people's libraries against the emulator: what it takes and posts is what they know of WeChat."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import web

from tests.emulators.tencent_clock import HOUR
from tests.emulators.tencent_xml import read
from tests.emulators.wechat import Mode, Outcome, Phone, WechatServer
from tests.emulators.wechat_fixtures import Desk
from tests.emulators.wechat_shelf import sample_picture

wechatpy = pytest.importorskip("wechatpy", reason="wechatpy is in the development group")
client_module = pytest.importorskip("wechatpy.client")
crypto_module = pytest.importorskip("wechatpy.crypto")
exceptions = pytest.importorskip("wechatpy.exceptions")
oauth_module = pytest.importorskip("wechatpy.oauth")
replies = pytest.importorskip("wechatpy.replies")

PAYLOADS = Path(__file__).parent.parent / "payloads" / "wechat"
EVERY_MODE = pytest.mark.parametrize("wechat", list(Mode), indirect=True)


@pytest.fixture
def client(wechat: WechatServer, desk: Desk) -> Any:
    """wechatpy's client, led to the emulator."""

    class Client(client_module.WeChatClient):  # type: ignore[misc, name-defined]
        API_BASE_URL = f"{wechat.url}/cgi-bin/"

        def fetch_access_token(self) -> Any:
            about = {"grant_type": "client_credential", "appid": self.appid, "secret": self.secret}
            return self._fetch_access_token(f"{wechat.url}/cgi-bin/token", about)

    made = Client(wechat.appid, wechat.secret)
    made.template.API_BASE_URL = f"{wechat.url}/"
    yield made
    made._http.close()


async def done(call: Callable[..., Any], *given: Any, **named: Any) -> Any:
    return await asyncio.to_thread(call, *given, **named)


async def errcode(call: Callable[..., Any], *given: Any, **named: Any) -> int:
    with pytest.raises(exceptions.WeChatClientException) as refused:
        await done(call, *given, **named)
    return int(refused.value.errcode)


async def test_wechatpy_sends_every_kind_of_message(wechat: WechatServer, client: Any, li: Phone) -> None:
    await li.say("在吗")
    told = await done(client.media.upload, "image", ("a.jpg", io.BytesIO(sample_picture())))
    await done(client.message.send_text, li.openid, "您好 😀")
    assert li.last.text == "您好 😀"
    await done(client.message.send_image, li.openid, told["media_id"])
    assert li.last.media
    assert (await done(client.media.download, told["media_id"])).content == sample_picture()
    article = {"title": "公告", "description": "停水", "url": "https://x.example/", "image": ""}
    await done(client.message.send_articles, li.openid, [article])
    menu = {"head_content": "还好吗？", "list": [{"id": "1", "content": "满意"}], "tail_content": ""}
    await done(client.message.send_msg_menu, li.openid, menu)
    assert [bubble.kind for bubble in li.received] == ["text", "image", "news", "msgmenu"]
    wechat.advance(49 * HOUR)
    client.session.delete(client.access_token_key)
    assert await errcode(client.message.send_text, li.openid, "late") == 45015


async def test_wechatpy_renews_a_token_that_was_superseded(
    wechat: WechatServer, client: Any, li: Phone
) -> None:
    await done(client.message.send_text, li.openid, "一")
    wechat.kill_tokens()
    await done(client.message.send_text, li.openid, "二")
    paths = [call.path for call in wechat.calls]
    send = "message/custom/send"
    assert paths == ["token", send, send, "token", send]
    assert [call.errcode for call in wechat.calls] == [0, 0, 40001, 0, 0]


async def test_wechatpy_notifies_by_template(wechat: WechatServer, client: Any, li: Phone) -> None:
    ticket = wechat.add_template("工单进度通知", {"thing1": "工单名称"})
    notice = wechat.add_subscription("停水通知", {"thing1": "原因"})
    data = {"thing1": {"value": "厨房漏水"}}
    assert (await done(client.message.send_template, li.openid, ticket, data))["msgid"]
    assert li.last.facts == {"工单名称": "厨房漏水"}
    assert await errcode(client.message.send_template, li.openid, ticket, {}) == 47003
    assert (await done(client.template.get_all_private_template))["template_list"][0]["template_id"] == ticket
    await li.accept(notice)
    await done(client.message.send_subscribe_message, li.openid, notice, data, page="https://x.example/")
    assert await errcode(client.message.send_subscribe_message, li.openid, notice, data, page="p") == 43101


async def test_wechatpy_does_the_rest(wechat: WechatServer, client: Any, li: Phone) -> None:
    menu = {"button": [{"type": "click", "name": "报修", "key": "REPAIR"}]}
    await done(client.menu.create, menu)
    assert (await done(client.menu.get))["menu"] == menu
    await done(client.menu.delete)
    scene = {"action_name": "QR_STR_SCENE", "action_info": {"scene": {"scene_str": "s"}}}
    assert (await done(client.qrcode.create, scene))["ticket"]
    assert (await done(client.user.get, li.openid))["subscribe"] == 1
    assert (await done(client.user.get_batch, [li.openid]))[0]["openid"] == li.openid
    assert await done(lambda: list(client.user.iter_followers())) == [li.openid]
    assert await done(client.misc.get_wechat_ips)
    assert len(await done(client.jsapi.get_jsapi_ticket)) == 86


async def test_wechatpy_learns_who_is_looking(wechat: WechatServer, li: Phone) -> None:
    oauth = oauth_module.WeChatOAuth(wechat.appid, wechat.secret, "http://127.0.0.1/back", state="s1")
    oauth.API_BASE_URL, oauth.OAUTH_BASE_URL = f"{wechat.url}/", f"{wechat.url}/connect/"
    back = await li.authorize(oauth.authorize_url)
    code = parse_qs(urlsplit(back).query)["code"][0]
    assert (await done(oauth.fetch_access_token, code))["openid"] == li.openid
    assert await done(oauth.check_access_token)
    assert (await done(oauth.refresh_access_token, oauth.refresh_token))["openid"] == li.openid
    oauth._http.close()


@asynccontextmanager
async def served(answer: Callable[[web.Request, bytes], str]) -> AsyncIterator[str]:
    """A server at an address, answering GET and POST by a function."""

    async def handle(request: web.Request) -> web.Response:
        return web.Response(text=answer(request, await request.read()))

    app = web.Application()
    app.add_routes([web.route("*", "/callback", handle)])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.05)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield "http://{}:{}/callback".format(*runner.addresses[0][:2])
    await runner.cleanup()


def as_wechatpy(wechat: WechatServer) -> Callable[[web.Request, bytes], str]:
    """An echo that trusts only wechatpy: its signatures, its cipher, its messages and its replies."""
    crypto = crypto_module.WeChatCrypto(wechat.token, wechat.aes_key, wechat.appid)

    def answer(request: web.Request, body: bytes) -> str:
        query = request.query
        wechatpy.utils.check_signature(wechat.token, query["signature"], query["timestamp"], query["nonce"])
        if request.method == "GET":
            return query["echostr"]
        sealed = wechat.account.mode is not Mode.PLAIN
        parts = (query["timestamp"], query["nonce"])
        opened = crypto.decrypt_message(body, query["msg_signature"], *parts) if sealed else body
        message = wechatpy.parse_message(opened)
        reply = replies.create_reply(echo(message), message).render()
        return str(crypto.encrypt_message(reply, *reversed(parts)) if sealed else reply)

    return answer


def echo(message: Any) -> str:
    return f"{type(message).__name__}: {getattr(message, 'content', '') or getattr(message, 'event', '')}"


@EVERY_MODE
async def test_wechatpy_answers_what_is_pushed(wechat: WechatServer) -> None:
    async with served(as_wechatpy(wechat)) as url:
        await wechat.push_to(url)
        li = wechat.person("李")
        await (await li.follow()).settled()
        assert li.last.text == "SubscribeEvent: subscribe"
        push = await (await li.say("厨房漏水 😀")).settled()
        assert (push.outcome, li.last.text) == (Outcome.ANSWERED, "TextMessage: 厨房漏水 😀")
        for act, shown in [
            (li.photo(), "ImageMessage"),
            (li.voice("您好"), "VoiceMessage"),
            (li.location(), "LocationMessage"),
            (li.link(), "LinkMessage"),
            (li.cause("CLICK", EventKey="K"), "ClickEvent"),
            (li.send("hologram"), "UnknownMessage"),
        ]:
            await (await act).settled()
            assert li.last.text.startswith(shown)
        assert li.notices == []


@EVERY_MODE
async def test_werobot_answers_what_is_pushed(wechat: WechatServer) -> None:
    werobot = pytest.importorskip("werobot", reason="WeRoBot is in the development group")
    config = {"APP_ID": wechat.appid, "ENCODING_AES_KEY": wechat.aes_key}
    robot = werobot.WeRoBot(token=wechat.token)
    robot.config.update(config if wechat.account.mode is not Mode.PLAIN else {})
    robot.config["SESSION_STORAGE"] = False

    @robot.handler  # type: ignore[untyped-decorator]
    def hello(message: Any) -> str:
        return f"{message.type}: {getattr(message, 'content', '')}"

    def answer(request: web.Request, body: bytes) -> str:
        query = request.query
        assert robot.check_signature(query["timestamp"], query["nonce"], query["signature"])
        if request.method == "GET":
            return query["echostr"]
        signed = query.get("msg_signature")
        message = robot.parse_message(body, query["timestamp"], query["nonce"], signed)
        return str(robot.get_encrypted_reply(message))

    async with served(answer) as url:
        await wechat.push_to(url)
        li = wechat.person("李")
        await (await li.follow()).settled()
        assert li.last.text == "subscribe_event: "
        await (await li.say("厨房漏水")).settled()
        assert li.last.text == "text: 厨房漏水"


KINDS = {
    "text": "TextMessage",
    "image": "ImageMessage",
    "voice": "VoiceMessage",
    "video": "VideoMessage",
    "shortvideo": "ShortVideoMessage",
    "location": "LocationMessage",
    "link": "LinkMessage",
    "miniprogrampage": "MiniProgramPageMessage",
    "subscribe": "SubscribeEvent",
    "subscribe_scene": "SubscribeScanEvent",
    "unsubscribe": "UnsubscribeEvent",
    "scan": "ScanEvent",
    "location_event": "LocationEvent",
    "click": "ClickEvent",
    "view": "ViewEvent",
    "view_miniprogram": "ViewMiniProgramEvent",
    "scancode_push": "ScanCodePushEvent",
    "scancode_waitmsg": "ScanCodeWaitMsgEvent",
    "pic_sysphoto": "PicSysPhotoEvent",
    "pic_photo_or_album": "PicPhotoOrAlbumEvent",
    "pic_weixin": "PicWeChatEvent",
    "location_select": "LocationSelectEvent",
    "template_success": "TemplateSendJobFinishEvent",
    "subscription_accepted": "SubscribeMsgPopupEvent",
    "subscription_two_answers": "SubscribeMsgPopupEvent",
    "subscription_taken_back": "SubscribeMsgChangeEvent",
    "subscription_sent": "SubscribeMsgSentEvent",
    "desk_takes_over": "KfCreateSessionEvent",
    "renewal_is_due": "AnnualRenewEvent",
}


@pytest.mark.parametrize("name", list(KINDS))
def test_wechatpy_reads_our_samples(name: str) -> None:
    assert type(wechatpy.parse_message(sample(name))).__name__ == KINDS[name]


def sample(name: str) -> str:
    return (PAYLOADS / f"{name}.xml").read_text(encoding="utf-8")


def test_every_sample_is_well_formed() -> None:
    names = [path.stem for path in sorted(PAYLOADS.glob("*.xml"))]
    assert len(names) > 50
    for name in names:
        fields = read(sample(name))
        assert {"ToUserName", "FromUserName", "CreateTime", "MsgType"} <= set(fields), name
        assert ("MsgId" in fields) is (fields["MsgType"] != "event"), name


async def test_the_phones_post_what_the_samples_hold(wechat: WechatServer, desk: Desk, li: Phone) -> None:
    """The same fields in the same shape, whatever they hold."""
    ticket = wechat.add_template("停水", {"thing1": "原因"})
    menu = [
        {"type": "click", "name": "a", "key": "K"},
        {"type": "view", "name": "b", "url": "https://x.example/"},
    ]
    await desk.done("menu/create", {"button": menu})
    scene = {"action_name": "QR_STR_SCENE", "action_info": {"scene": {"scene_str": "s"}}}
    await desk.done("qrcode/create", scene)
    await wechat.person("赵").scan("s")
    for act in [li.say("x"), li.photo(), li.voice("x"), li.voice(None), li.video(), li.location(), li.link()]:
        await act
    await li.scan("s")
    await li.press("a")
    await li.accept(ticket)
    await li.unsubscribe(ticket)
    data = {"touser": li.openid, "template_id": ticket, "data": {"thing1": {"value": "x"}}}
    await desk.done("message/template/send", data)
    await li.unfollow()
    await wechat.idle()
    posted = {shape(fields) for fields in desk.heard}
    for name in [
        "text",
        "image",
        "voice",
        "video",
        "location",
        "link",
        "subscribe",
        "subscribe_scene",
        "scan",
    ]:
        assert shape(read(sample(name))) in posted, name
    for name in [
        "click",
        "template_success",
        "subscription_accepted",
        "subscription_taken_back",
        "unsubscribe",
    ]:
        assert shape(read(sample(name))) in posted, name


def shape(fields: Any, name: str = "") -> Any:
    if isinstance(fields, dict):
        return frozenset((key, shape(value, key)) for key, value in fields.items())
    return fields if name in ("MsgType", "Event") else name
