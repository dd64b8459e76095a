"""Who may see and do what: sessions, seats, foreign pages."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from models.account import Account
from tests.bot.web.conftest import HERE, Place

CHANGES: dict[str, dict[str, object]] = {
    "/web/say": {"chat": "resident:2", "key": "k" * 12, "text": "x"},
    "/web/tap": {"chat": "resident:2", "key": "k" * 12, "data": "m.help"},
    "/web/again": {"chat": "resident:2", "message": 1},
    "/web/enter": {"resident": "resident:1"},
    "/web/locale": {"locale": "en"},
}


async def test_the_cookie_is_kept_from_scripts_and_other_sites(chat: Place) -> None:
    browser = await chat.browser()
    cookie = (await browser.client.get("/")).headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "secure" not in cookie


async def test_the_first_seats_of_the_demo(chat: Place) -> None:
    browser = await chat.browser()
    assert browser.state["left"] == {"chat": "resident:2", "name": "李娜", "note": "3-902"}
    assert browser.state["right"]["chat"] == "staff:1"
    assert [room["chat"] for room in browser.state["rooms"]] == ["repair@HPY"]


async def test_who_can_be_chosen(chat: Place) -> None:
    browser = await chat.browser()
    people = (await browser.client.get("/web/people")).json()
    assert [one["note"] for one in people["residents"]] == ["3-902", "3-1201"]
    assert {one["note"] for one in people["staff"]} == {"维修工"}


async def test_taking_another_seat_opens_its_chat_and_closes_the_old_one(chat: Place) -> None:
    browser = await chat.browser()
    state = (await browser.post("/web/enter", resident="resident:1", staff="staff:2")).json()
    assert (state["left"]["name"], state["right"]["name"]) == ("张伟", "师傅2")
    assert [room["chat"] for room in state["rooms"]] == ["repair@OTH"]
    assert (await browser.say("resident:1", "在吗")).status_code == 200
    for closed in ("resident:2", "staff:1", "repair@HPY"):
        assert (await browser.say(closed, "在吗")).status_code == 403, closed
        assert (await browser.client.get("/web/messages", params={"chat": closed})).status_code == 403
        live = await browser.client.get("/web/live", params={"chats": f"resident:1,{closed}", "after": 0})
        assert live.status_code == 403
    assert [heard.chat for heard in chat.parrot.heard] == ["resident:1"]


async def test_a_newcomer_can_be_played_too(chat: Place) -> None:
    browser = await chat.browser()
    state = (await browser.post("/web/enter", resident="guest")).json()
    assert state["left"]["chat"].startswith("guest:")
    assert (await browser.say(state["left"]["chat"], "在吗")).status_code == 200


async def test_nobody_can_be_played_who_is_not_there(chat: Place) -> None:
    browser = await chat.browser()
    assert (await browser.post("/web/enter", resident="resident:99")).status_code == 404
    assert (await browser.post("/web/enter", staff="staff:99")).status_code == 404


async def test_the_world_gets_a_guest_seat_only(public: Place) -> None:
    one, two = await public.browser(), await public.browser()
    guest = one.state["left"]["chat"]
    assert guest.startswith("guest:")
    assert (one.state["right"], one.state["rooms"], one.state["demo"]) == (None, [], False)
    assert (await one.say(guest, "在吗")).status_code == 200
    assert public.parrot.heard[0].account == guest
    for closed in ("resident:1", "staff:1", "repair@HPY", two.state["left"]["chat"]):
        assert (await one.say(closed, "在吗")).status_code == 403, closed
    assert (await one.post("/web/enter", resident="resident:1")).status_code == 403
    assert (await one.client.get("/web/people")).status_code == 403


async def test_seats_of_the_demo_are_worth_nothing_outside_it(chat: Place, public: Place) -> None:
    browser = await chat.browser()
    abroad = await public.browser()
    abroad.client.cookies = browser.client.cookies
    await abroad.open()
    assert abroad.state["left"]["chat"].startswith("guest:")
    assert (await abroad.say("resident:2", "在吗")).status_code == 403


@pytest.mark.parametrize("path", CHANGES)
async def test_nothing_is_changed_for_another_page(chat: Place, path: str) -> None:
    browser = await chat.browser()
    token = {"X-Wubu-Token": browser.token}
    for headers in (
        {},
        {"X-Wubu-Token": "forged"},
        {"X-Wubu-Token": "ü"},
        {**token, "Origin": "https://elsewhere.example"},
        {**token, "Origin": "null"},
        {**token, "Sec-Fetch-Site": "cross-site"},
        {**token, "Sec-Fetch-Site": "same-site", "Origin": HERE},
    ):
        encoded = {name.encode(): value.encode() for name, value in headers.items()}
        answer = await browser.client.post(path, json=CHANGES[path], headers=encoded)
        assert answer.status_code == 403, headers
    assert chat.parrot.heard == []


@pytest.mark.parametrize("path", CHANGES)
async def test_nothing_is_changed_without_a_session(chat: Place, path: str) -> None:
    browser = await chat.browser()
    for cookie in ("", "forged", browser.client.cookies["wubu"][:-2] + "xx"):
        browser.client.cookies.clear()
        browser.client.cookies.set("wubu", cookie)
        assert (await browser.post(path, **CHANGES[path])).status_code == 401, cookie


async def test_the_language_is_the_browsers_then_the_readers(chat: Place) -> None:
    english = await chat.browser(**{"Accept-Language": "fr, en-GB;q=0.9, zh;q=0.8"})
    assert english.state["locale"] == "en"
    assert english.state["right"]["name"] == "Master 1"
    chinese = await chat.browser(**{"Accept-Language": "de"})
    assert chinese.state["locale"] == "zh_CN"
    taiwanese = await chat.browser(**{"Accept-Language": "zh-TW,zh;q=0.9,en;q=0.8"})
    assert taiwanese.state["locale"] == "zh_TW"
    assert taiwanese.state["right"]["name"] == "师傅1", "by the Chinese name"
    changed = (await english.post("/web/locale", locale="zh_CN")).json()
    assert (changed["locale"], changed["right"]["name"]) == ("zh_CN", "师傅1")
    assert (await english.post("/web/locale", locale="xx")).status_code == 422


async def test_the_accounts_of_a_browser_speak_its_language(chat: Place) -> None:
    browser = await chat.browser(**{"Accept-Language": "en"})
    assert await _locales(chat) == {"resident:2": "en", "staff:1": "en"}
    await browser.post("/web/locale", locale="zh_CN")
    assert await _locales(chat) == {"resident:2": "zh_CN", "staff:1": "zh_CN"}


async def _locales(place: Place) -> dict[str, str]:
    async with place.database.reading() as session:
        accounts = await session.scalars(select(Account))
        return {account.external_id: account.locale for account in accounts}


async def test_a_guest_who_was_bound_is_called_by_name(public: Place) -> None:
    browser = await public.browser()
    guest = browser.state["left"]["chat"]
    async with public.database.transaction() as session:
        session.add(Account(channel="web", bot="web", external_id=guest, chat=guest, resident_id=1))
    left = (await browser.client.get("/web/state")).json()["left"]
    assert left == {"chat": guest, "name": "张伟", "note": "3-1201"}
