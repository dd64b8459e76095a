"""A button, a word or a command of the menu, and where it leads."""

from __future__ import annotations

from flows import catalogue
from flows.engine.messages import Command, Pressed
from handlers import dialogue, gate, groups
from handlers.desk import Scene
from handlers.identity import twins
from handlers.menu import beginning, choices, entering, languages, listing
from handlers.people import linking, moving_out, rights


async def command(scene: Scene, name: str, argument: str) -> None:
    """A slash command, in a private chat or in a group."""
    if scene.inbound.group:
        await _in_group(scene, name, argument)
        return
    match name:
        case "start" if argument:
            await entering.redeem(scene, argument)
        case "staff":
            await entering.redeem(scene, argument)
        case "cancel" if scene.draft is not None:
            await _cancel(scene)
        case "start":
            await choices.offer(scene, "menu.welcome")
        case "menu" | "tickets" | "chats" | "jobs" | "help" | "language":
            await entry(scene, name)
        case gate.COMMAND:
            await gate.command(scene, argument)
        case "merge" if scene.standing.staff is not None:
            await twins.command(scene, argument)
        case "moveout" if scene.standing.staff is not None:
            await moving_out.command(scene, argument)
        case _ if name in catalogue.services():
            await beginning.service(scene, name)
        case _:
            await choices.offer(scene, "menu.not_understood")


async def _in_group(scene: Scene, name: str, argument: str) -> None:
    if name == "bind":
        await groups.bind(scene, argument)
    elif name == gate.COMMAND:
        await gate.command(scene, argument)


async def _cancel(scene: Scene) -> None:
    """Stop what is running."""
    if scene.draft is not None and scene.draft.flow == dialogue.KEPT:
        scene.draft = None
        await choices.offer(scene, "menu.ask")
        return
    await dialogue.listen(scene, Pressed(Command.CANCEL))


async def entry(scene: Scene, name: str) -> None:
    """A button or word of the menu."""
    head, _, rest = name.partition(".")
    match head:
        case "tickets" | "jobs" | "chats":
            await _mine(scene, head, rest)
        case "twins" | "merge" | "unmerge":
            await twins.entry(scene, head, rest)
        case "consent":
            await entering.consented(scene, rest)
        case "record":
            await rights.entry(scene, rest)
        case "moveout":
            await moving_out.entry(scene, rest)
        case "help":
            choices.explain(scene)
        case "language":
            await languages.ask(scene, rest)
        case "continue" if scene.draft is not None:
            await dialogue.listen(scene, Pressed(Command.RESUME))
        case "new" if (kind := rest or _flow(scene)) in catalogue.services():
            await beginning.anew(scene, kind)
        case _ if head in catalogue.services():
            await beginning.service(scene, head)
        case _:
            await choices.offer(scene, "menu.ask")


async def _mine(scene: Scene, name: str, rest: str) -> None:
    """What is somebody's own: their tickets, the jobs they took, their chats."""
    match name:
        case "tickets" if not choices.only_staff(scene):
            await listing.my_tickets(scene)
        case "tickets" | "jobs":
            await listing.my_jobs(scene)
        case _ if scene.standing.resident is not None:
            await linking.chats(scene, rest)
        case _:
            await choices.ask_to_bind(scene)


def _flow(scene: Scene) -> str:
    return "" if scene.draft is None else scene.draft.flow
