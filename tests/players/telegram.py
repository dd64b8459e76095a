"""A story played on Telegram: its people have phones there, its groups are groups with the bot in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from sqlalchemy import select

from bot.telegram.channel import TelegramChannel
from handlers.envelopes import Capabilities
from models import Account
from models import Group as Kept
from tests.emulators.telegram import TelegramEmulator
from tests.emulators.telegram_group import Group
from tests.emulators.telegram_markup import every_button
from tests.emulators.telegram_phone import User
from tests.emulators.telegram_rooms import Message, Standing
from tests.players.stage import Script, Sight, tidy
from tests.premises import WAIT
from tests.world import World

LANGUAGES = {"zh_CN": "zh-hans", "en": "en", "zh_TW": "zh-hant"}
BELL = "\U0001f514"


@dataclass
class TelegramStage:
    """Everybody of the story on an emulated Telegram."""

    tg: TelegramEmulator
    theirs: World
    can: Capabilities = TelegramChannel.capabilities
    cannot: ClassVar[Mapping[str, str]] = {
        "% on": "its people are on other channels",
        r"\{scan|\{same scan": "a QR code of WeChat's is scanned",
        r"% blocked|\((un)?blocks\)": "nobody knows when a blocked bot is found out",
    }
    _people: dict[str, User] = field(default_factory=dict)
    _groups: dict[str, Group] = field(default_factory=dict)
    _sent: list[tuple[str, Message]] = field(default_factory=list)

    async def settle(self, script: Script) -> None:
        async with self.theirs.database.transaction() as session:
            for account in await session.scalars(select(Account).where(Account.bot == "bot")):
                person = self._person(account.name)
                person.room.bot = Standing.MEMBER
                account.channel, account.bot = self.can.name, str(self.tg.bot.id)
                account.external_id = account.chat = str(person.id)
            for kept in await session.scalars(select(Kept).where(Kept.bot == "bot")):
                group = self._group(kept.chat)
                kept.channel, kept.bot, kept.chat = self.can.name, str(self.tg.bot.id), str(group.id)

    async def arranged(self, who: str, chat: str, text: str) -> bool:
        return False

    def _person(self, name: str) -> User:
        if name not in self._people:
            language = LANGUAGES[self.theirs.language]
            self._people[name] = self.tg.user(1001 + len(self._people), name, language_code=language)
        return self._people[name]

    async def say(self, who: str, chat: str, text: str, answering: str) -> None:
        reply_to = self._message(chat or who, answering) if answering else None
        self._keep(who, await self._person(who).send(text, chat=self._room(chat), reply_to=reply_to))

    async def photo(self, who: str, chat: str, caption: str, answering: str) -> None:
        reply_to = self._message(chat or who, answering) if answering else None
        sent = self._person(who).send_photo(caption=caption or None, chat=self._room(chat), reply_to=reply_to)
        self._keep(who, await sent)

    async def edit(self, who: str, chat: str, was: str, text: str) -> None:
        written = next(one for by, one in reversed(self._sent) if by == who and was in one.words)
        await self._person(who).edit(written, text, chat=self._room(chat))

    async def contact(self, who: str, phone: str) -> None:
        await self._person(who).send_contact(phone)

    def plain(self, sight: Sight) -> str:
        return sight.plain

    async def keeps(self, who: str, chat: str, label: str) -> bool:
        """Inline buttons stay; a keyboard gives way to the next one."""
        return any(message.button(label, even_gone=True) for message in self._screen(chat or who).from_bot)

    async def tap(self, who: str, chat: str, label: str, *, old: bool) -> None:
        person = self._person(who)
        if label in [key.text for key in every_button(self._screen(chat or who).keyboard)]:
            self._keep(who, await person.press(label))
            return
        for message in reversed(self._screen(chat or who).from_bot):
            if message.button(label, even_gone=old):
                tapped = person.tap(label, message if old else None, chat=self._room(chat))
                await (await tapped).answered(WAIT)
                return
        raise AssertionError(f"{chat or who} shows no [{label}]")

    async def seen(self, chat: str) -> Sequence[Sight] | None:
        return [_sight(message) for message in self._screen(chat).from_bot if message.words]

    async def remarked(self, who: str) -> str:
        return self._person(who).toasts[-1].text or ""

    async def idle(self) -> None:
        await self.tg.idle(WAIT)

    def _keep(self, who: str, message: Message) -> None:
        self._sent.append((who, message))

    def _room(self, chat: str) -> Group | None:
        return self._group(chat) if chat else None

    def _group(self, chat: str) -> Group:
        """The group that the story calls so; the bot is in it."""
        if chat not in self._groups:
            self._groups[chat] = self.tg.group(-2001 - len(self._groups), chat)
            self._groups[chat].room.bot = Standing.MEMBER
        return self._groups[chat]

    def _screen(self, chat: str) -> Group | User:
        return self._groups.get(chat) or self._person(chat)

    def _message(self, chat: str, words: str) -> Message:
        found = self._screen(chat).find(words)
        assert found is not None, f"nobody said {words!r} in {chat}"
        return found


def _sight(message: Message) -> Sight:
    """As it is read: bells, which call people, are left out."""
    lines = [line for line in message.words.splitlines() if set(line) != {BELL}]
    keys = [key.text for key in every_button(message.keyboard)]
    return Sight(tidy("\n".join(lines)), (*message.labels, *keys))
