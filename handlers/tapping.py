"""A button of a card was tapped: the ticket moves, is shown, or asks for what it needs."""

from __future__ import annotations

from sqlalchemy import select

from flows import catalogue
from flows.engine.form import Draft
from flows.engine.lifecycle import Action, Actor, Refused
from flows.engine.messages import Command, Json, Pressed
from handlers import acting, dialogue, tickets
from handlers.cards import drawing, sheets
from handlers.cards.residents import resident_view
from handlers.desk import Scene
from handlers.outbox import delivery
from models.account import Account
from models.card import Card
from models.ticket import Ticket

STARS = frozenset("12345")


async def tap(scene: Scene, number: int, name: str, argument: str) -> None:
    """Do what a ticket's button says, for whoever tapped it, if they may."""
    ticket = await scene.session.get(Ticket, number)
    if ticket is None:
        scene.remark("refused.unknown")
        return
    actor = await tickets.actor_for(scene.work, ticket, acting.doer(scene))
    if not catalogue.lifecycles()[ticket.kind].reads(actor, ticket.details):
        await acting.explain(scene, ticket, name, "not_yours")
    elif name == "show":
        await _show(scene, ticket, actor)
    elif name == "card":
        await _post_card(scene, ticket, actor)
    else:
        await _act(scene, ticket, name, argument)


async def _act(scene: Scene, ticket: Ticket, name: str, argument: str) -> None:
    try:
        action = await tickets.permitted(scene.work, ticket, name, acting.doer(scene))
    except Refused as refusal:
        await acting.explain(scene, ticket, name, refusal.reason)
        return
    if action.asks is not None:
        await _ask(scene, ticket, action)
    elif name == "rate" and argument not in STARS:
        await acting.explain(scene, ticket, name, "unknown")
    else:
        values: dict[str, Json] = {"overall": int(argument)} if name == "rate" else {}
        await acting.act(scene, ticket, name, values)


async def _ask(scene: Scene, ticket: Ticket, action: Action) -> None:
    """Ask for what an action needs, in the private chat of the one who tapped."""
    assert action.asks is not None
    about: dict[str, Json] = {"ticket": ticket.id, "action": action.name, "number": ticket.number}
    if scene.inbound.chat != scene.standing.private:
        account = await scene.session.get_one(Account, scene.standing.account)
        await dialogue.begin_elsewhere(scene, account, action.asks, about)
        scene.remark("card.asked_in_private")
    elif _unfinished(scene.draft):
        scene.remark("engine.unfinished")
        await dialogue.listen(scene, Pressed(Command.RESUME))
    else:
        await dialogue.begin(scene, action.asks, about=about)


def _unfinished(draft: Draft | None) -> bool:
    """Whether a service's questions are half answered; those of an action may simply be asked anew."""
    return draft is not None and draft.flow != dialogue.KEPT and not draft.about


async def _show(scene: Scene, ticket: Ticket, actor: Actor) -> None:
    shown = await sheets.of(scene.session, ticket)
    texts = scene.work.desk.texts
    if (actor.owner or (actor.landlord and not actor.roles)) and not scene.inbound.group:
        scene.replies.append(resident_view(shown, texts, scene.locale, actor))
        return
    knows = shown.table.knows(actor, ticket.details)
    private = actor.assignee and knows and not scene.inbound.group
    scene.replies.append(drawing.staff_card(shown, texts, scene.locale, private=private))


async def _post_card(scene: Scene, ticket: Ticket, actor: Actor) -> None:
    """Post a ticket's card again where it was called up: the old one stops being the card."""
    inbound = scene.inbound
    card = await scene.session.scalar(
        select(Card)
        .where(Card.ticket_id == ticket.id, Card.kind == "group", Card.chat == inbound.chat)
        .where(Card.channel == inbound.channel, Card.bot == inbound.bot)
        .limit(1)
    )
    if card is None:
        await _show(scene, ticket, actor)
        return
    await delivery.call_up(scene.session, card, now=scene.work.now, lane=delivery.lane_of(ticket))
