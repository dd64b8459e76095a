"""Group robots of the emulated WeCom: what they may send, how it looks, and when they are refused."""

import base64
import hashlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.emulators.telegram_files import sample_photo
from tests.emulators.tencent_errors import JSON
from tests.emulators.wecom import MINUTE, Robot, WecomServer
from tests.emulators.wecom_media import MB
from tests.emulators.wecom_peer import PAGE, Client, as_body, notice
from tests.emulators.wecom_shown import Link, Row


@pytest.fixture
async def wecom() -> AsyncIterator[WecomServer]:
    now = [1000.0]
    async with WecomServer(clock=lambda: now[0]) as server:
        yield server


@pytest.fixture
async def client(wecom: WecomServer) -> AsyncIterator[Client]:
    async with Client(wecom) as one:
        yield one


@pytest.fixture
def robot(wecom: WecomServer) -> Robot:
    return wecom.robot("维修群")


def picture(content: bytes, **changed: str) -> JSON:
    told = {"base64": base64.b64encode(content).decode(), "md5": hashlib.md5(content).hexdigest()}
    return {"msgtype": "image", "image": told | changed}


def card(**changed: Any) -> JSON:
    return {"msgtype": "template_card", "template_card": notice(**changed)}


def articles(number: int, **changed: str) -> JSON:
    one = {"title": "巡检", "description": "正常", "url": PAGE} | changed
    return {"msgtype": "news", "news": {"articles": [one] * number}}


async def test_a_text_is_seen_with_those_it_mentions(client: Client, robot: Robot) -> None:
    text = {
        "content": "新报修 <@li>",
        "mentioned_list": ["wang", "@all"],
        "mentioned_mobile_list": ["13800001111"],
    }
    answer = await client.robot(robot.key, {"msgtype": "text", "text": text})
    assert answer == {"errcode": 0, "errmsg": "ok"}
    assert (robot.group.last.kind, robot.group.last.words) == ("text", "新报修 <@li>")
    assert robot.group.mentioned == ["wang", "@all", "13800001111", "li"]


async def test_markdown_has_mentions_and_its_second_edition_has_none(client: Client, robot: Robot) -> None:
    content = f"### 报修\n[详情]({PAGE}) ![图]({PAGE}/p.png)\n<@wang>"
    for kind in ("markdown", "markdown_v2"):
        assert not (await client.robot(robot.key, {"msgtype": kind, kind: {"content": content}}))["errcode"]
    first, second = robot.group.messages
    assert (first.links, first.mentions) == ((Link("详情", PAGE),), ("wang",))
    assert (second.links, second.mentions) == ((Link("详情", PAGE),), ())


