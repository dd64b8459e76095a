"""Messages that fail: tried three times, then put aside with an apology, so that none blocks a chat."""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from flows.engine.messages import Phrase
from handlers.desk import Desk
from handlers.envelopes import Inbound, Outgoing, Receipt
from handlers.policy import policy
from models.account import Account
from models.base import add_once
from models.community import Community
from models.conversation import DeadLetter, Inbox

TRIES = 3


async def failed(desk: Desk, inbound: Inbound, error: Exception) -> Receipt | None:
    """Count a failure; after the third the message is dead and the apology is its receipt."""
    async with desk.database.transaction() as session:
        place = {"channel": inbound.channel, "bot": inbound.bot, "key": inbound.key}
        await add_once(
            session,
            DeadLetter,
            "channel",
            "bot",
            "key",
            **place,
            payload=_payload(inbound),
            attempts=0,
            error="",
            first_at=desk.now(),
        )
        attempts = await session.scalar(
            update(DeadLetter)
            .filter_by(**place)
            .values(attempts=DeadLetter.attempts + 1, error=repr(error)[:2000])
            .returning(DeadLetter.attempts)
        )
        if attempts is None or attempts < TRIES:
            return None
        receipt = await _apology(desk, session, inbound)
        await session.execute(update(DeadLetter).filter_by(**place).values(dead_at=desk.now()))
        await session.execute(
            insert(Inbox).values(**place, received_at=desk.now(), receipt=receipt.to_json())
        )
        return receipt


def _payload(inbound: Inbound) -> dict[str, object]:
    return {name: value for name, value in asdict(inbound).items() if value}


async def _apology(desk: Desk, session: AsyncSession, inbound: Inbound) -> Receipt:
    """Sorry, in the person's language, with a number to call; nothing is said into a group."""
    if inbound.group:
        return Receipt()
    locale = await session.scalar(
        select(Account.locale).filter_by(
            channel=inbound.channel, bot=inbound.bot, external_id=inbound.account
        )
    )
    settings = await session.scalar(select(Community.settings).order_by(Community.id).limit(1))
    hotline = policy(settings or {}, desk.timezone).hotline
    text = desk.texts.say(Phrase("system.apology", {"hotline": hotline}), locale or "zh_CN")
    return Receipt((Outgoing(text),))


async def unreachable(session: AsyncSession, inbound: Inbound) -> None:
    """The person blocked the bot between writing and our answer."""
    await session.execute(
        update(Account)
        .filter_by(channel=inbound.channel, bot=inbound.bot, external_id=inbound.account)
        .values(reachable=False)
    )
