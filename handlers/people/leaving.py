"""Somebody has left the channel for good: their account ends, and what we learned through it is erased."""

from __future__ import annotations

import secrets

from sqlalchemy import delete, select, update

from handlers import reaching, tickets
from handlers.cards import sheets
from handlers.desk import Scene
from handlers.envelopes import Outgoing
from handlers.outbox.delivery import changed
from models.account import Account
from models.card import Card
from models.code import Claim
from models.conversation import Conversation, DeadLetter, Inbox
from models.outbox import Outbox
from models.ticket import Ticket


async def leave(scene: Scene) -> None:
    """End the account in this transaction; tickets and the community's own records stay.

    WeChat asks for this when somebody unfollows an official account (WeChat docs: 关注事件). Who comes
    back is a stranger, and binds anew.
    """
    resident = scene.standing.resident
    scene.draft, scene.offered = None, None
    if resident is not None:
        await reaching.readdress(scene.work, scene.standing.account, resident)
    await _erase(scene)
    if resident is not None:
        await _tell(scene, resident)


async def _erase(scene: Scene) -> None:
    """Nothing is left by which the person could be told: no words, no name, no address."""
    inbound, session = scene.inbound, scene.session
    here = {"channel": inbound.channel, "bot": inbound.bot, "chat": inbound.chat}
    gone = f"gone:{secrets.token_hex(16)}"
    await changed(session, delete(Inbox).where(Inbox.conversation_id == scene.standing.id))
    await changed(session, delete(Outbox).filter_by(**here).where(Outbox.state != "sending"))
    await changed(session, delete(Claim).where(Claim.account_id == scene.standing.account))
    under_way = {"chat": gone, "payload": {"message": Outgoing("").to_json()}, "expires_at": scene.work.now}
    await changed(session, update(Outbox).filter_by(**here).values(**under_way))
    dead = delete(DeadLetter).filter_by(channel=inbound.channel, bot=inbound.bot)
    theirs = DeadLetter.payload["account"].as_string() == inbound.account
    await changed(session, dead.where(theirs))
    for model in (Card, Conversation):
        await changed(session, update(model).filter_by(**here).values(chat=gone))
    await changed(
        session,
        update(Account)
        .where(Account.id == scene.standing.account)
        .values(
            external_id=gone,
            chat=gone,
            name="",
            resident_id=None,
            staff_id=None,
            reachable=False,
            chosen=False,
            last_heard_at=None,
        ),
    )


async def _tell(scene: Scene, resident: int) -> None:
    """The cards of what is still open say that its resident cannot be reached here any more."""
    work = scene.work
    if await reaching.resident(work.desk, work.session, resident):
        return
    running = select(Ticket).where(Ticket.resident_id == resident, Ticket.closed_at.is_(None))
    for ticket in (await work.session.scalars(running)).all():
        await tickets.unreachable(work, await sheets.of(work.session, ticket), "unfollowed")
