"""A dripping tap at the page: reported with photos, taken, mended and rated, while both sides look on."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.bot.web.pictures import photo
from tests.browser.conftest import Opener
from tests.browser.screen import Screen, words

DRIPS = {"zh_CN": "厨房水龙头一直滴水", "en": "The kitchen tap keeps dripping"}
MENDED = {"zh_CN": "换了阀芯", "en": "Changed the valve core"}


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    files = [tmp_path / f"{number}.jpg" for number in range(3)]
    for file in files:
        file.write_bytes(photo(900, 600))
    return files


@pytest.mark.parametrize(("locale", "width"), [("zh_CN", 1280), ("en", 1280), ("zh_CN", 390), ("en", 390)])
async def test_a_repair_from_the_first_tap_to_the_stars(
    show: Opener, photos: list[Path], locale: str, width: int
) -> None:
    screen = await show(locale=locale, width=width)
    await screen.be("resident", "陈明")
    await reported(screen, photos)
    await taken(screen)
    await mended(screen)
    await rated(screen)


async def reported(screen: Screen, photos: list[Path]) -> None:
    say = screen.say_words
    await screen.press("resident", say("repair.title"))
    await screen.press("resident", say("repair.place.home"))
    await screen.press("resident", say("repair.trade.water"))
    await screen.press("resident", say("engine.no"))
    await screen.write("resident", DRIPS[screen.locale])
    await screen.sees("resident", say("repair.photos.ask"))
    await screen.send_photos("resident", photos)
    shown = screen.pane("resident").locator(".own .photo:not(.waiting)")
    await expect(shown).to_have_count(len(photos))
    await screen.press("resident", say("engine.command.done"))
    await screen.press("resident", say("engine.asap"))
    await screen.press("resident", re.compile(r"\+86"))
    review = await screen.sees("resident", say("repair.review"))
    await expect(review).to_contain_text(say("engine.photos", n=len(photos)))
    await screen.press("resident", say("engine.command.submit"))
    await screen.sees("resident", "HPY-")


def technician(screen: Screen) -> str:
    """The one who takes the job, by the name that the reader's language has for him."""
    return "Wang Jianguo" if screen.locale == "en" else "王建国"


async def taken(screen: Screen) -> None:
    """The group's card hides the door; whoever takes the job sees it, and nobody else."""
    if screen.narrow:
        await expect(screen.page.locator("#staff-tab .badge")).to_have_text("1")
    card = await screen.sees("staff", words("repair.state.new", "zh_CN"))
    await expect(card).not_to_contain_text("3-1201")
    await screen.press("staff", words("repair.action.accept", "zh_CN"))
    private = await screen.sees("staff", "3-1201")
    await expect(private).to_have_class(re.compile(r"\bprivate\b"))
    await expect(private).to_contain_text(screen.say_words("web.page.only_you"))
    await expect(private).to_contain_text("陈明")
    await expect(private.locator(".photo:not(.waiting)")).to_have_count(3)
    cards = screen.pane("staff").locator(".said.card:not(.private)")
    await expect(cards).to_have_count(1)
    await expect(cards).to_contain_text(words("repair.state.accepted", "zh_CN"))
    await screen.sees(
        "resident", screen.say_words("repair.told.accept", staff=technician(screen), urgent=False)
    )


async def mended(screen: Screen) -> None:
    say = screen.say_words
    for step in ("depart", "arrive"):
        await screen.press("staff", say(f"repair.action.{step}"))
        told = say(f"repair.told.{step}", staff=technician(screen), urgent=False)
        await screen.sees("resident", told.removeprefix("🔧 "))
    await screen.press("staff", say("repair.action.finish"))
    await screen.sees("staff", say("repair.finish.checklist.ask"))
    before = await screen.pane("staff").locator(".said").count()
    for promise in ("covers", "mat"):
        label = say(f"repair.finish.checklist.{promise}")
        await screen.press("staff", say("engine.unticked", label=label))
        await screen.sees("staff", say("engine.ticked", label=label))
    assert await screen.pane("staff").locator(".said").count() == before, "a tick says nothing"
    await screen.press("staff", say("engine.command.done"))
    await screen.write("staff", MENDED[screen.locale])
    await screen.press("staff", say("engine.command.skip"))
    await screen.sees("staff", words("repair.state.done", "zh_CN"))


async def rated(screen: Screen) -> None:
    await screen.press("resident", screen.say_words("engine.stars", n=5))
    thanks = screen.say_words("repair.rated_thanks")
    await screen.sees("resident", thanks)


async def test_two_windows_follow_each_other(show: Opener) -> None:
    """One sits at home, one in the workshop, each before a browser of their own."""
    home, workshop = await show(), await show(locale="en", width=390)
    await home.be("resident", "林晓")
    await workshop.be("staff", "Li Zhiqiang")
    await home.write("resident", "客厅的灯不亮了")
    for label in (
        "repair.place.home",
        "repair.trade.electricity",
        "engine.no",
        "engine.command.skip",
        "engine.asap",
    ):
        await home.press("resident", home.say_words(label))
    await home.press("resident", re.compile(r"\+86"))
    await home.press("resident", home.say_words("engine.command.submit"))
    await workshop.press("staff", words("repair.action.accept", "zh_CN"))
    await home.sees("resident", home.say_words("repair.told.accept", staff="李志强", urgent=False))
    card = home.pane("staff").locator(".said.card:not(.private)")
    await expect(card).to_contain_text(words("repair.state.accepted", "zh_CN"))
    await expect(home.pane("staff").locator(".private")).to_have_count(0)
