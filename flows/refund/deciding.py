"""What the moves of a refund ask for: what was found, what comes back, under which reference, and why not."""

from __future__ import annotations

from datetime import timedelta

from flows.engine.messages import Json
from flows.engine.questions import Photos, Text, YesNo
from flows.refund.claim import period
from flows.refund.deposit import PaidIn, Share, Source, Why, kept
from flows.ticket import ActionFlow


class Inspection(ActionFlow):
    """What was found on looking: all in order, or something that costs."""

    name = "refund.inspection"
    sound = YesNo()
    note = Text(least=2, most=500).where(sound, False)
    photos = Photos()

    def values(self) -> dict[str, Json]:
        found = super().values()
        if self.facts.about.get("action") == "survey":
            found["until"] = (self.facts.now + timedelta(days=max(period(self.facts), 1))).isoformat()
        return found


class Approval(ActionFlow):
    """How much comes back; if that is not all of it, for which reason, with a photo of it."""

    name = "refund.approval"
    deposit = PaidIn(least=1)
    amount = Share(of=deposit)
    reason = Why(of=deposit, amount=amount)
    photos = Photos()

    @deposit.when
    def is_only_said(self) -> bool:
        return bool(self.facts.details.get("source") != Source.TERMS)

    @reason.when
    @photos.when
    def keeps_something(self) -> bool:
        return self.kept() > 0

    def kept(self) -> int:
        """What does not come back, in fen."""
        return kept(self, Approval.deposit, Approval.amount)

    def values(self) -> dict[str, Json]:
        source = Source.RECEIPT if self.is_only_said() else Source.TERMS
        return {"reason": "", **super().values(), "source": source.value, "deducted": self.kept()}


class Supplement(ActionFlow):
    """What is still to be paid after a dispute, and why; the resident reads it."""

    name = "refund.supplement"
    amount = Share(least=1)
    reason = Text(least=2, most=500)

    def values(self) -> dict[str, Json]:
        return super().values() | {"deducted": 0, "more": True}


class Payment(ActionFlow):
    """Under which reference the money was sent."""

    name = "refund.payment"
    reference = Text(least=2, most=100)
    photos = Photos()

    def values(self) -> dict[str, Json]:
        return super().values() | {"more": False}


class Objection(ActionFlow):
    """What the resident does not agree with."""

    name = "refund.objection"
    note = Text(least=2, most=1000, catches=True)
    photos = Photos()


class Explanation(ActionFlow):
    """Why it stays as it was decided; the resident reads it."""

    name = "refund.explanation"
    note = Text(least=2, most=1000)
