"""Tencent's seals, held against the samples of its own documents and of other people's libraries."""

from __future__ import annotations

import json

import pytest

from tests.emulators.tencent_cipher import Broken, Seal, padded, signature
from tests.emulators.tencent_xml import NotXml, read, write

A43 = "A" * 43
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
NOISE = b"aaaabbbbccccdddd"

OFFICIAL_PUSH = (
    "+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQq"
    "cvZqzDpVzazhZv6JsXUnnR8XGT740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuM"
    "cp3Fn2Pede2IuQrKEYwKSqFIZoNqJ4M8EajAsjLY2km32IIjdf8YL/P50F7mStwntrA2cPDrM1kb6mOcfBgRtWygb3"
    "VIYnSeOBrebufAlr7F9mFUPAJGj04="
)
OFFICIAL_REPLY = "ELGduP2YcVatjqIS+eZbp80MNLoAUWvzzyJxgGzxZO/5sAvd070Bs6qrLARC9nVHm48Y4hyRbtzve1L32tmxSQ=="
COMPANY_PUSH = (
    "RypEvHKD8QQKFhvQ6QleEB4J58tiPdvo+rtK1I9qca6aM/wvqnLSV5zEPeusUiX5L5X/0lWfrf0QADHHhGd3QczcdC"
    "Upj911L3vg3W/sYYvuJTs3TUUkSUXxaccAS0qhxchrRYt66wiSpGLYL42aM6A8dTT+6k4aSknmPj48kzJs8qLjvd4X"
    "gpue06DOdnLxAUHzM6+kDZ+HMZfJYuR+LtwGc2hgf5gsijff0ekUNXZiqATP7PF5mZxZ3Izoun1s4zG4LUMnvw2r+K"
    "qCKIw+3IQH03v+BCA9nMELNqbSf6tiWSrXJB3LAVGUcallcrw8V2t9EL4EhzJWrQUax5wLVMNS0+rUPA3k22Ncx4XX"
    "ZS9o0MBH27Bo6BpNelZpS+/uh9KsNlY6bHCmJU9p8g7m3fVKn28H3KDYA5Pl/T8Z1ptDAVe0lXdQ2YoyyH2uyPIGHB"
    "ZZIs2pDBS8R07+qN+E7Q=="
)
COMPANY_ECHO = "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ=="
CHINESE = "jn1L23DB+6ELqJ+6bruv21Y6MD7KeIfP82D6gU39rmkgczbWwt5+3bnyg5K55bgVtVzd832WzZGMhkP72vVOfg=="
XML_PUSH = (
    "jn1L23DB+6ELqJ+6bruv21x42EZs7S1eI/YJ0EwKfCxpAwEhUVBRU+y+sXOSIqygYdcArJqe4urzbqaymjtShTW/kH"
    "/QKy8nrfRXcVOrpIz4FJoVQyi6iqGDxnx8uwb1A7wkXiaAXJfqIqWxRWJhMYhCRtMX1m7jHgJ8nBK3SZ1NiV+lvujn"
    "CxHaBd71JTBK8bLfNg8pqj5ESKlK3N+kpWN4oZB+yTlN2+3bW/hWDdh+24+4vCgEVQqFdmeSu6S6UWP+qHA7+D/8l7"
    "ibQym4VkqY0EFH3DN2fc7hZsjvf7nV1l2YLlJ1RQKcLzzbqYtN1lPBYBigJ7z2IqQVqkOMHKtPPeeMMqW7p6qng53F"
    "c3PWhEep1aTjpxumRXJW4ylJ"
)
XML_TEXT = (
    "<xml><ToUserName><![CDATA[gh_1]]></ToUserName><FromUserName><![CDATA[oUser]]></FromUserName>"
    "<CreateTime>1700000000</CreateTime><MsgType><![CDATA[text]]></MsgType>"
    "<Content><![CDATA[报修]]></Content><MsgId>24295000000000001</MsgId></xml>"
)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (("AAAAA", "1714036504", "1514711492"), "f464b24fc39322e44b38aa78f5edd27bd1441696"),
        (("AAAAA", "1714037059", "486452656"), "899cf89e464efb63f54ddac96b0a0a235f53aa78"),
        (("AAAAA", "1714112445", "415670741"), "6c5c811b55cc85e0e1b54100749188c20beb3f5d"),
        (
            ("AAAAA", "1714112445", "415670741", OFFICIAL_PUSH),
            "046e02f8204d34f8ba5fa3b1db94908f3df2e9b3",
        ),
        (
            ("AAAAA", "1713424427", "415670741", OFFICIAL_REPLY),
            "1b9339964ed2e271e7c7b6ff2b0ef902fc94dea1",
        ),
        (
            ("QDG6eK", "1409659589", "263014780", COMPANY_ECHO),
            "5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3",
        ),
        (
            ("QDG6eK", "1409659813", "1372623149", COMPANY_PUSH),
            "477715d11cdb4164915debcba66cb864d751f3e6",
        ),
        (("tok3n", "1700000000", "nonce1"), "e3a36ae6f86fb6f3782349207b367412074e8590"),
        (("tok3n", "1700000000", "nonce1", XML_PUSH), "21ed77222fd83dfbf2f6328d140cd35c93c9cd73"),
        (
            ("RMNlACHlV5ThzfRlVS4D4", "timestamp", "nonce", "encrypt"),
            "8edac0945683c119ee71c9f6256d76c48aa08a96",
        ),
    ],
)
def test_signatures_of_the_samples(parts: tuple[str, ...], expected: str) -> None:
    assert signature(*parts) == expected


