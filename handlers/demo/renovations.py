"""Renovations in the demo community: one under way with a finding, and one over with a deposit to return."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta

from flows.engine.messages import Json
from flows.refund.payee import Way
from flows.renovation.filing import Who, Works
from handlers.demo.story import THE_CLOCK, Step, Story, Told, days, hours

HOURS = "08:00–12:00, 14:00–18:00"
USE_PERIOD = 30


def _filing(
    company: str,
    foreman: str,
    workers: int,
    begins: int,
    lasts: int,
    works: Sequence[Works],
    deposit: int = 0,
) -> Told:
    """A filing by a company: works that begin so many days later and last so long; the deposit is in fen."""

    def filed(at: datetime) -> dict[str, Json]:
        start = datetime.combine(at.date() + timedelta(days=begins), time(), at.tzinfo)
        return {
            "who": Who.COMPANY.value,
            "company": company,
            "foreman": foreman,
            "phone": "+8613900003001",
            "workers": workers,
            "start": start.isoformat(),
            "end": (start.date() + timedelta(days=lasts)).isoformat(),
            "works": [one.value for one in works],
            "structure": False,
            "tenant": False,
            "text": "",
            "pictures": {},
            "rules": "2026-11",
            "hours": HOURS,
            "use_days": USE_PERIOD,
            "deposit": deposit,
        }

    return filed


def _checked(at: datetime) -> dict[str, Json]:
    until = at.date() + timedelta(days=USE_PERIOD)
    return {"note": "现场已清理，水电正常。", "use_until": until.isoformat()}


UNDER_WAY = Story(
    "renovation",
    "陈静",
    _filing("安居装饰", "老赵", 3, 3, 30, (Works.WATERPROOFING, Works.ELECTRICITY, Works.FLOORS)),
    (
        Step(hours(5), "approve", "周敏"),
        Step(days(2) + hours(15), "ready", THE_CLOCK),
        Step(days(2) + hours(22), "start"),
        Step(days(5), "finding", "周敏", {"note": "电梯厅堆放了水泥和瓷砖，请搬进屋内。", "pictures": []}),
        Step(days(5) + hours(6), "mended", told={"finding": 1, "note": "已经搬进去了。", "pictures": []}),
        Step(days(6), "settle", "周敏", {"finding": 1, "note": "现场看过，已清理。"}),
        Step(
            days(9), "finding", "孙国平", {"note": "中午十二点半还在打钻，请在规定时间施工。", "pictures": []}
        ),
    ),
    days=10,
    at=time(9, 15),
)
WITH_DEPOSIT = Story(
    "renovation",
    "李娜",
    _filing("和美家装", "周工", 4, 2, 40, (Works.WALLS, Works.WINDOWS), deposit=200_000),
    (
        Step(hours(7), "approve", "刘芳"),
        Step(days(1) + hours(14), "ready", THE_CLOCK),
        Step(days(2), "start"),
        Step(days(36), "finish"),
        Step(days(37), "pass", "刘芳", _checked),
        Step(days(67), "used", THE_CLOCK),
        Step(days(68), "final_pass", "刘芳", {"note": "使用一个月，没有问题。"}),
        Step(days(68) + hours(4), "rate", told={"overall": 5}),
        Step(days(68) + hours(5), "payee", told={"payee": {"way": Way.AS_PAID.value}}, of="refund"),
        Step(days(68) + hours(6), "accept", "刘芳", of="refund"),
    ),
    days=70,
    at=time(10, 30),
)
STORIES = (WITH_DEPOSIT, UNDER_WAY)
