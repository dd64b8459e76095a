"""How calls are checked before anything is done, counted, and spoiled on order."""

from __future__ import annotations

import asyncio
import re

import aiohttp
import pytest

from tests.emulators.tencent_clock import DAY
from tests.emulators.wechat import Kind, Phone, WechatServer
from tests.emulators.wechat_fixtures import Desk

CUT = (aiohttp.ClientError, TimeoutError)
SEND = "message/custom/send"


def text(phone: Phone, content: str = "您好") -> dict[str, object]:
    return {"touser": phone.openid, "msgtype": "text", "text": {"content": content}}


async def test_a_refusal_has_status_200_and_the_number_of_the_request(desk: Desk) -> None:
    answer = await desk.ask(SEND, {})
    assert answer["errcode"] == 41001
    assert re.fullmatch(r"access_token missing rid: [0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}", answer["errmsg"])


async def test_checks_come_in_this_order(wechat: WechatServer, desk: Desk, li: Phone) -> None:
    """One call with everything wrong, mended one thing at a time."""
    await desk.renew_token()
    stranger = wechat.person("陌生人")
    escaped = b'{"touser": "o", "msgtype": "video", "text": {"content": "\\u4e2d"}}'
    assert (await desk.ask(SEND))["errcode"] == 43002
    assert (await desk.ask(SEND, b""))["errcode"] == 41001
    assert await desk.refused(SEND, b"") == 44002
    assert await desk.refused(SEND, b"{") == 47001
    assert await desk.refused(SEND, b"[]") == 47001
    assert await desk.refused(SEND, b"\xff{}") == 47001
    assert await desk.refused(SEND, escaped) == 40033
    wechat.account.kind = Kind.UNCERTIFIED
    assert await desk.refused(SEND, {"touser": "o"}) == 48001
    wechat.account.kind = Kind.SERVICE
    assert await desk.refused(SEND, {"touser": "o"}) == 40008
    assert await desk.refused(SEND, {"touser": "o", "msgtype": "text"}) == 40008
    assert await desk.refused(SEND, text(stranger, "")) == 44004
    assert await desk.refused(SEND, text(stranger) | {"touser": "o"}) == 40003
    assert await desk.refused(SEND, text(stranger)) == 43004
    wechat.blacklist(li)
    li.block()
    wechat.advance(61)
    wechat.meter.limits[SEND] = 0
    assert await desk.refused(SEND, text(li)) == 43019
    li.me.blacklisted = False
    assert await desk.refused(SEND, text(li)) == 48002
    li.unblock()
    assert await desk.refused(SEND, text(li)) == 45015
    await li.say("在吗")
    li.me.allowances.check().left = 0
    assert await desk.refused(SEND, text(li)) == 45047
    await li.say("在吗")
    assert await desk.refused(SEND, text(li)) == 45009
    wechat.meter.limits[SEND] = 1
    await desk.done(SEND, text(li))


async def test_interfaces_asked_with_get_refuse_post(desk: Desk) -> None:
    assert (await desk.ask("menu/get", {}))["errcode"] == 43001


@pytest.mark.parametrize(
    ("content", "errcode"),
    [
        (rb"\u4e2d", 40033),
        (rb"\\\u4e2d", 40033),
        (rb"\\u4e2d", 0),
        ("中".encode(), 0),
    ],
)
async def test_escapes_are_told_from_escaped_backslashes(
    desk: Desk, li: Phone, content: bytes, errcode: int
) -> None:
    body = b'{"touser": "%b", "msgtype": "text", "text": {"content": "%b"}}' % (li.openid.encode(), content)
    assert (await desk.call(SEND, body))["errcode"] == errcode


