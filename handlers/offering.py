"""On a channel without buttons what is offered is numbered, and a number or its words choose it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import select, update

from flows.engine.messages import Phrase
from handlers import dialogue
from handlers.desk import Scene, Work
from handlers.envelopes import Button, Kind, Outgoing
from handlers.wording import plain
from models.account import Account
from models.conversation import Conversation
from models.outbox import Outbox

NUMBERS, LETTERS, WORDS = "numbers", "letters", "words"
"""How what was offered can be chosen, besides by its words."""
LETTER = "abcdefghijklmnopqrstuvwxyz"
"""For what is pushed while a question is open, whose answers have the numbers."""


async def chosen(scene: Scene) -> str:
    """The data of the button that somebody named in words; '' when they said something else.

    While a question is open a number answers that, and so do words that are an answer to it.
    """
    if scene.can.buttons or scene.inbound.group or scene.inbound.kind is not Kind.TEXT or not scene.offered:
        return ""
    offers, heard, asking = _offers(scene.offered), plain(scene.inbound.text), _asking(scene)
    if heard.isdecimal() and len(heard) <= 2:
        return "" if asking else _at(offers, scene.offered, NUMBERS, int(heard) - 1)
    found = _at(offers, scene.offered, LETTERS, LETTER.find(heard)) if len(heard) == 1 else ""
    named = [data for label, data in offers if plain(label) == heard]
    found = found or (named[0] if len(named) == 1 else "")
    return "" if asking and found and await dialogue.answers(scene) else found


def put_in_words(scene: Scene) -> None:
    """Numbers in place of the buttons of all replies, kept for the answer; a remark becomes a reply."""
    if scene.can.buttons or scene.inbound.group:
        return
    if scene.hint:
        scene.replies.append(Outgoing(scene.hint))
        scene.hint = ""
    asking, offers = _asking(scene), [offer for reply in scene.replies for offer in _buttons(reply)]
    if asking:
        scene.replies[:] = [_spelt(reply, scene.work, scene.locale) for reply in scene.replies]
        scene.offered = _kept(offers, WORDS) or _still_pushed(scene.offered)
        return
    counted = 0
    for at, reply in enumerate(scene.replies):
        scene.replies[at] = _listed(reply, [str(counted + n) for n in range(1, len(_buttons(reply)) + 1)])
        counted += len(_buttons(reply))
    scene.offered = _kept(offers, NUMBERS) or scene.offered


async def pushed(work: Work, row: Outbox, message: Outgoing) -> Outgoing:
    """A message that nobody asked for, with its buttons in words where its channel has none.

    What it offers is written down before it leaves, under the lock of the conversation it goes to.
    """
    can = work.desk.can(row.channel)
    if can.buttons or can.cards or not _buttons(message):
        return message
    account = await work.session.scalar(
        select(Account).filter_by(channel=row.channel, bot=row.bot, chat=row.chat).limit(1)
    )
    if account is None:
        return replace(message, buttons=_links(message))
    place = {"channel": row.channel, "bot": row.bot, "chat": row.chat, "account_id": account.id}
    held = await dialogue.private_conversation(work, place)
    asking = bool(held.draft and held.draft.get("flow"))
    await work.session.execute(
        update(Conversation)
        .where(Conversation.id == held.id)
        .values(offered={**(_kept(_buttons(message), LETTERS if asking else NUMBERS) or {}), "pushed": True}),
        execution_options={"synchronize_session": False},
    )
    signs = LETTER.upper() if asking else [str(number) for number in range(1, len(_buttons(message)) + 1)]
    return _listed(message, signs)


def _asking(scene: Scene) -> bool:
    """Whether a question is open in this conversation."""
    return scene.draft is not None and scene.draft.flow != dialogue.KEPT


def _listed(reply: Outgoing, signs: Sequence[str]) -> Outgoing:
    """What is offered, line by line, each with the sign that chooses it."""
    lines = [(f"{sign}. {label}", sign) for sign, (label, _) in zip(signs, _buttons(reply), strict=False)]
    text = "\n".join((reply.text, *(line for line, _ in lines)))
    return replace(reply, text=text, buttons=_links(reply), choices=(*reply.choices, *lines))


def _spelt(reply: Outgoing, work: Work, locale: str) -> Outgoing:
    """While a question is open, a number would answer that: here the words alone are said."""
    names = [label for label, _ in _buttons(reply)]
    if not names:
        return reply
    told = work.desk.texts.say(Phrase("engine.choose", {"commands": " · ".join(names)}), locale)
    return replace(reply, text=f"{reply.text}\n{told}", buttons=_links(reply))


def _buttons(reply: Outgoing) -> list[tuple[str, str]]:
    return [(button.label, button.data) for row in reply.buttons for button in row if not button.url]


def _links(reply: Outgoing) -> tuple[tuple[Button, ...], ...]:
    """Buttons that open a page are drawn by the channel."""
    return tuple((button,) for row in reply.buttons for button in row if button.url)


def _kept(offers: list[tuple[str, str]], by: str) -> dict[str, Any] | None:
    return {"by": by, "offers": [list(one) for one in offers]} if offers else None


def _still_pushed(offered: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """A question replaces what was offered before it; of what was pushed all but the numbers still count."""
    if not offered or not offered.get("pushed"):
        return None
    return {**offered, "by": WORDS} if offered.get("by") == NUMBERS else offered


def _offers(offered: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(str(label), str(data)) for label, data in offered.get("offers", ())]


def _at(offers: list[tuple[str, str]], offered: Mapping[str, Any], by: str, place: int) -> str:
    return offers[place][1] if offered.get("by") == by and 0 <= place < len(offers) else ""
