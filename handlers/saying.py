"""What a ticket was told, by name, as texts mention it: a moment as a moment, what is missing as nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d.*")


class Said(dict[str, object]):
    """Answers by name; one that was never given is "" and not an error."""

    def __missing__(self, name: str) -> str:
        return ""


def said(values: Mapping[str, Any], local: Callable[[datetime], datetime]) -> Said:
    """Answers as texts mention them: `{{ said.amount }}`, `{{ said.until | when }}`."""
    return Said({name: _plain(value, local) for name, value in values.items()})


def _plain(value: Any, local: Callable[[datetime], datetime]) -> object:
    if value is None:
        return ""
    if not isinstance(value, str):
        return value
    if _DAY.fullmatch(value):
        return datetime.fromisoformat(value)
    if not _MOMENT.fullmatch(value):
        return value
    at = datetime.fromisoformat(value)
    return at if at.tzinfo is None else local(at)
