"""One resident, several chats: linking another one, choosing where notices go, disconnecting one."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select, update

from handlers import doors, reaching, tickets
from handlers.desk import Scene
from handlers.envelopes import Button, Outgoing
from handlers.identity import twins
from handlers.people import binding
from models.account import Account
from models.code import Code
from models.resident import ChangeLog, Resident

LINK = "link"
"""The role of a code that links another chat: it stands for a resident, not for a place in a home."""


async def chats(scene: Scene, wanted: str) -> None:
    """The chats of whoever is speaking, and what they want done with them."""
    verb, _, number = wanted.partition("-")
    mine = await _mine(scene)
    if all(account.id != scene.standing.account for account in mine):
        binding.nobody(scene)
        binding.told(scene, "bind.first")
        return
    one = next((account for account in mine if str(account.id) == number), None)
    match verb:
        case "link":
            await _code(scene)
        case "to" if one is not None:
            await _choose(scene, mine, one)
        case "off" if one is not None:
            await _sure(scene, mine, one)
        case "drop" if one is not None:
            await _disconnect(scene, mine, one)
        case _:
            _list(scene, mine)


async def _mine(scene: Scene) -> Sequence[Account]:
    """Their accounts, read and locked anew: two chats may be at it in the same instant.

    Without this very chat when another one of theirs has just disconnected it.
    """
    whose = select(Account.resident_id).where(Account.id == scene.standing.account)
    resident = await scene.session.scalar(whose)
    await scene.session.execute(select(Resident.id).where(Resident.id == resident).with_for_update())
    theirs = select(Account).where(Account.resident_id == (resident or 0)).order_by(Account.id)
    return (await scene.session.scalars(theirs, execution_options={"populate_existing": True})).all()


# --- what there is


def _list(scene: Scene, mine: Sequence[Account]) -> None:
    lines = [
        scene.text(
            "chats.line",
            name=_called(scene, mine, one),
            here=one.id == scene.standing.account,
            chosen=one.chosen and one.reachable,
            reachable=one.reachable,
        )
        for one in mine
    ]
    if sum(one.reachable for one in mine) > 1 and not any(one.chosen and one.reachable for one in mine):
        lines.append(scene.text("chats.none_chosen"))
    scene.replies.append(Outgoing("\n".join(lines), scene.text("menu.chats"), _offers(scene, mine)))


def _offers(scene: Scene, mine: Sequence[Account]) -> tuple[tuple[Button, ...], ...]:
    rows = [Button(scene.text("chats.link"), "m.chats.link", "primary")]
    rows += [
        Button(scene.text("chats.to", label=_called(scene, mine, one)), f"m.chats.to-{one.id}")
        for one in mine
        if one.reachable and not one.chosen and _spared(mine, one)
    ]
    rows += [
        Button(scene.text("chats.off", label=_called(scene, mine, one)), f"m.chats.off-{one.id}")
        for one in mine
        if _spared(mine, one)
    ]
    return tuple((row,) for row in rows)


def _called(scene: Scene, mine: Sequence[Account], one: Account) -> str:
    """A chat by its channel, numbered where there are several of one channel."""
    texts = scene.work.desk.texts
    same = [account.id for account in mine if account.channel == one.channel]
    name = texts.say(doors.called(one.channel, texts), scene.locale)
    return f"{name} {same.index(one.id) + 1}" if len(same) > 1 else name


# --- another one


async def _code(scene: Scene) -> None:
    """A code to be sent from the other chat; those given out before no longer count."""
    resident = scene.standing.resident
    earlier = update(Code).where(Code.resident_id == resident, Code.role == LINK, Code.used_at.is_(None))
    await scene.session.execute(
        earlier.values(expires_at=scene.work.now), execution_options={"synchronize_session": False}
    )
    code = await binding.issue(scene.session, scene.work.now, role=LINK, resident=resident)
    minutes = round(binding.CHAT_CODE_LIVES.total_seconds() / 60)
    scene.reply("chats.code", code=code, minutes=minutes)


async def link(scene: Scene, resident: int) -> bool:
    """A chat sent the code of another one: both belong to one resident now, if this one was nobody's.

    Whoever is known here already stays who they are: staff are asked whether the two are one person.
    """
    known = scene.standing.resident
    if known == resident:
        scene.reply("chats.same")
        return True
    if known is not None:
        scene.reply("chats.somebody_else")
        await twins.suspect(scene.work, resident, known)
        return False
    await scene.session.execute(
        update(Account).where(Account.id == scene.standing.account).values(resident_id=resident)
    )
    _log(scene, resident, None, scene.inbound.channel, "linked by a code from another chat")
    await binding.stands(scene, resident)
    homes = [str(home[1]) for home in scene.standing.homes]
    scene.reply("chats.linked", homes=homes)
    await announce(scene)
    return True


async def announce(scene: Scene) -> None:
    """All other chats hear of it: should it not have been their person, they can undo it."""
    mine = await _mine(scene)
    name = doors.called(scene.inbound.channel, scene.work.desk.texts)
    for one in mine:
        if one.id != scene.standing.account and one.reachable:
            look = Button(scene.work.say("menu.chats", one.locale), "m.chats")
            told = scene.work.say("chats.linked_there", one.locale, name=name)
            await reaching.send(scene.work, one, Outgoing(told, buttons=((look,),)))
    if scene.standing.resident is not None:
        await tickets.reachable(scene.work, scene.standing.resident)


# --- which one


async def _choose(scene: Scene, mine: Sequence[Account], one: Account) -> None:
    if not one.reachable:
        scene.reply("chats.not_reachable", name=_called(scene, mine, one))
        return
    for account in mine:
        account.chosen = account.id == one.id
    await scene.session.flush()
    scene.reply("chats.chosen", name=_called(scene, mine, one))


# --- one less


def _spared(mine: Sequence[Account], one: Account) -> bool:
    """Whether somebody could still be reached without this chat."""
    return any(other.reachable for other in mine if other.id != one.id)


async def _sure(scene: Scene, mine: Sequence[Account], one: Account) -> None:
    if not _spared(mine, one):
        scene.reply("chats.last")
        return
    here = one.id == scene.standing.account
    told = scene.text("chats.sure", name=_called(scene, mine, one), here=here)
    yes = Button(scene.text("chats.drop"), f"m.chats.drop-{one.id}", "danger")
    no = Button(scene.text("chats.keep"), "m.chats")
    scene.replies.append(Outgoing(told, buttons=((yes, no),)))


async def _disconnect(scene: Scene, mine: Sequence[Account], one: Account) -> None:
    """The account is nobody's from now on; its person can bind it anew with a code."""
    if not _spared(mine, one):
        scene.reply("chats.last")
        return
    name, resident = _called(scene, mine, one), one.resident_id
    assert resident is not None
    one.resident_id, one.chosen = None, False
    _log(scene, resident, one.channel, None, "disconnected by the resident")
    await scene.session.flush()
    await reaching.readdress(scene.work, one.id, resident)
    scene.reply("chats.dropped", name=name)
    if one.id == scene.standing.account:
        scene.draft = None
        binding.nobody(scene)
    elif one.reachable:
        await reaching.send(scene.work, one, Outgoing(scene.work.say("chats.dropped_there", one.locale)))


def _log(scene: Scene, resident: int, old: str | None, new: str | None, why: str) -> None:
    scene.session.add(
        ChangeLog(
            resident_id=resident,
            field="chat",
            old=old,
            new=new,
            why=why,
            who=f"account:{scene.standing.account}",
            source=scene.inbound.channel,
            at=scene.work.now,
        )
    )
