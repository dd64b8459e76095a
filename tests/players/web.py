"""A story played in Chromium: everybody sits at a window, residents on the left and staff on the right."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from playwright.async_api import Locator, Page, expect
from sqlalchemy import select

from bot.web.channel import WebChannel
from handlers.envelopes import Capabilities
from handlers.roster import called
from models import Account, Community, Group, Staff
from tests.browser.screen import Screen, words
from tests.players.stage import Script, Sight, tidy
from tests.premises import WAIT
from tests.world import World

Opens = Callable[[], Awaitable[Screen]]

READ = """(pane) => {
  const told = (one) => {
    if (!one) return "";
    const copy = one.cloneNode(true);
    for (const sign of copy.querySelectorAll(".sign")) sign.replaceWith(sign.getAttribute("aria-label"));
    return copy.textContent;
  };
  const bot = (said) => !said.matches(".own, .typing") && !said.querySelector(".who");
  const shown = [...pane.querySelectorAll(".log > .said")].filter(bot).map((said) => ({
    secret: said.matches(".private"),
    title: told(said.querySelector(".bubble > h3")),
    text: told(said.querySelector(".bubble > p:not(.answering)")),
    labels: [...said.querySelectorAll(".chip")].filter((one) => !one.closest("[hidden]")).map(told),
  }));
  return { shown, remark: told(pane.querySelector(".stage > .toast")) };
}"""
BUSY = """(pane) => [...pane.querySelectorAll(".said.sending, .chip[aria-busy=true], .log[aria-busy=true]")]
  .map((one) => `${one.className}: ${one.textContent.slice(0, 200)}`).join()"""


@dataclass(frozen=True, slots=True)
class Seat:
    """One person's side of a window."""

    screen: Screen
    side: str

    @property
    def page(self) -> Page:
        return self.screen.page

    @property
    def pane(self) -> Locator:
        return self.screen.pane(self.side)

    async def read(self) -> Any:
        return await self.pane.evaluate(READ)

    def messages(self, group: str) -> Locator:
        """Those of the group that is open, or of the private chat."""
        if self.side == "resident":
            return self.pane.locator(".said")
        return self.pane.locator(".said:not(.private)" if group else ".said.private")


