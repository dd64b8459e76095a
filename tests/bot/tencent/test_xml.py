"""XML: what is written is read again as it was, and no body makes the reader do more than read it."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.tencent import xml
from bot.tencent.xml import DEEPEST, MOST_ELEMENTS, Unreadable, each, legal, read, text, write

TEXT = """<xml><ToUserName><![CDATA[gh_x]]></ToUserName><FromUserName><![CDATA[oAbc]]></FromUserName>
<CreateTime>1700000001</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[ 满意 ]]></Content>
<MsgId>24295000000000002</MsgId><bizmsgmenuid>101</bizmsgmenuid></xml>"""
POPUP = """<xml><SubscribeMsgPopupEvent><List><TemplateId><![CDATA[T1]]></TemplateId></List>
<List><TemplateId><![CDATA[T2]]></TemplateId></List><List/></SubscribeMsgPopupEvent></xml>"""
LAUGHS = """<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol">
<!ENTITY lol2 "&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;">
<!ENTITY lol3 "&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;">]><xml><A>&lol3;</A></xml>"""

characters = st.characters(exclude_categories=["Cs"])
words = st.text(characters)
legal_words = words.map(legal)
names = st.sampled_from(["Content", "MsgType", "Encrypt", "Title", "item", "_x", "标题"])


def test_a_message_is_read_as_it_was_typed() -> None:
    assert read(TEXT.encode()) == {
        "ToUserName": "gh_x",
        "FromUserName": "oAbc",
        "CreateTime": "1700000001",
        "MsgType": "text",
        "Content": " 满意 ",
        "MsgId": "24295000000000002",
        "bizmsgmenuid": "101",
    }


def test_what_is_repeated_becomes_a_list_and_what_has_children_a_mapping() -> None:
    assert read(POPUP.encode()) == {
        "SubscribeMsgPopupEvent": {"List": [{"TemplateId": "T1"}, {"TemplateId": "T2"}, ""]}
    }


def test_nothing_is_an_empty_text() -> None:
    body = b"<xml><A><![CDATA[]]></A><B></B><C/><D><E/></D></xml>"
    assert read(body) == {"A": "", "B": "", "C": "", "D": {"E": ""}}
    assert read(b"<xml/>") == {}


def test_texts_are_found_by_their_path_and_nothing_else_is() -> None:
    fields = {"A": "a", "B": {"C": "c"}, "D": ["d", "e"]}
    assert (text(fields, "A"), text(fields, "B", "C")) == ("a", "c")
    assert text(fields, "B") == text(fields, "D") == text(fields, "E") == text(fields, "A", "C") == ""


def test_one_or_many_are_a_list() -> None:
    assert (each(None), each(""), each("a"), each({"b": "c"}), each(["a", ""])) == (
        *([], [], ["a"], [{"b": "c"}]),
        ["a", ""],
    )


def test_a_mark_of_byte_order_and_a_claimed_encoding_do_not_matter() -> None:
    body = "<?xml version='1.0' encoding='gbk'?><xml><A>报修</A></xml>".encode()
    assert read(body) == read(b"\xef\xbb\xbf<xml><A>\xe6\x8a\xa5\xe4\xbf\xae</A></xml>") == {"A": "报修"}


def test_a_control_character_on_a_keyboard_does_not_cost_the_message() -> None:
    assert read("<xml><Content><![CDATA[漏\x08水\x1b]]></Content></xml>".encode()) == {"Content": "漏水"}


def test_articles_are_written_one_by_one() -> None:
    fields = {"ArticleCount": 2, "Articles": {"item": [{"Title": "a"}, {"Title": "b"}]}, "None": []}
    assert write(fields) == (
        "<xml><ArticleCount>2</ArticleCount><Articles><item><Title><![CDATA[a]]></Title></item>"
        "<item><Title><![CDATA[b]]></Title></item></Articles></xml>"
    )


@pytest.mark.parametrize("value", [True, 1.5, None, b"bytes", object()])
def test_what_is_neither_text_nor_number_is_not_written(value: Any) -> None:
    with pytest.raises(TypeError, match="Content"):
        write({"Content": value})


@pytest.mark.parametrize(
    "said",
    [
        "]]>",
        "]]]]>>",
        "]]>]]>",
        "]",
        "]]",
        "<![CDATA[",
        "a]]><MsgType>event</MsgType><![CDATA[b",
        "&lt;&amp;",
        "<a href='x'>漏水</a>",
        " 空格\t\n ",
        "🚰👨‍👩‍👧",
    ],
)
def test_no_text_breaks_out_of_its_place(said: str) -> None:
    assert read(write({"Content": said, "MsgType": "text"}).encode()) == {"Content": said, "MsgType": "text"}


def test_what_xml_cannot_carry_is_left_out() -> None:
    assert legal("a\x00\x08\x0b\x1fb\ud800c\ufffe\uffff\r\nd\re\tf") == "abc\nd\ne\tf"


@given(legal_words)
def test_any_legal_text_is_read_as_it_was_written(said: str) -> None:
    assert read(write({"Content": said}).encode()) == {"Content": said}


@given(words)
def test_any_text_at_all_is_written_as_its_legal_part(said: str) -> None:
    assert read(write({"Content": said}).encode()) == {"Content": legal(said)}


leaves = legal_words | st.integers().map(str)
branches = st.recursive(
    leaves,
    lambda below: (
        st.dictionaries(names, below, min_size=1, max_size=4) | st.lists(leaves, min_size=2, max_size=4)
    ),
    max_leaves=20,
)


@given(st.dictionaries(names, branches, max_size=5))
def test_any_form_is_read_as_it_was_written(fields: dict[str, Any]) -> None:
    assert read(write(fields).encode()) == fields


HOSTILE = {
    "no xml": b"hello",
    "nothing": b"",
    "json": b'{"MsgType":"text"}',
    "another root": b"<html><A>x</A></html>",
    "two roots": b"<xml></xml><xml></xml>",
    "not closed": b"<xml><A>x</A>",
    "a bare doctype": b"<!DOCTYPE xml><xml><A>x</A></xml>",
    "a doctype in small letters": b"<!doctype xml><xml/>",
    "billion laughs": LAUGHS.encode(),
    "a file of ours": b'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><xml><A>&f;</A></xml>',
    "a page elsewhere": b'<!DOCTYPE xml SYSTEM "http://127.0.0.1:9/x.dtd"><xml/>',
    "a parameter entity": b'<!DOCTYPE x [<!ENTITY % p SYSTEM "http://127.0.0.1:9/">%p;]><xml/>',
    "an unknown entity": b"<xml><A>&nbsp;</A></xml>",
    "not UTF-8": "<xml><A>报修</A></xml>".encode("gbk"),
    "UTF-16": "<xml><A>x</A></xml>".encode("utf-16"),
    "UTF-16 without a mark": "<xml><A>x</A></xml>".encode("utf-16-le"),
    "half a pair": b"<xml><A>&#xD83D;</A></xml>",
    "a zero": b"<xml><A>a\x00b</A></xml>",
    "too deep": b"<xml>" + b"<a>" * DEEPEST + b"</a>" * DEEPEST + b"</xml>",
    "far too deep": b"<xml>" + b"<a>" * 14_000,
    "too many": b"<xml>" + b"<a/>" * MOST_ELEMENTS + b"</xml>",
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_body_is_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable):
        read(body)


def test_what_is_just_deep_and_just_large_enough_is_read() -> None:
    deep = b"<xml>" + b"<a>" * (DEEPEST - 1) + b"</a>" * (DEEPEST - 1) + b"</xml>"
    many = b"<xml>" + b"<a/>" * (MOST_ELEMENTS - 1) + b"</xml>"
    assert read(deep)
    assert len(read(many)["a"]) == MOST_ELEMENTS - 1


def test_a_large_body_takes_no_longer_than_its_length() -> None:
    """The caller caps the size; even without a cap the work does not grow faster than the body."""
    began = time.process_time()
    with pytest.raises(Unreadable):
        read(b"<xml>" + b"<a>" * 350_000)
    assert len(read(b"<xml><A>" + b"&lt;" * 250_000 + b"</A></xml>")["A"]) == 250_000
    assert time.process_time() - began < 2


@given(st.binary(max_size=200))
def test_no_bytes_do_more_than_be_unreadable(body: bytes) -> None:
    for tried in (body, b"<xml>" + body + b"</xml>"):
        try:
            found = xml.read(tried)
        except Unreadable:
            continue
        assert isinstance(found, dict)
