"""At the gate of the demo community: a tenant's things left two days ago, and a sofa is to leave today."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from flows.engine.messages import Json
from handlers.demo.story import Step, Story, Told, hours, minutes

CLOSES = time(22, 0)
AT_LEAST = timedelta(hours=2)


def _goods(text: str, vehicle: str, *, lets: bool) -> Told:
    """What leaves from the moment on until the gate closes."""

    def asked(at: datetime) -> dict[str, Json]:
        since = at.replace(second=0, microsecond=0)
        until = max(datetime.combine(at.date(), CLOSES, at.tzinfo), since + AT_LEAST)
        return {
            "text": text,
            "start": since.isoformat(),
            "until": until.isoformat(),
            "vehicle": vehicle,
            "lets": lets,
            "approval": False,
            "arrears": False,
        }

    return asked


LEFT = Story(
    "release",
    "刘洋",
    _goods("洗衣机 1 台，纸箱 6 个", "浙A·12345 厢式货车", lets=True),
    (
        Step(minutes(35), "consent", "沈岚"),
        Step(hours(3), "release", "孙国平", {"match": True}),
        Step(hours(5), "rate", told={"overall": 5}),
    ),
    days=2,
    at=time(9, 20),
)
TODAY = Story("release", "唐雪", _goods("三人沙发 1 个", "", lets=False), ago=minutes(30))
STORIES = (LEFT, TODAY)
