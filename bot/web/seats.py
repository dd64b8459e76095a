"""Who sits where at the page, who may be chosen in the demo, and which chats each may see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from bot.settings import Settings
from bot.web.channel import is_group
from bot.web.counter import Speaker
from bot.web.session import Session
from flows import catalogue
from flows.engine.messages import Phrase
from handlers.texts import Texts
from models import people
from models.account import Account
from models.database import Database
from models.people import Colleague, Neighbour, Room

WEB = "web"
MENU = (*catalogue.menu(), "tickets", "help")
"""What the page's own menu offers: every service there is, one's tickets, and help."""


@dataclass(frozen=True, slots=True)
class Seat:
    """One person of the page as others see them."""

    chat: str
    name: str
    note: str


class NoSuchPerson(Exception):
    """Somebody was chosen who is not there."""


class Seats:
    """Looks people up and takes their places."""

    def __init__(self, settings: Settings, database: Database, texts: Texts) -> None:
        self.demo, self._zone = settings.demo, settings.timezone
        self._database, self._texts = database, texts

    async def everybody(self, locale: str) -> dict[str, list[dict[str, str]]]:
        """Who can be chosen in the demo."""
        async with self._database.reading() as session:
            residents = await people.neighbours(session)
            staff = await people.colleagues(session)
        return {
            "residents": [_plain(self._neighbour(one)) for one in residents],
            "staff": [_plain(self._colleague(one, locale)) for one in staff],
        }

    async def first(self, session: Session) -> Session:
        """The people a browser plays that comes to the demo for the first time."""
        async with self._database.reading() as reading:
            residents = await people.neighbours(reading)
            staff = await people.colleagues(reading)
        workers = [one for one in staff if "technician" in one.roles] or list(staff)
        return session.become(
            resident=f"resident:{residents[0].id}" if residents else "",
            staff=f"staff:{workers[0].id}" if workers else "",
        )

    async def sit(self, session: Session) -> None:
        """Make sure that the people chosen have an account here, in this language. Raises NoSuchPerson."""
        async with self._database.reading() as reading:
            accounts = [await self._account(reading, one, session.locale) for one in _chosen(session)]
        async with self._database.transaction() as writing:
            for account in accounts:
                await people.seat(writing, account)
            await people.speak(writing, WEB, session.persons, session.locale)

    async def speak(self, session: Session) -> None:
        """The people of a browser are written to in its language from now on."""
        async with self._database.transaction() as writing:
            await people.speak(writing, WEB, session.persons, session.locale)

    async def state(self, session: Session) -> dict[str, Any]:
        """Everything the page needs to know to begin."""
        async with self._database.reading() as reading:
            community = await people.community(reading)
            rooms = await self._rooms(reading, session)
            left = await self._seat(reading, session.left, session.locale)
            right = await self._seat(reading, session.staff, session.locale) if session.staff else None
        english = session.locale.startswith("en")
        name = "" if community is None else (community.name_en if english else community.name)
        return {
            "locale": session.locale,
            "demo": self.demo,
            "timezone": self._zone if community is None else community.timezone,
            "community": name,
            "left": _plain(left),
            "right": None if right is None else _plain(right),
            "rooms": [self._room(room, session.locale) for room in rooms],
            "menu": [{"data": f"m.{entry}", "label": self._entry(entry, session.locale)} for entry in MENU],
        }

    def menu_label(self, data: str, locale: str) -> str:
        """The words of a button of the page's own menu; '' when it has no such one."""
        entry = data.removeprefix("m.")
        return self._entry(entry, locale) if data == f"m.{entry}" and entry in MENU else ""

    async def speaker(self, session: Session, chat: str) -> Speaker | None:
        """As whom a browser speaks in a chat; None when it may not see it."""
        async with self._database.reading() as reading:
            if is_group(chat):
                allowed = [room.chat for room in await self._rooms(reading, session)]
                account = session.staff or session.left
            else:
                allowed, account = list(session.persons), chat
            if chat not in allowed:
                return None
            seat = await self._seat(reading, account, session.locale)
        return Speaker(account, seat.name, session.locale)

    async def visible(self, session: Session, chats: Sequence[str]) -> bool:
        """Whether a browser may see all of these chats."""
        private = {chat for chat in chats if not is_group(chat)}
        if not private <= set(session.persons):
            return False
        if private == set(chats):
            return True
        async with self._database.reading() as reading:
            rooms = {room.chat for room in await self._rooms(reading, session)}
        return set(chats) - private <= rooms

    async def _rooms(self, reading: people.Reading, session: Session) -> Sequence[Room]:
        theirs = await people.works_where(reading, WEB, session.persons)
        return await people.rooms(reading, WEB, theirs) if theirs else ()

    async def _seat(self, reading: people.Reading, account: str, locale: str) -> Seat:
        kind, number = _parsed(account)
        if kind == "staff" and (serving := await people.colleagues(reading, only=number)):
            return self._colleague(serving[0], locale)
        resident = number if kind == "resident" else await people.resident_behind(reading, WEB, account)
        if resident and (found := await people.neighbours(reading, only=resident)):
            return replace(self._neighbour(found[0]), chat=account)
        guest = (self._texts.say(Phrase(f"web.guest.{part}"), locale) for part in ("name", "note"))
        return Seat(account, *guest)

    async def _account(self, reading: people.Reading, chosen: str, locale: str) -> Account:
        kind, number = _parsed(chosen)
        account = Account(channel=WEB, bot=WEB, external_id=chosen, chat=chosen, locale=locale)
        if kind == "resident" and (found := await people.neighbours(reading, only=number)):
            account.name, account.resident_id = found[0].name, number
        elif kind == "staff" and (serving := await people.colleagues(reading, only=number)):
            account.name, account.staff_id = serving[0].name, number
        else:
            raise NoSuchPerson(chosen)
        return account

    def _neighbour(self, one: Neighbour) -> Seat:
        return Seat(f"resident:{one.id}", one.name, " · ".join(one.homes))

    def _colleague(self, one: Colleague, locale: str) -> Seat:
        name = one.name_en if locale.startswith("en") and one.name_en else one.name
        roles = [self._word(f"role.{role}", role, locale) for role in one.roles]
        return Seat(f"staff:{one.id}", name, " · ".join(roles))

    def _room(self, room: Room, locale: str) -> dict[str, str]:
        label = self._word(f"purpose.{room.purpose}", room.title or room.purpose, locale)
        return {"chat": room.chat, "name": label, "purpose": room.purpose}

    def _entry(self, entry: str, locale: str) -> str:
        return self._word(f"menu.{entry}", self._word(f"{entry}.title", entry, locale), locale)

    def _word(self, key: str, otherwise: str, locale: str) -> str:
        return self._texts.say(Phrase(key), locale) if self._texts.has(key, locale) else otherwise


def _chosen(session: Session) -> list[str]:
    return [one for one in (session.resident, session.staff) if one and not one.startswith("guest:")]


def _parsed(account: str) -> tuple[str, int]:
    kind, _, number = account.partition(":")
    return (kind, int(number)) if number.isascii() and number.isdecimal() and len(number) < 18 else (kind, 0)


def _plain(seat: Seat) -> dict[str, str]:
    return {"chat": seat.chat, "name": seat.name, "note": seat.note}
