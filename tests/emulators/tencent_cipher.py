"""Tencent's seals: what is posted to a callback is signed and locked with them, the answers are opened.

WeChat docs: 消息加解密说明; WeCom docs: 加解密方案说明. The receiver is the appid of an official account,
the corpid of a company, or empty for an intelligent robot.
"""

import base64
import binascii
import hashlib
import secrets
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

BLOCK = 32
"""The padding fills up to this many bytes, though the cipher's own block is 16."""


class Broken(Exception):
    """What was answered does not open; the message says why, as only a test may be told."""


def signature(token: str, *parts: str) -> str:
    return hashlib.sha1("".join(sorted((token, *parts))).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Seal:
    """The 43 characters of an EncodingAESKey, and for whom (or from whom) they lock."""

    aes_key: str
    receiver: str

    @property
    def key(self) -> bytes:
        return base64.b64decode(self.aes_key + "=")

    def encrypt(self, message: str, noise: bytes = b"") -> str:
        """`noise`: the 16 random bytes in front; drawn when not given."""
        return self.lock(padded(self.frame(message, noise or secrets.token_bytes(16))))

    def frame(self, message: str, noise: bytes) -> bytes:
        body = message.encode()
        return noise + len(body).to_bytes(4, "big") + body + self.receiver.encode()

    def lock(self, plain: bytes) -> str:
        """Any plain bytes of whole blocks, well padded or not."""
        locker = self._cipher().encryptor()
        return base64.b64encode(locker.update(plain) + locker.finalize()).decode()

    def decrypt(self, encrypted: str) -> str:
        plain = unpadded(self._unlocked(encrypted))
        length = int.from_bytes(plain[16:20], "big")
        message, receiver = plain[20 : 20 + length], plain[20 + length :]
        if len(plain) < 20 or len(message) < length:
            raise Broken("the frame is shorter than it says")
        if receiver != self.receiver.encode():
            raise Broken(f"meant for {receiver!r}, not for {self.receiver!r}")
        return message.decode()

    def _unlocked(self, encrypted: str) -> bytes:
        try:
            locked = base64.b64decode(encrypted, validate=True)
        except binascii.Error as wrong:
            raise Broken(f"not base64: {wrong}") from wrong
        if not locked or len(locked) % 16:
            raise Broken(f"{len(locked)} bytes are no whole blocks")
        unlocker = self._cipher().decryptor()
        return unlocker.update(locked) + unlocker.finalize()

    def _cipher(self) -> Cipher[modes.CBC]:
        return Cipher(algorithms.AES(self.key), modes.CBC(self.key[:16]))


def padded(frame: bytes) -> bytes:
    missing = BLOCK - len(frame) % BLOCK
    return frame + bytes([missing]) * missing


def unpadded(plain: bytes) -> bytes:
    size = plain[-1]
    if not 1 <= size <= BLOCK or plain[-size:] != bytes([size]) * size:
        raise Broken("the padding is wrong: another key, or tampered with")
    return plain[:-size]
