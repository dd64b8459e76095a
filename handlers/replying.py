"""A reply to one of our messages: if that was about a ticket, the words and photos are added to it."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import select

from flows import catalogue
from flows.engine.messages import Said, Sent, Unfit
from handlers import acting, dialogue, gate, overtaking, relaying, tickets
from handlers.desk import Scene
from handlers.envelopes import Inbound, Kind, Outgoing
from handlers.menu import beginning, choices, welcoming
from handlers.routing import ToService, route
from models.card import Card
from models.ticket import Ticket


async def reply(scene: Scene, message: str) -> None:
    """Add to the ticket that the answered message shows; otherwise it is a message like any other."""
    ticket = await answered(scene, message)
    if ticket is None and scene.inbound.group:
        if await overtaking.waits(scene):
            return
        ticket = await answered(scene, message)
    if await gate.answered(scene, ticket):
        return
    if ticket is None or _asked_about(scene, ticket):
        await _ordinary(scene)
        return
    actor = await tickets.actor_for(scene.work, ticket, acting.doer(scene))
    if not actor.roles and not actor.owner:
        await acting.explain(scene, ticket, "add", "not_yours")
        return
    if relaying.by_colleague(scene, ticket, owner=actor.owner):
        await relaying.to_resident(scene, ticket)
        return
    if relaying.by_resident(ticket, owner=actor.owner):
        await relaying.to_colleagues(scene, ticket)
        return
    heard = await dialogue.plainly(scene)
    if isinstance(heard, Unfit) and not heard.caption:
        scene.reply(f"unfit.{heard.kind}")
        return
    final = catalogue.lifecycles()[ticket.kind].final
    if ticket.state in final and actor.owner:
        if not _running(scene):
            scene.draft = dialogue.keep(scene.draft, heard, scene.revision)
        scene.replies.append(_over(scene, ticket))
        return
    await _add(scene, ticket, heard)


async def _add(scene: Scene, ticket: Ticket, heard: object) -> None:
    source = scene.source(scene.inbound.ref)
    photos = (heard.file,) if isinstance(heard, Sent) else ()
    note = heard.text if isinstance(heard, Said) else getattr(heard, "caption", "")
    await tickets.add(scene.work, ticket, acting.doer(scene), str(note), photos, source)
    if not scene.inbound.group:
        scene.replies.append(
            Outgoing(scene.text("tickets.added", number=ticket.number), ticket.number, ticket=ticket.id)
        )


def _over(scene: Scene, ticket: Ticket) -> Outgoing:
    told = scene.text("tickets.over", number=ticket.number)
    return Outgoing(told, ticket.number, choices.buttons(scene), ticket=ticket.id)


async def answered(scene: Scene, message: str) -> Ticket | None:
    """The ticket that a message of ours in this chat was about."""
    inbound = scene.inbound
    return await scene.session.scalar(
        select(Ticket)
        .join(Card, Card.ticket_id == Ticket.id)
        .where(Card.channel == inbound.channel, Card.bot == inbound.bot)
        .where(Card.chat == inbound.chat, Card.message == message)
        .order_by(Card.id.desc())
        .limit(1)
    )


def _running(scene: Scene) -> bool:
    return choices.running(scene) and not scene.inbound.group


def _asked_about(scene: Scene, ticket: Ticket) -> bool:
    """Whether just now something is asked for this very ticket, such as what was done."""
    return _running(scene) and scene.draft is not None and scene.draft.about.get("ticket") == ticket.id


async def _ordinary(scene: Scene) -> None:
    inbound: Inbound = scene.inbound
    if inbound.group:
        return
    if _running(scene):
        await dialogue.listen(scene)
        return
    to = route(_unaddressed(inbound), running=None, texts=scene.work.desk.texts)
    if isinstance(to, ToService) and inbound.kind is Kind.TEXT:
        await beginning.service(scene, to.kind, (await dialogue.plainly(scene),))
    else:
        await welcoming.welcome(scene)


def _unaddressed(inbound: Inbound) -> Inbound:
    return replace(inbound, reply_to="")
