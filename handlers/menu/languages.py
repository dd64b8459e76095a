"""Somebody wants to be spoken to in another language: asked for, or named outright."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import update

from flows.engine.messages import Command, Phrase, Pressed
from handlers import dialogue
from handlers.desk import Scene
from handlers.envelopes import Button, Outgoing
from handlers.menu import choices
from handlers.wording import plain, rows
from models.account import Account


async def ask(scene: Scene, wanted: str) -> None:
    """Ask for the language; or set the one that is `wanted`, or whose very name was written."""
    wanted = wanted or _named(scene)
    texts = scene.work.desk.texts
    if wanted not in texts.locales:
        names = {one: texts.say(Phrase("menu.language_name"), one) for one in texts.locales}
        buttons = [Button(name, f"m.language.{one}") for one, name in names.items()]
        scene.replies.append(Outgoing(scene.text("menu.language_ask"), buttons=rows(buttons)))
        return
    await scene.session.execute(
        update(Account).where(Account.id == scene.standing.account).values(locale=wanted)
    )
    scene.standing = replace(scene.standing, locale=wanted)
    if choices.running(scene):
        scene.reply("menu.language_set")
        await dialogue.listen(scene, Pressed(Command.RESUME))
    else:
        await choices.offer(scene, "menu.language_set")


def _named(scene: Scene) -> str:
    """The language whose very name somebody wrote."""
    texts, said = scene.work.desk.texts, plain(scene.inbound.text)
    names = {plain(texts.say(Phrase("menu.language_name"), one)): one for one in texts.locales}
    return names.get(said, "")
