"""Letters that no honest WeChat would send: forged, spoiled, oversized, or dangerous to open."""

import base64
import secrets
from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum, auto

from tests.emulators.tencent_cipher import BLOCK, Seal, padded
from tests.emulators.tencent_errors import JSON
from tests.emulators.tencent_xml import write
from tests.emulators.wechat_letters import Letter, Stationery
from tests.emulators.wechat_world import Mode

HUGE_BYTES = 1024 * 1024
STALE_SECONDS = 3600.0
_DTD = '<!DOCTYPE xml [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;">]>'


class Damage(StrEnum):
    """What is wrong with a letter. Its signatures are right unless they are what is wrong."""

    SIGNATURE = auto()
    NO_SIGNATURE = auto()
    STALE = auto()
    """Written an hour ago."""
    NOT_XML = auto()
    DOCTYPE = auto()
    """A document type with entities, outermost."""
    HUGE = auto()
    """A megabyte."""
    WRONG_APPID = auto()
    BAD_PADDING = auto()
    TRUNCATED = auto()
    """The base64 ends too soon."""
    ANOTHER_KEY = auto()
    FALSE_LENGTH = auto()
    """The frame says it is longer than it is."""
    SEALED_DOCTYPE = auto()
    """Well sealed, and inside a document type with entities."""
    PLAIN = auto()
    """Not sealed at all."""


FOR_THE_SEAL = {
    *(Damage.WRONG_APPID, Damage.BAD_PADDING, Damage.TRUNCATED, Damage.ANOTHER_KEY),
    *(Damage.FALSE_LENGTH, Damage.SEALED_DOCTYPE, Damage.PLAIN),
}
"""Damages that only a sealed letter can have."""

Spoil = Callable[[Stationery, JSON], Letter]


def spoiled(stationery: Stationery, fields: JSON, damage: Damage) -> Letter:
    if damage in FOR_THE_SEAL and stationery.account.mode is not Mode.SECURE:
        raise ValueError(f"{damage} needs an account in secure mode")
    return _SPOIL[damage](stationery, fields)


def _false_signature(stationery: Stationery, fields: JSON) -> Letter:
    letter = stationery.letter(fields)
    names = [name for name in ("signature", "msg_signature") if name in letter.query]
    return replace(letter, query=letter.query | {name: secrets.token_hex(20) for name in names})


def _no_signature(stationery: Stationery, fields: JSON) -> Letter:
    letter = stationery.letter(fields)
    return replace(letter, query={k: v for k, v in letter.query.items() if not k.endswith("signature")})


def _stale(stationery: Stationery, fields: JSON) -> Letter:
    clock = stationery.clock
    clock.skew -= STALE_SECONDS
    try:
        return stationery.letter(fields)
    finally:
        clock.skew += STALE_SECONDS


def _not_xml(stationery: Stationery, fields: JSON) -> Letter:
    return replace(stationery.letter(fields), body=b'{"ToUserName": "gh_x"}')


def _doctype(stationery: Stationery, fields: JSON) -> Letter:
    letter = stationery.letter(fields)
    return replace(letter, body=_DTD.encode() + letter.body)


def _huge(stationery: Stationery, fields: JSON) -> Letter:
    return stationery.letter(fields | {"Content": "大" * (HUGE_BYTES // 3)})


def _wrong_appid(stationery: Stationery, fields: JSON) -> Letter:
    stranger = Seal(stationery.account.aes_key, "wx0000000000000000")
    return _sealed(stationery, fields, stranger.encrypt(write(fields)))


def _bad_padding(stationery: Stationery, fields: JSON) -> Letter:
    seal = stationery.account.seal
    frame = padded(seal.frame(write(fields), bytes(16)))
    return _sealed(stationery, fields, seal.lock(frame[:-1] + bytes([BLOCK + 1])))


def _truncated(stationery: Stationery, fields: JSON) -> Letter:
    return _sealed(stationery, fields, stationery.account.seal.encrypt(write(fields))[:-7])


def _another_key(stationery: Stationery, fields: JSON) -> Letter:
    other = Seal(new_aes_key(), stationery.account.appid)
    return _sealed(stationery, fields, other.encrypt(write(fields)))


def _false_length(stationery: Stationery, fields: JSON) -> Letter:
    seal = stationery.account.seal
    frame = seal.frame(write(fields), bytes(16))
    return _sealed(stationery, fields, seal.lock(padded(frame[:16] + b"\x7f\xff\xff\xff" + frame[20:])))


def _sealed_doctype(stationery: Stationery, fields: JSON) -> Letter:
    return _sealed(stationery, fields, stationery.account.seal.encrypt(_DTD + write(fields)))


def _plain(stationery: Stationery, fields: JSON) -> Letter:
    query = stationery.signed() | {"openid": fields["FromUserName"]}
    return Letter(query, write(fields).encode(), stationery.account.seal)


def _sealed(stationery: Stationery, fields: JSON, encrypted: str) -> Letter:
    return stationery.sealed(encrypted, fields["FromUserName"])


_SPOIL: dict[Damage, Spoil] = {
    Damage.SIGNATURE: _false_signature,
    Damage.NO_SIGNATURE: _no_signature,
    Damage.STALE: _stale,
    Damage.NOT_XML: _not_xml,
    Damage.DOCTYPE: _doctype,
    Damage.HUGE: _huge,
    Damage.WRONG_APPID: _wrong_appid,
    Damage.BAD_PADDING: _bad_padding,
    Damage.TRUNCATED: _truncated,
    Damage.ANOTHER_KEY: _another_key,
    Damage.FALSE_LENGTH: _false_length,
    Damage.SEALED_DOCTYPE: _sealed_doctype,
    Damage.PLAIN: _plain,
}


def new_aes_key() -> str:
    """43 characters, as the console draws them."""
    while True:
        key = base64.b64encode(secrets.token_bytes(32)).decode().rstrip("=")
        if key.isalnum():
            return key
