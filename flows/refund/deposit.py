"""Neither what comes back of a deposit nor what is kept of it is more than was paid in, if that is known."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from flows.engine.messages import Heard, Json, Option, Phrase, Picked, Told
from flows.engine.money import shown
from flows.engine.questions import Form, Money, Question, Unanswered, YesNo


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
    """A part of the deposit, in fen: no more than is left of it `besides` another part."""

    def __init__(
        self, *, least: int = 0, of: Question[int] | None = None, besides: Question[int] | None = None
    ) -> None:
        super().__init__(least=least)
        self.of, self.besides = of, besides

    def texts(self) -> tuple[str, ...]:
        return (*super().texts(), f"{self.key}.too_much")

    def load(self, stored: Json, form: Form) -> int:
        amount, room = super().load(stored, form), self._room(form)
        if room is not None and amount > room:
            raise Unanswered
        return amount

    def hear(self, heard: Heard, form: Form) -> Json:
        amount, room = super().hear(heard, form), self._room(form)
        if room is not None and isinstance(amount, int) and amount > room:
            deposit = _paid_in(form, self.of)
            values = {"deposit": deposit, "gone": deposit - room, "room": room}
            raise Told(Phrase(f"{self.key}.too_much", values))
        return amount

    def _room(self, form: Form) -> int | None:
        room = left(form, self.of)
        if room is None or self.besides is None:
            return room
        return max(0, room - (_known(self.besides, form) or 0))


def _paid_in(form: Form, of: Question[int] | None) -> int:
    """The whole deposit, where it is known."""
    return (left(form, of) or 0) + int(form.facts.details.get("paid", 0))


class Kept(YesNo):
    """Is anything kept back? It is, where less than the deposit comes back in this `amount`."""

    def __init__(self, amount: Question[int], of: Question[int]) -> None:
        super().__init__()
        self.amount, self.of = amount, of

    def texts(self) -> tuple[str, ...]:
        return (*super().texts(), f"{self.key}.unexplained")

    def load(self, stored: Json, form: Form) -> bool:
        kept = super().load(stored, form)
        if not kept and self._missing(form):
            raise Unanswered
        return kept

    def hear(self, heard: Heard, form: Form) -> Json:
        kept = super().hear(heard, form)
        if kept is False and (missing := self._missing(form)):
            values = {"deposit": _paid_in(form, self.of), "missing": missing}
            raise Told(Phrase(f"{self.key}.unexplained", values))
        return kept

    def _missing(self, form: Form) -> int:
        room, amount = left(form, self.of), _known(self.amount, form)
        return 0 if room is None or amount is None else room - amount
