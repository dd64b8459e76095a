"""What staff do in WeCom is understood, and what is not for us says nothing, whatever it looks like."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.tencent import xml
from bot.wecom.updates import inbound, right_to_change
from handlers.envelopes import Inbound, Kind

BOT = "wwcorp.1000002"
HEAD = {
    "ToUserName": "wwcorp",
    "FromUserName": "zhangsan",
    "CreateTime": "1700000003",
    "AgentID": "1000002",
}
TAP = {
    "MsgType": "event",
    "Event": "template_card_event",
    "EventKey": "t.42.accept",
    "TaskId": "w-1",
    "CardType": "button_interaction",
    "ResponseCode": "rc1",
}
AS_WECOM_SENDS_IT = (
    "<xml><ToUserName><![CDATA[wwcorp]]></ToUserName><FromUserName><![CDATA[zhangsan]]></FromUserName>"
    "<CreateTime>1700000003</CreateTime><MsgType><![CDATA[event]]></MsgType>"
    "<Event><![CDATA[template_card_event]]></Event><EventKey><![CDATA[t.1024.take]]></EventKey>"
    "<TaskId><![CDATA[t-1024-1]]></TaskId><CardType><![CDATA[button_interaction]]></CardType>"
    "<ResponseCode><![CDATA[rc1]]></ResponseCode><AgentID>1000002</AgentID><SelectedItems><SelectedItem>"
    "<QuestionKey><![CDATA[q1]]></QuestionKey><OpitonIds><OpitonId><![CDATA[o1]]></OpitonId></OpitonIds>"
    "</SelectedItem></SelectedItems></xml>"
)


def heard(**fields: Any) -> Inbound | None:
    return inbound(HEAD | fields, bot=BOT)


def said(**fields: Any) -> Inbound:
    found = heard(**fields)
    assert found is not None
    return found


def test_words() -> None:
    word = said(MsgType="text", Content="我的工单", MsgId="7561255354251345929")
    assert (word.kind, word.text, word.key) == (Kind.TEXT, "我的工单", "m.7561255354251345929")
    assert (word.channel, word.bot, word.chat, word.account) == ("wecom", BOT, "zhangsan", "zhangsan")
    assert not word.group


def test_a_photo_has_the_source_by_which_it_is_fetched() -> None:
    photo = said(MsgType="image", MediaId="m1", PicUrl="http://x.example/0", MsgId="1")
    assert photo.kind is Kind.PHOTO
    assert photo.media is not None
    assert (photo.media.source, photo.media.kind) == ("m1", "photo")


def test_a_voice_is_words_only_if_somebody_wrote_them_down() -> None:
    assert said(MsgType="voice", MediaId="m2", Format="amr", Recognition="", MsgId="1").strange == "voice"
    assert said(MsgType="voice", MediaId="m2", Recognition="水管漏了", MsgId="1").text == "水管漏了"


def test_a_place_is_told_in_words() -> None:
    place = said(MsgType="location", Location_X="31.2", Location_Y="121.4", Label="某路1号", MsgId="1")
    assert (place.kind, place.text) == (Kind.LOCATION, "某路1号")


@pytest.mark.parametrize(
    ("kind", "strange"), [("video", "video"), ("shortvideo", "video"), ("file", "file"), ("link", "other")]
)
def test_what_we_cannot_take_is_named(kind: str, strange: str) -> None:
    unfit = said(MsgType=kind, MsgId="1")
    assert (unfit.kind, unfit.strange) == (Kind.UNFIT, strange)


def test_a_tap_and_the_right_to_change_its_card() -> None:
    tap = said(**TAP)
    assert (tap.kind, tap.tap, tap.tapped) == (Kind.TAP, "t.42.accept", "w-1")
    assert right_to_change(HEAD | TAP) == ("w-1", "rc1")
    assert tap.key == said(**TAP).key
    assert tap.key != said(**TAP | {"ResponseCode": "rc2"}).key
    assert tap.key != said(**TAP | {"FromUserName": "lisi"}).key
    assert "rc1" not in str(tap)


def test_a_tap_as_wecom_sends_it_misspelt() -> None:
    letter = xml.read(AS_WECOM_SENDS_IT.encode())
    tap = inbound(letter, bot=BOT)
    assert tap is not None
    assert (tap.tap, tap.tapped, right_to_change(letter)) == ("t.1024.take", "t-1024-1", ("t-1024-1", "rc1"))


def test_a_menu_entry_of_ours_is_a_tap_and_no_other_is() -> None:
    assert said(MsgType="event", Event="click", EventKey="m.tickets").tap == "m.tickets"
    assert heard(MsgType="event", Event="click", EventKey="t.42.accept") is None


def test_who_gets_the_app_is_welcomed_and_who_loses_it_is_gone() -> None:
    assert said(MsgType="event", Event="subscribe", EventKey="").text == "/start"
    assert said(MsgType="event", Event="unsubscribe", EventKey="").kind is Kind.BLOCKED


@pytest.mark.parametrize(
    "fields",
    [
        {"MsgType": "event", "Event": "enter_agent", "EventKey": ""},
        {"MsgType": "event", "Event": "LOCATION", "Latitude": "1"},
        {"MsgType": "event", "Event": "something_new"},
        {"MsgType": "event"},
        {"MsgType": "something_new", "MsgId": "1"},
        {"MsgType": "text", "Content": "  ", "MsgId": "1"},
        {"MsgType": "image", "MsgId": "1"},
        {"MsgType": "image", "MediaId": "x" * 301, "MsgId": "1"},
        TAP | {"EventKey": "-"},
        TAP | {"EventKey": ""},
        TAP | {"EventKey": "x" * 65},
        {"MsgType": "text", "Content": "x", "MsgId": "1", "AgentID": "1000003"},
        {"MsgType": "text", "Content": "x", "MsgId": "1", "ToUserName": "wwother"},
        {"MsgType": "text", "Content": "x", "MsgId": "1", "FromUserName": "@all"},
        {"MsgType": "text", "Content": "x", "MsgId": "1", "FromUserName": ""},
        {"MsgType": "text", "Content": "x", "MsgId": "1", "FromUserName": "team.HPY.repair"},
        {"MsgType": "text", "Content": ["x", "y"], "MsgId": "1"},
        {},
    ],
    ids=str,
)
def test_what_says_nothing_to_us(fields: dict[str, Any]) -> None:
    assert heard(**fields) is None


def test_no_right_comes_with_what_is_no_tap() -> None:
    assert right_to_change(HEAD | TAP | {"Event": "click"}) is None
    assert right_to_change(HEAD | TAP | {"ResponseCode": ""}) is None
    assert right_to_change(HEAD | TAP | {"TaskId": "x" * 65}) is None


VALUES: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        st.text(max_size=80), st.sampled_from(["event", "text", "image", "template_card_event", "click"])
    ),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)
NAMES = st.sampled_from([*HEAD, *TAP, "Content", "MsgId", "MediaId", "Recognition", "Label", "x"])


@given(st.dictionaries(NAMES, VALUES))
def test_39_nothing_at_all_makes_it_stumble(fields: dict[str, Any]) -> None:
    found = heard(**fields)
    right_to_change(fields)
    if found is not None:
        assert 0 < len(found.key) <= 66
        assert len(found.tap) <= 64
        assert len(found.tapped) <= 64
