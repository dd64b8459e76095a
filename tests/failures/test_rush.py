"""Sixty tickets in a minute: the group is told of all of them, at a pace that Telegram allows."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence

import pytest
from sqlalchemy import select

from flows.engine.effects import OpenTicket
from flows.engine.messages import Json
from handlers import opening
from handlers.desk import Desk, Work, utcnow
from handlers.texts import Texts
from models import Account, Card, Home, Ticket
from tests.emulators.telegram_rooms import Message
from tests.estate import Estate
from tests.failures.conftest import Builder, mostly
from tests.failures.shift import Shift, begin
from tests.premises import eventually

_NUMBER = re.compile(r"HPY-\d{4}-\d{5}")
BOTH = pytest.mark.parametrize("kind", ["sqlite", "postgresql"])


@mostly("postgresql")
async def test_17_sixty_tickets_in_a_minute(kind: str, builder: Builder) -> None:
    """The group cannot be written to at first; then a minute's worth leaves, emergencies before all else."""
    s, numbers, before = await _sixty(builder, kind)

    async def budget_spent() -> bool:
        return len([one for one in s.group.from_bot if one.id > before.id]) >= 12

    await eventually(budget_spent, 30, "hardly anything was told")
    await asyncio.sleep(1.0)
    told = [one for one in s.group.from_bot if one.id > before.id]
    assert len(told) <= 20
    assert ["🚨" in one.words for one in told].index(False) == 2, "emergencies first"
    assert not s.estate.tg.violations
    assert sorted(await _accounted(s.estate, told)) == sorted(numbers)


async def _accounted(estate: Estate, told: Sequence[Message]) -> list[str]:
    """The tickets the group was told of, those whose card waits, and those on a list that waits."""
    waiting = await estate.outbox("pending")
    lists = [row.payload["cards"] for row in waiting if row.kind == "digest"]
    wanted = [row.card_id for row in waiting if row.kind == "card"] + [card for one in lists for card in one]
    assert lists, "nothing was joined"
    query = select(Ticket.number).join(Card, Card.ticket_id == Ticket.id).where(Card.id.in_(wanted))
    return [*await estate.rows(query), *(_NUMBER.findall(one.words)[0] for one in told)]


async def _sixty(builder: Builder, kind: str) -> tuple[Shift, list[str], Message]:
    s = await begin(builder, kind)
    await s.estate.calm()
    s.estate.tg.rate_limits = True
    s.estate.tg.fail_next("sendMessage", chat=s.group, error=429, retry_after=4)
    await s.estate.crowd(30)
    before = s.group.last
    return s, await _rush(s.estate, 60, urgent={58, 59}), before


@pytest.mark.chaos
@BOTH
async def test_17_all_of_them_within_two_minutes(kind: str, builder: Builder) -> None:
    s, numbers, before = await _sixty(builder, kind)

    async def all_told() -> bool:
        return all(number in s.group.transcript() for number in numbers)

    await eventually(all_told, 90, "some ticket was not told of")
    assert not s.estate.tg.violations
    told = [one for one in s.group.from_bot if one.id > before.id]
    digests = [one for one in told if "张新工单" in one.words]
    assert len(told) - len(digests) + sum(len(_NUMBER.findall(one.words)) for one in digests) == 60
    later = digests[0].labels[0]
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
