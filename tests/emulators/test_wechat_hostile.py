"""Spoiled letters are spoiled in the way they say, so that a server that refuses them has been tried."""

from __future__ import annotations

import time

import pytest

from tests.emulators.tencent_cipher import Broken, signature
from tests.emulators.tencent_xml import NotXml, read
from tests.emulators.wechat import Damage, Mode, Phone, WechatServer
from tests.emulators.wechat_damage import FOR_THE_SEAL, HUGE_BYTES, new_aes_key, spoiled
from tests.emulators.wechat_fixtures import Desk
from tests.emulators.wechat_letters import Letter

SIGNED = [damage for damage in Damage if damage not in (Damage.SIGNATURE, Damage.NO_SIGNATURE)]


def letter(wechat: WechatServer, damage: Damage) -> Letter:
    fields = {"ToUserName": "gh_1", "FromUserName": "o1", "CreateTime": 1, "MsgType": "text", "Content": "x"}
    return spoiled(wechat.stationery, fields | {"MsgId": 1}, damage)


@pytest.mark.parametrize("damage", SIGNED)
async def test_the_signature_is_right_unless_it_is_what_is_wrong(
    wechat: WechatServer, damage: Damage
) -> None:
    query = letter(wechat, damage).query
    assert query["signature"] == signature(wechat.token, query["timestamp"], query["nonce"])


@pytest.mark.parametrize("mode", list(Mode))
async def test_a_false_signature_is_false(wechat: WechatServer, mode: Mode) -> None:
    wechat.account.mode = mode
    query = letter(wechat, Damage.SIGNATURE).query
    assert query["signature"] != signature(wechat.token, query["timestamp"], query["nonce"])
    assert not [name for name in letter(wechat, Damage.NO_SIGNATURE).query if name.endswith("signature")]


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (Damage.WRONG_APPID, "meant for"),
        (Damage.BAD_PADDING, "padding"),
        (Damage.TRUNCATED, "base64|blocks"),
        (Damage.ANOTHER_KEY, "padding|meant for|shorter"),
        (Damage.FALSE_LENGTH, "shorter"),
    ],
)
async def test_what_is_badly_sealed_does_not_open_though_it_is_signed(
    wechat: WechatServer, damage: Damage, why: str
) -> None:
    sent = letter(wechat, damage)
    encrypted = read(sent.body)["Encrypt"]
    parts = (sent.query["timestamp"], sent.query["nonce"], encrypted)
    assert sent.query["msg_signature"] == signature(wechat.token, *parts)
    with pytest.raises((Broken, UnicodeDecodeError), match=why):
        wechat.account.seal.decrypt(encrypted)


async def test_what_is_dangerous_to_open(wechat: WechatServer) -> None:
    assert b"<!DOCTYPE" in letter(wechat, Damage.DOCTYPE).body
    inside = read(letter(wechat, Damage.SEALED_DOCTYPE).body)["Encrypt"]
    assert "<!ENTITY" in wechat.account.seal.decrypt(inside)
    assert len(letter(wechat, Damage.HUGE).body) > HUGE_BYTES
    with pytest.raises(NotXml):
        read(letter(wechat, Damage.NOT_XML).body)
    assert "Content" in read(letter(wechat, Damage.PLAIN).body)
    assert int(letter(wechat, Damage.STALE).query["timestamp"]) <= time.time() - 3600
    assert abs(int(letter(wechat, Damage.PLAIN).query["timestamp"]) - time.time()) < 60


async def test_some_damage_needs_a_seal(wechat: WechatServer) -> None:
    wechat.account.mode = Mode.PLAIN
    for damage in FOR_THE_SEAL:
        with pytest.raises(ValueError, match="secure mode"):
            letter(wechat, damage)
    wechat.account.mode = Mode.SECURE


async def test_a_blow_is_struck(wechat: WechatServer, desk: Desk, li: Phone) -> None:
    struck = await wechat.strike(Damage.PLAIN, li)
    assert (struck.status, len(wechat.pushes)) == (500, 1)
    assert li.received == []


def test_new_keys_are_keys() -> None:
    keys = {new_aes_key() for _ in range(20)}
    assert len(keys) == 20
    assert all(len(key) == 43 and key.isalnum() for key in keys)
