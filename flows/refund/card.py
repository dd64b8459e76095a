"""A refund as its card shows it; the account's whole number is for the one who pays alone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flows.engine.lifecycle import Line
from flows.engine.messages import Phrase
from flows.engine.money import shown
from flows.refund.payee import Way, masked


def lines(stored: Mapping[str, Any]) -> tuple[Line, ...]:
    """A refund as its card shows it; the account's whole number is for the one who pays alone."""
    found = [Line(Phrase("refund.what.label"), Phrase(f"refund.what.{stored['what']}"))]
    if stored.get("deposit"):
        found.append(Line(Phrase("refund.amount.label"), shown(stored["deposit"])))
    if stored.get("text"):
        found.append(Line(Phrase("refund.note.label"), str(stored["text"])))
    if stored.get("until"):
        until = Phrase("refund.until", {"at": datetime.fromisoformat(stored["until"])})
        found.append(Line(Phrase("refund.until_label"), until))
    return (*found, *_decided(stored), *_paid(stored))


def _decided(stored: Mapping[str, Any]) -> tuple[Line, ...]:
    if stored.get("amount") is None:
        return ()
    approved = Line(Phrase("refund.approval.amount.label"), shown(stored["amount"]))
    if not stored.get("deducted"):
        return (approved,)
    values = {"amount": stored["deducted"], "reason": stored.get("reason", "")}
    return (Line(Phrase("refund.approval.deducted.label"), Phrase("refund.deduction", values)), approved)


def _paid(stored: Mapping[str, Any]) -> tuple[Line, ...]:
    """Where the money goes as long as it does, then under which reference it went."""
    label, held = Phrase("refund.whom.label"), stored.get("payee")
    if held is None and stored.get("reference") and not stored.get("more"):
        return (Line(Phrase("refund.payment.reference.label"), str(stored["reference"])),)
    if held is None:
        return (Line(label, Phrase("refund.whom.missing")),)
    if held["way"] == Way.AS_PAID:
        return (Line(label, Phrase("refund.way.as_paid")),)
    number = Line(Phrase("refund.account.label"), f"{held['name']} {held['account']}", True, True)
    name = f"{held['name'][:1]}**"
    short = {"name": name, "bank": held["bank"], "account": masked(held["account"])}
    return (Line(label, Phrase("refund.whom.short", short)), number)
