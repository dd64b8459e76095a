"""Who reads what is said to a chat: one colleague alone, or those of a team who serve just now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog

from bot.channel import SendError, Temporary, Unacceptable, Unreachable
from bot.wecom.escaping import is_user
from handlers import teams
from handlers.teams import is_team
from models.database import Database, is_down

MOST = 1000
"""Readers of one message (WeCom docs: 发送应用消息, touser)."""

log: structlog.stdlib.BoundLogger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Readers:
    """The chat, and the userids it stands for; a team's chat stands for several, or for one at night."""

    chat: str
    users: tuple[str, ...]

    @property
    def touser(self) -> str:
        return "|".join(self.users)

    def check(self, answer: Mapping[str, Any]) -> None:
        """Some errors are in answers that say "ok" (WeCom docs: 发送应用消息, invaliduser).

        Raises SendError when nobody was reached; that some of a team were not is only noted.
        """
        fields = [str(answer.get(name) or "") for name in ("invaliduser", "unlicenseduser")]
        missed = {user.lower() for field in fields for user in field.split("|") if user}
        if not missed:
            return
        if not is_team(self.chat) or missed >= {user.lower() for user in self.users}:
            raise self.unreached(Unreachable("invalid user"))
        log.warning("wecom_team_partly_reached", team=self.chat, missed=len(missed), of=len(self.users))

    def unreached(self, why: Unreachable) -> SendError:
        """A team whose members cannot be reached is not gone: the next message may be for others."""
        if not is_team(self.chat):
            return why
        log.warning("wecom_team_unreached", team=self.chat, why=str(why), of=len(self.users))
        return Unacceptable(f"nobody of the team: {why}")


async def readers(database: Database, bot: str, chat: str, now: datetime) -> Readers:
    """Raises Unacceptable when there is nobody, Temporary when nobody knows."""
    if is_user(chat):
        return Readers(chat, (chat,))
    if not is_team(chat):
        raise Unacceptable("not a userid")
    try:
        async with database.reading() as session:
            found = await teams.members(session, bot=bot, chat=chat, now=now)
    except Exception as error:
        if not is_down(error):
            raise
        raise Temporary(f"no team: {type(error).__name__}") from None
    users = tuple(user for user in found if is_user(user))[:MOST]
    if not users:
        log.warning("wecom_team_empty", team=chat)
        raise Unacceptable("nobody of the team has an account that can be reached")
    return Readers(chat, users)


def whose(chat: str) -> dict[str, Any]:
    """Whose copies of a card change (WeCom docs: 更新模版卡片消息, atall: everybody who got it)."""
    return {"atall": 1} if is_team(chat) else {"userids": [chat]}
