"""Hours of quiet as people say them: 22:00-7:00, 晚上十点到早上七点半, "10pm to 7am"."""

from __future__ import annotations

import re
from datetime import time

from flows.engine.plain import plain

LEAST, MOST = 60, 16 * 60
"""Minutes between which hours of quiet make sense."""
_TIME = re.compile(
    r"(?P<before>晚上|晚|夜里|夜间|下午|凌晨|早上|早晨|早|上午)?\s*"
    r"(?P<hour>\d{1,2})(?::(?P<minute>\d{2})|点(?P<half>半|\d{1,2})?)?\s*(?P<after>am|pm|at night)?"
)


def understand(text: str) -> tuple[time, time] | None:
    """From when until when; None when it is not two times, or a night too short or too long."""
    found = list(_TIME.finditer(plain(text)))
    start, end = (_time(one) for one in found) if len(found) == 2 else (None, None)
    if start is None or end is None:
        return None
    span = (end.hour * 60 + end.minute - start.hour * 60 - start.minute) % (24 * 60)
    return (start, end) if LEAST <= span <= MOST else None


def _time(found: re.Match[str]) -> time | None:
    half = found["half"]
    hour, minute = int(found["hour"]), 30 if half == "半" else int(found["minute"] or half or 0)
    said = f"{found['before'] or ''}{found['after'] or ''}"
    if hour == 12 and ("晚" in said or "夜" in said or said.endswith(("am", "night"))):
        hour = 0
    elif hour < 12 and ("晚" in said or "夜" in said or said.endswith(("下午", "pm", "night"))):
        hour += 12
    try:
        return time(hour % 24, minute) if hour <= 24 else None
    except ValueError:
        return None
