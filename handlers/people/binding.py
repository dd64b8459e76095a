"""A one-time code binds an account to a home or a staff member; too many wrong ones lock it for a while."""

from __future__ import annotations

import hashlib
import re
import secrets
import unicodedata
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from handlers import doors, notices
from handlers.desk import Scene
from handlers.envelopes import Button, Outgoing
from handlers.identity import merging
from handlers.people import joining
from handlers.people.joining import Proof
from handlers.roster import called
from models.account import Account
from models.code import Claim, Code
from models.community import Community, Home
from models.resident import ChangeLog, Resident, homes_of, phones_of
from models.staff import Staff, StaffRole

ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
LENGTH = 10
TRIES = 5
LOCKED = timedelta(hours=1)
HOME_CODE_LIVES = timedelta(days=30)
STAFF_CODE_LIVES = timedelta(days=7)
CHAT_CODE_LIVES = timedelta(minutes=15)
INVITATION_LIVES = timedelta(days=7)
CLAIM_LIVES = timedelta(minutes=15)
MOST_ANSWERS = 10
"""So many wrong answers, from whomever they come, end a code that was scanned."""
_ENDING = re.compile(r"[0-9]{4}")
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
    inviter: int | None = None,
) -> str:
    """A new one-time code; only its hash is kept, so it is seen here and never again.

    One for a resident without a home links another of their chats; one of an `inviter` is an owner's.
    """
    code = _made_up()
    lives = STAFF_CODE_LIVES if staff is not None else HOME_CODE_LIVES
    if staff is None and home is None:
        lives = CHAT_CODE_LIVES
    if inviter is not None:
        lives = INVITATION_LIVES
    session.add(
        Code(
            digest=digest(code),
            role=role,
            home_id=home,
            resident_id=resident,
            staff_id=staff,
            inviter_id=inviter,
            issued_at=now,
            expires_at=now + lives,
        )
    )
    await session.flush()
    return code


def _made_up() -> str:
    """A code with a digit in it, so that it cannot be taken for a word."""
    while True:
        code = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
        if looks_exactly_like_code(code):
            return code


def looks_like_code(text: str) -> bool:
    return _CODE.fullmatch(cleaned(text)) is not None


def looks_exactly_like_code(text: str) -> bool:
    """Whether a text can hardly be anything else: one word with a digit in it, as our codes are printed."""
    word = text.strip().upper()
    return _CODE.fullmatch(word) is not None and any(letter.isdecimal() for letter in word)


def ending(text: str) -> str | None:
    """Four digits and nothing else, as they answer a code that was scanned."""
    digits = unicodedata.normalize("NFKC", text).strip()
    return digits if _ENDING.fullmatch(digits) else None


async def opens(scene: Scene, text: str) -> bool:
    """Whether a text is a code that can be used now, or the answer that a scanned one waits for."""
    if ending(text) is not None:
        return await claimed(scene) is not None
    if _CODE.fullmatch(text.strip().upper()) is None:
        return False
    valid = select(Code.id).where(
        Code.digest == digest(text), Code.used_at.is_(None), Code.expires_at > scene.work.now
    )
    return await scene.session.scalar(valid) is not None


async def claimed(scene: Scene) -> int | None:
    """The code that this account has scanned and still has to answer for."""
    now = scene.work.now
    waiting = (
        select(Code.id)
        .join(Claim, Claim.code_id == Code.id)
        .where(Claim.account_id == scene.standing.account, Claim.waits == "answer")
        .where(Claim.at > now - CLAIM_LIVES)
        .where(Code.used_at.is_(None), Code.expires_at > now, Code.wrong < MOST_ANSWERS)
    )
    return await scene.session.scalar(waiting)


async def bind_home(scene: Scene, code: Code, record: int | None = None) -> None:
    """The account belongs to somebody of the code's home from now on; `record` is who it was matched with."""
    place = await scene.session.get_one(Home, code.home_id)
    community = await scene.session.get_one(Community, place.community_id)
    resident = await _resident(scene, record or code.resident_id)
    by = "code" if code.inviter_id is None else f"owner:{code.inviter_id}"
    why = "bound by a one-time code" if code.inviter_id is None else "invited by the owner"
    proof = Proof(by, why, f"account:{scene.standing.account}", scene.inbound.channel)
    await joining.join(scene.work, resident, place, code.role, proof)
    await stands(scene, resident)
    scene.reply("bind.done", home=place.name, community=community.called(scene.locale))


async def stands(scene: Scene, resident: int) -> None:
    """What the account may speak for from now on, in this very message already."""
    await scene.session.flush()
    homes = await homes_of(scene.session, resident, scene.work.now)
    scene.standing = replace(
        scene.standing,
        resident=resident,
        homes=[
            (home, name, place.id, place.timezone, place.settings, role) for home, name, place, role in homes
        ],
        phones=list(enumerate(await phones_of(scene.session, resident))),
    )


