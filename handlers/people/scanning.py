"""A home's QR code is scanned: anybody may have photographed it, so one more thing is asked for."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from handlers.desk import Scene
from handlers.people import binding, consenting
from models.code import Code
from models.community import Home
from models.resident import Membership, Phone

PREFIX = "bind_"
SCENE_BYTES = 20
LIVES = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Printed:
    """What is handed out: the scene in a QR code, and apart from it the pin, "" where a phone will do."""

    scene: str
    pin: str = ""


async def issue(session: AsyncSession, now: datetime, *, home: int, role: str) -> Printed:
    """A new scene of 160 random bits, good for one binding within seven days; only its hash is kept."""
    scene = PREFIX + base64.b32encode(secrets.token_bytes(SCENE_BYTES)).decode().lower()
    pin = "" if await _endings(session, home, now) else f"{secrets.randbelow(10_000):04d}"
    secret = binding.digest(scene)
    code = Code(
        digest=secret,
        role=role,
        home_id=home,
        issued_at=now,
        expires_at=now + LIVES,
        pin_digest=_pin_digest(secret, pin) if pin else None,
    )
    session.add(code)
    await session.flush()
    return Printed(scene, pin)


def _pin_digest(secret: str, pin: str) -> str:
    return binding.digest(f"{secret}{pin}")


async def _endings(session: AsyncSession, home: int, now: datetime) -> dict[str, frozenset[int]]:
    """The last four digits of every phone of those who live in a home now, and whose they are."""
    numbers = (
        select(Phone.number, Phone.resident_id)
        .join(Membership, Membership.resident_id == Phone.resident_id)
        .where(Membership.home_id == home, Membership.since <= now)
        .where(or_(Membership.until.is_(None), Membership.until > now))
    )
    whose: dict[str, frozenset[int]] = {}
    for number, resident in await session.execute(numbers):
        whose[number[-4:]] = whose.get(number[-4:], frozenset()) | {resident}
    return whose


def is_scene(text: str) -> bool:
    return text.startswith(PREFIX)


async def scanned(scene: Scene, text: str) -> None:
    """Ask for what only the home's people know; a code that is over says so."""
    if await binding.locked(scene):
        return
    code = await scene.session.scalar(select(Code).where(Code.digest == binding.digest(text)))
    if code is None:
        await binding.wrong(scene, "scan.unknown")
    elif code.home_id is not None and code.home_id in _homes(scene):
        place = await scene.session.get_one(Home, code.home_id)
        scene.reply("scan.yours", home=place.name)
    elif _over(scene, code):
        scene.reply("scan.over")
    else:
        await consenting.claim(scene, consenting.ANSWER, code_id=code.id)
        scene.reply("scan.ask_phone" if code.pin_digest is None else "scan.ask_pin")


def _over(scene: Scene, code: Code) -> bool:
    used = code.used_at is not None or code.wrong >= binding.MOST_ANSWERS
    return used or code.expires_at <= scene.work.now


def _homes(scene: Scene) -> frozenset[int]:
    return frozenset(int(home[0]) for home in scene.standing.homes)


@dataclass(frozen=True, slots=True)
class Proved:
    """A scanned code that was answered rightly, with the one resident whose phone the answer is from."""

    code: Code
    resident: int | None


async def proved(scene: Scene, claimed: int, digits: str) -> Proved | None:
    """The code, if these are the right four digits; each wrong answer counts as a wrong code."""
    if await binding.locked(scene):
        return None
    code = await scene.session.get_one(Code, claimed, with_for_update=True, populate_existing=True)
    assert code.home_id is not None
    if _over(scene, code):
        scene.reply("scan.over")
        return None
    whose = (await _endings(scene.session, code.home_id, scene.work.now)).get(digits, frozenset())
    if not whose and code.pin_digest != _pin_digest(code.digest, digits):
        code.wrong += 1
        await binding.wrong(scene, "scan.wrong" if code.wrong < binding.MOST_ANSWERS else "scan.over")
        return None
    return Proved(code, next(iter(whose)) if len(whose) == 1 else None)
