"""Ways to open WeChat's envelopes and to seal the answers: ours, and those of the peers."""

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from itertools import count
from typing import Any

from benchmarks.official import AES_KEY, APPID, ORIGINAL, SEAL, TOKEN, openid, picture, words
from benchmarks.seal import Letter
from bot.tencent import xml
from bot.tencent.envelope import Envelope

WHO = openid(1)
MEDIA = "oBm9X2kq7Lr4TzYw1VsEJ8hNf3UgQaPd6CtRiKb5Zx0uMGvWnHjSlOyFeDcA2p7"
PICTURE = f"http://mmbiz.qpic.cn/mmbiz_jpg/{MEDIA}/0"
SHORT = "厨房水龙头一直滴水"
LONG = (
    "厨房水槽下面的软管接头昨天晚上开始渗水，今天早上地柜里已经积了一层，我把总阀关小以后稍微好一点，但是还"
    "在滴，楼下邻居说他家天花板也湿了一块，麻烦师傅尽快来看，来之前请先打电话。"
)
_numbers = count(24_000_000_000_000_000)


@dataclass(frozen=True, slots=True)
class Payload:
    """What is in the envelope: words, or a photo and its address; `content` is what a bot wants of it."""

    title: str
    kind: str
    content: str

    def letter(self) -> Letter:
        number = next(_numbers)
        inside = (
            words(WHO, number, self.content)
            if self.kind == "text"
            else picture(WHO, number, self.content, MEDIA)
        )
        return SEAL.letter(inside, ORIGINAL, WHO)

    @property
    def answered(self) -> str:
        """What a reply of this kind holds: the same words, or the id of a photo."""
        return self.content if self.kind == "text" else MEDIA


PAYLOADS = (
    Payload("a short text", "text", SHORT),
    Payload("600 Chinese characters", "text", (LONG * 7)[:600]),
    Payload("a photo", "image", PICTURE),
)


@dataclass(frozen=True, slots=True)
class Opener:
    """A library, tried as its documentation shows it.

    `open` decrypts a letter, verifies and parses it, and gives who wrote what; `seal` makes the body of a
    response to a nonce from its payload.
    """

    title: str
    open: Callable[[Letter], tuple[str, str]]
    seal: Callable[[Payload, str], str]


def openers() -> Iterator[Opener | str]:
    """All of them; of one that is not installed only the name."""
    yield ours()
    for title, made in (("wechatpy", wechatpy), ("WeRoBot", werobot)):
        try:
            yield made()
        except ModuleNotFoundError:
            yield title


def ours() -> Opener:
    envelope = Envelope(TOKEN, [AES_KEY], APPID)

    def opened(letter: Letter) -> tuple[str, str]:
        fields = envelope.opened(letter.query, letter.body)
        content = "Content" if fields["MsgType"] == "text" else "PicUrl"
        return xml.text(fields, "FromUserName"), xml.text(fields, content)

    def sealed(payload: Payload, nonce: str) -> str:
        head = {"ToUserName": WHO, "FromUserName": ORIGINAL, "CreateTime": 1700000000}
        if payload.kind == "text":
            return envelope.sealed({**head, "MsgType": "text", "Content": payload.answered}, nonce)
        image = {"MediaId": payload.answered}
        return envelope.sealed({**head, "MsgType": "image", "Image": image}, nonce)

    return Opener("Wubu", opened, sealed)


def wechatpy() -> Opener:
    parse = module("wechatpy").parse_message
    crypto = module("wechatpy.crypto").WeChatCrypto(TOKEN, AES_KEY, APPID)
    replies = module("wechatpy.replies")

    def opened(letter: Letter) -> tuple[str, str]:
        query = letter.query
        inside = crypto.decrypt_message(
            letter.body, query["msg_signature"], query["timestamp"], query["nonce"]
        )
        message = parse(inside)
        return message.source, message.content if message.type == "text" else message.image

    def sealed(payload: Payload, nonce: str) -> str:
        head = {"source": ORIGINAL, "target": WHO, "time": 1700000000}
        if payload.kind == "text":
            reply = replies.TextReply(**head, content=payload.answered)
        else:
            reply = replies.ImageReply(**head, media_id=payload.answered)
        return str(crypto.encrypt_message(reply, nonce))

    return Opener("wechatpy", opened, sealed)


def werobot() -> Opener:
    parser, replies = module("werobot.parser"), module("werobot.replies")
    crypt = module("werobot.crypto").MessageCrypt(TOKEN, AES_KEY, APPID)

    def opened(letter: Letter) -> tuple[str, str]:
        query, outside = letter.query, parser.parse_xml(letter.body)
        inside = crypt.decrypt_message(
            query["timestamp"], query["nonce"], query["msg_signature"], outside["Encrypt"]
        )
        message = parser.process_message(parser.parse_xml(inside))
        return message.source, message.content if message.type == "text" else message.img

    def sealed(payload: Payload, nonce: str) -> str:
        head = {"source": ORIGINAL, "target": WHO, "time": 1700000000}
        if payload.kind == "text":
            reply = replies.TextReply(**head, content=payload.answered)
        else:
            reply = replies.ImageReply(**head, media_id=payload.answered)
        return str(crypt.encrypt_message(reply, nonce=nonce))

    return Opener("WeRoBot", opened, sealed)


def module(name: str) -> Any:
    """Somebody else's library, whose own warnings are not ours. Raises ModuleNotFoundError."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return import_module(name)