@dataclass
class WebStage:
    """Everybody of the story before a page."""

    theirs: World
    opens: Opens
    picture: Path
    can: Capabilities = WebChannel.capabilities
    cannot: ClassVar[Mapping[str, str]] = {
        "% on": "its people are on other channels",
        r"\{scan|\{same scan": "a QR code of WeChat's is scanned",
        r"\(edit": "the page has no edits",
        r"\(contact": "the page has no contacts",
        r"% blocked|\((un)?blocks\)": "nobody can block the page",
        r"^\S+@\w+> (?!\[|\(|/bind )": "at the page, a group is written to in reply only",
    }
    _seats: dict[str, Seat] = field(default_factory=dict)
    _screens: list[Screen] = field(default_factory=list)
    _script: Script = field(default_factory=lambda: Script(()))
    _groups: dict[str, str] = field(default_factory=dict)
    _acted: Seat | None = None

    async def settle(self, script: Script) -> None:
        self._script = script
        async with self.theirs.database.transaction() as session:
            for account in await session.scalars(select(Account).where(Account.bot == "bot")):
                seat = f"staff:{account.staff_id}" if account.staff_id else f"resident:{account.resident_id}"
                account.channel = account.bot = self.can.name
                account.external_id = account.chat = seat
            community = (await session.scalars(select(Community))).one()
            there = {group.chat: group for group in await session.scalars(select(Group))}
            for name in {*script.groups, *there} - {self._groups.get(name) for name in there}:
                group = there.get(name) or Group(community_id=community.id, purpose=name)
                self._groups[name] = f"{name}@{community.code}"
                group.channel = group.bot = self.can.name
                group.chat = self._groups[name]
                session.add(group)

    async def arranged(self, who: str, chat: str, text: str) -> bool:
        """Groups are there already, and colleagues need no code for their seats."""
        if not chat and text.startswith("/staff "):
            await self._enter(who, "staff", await self._named("新同事"))
            return True
        return bool(chat) and text.startswith("/bind ")

    async def sit(self) -> None:
        """Everybody sits down: one resident and one colleague to a window."""
        linked = {found[1] for found in self._script.spoken if found[3].startswith("/staff ")}
        for name in self._script.cast:
            if name in self.theirs.staff:
                await self._enter(name, "staff", await self._named(name))
            elif name in self.theirs.people:
                await self._enter(name, "resident", name)
            elif name not in linked:
                await self._enter(name, "resident", "")

    async def _named(self, name: str) -> str:
        """What a colleague is called at the page."""
        async with self.theirs.database.reading() as session:
            person = await session.scalar(select(Staff).where(Staff.name == name).order_by(Staff.id.desc()))
        assert person is not None
        return called(person, self.theirs.language)

    async def _enter(self, who: str, side: str, name: str) -> None:
        """Somebody takes a free seat on a side, as the person of this name or as a guest."""
        taken = [seat.screen for seat in self._seats.values() if seat.side == side]
        free = [screen for screen in self._screens if screen not in taken]
        if not free:
            free = [await self.opens()]
            await free[0].page.emulate_media(reduced_motion="reduce")
            self._screens += free
        seat = self._seats[who] = Seat(free[0], side)
        await seat.pane.locator(".person").click()
        known = name or words("web.page.guest_choice", seat.screen.locale)
        people = seat.page.locator(".people-list .person").filter(has_text=known)
        await people.last.click()
        await expect(seat.page.locator(".people")).not_to_be_visible()
        await expect(seat.pane.locator(".person-name")).not_to_be_empty()
        await _rested(seat.pane)

    async def say(self, who: str, chat: str, text: str, answering: str) -> None:
        seat = self._acting(who)
        if answering:
            await self._answer(seat, chat, answering)
        box = seat.pane.locator("textarea")
        await box.fill(text)
        await box.press("Enter")

    async def photo(self, who: str, chat: str, caption: str, answering: str) -> None:
        seat = self._acting(who)
        if answering:
            await self._answer(seat, chat, answering)
        await seat.screen.send_photos(seat.side, [self.picture], caption)

    async def _answer(self, seat: Seat, chat: str, answering: str) -> None:
        await self._turn(seat, chat)
        said = seat.messages(chat).filter(has_text=answering).last
        await said.locator(".answer").click()

    def _acting(self, who: str) -> Seat:
        self._acted = self._seats[who]
        return self._acted

    async def edit(self, who: str, chat: str, was: str, text: str) -> None:
        raise NotImplementedError

    async def contact(self, who: str, phone: str) -> None:
        raise NotImplementedError

    def plain(self, sight: Sight) -> str:
        """Without the number of messages, of which the page keeps a log."""
        told = words("erasing.counted.messages", self.theirs.language, n="§")
        return re.sub(re.escape(told).replace("§", r"\d+"), told, sight.plain)

    async def keeps(self, who: str, chat: str, label: str) -> bool:
        """The page puts away the answers to what is asked no more."""
        return False

    async def tap(self, who: str, chat: str, label: str, *, old: bool) -> None:
        seat = self._acting(who)
        await self._turn(seat, chat)
        exactly = re.compile(rf"^\s*{re.escape(label)}\s*$")
        await seat.messages(chat).locator(".chip:visible").filter(has_text=exactly).last.click()

    async def seen(self, chat: str) -> Sequence[Sight] | None:
        group = chat if chat in self._groups else ""
        seat = self._viewer() if group else self._seats.get(chat)
        if seat is None:
            return None
        await self._turn(seat, group)
        shown = (await seat.read())["shown"]
        secret = seat.side == "staff" and not group
        return [_sight(one) for one in shown if one["secret"] == secret]

    async def remarked(self, who: str) -> str:
        return tidy((await self._seats[who].read())["remark"])

    async def idle(self) -> None:
        if self._acted is not None:
            await _rested(self._acted.pane)

    def _viewer(self) -> Seat | None:
        return next((seat for seat in self._seats.values() if seat.side == "staff"), None)

    async def _turn(self, seat: Seat, group: str) -> None:
        """To the tab of a group."""
        if not group:
            return
        tab = seat.pane.locator(f"[data-room='{self._groups[group]}']")
        if await tab.get_attribute("aria-selected") != "true":
            await tab.click()
            await expect(tab).to_have_attribute("aria-selected", "true")
            await _rested(seat.pane)


async def _rested(pane: Locator) -> None:
    """Until what was done on a side has been taken."""
    ends = time.monotonic() + WAIT
    while busy := await pane.evaluate(BUSY):
        assert time.monotonic() < ends, f"the page is still at it: {busy}"
        await asyncio.sleep(0.01)


def _sight(shown: Mapping[str, Any]) -> Sight:
    return Sight(tidy("\n".join(filter(None, (shown["title"], shown["text"])))), tuple(shown["labels"]))
