"""Where the money goes: back the way it came, or to an account that is shown by its last digits only."""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum

from flows.engine.messages import Heard, Json, Phrase, Said, Told
from flows.engine.questions import (
    Choice,
    Form,
    Question,
    Text,
    Unanswered,
)
from flows.ticket import (
    ActionFlow,
)


class Way(StrEnum):
    """Where the money goes: back the way it came, or to an account."""

    AS_PAID = "as_paid"
    ACCOUNT = "account"


class Account(Question[str]):
    """The number of an account; it is never shown again but for its last four characters."""

    _NUMBER = re.compile(r"[A-Za-z0-9@._+]{5,64}")

    def texts(self) -> tuple[str, ...]:
        return (*super().texts(), f"{self.key}.unclear")

    def load(self, stored: Json, form: Form) -> str:
        if not isinstance(stored, str) or self._NUMBER.fullmatch(stored) is None:
            raise Unanswered
        return stored

    def hear(self, heard: Heard, form: Form) -> Json:
        said = heard.text if isinstance(heard, Said) else ""
        number = re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", said))
        if self._NUMBER.fullmatch(number) is None:
            raise Told(Phrase(f"{self.key}.unclear"))
        return number

    def show(self, answer: str, form: Form) -> Phrase | str:
        return masked(answer)


def masked(account: str) -> str:
    """So much of an account's number as its owner knows it by."""
    return f"****{account[-4:]}"


def payee(name: str, bank: str, account: str) -> dict[str, Json]:
    """Where money goes, as a ticket keeps it until it is paid."""
    return {"way": Way.ACCOUNT.value, "name": name, "bank": bank, "account": account}


class Payee(ActionFlow):
    """Where the money is to go, told later or told anew."""

    name = "refund.whom"
    way = Choice(Way)
    holder = Text(least=2, most=60).where(way, Way.ACCOUNT)
    bank = Text(least=2, most=100).where(way, Way.ACCOUNT)
    account = Account().where(way, Way.ACCOUNT)

    def values(self) -> dict[str, Json]:
        if self.way is Way.AS_PAID:
            return {"payee": {"way": self.way.value}}
        return {"payee": payee(self.holder, self.bank, self.account)}
