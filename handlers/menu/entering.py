"""Somebody comes in by a code, by their own number, or by agreeing; then on with what they came for."""

from __future__ import annotations

from flows.engine.messages import Command, Pressed, Said
from handlers import dialogue
from handlers.desk import Scene
from handlers.envelopes import Kind
from handlers.menu import beginning, choices
from handlers.people import binding, redeeming
from handlers.routing import leads_to


async def redeem(scene: Scene, code: str) -> None:
    """Bind with a code; then what was written before is not forgotten."""
    if not code:
        scene.reply("staff.code_wanted")
        return
    if await redeeming.redeem(scene, code):
        await bound(scene)


async def shared(scene: Scene, phone: str) -> None:
    """A stranger shows their own number."""
    if await redeeming.shared(scene, phone):
        await bound(scene)


async def consented(scene: Scene, answer: str) -> None:
    """Somebody has read what is kept of them: a yes goes on with what they had begun."""
    kind = await redeeming.consented(scene, answer)
    if kind:
        await beginning.service(scene, kind)
    elif kind is not None:
        await bound(scene)


async def bound(scene: Scene) -> None:
    """Somebody belongs here now: on with what they came for."""
    if choices.running(scene):
        await dialogue.listen(scene, Pressed(Command.RESUME))
        return
    kept = dialogue.unkept(scene.draft)
    kinds = [leads_to(one.text, scene.work.desk.texts) for one in kept if isinstance(one, Said)]
    kind = next((kind for kind in kinds if kind), None)
    if kind is not None and scene.standing.homes:
        await beginning.service(scene, kind)
    else:
        await choices.offer(scene, "menu.kept" if kept else "menu.welcome")


async def is_code(scene: Scene) -> bool:
    """Whether somebody sent a code: of one who has a home, only what can hardly be words."""
    text = scene.inbound.text
    if scene.inbound.kind is not Kind.TEXT:
        return False
    if binding.ending(text) is not None:
        return await binding.opens(scene, text)
    if scene.standing.resident is None:
        return binding.looks_like_code(text)
    return binding.looks_exactly_like_code(text) or await binding.opens(scene, text)
