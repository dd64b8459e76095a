"""The menu itself: every service there is, with a sentence above; who is a stranger is asked to bind."""

from __future__ import annotations

from collections.abc import Collection

from flows import catalogue
from flows.engine.messages import Phrase
from handlers import dialogue
from handlers.desk import Scene
from handlers.envelopes import Button, Outgoing
from handlers.people import binding, consenting
from handlers.wording import rows


async def offer(scene: Scene, key: str) -> None:
    """The menu, with a sentence above it; staff without a home are shown their own."""
    if not scene.standing.homes and scene.standing.staff is None:
        await ask_to_bind(scene)
        return
    if only_staff(scene) and key != "menu.language_set":
        key = "staff.private_help"
    ahead = _people() if key in ("menu.kept", "menu.not_understood") else ()
    scene.replies.append(Outgoing(scene.text(key), buttons=buttons(scene, ahead)))


def _people() -> Collection[str]:
    """The services in which somebody answers: the way out when nothing else is understood."""
    return [kind for kind, table in catalogue.lifecycles().items() if table.talk]


async def ask_to_bind(scene: Scene) -> None:
    """First the home; whoever wrote something already learns that it is kept."""
    if await consenting.again(scene):
        return
    if only_staff(scene):
        binding.told(scene, "bind.staff_only")
    else:
        binding.told(scene, "bind.first_kept" if dialogue.unkept(scene.draft) else "bind.first")


def explain(scene: Scene) -> None:
    """What can be done here, in a few words."""
    told = scene.text("staff.help_text" if only_staff(scene) else "menu.help_text")
    scene.replies.append(Outgoing(told, buttons=buttons(scene)))


def buttons(scene: Scene, ahead: Collection[str] = ()) -> tuple[tuple[Button, ...], ...]:
    """Every service there is, then my tickets, help and the language; of staff, the jobs they took.

    The services `ahead` come first.
    """
    texts = scene.work.desk.texts
    services = [
        Button(texts.say(Phrase(f"{kind}.title"), scene.locale), f"m.{kind}", "primary")
        for kind, service in sorted(catalogue.services().items(), key=lambda one: one[0] not in ahead)
        if service.in_menu
    ]
    rest = [Button(scene.text(f"menu.{name}"), f"m.{name}") for name in _entries(scene)]
    if only_staff(scene):
        services = []
    if running(scene):
        services.insert(0, Button(scene.text("menu.continue"), "m.continue", "primary"))
    return (*rows(services), *rows(rest))


def _entries(scene: Scene) -> tuple[str, ...]:
    mine = () if only_staff(scene) else ("tickets",)
    jobs = () if scene.standing.staff is None else ("jobs",)
    chats = () if scene.standing.resident is None else ("chats",)
    return (*mine, *jobs, "help", "language", *chats)


def only_staff(scene: Scene) -> bool:
    """Whether somebody works here, and is no resident."""
    return scene.standing.resident is None and scene.standing.staff is not None


def running(scene: Scene) -> bool:
    """Whether questions are half answered."""
    return scene.draft is not None and scene.draft.flow != dialogue.KEPT
