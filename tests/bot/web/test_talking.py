"""Saying, tapping, and being answered."""

from __future__ import annotations

import asyncio

from handlers.envelopes import Button, Kind, Outgoing
from tests.bot.web.conftest import Place, told
from tests.bot.web.parrot import LIST

HOME, GROUP, MINE = "resident:2", "repair@HPY", "staff:1"


async def test_what_is_said_is_heard_and_answered(chat: Place) -> None:
    browser = await chat.browser()
    answer = await browser.say(HOME, "  厨房漏水 ")
    assert answer.status_code == 200
    heard = chat.parrot.heard[0]
    assert (heard.kind, heard.text, heard.account, heard.name) == (Kind.TEXT, "厨房漏水", HOME, "李娜")
    assert heard.ref == str(answer.json()["message"]["id"])
    assert told(await browser.read(HOME)) == ["me: 厨房漏水", "bot: 听到:厨房漏水"]


async def test_a_retry_with_the_same_key_says_nothing_twice(chat: Place) -> None:
    browser = await chat.browser()
    first = await browser.say(HOME, "在吗", key="the-same-key")
    again = await browser.say(HOME, "在吗", key="the-same-key")
    assert first.json()["message"]["id"] == again.json()["message"]["id"]
    assert told(await browser.read(HOME)) == ["me: 在吗", "bot: 听到:在吗"]


async def test_the_same_key_at_once_says_nothing_twice(chat: Place) -> None:
    browser = await chat.browser()
    await asyncio.gather(*(browser.say(HOME, "在吗", key="the-same-key") for _ in range(5)))
    assert len(chat.parrot.heard) == 1
    assert told(await browser.read(HOME)) == ["me: 在吗", "bot: 听到:在吗"]


async def test_a_tapped_label_is_said_before_its_answer(chat: Place) -> None:
    browser = await chat.browser()
    await browser.say(HOME, "在吗")
    asked = (await browser.read(HOME))[-1]
    answer = await browser.tap(HOME, "a.1.parrot.yes", asked["id"])
    assert answer.json()["hint"] == "记下了"
    assert told(await browser.read(HOME))[2:] == ["me: 好", "bot: 选了 a.1.parrot.yes"]
    assert (await browser.read(HOME))[2]["tapped"] == str(asked["id"])
    assert chat.parrot.heard[1].tapped == str(asked["id"])


async def test_a_tick_in_a_list_and_a_late_tap_leave_no_trace(chat: Place) -> None:
    browser = await chat.browser()
    message = await chat.channel.send(HOME, Outgoing("要做到的", buttons=LIST))
    await browser.tap(HOME, "a.1.list.covers", int(message))
    assert (await browser.tap(HOME, "t.1.late", int(message))).json()["hint"] == "慢了一步"
    shown = await browser.read(HOME)
    assert told(shown) == ["bot: 要做到的"]
    assert shown[0]["buttons"][0][0]["label"] == "☑ 鞋套"
    assert shown[0]["edited"]


async def test_a_tap_in_a_group_is_the_staff_members_and_adds_nothing_of_theirs(chat: Place) -> None:
    browser = await chat.browser()
    card = await chat.channel.send(GROUP, Outgoing("滴水", buttons=((Button("接单", "t.1.accept"),),)))
    await browser.tap(GROUP, "t.1.accept", int(card))
    heard = chat.parrot.heard[0]
    assert (heard.chat, heard.account, heard.group, heard.tapped) == (GROUP, MINE, True, card)
    assert told(await browser.read(GROUP)) == ["bot: 滴水", "bot: 选了 t.1.accept"]


async def test_an_answer_to_a_card_carries_its_id_and_its_writer(chat: Place) -> None:
    browser = await chat.browser()
    card = await chat.channel.send(GROUP, Outgoing("滴水", ticket=1))
    await browser.say(GROUP, "我带了新的阀芯", reply_to=int(card))
    heard = chat.parrot.heard[0]
    assert (heard.reply_to, heard.account, heard.group) == (card, MINE, True)
    said = (await browser.read(GROUP))[1]
    assert (said["sender"], said["name"], said["reply_to"]) == (MINE, "师傅1", card)


