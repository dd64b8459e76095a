"""The seal on the letters between WeChat and the bot, in the benchmark's own hand: the bot's is not used."""

import base64
import hashlib
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode
from xml.etree import ElementTree

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

BLOCK = 32
NOISE = 16


class Broken(AssertionError):
    """A reply that WeChat would not deliver; the message says why."""


@dataclass(frozen=True, slots=True)
class Letter:
    """What WeChat posts: the query of the address, and the body."""

    query: Mapping[str, str]
    body: bytes

    def request(self, port: int, path: str) -> bytes:
        return (
            f"POST {path}?{urlencode(self.query)} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
            f"Content-Type: text/xml\r\nContent-Length: {len(self.body)}\r\n\r\n"
        ).encode() + self.body


@dataclass(frozen=True, slots=True)
class Seal:
    """The token and the EncodingAESKey of an account, and its appid (WeChat docs: 消息加解密说明)."""

    token: str
    aes_key: str
    appid: str

    def signature(self, *parts: str) -> str:
        return hashlib.sha1("".join(sorted((self.token, *parts))).encode()).hexdigest()

    def letter(self, message: str, original: str, who: str) -> Letter:
        """The message in an envelope of the safe mode, with a nonce and a time of its own."""
        encrypted = self.closed(message)
        timestamp, nonce = str(int(time.time())), str(secrets.randbelow(10**10))
        query = {
            "signature": self.signature(timestamp, nonce),
            "timestamp": timestamp,
            "nonce": nonce,
            "openid": who,
            "encrypt_type": "aes",
            "msg_signature": self.signature(timestamp, nonce, encrypted),
        }
        body = (
            f"<xml><ToUserName><![CDATA[{original}]]></ToUserName>"
            f"<Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>"
        )
        return Letter(query, body.encode())

    def reply(self, body: bytes, nonce: str) -> dict[str, str]:
        """The fields of a reply to the letter with this nonce. Raises Broken unless all of it is right."""
        outside = fields(body)
        encrypted, timestamp = outside.get("Encrypt", ""), outside.get("TimeStamp", "")
        if outside.get("Nonce") != nonce:
            raise Broken(f"nonce {outside.get('Nonce')!r} in the reply to {nonce!r}")
        if not encrypted or outside.get("MsgSignature") != self.signature(timestamp, nonce, encrypted):
            raise Broken("the signature is not that of the reply")
        return fields(self.opened(encrypted))

    def closed(self, message: str) -> str:
        text = message.encode()
        frame = secrets.token_bytes(NOISE) + len(text).to_bytes(4, "big") + text + self.appid.encode()
        missing = BLOCK - len(frame) % BLOCK
        closing = self._cipher().encryptor()
        return base64.b64encode(closing.update(frame + bytes([missing]) * missing)).decode()

    def opened(self, encrypted: str) -> bytes:
        frame = self._cipher().decryptor().update(base64.b64decode(encrypted, validate=True))
        missing = frame[-1]
        if not 1 <= missing <= BLOCK or frame[-missing:] != bytes([missing]) * missing:
            raise Broken("wrong padding")
        end = NOISE + 4 + int.from_bytes(frame[NOISE : NOISE + 4], "big")
        if frame[end:-missing] != self.appid.encode():
            raise Broken("for another account")
        return frame[NOISE + 4 : end]

    def _cipher(self) -> Cipher[modes.CBC]:
        key = base64.b64decode(self.aes_key + "=")
        return Cipher(algorithms.AES(key), modes.CBC(key[:16]))


def fields(body: bytes) -> dict[str, str]:
    """The elements of a form and their texts, those of nested ones included. Raises Broken."""
    try:
        return {element.tag: element.text or "" for element in ElementTree.fromstring(body).iter()}
    except ElementTree.ParseError as error:
        raise Broken(f"no XML: {body[:200]!r}") from error
