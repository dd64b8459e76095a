"""The README's pictures: the demo as it runs, seen through Chromium. `python -m tests.screenshots`"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter
from playwright.async_api import Browser, async_playwright, expect
from sqlalchemy import select

from handlers.people import binding
from models.community import Community
from models.database import Database
from models.ticket import Ticket
from tests.browser.screen import QUIET, Screen, installed, window, words
from tests.browser.test_story import DRIPS
from tests.nursery import Nursery
from tests.program import Program, surroundings

IMAGES = Path(__file__).parent.parent / "docs" / "images"
PHONE, PALM, DESK = (390, 780), (360, 740), (1280, 860)
SETTLED = 700
"""Milliseconds after which nothing on the page moves any more."""


@dataclass
class Studio:
    """A fresh demo and a browser to look at it with."""

    browser: Browser
    program: Program
    folder: Path

    @asynccontextmanager
    async def screen(
        self, locale: str, size: tuple[int, int], *, dark: bool = False
    ) -> AsyncIterator[Screen]:
        width, height = size
        seen = await window(
            self.browser,
            locale=locale,
            width=width,
            height=height,
            dark=dark,
            scale=2 if width < 900 else 1.5,
        )
        await seen.open(self.program.url)
        yield seen
        await seen.page.context.close()

    async def take(self, screen: Screen, name: str) -> None:
        await screen.page.mouse.move(0, 0)
        await expect(screen.page.locator(".toast.on")).to_have_count(0, timeout=10_000)
        await screen.page.wait_for_timeout(SETTLED)
        await screen.page.screenshot(path=IMAGES / f"{name}.png")
        print(f"docs/images/{name}.png")  # noqa: T201

    def photos(self) -> list[Path]:
        """Three drawings of a dripping tap, from three sides, so to say."""
        files = []
        for number, ground in enumerate(((214, 226, 226), (226, 219, 206), (206, 216, 228))):
            files.append(self.folder / f"tap-{number}.jpg")
            tap(ground, 40 * number).save(files[-1], quality=92)
        return files


def tap(ground: tuple[int, int, int], shift: int) -> Image.Image:
    """A tap over a basin, with tiles behind it."""
    image = Image.new("RGB", (1200, 900), ground)
    draw = ImageDraw.Draw(image)
    for step in range(0, 1200, 150):
        shade = tuple(one - 14 for one in ground)
        draw.line([(step, 0), (step, 620)], fill=shade, width=5)
        draw.line([(0, step), (1200, step)], fill=shade, width=5)
    draw.rectangle([0, 640, 1200, 900], fill=(244, 244, 240))
    draw.ellipse([250, 670, 950, 960], fill=(222, 226, 224))
    metal, light = (142, 150, 156), (196, 203, 208)
    left = 420 + shift
    draw.rounded_rectangle([left, 270, left + 80, 650], 30, fill=metal)
    draw.rounded_rectangle([left, 270, left + 300, 350], 40, fill=metal)
    draw.rounded_rectangle([left + 230, 300, left + 300, 430], 26, fill=metal)
    draw.rounded_rectangle([left - 40, 190, left + 120, 250], 30, fill=(176, 92, 74))
    draw.rounded_rectangle([left + 16, 285, left + 36, 640], 10, fill=light)
    image = image.filter(ImageFilter.GaussianBlur(1.6))
    draw = ImageDraw.Draw(image)
    for drop in (470, 560, 640):
        centre = left + 265
        draw.polygon([(centre, drop - 34), (centre - 13, drop), (centre + 13, drop)], fill=(98, 160, 206))
        draw.ellipse([centre - 15, drop - 12, centre + 15, drop + 18], fill=(98, 160, 206))
    return image


async def described(screen: Screen, photos: list[Path]) -> None:
    """As far as the photos."""
    say = screen.say_words
    await screen.be("resident", "陈明")
    await screen.write("resident", DRIPS[screen.locale])
    for key in ("repair.place.home", "repair.trade.water", "engine.no"):
        await screen.press("resident", say(key))
    await screen.sees("resident", say("repair.photos.ask"))
    await screen.send_photos("resident", photos)
    await expect(screen.pane("resident").locator(".own .photo:not(.waiting)")).to_have_count(3)


async def submitted(screen: Screen) -> None:
    for key in ("engine.command.done", "engine.asap"):
        await screen.press("resident", screen.say_words(key))
    await screen.pane("resident").locator(".chip:visible").filter(has_text="+86").click()
    await screen.press("resident", screen.say_words("engine.command.submit"))
    await screen.sees("resident", "HPY-")


async def staff_pages(studio: Studio, locale: str) -> None:
    """The ticket and the last form of it, on a colleague's phone."""
    width, height = PALM
    seen = await window(studio.browser, locale=locale, width=width, height=height, scale=2)
    page = seen.page
    await page.goto(f"{studio.program.url}/staff")
    await page.locator("input[name=code]").fill(await staff_code(studio))
    await page.locator(".door button").click()
    await page.locator(".jobs a").first.click()
    await expect(page.locator(".photos img")).to_have_count(3)
    await studio.take(seen, f"{locale}-staff-ticket")
    await page.locator("a[href$=finish]").click()
    for care in (0, 1):
        await page.locator(".option").nth(care).click()
    await studio.take(seen, f"{locale}-staff-form")
    await page.context.close()


