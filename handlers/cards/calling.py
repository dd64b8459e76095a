"""Who is called to a ticket: the duty lead in an emergency, else who answers for the building."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from flows.engine.lifecycle import Role
from flows.engine.messages import Phrase
from handlers.cards.lines import labelled
from handlers.cards.sheets import Sheet
from handlers.envelopes import Outgoing
from handlers.roster import addresses, answering, assistant_of, called, leads
from handlers.texts import Texts
from models.card import Card
from models.staff import Staff


def burns(shown: Sheet) -> bool:
    """Whether this is an emergency that nobody has taken yet, or in a talk, answered."""
    ticket = shown.ticket
    if shown.table.talk and "respond" not in ticket.clocks:
        return False
    return ticket.urgent and ticket.assignee_id is None and ticket.state not in shown.table.final


async def whom(session: AsyncSession, shown: Sheet, at: datetime) -> tuple[Role, Sequence[Staff]]:
    """Who is called: the duty lead in an emergency, else who answers for the building, there or not."""
    if burns(shown):
        return Role.DUTY_LEAD, await leads(session, shown.community.id, at)
    there = await answering(session, shown.home, at)
    return Role.ASSISTANT, there or await assistant_of(session, shown.home)


async def above(
    session: AsyncSession, card: Card, shown: Sheet, texts: Texts, locale: str, posted: Outgoing
) -> Outgoing:
    """The card with those who are called named above it, and called where the channel can do that.

    In a talk they are called when it begins: later each message calls them.
    """
    role, people = await whom(session, shown, card.created_at)
    names = texts.say(Phrase("engine.list", {"items": [called(one, locale) for one in people]}), locale)
    line = labelled(texts, locale, Phrase(f"role.{role.value}"), names if people else "")
    waits = card.message is None or not shown.table.talk
    bells = await addresses(session, people, card.channel, card.bot) if waits else ()
    return replace(posted, text=f"{line}\n{posted.text}".lstrip(), mention=bells)
