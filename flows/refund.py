"""A deposit comes back: looked at, waited for, decided, paid, and confirmed by the one who gets it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from flows.deposit import Kept, Share, paid_so_far
from flows.engine.effects import Effect, OpenTicket
from flows.engine.facts import Facts
from flows.engine.form import Flow
from flows.engine.lifecycle import Action, Audience, Clock, Lifecycle, Line, Role, Stage, Timer
from flows.engine.messages import Heard, Json, Phrase, Said, Told
from flows.engine.money import shown
from flows.engine.questions import (
    Choice,
    Form,
    HomeChoice,
    Money,
    Photos,
    Question,
    Text,
    Unanswered,
    YesNo,
    parts,
)
from flows.ticket import (
    CLOCK,
    LADDER,
    RATING,
    RESIDENT,
    TO_ASSIGNEE,
    TO_RESIDENT,
    ActionFlow,
    Reason,
    resident_actions,
)


class Deposit(StrEnum):
    RENOVATION = "renovation"
    CARD = "card"
    OTHER = "other"


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
    """How much comes back, and what is kept back for which reason, with a photo of it."""

    name = "refund.approval"
    amount = Share()
    cut = Kept(amount)
    deducted = Share(least=1, besides=amount).where(cut, True)
    reason = Text(least=2, most=500).where(cut, True)
    photos = Photos().where(cut, True)

    def values(self) -> dict[str, Json]:
        return {"deducted": 0, "reason": "", **super().values()}


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
        Clock(
            "respond",
            timedelta(hours=8),
            timedelta(hours=8),
            LADDER,
            working=True,
        ),
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
            keeps=("amount", "deducted", "reason"),
            stops=("respond",),
            tells=TO_RESIDENT | TO_ASSIGNEE,
            offers=("payee", "dispute"),
        ),
        Action(
            "supplement",
            by=LEADS,
            frm=frozenset({State.DISPUTED}),
            to=State.APPROVED,
            given=is_paid,
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
