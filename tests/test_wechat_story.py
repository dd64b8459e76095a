"""A dripping tap, reported on WeChat and mended by people on WeCom: the program as it is installed."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from flows.engine.messages import Phrase
from models import Attachment, Community, TicketEvent
from tests.bot.web.staffphone import Phone as Browser
from tests.emulators.wechat import WechatServer
from tests.emulators.wechat_phone import Phone
from tests.emulators.wecom import Colleague, Robot, WecomServer
from tests.failures.conftest import ground  # noqa: F401
from tests.ground import CODE, Ground
from tests.nursery import Nursery
from tests.premises import WAIT, eventually
from tests.quarter import PUBLIC, Quarter
from tests.world import TEXTS

PHONE = "138 0013 8000"
STORY = {"zh_CN": "厨房水龙头一直滴水", "en": "the kitchen tap keeps dripping"}
ADDED = ("staff", "add", "王建国", "--community", CODE, "--phone", "+86 139 0000 0000")
WORK = {"zh_CN": "换了阀芯", "en": "new valve fitted"}


@dataclass(frozen=True, slots=True)
class Words:
    """What people read and write in one language."""

    locale: str

    def __call__(self, key: str, **values: object) -> str:
        return TEXTS.say(Phrase(key, values), self.locale)

    def part(self, key: str) -> str:
        """The longest piece of a text that is the same whatever it is filled in with."""
        told = TEXTS.say(Phrase(key, _ANYTHING), self.locale)
        return max(re.split(r"[\n§\d]+", told), key=len).strip()


_ANYTHING: dict[str, object] = {"staff": "§", "number": "§", "urgent": False}


class Balancer(httpx.AsyncHTTPTransport):
    """What stands at the public address, and passes every request on to the program."""

    def __init__(self, program: str) -> None:
        super().__init__()
        self._program = httpx.URL(program)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        here = self._program
        url = request.url.copy_with(scheme=here.scheme, host=here.host, port=here.port)
        passed = httpx.Request(request.method, url, headers=request.headers, stream=request.stream)
        return await super().handle_async_request(passed)


@pytest.fixture
async def quarter(
    request: pytest.FixtureRequest,
    nursery: Nursery,
    ground: Ground,  # noqa: F811
    tmp_path: Path,
) -> AsyncIterator[Quarter]:
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(ground.database(request.param, tmp_path))
        wechat = await stack.enter_async_context(WechatServer())
        wecom = await stack.enter_async_context(WecomServer())
        made = Quarter(nursery, tmp_path, url, wechat, wecom)
        stack.callback(made.logs_are_clean)
        stack.push_async_callback(made.close)
        await made.open()
        yield made


@pytest.mark.parametrize(
    ("quarter", "locale"), [("postgresql", "zh_CN"), ("sqlite", "en")], indirect=["quarter"]
)
async def test_a_dripping_tap_is_reported_and_mended(quarter: Quarter, locale: str) -> None:
    w = Words(locale)
    async with quarter.database.transaction() as session:
        for place in await session.scalars(select(Community)):
            place.settings = {**place.settings, "staff_locale": locale}
    robot = await quarter.repair_group()
    wang = await quarter.colleague("wang", "王建国", "technician", phone=ADDED[-1])
    li = await quarter.resident("李雷", "3-1201")
    quarter.secrets |= {STORY[locale], WORK[locale], "13800138000", "3-1201"}
    if locale == "en":
        await li.say("English")
        await li.wait_for(w.part("menu.language_set"), WAIT)
        wang.say("English")
        await wang.wait_for(w.part("menu.language_set"), WAIT)
    number = await _reported(li, w)
    card = await robot.group.wait_for_card(number, WAIT)
    for private in ("3-1201", "138 0013 8000"):
        assert private not in f"{card.words} {card.links}"
    await _accepted(quarter, card.links[-1].url, li, wang, w, number)
    await _visited(quarter, li, wang, robot, w, number)
    await _rated(li, wang, w, number)
    await _all_is_on_record(quarter, number)
    assert not quarter.wecom.violations


async def _reported(li: Phone, w: Words) -> str:
    """With numbers and words, three photos and a phone number; everything answered on the spot."""
    await li.say(f"{w('repair.title')}: {STORY[w.locale]}")
    for asked, answer in (
        ("repair.place.ask", w("repair.place.home")),
        ("repair.trade.ask", w("repair.trade.water")),
        ("repair.hazard.water", w("engine.no")),
    ):
        await li.wait_for(w(asked), WAIT)
        await li.pick(answer)
    await li.wait_for(w("repair.photos.ask"), WAIT)
    for _ in range(3):
        await (await li.photo()).settled()
    await li.say(w("engine.command.done"))
    await li.wait_for(w.part("repair.visit.ask"), WAIT)
    await li.pick(w("engine.asap"))
    await li.wait_for(w("repair.phone.ask"), WAIT)
    await li.say(PHONE)
    await li.wait_for(w("repair.review"), WAIT)
    await li.say(w("engine.command.submit"))
    promise = await li.wait_for(lambda bubble: bubble.text.startswith("HPY-"), WAIT)
    return promise.text.splitlines()[0]


async def _accepted(quarter: Quarter, url: str, li: Phone, wang: Colleague, w: Words, number: str) -> None:
    """On the ticket's page, opened from the group; name and phone come to the app's private chat."""
    code = await quarter.command(*ADDED, "--role", "technician")
    transport = Balancer(quarter.program.url)
    language = {"Accept-Language": w.locale.replace("_", "-")}
    async with httpx.AsyncClient(
        transport=transport, base_url=PUBLIC, headers=language, follow_redirects=True
    ) as client:
        browser = Browser(client)
        door = (await browser.open(url.removeprefix(PUBLIC))).form("/staff/code")
        door.fields = [(name, code if name == "code" else value) for name, value in door.fields]
        seen = await browser.send(door)
        assert number in seen.words
        assert "3-1201" not in seen.words
        seen = await browser.send(seen.form("/accept"))
        assert "3-1201" in seen.words
    await li.wait_for("王建国", WAIT)
    private = await wang.wait_for_card(number, WAIT)
    assert "3-1201" in private.words
    assert "138 0013 8000" in private.words


async def _visited(quarter: Quarter, li: Phone, wang: Colleague, robot: Robot, w: Words, number: str) -> None:
    """On the way, there, and done: two taps on the card, the rest in the chat."""
    wang.tap(w("repair.action.depart"))
    await li.wait_for(w.part("repair.told.depart"), WAIT)
    await wang.wait_for(w("repair.state.on_the_way"), WAIT)
    wang.tap(w("repair.action.arrive"))
    await li.wait_for(w.part("repair.told.arrive"), WAIT)
    await wang.wait_for(w("repair.state.arrived"), WAIT)
    await robot.group.wait_for(w("repair.state.arrived"), WAIT)
    wang.tap(w("repair.action.finish"))
    await wang.wait_for(w("repair.finish.checklist.covers"), WAIT)
    for said, then in (
        ("1", w("repair.finish.checklist.covers")),
        (w("engine.command.done"), w.part("repair.finish.work.ask")),
        (WORK[w.locale], w.part("repair.finish.photos.ask")),
    ):
        before = wang.last
        wang.say(said)
        await wang.wait_for(then, WAIT, after=before)
    before = wang.last
    wang.photo()
    await wang.wait_for(w("engine.command.done"), WAIT, after=before)
    wang.say(w("engine.command.done"))
    await robot.group.wait_for(w("repair.state.done"), WAIT)


async def _rated(li: Phone, wang: Colleague, w: Words, number: str) -> None:
    ask = await li.wait_for(w.part("repair.rate_ask"), WAIT)
    assert "5. ★★★★★" in ask.text
    await li.say("5")
    await li.wait_for(w.part("repair.rated_thanks"), WAIT)
    await wang.wait_for(w("repair.state.closed"), WAIT)
    await li.say(w("menu.tickets"))
    await li.wait_for(f"1. {number}", WAIT)
    await li.say("1")
    story = await li.wait_for(WORK[w.locale], WAIT)
    assert "★★★★★" in story.text


async def _all_is_on_record(quarter: Quarter, number: str) -> None:
    await quarter.calm()
    (ticket,) = await quarter.tickets()
    assert (ticket.number, ticket.state, ticket.outcome) == (number, "closed", "rated")
    assert ticket.details["phone"] == "+8613800138000"
    assert ticket.rating == {"overall": 5}
    events = list(await quarter.rows(select(TicketEvent.action).order_by(TicketEvent.id)))
    assert events == ["opened", "described", "accept", "depart", "arrive", "finish", "rate"]
    kept = await quarter.rows(select(Attachment))
    assert sorted(photo.by for photo in kept) == ["resident"] * 3 + ["staff"]
    await quarter.every_photo_is_stored()
    assert not await quarter.outbox("failed")
    await eventually(quarter._sent, WAIT)
