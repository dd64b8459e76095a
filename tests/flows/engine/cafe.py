"""A small flow of our own to try the engine with: ordering in a café."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from flows.engine import turn as engine
from flows.engine.effects import Act, Effect
from flows.engine.facts import Facts, Home
from flows.engine.form import Draft, Flow
from flows.engine.messages import Ask, Heard, Picked, Review, Said, Say
from flows.engine.questions import Choice, Number, Photos, Several, Slot, Stars, Text, YesNo
from flows.engine.turn import Turn
from flows.engine.when import windows

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=ZoneInfo("Asia/Shanghai"))
FACTS = Facts(now=NOW, homes=(Home(1, "3-1201", 1),), phones=("+8613800000001",), slots=windows(NOW, days=1))


class Drink(StrEnum):
    TEA = "tea"
    COFFEE = "coffee"


class Extra(StrEnum):
    MILK = "milk"
    SUGAR = "sugar"


class Order(Flow):
    name = "order"
    drink = Choice(Drink, was=("beverage",))
    iced = YesNo()
    extras = Several(Extra)
    cups = Number(least=1, most=9)
    wish = Text(least=2, most=20, catches=True)
    photos = Photos(most=2)
    tip = Stars().optional()

    @iced.when
    def can_be_iced(self) -> bool:
        return self.drink is Drink.COFFEE

    def submit(self) -> Sequence[Effect]:
        iced = self.can_be_iced() and self.iced
        return (Act(1, "order", {"drink": self.drink.value, "iced": iced, "tip": self.tip}),)


class Pickup(Flow):
    """No review, no story: submitted with its last answer."""

    name = "pickup"
    review = False
    at = Slot(asap=False)

    def submit(self) -> Sequence[Effect]:
        return (Act(1, "pickup"),)


def tell(*heard: Heard, flow: type[Flow] = Order, facts: Facts = FACTS, draft: Draft | None = None) -> Turn:
    """The outcome of a whole conversation."""
    turn = engine.begin(flow, facts) if draft is None else Turn(draft)
    for one in heard:
        assert turn.draft is not None, "it was over already"
        turn = engine.advance(flow, turn.draft, one, facts)
    return turn


def asked(turn: Turn) -> str:
    """What is asked now: a question's name, "review", or nothing."""
    match turn.messages[-1] if turn.messages else None:
        case Ask(question=name):
            return name
        case Review():
            return "review"
    return ""


def told(turn: Turn) -> list[str]:
    """The keys of what is said before the question."""
    return [one.phrase.key for one in turn.messages if isinstance(one, Say)]


def pick(question: str, value: str, revision: int | None = None) -> Picked:
    return Picked(question, value, revision)


def say(text: str, ref: str = "r1") -> Said:
    return Said(text, ref)


def later(days: int) -> Facts:
    """The same, some days on."""
    now = NOW + timedelta(days=days)
    return Facts(now=now, homes=FACTS.homes, phones=FACTS.phones, slots=windows(now, days=1))
