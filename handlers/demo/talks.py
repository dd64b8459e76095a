"""People who speak with the assistants of the demo community, and people who would like to be let in."""

from __future__ import annotations

from datetime import time

from flows.engine.messages import Json
from flows.membership import Standing
from handlers.demo.story import Step, Story, hours, minutes


def _asks(standing: Standing, name: str, phone: str, text: str) -> dict[str, Json]:
    return {"standing": standing.value, "name": name, "phone": phone, "text": text, "wish": ""}


OPEN_TALK = Story(
    "assistant",
    "Emma Wilson",
    {"text": "Hello! Is there a place where I can charge my e-bike?"},
    (
        Step(minutes(7), "answer", "刘芳", {"note": "Yes: the bike shed behind building 2 has sockets."}),
        Step(minutes(9), "add", told={"note": "Great, and how do I pay?"}),
    ),
    ago=minutes(20),
)
OVER = Story(
    "assistant",
    "吴倩",
    {"text": "请问物业费的发票怎么开？"},
    (
        Step(minutes(11), "answer", "周敏", {"note": "吴女士，把抬头发给我，今天就开好放在前台。"}),
        Step(minutes(15), "add", told={"note": "个人抬头就可以，谢谢。"}),
        Step(hours(2), "answer", "周敏", {"note": "已经开好了，在前台，随时来拿。"}),
        Step(hours(2.5), "thanks"),
    ),
    days=4,
    at=time(10, 50),
)
LET_IN = Story(
    "membership",
    "钱蕾",
    _asks(Standing.FAMILY, "钱蕾", "+8613900004001", "我是何平的爱人，结婚证可以带到前台。"),
    (Step(minutes(20), "accept", "吴静"), Step(hours(3), "approve", "吴静")),
    days=5,
    at=time(11, 10),
    home="2-1202",
)
WAITING = Story(
    "membership",
    "彭程",
    _asks(Standing.TENANT, "彭程", "+8613900004002", "上周从房东宋佳那里租的，合同在手边。"),
    ago=minutes(25),
    home="3-902",
)
STORIES = (OVER, LET_IN, OPEN_TALK, WAITING)
"""Whoever asks to be let in lives nowhere yet."""
