"""What is posted to an app's callback: the signed address and the locked body, and ways to forge them."""

import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum, auto
from typing import Any

from tests.emulators.tencent_cipher import Seal, padded, signature
from tests.emulators.tencent_clock import HOUR, Clock
from tests.emulators.tencent_xml import write

HEADERS = {"Content-Type": "text/xml", "User-Agent": "Mozilla/4.0", "Pragma": "no-cache"}
HUGE = 1024 * 1024
BOMB = '<!DOCTYPE xml [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'


class Forgery(StrEnum):
    """A letter that an app has to refuse."""

    SIGNATURE = auto()
    """One letter of the signature is another."""
    UNSIGNED = auto()
    OTHER_TOKEN = auto()
    """Signed with a token that is not the app's."""
    OTHER_KEY = auto()
    """Rightly signed, but locked with another key."""
    CORPID = auto()
    """Rightly signed and locked, but for another company."""
    PADDING = auto()
    """The last block ends in nonsense."""
    LENGTH = auto()
    """The frame says it is longer than it is."""
    TRUNCATED = auto()
    """The base64 stops in the middle."""
    STALE = auto()
    """All is right, but it was signed an hour ago."""
    OUTER_DOCTYPE = auto()
    INNER_DOCTYPE = auto()
    INNER_JUNK = auto()
    """What was locked is no XML."""
    NOT_XML = auto()
    EMPTY = auto()
    HUGE = auto()
    """A megabyte, rightly locked and signed."""


@dataclass(frozen=True, slots=True)
class Letter:
    query: dict[str, str]
    body: bytes


@dataclass(slots=True)
class Stationery:
    """Writes letters to one app; timestamp and nonce are fresh in each."""

    token: str
    aes_key: str
    corpid: str
    agentid: int
    clock: Clock = field(default_factory=Clock)

    @property
    def seal(self) -> Seal:
        return Seal(self.aes_key, self.corpid)

    def greeting(self, echo: str) -> dict[str, str]:
        """The query of the verification: the echo is locked, unlike an official account's."""
        locked = self.seal.encrypt(echo)
        return self._signed(locked) | {"echostr": locked}

    def letter(self, fields: Mapping[str, Any]) -> Letter:
        return self.around(self.seal.encrypt(write(fields)))

    def around(self, locked: str) -> Letter:
        return Letter(self._signed(locked), self._outer(locked).encode())

    def forged(self, forgery: Forgery, fields: Mapping[str, Any]) -> Letter:
        inner = write(fields)
        good = self.around(self.seal.encrypt(inner))
        match forgery:
            case Forgery.SIGNATURE:
                return replace(good, query=good.query | {"msg_signature": _spoilt(good.query)})
            case Forgery.UNSIGNED:
                return replace(good, query={k: v for k, v in good.query.items() if k != "msg_signature"})
            case Forgery.OTHER_TOKEN:
                return replace(self, token=self.token[::-1]).letter(fields)
            case Forgery.STALE:
                return replace(self, clock=_an_hour_ago(self.clock)).letter(fields)
            case Forgery.OUTER_DOCTYPE:
                return replace(
                    good, body=BOMB.encode() + good.body.replace(b"<AgentID>", b"<x>&b;</x><AgentID>")
                )
            case Forgery.NOT_XML:
                return replace(good, body=good.body[:-20])
            case Forgery.EMPTY:
                return replace(good, body=b"")
            case _:
                return self.around(self._locked_badly(forgery, inner))

    def _locked_badly(self, forgery: Forgery, inner: str) -> str:
        """Forgeries inside the lock: the signature over them is right."""
        seal, noise = self.seal, secrets.token_bytes(16)
        frame = seal.frame(inner, noise)
        match forgery:
            case Forgery.OTHER_KEY:
                return replace(seal, aes_key=new_aes_key()).encrypt(inner)
            case Forgery.CORPID:
                return replace(seal, receiver="ww0000000000000000").encrypt(inner)
            case Forgery.PADDING:
                return seal.lock(padded(frame)[:-1] + b"\x21")
            case Forgery.LENGTH:
                return seal.lock(padded(noise + b"\x7f\xff\xff\xff" + frame[20:]))
            case Forgery.TRUNCATED:
                return seal.encrypt(inner)[:-21]
            case Forgery.INNER_DOCTYPE:
                return seal.encrypt(BOMB + inner.replace("<xml>", "<xml><Evil>&b;</Evil>", 1))
            case Forgery.INNER_JUNK:
                return seal.encrypt(inner[: len(inner) // 2])
            case _:
                return seal.encrypt(inner.replace("<xml>", f"<xml><Fill>{'x' * HUGE}</Fill>", 1))

    def _signed(self, locked: str) -> dict[str, str]:
        stamp, nonce = str(self.clock.date()), str(secrets.randbelow(2**31))
        signed = signature(self.token, stamp, nonce, locked)
        return {"msg_signature": signed, "timestamp": stamp, "nonce": nonce}

    def _outer(self, locked: str) -> str:
        return write({"ToUserName": self.corpid, "Encrypt": locked, "AgentID": str(self.agentid)})


def new_aes_key() -> str:
    """43 characters, as the console draws them: not always canonical base64."""
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(43))


def _spoilt(query: Mapping[str, str]) -> str:
    right = query["msg_signature"]
    return ("0" if right[0] != "0" else "1") + right[1:]


def _an_hour_ago(clock: Clock) -> Clock:
    earlier = Clock()
    earlier.skew = clock.skew - HOUR
    return earlier
