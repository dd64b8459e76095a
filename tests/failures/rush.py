"""Sixty tickets in a minute: opened at once, and accounted for in what a group was told and what waits."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from sqlalchemy import select

from flows.engine.effects import OpenTicket
from flows.engine.messages import Json
from handlers import opening
from handlers.desk import Desk, Work, utcnow
from handlers.texts import Texts
from models import Account, Card, Home, Ticket
from tests.premises import Premises

NUMBER = re.compile(r"HPY-\d{4}-\d{5}")


async def rush(premises: Premises, size: int, *, urgent: Collection[int]) -> list[str]:
    """Open so many tickets at once, each in its own transaction, as the handlers do; their numbers."""
    desk = Desk(premises.database, Texts.load(), {})
    numbers = []
    async with premises.database.reading() as session:
        query = select(Account.id, Account.resident_id).where(Account.resident_id.is_not(None))
        people = (await session.execute(query.order_by(Account.id.desc()).limit(30))).all()
        home = await session.scalar(select(Home.id))
    for number in range(size):
        account, resident = people[number % len(people)]
        details: dict[str, Json] = {
            "place": "home",
            "trade": "doors",
            "hazard": False,
            "visit": None,
            "phone": "+8613800000000",
        }
        details["text"] = f"第{number}把门锁坏了"
        effect = OpenTicket("repair", int(home or 0), number in urgent, details)
        async with premises.database.transaction() as session:
            opened = await opening.open_ticket(
                Work(desk, session, utcnow()), effect, int(resident or 0), account
            )
        numbers.append(opened.shown.ticket.number)
    return numbers


async def accounted(premises: Premises, told: Iterable[str]) -> list[str]:
    """The tickets that the words name, those whose card waits, and those on a list that waits."""
    waiting = await premises.outbox("pending")
    lists = [row.payload["cards"] for row in waiting if row.kind == "digest"]
    wanted = [row.card_id for row in waiting if row.kind == "card"] + [card for one in lists for card in one]
    assert lists, "nothing was joined"
    query = select(Ticket.number).join(Card, Card.ticket_id == Ticket.id).where(Card.id.in_(wanted))
    return [*await premises.rows(query), *(NUMBER.findall(words)[0] for words in told)]