def nobody(scene: Scene) -> None:
    """The account speaks for no home any more, in this very message already."""
    scene.standing = replace(scene.standing, resident=None, homes=(), phones=())


def told(scene: Scene, key: str) -> None:
    """Words to a stranger, with the ways in that are open besides a code: their own contact, or staff."""
    ask = Button(scene.text("bind.no_code"), "m.membership")
    contact = scene.text("engine.share_contact") if scene.can.contact else ""
    scene.replies.append(Outgoing(scene.text(key), buttons=((ask,),), contact=contact))


async def link_staff(scene: Scene, staff_id: int) -> None:
    """The account is this staff member's from now on."""
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


async def look(scene: Scene, text: str) -> Code | None:
    """The code, still good; None after saying what is wrong with it."""
    if await locked(scene):
        return None
    now = scene.work.now
    valid = select(Code).where(Code.digest == digest(text), Code.used_at.is_(None), Code.expires_at > now)
    found = await scene.session.scalar(valid, execution_options={"populate_existing": True})
    if found is None:
        await wrong(scene, "bind.wrong_code")
    return found


async def take(scene: Scene, code: Code) -> bool:
    """Use a code up, for whoever is first; False after saying that it is over."""
    now = scene.work.now
    valid = update(Code).where(Code.id == code.id, Code.used_at.is_(None), Code.expires_at > now)
    used = valid.values(used_at=now, used_by=scene.standing.account).returning(Code.id)
    if await scene.session.scalar(used, execution_options={"synchronize_session": False}) is None:
        scene.reply("bind.wrong_code" if code.home_id is None else "scan.over")
        return False
    await right(scene)
    await scene.session.execute(delete(Claim).where(Claim.code_id == code.id, Claim.waits == "answer"))
    return True


async def locked(scene: Scene) -> bool:
    """Whether the account has to wait, which it is told then."""
    until = await scene.session.scalar(
        select(Account.locked_until).where(Account.id == scene.standing.account)
    )
    if until is None or until <= scene.work.now:
        return False
    scene.reply("bind.locked")
    return True


async def right(scene: Scene) -> None:
    """A right code: earlier wrong ones no longer count."""
    forgiven = update(Account).where(Account.id == scene.standing.account, Account.wrong_codes > 0)
    await scene.session.execute(forgiven.values(wrong_codes=0))


async def wrong(scene: Scene, key: str) -> None:
    """Count a wrong code, and say so; after several the account is locked, and the desk hears of it."""
    account = await scene.session.get_one(Account, scene.standing.account, populate_existing=True)
    account.wrong_codes += 1
    if account.wrong_codes < TRIES:
        told(scene, key) if scene.standing.resident is None else scene.reply(key)
        return
    await lock(scene)


async def lock(scene: Scene) -> None:
    """No more tries for a while, which the desk hears of."""
    account = await scene.session.get_one(Account, scene.standing.account, populate_existing=True)
    account.wrong_codes, account.locked_until = 0, scene.work.now + LOCKED
    scene.reply("bind.locked")
    channel = doors.called(scene.inbound.channel, scene.work.desk.texts)
    await notices.front_desk(scene.work, "notice.locked", channel=channel, name=scene.inbound.name)


async def _resident(scene: Scene, named: int | None) -> int:
    """Who the account belongs to: somebody with a home already, whom the code means, or somebody new."""
    known = scene.standing.resident
    if named is not None and not scene.standing.homes:
        await become(scene, named, "a code for this resident")
        return named
    if known is None:
        resident = Resident(name=scene.inbound.name, created_at=scene.work.now, settings={})
        scene.session.add(resident)
        await scene.session.flush()
        known = resident.id
    await scene.session.execute(
        update(Account).where(Account.id == scene.standing.account).values(resident_id=known)
    )
    return known


async def become(scene: Scene, record: int, why: str) -> None:
    """The account is that resident's; what was known of it by its own word alone goes into their record."""
    former = scene.standing.resident
    if former is not None and former != record:
        await merging.merge(scene.work, record, former, f"account:{scene.standing.account}")
    mine = update(Account).where(Account.id == scene.standing.account)
    await scene.session.execute(mine.values(resident_id=record))
    scene.session.add(
        ChangeLog(
            resident_id=record,
            field="chat",
            old=None,
            new=scene.inbound.channel,
            why=why,
            who=f"account:{scene.standing.account}",
            source=scene.inbound.channel,
            at=scene.work.now,
        )
    )
