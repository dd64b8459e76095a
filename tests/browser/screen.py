"""What a person does at the page, and sees there."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from playwright.async_api import Browser, ConsoleMessage, Locator, Page, Response, expect

from flows.engine.messages import Phrase
from handlers.texts import Texts

TEXTS = Texts.load()
WAIT = 20_000
"""Milliseconds within which a page that is well shows what happened, however busy the machine is."""
expect.set_options(timeout=WAIT)

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def installed() -> str | None:
    """Where the system's Chromium is."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def words(key: str, locale: str, **values: object) -> str:
    """A text of the desk or of the page."""
    return TEXTS.say(Phrase(key, values), locale)


async def window(
    browser: Browser, *, locale: str, width: int, height: int = 0, dark: bool = False, scale: float = 1
) -> Screen:
    """A window of its own, with cookies of its own; narrower than 900 it is a phone's."""
    narrow = width < 900
    context = await browser.new_context(
        viewport={"width": width, "height": height or (844 if narrow else 800)},
        device_scale_factor=scale,
        locale=locale.replace("_", "-"),
        color_scheme="dark" if dark else "light",
        has_touch=narrow,
    )
    return Screen(await context.new_page(), locale, narrow=narrow)


class Screen:
    """One browser window; `complaints` is all that its console and the network were unhappy with."""

    def __init__(self, page: Page, locale: str, *, narrow: bool) -> None:
        self.page, self.locale, self.narrow = page, locale, narrow
        self.complaints: list[str] = []
        page.set_default_timeout(WAIT)
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("response", self._answered)

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.type}: {message.text}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self.complaints.append(f"{response.status} {response.url}")

    async def open(self, url: str) -> None:
        """Until both sides have taken their seats."""
        await self.page.goto(url)
        await expect(self.page.locator(".link-state")).to_have_attribute("data-on", "yes")
        await expect(self.page.locator(".said, .empty").first).to_be_attached()

    def say_words(self, key: str, **values: object) -> str:
        return words(key, self.locale, **values)

    def pane(self, side: str) -> Locator:
        return self.page.locator(f"#{side}-pane")

    async def turn(self, side: str) -> None:
        """On a phone, to the tab of a side; where there is one side only, there are no tabs."""
        if self.narrow and await self.page.locator(".sides").count():
            await self.page.locator(f"#{side}-tab").click()

    async def be(self, side: str, name: str) -> None:
        """Sit down as somebody else."""
        await self.turn(side)
        await self.pane(side).locator(".person").click()
        await self.page.locator(".people input").fill(name)
        await self.page.locator(".people-list .person").first.click()
        await expect(self.pane(side).locator(".person-name")).to_contain_text(name)

    async def write(self, side: str, text: str) -> None:
        await self.turn(side)
        await self.pane(side).locator("textarea").fill(text)
        await self.pane(side).locator("textarea").press("Enter")
        await expect(self.said(side, text)).to_be_visible()

    async def send_photos(self, side: str, files: Sequence[Path], caption: str = "") -> None:
        await self.turn(side)
        await self.pane(side).locator("input[type=file]").set_input_files(files)
        await self.pane(side).locator("textarea").fill(caption)
        await self.pane(side).locator(".send").click()

    async def press(self, side: str, label: str | re.Pattern[str]) -> None:
        """The newest button with these words."""
        await self.turn(side)
        if isinstance(label, str):
            label = re.compile(rf"^\s*{re.escape(label)}\s*$")
        await self.pane(side).locator(".chip:visible").filter(has_text=label).last.click()

    def said(self, side: str, text: str) -> Locator:
        """The newest message with these words."""
        return self.pane(side).locator(".said").filter(has_text=text).last

    async def sees(self, side: str, text: str) -> Locator:
        """Wait until a message with these words is there and to be seen."""
        await self.turn(side)
        message = self.said(side, text)
        await expect(message).to_be_visible()
        return message
