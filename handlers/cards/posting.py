"""A ticket's cards hang in the groups that work on it and with whoever took it, and are kept up to date."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from handlers.cards.sheets import Sheet
from handlers.desk import Work
from handlers.envelopes import Outgoing
from handlers.outbox import delivery
from handlers.outbox.delivery import lane_of
from models.account import Account
from models.card import Card
from models.group import Group
from models.outbox import Outbox
from models.ticket import Ticket


async def groups_for(work: Work, shown: Sheet) -> Sequence[Group]:
    """The groups that work on this kind of ticket."""
    query = select(Group).where(
        Group.community_id == shown.community.id, Group.purpose == shown.table.group(shown.ticket.details)
    )
    return (await work.session.scalars(query.order_by(Group.id))).all()


async def refresh(work: Work, shown: Sheet) -> None:
    """Have every card of a ticket brought up to date."""
    cards = await work.session.scalars(
        select(Card).where(Card.ticket_id == shown.ticket.id, Card.kind.in_(("group", "assignee")))
    )
    for card in cards:
        await delivery.refresh(work.session, card, now=work.now, lane=lane_of(shown.ticket))


async def to_groups(work: Work, shown: Sheet) -> int:
    """Put a new ticket's card into its groups; how many groups there are."""
    groups = await groups_for(work, shown)
    for one in groups:
        await _card(work, shown.ticket, "group", one, one.id)
    return len(groups)


async def to_assignee(work: Work, shown: Sheet, account: Account) -> None:
    """Give the one who took a ticket the private card, with name, phone and door number."""
    held = await work.session.scalar(
        select(Card).filter_by(
            ticket_id=shown.ticket.id,
            kind="assignee",
            channel=account.channel,
            bot=account.bot,
            chat=account.chat,
        )
    )
    if held is None:
        await _card(work, shown.ticket, "assignee", account, None)


async def _card(work: Work, ticket: Ticket, kind: str, place: Group | Account, group_id: int | None) -> None:
    card = Card(
        ticket_id=ticket.id,
        kind=kind,
        group_id=group_id,
        channel=place.channel,
        bot=place.bot,
        chat=place.chat,
        created_at=work.now,
    )
    work.session.add(card)
    await work.session.flush()
    await delivery.first(work.session, card, now=work.now, lane=lane_of(ticket))


async def remember(work: Work, ticket: int, *, channel: str, bot: str, chat: str, message: str) -> None:
    """A reply to this message of ours is about its ticket."""
    work.session.add(
        Card(
            ticket_id=ticket,
            kind="notice",
            channel=channel,
            bot=bot,
            chat=chat,
            message=message,
            created_at=work.now,
        )
    )


async def below(
    work: Work, shown: Sheet, place: Group | Outbox, message: Outgoing, events: Sequence[int] = ()
) -> None:
    """Say something in a group, below the card; `events` are the lines of the timeline that it carries."""
    await delivery.post(
        work.session,
        channel=place.channel,
        bot=place.bot,
        chat=place.chat,
        message=message,
        now=work.now,
        lane=lane_of(shown.ticket),
        ticket=shown.ticket.id,
        events=events,
    )
