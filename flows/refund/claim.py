"""Which deposit is wanted back, how much it was, and where it is to go."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from flows.engine.effects import Effect, OpenTicket
from flows.engine.facts import Facts
from flows.engine.form import Flow
from flows.engine.messages import Json
from flows.engine.questions import (
    Choice,
    HomeChoice,
    Money,
    Photos,
    Text,
    parts,
)
from flows.refund.payee import Account, Way, payee


class Deposit(StrEnum):
    RENOVATION = "renovation"
    CARD = "card"
    OTHER = "other"


class Refund(Flow):
    """Which deposit, how much, and where the money is to go."""

    name = "refund"
    home = HomeChoice()
    what = Choice(Deposit)
    amount = Money(least=1).optional()
    photos = Photos()
    way = Choice(Way)
    holder = Text(least=2, most=60).where(way, Way.ACCOUNT)
    bank = Text(least=2, most=100).where(way, Way.ACCOUNT)
    account = Account().where(way, Way.ACCOUNT)
    note = Text(most=1000, catches=True).optional()

    def submit(self) -> Sequence[Effect]:
        account = self.way is Way.ACCOUNT
        details: dict[str, Json] = {
            "what": self.what.value,
            "deposit": self.amount,
            "text": self.note or "",
            "days": period(self.facts) if self.what is Deposit.RENOVATION else 0,
            "payee": payee(self.holder, self.bank, self.account) if account else {"way": Way.AS_PAID.value},
        }
        pictures = tuple(photo.file for photo in Refund.photos.gathered(self))
        described = parts(self.stored(Refund.note))
        return (OpenTicket(self.name, self.home.id, False, details, pictures, described),)


def period(facts: Facts) -> int:
    """How many days a community waits between the two looks at a renovation."""
    return int(facts.terms.get("refund", {}).get("days", 0))
