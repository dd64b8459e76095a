"""Words that belong to nothing yet: they may let somebody in; else they are kept, and the menu offered."""

from __future__ import annotations

from flows import catalogue
from flows.engine.messages import Unfit
from handlers import dialogue, gate
from handlers.desk import Scene
from handlers.envelopes import Kind
from handlers.menu import beginning, choices, entering
from handlers.people import consenting
from handlers.wording import plain, spoken


async def welcome(scene: Scene) -> None:
    """Words that lead nowhere yet: kept, and the menu offered."""
    if await gate.hears(scene):
        return
    if await entering.is_code(scene):
        await entering.redeem(scene, scene.inbound.text)
        return
    if await _let_in(scene):
        return
    heard = await dialogue.plainly(scene)
    before = scene.draft
    scene.draft = dialogue.keep(scene.draft, heard, scene.revision)
    if not scene.standing.homes:
        await choices.offer(scene, "menu.welcome")
    elif not await consenting.ever(scene):
        return
    elif isinstance(heard, Unfit) and not heard.caption:
        await choices.offer(scene, f"unfit.{heard.kind}")
    elif scene.draft is before:
        await choices.offer(scene, "menu.not_understood")
    else:
        await choices.offer(scene, "menu.kept")


async def _let_in(scene: Scene) -> bool:
    """Whether a stranger showed their own number, or somebody answered what they were asked to agree to."""
    if scene.inbound.kind is Kind.CONTACT and scene.inbound.phone and not scene.standing.homes:
        await entering.shared(scene, scene.inbound.phone)
        return True
    if scene.inbound.kind is not Kind.TEXT:
        return False
    kind = None if scene.standing.homes else _for_strangers(scene)
    answer = "" if kind else await consenting.said(scene)
    if kind:
        await beginning.service(scene, kind)
    elif answer:
        await entering.consented(scene, answer)
    return bool(kind or answer)


def _for_strangers(scene: Scene) -> str | None:
    """The service for those without a home whose name somebody wrote."""
    heard, texts = plain(scene.inbound.text), scene.work.desk.texts
    open_to_all = [kind for kind, one in catalogue.services().items() if one.strangers]
    return next((kind for kind in open_to_all if heard in spoken(f"{kind}.called", texts)), None)
