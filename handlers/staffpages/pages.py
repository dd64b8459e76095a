"""The way from a message to its ticket's page, on channels where people tap links rather than buttons."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import select

from handlers.cards.sheets import staff_locale
from handlers.desk import Work
from handlers.envelopes import Button, Outgoing
from handlers.staffpages import links
from models.account import Account
from models.card import Card
from models.community import Community
from models.group import Group
from models.outbox import Outbox
from models.ticket import Ticket


async def with_page(work: Work, row: Outbox, card: Card | None, message: Outgoing) -> Outgoing:
    """The message with a last button that opens its ticket's page; a personal one for one colleague."""
    if message.ticket is None or any(button.url for line in message.buttons for button in line):
        return message
    since = row.created_at if card is None else card.created_at
    who = await _colleague(work, row)
    if who is not None and who.staff_id is not None:
        url = links.personal_link(work.desk, message.ticket, who.staff_id, since)
    else:
        url = links.ticket_link(work.desk, message.ticket, since)
    if not url:
        return message
    locale = await _locale(work, message.ticket) if who is None else who.locale
    page = Button(work.say("card.page", locale), "", url=url)
    return replace(message, buttons=(*message.buttons, (page,)))


async def _colleague(work: Work, row: Outbox) -> Account | None:
    """Whose private chat this is; nobody's when it is a group."""
    here = {"channel": row.channel, "bot": row.bot, "chat": row.chat}
    if await work.session.scalar(select(Group.id).filter_by(**here).limit(1)) is not None:
        return None
    return await work.session.scalar(select(Account).filter_by(**here).limit(1))


async def _locale(work: Work, ticket: int) -> str:
    community = await work.session.scalar(
        select(Community).join(Ticket, Ticket.community_id == Community.id).where(Ticket.id == ticket)
    )
    return "zh_CN" if community is None else staff_locale(community)
