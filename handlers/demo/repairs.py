"""Repairs in the demo community: one well done, and one that waits for a part."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from flows.engine.messages import Json
from flows.repair import Care, Details, Place, Trade
from handlers.demo.story import OWN_PHONE, Step, Story, minutes

PART_COMES = timedelta(days=3)


def _details(trade: Trade, text: str) -> dict[str, Json]:
    return Details(Place.HOME, trade, False, text, OWN_PHONE).to_json()


def _waits(at: datetime) -> dict[str, Json]:
    return {"reason": "阀芯要换，配件后天到。", "until": (at + PART_COMES).isoformat()}


WELL_DONE = Story(
    "repair",
    "胡军",
    _details(Trade.DRAINS, "厨房下水很慢，洗碗时会返上来。"),
    (
        Step(minutes(6), "accept", "李志强"),
        Step(minutes(20), "depart", "李志强"),
        Step(minutes(32), "arrive", "李志强"),
        Step(
            minutes(75),
            "finish",
            "李志强",
            {"checklist": [care.value for care in Care], "work": "疏通了下水管，清洗了存水弯，试水正常。"},
        ),
        Step(minutes(190), "rate", told={"overall": 5}),
    ),
    days=2,
    at=time(9, 40),
)
WAITS = Story(
    "repair",
    "罗琳",
    _details(Trade.WATER, "卫生间花洒一直滴水，关不紧。"),
    (
        Step(minutes(9), "accept", "陈小军"),
        Step(minutes(25), "depart", "陈小军"),
        Step(minutes(40), "arrive", "陈小军"),
        Step(minutes(60), "pause", "陈小军", _waits),
    ),
    days=1,
    at=time(15, 10),
)
STORIES = (WELL_DONE, WAITS)
