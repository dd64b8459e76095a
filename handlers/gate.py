"""Somebody stands at the gate with a pass: the guard learns at once what it opens, or why it does not."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import select

from flows.engine.lifecycle import Role
from handlers import acting, dialogue, passes, tickets, verdicts
from handlers.desk import Scene, Work
from handlers.envelopes import Kind, Outgoing
from handlers.outbox import delivery
from handlers.passes import Token
from handlers.people import binding
from handlers.tickets import Doer
from models import gatepass
from models.account import Account
from models.gatepass import GatePass, GateScan
from models.group import Group
from models.ticket import Ticket

PURPOSE = "gate"
COMMAND = "check"


async def command(scene: Scene, argument: str) -> None:
    """`/check CODE`, or `/check` below a photo of a pass, in a group of the staff or in private."""
    if scene.inbound.group and not await _groups(scene):
        return
    served = await _served(scene)
    token = passes.shown(argument)
    if not served:
        await _refuse(scene, token)
    elif scene.inbound.kind is Kind.PHOTO:
        await _photographed(scene)
    elif not argument:
        scene.reply("gate.how")
    elif token is None:
        scene.reply("gate.not_a_code")
    else:
        await _check(scene, token, served)


async def hears(scene: Scene) -> bool:
    """Whether what a colleague wrote or sent us in private was a pass, which has been checked then."""
    standing, inbound = scene.standing, scene.inbound
    if standing.staff is None or inbound.group:
        return False
    token = passes.shown(inbound.text)
    if inbound.kind is Kind.PHOTO and token is None:
        return standing.resident is None and await _guards(scene) and await _photographed(scene)
    served = await _served(scene) if token is not None else frozenset()
    if token is None or not served:
        return False
    if standing.resident is not None and await _found(scene, token, served) is None:
        return False
    await _check(scene, token, served)
    return True


async def answered(scene: Scene, about: Ticket | None) -> bool:
    """Whether a reply to a message of ours was a pass, which has been checked then.

    A photo in reply to a message about a ticket belongs to that ticket.
    """
    if scene.standing.staff is None:
        return False
    token = passes.shown(scene.inbound.text)
    if scene.inbound.kind is Kind.PHOTO and token is None:
        in_place = about is None and scene.inbound.group and PURPOSE in await _groups(scene)
        return in_place and bool(await _served(scene)) and await _photographed(scene)
    served = await _served(scene) if token is not None else frozenset()
    if token is None or not served:
        return False
    await _check(scene, token, served)
    return True


async def read(work: Work, scan: GateScan, texts: Sequence[str]) -> None:
    """Answer a photo of a pass where it was asked; `texts` are what was read from it."""
    account = await work.session.get_one(Account, scan.account_id)
    served = await _allowed(work, account.staff_id, scan.channel, scan.bot, scan.chat)
    tokens = [token for text in texts if (token := passes.shown(text)) is not None]
    found = await gatepass.by_code(work.session, tokens[0].code, served, tokens[0].place) if tokens else None
    if found is None:
        said = Outgoing(work.say("gate.unknown" if tokens else "gate.unreadable", account.locale))
    else:
        guard = Doer(staff=account.staff_id, account=account.id)
        said = await verdicts.answer(work, found, guard, account.locale)
    await delivery.post(
        work.session,
        channel=scan.channel,
        bot=scan.bot,
        chat=scan.chat,
        message=said,
        now=work.now,
        account=account.id if scan.chat == account.chat else None,
    )


async def _check(scene: Scene, token: Token, served: Collection[int]) -> None:
    """Say what a pass is worth; wrong codes are counted, as everywhere."""
    if await binding.locked(scene):
        return
    found = await _found(scene, token, served)
    if found is None:
        await _wrong(scene)
        return
    await binding.right(scene)
    scene.replies.append(await verdicts.answer(scene.work, found, acting.doer(scene), scene.locale))


async def _wrong(scene: Scene) -> None:
    """Count a code that is none; after several nobody tries on for a while."""
    account = await scene.session.get_one(Account, scene.standing.account, populate_existing=True)
    account.wrong_codes += 1
    if account.wrong_codes < binding.TRIES:
        scene.reply("gate.unknown")
    else:
        await binding.lock(scene)


async def _found(scene: Scene, token: Token, served: Collection[int]) -> GatePass | None:
    return await gatepass.by_code(scene.session, token.code, served, token.place)


async def _refuse(scene: Scene, token: Token | None) -> None:
    """Passes are for colleagues to check; that somebody else tried stands on the ticket."""
    scene.reply("gate.refused")
    found = await gatepass.by_code(scene.session, token.code, place=token.place) if token else None
    if found is not None:
        ticket = await scene.session.get_one(Ticket, found.ticket_id)
        tickets.refused(scene.work, ticket, acting.doer(scene), COMMAND)


async def _photographed(scene: Scene) -> bool:
    """Have a photo read: it is fetched and looked at by the clock, and then answered."""
    inbound = scene.inbound
    scene.session.add(
        GateScan(
            attachment_id=await dialogue.put_on_record(scene),
            account_id=scene.standing.account,
            channel=inbound.channel,
            bot=inbound.bot,
            chat=inbound.chat,
            at=scene.work.now,
        )
    )
    scene.reply("gate.reading")
    return True


async def _guards(scene: Scene) -> bool:
    staff = scene.standing.staff
    return staff is not None and bool(await gatepass.served_by(scene.session, staff, [Role.GUARD.value]))


async def _served(scene: Scene) -> frozenset[int]:
    inbound = scene.inbound
    chat = inbound.chat if inbound.group else ""
    return await _allowed(scene.work, scene.standing.staff, inbound.channel, inbound.bot, chat)


async def _allowed(work: Work, staff: int | None, channel: str, bot: str, chat: str) -> frozenset[int]:
    """The communities whose passes somebody may look at: where they serve; in a group, only the group's."""
    if staff is None:
        return frozenset()
    served = await gatepass.served_by(work.session, staff)
    here = select(Group.community_id).where(Group.channel == channel, Group.bot == bot, Group.chat == chat)
    groups = frozenset(await work.session.scalars(here)) if chat else frozenset()
    return served & groups if groups else served


async def _groups(scene: Scene) -> frozenset[str]:
    """What this group is for; nothing where it is nobody's."""
    inbound = scene.inbound
    query = select(Group.purpose).where(
        Group.channel == inbound.channel, Group.bot == inbound.bot, Group.chat == inbound.chat
    )
    return frozenset(await scene.session.scalars(query))
