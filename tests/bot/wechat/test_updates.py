"""What WeChat delivers is understood for what it is, and nothing it delivers can break anything."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.tencent import xml
from bot.wechat.updates import LONGEST_SOURCE, UNSUPPORTED, Report, addresses, inbound
from handlers.envelopes import Inbound, Kind
from models.quota import MENU, OTHER, TAPPED, TOLD
from tests.bot.wechat.payloads import APPID, OPENID, event, message, text


def heard(fields: dict[str, Any]) -> Inbound:
    found = inbound(fields, bot=APPID)
    assert isinstance(found, Inbound)
    return found


def test_a_text_says_who_wrote_it_where_and_under_which_number() -> None:
    said = heard(text("  厨房漏水 \n"))
    assert (said.channel, said.bot, said.chat, said.account) == ("wechat", APPID, OPENID, OPENID)
    assert (said.kind, said.text, said.ref) == (Kind.TEXT, "厨房漏水", "24295000000000002")
    assert said.key == f"{TOLD}24295000000000002"
    assert not said.group


def test_a_tapped_line_is_no_more_than_its_words_but_is_counted_otherwise() -> None:
    tapped, typed = heard(text("1", bizmsgmenuid="101")), heard(text("1"))
    assert (
        (tapped.kind, tapped.text, tapped.tap) == (typed.kind, typed.text, typed.tap) == (Kind.TEXT, "1", "")
    )
    assert (tapped.key, typed.key) == (f"{TAPPED}24295000000000002", f"{TOLD}24295000000000002")


@pytest.mark.parametrize("words", sorted(UNSUPPORTED))
def test_what_wechat_cannot_pass_on_is_not_taken_for_words(words: str) -> None:
    said = heard(text(words))
    assert (said.kind, said.strange, said.text) == (Kind.UNFIT, "unsupported", "")


@pytest.mark.parametrize(
    ("fields", "kind", "words", "strange"),
    [
        (message("voice", MediaId="m", Format="amr", Recognition="水管爆了"), Kind.TEXT, "水管爆了", ""),
        (message("voice", MediaId="m", Format="amr", Recognition=""), Kind.UNFIT, "", "voice"),
        (message("voice", MediaId="m", Format="speex"), Kind.UNFIT, "", "voice"),
        (message("video", MediaId="m", ThumbMediaId="t"), Kind.UNFIT, "", "video"),
        (message("shortvideo", MediaId="m", ThumbMediaId="t"), Kind.UNFIT, "", "video"),
        (message("miniprogrampage", Title="x", AppId="wx1"), Kind.UNFIT, "", "miniprogram"),
        (message("location", Location_X="31.2", Label="某路1号"), Kind.LOCATION, "某路1号", ""),
        (message("location", Location_X="31.2"), Kind.LOCATION, "", ""),
        (message("link", Title="公告", Url="https://e.cn/1"), Kind.TEXT, "公告 https://e.cn/1", ""),
        (event("subscribe"), Kind.TEXT, "/start", ""),
        (event("subscribe", "qrscene_ABCDE23456", Ticket="gQ"), Kind.TEXT, "/start ABCDE23456", ""),
        (event("SCAN", "ABCDE23456", Ticket="gQ"), Kind.TEXT, "/start ABCDE23456", ""),
        (event("scan", "两个 字"), Kind.TEXT, "/start", ""),
        (
            event(
                "scancode_waitmsg", "SCAN", ScanCodeInfo={"ScanType": "qrcode", "ScanResult": "ABCDE23456"}
            ),
            Kind.TEXT,
            "ABCDE23456",
            "",
        ),
    ],
)
def test_every_kind_of_message_means_something(
    fields: dict[str, Any], kind: Kind, words: str, strange: str
) -> None:
    said = heard(fields)
    assert (said.kind, said.text, said.strange) == (kind, words, strange)


def test_a_photo_can_be_fetched_in_two_ways() -> None:
    said = heard(message("image", MediaId="m-1_x", PicUrl="http://mmbiz.qpic.cn/p/0"))
    assert said.kind is Kind.PHOTO
    assert said.media is not None
    assert addresses(said.media.source) == ("m-1_x", "http://mmbiz.qpic.cn/p/0")


@pytest.mark.parametrize(
    ("media", "url", "kept"),
    [
        ("m" * 64, "http://mmbiz.qpic.cn/" + "p" * 300, ("m" * 64, "")),
        ("m" * 301, "http://mmbiz.qpic.cn/p", ("", "http://mmbiz.qpic.cn/p")),
        ("", "http://mmbiz.qpic.cn/p", ("", "http://mmbiz.qpic.cn/p")),
        ("m", "", ("m", "")),
    ],
)
def test_of_a_photo_as_much_is_kept_as_there_is_room_for(media: str, url: str, kept: tuple[str, str]) -> None:
    said = heard(message("image", MediaId=media, PicUrl=url))
    assert said.media is not None
    assert len(said.media.source) <= LONGEST_SOURCE
    assert addresses(said.media.source) == kept


def test_a_photo_that_cannot_be_fetched_is_nothing() -> None:
    assert inbound(message("image", MediaId="", PicUrl=""), bot=APPID) is None


def test_a_tap_on_the_menu_is_a_tap_on_our_own_button() -> None:
    tapped = heard(event("CLICK", "m.repair"))
    assert (tapped.kind, tapped.tap) == (Kind.TAP, "m.repair")
    assert tapped.key.startswith(MENU)
    assert inbound(event("CLICK", "x" * 129), bot=APPID) is None


@pytest.mark.parametrize(
    "fields",
    [
        event("unsubscribe"),
        event("user_authorization_revoke", OpenID=OPENID, AppID=APPID, RevokeInfo="1"),
        event("USER_AUTHORIZATION_CANCELLATION", OpenID=OPENID),
    ],
)
def test_who_leaves_has_left(fields: dict[str, Any]) -> None:
    gone = heard(fields)
    assert (gone.kind, gone.account, gone.chat) == (Kind.LEFT, OPENID, OPENID)
    assert gone.key.startswith(OTHER)


def test_a_form_that_was_refused_says_that_nothing_gets_there() -> None:
    assert heard(event("TEMPLATESENDJOBFINISH", MsgID="1", Status="failed:user block")).kind is Kind.BLOCKED
    assert heard(event("TEMPLATESENDJOBFINISH", MsgID="1", Status="failed: user block")).kind is Kind.BLOCKED
    failed = inbound(event("TEMPLATESENDJOBFINISH", MsgID="1", Status="failed: system failed"), bot=APPID)
    assert failed == Report("templatesendjobfinish", "failed: system failed")
    assert inbound(event("TEMPLATESENDJOBFINISH", MsgID="1", Status="success"), bot=APPID) is None


def test_dates_of_the_account_are_reported_to_whoever_runs_it() -> None:
    assert inbound(event("annual_renew"), bot=APPID) == Report("annual_renew", "")


@pytest.mark.parametrize(
    "fields",
    [
        event("VIEW", "https://e.cn"),
        event("LOCATION", Latitude="31.2"),
        event("subscribe_msg_popup_event", SubscribeMsgPopupEvent={"List": {"TemplateId": "T"}}),
        event("event_of_the_future"),
        event(""),
        message("type_of_the_future"),
        text("   "),
        {},
        {"MsgType": "text"},
        {"FromUserName": OPENID},
        {"FromUserName": OPENID, "MsgType": "text", "Content": "hi"},
        {"FromUserName": "o" * 65, "MsgType": "text", "Content": "hi", "MsgId": "1"},
        {"FromUserName": ["a", "b"], "MsgType": "text", "Content": "hi", "MsgId": "1"},
        {"FromUserName": OPENID, "MsgType": {"a": "b"}, "MsgId": "1"},
        {"FromUserName": OPENID, "MsgType": "event", "Event": "scancode_push", "ScanCodeInfo": "x"},
    ],
)
def test_what_says_nothing_to_us_is_nothing(fields: dict[str, Any]) -> None:
    assert inbound(fields, bot=APPID) is None


def test_the_same_event_has_the_same_key_and_another_one_has_another() -> None:
    def key(name: str, about: str, at: str, who: str = OPENID) -> str:
        return heard(event(name, about) | {"CreateTime": at, "FromUserName": who}).key

    once = key("CLICK", "m.repair", "1")
    others = {key("CLICK", "m.help", "1"), key("CLICK", "m.repair", "2"), key("CLICK", "m.repair", "1", "o2")}
    assert key("CLICK", "m.repair", "1") == once
    assert len(others - {once}) == 3
    assert max(map(len, others)) <= 128


NAMES = (
    "ToUserName",
    "FromUserName",
    "MsgType",
    "Event",
    "EventKey",
    "Content",
    "MsgId",
    "MediaId",
    "PicUrl",
)
KINDS = ("text", "image", "voice", "video", "location", "link", "event", "subscribe", "CLICK", "unsubscribe")
ANY = st.one_of(
    st.sampled_from(KINDS),
    st.text(max_size=400),
    st.lists(st.text(max_size=5), min_size=2, max_size=3),
    st.dictionaries(st.sampled_from(("List", "ScanResult")), st.text(max_size=5)),
)


@given(st.dictionaries(st.sampled_from((*NAMES, "Status", "ScanCodeInfo", "Label", "OpenID")), ANY))
def test_whatever_is_delivered_is_a_message_or_nothing(fields: dict[str, Any]) -> None:
    found = inbound(fields, bot=APPID)
    if isinstance(found, Inbound):
        assert 0 < len(found.account) <= 64
        assert 0 < len(found.key) <= 128
        assert len(found.tap) <= 128


def test_the_xml_of_the_documentation_is_understood() -> None:
    body = (
        "<xml><ToUserName><![CDATA[gh_x]]></ToUserName><FromUserName><![CDATA[oAbc]]></FromUserName>"
        "<CreateTime>1700000001</CreateTime><MsgType><![CDATA[event]]></MsgType>"
        "<Event><![CDATA[scancode_waitmsg]]></Event><EventKey><![CDATA[SCAN]]></EventKey><ScanCodeInfo>"
        "<ScanType><![CDATA[qrcode]]></ScanType><ScanResult><![CDATA[1]]></ScanResult></ScanCodeInfo></xml>"
    )
    said = heard(xml.read(body.encode()))
    assert (said.account, said.text) == ("oAbc", "1")
