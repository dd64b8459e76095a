"""What went to and fro with one person, as the database remembers it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count

from handlers.envelopes import Outgoing
from models import Account, Conversation, Inbox, Outbox
from models.database import Database
from models.quota import Allowance, left

NOW = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
_numbers = count(1)


def ago(**span: float) -> datetime:
    return NOW - timedelta(**span)


class Chat:
    """The conversation of one openid with one account."""

    def __init__(self, database: Database, openid: str = "oLi", bot: str = "wx") -> None:
        self.database, self.openid, self.bot = database, openid, bot
        self.conversation: int | None = None

    async def did(self, begins: str, at: datetime) -> None:
        """The person did something whose key begins so."""
        async with self.database.transaction() as session:
            if self.conversation is None:
                account = Account(channel="wechat", bot=self.bot, external_id=self.openid, chat=self.openid)
                session.add(account)
                await session.flush()
                place = {"channel": "wechat", "bot": self.bot, "chat": self.openid}
                held = Conversation(**place, account_id=account.id, touched_at=at)
                session.add(held)
                await session.flush()
                self.conversation = held.id
            key = f"{begins}{next(_numbers)}"
            heard = {"key": key, "conversation_id": self.conversation, "received_at": at}
            session.add(Inbox(channel="wechat", bot=self.bot, **heard))

    async def got(
        self,
        at: datetime | None,
        state: str = "sent",
        message: str | None = "custom:1",
        done: int | None = None,
    ) -> None:
        """A message for the person is, or was, in the outbox."""
        payload = {"message": Outgoing("x").to_json()} | ({} if done is None else {"done": done})
        row = Outbox(
            channel="wechat",
            bot=self.bot,
            chat=self.openid,
            kind="message",
            payload=payload,
            state=state,
            not_before=NOW,
            created_at=NOW,
            sent_at=at,
            message=message,
        )
        async with self.database.transaction() as session:
            session.add(row)

    async def left(self, now: datetime = NOW) -> Allowance:
        async with self.database.reading() as session:
            return await left(session, "wechat", self.bot, self.openid, now)