async def staff_code(studio: Studio) -> str:
    """A one-time code for the technician who took the job."""
    database = Database(studio.program.environment["WUBU_DATABASE_URL"])
    async with database.transaction() as session:
        taker = (await session.scalars(select(Ticket.assignee_id).order_by(Ticket.id.desc()))).first()
        code = await binding.issue(session, datetime.now(UTC), role="staff", staff=taker)
    await database.close()
    return code


async def story(studio: Studio, locale: str) -> None:
    """The pictures of one language, in the order of the story."""
    async with studio.screen(locale, PHONE) as phone:
        await studio.take(phone, f"{locale}-phone-begin")
        await described(phone, studio.photos())
        await studio.take(phone, f"{locale}-phone-report")
        await submitted(phone)
        await phone.sees("staff", words("repair.state.new", locale))
        await studio.take(phone, f"{locale}-phone-card")
    async with studio.screen(locale, DESK) as desk:
        await desk.be("resident", "陈明")
        await desk.press("staff", words("repair.action.accept", locale))
        await desk.sees("staff", "3-1201")
        await studio.take(desk, f"{locale}-desktop")
        await desk.press("staff", desk.say_words("repair.action.depart"))
        await desk.press("staff", desk.say_words("repair.action.arrive"))
        await desk.sees("staff", words("repair.state.arrived", locale))
    await staff_pages(studio, locale)
    async with studio.screen(locale, DESK, dark=True) as night:
        await night.be("resident", "陈明")
        await night.press("staff", night.say_words("repair.action.finish"))
        await night.press("staff", night.say_words("engine.command.done"))
        await night.write(
            "staff", {"zh_CN": "换了阀芯，不滴了。", "en": "Changed the valve core; it is dry."}[locale]
        )
        await night.press("staff", night.say_words("engine.command.skip"))
        await night.sees("resident", night.say_words("repair.rate_ask").splitlines()[-1])
        await night.sees("staff", words("repair.state.done", locale))
        await studio.take(night, f"{locale}-desktop-dark")


async def english_staff(database_url: str) -> None:
    """In the English pictures the staff's cards are English too."""
    database = Database(database_url)
    async with database.transaction() as session:
        place = (await session.scalars(select(Community))).one()
        place.settings = {**place.settings, "staff_locale": "en"}
    await database.close()


async def main() -> None:
    path = installed()
    if path is None:
        sys.exit("no Chromium is installed")
    IMAGES.mkdir(parents=True, exist_ok=True)
    with Nursery() as nursery, tempfile.TemporaryDirectory() as place:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=path, args=QUIET)
            for locale in ("en", "zh_CN"):
                folder = Path(place) / locale
                folder.mkdir()
                url = f"sqlite+aiosqlite:///{folder}/wubu.db"
                program = Program(nursery, surroundings(folder, url, demo=1), folder)
                await program.start()
                if locale == "en":
                    await english_staff(url)
                await story(Studio(browser, program, folder), locale)
                await program.stop()
            await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
