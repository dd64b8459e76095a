"""What was said between somebody and us, as far as it is still kept, and is about nobody else."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from handlers.privacy import mentions
from models.account import Account
from models.conversation import Conversation, Inbox
from models.outbox import Outbox
from models.web import WebMessage

WEB = "web"
"""The channel whose log we keep ourselves."""


@dataclass(frozen=True, slots=True)
class Theirs:
    """Whose it is: their tickets by id, with the numbers, as whom they stand on timelines, their accounts."""

    resident: int
    actors: frozenset[str]
    tickets: Mapping[int, str]
    accounts: Sequence[Account]


async def drafts(session: AsyncSession, theirs: Theirs) -> list[dict[str, Any]]:
    """What they have begun and not sent off."""
    query = select(Conversation).where(Conversation.account_id.in_(_own(theirs)))
    return [
        {"service": one.draft.get("flow"), "answers": one.draft.get("answers")}
        for one in await session.scalars(query.order_by(Conversation.id))
        if one.draft and mentions.about(one.draft) <= set(theirs.tickets)
    ]


async def kept(session: AsyncSession, theirs: Theirs) -> list[dict[str, Any]]:
    """What is still kept of what was said: to them, and by them where they write to our own page."""
    found: list[dict[str, Any]] = []
    for account in theirs.accounts:
        said = _on_page if account.channel == WEB else _elsewhere
        found += [one async for one in said(session, account, theirs)]
    return sorted(found, key=lambda one: str(one["at"]))


async def _on_page(session: AsyncSession, account: Account, theirs: Theirs) -> AsyncIterator[dict[str, Any]]:
    query = select(WebMessage).where(WebMessage.chat == account.chat).order_by(WebMessage.id)
    for one in await session.scalars(query):
        if _theirs_to_read(one.body, None, account, theirs):
            yield _message(one.at, account, one.body, "desk" if one.sender == "bot" else "you")


async def _elsewhere(
    session: AsyncSession, account: Account, theirs: Theirs
) -> AsyncIterator[dict[str, Any]]:
    sent = select(Outbox).filter_by(channel=account.channel, bot=account.bot, chat=account.chat)
    for row in await session.scalars(sent.where(Outbox.kind == "message").order_by(Outbox.id)):
        message = row.payload.get("message", {})
        if _theirs_to_read(message, row.ticket_id, account, theirs):
            yield _message(row.sent_at or row.created_at, account, message, "desk")
    heard = select(Inbox).join(Conversation).where(Conversation.account_id == account.id)
    for one in await session.scalars(heard.order_by(Inbox.id)):
        if one.kept and account.staff_id is None:
            yield _message(one.received_at, account, {"text": one.kept}, "you")
        for reply in one.receipt.get("replies", ()):
            if _theirs_to_read(reply, None, account, theirs):
                yield _message(one.received_at, account, reply, "desk")


def _theirs_to_read(message: Mapping[str, Any], ticket: int | None, account: Account, theirs: Theirs) -> bool:
    """Whether a message is about nobody else; with whom also works here, whether it is about them at all."""
    tickets = mentions.about(dict(message)) | ({ticket} if ticket is not None else frozenset())
    return tickets <= set(theirs.tickets) and (account.staff_id is None or bool(tickets))


def _message(at: datetime, account: Account, said: Mapping[str, Any], by: str) -> dict[str, Any]:
    words = {name: said[name] for name in ("title", "text") if said.get(name)}
    return {"at": at.isoformat(), "channel": account.channel, "from": by, **words}


def _own(theirs: Theirs) -> list[int]:
    return [one.id for one in theirs.accounts if one.staff_id is None]
