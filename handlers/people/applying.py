"""A stranger without a code asks to be let in: what they say becomes a record that has no home yet."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select, update

from handlers.cards.buttons import ticket_data
from handlers.desk import Scene
from handlers.envelopes import Button, Outgoing
from handlers.people import binding, consenting
from models.account import Account
from models.resident import Phone, Resident
from models.ticket import Ticket

MOST = 3
"""So many requests a day from one account are enough."""
A_DAY = timedelta(days=1)


async def may(scene: Scene, kind: str) -> bool:
    """Whether a stranger may ask now: not while locked, nor twice at once; too many requests lock."""
    if await binding.locked(scene):
        return False
    filed = select(Ticket).where(Ticket.kind == kind, Ticket.account_id == scene.standing.account)
    open_one = await scene.session.scalar(filed.where(Ticket.closed_at.is_(None)).limit(1))
    if open_one is not None:
        look = Button(scene.text("tickets.open"), ticket_data(open_one.id, "show"))
        told = scene.text("bind.asked_already", number=open_one.number)
        scene.replies.append(Outgoing(told, buttons=((look,),)))
        return False
    lately = filed.where(Ticket.created_at > scene.work.now - A_DAY)
    if (await scene.session.scalar(select(func.count()).select_from(lately.subquery())) or 0) < MOST:
        return True
    await binding.lock(scene)
    return False


async def newcomer(scene: Scene, details: Mapping[str, Any]) -> int:
    """The record of somebody whom we know by their own word alone, with the consent they gave before."""
    resident = Resident(name=str(details["name"]), created_at=scene.work.now, settings={})
    scene.session.add(resident)
    await scene.session.flush()
    scene.session.add(Phone(resident_id=resident.id, number=str(details["phone"])))
    mine = update(Account).where(Account.id == scene.standing.account)
    await scene.session.execute(mine.values(resident_id=resident.id))
    _, made = await consenting.given(scene)
    if made is not None:
        await consenting.keep(scene, resident.id, made)
    await binding.stands(scene, resident.id)
    return resident.id