def test_the_official_push_opens() -> None:
    told = json.loads(Seal(A43, "wxba5fad812f8e6fb9").decrypt(OFFICIAL_PUSH))
    assert (told["Event"], told["debug_str"]) == ("debug_demo", "hello world")


@pytest.mark.parametrize(
    ("key", "receiver", "noise", "message", "expected"),
    [
        (A43, "wxba5fad812f8e6fb9", b"707722b803182950", '{"demo_resp":"good luck"}', OFFICIAL_REPLY),
        (LETTERS, "wxb11529c136998cb6", NOISE, "我是中文abcd123", CHINESE),
        (LETTERS, "wxb11529c136998cb6", NOISE, XML_TEXT, XML_PUSH),
    ],
    ids=["official reply", "Chinese, and a key with bits to spare", "XML"],
)
def test_samples_are_sealed_and_opened(
    key: str, receiver: str, noise: bytes, message: str, expected: str
) -> None:
    seal = Seal(key, receiver)
    assert seal.encrypt(message, noise) == expected
    assert seal.decrypt(expected) == message


@pytest.mark.parametrize(
    ("key", "receiver", "encrypted", "expected"),
    [
        (
            "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C",
            "wx5823bf96d3bd56c7",
            COMPANY_ECHO,
            "1616140317555161061",
        ),
        (
            "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR",
            "wx49f0ab532d5d035a",
            "4ByGGj+sVCYcvGeQYhaKIk1o0pQRNbRjxybjTGblXrBaXlTXeOo1+bXFXDQQb1o6co6Yh9Bv41n7hOchLF6p+Q==",
            "5927782489442352469",
        ),
        (
            "CyjBvGm4tJNmcThkeL5Wajzom4jKlBygKtpTkYeqsnE",
            "wwedab3d5fc43636d8",
            "o1XtmVltGmUAqoWee54yd4Q5ZBgrw4/9lFo5qdZoVPd1DybzarjuYCfFlR2AFbAcWHwFgmbrVBD+f9910QIF6g==",
            "6058207018001857403",
        ),
    ],
)
def test_echoes_of_the_samples(key: str, receiver: str, encrypted: str, expected: str) -> None:
    assert Seal(key, receiver).decrypt(encrypted) == expected


def test_the_company_sample_opens() -> None:
    opened = Seal("jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C", "wx5823bf96d3bd56c7").decrypt(COMPANY_PUSH)
    told = read(opened)
    assert (told["Content"], told["FromUserName"], told["AgentID"]) == ("hello", "mycreate", "218")


@pytest.mark.parametrize("length", range(40))
def test_any_length_comes_back(length: int) -> None:
    seal = Seal(LETTERS, "wx1")
    assert seal.decrypt(seal.encrypt("x" * length)) == "x" * length


def test_what_is_wrong_does_not_open() -> None:
    seal = Seal(LETTERS, "wx1")
    good = seal.encrypt("您好")
    frame = seal.frame("您好", NOISE)
    for wrong, why in [
        ("", "no whole blocks"),
        ("*" * 24, "not base64"),
        (good[:20], "no whole blocks"),
        (seal.lock(padded(frame)[:-1] + b"\x21"), "padding"),
        (seal.lock(padded(frame)[:-1] + b"\x00"), "padding"),
        (seal.lock(padded(frame[:10])), "shorter"),
        (seal.lock(padded(frame[:16] + b"\x7f\xff\xff\xff" + frame[20:])), "shorter"),
        (Seal(LETTERS, "wx2").encrypt("您好"), "meant for"),
    ]:
        with pytest.raises(Broken, match=why):
            seal.decrypt(wrong)


def test_xml_goes_there_and_back() -> None:
    fields = {
        "A": "a ]]> <b>&amp;",
        "N": 5,
        "L": ["x", "y"],
        "D": {"item": [{"T": "1"}, {"T": "2"}]},
        "E": "",
    }
    assert read(write(fields)) == fields | {"N": "5"}
    assert write({"N": 5, "T": "\x01ok\x0b"}) == "<xml><N>5</N><T><![CDATA[ok]]></T></xml>"


@pytest.mark.parametrize("wrong", ["", "{}", "<a/>", "<xml>", b"\xff<xml/>", "<xml>\x01</xml>"])
def test_what_is_no_xml_is_refused(wrong: str | bytes) -> None:
    with pytest.raises(NotXml):
        read(wrong)
