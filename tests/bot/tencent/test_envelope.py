"""Letters: the real ones are opened, and all others are refused, whatever is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.tencent import xml
from bot.tencent.crypto import Cipher, Untrusted, signature
from bot.tencent.envelope import FRESH, MOST_BYTES, Envelope
from bot.tencent.xml import Unreadable
from tests.bot.tencent.vectors import (
    OFFICIAL_REPLY,
    OPENSSL,
    PLAIN_KEY,
    WECHATPY,
    WECOM_GREETING,
    WECOM_POST,
    Letter,
)

NOW = 1_700_000_000.0
TOKEN, KEY, OLD_KEY, APPID = OPENSSL.token, OPENSSL.key, PLAIN_KEY, OPENSSL.receiver
WORDS: dict[str, Any] = {"ToUserName": "gh_1", "FromUserName": "oUser", "MsgType": "text", "Content": "报修"}


def plain(now: float = NOW) -> Envelope:
    return Envelope(TOKEN, [], APPID, now=lambda: now)


def secure(now: float = NOW, keys: tuple[str, ...] = (KEY, OLD_KEY), receiver: str = APPID) -> Envelope:
    return Envelope(TOKEN, keys, receiver, now=lambda: now)


def of(letter: Letter) -> Envelope:
    return Envelope(letter.token, [letter.key], letter.receiver, now=lambda: float(letter.timestamp))


def query(timestamp: str = "1700000000", nonce: str = "nonce1", **more: str) -> dict[str, str]:
    signed = signature(TOKEN, timestamp, nonce)
    return {"signature": signed, "timestamp": timestamp, "nonce": nonce, "openid": "oUser", **more}


def sealed_query(encrypted: str, timestamp: str = "1700000000", nonce: str = "nonce1") -> dict[str, str]:
    signed = signature(TOKEN, timestamp, nonce, encrypted)
    return query(timestamp, nonce, encrypt_type="aes", msg_signature=signed)


def body(encrypted: str, **more: Any) -> bytes:
    return xml.write({"ToUserName": "gh_1", "Encrypt": encrypted, **more}).encode()


def letter_of(
    fields: Mapping[str, Any], key: str = KEY, receiver: str = APPID
) -> tuple[dict[str, str], bytes]:
    encrypted = Cipher([key], receiver).encrypt(xml.write(fields))
    return sealed_query(encrypted), body(encrypted)


def test_wechat_greets_and_hears_its_own_words() -> None:
    envelope = Envelope("AAAAA", [], "wx1", now=lambda: 1714036504.0)
    asked = {
        "signature": "f464b24fc39322e44b38aa78f5edd27bd1441696",
        "timestamp": "1714036504",
        "nonce": "1514711492",
        "echostr": "4375120948345356249",
    }
    assert envelope.greet(asked) == "4375120948345356249"
    for name in asked:
        with pytest.raises(Untrusted):
            envelope.greet({other: value for other, value in asked.items() if other != name})
        with pytest.raises(Untrusted):
            envelope.greet(asked | {name: ""})
    for name in ("signature", "timestamp", "nonce"):
        with pytest.raises(Untrusted):
            envelope.greet(asked | {name: asked[name][:-1] + "0"})


def test_wechat_greets_in_the_open_where_letters_are_sealed() -> None:
    assert secure().greet(query(echostr="4375")) == "4375"


@pytest.mark.parametrize("letter", [WECOM_GREETING, WECHATPY], ids=["wecom", "wechatpy"])
def test_wecom_greets_in_a_sealed_letter(letter: Letter) -> None:
    asked = {
        "msg_signature": letter.signed,
        "timestamp": letter.timestamp,
        "nonce": letter.nonce,
        "echostr": letter.encrypted,
    }
    assert of(letter).greet_sealed(asked) == letter.message
    for name in asked:
        with pytest.raises(Untrusted):
            of(letter).greet_sealed({other: value for other, value in asked.items() if other != name})
        with pytest.raises(Untrusted):
            of(letter).greet_sealed(asked | {name: asked[name][1:]})


def test_a_sealed_greeting_needs_a_key() -> None:
    with pytest.raises(Untrusted):
        plain().greet_sealed(query(echostr="x", msg_signature="x"))


def test_a_published_letter_in_xml_is_opened() -> None:
    asked = query(msg_signature=OPENSSL.signed)
    assert of(OPENSSL).opened(asked, body(OPENSSL.encrypted)) == WORDS | {
        "CreateTime": "1700000000",
        "MsgId": "24295000000000001",
    }


def test_wecoms_published_letter_is_opened_whatever_stands_around_it() -> None:
    asked = {
        "msg_signature": WECOM_POST.signed,
        "timestamp": WECOM_POST.timestamp,
        "nonce": WECOM_POST.nonce,
    }
    found = of(WECOM_POST).opened(asked, body(WECOM_POST.encrypted, AgentID="218"))
    assert (found["FromUserName"], found["Content"], found["AgentID"]) == ("mycreate", "hello", "218")


def test_a_plain_letter_is_read() -> None:
    assert plain().opened(query(), xml.write(WORDS).encode()) == WORDS


def test_a_letter_half_plain_is_read_from_its_seal_where_there_is_a_key() -> None:
    """Compatible mode sends both; only what is sealed is signed."""
    asked, _ = letter_of(WORDS)
    encrypted = Cipher([KEY], APPID).encrypt(xml.write(WORDS))
    both = body(encrypted, **(WORDS | {"Content": "forged"}))
    assert secure().opened(asked | sealed_query(encrypted), both)["Content"] == "报修"
    assert plain().opened(query(), body(encrypted, MsgType="text", Content="x"))["Content"] == "x"


def test_the_old_key_still_opens_and_the_new_one_writes() -> None:
    assert secure().opened(*letter_of(WORDS, OLD_KEY)) == WORDS
    reply = xml.read(secure().sealed({"Content": "好"}, "nonce1").encode())
    assert xml.read(Cipher([KEY], APPID).decrypt(reply["Encrypt"]).encode()) == {"Content": "好"}


def test_a_reply_is_signed_with_its_own_time() -> None:
    reply = xml.read(secure(NOW + 2.7).sealed(WORDS, "nonce9").encode())
    assert list(reply) == ["Encrypt", "MsgSignature", "TimeStamp", "Nonce"]
    assert (reply["TimeStamp"], reply["Nonce"]) == ("1700000002", "nonce9")
    assert reply["MsgSignature"] == signature(TOKEN, "1700000002", "nonce9", reply["Encrypt"])


def test_the_published_reply_would_be_signed_the_same() -> None:
    letter = OFFICIAL_REPLY
    parts = (letter.timestamp, letter.nonce, letter.encrypted)
    assert Cipher([letter.key], letter.receiver).encrypt(letter.message, letter.noise) == letter.encrypted
    assert signature(letter.token, *parts) == letter.signed


def test_a_plain_reply_is_plain() -> None:
    assert plain().sealed({"Content": "好"}, "nonce1") == "<xml><Content><![CDATA[好]]></Content></xml>"


@pytest.mark.parametrize("late", [-FRESH, -1.0, 0.0, 1.0, FRESH])
def test_clocks_may_differ_a_little(late: float) -> None:
    asked, sent = letter_of(WORDS)
    assert secure(NOW + late).opened(asked, sent) == WORDS
    assert plain(NOW + late).opened(query(), xml.write(WORDS).encode()) == WORDS
    assert plain(NOW + late).greet(query(echostr="1")) == "1"


@pytest.mark.parametrize("late", [-FRESH - 1, FRESH + 1, 1e9])
def test_an_old_letter_is_refused_though_it_is_real(late: float) -> None:
    asked, sent = letter_of(WORDS)
    for attempt in (
        lambda: secure(NOW + late).opened(asked, sent),
        lambda: plain(NOW + late).opened(query(), xml.write(WORDS).encode()),
        lambda: plain(NOW + late).greet(query(echostr="1")),
    ):
        with pytest.raises(Untrusted, match="stale"):
            attempt()


@pytest.mark.parametrize(
    "timestamp", ["soon", "-1700000000", "1.7e9", "１７００００００００", "1" * 5000, " "]
)
def test_a_time_that_is_none_is_refused_though_it_is_signed(timestamp: str) -> None:
    with pytest.raises(Untrusted):
        plain().opened(query(timestamp), xml.write(WORDS).encode())


def test_without_a_seal_nothing_is_read_where_there_is_a_key() -> None:
    open_letter = xml.write(WORDS | {"MsgId": "1"}).encode()
    for asked in (query(), query(msg_signature=signature(TOKEN, "1700000000", "nonce1", ""))):
        with pytest.raises(Untrusted):
            secure().opened(asked, open_letter)


def test_the_signature_of_the_open_does_not_open_a_seal() -> None:
    asked, sent = letter_of(WORDS)
    with pytest.raises(Untrusted):
        secure().opened(asked | {"msg_signature": asked["signature"]}, sent)


def test_a_sealed_letter_where_there_is_no_key_is_refused() -> None:
    asked, sent = letter_of(WORDS)
    with pytest.raises(Untrusted, match="no_key"):
        plain().opened(asked, sent)


@pytest.mark.parametrize(
    "envelope",
    [
        secure(receiver="wxother"),
        secure(keys=(OLD_KEY,)),
        Envelope("other", [KEY], APPID, now=lambda: NOW),
    ],
    ids=["another receiver", "another key", "another token"],
)
def test_a_letter_for_somebody_else_is_refused(envelope: Envelope) -> None:
    asked, sent = letter_of(WORDS)
    with pytest.raises(Untrusted):
        envelope.opened(asked, sent)


def test_what_is_sealed_may_be_hostile_too() -> None:
    encrypted = Cipher([KEY], APPID).encrypt("<!DOCTYPE xml><xml/>")
    with pytest.raises(Unreadable):
        secure().opened(sealed_query(encrypted), body(encrypted))


def test_the_largest_body_is_opened() -> None:
    asked, sent = letter_of({"Content": "水" * 12_000})
    assert len(sent) < MOST_BYTES
    assert secure().opened(asked, sent)["Content"] == "水" * 12_000


def test_an_account_needs_a_token() -> None:
    with pytest.raises(ValueError, match="token"):
        Envelope("", [], APPID)


SEALED = letter_of(WORDS)
START = SEALED[1].index(b"<Encrypt><![CDATA[") + len(b"<Encrypt><![CDATA[")
END = SEALED[1].index(b"]]></Encrypt>")


@given(st.integers(START, END - 1), st.integers(1, 255))
def test_a_changed_byte_of_the_seal_is_refused(place: int, by: int) -> None:
    asked, sent = SEALED
    with pytest.raises((Untrusted, Unreadable)):
        secure().opened(asked, _changed(sent, place, by))


@given(st.integers(0, len(SEALED[1]) - 1), st.integers(1, 255))
def test_a_changed_byte_anywhere_changes_nothing_that_is_read(place: int, by: int) -> None:
    asked, sent = SEALED
    try:
        found = secure().opened(asked, _changed(sent, place, by))
    except (Untrusted, Unreadable):
        return
    assert found == WORDS


@given(st.sampled_from(["msg_signature", "timestamp", "nonce"]), st.integers(0, 63), st.characters())
def test_a_changed_letter_of_the_address_is_refused(name: str, place: int, other: str) -> None:
    asked, sent = SEALED
    value = asked[name]
    place %= len(value)
    changed = value[:place] + other + value[place + 1 :]
    if changed == value:
        return
    with pytest.raises(Untrusted):
        secure().opened(asked | {name: changed}, sent)


def _changed(sent: bytes, place: int, by: int) -> bytes:
    return sent[:place] + bytes([(sent[place] + by) % 256]) + sent[place + 1 :]


characters = st.characters(exclude_categories=["Cs"])


@given(st.text(characters).map(xml.legal), st.booleans())
def test_a_reply_is_read_as_it_was_written(said: str, seals: bool) -> None:
    envelope = secure() if seals else plain()
    reply = envelope.sealed({"MsgType": "text", "Content": said}, "n").encode()
    if not seals:
        assert xml.read(reply)["Content"] == said
        return
    fields = xml.read(reply)
    asked = query(fields["TimeStamp"], fields["Nonce"], msg_signature=fields["MsgSignature"])
    assert secure().opened(asked, reply) == {"MsgType": "text", "Content": said}
