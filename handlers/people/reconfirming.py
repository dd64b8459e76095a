"""Every half year a resident is asked whether what we hold of them is still right; nobody is pestered."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from handlers import reaching
from handlers.desk import Scene, Work, rules
from handlers.envelopes import Button, Outgoing
from models.account import Account
from models.community import Community
from models.due import Due
from models.resident import ChangeLog, Resident, homes_of

KIND = "reconfirm"
ANSWERED_BY = timedelta(days=7)
"""Whoever has not answered the reminder by then is asked once more, when they write the next time."""


async def schedule(work: Work, resident: int, community: Community) -> None:
    """Ask again when the community wants to know; an earlier appointment is moved."""
    await _plan(work.session, resident, work.now + rules(community).reconfirm, {"reminded": False})


async def _plan(session: AsyncSession, resident: int, at: datetime, data: dict[str, bool]) -> None:
    mine = (Due.kind == KIND) & (Due.resident_id == resident)
    values = {"at": at, "data": data}
    moved = update(Due).where(mine, Due.done_at.is_(None)).values(**values).returning(Due.id)
    if (await session.scalars(moved, execution_options={"synchronize_session": False})).first() is not None:
        return
    earlier = await session.scalar(select(func.count()).select_from(Due).where(mine))
    session.add(Due(kind=KIND, resident_id=resident, cycle=str(earlier), **values))
    await session.flush()


async def fire(work: Work, due: Due) -> None:
    """Remind a resident once, by day; who is out of reach, or does not answer, is asked when they write."""
    assert due.resident_id is not None
    homes = await homes_of(work.session, due.resident_id, work.now)
    if not homes:
        due.done_at = work.now
        return
    later = rules(homes[0][2]).calendar.calm(work.now)
    if later > work.now:
        due.at = later
        return
    due.done_at = work.now
    if not due.data.get("reminded") and await _remind(work, due.resident_id):
        await work.session.flush()
        await _plan(work.session, due.resident_id, work.now + ANSWERED_BY, {"reminded": True})
        return
    theirs = update(Account).where(Account.resident_id == due.resident_id)
    await work.session.execute(theirs.values(recheck=True))


async def _remind(work: Work, resident: int) -> bool:
    """Whether there was a way to."""
    for account in (await reaching.resident(work.desk, work.session, resident))[:1]:
        await reaching.send(work, account, question(work, account.locale))
        return True
    return False


def question(work: Work, locale: str) -> Outgoing:
    """Is everything still right? One tap says so, the other leads to what is held."""
    right = Button(work.say("reconfirm.right", locale), "m.record.right", "primary")
    change = Button(work.say("reconfirm.change", locale), "m.profile")
    return Outgoing(work.say("reconfirm.ask", locale), buttons=((right,), (change,)), notice="reconfirm.ask")


async def at_contact(scene: Scene) -> None:
    """Whoever was out of reach, or has not answered, is asked as soon as they have nothing else half-way."""
    standing = scene.standing
    busy = scene.draft is not None and scene.draft.flow != ""
    if not standing.recheck or busy or standing.resident is None or not standing.homes:
        return
    scene.replies.append(question(scene.work, scene.locale))
    await asked(scene.session, standing.resident)


async def asked(session: AsyncSession, resident: int) -> None:
    """None of their chats needs to ask any more."""
    theirs = update(Account).where(Account.resident_id == resident, Account.recheck)
    await session.execute(theirs.values(recheck=False), execution_options={"synchronize_session": False})


async def confirmed(scene: Scene) -> None:
    """Everything is still right: that is written down, and the next time is half a year away."""
    resident = scene.standing.resident
    homes = [] if resident is None else await homes_of(scene.session, resident, scene.work.now)
    if resident is None or not homes:
        scene.reply("reconfirm.nobody")
        return
    person = await scene.session.get_one(Resident, resident, populate_existing=True)
    old = person.settings.get("confirmed_at")
    person.settings = {**person.settings, "confirmed_at": scene.work.now.isoformat()}
    scene.session.add(
        ChangeLog(
            resident_id=resident,
            field="confirmed",
            old=old,
            new=scene.work.now.isoformat(),
            why="the resident says that everything is right",
            who=f"resident:{resident}",
            source=scene.inbound.channel,
            at=scene.work.now,
        )
    )
    await asked(scene.session, resident)
    await schedule(scene.work, resident, homes[0][2])
    scene.standing = replace(scene.standing, recheck=False)
    scene.reply("reconfirm.thanks")
