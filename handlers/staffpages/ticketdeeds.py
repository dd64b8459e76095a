"""What a colleague does at a ticket's page is done once, exactly as in a chat, and they learn how it went."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select, update

from flows.engine.effects import Act
from flows.engine.form import Flow
from flows.engine.lifecycle import Action, Refused
from flows.ticket import Remark
from handlers import acting, tickets
from handlers.desk import Scene, Work, facts_of
from handlers.envelopes import Inbound, Kind
from handlers.staffpages import signing, ticketform
from handlers.staffpages.signing import PAGES
from handlers.staffpages.ticketform import Filled, Given
from handlers.staffpages.ticketpage import Reader, about, is_note
from models.attachment import Attachment
from models.base import add_once
from models.conversation import Inbox
from models.hearing import Standing
from models.ticket import Ticket


class Unfinished(Exception):
    """Something is missing or wrong: nothing is done, and `filled` says what."""

    def __init__(self, filled: Filled) -> None:
        super().__init__()
        self.filled = filled


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a deed: the words for it, and whether it was done."""

    told: str
    done: bool


async def do(work: Work, reader: Reader, number: int, name: str, given: Given, key: str) -> Outcome | None:
    """Do an action or add a note, once for each form `key`; None when there is no such ticket.

    Raises Unfinished, and then nothing may be committed.
    """
    ticket = await work.session.get(Ticket, number)
    if ticket is None:
        return None
    row = {"channel": PAGES, "bot": PAGES, "key": _key(reader, key)}
    if not await add_once(work.session, Inbox, *row, **row, received_at=work.now, receipt={}):
        return await outcome(work, reader, key)
    scene = await _scene(work, reader, _key(reader, key))
    done = await _done(scene, reader, ticket, name, given)
    came = Outcome(scene.hint or "\n".join(reply.text for reply in scene.replies), done)
    await work.session.execute(
        update(Inbox).filter_by(**row).values(receipt={"hint": came.told, "done": came.done}),
        execution_options={"synchronize_session": False},
    )
    return came


async def outcome(work: Work, reader: Reader, key: str) -> Outcome | None:
    """What came of an earlier deed of the same colleague; None when it is not known any more."""
    same = select(Inbox.receipt).filter_by(channel=PAGES, bot=PAGES, key=_key(reader, key))
    receipt: dict[str, Any] | None = await work.session.scalar(same)
    return Outcome(str(receipt.get("hint", "")), receipt.get("done") is True) if receipt else None


async def _done(scene: Scene, reader: Reader, ticket: Ticket, name: str, given: Given) -> bool:
    """Whether it was done; why not, or how it went, is then in the scene."""
    try:
        action = await _action(scene.work, reader, ticket, name)
    except Refused as refused:
        await acting.explain(scene, ticket, name, refused.reason)
        return False
    asks = Remark if action is None else action.asks
    if asks is None:
        done = await acting.act(scene, ticket, name, {})
        if done and action is not None and action.takes:
            scene.hint = scene.text("staff.page.taken")
        return done
    return await _carried_out(scene, reader, ticket, name, asks, given)


async def _action(work: Work, reader: Reader, ticket: Ticket, name: str) -> Action | None:
    """The action, if this colleague may do it now; None is a note. Raises Refused."""
    actor = await tickets.actor_for(work, ticket, reader.doer)
    if not actor.roles:
        raise Refused("not_yours")
    if is_note(ticket, name):
        return None
    return await tickets.permitted(work, ticket, name, reader.doer)


async def _carried_out(
    scene: Scene, reader: Reader, ticket: Ticket, name: str, asks: type[Flow], given: Given
) -> bool:
    """Say the answers to the flow and do what comes of it. Raises Unfinished."""
    work, texts = scene.work, scene.work.desk.texts
    facts = await facts_of(work, None, asks, about(ticket, name))
    numbers = {path: await _on_record(work, path) for path in given.pictures}
    filled = ticketform.fill(asks, facts, replace(given, numbers=numbers), texts, reader.locale)
    effects = ticketform.finish(asks, facts, filled.heard) if filled.complete else None
    if effects is None:
        raise Unfinished(filled)
    if not effects:
        scene.hint = scene.text("engine.left")
    for effect in effects:
        if isinstance(effect, Act) and not await _act(scene, ticket, effect, filled):
            return False
    return bool(effects)


async def _act(scene: Scene, ticket: Ticket, effect: Act, filled: Filled) -> bool:
    if not is_note(ticket, effect.action):
        return await acting.act(scene, ticket, effect.action, effect.values, effect.photos)
    note = str(effect.values.get("note", ""))
    if not note and not effect.photos:
        raise Unfinished(ticketform.marked(filled, "note", scene.text("staff.page.nothing")))
    await tickets.add(scene.work, ticket, acting.doer(scene), note, effect.photos, None)
    scene.hint = scene.text("tickets.added", number=ticket.number)
    return True


async def _on_record(work: Work, path: str) -> int:
    """Keep where our copy of a photo lies, as for any other that was sent."""
    photo = Attachment(channel=PAGES, bot=PAGES, source=path, next_at=work.now, created_at=work.now)
    work.session.add(photo)
    await work.session.flush()
    return photo.id


def _key(reader: Reader, key: str) -> str:
    return f"staff:{reader.person.id}:page.{key}"


async def _scene(work: Work, reader: Reader, key: str) -> Scene:
    """A tap at the page, as a handler sees any other tap: it belongs to no conversation."""
    account = await signing.seat(work, reader.person, reader.locale)
    inbound = Inbound(
        channel=PAGES,
        bot=PAGES,
        chat=account.chat,
        account=account.external_id,
        key=key,
        kind=Kind.TAP,
        name=account.name,
        tap="page",
    )
    standing = Standing(
        id=0,
        draft=None,
        offered=None,
        revision=0,
        account=account.id,
        resident=None,
        staff=reader.person.id,
        locale=reader.locale,
        reachable=True,
        private=account.chat,
        seen=False,
        receipt=None,
        backlog=False,
        touched_at=work.now,
    )
    return Scene(work, inbound, standing, None)