async def test_the_menu_of_the_page_needs_no_message(chat: Place) -> None:
    browser = await chat.browser()
    entries = {entry["data"]: entry["label"] for entry in browser.state["menu"]}
    assert {"m.repair", "m.tickets", "m.help"} <= entries.keys()
    await browser.tap(HOME, "m.repair")
    assert told(await browser.read(HOME)) == [f"me: {entries['m.repair']}", "bot: 选了 m.repair"]


async def test_what_the_desk_could_not_take_is_kept_and_sent_again(chat: Place) -> None:
    browser = await chat.browser()
    chat.parrot.asleep = True
    refused = await browser.say(HOME, "在吗")
    assert refused.status_code == 503
    assert refused.json()["message"]["state"] == "failed"
    lost = (await browser.read(HOME))[0]
    assert (lost["text"], lost["state"]) == ("在吗", "failed")
    chat.parrot.asleep = False
    again = await browser.post("/web/again", chat=HOME, message=lost["id"])
    assert again.json()["message"]["state"] == ""
    assert told(await browser.read(HOME)) == ["me: 在吗", "bot: 听到:在吗"]
    await browser.post("/web/again", chat=HOME, message=lost["id"])
    assert len(chat.parrot.heard) == 1


async def test_messages_of_one_person_reach_the_desk_in_their_order(chat: Place) -> None:
    browser = await chat.browser()
    for number in range(6):
        await browser.say(HOME, str(number))
    assert [heard.text for heard in chat.parrot.heard] == list("012345")
    shown = await browser.read(HOME)
    assert [message["id"] for message in shown] == sorted(message["id"] for message in shown)


async def test_older_pages_of_a_long_chat(chat: Place) -> None:
    browser = await chat.browser()
    for number in range(130):
        await chat.channel.send(HOME, Outgoing(str(number)))
    end = await browser.read(HOME)
    assert [message["text"] for message in end] == [str(number) for number in range(70, 130)]
    asked = {"chat": HOME, "before": end[0]["id"]}
    before = (await browser.client.get("/web/messages", params=asked)).json()["messages"]
    assert [message["text"] for message in before] == [str(number) for number in range(10, 70)]


async def test_since_gives_only_what_is_newer(chat: Place) -> None:
    browser = await chat.browser()
    await browser.say(HOME, "一")
    cursor = (await browser.client.get("/web/messages", params={"chat": HOME})).json()["cursor"]
    first = (await browser.read(HOME))[0]
    await chat.channel.send(HOME, Outgoing("二"))
    news = await browser.client.get("/web/messages", params={"chat": HOME, "since": cursor})
    assert told(news.json()["messages"]) == ["bot: 二"]
    assert first["changed"] <= cursor


async def test_a_question_that_is_over_keeps_no_answers(chat: Place) -> None:
    """The last answer of a job earns a hint alone: nothing newer would put the buttons away."""
    browser = await chat.browser()
    skip, card = Button("跳过", "c.1.hush"), Button("出发", "t.1.depart")
    tapped = await chat.channel.send(HOME, Outgoing("照片?", buttons=((skip, card),)))
    typed = await chat.channel.send(HOME, Outgoing("照片?", buttons=((skip,), (card,))))
    await browser.tap(HOME, "c.1.hush", int(tapped))
    left = {message["id"]: message["buttons"] for message in await browser.read(HOME)}
    assert [[button["label"] for button in row] for row in left[int(tapped)]] == [["出发"]]
    assert [[button["label"] for button in row] for row in left[int(typed)]] == [["跳过"], ["出发"]]
    await chat.channel.send(HOME, Outgoing("还有?", buttons=((skip,),)))
    await browser.say(HOME, "嘘")
    left = {message["id"]: message["buttons"] for message in (await browser.read(HOME))[:2]}
    assert [[button["label"] for button in row] for row in left[int(typed)]] == [["出发"]]
