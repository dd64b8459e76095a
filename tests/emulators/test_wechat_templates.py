"""Notices by template: fields within their limits, people who mute them, and how each ended."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulators.tencent_clock import HOUR, MINUTE
from tests.emulators.wechat import Kind, Phone, WechatServer
from tests.emulators.wechat_bubbles import Via
from tests.emulators.wechat_fixtures import Desk
from tests.emulators.wechat_templates import RULES

FIELDS = {"character_string1": "工单编号", "thing2": "工单名称", "const3": "状态"}
STATES = {"const3": frozenset({"已派单", "已完成"})}
GOOD = {
    "character_string1": {"value": "R-1024"},
    "thing2": {"value": "厨房漏水"},
    "const3": {"value": "已派单"},
}
SEND, NOTIFY = "message/template/send", "message/subscribe/bizsend"


@pytest.fixture
def ticket(wechat: WechatServer) -> str:
    return wechat.add_template("工单进度通知", FIELDS, STATES)


async def send(desk: Desk, phone: Phone, template: str, data: Any = None, **more: Any) -> Any:
    body = {"touser": phone.openid, "template_id": template, "data": data or GOOD}
    return await desk.call(SEND, body | more)


async def test_a_notice_comes_whatever_the_window_and_its_end_is_told(
    wechat: WechatServer, desk: Desk, li: Phone, ticket: str
) -> None:
    wechat.advance(49 * HOUR)
    answer = await send(desk, li, ticket, url="https://x.example/t/1", color="#ff0000")
    assert (li.last.kind, li.last.via, li.last.url) == ("template", Via.TEMPLATE, "https://x.example/t/1")
    assert li.last.text == "工单进度通知\n工单编号：R-1024\n工单名称：厨房漏水\n状态：已派单"
    assert li.last.facts["工单名称"] == "厨房漏水"
    await wechat.idle()
    told = desk.heard[-1]
    assert (told["Event"], told["MsgID"]) == ("TEMPLATESENDJOBFINISH", str(answer["msgid"]))
    assert (told["Status"], told["FromUserName"]) == ("success", li.openid)


async def test_an_account_without_a_server_is_told_nothing() -> None:
    async with WechatServer() as wechat:
        zhao = wechat.person("赵")
        push = wechat.office.tell(zhao.me, "TEMPLATESENDJOBFINISH", MsgID=1, Status="success")
        assert (push.outcome, push.attempts) == ("quiet", [])
        with pytest.raises(AssertionError, match="nobody said where"):
            await zhao.follow()


async def test_somebody_who_blocks_is_told_of_later(
    wechat: WechatServer, desk: Desk, li: Phone, ticket: str
) -> None:
    li.block()
    assert (await send(desk, li, ticket))["errcode"] == 0
    await wechat.idle()
    assert (desk.heard[-1]["Status"], li.received) == ("failed:user block", [])


async def test_a_muted_template_is_refused_and_no_event_comes(
    wechat: WechatServer, desk: Desk, li: Phone, ticket: str
) -> None:
    other = wechat.add_template("停水通知", {"thing1": "原因"})
    li.mute(ticket)
    assert (await send(desk, li, ticket))["errcode"] == 43101
    assert (await send(desk, li, other, {"thing1": {"value": "检修"}}))["errcode"] == 0
    li.unmute(ticket)
    assert (await send(desk, li, ticket))["errcode"] == 0
    await wechat.idle()
    assert [one["Event"] for one in desk.heard] == ["subscribe"] + ["TEMPLATESENDJOBFINISH"] * 2


async def test_the_same_client_id_sends_once_in_ten_minutes(
    wechat: WechatServer, desk: Desk, li: Phone, ticket: str
) -> None:
    first = await send(desk, li, ticket, client_msg_id="n1")
    assert (await send(desk, li, ticket, client_msg_id="n1"))["msgid"] == first["msgid"]
    assert len(li.received) == 1
    wechat.advance(10 * MINUTE)
    assert (await send(desk, li, ticket, client_msg_id="n1"))["msgid"] != first["msgid"]
    assert len(li.received) == 2


async def test_what_is_wrong_is_named(wechat: WechatServer, desk: Desk, li: Phone, ticket: str) -> None:
    long = GOOD | {"thing2": {"value": "长" * 21}}
    answer = await send(desk, li, ticket, long)
    assert answer["errcode"] == 47003
    assert answer["errmsg"].startswith("argument invalid! data.thing2.value invalid rid: ")
    for name in FIELDS:
        without = {key: value for key, value in GOOD.items() if key != name}
        assert f"data.{name}.value is empty" in (await send(desk, li, ticket, without))["errmsg"]
    unapproved = GOOD | {"const3": {"value": "在路上"}}
    assert "data.const3.value invalid" in (await send(desk, li, ticket, unapproved))["errmsg"]
    assert (await send(desk, li, "none"))["errcode"] == 40037
    assert (await send(desk, li, ""))["errcode"] == 40036
    assert (await send(desk, wechat.person("陌生人"), ticket))["errcode"] == 43004
    wechat.account.kind = Kind.TEST
    assert (await send(desk, li, ticket, long))["errcode"] == 0


FITTING = {
    "thing": ["漏", "厨房 A-1，漏水！", "长" * 20],
    "short_thing": ["漏水"],
    "const": ["已派单"],
    "number": ["0", "12.5", "9" * 32],
    "letter": ["Ab", "x" * 32],
    "symbol": ["★★★★★", "!"],
    "character_string": ["R-2024/1#", "x" * 32],
    "time": [
        "15:01",
        "2019年10月1日 15:01",
        "2023-09-12 19:43:07",
        "9:00~18:00",
        "9:00 ~ 2024年1月1日 10:00",
    ],
    "date": ["2019年10月1日", "2019年10月1日 15:01", "2019-10-01~2019-10-02"],
    "amount": ["100", "¥12.50", "12元", "9" * 10],
    "phone_number": ["+86-0571-66888866", "13800138000"],
    "car_number": ["浙A12345", "粤A12345领"],
    "name": ["王建国", "欧" * 10, "Li Lei", "x" * 20, "王Tom"],
    "phrase": ["已完成", "五个字以内"],
}
WRONG = {
    "thing": ["", "长" * 21, "a\nb"],
    "short_thing": ["长" * 21],
    "const": ["长" * 21],
    "number": ["12a", "9" * 33, "-1"],
    "letter": ["a1", "x" * 33],
    "symbol": ["★★★★★★", "a"],
    "character_string": ["工单1", "x" * 33, "a b"],
    "time": ["25:00", "2019年10月1日", "15点"],
    "date": ["15:01", "10月1日"],
    "amount": ["九元", "1" * 11, "-5"],
    "phone_number": ["电话13800138000", "1" * 18],
    "car_number": ["浙A12345678"],
    "name": ["欧" * 11, "x" * 21, "王1Tom234567890"],
    "phrase": ["超过五个字了", "ok"],
}


def test_every_type_of_field_is_tried() -> None:
    assert set(FITTING) == set(WRONG) == set(RULES)


@pytest.mark.parametrize("kind", list(RULES))
def test_fields_and_their_limits(kind: str) -> None:
    assert [value for value in FITTING[kind] if not RULES[kind](value)] == []
    assert [value for value in WRONG[kind] if RULES[kind](value)] == []


def test_a_template_with_an_unknown_type_cannot_be_made(wechat: WechatServer) -> None:
    with pytest.raises(ValueError, match="first"):
        wechat.add_template("旧模板", {"first": "开头"})


async def test_templates_are_listed(desk: Desk, ticket: str) -> None:
    (listed,) = (await desk.done("template/get_all_private_template"))["template_list"]
    assert (listed["template_id"], listed["title"]) == (ticket, "工单进度通知")
    assert listed["content"].splitlines()[1] == "工单名称:{{thing2.DATA}}"


async def test_a_consent_is_good_for_one_notice_even_without_following(
    wechat: WechatServer, desk: Desk
) -> None:
    template, zhao = wechat.add_subscription("停水通知", {"thing1": "原因"}), wechat.person("赵")
    body = {
        "touser": zhao.openid,
        "template_id": template,
        "data": {"thing1": {"value": "检修"}},
        "page": "https://p",
    }
    assert await desk.refused(NOTIFY, body) == 43101
    await (await zhao.accept(template)).settled()
    answer = desk.heard[-1]["SubscribeMsgPopupEvent"]["List"]
    assert (answer["TemplateId"], answer["SubscribeStatusString"]) == (template, "accept")
    assert await desk.refused(NOTIFY, body | {"data": {}}) == 47003
    await desk.done(NOTIFY, body)
    assert (zhao.last.via, zhao.last.url, zhao.last.facts) == (
        Via.SUBSCRIPTION,
        "https://p",
        {"原因": "检修"},
    )
    await wechat.idle()
    assert desk.heard[-1]["SubscribeMsgSentEvent"]["List"]["ErrorStatus"] == "success"
    assert await desk.refused(NOTIFY, body) == 43101


async def test_a_long_term_consent_lasts_until_it_is_taken_back(wechat: WechatServer, desk: Desk) -> None:
    template, zhao = wechat.add_subscription("停水", {"thing1": "原因"}, long_term=True), wechat.person("赵")
    body = {"touser": zhao.openid, "template_id": template, "data": {"thing1": {"value": "检修"}}}
    await zhao.refuse(template)
    assert await desk.refused(NOTIFY, body) == 43101
    await zhao.accept(template)
    for _ in range(3):
        await desk.done(NOTIFY, body)
    await (await zhao.unsubscribe(template)).settled()
    assert await desk.refused(NOTIFY, body) == 43101
    await wechat.idle()
    events = [one["Event"] for one in desk.heard]
    assert sorted(set(events)) == [
        "subscribe_msg_change_event",
        "subscribe_msg_popup_event",
        "subscribe_msg_sent_event",
    ]