@pytest.mark.parametrize(("kind", "most"), [("text", 2048), ("markdown", 4096), ("markdown_v2", 4096)])
async def test_words_are_measured_in_bytes(client: Client, robot: Robot, kind: str, most: int) -> None:
    fits = "修" * (most // 3) + "x" * (most % 3)
    assert (await client.robot(robot.key, {"msgtype": kind, kind: {"content": fits}}))["errcode"] == 0
    refused = await client.robot(robot.key, {"msgtype": kind, kind: {"content": fits + "x"}})
    assert refused["errcode"] == 40058
    assert refused["errmsg"].startswith(
        f"{kind}.content exceed max length {most}. invalid Request Parameter, hint"
    )
    assert [len(message.words.encode()) for message in robot.group.messages] == [most]


async def test_a_picture_is_seen_as_it_was_sent(client: Client, robot: Robot) -> None:
    assert (await client.robot(robot.key, picture(sample_photo(1))))["errcode"] == 0
    assert robot.group.last.content == sample_photo(1)


@pytest.mark.parametrize(
    ("payload", "errcode"),
    [
        (picture(sample_photo(), md5="0" * 32), 301019),
        (picture(b"\xff\xd8\xff".ljust(2 * MB + 1)), 40009),
        (picture(b""), 40009),
        (picture(b"GIF89a" + bytes(9)), 40004),
        (picture(sample_photo(), base64="!"), 40058),
        (articles(0), 45008),
        (articles(9), 45008),
        (articles(1, title=""), 40058),
        (articles(1, url=""), 40058),
        (articles(1, url="example.com"), 45034),
        ({"msgtype": "text", "text": {"content": ""}}, 44004),
        ({"msgtype": "text", "text": {"content": "x", "mentioned_list": "wang"}}, 40058),
        ({"msgtype": "text"}, 40058),
        ({"msgtype": "textcard", "textcard": {}}, 40008),
        ({}, 40008),
        ({"msgtype": "file", "file": {"media_id": "3none"}}, 40007),
        ({"msgtype": "file", "file": {}}, 41006),
        (card(card_type="button_interaction"), 40058),
        (card(card_action={}), 40058),
        (card(card_action={"type": 1}), 40058),
        (card(card_action={"type": 2}), 40058),
        (card(card_action={"type": 1, "url": "ftp://x"}), 45034),
        (card(main_title={"desc": "no title"}), 40058),
        (card(horizontal_content_list=[{"keyname": "k", "value": "v"}] * 7), 40058),
        (card(horizontal_content_list=[{"value": "v"}]), 40058),
        (card(horizontal_content_list=[{"keyname": "k", "value": "v", "type": 1}]), 40058),
        (card(horizontal_content_list=[{"keyname": "k", "value": "v", "type": 3}]), 40058),
        (card(jump_list=[{"type": 1, "url": PAGE, "title": "t"}] * 4), 40058),
        (card(jump_list=[{"type": 1, "url": PAGE}]), 40058),
        (card(card_type="news_notice"), 40058),
        (card(vertical_content_list=[{"title": "t"}] * 5), 40058),
        (card(source="物业"), 40058),
    ],
)
async def test_what_breaks_a_rule_is_refused(
    client: Client, robot: Robot, payload: JSON, errcode: int
) -> None:
    answer = await client.robot(robot.key, payload)
    assert answer["errcode"] == errcode, answer
    assert robot.group.messages == []


async def test_a_card_shows_its_title_rows_and_links(client: Client, robot: Robot) -> None:
    rows = [
        {"keyname": "房号", "value": "3-1-501"},
        {"keyname": "工单", "value": "查看", "type": 1, "url": PAGE},
        {"keyname": "师傅", "value": "王师傅", "type": 3, "userid": "wang"},
    ]
    await client.robot(
        robot.key,
        card(
            source={"desc": "物业机器人", "desc_color": 0},
            main_title={"title": "新报修", "desc": "3栋 1单元"},
            emphasis_content={"title": "紧急", "desc": "等级"},
            quote_area={"type": 0, "title": "业主", "quote_text": "水管漏水"},
            sub_title_text="请10分钟内响应",
            horizontal_content_list=rows,
            jump_list=[{"type": 1, "url": PAGE + "?j", "title": "详情"}],
        ),
    )
    (seen,) = robot.group.cards
    assert (seen.kind, seen.title, seen.desc, seen.source) == (
        "text_notice",
        "新报修",
        "3栋 1单元",
        "物业机器人",
    )
    assert (seen.emphasis, seen.quote, seen.subtitle) == ("紧急 等级", "业主\n水管漏水", "请10分钟内响应")
    assert seen.rows[2] == Row("师傅", "王师傅", userid="wang")
    assert (seen.row("房号"), seen.row("没有")) == ("3-1-501", None)
    assert (seen.link("查看"), seen.link("详情"), seen.url) == (PAGE, PAGE + "?j", PAGE)
    assert seen.cut == ()
    assert await robot.group.wait_for_card("水管漏水") is seen


async def test_a_client_cuts_what_is_too_long_on_a_card(client: Client, robot: Robot) -> None:
    rows = [{"keyname": "上门时间段", "value": "x" * 27}]
    await client.robot(robot.key, card(main_title={"title": "题" * 27}, horizontal_content_list=rows))
    seen = robot.group.cards[0]
    assert (seen.title, seen.row("上门时间段")) == ("题" * 25 + "…", "x" * 25 + "…")
    assert seen.cut == ("main_title.title", "horizontal_content_list.value")


async def test_a_card_may_do_without_a_title_or_show_a_picture(client: Client, robot: Robot) -> None:
    assert not (await client.robot(robot.key, card(main_title={}, sub_title_text="只有正文")))["errcode"]
    image = {"url": f"{PAGE}/1.jpg", "aspect_ratio": 2.25}
    vertical = [{"title": "电梯", "desc": "正常"}]
    news = card(card_type="news_notice", card_image=image, vertical_content_list=vertical)
    assert not (await client.robot(robot.key, news))["errcode"]
    assert (robot.group.cards[1].picture, robot.group.cards[1].row("电梯")) == (f"{PAGE}/1.jpg", "正常")


async def test_news_are_cut_to_their_bytes(client: Client, robot: Robot) -> None:
    await client.robot(robot.key, articles(8, title="巡" * 50))
    assert robot.group.last.links == (Link("巡" * 42, PAGE),) * 8


async def test_a_file_is_uploaded_for_one_robot(client: Client, wecom: WecomServer, robot: Robot) -> None:
    answer = await client.upload("file", b"%PDF-1.7 ...", name="notice.pdf", key=robot.key)
    assert (answer["type"], answer["created_at"].isdecimal()) == ("file", True)
    sending = {"msgtype": "file", "file": {"media_id": answer["media_id"]}}
    assert (await client.robot(robot.key, sending))["errcode"] == 0
    assert (robot.group.last.words, robot.group.last.content) == ("notice.pdf", b"%PDF-1.7 ...")
    assert (await client.robot(wecom.robot().key, sending))["errcode"] == 40007
    wecom.advance(3 * 24 * 60 * MINUTE)
    assert (await client.robot(robot.key, sending))["errcode"] == 40007


@pytest.mark.parametrize(
    ("kind", "content", "errcode"),
    [
        ("voice", b"#!AMR\n".ljust(40), 0),
        ("voice", b"RIFF".ljust(40), 40004),
        ("voice", b"#!AMR\n".ljust(2 * MB + 1), 45001),
        ("file", b"12345", 40006),
        ("file", b"", 44001),
        ("file", bytes(20 * MB + 1), 45001),
        ("image", sample_photo(), 40004),
    ],
    ids=lambda value: str(value)[:9],
)
async def test_uploads_have_their_kinds_and_sizes(
    client: Client, robot: Robot, kind: str, content: bytes, errcode: int
) -> None:
    assert (await client.upload(kind, content, key=robot.key))["errcode"] == errcode


async def test_twenty_messages_in_any_minute(client: Client, wecom: WecomServer, robot: Robot) -> None:
    another = wecom.robot()
    for number in range(20):
        assert await client.say(robot.key, str(number)) == 0
        wecom.advance(1)
    assert await client.say(robot.key, "too much") == 45009
    assert await client.say(another.key, "each has its own") == 0
    wecom.advance(40)
    assert await client.say(robot.key, "the first is a minute ago") == 0
    assert await client.say(robot.key, "the second is not") == 45009
    assert len(robot.group.messages) == 21
    assert [one.who for one in wecom.violations] == [robot.key] * 2


async def test_nobody_speaks_without_a_key(client: Client, robot: Robot) -> None:
    assert await client.say("no-such-key", "hi") == 93000
    robot.disable()
    assert await client.say(robot.key, "hi") == 93004
    robot.remove()
    assert await client.say(robot.key, "hi") == 93008
    robot.enable()
    assert await client.say(robot.key, "hi") == 0
    assert robot.group.transcript() == "< hi"


async def test_an_error_says_where_to_read_on(client: Client, wecom: WecomServer) -> None:
    answer = await client.robot("none", {"msgtype": "text", "text": {"content": "hi"}})
    start, _, rest = answer["errmsg"].partition(", hint: [")
    assert start == "invalid webhook url"
    assert rest.endswith(
        "], from ip: 127.0.0.1, more info at https://open.work.weixin.qq.com/devtool/query?e=93000"
    )
    assert wecom.calls[-1].answer == answer


async def test_bodies_that_are_no_good(client: Client, robot: Robot) -> None:
    key = {"key": robot.key}
    spoilt = await client.answer("POST", "webhook/send", key, data=b'{"msgtype":')
    assert (spoilt["errcode"], spoilt["errmsg"][-28:]) == (40008, "Warning: wrong json format. ")
    assert (await client.answer("POST", "webhook/send", key, data=b"[]"))["errcode"] == 40008
    assert (await client.answer("POST", "webhook/send", key))["errcode"] == 44002
    assert (await client.answer("GET", "webhook/send", key))["errcode"] == 43002
    assert robot.group.messages == []


@pytest.mark.parametrize(
    ("body", "errcode"),
    [
        (b'{"msgtype":"text","text":{"content":"\\u62a5"}}', 40033),
        (b'{"msgtype":"text","text":{"content":"\\\\u62a5"}}', 0),
        (b'{"msgtype":"text","text":{"content":"\\u0007"}}', 0),
        (as_body({"msgtype": "text", "text": {"content": "报\\u62a5"}}), 0),
    ],
)
async def test_text_is_not_to_be_escaped(client: Client, robot: Robot, body: bytes, errcode: int) -> None:
    answer = await client.answer("POST", "webhook/send", {"key": robot.key}, data=body)
    assert answer["errcode"] == errcode


async def test_the_address_of_a_robot_works_as_it_stands(client: Client, wecom: WecomServer) -> None:
    robot = wecom.robot(key="693a91f6-7xxx-4bc4-97a0-0ec2sifa5aaa")
    method = robot.url.removeprefix(f"{wecom.url}/cgi-bin/")
    body = as_body({"msgtype": "text", "text": {"content": "hi"}})
    assert (await client.answer("POST", method, data=body))["errcode"] == 0
    assert robot.group.last.words == "hi"
