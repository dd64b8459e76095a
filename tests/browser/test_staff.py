"""The staff pages on a small phone: a repair taken, gone to and finished with a photo, by thumb alone."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from flows.repair import Care
from tests.bot.web.pictures import photo
from tests.browser.conftest import Opener
from tests.browser.screen import Screen, words
from tests.browser.test_manners import CONTRAST, SIZES
from tests.browser.test_story import MENDED, reported
from tests.ground import CODE
from tests.nursery import Nursery
from tests.program import Program, command

NARROW, LOW = 360, 640
TOUCHED = "a, button, textarea, select, label.option, label.files, input:not([type=checkbox], [type=radio])"
Hand = Callable[..., Awaitable["Phone"]]


class Phone:
    """One colleague's phone, 360 px wide; every page it comes to is looked over."""

    def __init__(self, screen: Screen, url: str) -> None:
        self.page, self.locale, self.complaints = screen.page, screen.locale, screen.complaints
        self.url, self.looked = url, 0

    def say(self, key: str, **values: object) -> str:
        return words(key, self.locale, **values)

    async def press(self, label: str) -> None:
        name = re.compile(rf"^\s*{re.escape(label)}\s*$")
        await self.page.locator("a, button").filter(has_text=name).first.click()
        await self.well_made()

    def forgive(self, status: int) -> None:
        """A page that was answered with this status was wanted."""
        wanted = [one for one in self.complaints if str(status) in one]
        assert wanted
        self.complaints[:] = [one for one in self.complaints if one not in wanted]

    async def well_made(self) -> None:
        """Nothing sticks out, everything can be hit with a thumb and read, in this light."""
        await self.page.wait_for_load_state()
        assert await sticking_out(self.page) == []
        assert await self.page.evaluate(SIZES, TOUCHED) == []
        contrast = await self.page.evaluate(CONTRAST)
        assert contrast["seen"] > 3
        assert contrast["poor"] == []
        self.looked += 1


async def sticking_out(page: Page) -> list[str]:
    """What is wider than the phone."""
    found: list[str] = await page.evaluate(
        """() => [document.documentElement, ...document.querySelectorAll("body *")]
          .filter((one) => one.checkVisibility?.() && !one.closest("svg, .unseen"))
          .filter((one) => Math.max(one.getBoundingClientRect().right - 0.5, one.scrollWidth) > innerWidth)
          .map((one) => `${one.tagName} ${one.className}`)"""
    )
    return found


async def loaded(page: Page, which: str) -> int:
    """How many photos there are to be seen."""
    await expect(page.locator(which).first).to_be_visible()
    await page.wait_for_load_state("networkidle")
    shown = await page.locator(which).evaluate_all(
        "(all) => all.filter((one) => one.naturalWidth > 0).length"
    )
    return int(shown)


@pytest.fixture
async def hand(program: Program, browser: Browser) -> AsyncIterator[Hand]:
    """Hands out phones."""
    phones: list[Phone] = []
    async with AsyncExitStack() as stack:

        async def opener(*, locale: str = "zh_CN", dark: bool = False) -> Phone:
            context = await browser.new_context(
                viewport={"width": NARROW, "height": LOW},
                locale=locale.replace("_", "-"),
                color_scheme="dark" if dark else "light",
                has_touch=True,
                java_script_enabled=False,
            )
            stack.push_async_callback(context.close)
            phones.append(Phone(Screen(await context.new_page(), locale, narrow=True), program.url))
            return phones[-1]

        yield opener
    assert [complaint for phone in phones for complaint in phone.complaints] == []


async def signed_in(phone: Phone, nursery: Nursery, program: Program, folder: Path) -> None:
    """With the code that `staff add` prints."""
    code = await command(
        nursery,
        program.environment,
        folder,
        *("staff", "add", "王小明", "--community", CODE, "--role", "technician"),
    )
    await phone.page.goto(f"{phone.url}/staff")
    await phone.well_made()
    await phone.page.locator("input[name=code]").fill(code)
    await phone.press(phone.say("staff.page.enter"))


@pytest.mark.parametrize(("locale", "dark"), [("zh_CN", False), ("en", True)])
async def test_a_repair_by_thumb(
    show: Opener,
    hand: Hand,
    nursery: Nursery,
    program: Program,
    tmp_path: Path,
    locale: str,
    dark: bool,
) -> None:
    picture = tmp_path / "done.jpg"
    picture.write_bytes(photo(900, 600))
    desk = await show(locale=locale)
    await desk.be("resident", "陈明")
    await reported(desk, [picture])
    phone = await hand(locale=locale, dark=dark)
    await signed_in(phone, nursery, program, tmp_path)
    page, say = phone.page, phone.say
    await page.locator(".jobs a").filter(has_text=say("repair.state.new")).first.click()
    await phone.well_made()
    await expect(page.locator("main")).not_to_contain_text("3-1201")
    await phone.press(say("repair.action.accept"))
    await expect(page.locator(".facts")).to_contain_text("3-1201")
    await expect(page.locator(".photos img")).to_have_count(1)
    await phone.press(say("repair.action.depart"))
    await phone.press(say("repair.action.arrive"))
    await phone.press(say("repair.action.finish"))
    for care in (Care.COVERS, Care.MAT):
        await page.locator(".option").filter(has_text=say(f"repair.finish.checklist.{care}")).click()
    await page.locator("input[type=file]").set_input_files([picture, picture])
    await phone.press(say("repair.action.finish"))
    await expect(page.locator("textarea")).to_be_focused()
    await expect(page.locator(".option input:checked")).to_have_count(2)
    assert await loaded(page, ".kept img") == 2
    phone.forgive(422)
    await page.locator("textarea").fill(MENDED[locale])
    await page.locator(".kept input").first.uncheck()
    await phone.press(say("repair.action.finish"))
    await expect(page.locator(".state").last).to_have_text(say("repair.state.done"))
    await expect(page.locator(".timeline")).to_contain_text(MENDED[locale])
    await expect(page.locator(".photos img")).to_have_count(2)
    assert await loaded(page, ".photos img") == 2
    await desk.sees("resident", desk.say_words("repair.rate_ask").splitlines()[-1])
    assert phone.looked > 7
