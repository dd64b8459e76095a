"""Somebody moves out: their place in the home ends now, and whoever comes next sees nothing of theirs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select, update

from flows.engine.lifecycle import Audience, Role
from handlers import notices
from handlers.cards import sheets
from handlers.desk import Scene, Work
from handlers.envelopes import Button, Outgoing
from models.code import Code
from models.community import Home
from models.resident import ChangeLog, Membership, owners_of
from models.staff import roles_of
from models.ticket import Ticket

MAY = frozenset({Role.DESK.value, Role.MANAGER.value, Role.ADMINISTRATOR.value})


@dataclass(frozen=True, slots=True)
class Leave:
    """Whose decision it is: `who` and `why` as in the change log, `source` where it was said."""

    who: str
    why: str
    source: str


async def move_out(work: Work, membership: Membership, leave: Leave) -> Home:
    """End a membership; tickets that are open stay theirs, and who works on them is told."""
    place = await work.session.get_one(Home, membership.home_id)
    membership.until = work.now
    work.session.add(
        ChangeLog(
            resident_id=membership.resident_id,
            field="home",
            old=place.name,
            new=None,
            why=leave.why,
            who=leave.who,
            source=leave.source,
            at=work.now,
        )
    )
    await work.session.flush()
    await _end_codes(work, membership)
    await _tell(work, membership)
    return place


async def _end_codes(work: Work, membership: Membership) -> None:
    """What they gave out, or were given, opens the door no more.

    Nor do the spare codes of their moving in, once nobody is left. What staff have handed out since then may
    be in the hands of whoever comes next, and stays good.
    """
    unused = update(Code).where(Code.home_id == membership.home_id, Code.used_at.is_(None))
    mine = or_(Code.inviter_id == membership.resident_id, Code.resident_id == membership.resident_id)
    spare = Code.inviter_id.is_(None) & Code.resident_id.is_(None) & (Code.role == membership.role)
    left, came = await _household(work, membership)
    ends = unused.where(mine if left else or_(mine, spare & (Code.issued_at <= came)))
    await work.session.execute(
        ends.values(expires_at=work.now), execution_options={"synchronize_session": False}
    )


async def _household(work: Work, membership: Membership) -> tuple[bool, datetime]:
    """Whether others of their role are left in the home, and when the last of them all came to live there."""
    alike = select(Membership.until, Membership.since).where(
        Membership.home_id == membership.home_id, Membership.role == membership.role
    )
    rows = (await work.session.execute(alike)).all()
    left = any(until is None or until > work.now for until, _ in rows)
    return left, max(since for _, since in rows)


async def _tell(work: Work, membership: Membership) -> None:
    running = select(Ticket).where(
        Ticket.resident_id == membership.resident_id,
        Ticket.home_id == membership.home_id,
        Ticket.closed_at.is_(None),
    )
    for ticket in (await work.session.scalars(running.order_by(Ticket.id))).all():
        shown = await sheets.of(work.session, ticket)
        who = Audience.GROUP if ticket.assignee_id is None else Audience.ASSIGNEE
        await notices.audience(work, shown, who, "leave.open_ticket")


async def own(scene: Scene, number: int) -> None:
    """A resident leaves a home, or an owner says that somebody has left theirs."""
    resident = scene.standing.resident
    membership = await scene.session.get(Membership, number, populate_existing=True)
    if membership is None or membership.until is not None or resident is None:
        scene.reply("leave.gone")
        return
    mine = membership.resident_id == resident
    if not mine and not await _lets(scene, membership):
        scene.reply("leave.not_yours")
        return
    why = "moved out" if mine else "moved out, says the owner"
    place = await move_out(scene.work, membership, Leave(f"resident:{resident}", why, scene.inbound.channel))
    scene.reply("leave.done" if mine else "leave.done_other", home=place.name)


async def _lets(scene: Scene, membership: Membership) -> bool:
    owners = await owners_of(scene.session, membership.home_id, scene.work.now)
    return scene.standing.resident in owners and membership.role != "owner"


# --- by staff


async def command(scene: Scene, argument: str) -> None:
    """`/moveout TICKET`: the resident of a ticket no longer lives in its home; asked before it is done."""
    number = argument.strip().upper()
    ticket = await scene.session.scalar(select(Ticket).where(Ticket.number == number))
    membership = None if ticket is None else await _of(scene, ticket)
    if membership is None:
        scene.reply("leave.which")
        return
    place = await scene.session.get_one(Home, membership.home_id)
    role = scene.text(f"role.{membership.role}")
    yes = Button(scene.text("leave.yes"), f"m.moveout.{membership.id}", "danger")
    no = Button(scene.text("leave.no"), "m.menu")
    told = scene.text("leave.sure", home=place.name, role=role, number=number)
    scene.replies.append(Outgoing(told, buttons=((yes, no),)))


async def _of(scene: Scene, ticket: Ticket) -> Membership | None:
    """The place of a ticket's resident in its home, for colleagues who may end it."""
    if not await _may(scene, ticket.community_id):
        return None
    lives = select(Membership).where(Membership.resident_id == (ticket.resident_id or 0))
    return await scene.session.scalar(
        lives.where(Membership.home_id == ticket.home_id, Membership.until.is_(None)).limit(1)
    )


async def _may(scene: Scene, community: int) -> bool:
    staff = scene.standing.staff
    return staff is not None and bool(MAY & await roles_of(scene.session, staff, community))


async def entry(scene: Scene, data: str) -> None:
    """The button under that question."""
    is_id = data.isascii() and data.isdecimal() and len(data) < 19
    membership = await scene.session.get(Membership, int(data), populate_existing=True) if is_id else None
    place = None if membership is None else await scene.session.get_one(Home, membership.home_id)
    if membership is None or place is None or not await _may(scene, place.community_id):
        scene.reply("leave.which")
    elif membership.until is not None:
        scene.reply("leave.gone")
    else:
        staff = f"staff:{scene.standing.staff}"
        await move_out(scene.work, membership, Leave(staff, "moved out, says staff", scene.inbound.channel))
        scene.reply("leave.done_other", home=place.name)
