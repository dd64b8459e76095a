"""Into a service: with what was already said, or back to the draft that is half-way."""

from __future__ import annotations

from flows import catalogue
from flows.engine.messages import Heard, Phrase
from handlers import dialogue, gate
from handlers.desk import Scene
from handlers.envelopes import Button, Outgoing
from handlers.menu import choices
from handlers.people import applying, consenting, rights


async def service(scene: Scene, kind: str, first: tuple[Heard, ...] = ()) -> None:
    """Into a service: with what was already said, or back to the draft that is half-way."""
    if await gate.hears(scene) or await rights.named(scene):
        return
    found = catalogue.services()[kind]
    if not found.strangers and (scene.standing.resident is None or not scene.standing.homes):
        _keep(scene, first)
        await choices.ask_to_bind(scene)
        return
    if scene.draft is not None and choices.running(scene):
        _half_way(scene, scene.draft.flow, kind)
        return
    if not await _may_begin(scene, found):
        _keep(scene, first)
        return
    kept = dialogue.unkept(scene.draft)
    scene.draft = None
    await dialogue.begin(scene, found.start, first=(*kept, *first))


async def anew(scene: Scene, kind: str) -> None:
    """Into a service from its start: what was half-way is over, and what was laid aside comes along."""
    aside = () if scene.draft is None else dialogue.laid_aside(scene.draft)[1]
    scene.draft = None
    await service(scene, kind, aside)


async def _may_begin(scene: Scene, service: catalogue.Service) -> bool:
    """Whether a stranger may ask now, and whether who tells us something has agreed to our keeping it."""
    if service.strangers and not await applying.may(scene, service.kind):
        return False
    if "consent" in service.start.wants:
        return await consenting.before(scene, service.kind)
    return scene.standing.resident is None or await consenting.ever(scene, service.kind)


def _half_way(scene: Scene, flow: str, wanted: str) -> None:
    title, other = _title(scene, flow), _title(scene, wanted)
    told = scene.text("engine.half_way", flow=title)
    if flow != wanted:
        told = scene.text("engine.half_way_elsewhere", flow=title, other=other)
    scene.replies.append(Outgoing(told, buttons=(ways(scene, wanted),)))


def ways(scene: Scene, kind: str) -> tuple[Button, ...]:
    """On with what is half-way, or from the start, or to the other matter that was named."""
    same = scene.draft is not None and scene.draft.flow == kind
    other = scene.text("menu.start_new") if same else scene.text("engine.instead", flow=_title(scene, kind))
    return (
        Button(scene.text("menu.continue"), "m.continue", "primary"),
        Button(other, f"m.new.{kind}"),
    )


def _title(scene: Scene, flow: str) -> str:
    return scene.work.desk.texts.say(Phrase(f"{flow}.title"), scene.locale)


def _keep(scene: Scene, heard: tuple[Heard, ...]) -> None:
    for one in heard:
        scene.draft = dialogue.keep(scene.draft, one, scene.revision)
