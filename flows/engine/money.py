"""A question answered with an amount of money, as people write it: 1,200.50, ¥800, 八百元, 1.2 万."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from decimal import Decimal

from flows.engine.messages import Heard, Json, Phrase, Rejected, Said
from flows.engine.plain import plain
from flows.engine.question import Form, Question, Unanswered

MOST = 10**10
"""A hundred million yuan, in fen: more than any home is asked or paid for."""

_SIGNS = re.compile(r"\s*(?:人民币|rmb|cny|yuan|圆|(?:cn)?¥|[元块]钱?|钱)\s*")
_GAP = re.compile(r"(?<=\d) (?=\d{3}(?!\d))", re.ASCII)
_GROUPED = re.compile(r"\d{1,3}(,\d{3})+(\.\d{1,2})?", re.ASCII)
_PLAIN = re.compile(r"\d{1,12}(\.\d{1,2})?", re.ASCII)
_THOUSANDS = re.compile(r"(\d{1,6}(?:\.\d{1,6})?)([万千百])", re.ASCII)
_SMALL_CHANGE = re.compile(r"(\d{1,9})[元块圆](?:(\d)[角毛])?(?:(\d)分?)?钱?", re.ASCII)
_UNITS = {"万": 10_000, "千": 1_000, "百": 100}
FEN = 100


class Money(Question[int]):
    """An amount in fen, `least` to `most`, inclusive; asked and shown in yuan."""

    def __init__(self, *, least: int = 0, most: int = MOST, was: Sequence[str] = ()) -> None:
        super().__init__(was=was)
        self.least, self.most = least, most

    def load(self, stored: Json, form: Form) -> int:
        if isinstance(stored, bool) or not isinstance(stored, int) or not self.least <= stored <= self.most:
            raise Unanswered
        return stored

    def hear(self, heard: Heard, form: Form) -> Json:
        amount = fen(heard.text) if isinstance(heard, Said) else None
        if amount is None:
            raise Rejected("not_an_amount")
        if not self.least <= amount <= self.most:
            raise Rejected("amount_range", lowest=self.least, highest=self.most)
        return amount

    def show(self, answer: int, form: Form) -> Phrase | str:
        return shown(answer)


def shown(amount: int) -> Phrase:
    """An amount of fen in words."""
    return Phrase("engine.money", {"amount": amount})


def fen(text: str) -> int | None:
    """The amount that is meant, in fen; None where it is none, or could be two."""
    said = unicodedata.normalize("NFKC", plain(text)).strip(" .。!")
    change = _SMALL_CHANGE.fullmatch(said)
    if change is not None and (change[2] or change[3]):
        return _with_change(change)
    bare = _SIGNS.sub("", _GAP.sub(",", said))
    if (large := _THOUSANDS.fullmatch(bare)) is not None:
        return _whole(Decimal(large[1]) * _UNITS[large[2]])
    if _GROUPED.fullmatch(bare) or _PLAIN.fullmatch(bare):
        return _whole(Decimal(bare.replace(",", "")))
    return None


def _with_change(found: re.Match[str]) -> int:
    """12块5 and 12元5角 are 12.50; 12元5角3分 is 12.53."""
    yuan, jiao, last = int(found[1]), found[2], found[3]
    rest = int(jiao) * 10 + int(last or 0) if jiao else int(last) * (1 if found[0].endswith("分") else 10)
    return yuan * FEN + rest


def _whole(yuan: Decimal) -> int | None:
    amount = yuan * FEN
    return int(amount) if amount == amount.to_integral_value() else None
