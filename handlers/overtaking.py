"""A reply overtakes the news that our message has arrived: it waits a moment, and is then heard again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from handlers.desk import Scene, Work
from handlers.envelopes import Inbound, Kind, Media
from models.due import Due
from models.outbox import Outbox

AGAIN = "heard_again"
"""What such a reply is called among the things that are due."""
PAUSE = timedelta(seconds=2)
PATIENCE = timedelta(minutes=5)
"""Longer than a sender waits for its channel, or than it takes to find that a sender has died."""
SECOND = "~"
"""At the end of the key of what is heard a second time."""


async def waits(scene: Scene) -> bool:
    """Whether it may be the answer to what is under way into this group just now; then it is kept."""
    inbound, work = scene.inbound, scene.work
    if not inbound.group or inbound.key.endswith(SECOND):
        return False
    here = {"channel": inbound.channel, "bot": inbound.bot, "chat": inbound.chat}
    row = await work.session.scalar(select(Outbox.id).filter_by(**here, state="sending").limit(1))
    if row is None:
        return False
    data = {"inbound": _stored(inbound), "outbox": row, "since": work.now.isoformat()}
    work.session.add(Due(kind=AGAIN, cycle="", at=work.now + PAUSE, data=data))
    return True


async def settled(work: Work, due: Due) -> Inbound | None:
    """The reply, once it is known what became of our message; None while it is not, and both wait on."""
    row = await work.session.get(Outbox, int(due.data["outbox"]), populate_existing=True)
    patient = work.now - datetime.fromisoformat(due.data["since"]) < PATIENCE
    if row is not None and row.state == "sending" and patient:
        due.at = work.now + PAUSE
        return None
    inbound = _read(due.data["inbound"])
    due.done_at, due.data = work.now, {}
    return replace(inbound, key=f"{inbound.key}{SECOND}")


def _stored(inbound: Inbound) -> dict[str, Any]:
    return {name: value for name, value in asdict(replace(inbound, raw=None)).items() if value}


def _read(stored: Mapping[str, Any]) -> Inbound:
    media = stored.get("media")
    values = {**stored, "kind": Kind(stored["kind"]), "media": Media(**media) if media else None}
    return Inbound(**values)
