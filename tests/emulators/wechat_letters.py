"""What WeChat posts to an account's server: the signed address and the body, plain, sealed or both."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.emulators.tencent_cipher import Seal, signature
from tests.emulators.tencent_clock import Clock
from tests.emulators.tencent_xml import write
from tests.emulators.wechat_world import Account, Mode

HEADERS = {"Content-Type": "text/xml", "User-Agent": "Mozilla/4.0", "Pragma": "no-cache"}


@dataclass(frozen=True, slots=True)
class Letter:
    """One attempt: its query, its body, and the seal it was closed with."""

    query: dict[str, str]
    body: bytes
    seal: Seal


@dataclass(frozen=True, slots=True)
class Stationery:
    """Writes letters as the account's mode wants them; nonce and timestamp are fresh in each."""

    account: Account
    clock: Clock

    def greeting(self) -> dict[str, str]:
        """The query of the verification; `echostr` has to come back."""
        return self.signed() | {"echostr": str(secrets.randbelow(10**19))}

    def signed(self) -> dict[str, str]:
        stamp, nonce = str(self.clock.date()), str(secrets.randbelow(2**31))
        return {"signature": signature(self.account.token, stamp, nonce), "timestamp": stamp, "nonce": nonce}

    def letter(self, fields: Mapping[str, Any]) -> Letter:
        return self.enclose(write(fields), str(fields.get("FromUserName", "")), fields)

    def enclose(self, inner: str, openid: str, beside: Mapping[str, Any] | None = None) -> Letter:
        """A letter around any text; `beside` are the plain fields that compatible mode leaves readable."""
        seal = self.account.seal
        match self.account.mode:
            case Mode.PLAIN:
                return Letter(self.signed() | {"openid": openid}, inner.encode(), seal)
            case Mode.COMPATIBLE:
                return self.sealed(seal.encrypt(inner), openid, beside)
            case Mode.SECURE:
                return self.sealed(seal.encrypt(inner), openid)

    def sealed(self, encrypted: str, openid: str, beside: Mapping[str, Any] | None = None) -> Letter:
        fields = {**(beside or {"ToUserName": self.account.original}), "Encrypt": encrypted}
        query = self.signed() | {"openid": openid, "encrypt_type": "aes"}
        query["msg_signature"] = signature(self.account.token, query["timestamp"], query["nonce"], encrypted)
        return Letter(query, write(fields).encode(), self.account.seal)
