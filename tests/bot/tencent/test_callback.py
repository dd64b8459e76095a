"""Strangers are turned away, all alike, and heard by nobody; what is meant for us gets its answer."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from bot.reception import DatabaseDown, TryLater
from bot.tencent import xml
from bot.tencent.callback import Callback
from bot.tencent.crypto import Cipher, _aes, _key
from bot.tencent.envelope import MOST_BYTES, Envelope
from tests.bot.tencent.test_envelope import (
    APPID,
    KEY,
    WORDS,
    body,
    letter_of,
    plain,
    query,
    sealed_query,
    secure,
)
from tests.bot.tencent.test_xml import HOSTILE
from tests.bot.tencent.vectors import WECOM_GREETING

PATH = "http://door/wechat/callback"


class Desk:
    """Answers with `reply`, or fails with `fails`, and keeps what it heard."""

    def __init__(self) -> None:
        self.heard: list[Mapping[str, Any]] = []
        self.reply: Mapping[str, Any] | None = None
        self.fails: Exception | None = None

    async def __call__(self, fields: Mapping[str, Any]) -> Mapping[str, Any] | None:
        self.heard.append(fields)
        if self.fails is not None:
            raise self.fails
        return self.reply


@pytest.fixture
def desk() -> Desk:
    return Desk()


def caller(envelope: Envelope, desk: Desk, *, wecom: bool = False) -> httpx.AsyncClient:
    greet = envelope.greet_sealed if wecom else envelope.greet
    app = Callback("wecom" if wecom else "wechat", envelope, greet, desk)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), trust_env=False)


async def test_wechat_hears_its_own_words_and_nothing_else(desk: Desk) -> None:
    async with caller(secure(), desk) as wechat:
        answer = await wechat.get(PATH, params=query(echostr="<script>4375</script>"))
    assert (answer.status_code, answer.content) == (200, b"<script>4375</script>")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert not desk.heard


async def test_wecom_hears_what_it_had_sealed(desk: Desk) -> None:
    letter = WECOM_GREETING
    envelope = Envelope(letter.token, [letter.key], letter.receiver, now=lambda: float(letter.timestamp))
    asked = {
        "msg_signature": letter.signed,
        "timestamp": letter.timestamp,
        "nonce": letter.nonce,
        "echostr": letter.encrypted,
    }
    async with caller(envelope, desk, wecom=True) as wecom:
        answer = await wecom.get(PATH, params=asked)
    assert (answer.status_code, answer.content) == (200, letter.message.encode())


async def test_a_sealed_letter_gets_a_sealed_answer(desk: Desk) -> None:
    desk.reply = {"ToUserName": "oUser", "MsgType": "text", "Content": "已收到 ]]>"}
    asked, sent = letter_of(WORDS)
    async with caller(secure(), desk) as wechat:
        answer = await wechat.post(PATH, params=asked, content=sent)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/xml; charset=utf-8")
    fields = xml.read(answer.content)
    assert fields["Nonce"] == asked["nonce"]
    assert xml.read(Cipher([KEY], APPID).decrypt(fields["Encrypt"]).encode()) == desk.reply
    assert desk.heard == [WORDS]


async def test_an_open_letter_gets_an_open_answer(desk: Desk) -> None:
    desk.reply = {"MsgType": "text", "Content": "已收到"}
    async with caller(plain(), desk) as wechat:
        answer = await wechat.post(PATH, params=query(), content=xml.write(WORDS).encode())
    assert xml.read(answer.content) == desk.reply


async def test_where_there_is_nothing_to_say_it_is_success(desk: Desk) -> None:
    asked, sent = letter_of(WORDS)
    async with caller(secure(), desk) as wechat:
        answer = await wechat.post(PATH, params=asked, content=sent)
    assert (answer.status_code, answer.content) == (200, b"success")


@pytest.mark.parametrize("fails", [TryLater(), DatabaseDown()])
async def test_what_could_not_be_handled_is_to_come_again(desk: Desk, fails: Exception) -> None:
    desk.fails = fails
    asked, sent = letter_of(WORDS)
    async with caller(secure(), desk) as wechat:
        answer = await wechat.post(PATH, params=asked, content=sent)
    assert (answer.status_code, answer.content) == (503, b"")


async def test_other_methods(desk: Desk) -> None:
    async with caller(secure(), desk) as wechat:
        for method in ("PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"):
            answer = await wechat.request(method, PATH, params=query(echostr="1"))
            assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")


def _refused() -> Iterator[tuple[str, dict[str, str], bytes]]:
    asked, sent = letter_of(WORDS)
    yield "no query", {}, sent
    yield "another signature", asked | {"msg_signature": "0" * 40}, sent
    yield "a signature that is no ascii", asked | {"msg_signature": "签"}, sent
    yield "an old letter", sealed_query(xml.text(xml.read(sent), "Encrypt"), "1600000000"), sent
    yield "not sealed", asked, xml.write(WORDS).encode()
    yield "far too many parameters", asked | {f"x{n}": "1" for n in range(40)}, sent
    yield ("another receiver", *letter_of(WORDS, receiver="wxother"))
    yield ("another key", *letter_of(WORDS, key="B" * 43))
    for name, encrypted in _badly_sealed():
        yield name, sealed_query(encrypted), body(encrypted)
    for name, hostile in HOSTILE.items():
        yield f"{name} in the open", asked, hostile
        if b"\0" not in hostile and name not in ("not UTF-8",):
            encrypted = Cipher([KEY], APPID).encrypt(hostile.decode())
            yield f"{name} in a seal", sealed_query(encrypted), body(encrypted)


def _badly_sealed() -> Iterator[tuple[str, str]]:
    def locked(frame: bytes) -> str:
        return base64.b64encode(_aes(_key(KEY)).encryptor().update(frame)).decode()

    yield "padding of nothing", locked(bytes(64))
    yield "padding of 33", locked(b"x" * 31 + bytes([33]) * 33)
    yield "longer than it is", locked(b"x" * 16 + b"\xff" * 4 + b"x" * 11 + b"\x01")
    yield "half of base64", locked(bytes(64))[:-1]
    yield "no base64", "报修"
    yield "half a block", base64.b64encode(bytes(24)).decode()


REFUSED = list(_refused())


@pytest.mark.parametrize(("asked", "sent"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
async def test_all_who_are_refused_are_refused_alike(desk: Desk, asked: dict[str, str], sent: bytes) -> None:
    async with caller(secure(), desk) as stranger:
        with capture_logs() as logged:
            answer = await stranger.post(PATH, params=asked, content=sent)
    assert (answer.status_code, answer.content) == (403, b"")
    assert not desk.heard
    assert [line["event"] for line in logged] == ["callback_refused"]
    assert "oUser" not in str(logged)


@pytest.mark.parametrize("wecom", [False, True])
async def test_a_stranger_who_greets_is_refused_alike(desk: Desk, wecom: bool) -> None:
    async with caller(secure(), desk, wecom=wecom) as stranger:
        for asked in ({}, query() | {"signature": "0" * 40, "msg_signature": "0" * 40, "echostr": "x"}):
            answer = await stranger.get(PATH, params=asked)
            assert (answer.status_code, answer.content) == (403, b"")


async def test_a_megabyte_is_too_large_whether_it_says_so_or_not(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def parsed(_body: bytes) -> dict[str, Any]:
        raise AssertionError("nobody should parse this")

    monkeypatch.setattr(xml, "read", parsed)
    asked, _ = letter_of(WORDS)
    megabyte = b"<xml>" + b"x" * 2**20 + b"</xml>"

    async def in_pieces() -> Any:
        for start in range(0, len(megabyte), 4096):
            yield megabyte[start : start + 4096]

    async with caller(secure(), desk) as stranger:
        for content in (megabyte, in_pieces()):
            answer = await stranger.post(PATH, params=asked, content=content)
            assert (answer.status_code, answer.content) == (413, b"")
        lying = {"content-length": "9" * 30}
        answer = await stranger.post(PATH, params=asked, content=b"<xml/>", headers=lying)
        assert answer.status_code == 413
    assert not desk.heard


async def test_the_cap_is_exact(desk: Desk) -> None:
    padding = MOST_BYTES - len(b"<xml><A></A></xml>")
    async with caller(plain(), desk) as wechat:
        for more, status in ((0, 200), (1, 413)):
            content = b"<xml><A>" + b"x" * (padding + more) + b"</A></xml>"
            answer = await wechat.post(PATH, params=query(), content=content)
            assert answer.status_code == status


async def test_who_hangs_up_is_neither_heard_nor_answered(desk: Desk) -> None:
    asked, sent = letter_of(WORDS)
    events = iter(
        [{"type": "http.request", "body": sent[:50], "more_body": True}, {"type": "http.disconnect"}]
    )

    async def receive() -> Any:
        return next(events)

    async def send(message: Any) -> None:
        raise AssertionError(message)

    scope = {"type": "http", "method": "POST", "headers": [], "query_string": b""}
    scope["query_string"] = str(httpx.QueryParams(asked)).encode()
    await Callback("wechat", secure(), secure().greet, desk)(scope, receive, send)
    assert not desk.heard


async def test_the_same_letter_again_is_opened_again(desk: Desk) -> None:
    """The inbox knows it by its id; the envelope does not."""
    asked, sent = letter_of(WORDS)
    async with caller(secure(), desk) as wechat:
        for _ in range(2):
            assert (await wechat.post(PATH, params=asked, content=sent)).status_code == 200
    assert desk.heard == [WORDS, WORDS]
