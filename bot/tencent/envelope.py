"""The envelope around every letter of WeChat and WeCom: whom it is from, how old it is, what is inside."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.tencent import xml
from bot.tencent.crypto import Cipher, Untrusted, check, signature

MOST_BYTES = 64 * 1024
"""For the body of a callback; the door looks before anything is parsed."""
FRESH = 600.0
_LONGEST_TIMESTAMP = 12

Query = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Letter:
    """What was inside, and which key opened it: 0 is the newest."""

    fields: Mapping[str, Any]
    key: int = 0


class Envelope:
    """One account's mail. With `keys` (the newest first) every letter must be sealed, without none can be.

    `token` is the word both sides know, `receiver` our appid or corpid, `fresh` how many seconds the clock of
    a letter may differ from ours. Within that time the same letter, sent again by somebody who overheard it,
    opens again: it does no harm, because the inbox knows every message by its own id. Without keys the
    signature does not cover the body (WeChat docs: 明文模式), so only HTTPS keeps it from being changed.
    Raises ValueError for a token or key that cannot be one.
    """

    def __init__(
        self,
        token: str,
        keys: Sequence[str],
        receiver: str,
        *,
        fresh: float = FRESH,
        now: Callable[[], float] = time.time,
    ) -> None:
        if not token:
            raise ValueError("callbacks need a token")
        self._token, self._fresh, self._now = token, fresh, now
        self._cipher = Cipher(keys, receiver) if keys else None

    def greet(self, query: Query) -> str:
        """The answer to WeChat's first call: its echostr as it came (接入指南). Raises Untrusted."""
        self._check_plain(query)
        return _of(query, "echostr")

    def greet_sealed(self, query: Query) -> str:
        """The answer to the first call of WeCom: its echostr opened (验证URL有效性). Raises Untrusted."""
        return self._unsealed(query, _of(query, "echostr"))[0]

    def opened(self, query: Query, body: bytes) -> Mapping[str, Any]:
        """The fields of the letter in a body. Raises what `letter` raises."""
        return self.letter(query, body).fields

    def letter(self, query: Query, body: bytes) -> Letter:
        """The letter in a body. Raises Untrusted, or xml.Unreadable.

        What is refused is the same for a wrong signature, an old letter, a broken seal or another receiver;
        a letter without a seal is refused where there are keys, and one that is nothing but seal where there
        are none.
        """
        if self._cipher is not None:
            inside, key = self._unsealed(query, xml.text(xml.read(body), "Encrypt"))
            return Letter(xml.read(inside.encode()), key)
        self._check_plain(query)
        fields = xml.read(body)
        if "Encrypt" in fields and "MsgType" not in fields:
            raise Untrusted("sealed_but_no_key")
        return Letter(fields)

    def sealed(self, fields: Mapping[str, Any], nonce: str, key: int = 0) -> str:
        """A reply as XML, sealed if there are keys (WeChat docs: 被动回复用户消息).

        It takes the `key` that opened the letter it answers: while keys are changed, the vendor may not have
        the newest yet (WeChat docs: 消息加解密说明, 更换密钥).
        """
        reply = xml.write(fields)
        if self._cipher is None:
            return reply
        encrypted, timestamp = self._cipher.encrypt(reply, key=key), int(self._now())
        signed = signature(self._token, str(timestamp), nonce, encrypted)
        return xml.write(
            {"Encrypt": encrypted, "MsgSignature": signed, "TimeStamp": timestamp, "Nonce": nonce}
        )

    def _unsealed(self, query: Query, encrypted: str) -> tuple[str, int]:
        """The signature is looked at before the seal, so that nobody can learn from how a seal breaks."""
        if self._cipher is None:
            raise Untrusted("sealed_but_no_key")
        if not encrypted:
            raise Untrusted("not_sealed")
        timestamp, nonce = _of(query, "timestamp"), _of(query, "nonce")
        check(_of(query, "msg_signature"), self._token, timestamp, nonce, encrypted)
        self._check_age(timestamp)
        return self._cipher.unlocked(encrypted)

    def _check_plain(self, query: Query) -> None:
        timestamp, nonce = _of(query, "timestamp"), _of(query, "nonce")
        check(_of(query, "signature"), self._token, timestamp, nonce)
        self._check_age(timestamp)

    def _check_age(self, timestamp: str) -> None:
        digits = timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= _LONGEST_TIMESTAMP
        if not digits or abs(self._now() - int(timestamp)) > self._fresh:
            raise Untrusted("stale")


def _of(query: Query, name: str) -> str:
    found = query.get(name, "")
    if not found:
        raise Untrusted("incomplete")
    return found
