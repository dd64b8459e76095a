"""The whole of a refund: every state says who is waited for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any

from flows.engine.lifecycle import Action, Audience, Clock, Lifecycle, Role, Stage, Timer
from flows.refund.card import lines
from flows.refund.claim import Deposit, Refund
from flows.refund.deciding import Approval, Explanation, Inspection, Objection, Payment, Supplement
from flows.refund.deposit import paid_so_far
from flows.refund.payee import Payee
from flows.ticket import (
    CLOCK,
    LADDER,
    RATING,
    RESIDENT,
    TO_ASSIGNEE,
    TO_RESIDENT,
    Reason,
    resident_actions,
)


class State(StrEnum):
    """Every state says who is waited for."""

    REQUESTED = "requested"
    ACCEPTED = "accepted"
    WAITING = "waiting"
    DUE = "due"
    INSPECTED = "inspected"
    APPROVED = "approved"
    PAID = "paid"
    DISPUTED = "disputed"
    CONFIRMED = "confirmed"
    CLOSED = "closed"
    CANCELLED = "cancelled"


def group(details: Mapping[str, Any]) -> str:
    """Deposits for renovations are the business of those who watched over the works."""
    return "renovation" if details["what"] == Deposit.RENOVATION else "care"


def first_step(details: Mapping[str, Any]) -> str:
    return "" if is_payable(details) else "ask_payee"


def has_period(details: Mapping[str, Any]) -> bool:
    return bool(details.get("days"))


def has_none(details: Mapping[str, Any]) -> bool:
    return not has_period(details)


def is_payable(details: Mapping[str, Any]) -> bool:
    """Whether it is known where the money goes, or there is none."""
    return details.get("payee") is not None or details.get("amount") == 0


def is_astray(details: Mapping[str, Any]) -> bool:
    return not is_payable(details)


def is_paid(details: Mapping[str, Any]) -> bool:
    return bool(details.get("reference"))


def can_be_more(details: Mapping[str, Any]) -> bool:
    """Whether it was paid, and something of the deposit is left that could be paid as well."""
    return is_paid(details) and int(details.get("paid", 0)) < int(details.get("deposit") or 0)


def is_unpaid(details: Mapping[str, Any]) -> bool:
    return not is_paid(details)


DESK = frozenset({Role.DESK, Role.ASSISTANT, Role.DUTY_LEAD, Role.MANAGER})
PAYERS = frozenset({Role.DESK, Role.ASSISTANT, Role.MANAGER})
LEADS = frozenset({Role.DUTY_LEAD, Role.MANAGER})
UNDECIDED = frozenset({State.REQUESTED, State.ACCEPTED, State.WAITING, State.DUE, State.INSPECTED})
OPEN = UNDECIDED | {State.APPROVED, State.DISPUTED}
ALL_CLOCKS = ("respond", "resolve", "period", "confirming")
SECRETS = ("payee",)


LIFECYCLE = Lifecycle(
    kind="refund",
    purpose="care",
    routes=group,
    rank=50,
    insists=True,
    start=Refund,
    states=State,
    first=State.REQUESTED,
    final=frozenset({State.CLOSED, State.CANCELLED}),
    opening=("respond", "resolve"),
    at_once=first_step,
    lines=lines,
    clocks=(
        Clock("respond", timedelta(hours=8), timedelta(hours=8), LADDER, working=True),
        Clock(
            "resolve",
            timedelta(days=15),
            timedelta(days=15),
            (Stage(0.8, Audience.ASSIGNEE), Stage(1.0, Audience.DUTY_LEAD), Stage(1.5, Audience.MANAGER)),
        ),
    ),
    timers=(
        Timer("period", acts="due"),
        Timer(
            "confirming",
            (timedelta(days=3), timedelta(days=7), timedelta(days=14)),
            tells=TO_RESIDENT,
            offers=("confirm", "dispute"),
            acts="lapse",
        ),
        RATING,
    ),
    actions=(
        Action(
            "ask_payee",
            by=CLOCK,
            frm=frozenset({State.REQUESTED}),
            tells=TO_RESIDENT,
            offers=("payee",),
            hidden=True,
        ),
        Action(
            "accept",
            by=DESK,
            frm=frozenset({State.REQUESTED}),
            to=State.ACCEPTED,
            takes=True,
            stops=("respond",),
            tells=TO_RESIDENT,
        ),
        Action(
            "inspect",
            by=DESK,
            frm=frozenset({State.ACCEPTED}),
            to=State.INSPECTED,
            own=True,
            given=has_none,
            asks=Inspection,
            tells=TO_RESIDENT | {Audience.MANAGER},
        ),
        Action(
            "survey",
            by=DESK,
            frm=frozenset({State.ACCEPTED}),
            to=State.WAITING,
            own=True,
            given=has_period,
            asks=Inspection,
            keeps=("until",),
            holds=True,
            starts=("period",),
            tells=TO_RESIDENT,
        ),
        Action(
            "due",
            by=CLOCK,
            frm=frozenset({State.WAITING}),
            to=State.DUE,
            drops=("until",),
            resumes=True,
            tells=TO_RESIDENT | TO_ASSIGNEE,
        ),
        Action(
            "reinspect",
            by=DESK,
            frm=frozenset({State.DUE}),
            to=State.INSPECTED,
            own=True,
            asks=Inspection,
            tells=TO_RESIDENT | {Audience.MANAGER},
        ),
        Action(
            "approve",
            by=LEADS,
            frm=frozenset({State.INSPECTED, State.DISPUTED}),
            to=State.APPROVED,
            given=is_unpaid,
            asks=Approval,
            keeps=("deposit", "source", "amount", "deducted", "reason"),
            stops=("respond",),
            tells=TO_RESIDENT | TO_ASSIGNEE,
            offers=("payee", "dispute"),
        ),
        Action(
            "supplement",
            by=LEADS,
            frm=frozenset({State.DISPUTED}),
            to=State.APPROVED,
            given=can_be_more,
            asks=Supplement,
            keeps=("amount", "deducted", "reason", "more"),
            stops=("respond",),
            tells=TO_RESIDENT | TO_ASSIGNEE,
            offers=("payee",),
        ),
        Action(
            "uphold",
            by=LEADS,
            frm=frozenset({State.DISPUTED}),
            to=State.APPROVED,
            given=is_unpaid,
            asks=Explanation,
            stops=("respond",),
            tells=TO_RESIDENT | TO_ASSIGNEE,
            offers=("dispute",),
        ),
        Action(
            "explain",
            by=LEADS,
            frm=frozenset({State.DISPUTED}),
            to=State.PAID,
            given=is_paid,
            asks=Explanation,
            starts=("confirming",),
            stops=("respond",),
            tells=TO_RESIDENT | TO_ASSIGNEE,
            offers=("confirm", "dispute"),
        ),
        Action(
            "pay",
            by=PAYERS,
            frm=frozenset({State.APPROVED}),
            to=State.PAID,
            own=True,
            given=is_payable,
            asks=Payment,
            keeps=("reference", "more"),
            sets=paid_so_far,
            drops=SECRETS,
            starts=("confirming",),
            stops=("resolve",),
            tells=TO_RESIDENT,
            offers=("confirm", "dispute"),
        ),
        Action(
            "withdraw",
            by=DESK,
            frm=UNDECIDED,
            to=State.CANCELLED,
            asks=Reason,
            drops=SECRETS,
            stops=ALL_CLOCKS,
            tells=TO_RESIDENT | TO_ASSIGNEE,
        ),
        Action(
            "confirm",
            by=RESIDENT,
            frm=frozenset({State.PAID}),
            to=State.CONFIRMED,
            starts=("rating",),
            stops=ALL_CLOCKS,
            tells=TO_RESIDENT,
        ),
        Action(
            "dispute",
            by=RESIDENT,
            frm=frozenset({State.APPROVED, State.PAID}),
            to=State.DISPUTED,
            asks=Objection,
            starts=("respond",),
            stops=("confirming",),
            tells=frozenset({Audience.ASSIGNEE, Audience.DUTY_LEAD, Audience.MANAGER}),
        ),
        Action(
            "lapse",
            by=CLOCK,
            frm=frozenset({State.PAID}),
            to=State.CLOSED,
            stops=ALL_CLOCKS,
            tells=TO_RESIDENT,
            hidden=True,
        ),
        Action(
            "payee",
            by=RESIDENT,
            frm=OPEN,
            given=is_astray,
            asks=Payee,
            keeps=SECRETS,
            tells=TO_ASSIGNEE,
        ),
        Action(
            "redirect",
            by=RESIDENT,
            frm=OPEN,
            given=is_payable,
            asks=Payee,
            keeps=SECRETS,
            tells=TO_ASSIGNEE,
        ),
        *resident_actions(
            waiting=UNDECIDED,
            working=frozenset({State.APPROVED, State.PAID, State.DISPUTED}),
            done=State.CONFIRMED,
            closed=State.CLOSED,
            cancelled=State.CANCELLED,
            reopened=State.DISPUTED,
            clocks=ALL_CLOCKS,
            promises=("respond",),
            but={"nudge": {"frm": OPEN}, "cancel": {"drops": SECRETS}, "reopen": {"frees": False}},
        ),
    ),
)
