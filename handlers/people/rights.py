"""What residents may do with their data whatever they agreed to: see it, take it along, have it erased."""

from __future__ import annotations

from flows.profile.errand import Erasure
from handlers import dialogue
from handlers.desk import Scene
from handlers.envelopes import Kind
from handlers.people import reconfirming, record
from handlers.privacy import erasing
from handlers.wording import plain, spoken

WORDS = ("show", "export", "erase")


async def named(scene: Scene) -> bool:
    """Whether somebody asked for one of these outright, which is done at once."""
    if scene.inbound.kind is not Kind.TEXT or scene.standing.resident is None:
        return False
    heard, texts = plain(scene.inbound.text), scene.work.desk.texts
    verb = next((one for one in WORDS if heard in spoken(f"holding.said.{one}", texts)), None)
    if verb is not None:
        await entry(scene, verb)
    return verb is not None


async def entry(scene: Scene, verb: str) -> None:
    """A button under what is held of somebody, or under the question whether it is still right."""
    if scene.standing.resident is None:
        scene.reply("bind.first")
        return
    match verb:
        case "show":
            await record.show(scene)
        case "export":
            await record.in_full(scene)
        case "erase":
            await _erase(scene, scene.standing.resident)
        case "right":
            await reconfirming.confirmed(scene)


async def _erase(scene: Scene, resident: int) -> None:
    """What is still under way ends first; then it is asked twice, since nothing brings it back."""
    if running := await erasing.hindrance(scene.session, resident):
        scene.reply("holding.open_tickets", numbers=[one.number for one in running])
        return
    await dialogue.begin(scene, Erasure)
