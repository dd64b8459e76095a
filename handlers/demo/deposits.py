"""Deposits in the demo community: one has come back, and one waits until its time is over."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from flows.engine.messages import Json
from flows.refund.claim import Deposit
from flows.refund.payee import Way, payee
from handlers.demo.story import Step, Story, days, hours

PERIOD = 15


def _inspected(at: datetime) -> dict[str, Json]:
    return {"sound": True, "note": "", "until": (at + timedelta(days=PERIOD)).isoformat()}


COME_BACK = Story(
    "refund",
    "徐强",
    {
        "what": Deposit.CARD.value,
        "deposit": 10_000,
        "text": "门禁卡两张都退了。",
        "days": 0,
        "payee": {"way": Way.AS_PAID.value},
    },
    (
        Step(hours(1), "accept", "吴静"),
        Step(hours(2), "inspect", "吴静", {"sound": True, "note": ""}),
        Step(hours(6), "approve", "林海涛", {"amount": 10_000, "deducted": 0, "reason": ""}),
        Step(days(1), "pay", "吴静", {"reference": "转账 2611-088"}),
        Step(days(1) + hours(2), "confirm"),
        Step(days(1) + hours(3), "rate", told={"overall": 5}),
    ),
    days=9,
    at=time(9, 50),
)
WAITS = Story(
    "refund",
    "赵敏",
    {
        "what": Deposit.OTHER.value,
        "deposit": 50_000,
        "text": "搬家押金，电梯保护板已经拆了。",
        "days": PERIOD,
        "payee": payee("赵敏", "工商银行", "6222000000001234"),
    },
    (
        Step(hours(1), "accept", "刘芳"),
        Step(hours(4), "survey", "刘芳", _inspected),
    ),
    days=3,
    at=time(10, 15),
)
STORIES = (COME_BACK, WAITS)
