"""On a channel without buttons what is offered is numbered, and a number or its words choose it."""

from __future__ import annotations

from dataclasses import replace

from flows.engine.form import Draft
from flows.engine.messages import Json
from handlers.desk import Scene
from handlers.dialogue import KEPT
from handlers.envelopes import Kind, Outgoing
from handlers.wording import plain

OFFERED = "offered"
"""Under this name an otherwise empty conversation keeps what was offered last: (label, button data) each."""


def chosen(scene: Scene) -> str:
    """The data of the button that somebody named in words; '' when they said something else."""
    if scene.can.buttons or scene.inbound.group or scene.inbound.kind is not Kind.TEXT:
        return ""
    offered, heard = _offered(scene.draft), plain(scene.inbound.text)
    if heard.isdecimal() and len(heard) <= 2 and 1 <= int(heard) <= len(offered):
        return offered[int(heard) - 1][1]
    named = [data for label, data in offered if plain(label) == heard]
    return named[0] if len(named) == 1 else ""


def put_in_words(scene: Scene) -> None:
    """Numbers in place of the buttons of all replies, kept for the answer; a remark becomes a reply."""
    if scene.can.buttons or scene.inbound.group:
        return
    if scene.hint:
        scene.replies.append(Outgoing(scene.hint))
        scene.hint = ""
    if scene.draft is not None and scene.draft.flow != KEPT:
        scene.replies[:] = [_spelt(scene, reply) for reply in scene.replies]
        return
    offered: list[tuple[str, str]] = []
    for at, reply in enumerate(scene.replies):
        scene.replies[at] = _numbered(reply, len(offered))
        offered += _buttons(reply)
    if offered:
        kept: list[Json] = [[label, data] for label, data in offered]
        answers = {} if scene.draft is None else dict(scene.draft.answers)
        scene.draft = Draft(KEPT, {**answers, OFFERED: kept}, scene.revision)


def _numbered(reply: Outgoing, before: int) -> Outgoing:
    lines = [f"{before + number}. {label}" for number, (label, _) in enumerate(_buttons(reply), 1)]
    return replace(reply, text="\n".join((reply.text, *lines)), buttons=())


def _spelt(scene: Scene, reply: Outgoing) -> Outgoing:
    """While a question is open, a number would answer that: here the words alone are said."""
    names = [label for label, _ in _buttons(reply)]
    if not names:
        return reply
    told = scene.text("engine.choose", commands=" · ".join(names))
    return replace(reply, text=f"{reply.text}\n{told}", buttons=())


def _buttons(reply: Outgoing) -> list[tuple[str, str]]:
    return [(button.label, button.data) for row in reply.buttons for button in row]


def _offered(draft: Draft | None) -> list[tuple[str, str]]:
    had = draft.answers.get(OFFERED) if draft is not None and draft.flow == KEPT else None
    pairs = had if isinstance(had, list) else []
    return [(str(one[0]), str(one[1])) for one in pairs if isinstance(one, list) and len(one) == 2]
