"""A one-time code binds an account to a home or a staff member; too many wrong ones lock it for a while."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from handlers import notices
from handlers.desk import Scene
from handlers.roster import called
from models.account import Account
from models.code import Code
from models.community import Community, Home
from models.resident import ChangeLog, Membership, Resident, homes_of, phones_of
from models.staff import Staff, StaffRole

ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
LENGTH = 10
TRIES = 5
LOCKED = timedelta(hours=1)
HOME_CODE_LIVES = timedelta(days=30)
STAFF_CODE_LIVES = timedelta(days=7)
_CODE = re.compile(rf"[{ALPHABET}]{{{LENGTH}}}")


def cleaned(code: str) -> str:
    """A code as people type it, as it was printed."""
    return re.sub(r"[\s-]", "", code).upper()


def digest(code: str) -> str:
    return hashlib.sha256(cleaned(code).encode()).hexdigest()


async def issue(
    session: AsyncSession,
    now: datetime,
    *,
    role: str,
    home: int | None = None,
    resident: int | None = None,
    staff: int | None = None,
) -> str:
    """A new one-time code; only its hash is kept, so it is seen here and never again."""
    code = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    lives = STAFF_CODE_LIVES if staff is not None else HOME_CODE_LIVES
    session.add(
        Code(
            digest=digest(code),
            role=role,
            home_id=home,
            resident_id=resident,
            staff_id=staff,
            expires_at=now + lives,
        )
    )
    await session.flush()
    return code


def looks_like_code(text: str) -> bool:
    return _CODE.fullmatch(cleaned(text)) is not None


def looks_exactly_like_code(text: str) -> bool:
    """Whether a text can hardly be anything else: one word with a digit in it, as our codes are printed."""
    word = text.strip().upper()
    return _CODE.fullmatch(word) is not None and any(letter.isdecimal() for letter in word)


async def opens(scene: Scene, text: str) -> bool:
    """Whether a text is a code that can be used now."""
    if _CODE.fullmatch(text.strip().upper()) is None:
        return False
    valid = select(Code.id).where(
        Code.digest == digest(text), Code.used_at.is_(None), Code.expires_at > scene.work.now
    )
    return await scene.session.scalar(valid) is not None


async def redeem(scene: Scene, text: str) -> bool:
    """Bind the account to what a code stands for; the scene then stands differently. False when it cannot."""
    code = await _redeemed(scene, text)
    if code is None:
        return False
    if code.staff_id is not None:
        await _link_staff(scene, code.staff_id)
    else:
        await _bind_home(scene, code)
    return True


async def _bind_home(scene: Scene, code: Code) -> None:
    place = await scene.session.get_one(Home, code.home_id)
    community = await scene.session.get_one(Community, place.community_id)
    resident = await _resident(scene, code)
    await _join(scene, resident, place, code.role)
    await _stands(scene, resident)
    scene.reply("bind.done", home=place.name, community=community.called(scene.locale))


async def _stands(scene: Scene, resident: Resident) -> None:
    """What the account may speak for from now on, in this very message already."""
    await scene.session.flush()
    homes = await homes_of(scene.session, resident.id, scene.work.now)
    scene.standing = replace(
        scene.standing,
        resident=resident.id,
        homes=[(home, name, place.id, place.timezone, place.settings) for home, name, place in homes],
        phones=list(enumerate(await phones_of(scene.session, resident.id))),
    )


async def _link_staff(scene: Scene, staff_id: int) -> None:
    person = await scene.session.get_one(Staff, staff_id)
    roles = await scene.session.scalars(
        select(StaffRole.role).where(StaffRole.staff_id == staff_id).distinct().order_by(StaffRole.role)
    )
    await scene.session.execute(
        update(Account).where(Account.id == scene.standing.account).values(staff_id=staff_id)
    )
    scene.standing = replace(scene.standing, staff=staff_id)
    names = [scene.text(f"role.{role}") for role in roles]
    scene.reply("staff.linked", name=called(person, scene.locale), roles=names)


async def _redeemed(scene: Scene, text: str) -> Code | None:
    """The code, used up; None after saying what is wrong with it."""
    now = scene.work.now
    account = await scene.session.get_one(Account, scene.standing.account)
    if account.locked_until is not None and account.locked_until > now:
        scene.reply("bind.locked")
        return None
    used = (
        update(Code)
        .where(Code.digest == digest(text), Code.used_at.is_(None), Code.expires_at > now)
        .values(used_at=now, used_by=account.id)
        .returning(Code.id)
    )
    found = await scene.session.scalar(used)
    if found is not None:
        account.wrong_codes = 0
        return await scene.session.get_one(Code, found, populate_existing=True)
    account.wrong_codes += 1
    if account.wrong_codes < TRIES:
        scene.reply("bind.wrong_code")
        return None
    account.wrong_codes, account.locked_until = 0, now + LOCKED
    scene.reply("bind.locked")
    channel = scene.inbound.channel.capitalize()
    await notices.front_desk(scene.work, "notice.locked", channel=channel, name=scene.inbound.name)
    return None


async def _resident(scene: Scene, code: Code) -> Resident:
    """Who the account belongs to: known already, named by the code, or new."""
    known = scene.standing.resident or code.resident_id
    if known is not None:
        resident = await scene.session.get_one(Resident, known)
    else:
        resident = Resident(name=scene.inbound.name, created_at=scene.work.now, settings={})
        scene.session.add(resident)
        await scene.session.flush()
    await scene.session.execute(
        update(Account).where(Account.id == scene.standing.account).values(resident_id=resident.id)
    )
    return resident


async def _join(scene: Scene, resident: Resident, place: Home, role: str) -> None:
    now = scene.work.now
    held = await scene.session.scalar(
        select(Membership.id)
        .where(Membership.resident_id == resident.id, Membership.home_id == place.id)
        .where(Membership.until.is_(None))
    )
    if held is None:
        scene.session.add(
            Membership(
                resident_id=resident.id,
                home_id=place.id,
                role=role,
                since=now,
                until=None,
                verified_by="code",
            )
        )
    scene.session.add(
        ChangeLog(
            resident_id=resident.id,
            field="home",
            old=None,
            new=place.name,
            why="bound by a one-time code",
            who=f"account:{scene.standing.account}",
            source=scene.inbound.channel,
            at=now,
        )
    )
