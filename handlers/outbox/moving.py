"""A group has a new address: everything that names the old one follows, once."""

from __future__ import annotations

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from handlers.outbox.delivery import changed
from models.card import Card
from models.conversation import Conversation
from models.group import Group
from models.outbox import Outbox


async def move(session: AsyncSession, channel: str, bot: str, old: str, new: str) -> None:
    """Rewrite a chat's address wherever it is kept; what is at the new address already stays as it is."""
    if old == new:
        return
    await _merge_groups(session, channel, bot, old, new)
    there = aliased(Conversation)
    taken = (
        select(there.account_id)
        .where(there.channel == channel, there.bot == bot, there.chat == new)
        .scalar_subquery()
    )
    here = (Conversation.channel == channel) & (Conversation.bot == bot) & (Conversation.chat == old)
    await changed(
        session, update(Conversation).where(here, Conversation.account_id.not_in(taken)).values(chat=new)
    )
    for model in (Group, Card, Outbox):
        here = (model.channel == channel) & (model.bot == bot) & (model.chat == old)
        await changed(session, update(model).where(here).values(chat=new))


async def _merge_groups(session: AsyncSession, channel: str, bot: str, old: str, new: str) -> None:
    """A purpose that is bound at both addresses is served at the new one."""
    query = select(Group).where(Group.channel == channel, Group.bot == bot, Group.chat.in_((old, new)))
    groups = (await session.scalars(query)).all()
    there = {group.purpose: group.id for group in groups if group.chat == new}
    for group in groups:
        if group.chat == old and group.purpose in there:
            await changed(
                session, update(Card).where(Card.group_id == group.id).values(group_id=there[group.purpose])
            )
            await changed(session, delete(Group).where(Group.id == group.id))
