"""On a channel without buttons what is offered is numbered, and a number or its words choose it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from sqlalchemy import select, update

from flows.engine.messages import Phrase
from handlers import dialogue
from handlers.desk import Scene, Work
from handlers.envelopes import Button, Kind, Outgoing
from handlers.wording import plain
from models.account import Account
from models.conversation import Conversation
from models.outbox import Outbox

Offer: TypeAlias = tuple[str, str]
"""What is read on a button, and the data behind it."""
NUMBERS, LETTERS, WORDS = "numbers", "letters", "words"
"""How what was offered can be chosen, besides by its words."""
LETTER = "abcdefghijklmnopqrstuvwxyz"
"""For what is pushed while a question is open, or while other choices that were pushed have the numbers."""
LOOK = "show"
"""A button that only shows the ticket: no choice that would be missed."""


async def chosen(scene: Scene) -> str:
    """The data of the button that somebody named in words; '' when they said something else.

    While a question is open a number answers that, and so do words that are an answer to it.
    """
    if scene.can.buttons or scene.inbound.group or scene.inbound.kind is not Kind.TEXT or not scene.offered:
        return ""
    heard, asking = plain(scene.inbound.text), _asking(scene)
    if heard.isdecimal() and len(heard) <= 2:
        return "" if asking else _counted(scene.offered, int(heard) - 1)
    found = _at(_lettered(scene.offered), LETTER.find(heard)) if len(heard) == 1 else ""
    found = found or _named(scene.offered, heard)
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
        scene.offered = _beside(_kept(offers, WORDS), scene.offered) or _still_pushed(scene.offered)
        return
    counted = 0
    for at, reply in enumerate(scene.replies):
        scene.replies[at] = _listed(reply, [str(counted + n) for n in range(1, len(_buttons(reply)) + 1)])
        counted += len(_buttons(reply))
    scene.offered = _beside(_kept(offers, NUMBERS), scene.offered) or scene.offered


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
    signs, offered = _signed(_buttons(message), held.offered or {}, asking=asking)
    await work.session.execute(
        update(Conversation).where(Conversation.id == held.id).values(offered=offered),
        execution_options={"synchronize_session": False},
    )
    return _listed(message, signs)


def _signed(
    offers: list[Offer], before: Mapping[str, Any], *, asking: bool
) -> tuple[list[str], Mapping[str, Any]]:
    """The sign of each thing that is pushed, and what can be chosen from now on.

    What was pushed before and is still to be chosen keeps its signs, so what comes now gets the next letters;
    where the letters have run out it is forgotten.
    """
    before = before if before.get("pushed") else {}
    numbers, letters = ([] if asking else _numbered(before)), _lettered(before)
    known = {data: str(at) for at, (_, data) in enumerate(numbers, 1)}
    known |= {data: LETTER[at].upper() for at, (_, data) in enumerate(letters)}
    if all(data in known for _, data in offers):
        return [known[data] for _, data in offers], before
    others = any(not data.endswith(f".{LOOK}") for _, data in (*numbers, *letters))
    if not asking and not others:
        return [str(at) for at in range(1, len(offers) + 1)], {**_list(offers, NUMBERS), "pushed": True}
    if len(letters) + len(offers) > len(LETTER):
        numbers, letters, before = [], [], {}
    signs = LETTER[len(letters) : len(letters) + len(offers)].upper()
    kept = _list(_offers(before), NUMBERS if numbers else WORDS)
    return [*signs], {**kept, "letters": _stored([*letters, *offers]), "last": len(offers), "pushed": True}


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


def _buttons(reply: Outgoing) -> list[Offer]:
    return [(button.label, button.data) for row in reply.buttons for button in row if not button.url]


def _links(reply: Outgoing) -> tuple[tuple[Button, ...], ...]:
    """Buttons that open a page are drawn by the channel."""
    return tuple((button,) for row in reply.buttons for button in row if button.url)


def _kept(offers: list[Offer], by: str) -> Mapping[str, Any] | None:
    return _list(offers, by) if offers else None


def _list(offers: list[Offer], by: str) -> dict[str, Any]:
    return {"by": by, "offers": _stored(offers)}


def _stored(offers: list[Offer]) -> list[list[str]]:
    return [list(one) for one in offers]


def _beside(kept: Mapping[str, Any] | None, before: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """A new list, and the letters of what was pushed before it: no number is mistaken for a letter."""
    letters = _lettered(before or {})
    if kept is None or not letters:
        return kept
    return {**kept, "letters": _stored(letters), "last": 0, "pushed": True}


def _still_pushed(offered: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """A question replaces what was offered before it; of what was pushed all but the numbers still count."""
    if not offered or not offered.get("pushed"):
        return None
    return {**offered, "by": WORDS} if offered.get("by") == NUMBERS else offered


def _offers(offered: Mapping[str, Any]) -> list[Offer]:
    return [(str(label), str(data)) for label, data in offered.get("offers", ())]


def _numbered(offered: Mapping[str, Any]) -> list[Offer]:
    return _offers(offered) if offered.get("by") == NUMBERS else []


def _lettered(offered: Mapping[str, Any]) -> list[Offer]:
    own = _offers(offered) if offered.get("by") == LETTERS else []
    return [*own, *_offers({"offers": offered.get("letters", ())})]


def _counted(offered: Mapping[str, Any], place: int) -> str:
    """What has this number; beyond all of them, what has this place among the newest letters: a star."""
    return _at(_numbered(offered), place) or _at(_newest(offered), place)


def _newest(offered: Mapping[str, Any]) -> list[Offer]:
    """What was pushed last, where it has letters because other choices have the numbers."""
    letters = _offers({"offers": offered.get("letters", ())})
    return letters[len(letters) - offered.get("last", 0) :]


def _named(offered: Mapping[str, Any], heard: str) -> str:
    """What has this label, in the newest list if it is there; '' where that is not just one thing."""
    for offers in (_newest(offered), _offers(offered), _lettered(offered)):
        named = {data for label, data in offers if plain(label) == heard}
        if named:
            return named.pop() if len(named) == 1 else ""
    return ""


def _at(offers: list[Offer], place: int) -> str:
    return offers[place][1] if 0 <= place < len(offers) else ""
