"""An amount of money is understood as people write it, and kept to the fen."""

from __future__ import annotations

import pytest

from flows.engine.facts import Facts
from flows.engine.form import Flow
from flows.engine.messages import Json, Phrase, Picked, Rejected, Said
from flows.engine.money import Money, fen
from flows.engine.question import Unanswered
from tests.flows.engine.cafe import NOW
from tests.world import TEXTS


class Till(Flow):
    name = "till"
    paid = Money(least=1, most=100_000)


TILL = Till({}, Facts(now=NOW))


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("800", 80_000),
        ("1,200.50", 120_050),
        ("1 200", 120_000),
        ("¥1，200", 120_000),
        ("CN¥1,200.50", 120_050),
        ("800元", 80_000),
        ("八百块", 80_000),
        ("十元", 1_000),
        ("12块5", 1_250),
        ("12元5角3分", 1_253),
        ("12元3分", 1_203),
        ("1.2万", 1_200_000),
        ("RMB 300", 30_000),
        ("300 yuan", 30_000),
        ("人民币300元", 30_000),
        ("0", 0),
    ],
)
def test_amounts_are_understood(said: str, meant: int) -> None:
    assert fen(said) == meant


@pytest.mark.parametrize(
    "said", ["", "免费", "-5", "12.345", "1,5", "12 50", "800 or 900", "约800", "1e9", "¥", "٣٠"]
)
def test_what_is_no_amount_or_could_be_two_is_not_guessed(said: str) -> None:
    assert fen(said) is None


@pytest.mark.parametrize("amount", [1, 99, 100, 120_050, 10**10])
@pytest.mark.parametrize("locale", TEXTS.locales)
def test_what_is_shown_is_understood(amount: int, locale: str) -> None:
    assert fen(TEXTS.say(Phrase("engine.money", {"amount": amount}), locale)) == amount


@pytest.mark.parametrize("heard", [Said("much"), Picked("paid", "800"), Said("0"), Said("1,000.01")])
def test_no_amount_and_one_out_of_range_are_rejected(heard: Said | Picked) -> None:
    with pytest.raises(Rejected) as rejected:
        Till.paid.hear(heard, TILL)
    out = isinstance(heard, Said) and heard.text != "much"
    assert rejected.value.phrase.key == f"rejected.{'amount_range' if out else 'not_an_amount'}"


@pytest.mark.parametrize("stored", [None, True, "800", 0, 100_001, 1.5])
def test_what_is_stored_must_still_do(stored: Json) -> None:
    with pytest.raises(Unanswered):
        Till.paid.load(stored, TILL)


def test_an_amount_is_kept_in_fen() -> None:
    stored = Till.paid.hear(Said("12.5"), TILL)
    assert Till({"paid": stored}, Facts(now=NOW)).paid == 1_250
