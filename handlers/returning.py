"""Somebody writes again a day later: they are reminded of what they left, and their new words are kept."""

from __future__ import annotations

from datetime import timedelta

from flows import catalogue
from flows.engine import turn as engine
from flows.engine.messages import Phrase, Sent
from handlers import dialogue
from handlers.desk import Scene, facts
from handlers.envelopes import Kind, Outgoing
from handlers.menu import beginning

AFTER = timedelta(hours=24)
"""After so long nobody remembers the question that is still open."""


def late(scene: Scene) -> bool:
    """Whether words or a photo come so late that they may well be about something else."""
    draft = scene.draft
    if draft is None or draft.flow not in catalogue.services():
        return False
    if scene.inbound.kind not in (Kind.TEXT, Kind.PHOTO):
        return False
    return dialogue.ASIDE in draft.answers or scene.work.now - scene.standing.touched_at > AFTER


async def remind(scene: Scene) -> None:
    """Take what answers the open question; keep anything else and ask where it belongs."""
    draft = scene.draft
    assert draft is not None
    heard = await dialogue.plainly(scene)
    flow = catalogue.services()[draft.flow].start
    known = await facts(scene, flow, draft.about)
    if await dialogue.answers(scene) or engine.takes(flow, draft, heard, known):
        await dialogue.listen(scene, heard if isinstance(heard, Sent) else None)
        return
    scene.draft = dialogue.set_aside(draft, heard)
    title = scene.work.desk.texts.say(Phrase(f"{draft.flow}.title"), scene.locale)
    told = scene.text("engine.left_off", flow=title)
    scene.replies.append(Outgoing(told, buttons=(beginning.ways(scene, draft.flow),)))
