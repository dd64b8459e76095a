"""The seal on letters of WeChat and WeCom: nobody else can read them, nobody else can have written them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import struct
from collections.abc import Sequence

from cryptography.hazmat.primitives import ciphers
from cryptography.hazmat.primitives.ciphers import algorithms, modes

BLOCK = 32
"""Padding goes up to a multiple of this many bytes, not of the 16 of AES (WeChat docs: 消息加解密说明)."""
NOISE = 16
_AES_BLOCK = 16
_KEY_LETTERS = 43
_LENGTH = struct.Struct(">I")


class Untrusted(Exception):
    """A letter that is not from whom it says. `why` is one word for our own log, never for the caller."""

    def __init__(self, why: str = "seal") -> None:
        super().__init__(why)
        self.why = why


def signature(token: str, *parts: str) -> str:
    """SHA-1 in lower-case hex over the sorted parts in a row (WeChat docs: 消息推送, signature)."""
    pieces = sorted(part.encode("utf-8", "surrogatepass") for part in (token, *parts))
    return hashlib.sha1(b"".join(pieces), usedforsecurity=False).hexdigest()


def check(given: str, token: str, *parts: str) -> None:
    """Compares in constant time. Raises Untrusted unless `given` is the signature of the parts."""
    wanted = signature(token, *parts).encode()
    if not hmac.compare_digest(wanted, given.encode("utf-8", "surrogatepass")):
        raise Untrusted("signature")


class Cipher:
    """AES-256-CBC around a frame of noise, length, message and receiver (WeChat docs: 消息加解密说明).

    `keys` are EncodingAESKeys, the newest first; all of them read, and each can write. `receiver` is the
    appid of an official account, the corpid of a WeCom app. Raises ValueError for a key that is none.
    """

    def __init__(self, keys: Sequence[str], receiver: str) -> None:
        if not keys:
            raise ValueError("a cipher needs a key")
        self._keys = [_key(letters) for letters in keys]
        self._receiver = receiver.encode()

    def encrypt(self, message: str, noise: bytes = b"", *, key: int = 0) -> str:
        """The message sealed with the so-manieth key; `noise` is 16 random bytes, made up unless given."""
        noise = noise or os.urandom(NOISE)
        if len(noise) != NOISE:
            raise ValueError(f"noise has {NOISE} bytes")
        text = message.encode()
        frame = noise + _LENGTH.pack(len(text)) + text + self._receiver
        missing = BLOCK - len(frame) % BLOCK
        writing = _aes(self._keys[key]).encryptor()
        return base64.b64encode(writing.update(frame + bytes([missing]) * missing)).decode()

    def decrypt(self, encrypted: str) -> str:
        """What one of the keys opens. Raises Untrusted, the same for whatever is wrong."""
        return self.unlocked(encrypted)[0]

    def unlocked(self, encrypted: str) -> tuple[str, int]:
        """The same, and the key that opens it, counted from the newest."""
        sealed = _sealed(encrypted)
        for number, key in enumerate(self._keys):
            message = self._opened(key, sealed)
            if message is not None:
                return message, number
        raise Untrusted

    def _opened(self, key: bytes, sealed: bytes) -> str | None:
        frame = _unpadded(_aes(key).decryptor().update(sealed))
        start = NOISE + _LENGTH.size
        if len(frame) < start:
            return None
        end = start + _LENGTH.unpack_from(frame, NOISE)[0]
        if end > len(frame) or not hmac.compare_digest(frame[end:], self._receiver):
            return None
        try:
            return frame[start:end].decode()
        except UnicodeDecodeError:
            return None


def _key(letters: str) -> bytes:
    """The last letter may carry bits that stand for nothing; base64 is not asked to mind."""
    plain = letters.isascii() and letters.isalnum() and len(letters) == _KEY_LETTERS
    if not plain:
        raise ValueError(f"an EncodingAESKey has {_KEY_LETTERS} letters and digits")
    return base64.b64decode(letters + "=")


def _aes(key: bytes) -> ciphers.Cipher[modes.CBC]:
    return ciphers.Cipher(algorithms.AES(key), modes.CBC(key[:_AES_BLOCK]))


def _sealed(encrypted: str) -> bytes:
    try:
        sealed = base64.b64decode(encrypted, validate=True)
    except (binascii.Error, ValueError):
        raise Untrusted from None
    if not sealed or len(sealed) % _AES_BLOCK:
        raise Untrusted
    return sealed


def _unpadded(frame: bytes) -> bytes:
    """The frame without its padding; nothing at all when the padding is wrong."""
    padding = frame[-1]
    right = 1 <= padding <= BLOCK and frame.endswith(bytes([padding]) * padding)
    return frame[:-padding] if right else b""
