"""The page behaves: with the keyboard, for screen readers, in the dark, when the line is bad."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

import pytest
from playwright.async_api import APIResponse, Locator, Route, expect

from tests.bot.web.pictures import photo
from tests.browser.conftest import Opener
from tests.browser.screen import Screen, words
from tests.nursery import Nursery
from tests.program import Program, command

RESIDENT, BOX = "#resident-pane", "#resident-words"

CONTROLS = "button, a, input:not([type=file]), textarea, label.photo-add"
SIZES = """(controls) => [...document.querySelectorAll(controls)]
  .filter((one) => one.checkVisibility() && !one.matches(".skip"))
  .map((one) => ({ name: one.className || one.tagName, ...one.getBoundingClientRect().toJSON() }))
  .filter((box) => box.width < 43.5 || box.height < 43.5)
  .map((box) => `${box.name} ${Math.round(box.width)}x${Math.round(box.height)}`)"""

CONTRAST = """() => {
  const pixel = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    pixel.clearRect(0, 0, 1, 1); pixel.fillStyle = colour; pixel.fillRect(0, 0, 1, 1);
    return [...pixel.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => [r, g, b].map((one) => one / 255)
    .map((one) => (one <= 0.03928 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4))
    .reduce((sum, one, at) => sum + one * [0.2126, 0.7152, 0.0722][at], 0);
  const ground = (one) => {
    for (let at = one; at; at = at.parentElement) {
      const colour = rgba(getComputedStyle(at).backgroundColor);
      if (colour[3] > 250) return colour;
    }
    return [255, 255, 255];
  };
  const poor = [];
  let seen = 0;
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const [one, text] = [walk.currentNode.parentElement, walk.currentNode.data.trim()];
    if (!text || one.closest("script, .toast") || !one.checkVisibility({ opacityProperty: true })) continue;
    const [front, back] = [light(rgba(getComputedStyle(one).color)), light(ground(one))];
    const ratio = (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
    seen += 1;
    if (ratio < 4.5) poor.push(`${ratio.toFixed(2)} ${one.className} ${text.slice(0, 20)}`);
  }
  return { seen, poor };
}"""


async def test_the_language_of_page_and_desk_is_switched(show: Opener) -> None:
    screen = await show()
    await screen.write("resident", "你好")
    await screen.sees("resident", words("menu.tickets", "zh_CN"))
    await screen.page.locator("[data-locale=en]").click()
    await expect(screen.page.locator("html")).to_have_attribute("lang", "en")
    await expect(screen.page.locator(BOX)).to_have_attribute(
        "placeholder", words("web.page.placeholder", "en")
    )
    await screen.write("resident", "hello")
    await screen.sees("resident", words("menu.tickets", "en"))
    await screen.page.reload()
    await expect(screen.page.locator("html")).to_have_attribute("lang", "en")
    await screen.sees("resident", "你好")


async def test_everything_can_be_done_with_the_keyboard(show: Opener) -> None:
    screen = await show()
    page, box = screen.page, screen.page.locator(BOX)
    await page.keyboard.press("Tab")
    await expect(page.locator(".skip")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(box).to_be_focused()
    await page.keyboard.type("第一行")
    await page.keyboard.press("Shift+Enter")
    await page.keyboard.type("第二行")
    await expect(box).to_have_value("第一行\n第二行")
    await page.keyboard.press("Enter")
    await expect(box).to_have_value("")
    await screen.sees("resident", "第二行")
    await page.locator(f"{RESIDENT} .menu-open").focus()
    await page.keyboard.press("Enter")
    await page.keyboard.press("ArrowDown")
    await expect(page.get_by_role("menuitem", name=words("complaint.title", "zh_CN"))).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.locator(f"{RESIDENT} .menu")).to_be_hidden()
    await expect(page.locator(f"{RESIDENT} .menu-open")).to_be_focused()
    await page.locator(f"{RESIDENT} button.person").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator(".people")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.locator(".people")).to_be_hidden()
    await page.locator("#staff-pane [role=tab][aria-selected=true]").focus()
    await page.keyboard.press("ArrowRight")
    await expect(page.locator("#staff-pane [role=tab]").nth(1)).to_be_focused()
    await expect(page.locator("#staff-pane [role=tab]").nth(1)).to_have_attribute("aria-selected", "true")


async def test_enter_that_chooses_a_chinese_word_sends_nothing(show: Opener) -> None:
    screen = await show()
    box = screen.page.locator(BOX)
    await box.fill("chufang")
    await box.dispatch_event(
        "keydown", {"key": "Enter", "isComposing": True, "bubbles": True, "cancelable": True}
    )
    await expect(box).to_have_value("chufang")
    await box.press("Enter")
    await screen.sees("resident", "chufang")


@pytest.mark.parametrize("width", [390, 1280])
async def test_every_control_has_a_name_and_room_for_a_finger(show: Opener, width: int) -> None:
    screen = await show(width=width)
    await screen.write("resident", "你好")
    await screen.sees("resident", words("menu.tickets", "zh_CN"))
    nameless = 0
    for role in ("button", "textbox", "tab", "searchbox"):
        controls = await screen.page.get_by_role(role).all()
        nameless += len([one for one in controls if not await _named(one)])
    assert nameless == 0
    assert await screen.page.locator("[role=log][aria-live=polite][aria-label]").count() == 2
    assert await screen.page.evaluate(SIZES, CONTROLS) == []


async def _named(control: Locator) -> bool:
    snapshot = await control.aria_snapshot()
    return re.match(r'- \w+ "\S', snapshot) is not None


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
async def test_everything_can_be_read_by_day_and_by_night(show: Opener, dark: bool) -> None:
    screen = await show(dark=dark)
    assert (await screen.page.evaluate(CONTRAST))["poor"] == []
    await screen.write("resident", "厨房漏水")
    await screen.press("resident", words("repair.place.home", "zh_CN"))
    await screen.press("resident", words("repair.trade.water", "zh_CN"))
    await screen.sees("resident", words("repair.hazard.water", "zh_CN"))
    await screen.write("staff", "你好")
    await expect(screen.pane("staff").locator(".private")).to_have_count(2)
    found = await screen.page.evaluate(CONTRAST)
    assert found["seen"] > 30
    assert found["poor"] == []


async def test_the_place_to_write_stays_where_it_is(show: Opener) -> None:
    screen = await show(width=390)
    composer = screen.page.locator(f"{RESIDENT} .composer")
    before = await composer.bounding_box()
    assert before is not None
    assert before["y"] + before["height"] == 844
    for number in range(12):
        await screen.write("resident", f"第 {number} 句")
    assert await composer.bounding_box() == before
    assert await screen.page.evaluate("document.scrollingElement.scrollHeight") == 844
    assert await screen.page.evaluate("document.scrollingElement.scrollWidth") == 390


async def test_what_did_not_get_through_is_kept_and_sent_again(show: Opener) -> None:
    screen = await show()
    page, lost = screen.page, []

    async def lose(route: Route) -> None:
        lost.append(json.loads(route.request.post_data or "{}")["key"])
        await route.abort()

    await page.route("**/web/say", lose)
    await page.locator(BOX).fill("在吗")
    await page.locator(BOX).press("Enter")
    await expect(page.locator(f"{RESIDENT} .said.sending")).to_have_text(re.compile("在吗"))
    await expect(page.locator(f"{RESIDENT} .said.failed")).to_be_visible()
    assert len(lost) == 3
    assert len(set(lost)) == 1
    await page.unroute("**/web/say")
    await page.locator(f"{RESIDENT} .again").click()
    await screen.sees("resident", words("menu.tickets", "zh_CN"))
    await expect(page.locator(f"{RESIDENT} .said.own")).to_have_count(1)
    await expect(page.locator(f"{RESIDENT} .failed")).to_have_count(0)
    screen.complaints = [one for one in screen.complaints if "ERR_FAILED" not in one]


async def test_words_do_not_overtake_the_tap_before_them(show: Opener) -> None:
    """Whoever answers faster than the line carries is understood all the same."""
    screen = await show()

    async def slow(route: Route) -> None:
        await asyncio.sleep(1)
        await route.continue_()

    await screen.write("resident", "厨房漏水")
    await screen.press("resident", words("repair.place.home", screen.locale))
    await screen.press("resident", words("repair.trade.water", screen.locale))
    await screen.sees("resident", words("repair.hazard.water", screen.locale))
    await screen.page.route("**/web/tap", slow)
    await screen.press("resident", words("engine.no", screen.locale))
    for text in (words("engine.command.skip", screen.locale), words("engine.asap", screen.locale)):
        await screen.page.locator(BOX).fill(text)
        await screen.page.locator(BOX).press("Enter")
    await screen.sees("resident", words("repair.phone.ask", screen.locale))


async def test_what_is_said_before_the_chat_was_read_stays_on_the_page(show: Opener) -> None:
    screen = await show()
    pages: list[Route] = []
    read, released = asyncio.Event(), asyncio.Event()

    async def hold(route: Route) -> None:
        pages.append(route)
        read.set()
        await released.wait()
        await route.continue_()

    await screen.page.route("**/web/messages*", hold)
    await screen.page.reload()
    await read.wait()
    await screen.page.locator(BOX).fill("有人吗")
    await screen.page.locator(BOX).press("Enter")
    await expect(screen.pane("resident").locator(".said.own")).to_have_count(1)
    released.set()
    await screen.sees("resident", words("menu.tickets", screen.locale))
    await expect(screen.pane("resident").locator(".said.own")).to_have_count(1)
    await expect(screen.pane("resident").locator(".said.sending")).to_have_count(0)


async def test_a_second_window_sees_that_the_words_arrived(show: Opener, program: Program) -> None:
    screen = await show()
    other = await screen.page.context.new_page()
    await other.goto(program.url)
    await expect(other.locator(".link-state")).to_have_attribute("data-on", "yes")
    await screen.write("resident", "你好")
    await expect(other.locator(f"{RESIDENT} .said.own")).to_have_count(1)
    await expect(other.locator(f"{RESIDENT} .said.own.sending")).to_have_count(0)


async def test_an_answer_that_was_lost_doubles_nothing(show: Opener) -> None:
    """The desk took it, but the page never heard so: the retry carries the same key."""
    screen = await show()
    taken: list[APIResponse] = []

    async def lose_the_answer(route: Route) -> None:
        if taken:
            await route.continue_()
            return
        taken.append(await route.fetch())
        await route.abort()

    await screen.page.route("**/web/say", lose_the_answer)
    await screen.write("resident", "你好")
    await expect(screen.pane("resident").locator(".said.sending")).to_have_count(0)
    await expect(screen.pane("resident").locator(".said.own")).to_have_count(1)
    await expect(screen.pane("resident").locator(".said:not(.own, .typing)")).to_have_count(1)
    screen.complaints = [one for one in screen.complaints if "ERR_FAILED" not in one]


async def test_the_page_finds_its_way_back_after_a_restart(show: Opener, program: Program) -> None:
    screen = await show()
    await screen.write("resident", "你好")
    await program.stop()
    state = screen.page.locator(".link-state")
    await expect(state).to_have_attribute("data-on", "no")
    await program.start()
    await expect(state).to_have_attribute("data-on", "yes", timeout=20_000)
    other = await show()
    await other.write("resident", "从另一个窗口")
    await screen.sees("resident", "从另一个窗口")
    screen.complaints.clear()


async def test_photos_are_looked_through_before_and_after(show: Opener, tmp_path: Path) -> None:
    screen = await show(width=390)
    page, files = screen.page, [tmp_path / f"{number}.jpg" for number in range(3)]
    for file in files:
        file.write_bytes(photo(800, 600))
    notes = tmp_path / "notes.txt"
    notes.write_text("no photo")
    await page.locator(f"{RESIDENT} input[type=file]").set_input_files([*files, notes])
    await expect(page.locator(f"{RESIDENT} .toast.on")).to_have_text(
        words("web.page.error_not_a_picture", "zh_CN")
    )
    await expect(page.locator(f"{RESIDENT} .drafts li")).to_have_count(3)
    await page.locator(f"{RESIDENT} .drafts button").first.click()
    await page.locator(f"{RESIDENT} .send").click()
    shown = page.locator(f"{RESIDENT} .own .photo:not(.waiting)")
    await expect(shown).to_have_count(2)
    await shown.first.click()
    await expect(page.locator(".lightbox-count")).to_have_text("1 / 2")
    await page.keyboard.press("ArrowRight")
    await expect(page.locator(".lightbox-count")).to_have_text("2 / 2")
    large = page.locator(".lightbox img")
    await expect(large).to_have_js_property("naturalWidth", 600)
    await page.keyboard.press("Escape")
    await expect(page.locator(".lightbox")).to_be_hidden()


async def test_a_card_is_answered_by_its_own_button(show: Opener) -> None:
    screen = await show()
    await _reported(screen)
    notice = await screen.sees("resident", "HPY-")
    await notice.locator(".answer").click()
    await expect(screen.page.locator(BOX)).to_be_focused()
    await screen.page.keyboard.press("Escape")
    await expect(screen.page.locator(f"{RESIDENT} .quote")).to_be_hidden()
    await notice.locator(".answer").click()
    await screen.write("resident", "柜子也湿了")
    card = screen.pane("staff").locator(".said.card:not(.private)")
    await expect(card).to_contain_text("柜子也湿了")
    await expect(card.locator("time")).to_be_visible()


async def _reported(screen: Screen) -> None:
    await screen.write("resident", "厨房漏水")
    for key in ("repair.place.home", "repair.trade.water", "engine.no", "engine.command.skip", "engine.asap"):
        await screen.press("resident", words(key, screen.locale))
    await screen.press("resident", re.compile(r"\+86"))
    await screen.press("resident", words("engine.command.submit", screen.locale))


async def test_a_guest_binds_their_home_with_a_code(
    show: Opener, program: Program, nursery: Nursery, tmp_path: Path
) -> None:
    """As the world sees it: no demo, nobody to choose, only a chat."""
    await program.stop()
    program.environment = {**program.environment, "WUBU_DEMO": "0"}
    await program.start()
    screen = await show(width=390)
    await expect(screen.page.locator("#staff-pane, .sides, [data-choose]")).to_have_count(0)
    await screen.write("resident", "厨房漏水")
    await screen.sees("resident", words("bind.first_kept", "zh_CN")[:12])
    code = await command(nursery, program.environment, tmp_path, "home", "code", "HPY", "3-1001")
    await screen.write("resident", code)
    await screen.press("resident", words("consent.yes", "zh_CN"))
    await screen.sees("resident", "3-1001")
    await expect(screen.pane("resident").locator(".person-note")).to_have_text("3-1001")
    await screen.page.reload()
    await screen.sees("resident", "3-1001")
