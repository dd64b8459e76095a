"""What we seal others open, and what others seal we open: wechatpy and WeRoBot are asked."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.tencent import xml
from bot.tencent.crypto import Cipher, signature
from bot.tencent.envelope import Envelope
from tests.bot.tencent.vectors import ODD_KEY, OFFICIAL_POST, WECOM_POST

TOKEN, APPID, TIMESTAMP, NONCE = "tok3n", "wxb11529c136998cb6", "1700000000", "nonce1"
WORDS = {"ToUserName": "gh_1", "FromUserName": "oUser", "CreateTime": 1700000000, "MsgType": "text"}


def peer(module: str) -> Any:
    """Somebody else's library, whose own warnings are not ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip(module, reason=f"{module} is a peer from the development group")


wechatpy = peer("wechatpy")
wechatpy_crypto = peer("wechatpy.crypto")
wechatpy_work = peer("wechatpy.work.crypto")
werobot = peer("werobot.crypto")
werobot_parser = peer("werobot.parser")
pytestmark = pytest.mark.filterwarnings("ignore")

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=200).map(xml.legal)
hours = st.integers(0, 10**10 - 1).map(str)
of_wechatpy = pytest.mark.parametrize(
    "crypto", [wechatpy_crypto.WeChatCrypto, wechatpy_work.WeChatCrypto], ids=["wechat", "wecom"]
)


def ours(timestamp: str = TIMESTAMP) -> Envelope:
    return Envelope(TOKEN, [ODD_KEY], APPID, now=lambda: float(timestamp))


def asked(signed: str, timestamp: str = TIMESTAMP, nonce: str = NONCE) -> dict[str, str]:
    return {"msg_signature": signed, "timestamp": timestamp, "nonce": nonce}


@given(texts, hours)
@of_wechatpy
def test_wechatpy_opens_what_we_seal(crypto: Any, said: str, timestamp: str) -> None:
    reply = ours(timestamp).sealed(WORDS | {"Content": said}, NONCE)
    fields = xml.read(reply.encode())
    opened = crypto(TOKEN, ODD_KEY, APPID).decrypt_message(
        reply, fields["MsgSignature"], fields["TimeStamp"], NONCE
    )
    assert opened == xml.write(WORDS | {"Content": said})


@given(texts, hours)
@of_wechatpy
def test_we_open_what_wechatpy_seals(crypto: Any, said: str, timestamp: str) -> None:
    letter = crypto(TOKEN, ODD_KEY, APPID).encrypt_message(
        xml.write(WORDS | {"Content": said}), NONCE, timestamp
    )
    query = asked(xml.read(letter.encode())["MsgSignature"], timestamp)
    assert ours(timestamp).opened(query, letter.encode())["Content"] == said


@given(texts)
def test_werobot_opens_what_we_seal(said: str) -> None:
    fields = xml.read(ours().sealed(WORDS | {"Content": said}, NONCE).encode())
    opened = werobot.MessageCrypt(TOKEN, ODD_KEY, APPID).decrypt_message(
        fields["TimeStamp"], NONCE, fields["MsgSignature"], fields["Encrypt"]
    )
    assert opened.decode() == xml.write(WORDS | {"Content": said})


@given(texts)
def test_we_open_what_werobot_seals(said: str) -> None:
    letter = werobot.MessageCrypt(TOKEN, ODD_KEY, APPID).encrypt_message(
        xml.write(WORDS | {"Content": said}), TIMESTAMP, NONCE
    )
    query = asked(xml.read(letter.encode())["MsgSignature"])
    assert ours().opened(query, letter.encode())["Content"] == said


@given(texts)
def test_wechatpy_seals_a_greeting_of_wecom_that_we_open(said: str) -> None:
    echostr = wechatpy_work.PrpCrypto(Cipher([ODD_KEY], APPID)._keys[0]).encrypt(f"4{said}", APPID).decode()
    signed = signature(TOKEN, TIMESTAMP, NONCE, echostr)
    assert ours().greet_sealed(asked(signed) | {"echostr": echostr}) == f"4{said}"
    peer_says = wechatpy_work.WeChatCrypto(TOKEN, ODD_KEY, APPID).check_signature(
        signed, TIMESTAMP, NONCE, echostr
    )
    assert peer_says == f"4{said}"


def test_signatures_are_the_same() -> None:
    parts = (TIMESTAMP, NONCE, "Zz+/=")
    assert peer("werobot.utils").get_signature(TOKEN, *parts) == signature(TOKEN, *parts)
    peer("wechatpy.utils").check_signature(TOKEN, signature(TOKEN, *parts[:2]), *parts[:2])


def test_all_open_the_same_published_letters() -> None:
    for letter in (OFFICIAL_POST, WECOM_POST):
        key = Cipher([letter.key], letter.receiver)
        assert (
            key.decrypt(letter.encrypted)
            == wechatpy_crypto.PrpCrypto(key._keys[0]).decrypt(letter.encrypted, letter.receiver)
            == werobot.PrpCrypto(key._keys[0]).decrypt(letter.encrypted, letter.receiver).decode()
        )


@given(texts)
@pytest.mark.parametrize("whole", ["{}", "漏水]]>{}", "{}]]]>", "<b>{}</b>"])
def test_wechatpy_and_werobot_read_what_we_write(whole: str, said: str) -> None:
    """They take the blanks from both ends; beyond that they read every letter as we do."""
    content = whole.format(said)
    written = xml.write(WORDS | {"MsgId": 7, "Content": content})
    wanted = xml.read(written.encode())["Content"].strip()
    assert (wechatpy.parse_message(written).content or "").strip() == wanted
    assert (werobot_parser.parse_user_msg(written).content or "").strip() == wanted


def test_a_text_that_breaks_out_of_wechatpys_own_reply_stays_inside_ours() -> None:
    said = "好]]></Content><MsgType>event</MsgType><Content><![CDATA["
    theirs = peer("wechatpy.replies").TextReply(content=said, source="gh_1", target="oUser").render()
    assert isinstance(xml.read(theirs.encode())["MsgType"], list)
    assert xml.read(xml.write(WORDS | {"Content": said}).encode())["MsgType"] == "text"


def test_events_with_nested_lists_are_read_by_both() -> None:
    popup = {"List": [{"TemplateId": "T1", "PopupScene": 1}, {"TemplateId": "T2", "PopupScene": 2}]}
    fields = WORDS | {"MsgType": "event", "Event": "subscribe_msg_popup_event"}
    written = xml.write(fields | {"SubscribeMsgPopupEvent": popup})
    ours_read = xml.read(written.encode())["SubscribeMsgPopupEvent"]["List"]
    theirs = wechatpy.parse_message(written)._data["SubscribeMsgPopupEvent"]["List"]
    assert ours_read == [dict(one) for one in theirs]
