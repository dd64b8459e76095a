"""Seals: the published ones open and are made again alike, and one that is not quite right is none."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.tencent.crypto import BLOCK, Cipher, Untrusted, _aes, _key, check, signature
from tests.bot.tencent import vectors
from tests.bot.tencent.vectors import ODD_KEY, PLAIN_KEY, Letter

NOISE = b"aaaabbbbccccdddd"
RECEIVER = "wxb11529c136998cb6"

letters = pytest.mark.parametrize("letter", vectors.ALL.values(), ids=vectors.ALL)


@letters
def test_a_published_letter_opens(letter: Letter) -> None:
    assert Cipher([letter.key], letter.receiver).decrypt(letter.encrypted) == letter.message


@letters
def test_a_published_letter_is_sealed_again_bit_by_bit(letter: Letter) -> None:
    assert Cipher([letter.key], letter.receiver).encrypt(letter.message, letter.noise) == letter.encrypted


@letters
def test_a_published_letter_has_the_published_signature(letter: Letter) -> None:
    if not letter.signed:
        pytest.skip("published without one")
    parts = (letter.timestamp, letter.nonce, letter.encrypted)
    assert signature(letter.token, *parts) == letter.signed
    check(letter.signed, letter.token, *parts)


@pytest.mark.parametrize(("token", "parts", "signed"), vectors.SIGNATURES)
def test_published_signatures(token: str, parts: tuple[str, ...], signed: str) -> None:
    assert signature(token, *parts) == signed


@pytest.mark.parametrize("wrong", ["", "f464", "é", "\ud800", "F464B24FC39322E44B38AA78F5EDD27BD1441696"])
def test_a_wrong_signature_is_refused(wrong: str) -> None:
    with pytest.raises(Untrusted):
        check(wrong, "AAAAA", "1714036504", "1514711492")


characters = st.characters(exclude_categories=["Cs"])


@given(st.text(characters), st.text(characters, max_size=40))
def test_what_was_sealed_opens(message: str, receiver: str) -> None:
    cipher = Cipher([ODD_KEY], receiver)
    assert cipher.decrypt(cipher.encrypt(message)) == message


def test_the_same_message_is_never_sealed_the_same() -> None:
    cipher = Cipher([ODD_KEY], RECEIVER)
    assert cipher.encrypt("报修") != cipher.encrypt("报修")


@pytest.mark.parametrize("extra", range(BLOCK))
def test_every_length_of_padding(extra: int) -> None:
    cipher = Cipher([ODD_KEY], RECEIVER)
    encrypted = cipher.encrypt("x" * extra)
    assert len(base64.b64decode(encrypted)) % BLOCK == 0
    assert cipher.decrypt(encrypted) == "x" * extra


def test_a_new_key_writes_while_the_old_one_still_reads() -> None:
    old, new = Cipher([PLAIN_KEY], RECEIVER), Cipher([ODD_KEY], RECEIVER)
    both = Cipher([ODD_KEY, PLAIN_KEY], RECEIVER)
    assert both.decrypt(old.encrypt("旧")) == "旧"
    assert both.decrypt(new.encrypt("新")) == "新"
    assert new.decrypt(both.encrypt("回")) == "回"
    with pytest.raises(Untrusted):
        old.decrypt(both.encrypt("回"))


@pytest.mark.parametrize("letters", ["", "A" * 42, "A" * 44, "A" * 42 + "=", "A" * 42 + "-", "钥" * 43])
def test_what_is_no_key(letters: str) -> None:
    with pytest.raises(ValueError, match="43"):
        Cipher([letters], RECEIVER)


def test_no_key_at_all_and_noise_of_another_length() -> None:
    with pytest.raises(ValueError, match="key"):
        Cipher([], RECEIVER)
    with pytest.raises(ValueError, match="16"):
        Cipher([ODD_KEY], RECEIVER).encrypt("x", b"short")


def _locked(frame: bytes) -> str:
    """A frame as it is, in blocks of AES, whatever its padding."""
    return base64.b64encode(_aes(_key(ODD_KEY)).encryptor().update(frame)).decode()


def _frame(message: bytes, *, length: int | None = None, receiver: bytes = RECEIVER.encode()) -> bytes:
    said = len(message) if length is None else length
    return NOISE + said.to_bytes(4, "big") + message + receiver


def _padded(frame: bytes, by: int | None = None) -> bytes:
    missing = BLOCK - len(frame) % BLOCK
    return frame + bytes([missing if by is None else by]) * missing


GOOD = _padded(_frame(b"hello"))
BROKEN = {
    "empty": "",
    "no base64": "%%%%",
    "half of base64": _locked(GOOD)[:-1],
    "not ascii": "报修" * 8,
    "line end": _locked(GOOD) + "\n",
    "half a block": base64.b64encode(b"x" * 24).decode(),
    "a block missing": base64.b64encode(base64.b64decode(_locked(GOOD))[:-16]).decode(),
    "padding of nothing": _locked(_padded(_frame(b"hello"), 0)),
    "padding of 33": _locked(_frame(b"x" * (64 - 38 - 33)) + bytes([33]) * 33),
    "padding of 255": _locked(_padded(_frame(b"hello"), 255)),
    "padding that differs": _locked(GOOD[:-2] + b"\x00" + GOOD[-1:]),
    "longer than the rest": _locked(_padded(_frame(b"hello", length=4_000_000_000))),
    "one byte longer": _locked(_padded(_frame(b"hello", length=6))),
    "one byte shorter": _locked(_padded(_frame(b"hello", length=4))),
    "nothing but padding": _locked(bytes([32]) * 32),
    "shorter than a frame": _locked(b"x" * 19 + bytes([13]) * 13),
    "for another": _locked(_padded(_frame(b"hello", receiver=b"wxother"))),
    "for nobody": _locked(_padded(_frame(b"hello", receiver=b""))),
    "for us and more": _locked(_padded(_frame(b"hello", receiver=RECEIVER.encode() + b"0"))),
    "not UTF-8": _locked(_padded(_frame(b"\xff\xfe"))),
}


@pytest.mark.parametrize("encrypted", BROKEN.values(), ids=BROKEN)
def test_a_broken_seal_is_refused_like_any_other(encrypted: str) -> None:
    cipher = Cipher([PLAIN_KEY, ODD_KEY], RECEIVER)
    assert cipher.decrypt(_locked(GOOD)) == "hello"
    with pytest.raises(Untrusted) as refused:
        cipher.decrypt(encrypted)
    assert (str(refused.value), refused.value.__cause__) == ("seal", None)


@given(st.binary(max_size=400))
def test_no_bytes_do_more_than_be_refused(sealed: bytes) -> None:
    with pytest.raises(Untrusted):
        Cipher([ODD_KEY, PLAIN_KEY], RECEIVER).decrypt(base64.b64encode(sealed).decode())
