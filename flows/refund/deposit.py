"""Neither what comes back of a deposit nor what is kept of it is more than was paid in, if that is known."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from flows.engine.messages import Heard, Json, Option, Phrase, Picked, Told
from flows.engine.money import shown
from flows.engine.questions import Form, Money, Question, Text, Unanswered


class Source(StrEnum):
    """How we know what was paid in: our own terms asked for it, or a colleague has seen the receipt."""

    TERMS = "terms"
    RECEIPT = "receipt"


class PaidIn(Money):
    """How much was paid in, in fen; what the resident remembers is offered."""

    def options(self, form: Form) -> tuple[Option, ...]:
        stated = form.facts.details.get("deposit")
        return (Option(str(stated), shown(stated)),) if stated else ()

    def hear(self, heard: Heard, form: Form) -> Json:
        stated = form.facts.details.get("deposit")
        match heard:
            case Picked(value=value) if stated and value == str(stated):
                return int(stated)
        return super().hear(heard, form)


def left(form: Form, deposit: Question[int] | None = None) -> int | None:
    """How much of the deposit has not been paid back yet, in fen; None while we do not know it."""
    details = form.facts.details
    known = _known(deposit, form) if deposit is not None else None
    if known is None:
        known = details.get("deposit") if details.get("source") else None
    return max(0, int(known) - int(details.get("paid", 0))) if known else None


def paid_so_far(details: Mapping[str, Any], values: Mapping[str, Json]) -> dict[str, Json]:
    """What has been paid back in all, once the amount that was decided last is paid."""
    return {"paid": int(details.get("paid", 0)) + int(details.get("amount") or 0)}


def _known(question: Question[int], form: Form) -> int | None:
    """An amount that was given earlier; None while it is not, or is not asked for."""
    try:
        return form.answer(question)
    except Unanswered:
        return None


class Share(Money):
    """How much of the deposit comes back, in fen: no more than is left of it."""

    def __init__(self, *, least: int = 0, of: Question[int] | None = None) -> None:
        super().__init__(least=least)
        self.of = of

    def texts(self) -> tuple[str, ...]:
        return (*super().texts(), f"{self.key}.too_much")

    def load(self, stored: Json, form: Form) -> int:
        amount, room = super().load(stored, form), left(form, self.of)
        if room is not None and amount > room:
            raise Unanswered
        return amount

    def hear(self, heard: Heard, form: Form) -> Json:
        amount, room = super().hear(heard, form), left(form, self.of)
        if room is not None and isinstance(amount, int) and amount > room:
            gone = int(form.facts.details.get("paid", 0))
            values = {"deposit": room + gone, "gone": gone, "room": room}
            raise Told(Phrase(f"{self.key}.too_much", values))
        return amount


class Why(Text):
    """For which reason something of the deposit does not come back; says how much that is."""

    def __init__(self, *, of: Question[int], amount: Question[int]) -> None:
        super().__init__(least=2, most=500)
        self.of, self.amount = of, amount

    def prompt(self, form: Form) -> Phrase:
        return Phrase(f"{self.key}.rest", {"kept": kept(form, self.of, self.amount)})

    def texts(self) -> tuple[str, ...]:
        return (f"{self.key}.rest", f"{self.key}.label")


def kept(form: Form, deposit: Question[int], amount: Question[int]) -> int:
    """What does not come back, in fen; 0 while that is not decided."""
    room, back = left(form, deposit), _known(amount, form)
    return 0 if room is None or back is None else room - back
