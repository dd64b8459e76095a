"""Of a ticket whose resident wants to stay unnamed, nothing is told by which they could be known."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.account import Account
from models.community import Home
from models.resident import Membership, Resident, phones_of

COVER = "***"
GAP = r"[\W_]{0,3}"
"""What people put between the parts of a number."""
_DOOR_GAP = r"(?:[\W_]|号楼|栋|幢|座|单元|楼|层|号|室){0,6}"
TELLING = 3
"""With so many digits or more a door is known even without its building."""
_WIDE = {ord("0") + n: f"[{n}{chr(ord('０') + n)}]" for n in range(10)}
"""Digits as they are typed on a keyboard for Chinese, too."""


@dataclass(frozen=True, slots=True)
class Veil:
    """What must not be read; without anything in it, it covers nothing."""

    pattern: re.Pattern[str] | None = None

    def over(self, text: str) -> str:
        """The text without a name, a number or a door."""
        return text if self.pattern is None else self.pattern.sub(COVER, text)


OPEN = Veil()


async def veil(
    session: AsyncSession, resident: Resident | None, home: Home, given: Sequence[str] = ()
) -> Veil:
    """What names a resident: name, the names of their chats, phones as people write them, doors.

    `given` are numbers that they left with the ticket.
    """
    if resident is None:
        return Veil(_any([], given, [home.name]))
    chats = await session.scalars(select(Account.name).where(Account.resident_id == resident.id))
    doors = await session.scalars(
        select(Home.name)
        .join(Membership, Membership.home_id == Home.id)
        .where(Membership.resident_id == resident.id)
    )
    names = [name for name in (resident.name, *chats) if len(name.strip()) > 1]
    phones = [*await phones_of(session, resident.id), *given]
    return Veil(_any(names, phones, sorted({home.name, *doors})))


def _any(names: Sequence[str], phones: Sequence[str], doors: Sequence[str]) -> re.Pattern[str]:
    parts = [_name(name.strip()) for name in sorted(set(names), key=len, reverse=True)]
    parts += [_number(phone) for phone in dict.fromkeys(phones)]
    parts += [_door(door) for door in doors]
    return re.compile("|".join(part for part in parts if part), re.IGNORECASE)


def _name(name: str) -> str:
    """A name with or without blanks between its parts; a Chinese one has a part for each character."""
    return r"\s{0,2}".join(
        re.escape(part) for part in re.findall(r"[\u3400-\u9fff]|[^\s\u3400-\u9fff]+", name)
    )


def _number(phone: str) -> str:
    """A number with or without its country, or only its last eight digits, however it is written."""
    digits = [_wide(one) for one in re.sub(r"\D", "", phone)]
    if not digits:
        return ""
    before = "".join(f"(?:{one}{GAP})?" for one in digits[:-8])
    return rf"(?:[+＋]?{GAP}{before}){GAP.join(digits[-8:])}"


def _door(door: str) -> str:
    """A door with its building, or by its number alone where that is long enough to tell."""
    parts = re.findall(r"[^\W_]+", door)
    whole = _DOOR_GAP.join(_wide(re.escape(part)) for part in parts)
    alone = parts[-1] if parts and sum(one.isdigit() for one in parts[-1]) >= TELLING else ""
    return rf"{whole}|(?<!\d){_wide(re.escape(alone))}(?!\d)" if alone else whole


def _wide(text: str) -> str:
    return text.translate(_WIDE)
