"""The staff's groups: bound to a purpose by an administrator, left, joined again, moved to a new address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import select, update

from flows import catalogue
from handlers import tickets
from handlers.desk import Scene
from handlers.outbox import delivery
from handlers.outbox.moving import move
from handlers.reporting import Reports
from models.account import Account
from models.base import add_once
from models.community import Community
from models.group import Group
from models.staff import Staff, StaffRole

BINDERS = ("administrator", "manager")


def purposes() -> tuple[str, ...]:
    """What a group can be for: what the services need, and the managers' own."""
    return tuple(dict.fromkeys((*(table.purpose for table in catalogue.lifecycles().values()), *OTHERS)))


OTHERS = ("care", "renovation", "gate", "managers")


async def bind(scene: Scene, argument: str) -> None:
    """`/bind PURPOSE [COMMUNITY]` by an administrator makes this group the place for such tickets."""
    purpose, _, code = argument.partition(" ")
    if purpose not in purposes():
        scene.reply("group.which_purpose", purposes=list(purposes()))
        return
    communities = await _administered(scene, code.strip().upper())
    if not communities:
        scene.reply("group.not_allowed")
        return
    if len(communities) > 1:
        scene.reply("group.which_community", codes=[one.code for one in communities])
        return
    inbound = scene.inbound
    place = {"channel": inbound.channel, "bot": inbound.bot, "chat": inbound.chat}
    await add_once(
        scene.session,
        Group,
        "channel",
        "bot",
        "chat",
        "purpose",
        **place,
        purpose=purpose,
        community_id=communities[0].id,
        title=inbound.title[:200],
        present=True,
    )
    await scene.session.execute(
        update(Group).filter_by(**place, purpose=purpose).values(community_id=communities[0].id, present=True)
    )
    await delivery.release_held(scene.session, inbound.channel, inbound.bot, inbound.chat)
    name = communities[0].called(scene.locale)
    scene.reply("group.bound", purpose=scene.text(f"purpose.{purpose}"), community=name)


async def _administered(scene: Scene, code: str) -> Sequence[Community]:
    """The communities this person administers; the one with `code` if one was named."""
    if scene.standing.staff is None:
        return ()
    query = (
        select(Community)
        .join(StaffRole, StaffRole.community_id == Community.id)
        .join(Staff, Staff.id == StaffRole.staff_id)
        .where(StaffRole.staff_id == scene.standing.staff, StaffRole.role.in_(BINDERS))
        .where(Staff.left_at.is_(None))
        .distinct()
    )
    if code:
        query = query.where(Community.code == code)
    return (await scene.session.scalars(query.order_by(Community.id))).all()


async def joined(scene: Scene) -> None:
    """The bot is in the group (again): what waited for it leaves now."""
    inbound = scene.inbound
    known = await _present(scene, present=True)
    await delivery.release_held(scene.session, inbound.channel, inbound.bot, inbound.chat)
    if not known:
        scene.reply("group.hello", purposes=list(purposes()))


async def removed(scene: Scene) -> None:
    """The bot was taken out: cards wait until it is back, and the managers hear of it."""
    inbound = scene.inbound
    lost = await scene.session.scalars(
        select(Group).where(
            Group.channel == inbound.channel, Group.bot == inbound.bot, Group.chat == inbound.chat
        )
    )
    for group in lost:
        if group.present:
            group.present = False
            await Reports(scene.work.desk).group_lost(scene.session, group)


async def _present(scene: Scene, *, present: bool) -> int:
    inbound = scene.inbound
    result = await scene.session.execute(
        update(Group)
        .where(Group.channel == inbound.channel, Group.bot == inbound.bot, Group.chat == inbound.chat)
        .values(present=present)
    )
    return int(getattr(result, "rowcount", 0))


async def migrated(scene: Scene) -> None:
    """The group has a new address: every row that names the old one follows."""
    inbound = scene.inbound
    await move(scene.session, inbound.channel, inbound.bot, inbound.chat, inbound.moved_to)


async def reachable(scene: Scene, *, yes: bool) -> None:
    """A person blocked the bot, or let it back in, and is then asked whether their record is still right."""
    back = yes and not scene.standing.reachable and scene.standing.resident is not None
    changes = {"reachable": yes, "recheck": True} if back else {"reachable": yes}
    await scene.session.execute(update(Account).where(Account.id == scene.standing.account).values(**changes))
    if back:
        scene.standing = replace(scene.standing, recheck=True)
    if yes and scene.standing.resident is not None:
        await tickets.reachable(scene.work, scene.standing.resident)