async def test_the_day_has_a_quota_that_can_be_read_and_cleared(
    wechat: WechatServer, desk: Desk, li: Phone
) -> None:
    wechat.meter.limits["user/info"] = 2
    for _ in range(2):
        await desk.done("user/info", openid=li.openid)
    assert await desk.refused("user/info", openid=li.openid) == 45009
    told = await desk.done("openapi/quota/get", {"cgi_path": "/cgi-bin/user/info"})
    assert told["quota"] == {"daily_limit": 2, "used": 2, "remain": 0}
    assert await desk.refused("openapi/quota/get", {"cgi_path": "/nowhere"}) == 76021
    assert await desk.refused("clear_quota", {"appid": "wx1"}) == 40013
    await desk.done("clear_quota", {"appid": wechat.appid})
    await desk.done("user/info", openid=li.openid)
    for _ in range(9):
        await desk.done("clear_quota", {"appid": wechat.appid})
    assert await desk.refused("clear_quota", {"appid": wechat.appid}) == 48006
    wechat.advance(30 * DAY)
    await desk.renew_token()
    await desk.done("clear_quota", {"appid": wechat.appid})


async def test_addresses_and_tickets_are_told(desk: Desk) -> None:
    assert (await desk.done("getcallbackip"))["ip_list"]
    ticket = await desk.done("ticket/getticket", type="jsapi")
    assert (ticket["expires_in"], len(ticket["ticket"])) == (7200, 86)
    assert (await desk.done("ticket/getticket", type="jsapi"))["ticket"] == ticket["ticket"]
    assert await desk.refused("ticket/getticket", type="wx_card") == 40097


async def test_an_errcode_on_order(wechat: WechatServer, desk: Desk, li: Phone) -> None:
    zhao = wechat.person("赵")
    await zhao.follow()
    fault = wechat.fail_next("message/*", errcode=45015, person=li.openid, times=2, skip=1)
    assert [await desk.send(li, "一"), await desk.send(zhao, "二")] == [0, 0]
    assert [await desk.send(li, "三"), await desk.send(li, "四"), await desk.send(li, "五")] == [
        45015,
        45015,
        0,
    ]
    assert (fault.hits, [bubble.text for bubble in li.received]) == (2, ["一", "五"])
    wechat.fail_next(times=None)
    answers = [await desk.ask("getcallbackip") for _ in range(3)]
    assert {(answer["errcode"], answer["errmsg"].partition(" rid")[0]) for answer in answers} == {
        (-1, "system error")
    }
    wechat.heal()
    await desk.done("getcallbackip")


async def test_connections_break_before_and_after_the_work(
    wechat: WechatServer, desk: Desk, li: Phone
) -> None:
    await desk.renew_token()
    wechat.drop_next(SEND)
    with pytest.raises(CUT):
        await desk.send(li, "nothing is done")
    assert li.received == []
    wechat.lose_answer(SEND)
    with pytest.raises(CUT):
        await desk.send(li, "done and not told")
    assert li.last.text == "done and not told"
    wechat.lose_answer(SEND, hang=30)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await desk.send(li, "done and never told")
    assert li.last.text == "done and never told"
    assert [call.errcode for call in wechat.calls_of(SEND, li)] == [None, None, None]


async def test_slow_and_garbled_answers(wechat: WechatServer, desk: Desk, li: Phone) -> None:
    await desk.renew_token()
    wechat.slow_next(SEND, seconds=0.05)
    before = asyncio.get_running_loop().time()
    assert await desk.send(li, "late") == 0
    assert asyncio.get_running_loop().time() - before >= 0.05
    wechat.garble_next(SEND)
    async with desk.session.post(f"{wechat.url}/cgi-bin/{SEND}", data=b"{}") as response:
        assert (response.status, response.content_type) == (502, "text/html")
    assert [call.errcode for call in wechat.calls_of(SEND)] == [0, None]
    assert len(await wechat.called(SEND)) == 1


async def test_nothing_else_is_served(wechat: WechatServer, desk: Desk) -> None:
    async with desk.session.get(f"{wechat.url}/cgi-bin/no/such") as response:
        assert response.status == 404
