"""Complaints in the demo community: one settled and rated, and one whose resident stays unnamed."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from flows.complaint.grievance import Details, Reach, Subject, Team
from flows.engine.messages import Json
from handlers.demo.story import Step, Story, days, hours, minutes


def _proposal(at: datetime) -> dict[str, Json]:
    words = "明天起楼道每天拖两遍，电梯厅由班组长每晚检查并拍照。"
    return {"note": words, "proposal": words, "until": (at + timedelta(days=2)).isoformat()}


SETTLED = Story(
    "complaint",
    "郭艳",
    Details(
        Subject.CLEANING,
        Team.CLEANERS,
        "楼道的垃圾两天没有收，电梯厅有异味。",
        "希望每天都能打扫。",
        Reach.HERE,
        "",
        False,
    ).to_json(),
    (
        Step(minutes(12), "own", "刘芳"),
        Step(minutes(30), "answer", "刘芳", {"note": "郭女士，对不起，我现在就去现场看，今天下午给您答复。"}),
        Step(hours(5), "propose", "刘芳", _proposal),
        Step(hours(6), "agree"),
        Step(
            days(2),
            "settle",
            "刘芳",
            {
                "cause": "保洁员请假，没有安排替班。",
                "prevention": "班组长每天排班时确认替班，晚上检查。",
                "note": "楼道已经恢复每天两次打扫，谢谢您提醒我们。",
            },
        ),
        Step(days(2) + hours(3), "rate", told={"overall": 4}),
        Step(
            days(5),
            "visited",
            "刘芳",
            {"note": "电话回访，住户满意。", "visited": "电话回访，住户满意。"},
        ),
    ),
    days=8,
    at=time(10, 5),
)
IN_CONFIDENCE = Story(
    "complaint",
    "朱婷",
    Details(
        Subject.STAFF,
        Team.REPAIR,
        "上门维修的师傅态度不好，也没有穿鞋套。",
        "希望有人和他谈一谈。",
        Reach.HERE,
        "",
        True,
    ).to_json(),
    (
        Step(minutes(8), "own", "周敏"),
        Step(minutes(21), "answer", "周敏", {"note": "谢谢您告诉我们，您的姓名不会让维修班知道。"}),
    ),
    ago=hours(4),
)
STORIES = (SETTLED, IN_CONFIDENCE)
