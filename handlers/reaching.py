"""How somebody is reached: in the chat they chose, else one that calls them, else where they last wrote."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from handlers.desk import Desk
from models import account
from models.account import Account


async def resident(desk: Desk, session: AsyncSession, number: int) -> Sequence[Account]:
    """The accounts through which a resident can be reached, the best first."""
    return _best_first(desk, await account.of_resident(session, number))


async def staff(desk: Desk, session: AsyncSession, number: int) -> Sequence[Account]:
    """The accounts through which a staff member can be reached, the best first."""
    return _best_first(desk, await account.of_staff(session, number))


def _best_first(desk: Desk, accounts: Sequence[Account]) -> Sequence[Account]:
    """They come in the order in which they last wrote, and stay in it where nothing else counts."""
    served = [one for one in accounts if not desk.channels or one.channel in desk.channels]
    return sorted(served, key=lambda one: (not one.chosen, not desk.can(one.channel).push))
