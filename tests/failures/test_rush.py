"""Sixty tickets in a minute: the group is told of all of them, at a pace that Telegram allows."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest
from sqlalchemy import select

from flows.engine.effects import OpenTicket
from flows.engine.messages import Json
from handlers import opening
from handlers.desk import Desk, Work, utcnow
from handlers.texts import Texts
from models import Account, Home
from tests.estate import WAIT, Estate, eventually
from tests.failures.conftest import Builder
from tests.failures.shift import begin

BOTH = pytest.mark.parametrize("kind", ["sqlite", "postgresql"])


@BOTH
async def test_17_sixty_tickets_in_a_minute(kind: str, builder: Builder) -> None:
    s = await begin(builder, kind)
    tg = s.estate.tg
    await s.estate.calm()
    tg.rate_limits = True
    tg.fail_next("sendMessage", chat=s.group, error=429, retry_after=4)
    await s.estate.crowd(30)
    before = s.group.last
    numbers = await _rush(s.estate, 60, urgent={58, 59})

    async def all_told() -> bool:
        words = "\n".join(one.words for one in s.group.from_bot if one.id > before.id)
        return all(number in words for number in numbers)

    await eventually(all_told, 40, "some ticket was not told of")
    await s.estate.calm(WAIT)
    assert not tg.violations
    told = [one for one in s.group.from_bot if one.id > before.id]
    assert len(told) <= 20
    emergencies = [one.id for one in told if "🚨" in one.words and "报修 HPY" in one.words]
    assert len(emergencies) == 2
    assert max(emergencies) <= min(one.id for one in told) + 2, "an emergency waits for nobody"
    digests = [one for one in told if "张新工单" in one.words]
    assert digests
    singles = len(told) - len(digests)
    assert singles + sum(number in one.words for one in digests for number in numbers) == 60

    later = digests[0].labels[0]
    tg.rate_limits = False
    await s.wang.tap(later, digests[0], chat=s.group)
    card = await s.group.wait_for(lambda one: later in one.words and "接单" in one.labels, 70, after=told[-1])
    assert "门锁" in card.words


async def _rush(estate: Estate, size: int, *, urgent: set[int]) -> list[str]:
    """Open so many tickets at once, each in its own transaction, as the handlers do."""
    desk = Desk(estate.database, Texts.load(), {})
    numbers = []
    async with estate.database.reading() as session:
        query = select(Account.id, Account.resident_id).where(Account.resident_id.is_not(None))
        people = (await session.execute(query.order_by(Account.id.desc()))).all()
        home = await session.scalar(select(Home.id))
    for number in range(size):
        account, resident = people[number % 30]
        details: dict[str, Json] = {
            "place": "home",
            "trade": "doors",
            "hazard": False,
            "visit": None,
            "phone": "+8613800000000",
        }
        details["text"] = f"第{number}把门锁坏了"
        effect = OpenTicket("repair", int(home or 0), number in urgent, details)
        async with estate.database.transaction() as session:
            opened = await opening.open_ticket(
                Work(desk, session, utcnow()), effect, int(resident or 0), account
            )
        numbers.append(opened.shown.ticket.number)
    return numbers


@pytest.mark.chaos
async def test_17_sixty_tickets_over_a_whole_minute(builder: Builder) -> None:
    """Without a pause before: the first come one by one, the rest when the minute has passed."""
    s = await begin(builder, "sqlite")
    s.estate.tg.rate_limits = True
    await s.estate.crowd(30)
    numbers = await _rush(s.estate, 60, urgent=set())

    async def all_told() -> bool:
        return all(number in s.group.transcript() for number in numbers)

    await eventually(all_told, 90, "some ticket was not told of")
    assert not s.estate.tg.violations
    posts = [one.at for one in s.estate.tg.calls if one.chat == s.group.id and one.status == 200]
    assert all(later - at >= 59 for at, later in zip(posts, posts[20:], strict=False))
    assert timedelta(seconds=max(later - at for at, later in pairwise(posts))) < timedelta(minutes=1.2)
