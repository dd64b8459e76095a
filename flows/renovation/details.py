"""What a renovation keeps of itself, read back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flows.engine.messages import Phrase


def whole(moment: object) -> datetime | None:
    """A day or a moment as details keep it."""
    return datetime.fromisoformat(moment) if isinstance(moment, str) and moment else None


def works(details: Mapping[str, Any]) -> Phrase:
    """The works in words."""
    return Phrase(
        "engine.list", {"items": [Phrase(f"renovation.works.{one}") for one in details.get("works", ())]}
    )
