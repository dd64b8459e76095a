"""Neither what comes back of a deposit nor what is kept of it is more than was paid in, if that is known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flows.engine.messages import Heard, Json, Phrase, Told
from flows.engine.questions import Form, Money, Question, Unanswered, YesNo


def left(form: Form) -> int | None:
    """How much of the deposit has not been paid back yet, in fen; None where nobody knows the deposit."""
    details = form.facts.details
    deposit = details.get("deposit")
    return max(0, int(deposit) - int(details.get("paid", 0))) if deposit else None


def paid_so_far(details: Mapping[str, Any], values: Mapping[str, Json]) -> dict[str, Json]:
    """What has been paid back in all, once the amount that was decided last is paid."""
    return {"paid": int(details.get("paid", 0)) + int(details.get("amount") or 0)}


def _known(question: Question[int], form: Form) -> int | None:
    """An amount that was given earlier; None while it is not, as on a page where all is asked at once."""
    try:
        return form.answer(question)
    except Unanswered:
        return None


class Share(Money):
    """A part of the deposit, in fen: no more than is left of it `besides` another part."""

    def __init__(self, *, least: int = 0, besides: Question[int] | None = None) -> None:
        super().__init__(least=least)
        self.besides = besides

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
            deposit = int(form.facts.details["deposit"])
            gone = max(0, deposit - room)
            raise Told(Phrase(f"{self.key}.too_much", {"deposit": deposit, "gone": gone, "room": room}))
        return amount

    def _room(self, form: Form) -> int | None:
        room = left(form)
        if room is None or self.besides is None:
            return room
        return max(0, room - (_known(self.besides, form) or 0))


class Kept(YesNo):
    """Is anything kept back? It is, where less than the deposit comes back in this `amount`."""

    def __init__(self, amount: Question[int]) -> None:
        super().__init__()
        self.amount = amount

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
            deposit = form.facts.details["deposit"]
            raise Told(Phrase(f"{self.key}.unexplained", {"deposit": deposit, "missing": missing}))
        return kept

    def _missing(self, form: Form) -> int:
        room, amount = left(form), _known(self.amount, form)
        return 0 if room is None or amount is None else room - amount
