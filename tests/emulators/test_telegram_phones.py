"""People do on the emulated phones what people do on phones."""

import asyncio
import time

import pytest

from tests.emulators.conftest import Api, one_button
from tests.emulators.telegram import TelegramEmulator
from tests.emulators.telegram_errors import JSON
from tests.emulators.telegram_group import Group
from tests.emulators.telegram_phone import NoSuchButton, User


async def read(api: Api) -> list[JSON]:
    """All updates that wait, confirmed."""
    updates = await api.updates()
    await api.updates(offset=updates[-1]["update_id"] + 1 if updates else 0)
    return updates


async def test_a_command_is_marked_as_one(api: Api, tg: TelegramEmulator) -> None:
    await tg.user(1, "王", username="wang").start("CODE-1")
    message = (await read(api))[0]["message"]
    assert message["text"] == "/start CODE-1"
    assert message["entities"] == [{"type": "bot_command", "offset": 0, "length": 6}]
    assert message["from"] == {
        "id": 1,
        "is_bot": False,
        "first_name": "王",
        "username": "wang",
        "language_code": "zh-hans",
    }


async def test_a_long_text_leaves_in_parts(api: Api, alice: User) -> None:
    await alice.send("漏" * 5000)
    texts = [update["message"]["text"] for update in await read(api)][1:]
    assert [len(text) for text in texts] == [4096, 904]


async def test_an_album_arrives_shuffled_and_one_photo_late(
    tg: TelegramEmulator, api: Api, alice: User
) -> None:
    await read(api)
    album = await alice.send_album(10, caption="ceiling", shuffled=True, late=3.0)
    await alice.send("in between")
    before = [update["message"] for update in await read(api)]
    assert len(before) == 10
    assert before[-1]["text"] == "in between"
    began = time.monotonic()
    last = (await api.updates(timeout=5))[0]["message"]
    assert 0.1 < time.monotonic() - began < 2
    photos = [*before[:-1], last]
    assert [photo["message_id"] for photo in photos] != [message.id for message in album]
    assert len({photo["media_group_id"] for photo in photos}) == 1
    assert len({photo["photo"][0]["file_unique_id"] for photo in photos}) == 10
    assert [photo["message_id"] for photo in photos if "caption" in photo] == [album[0].id]


async def test_everything_a_phone_can_send(api: Api, alice: User) -> None:
    await read(api)
    await alice.send_photo(caption="look")
    await alice.send_contact("+86139")
    await alice.send_contact("+86138", user_id=77, first_name="邻居")
    await alice.send_contact("+86137", user_id=None)
    await alice.send_location(30.5, 120.5)
    await alice.send_sticker()
    await alice.send_voice()
    await alice.send_video(caption="drip")
    await alice.send_video_note()
    await alice.send_document(b"%PDF", name="permit.pdf")
    await alice.send_document(mime_type=None, size=30_000_000)
    await alice.send_raw({"hologram": {"depth": 3}})
    messages = [update["message"] for update in await read(api)]
    around = {"message_id", "from", "chat", "date", "caption"}
    kinds = [next(key for key in message if key not in around) for message in messages]
    assert kinds == [
        *("photo", "contact", "contact", "contact", "location", "sticker", "voice", "video", "video_note"),
        *("document", "document", "hologram"),
    ]
    assert [message["contact"].get("user_id") for message in messages[1:4]] == [1001, 77, None]
    assert "mime_type" not in messages[10]["document"]
    assert messages[10]["document"]["file_size"] == 30_000_000


async def test_texts_and_captions_can_be_edited(api: Api, alice: User) -> None:
    await read(api)
    text, photo = await alice.send("dripp"), await alice.send_photo(caption="ceilng")
    await alice.edit(text.id, "drip")
    await alice.edit(photo, "ceiling")
    edits = [update["edited_message"] for update in await read(api) if "edited_message" in update]
    assert [edit.get("text") or edit["caption"] for edit in edits] == ["drip", "ceiling"]
    assert all(edit["edit_date"] for edit in edits)
    await alice.delete(text)
    assert await read(api) == []


async def test_blocking_is_told_and_stops_the_resident_too(api: Api, alice: User) -> None:
    await read(api)
    await alice.block()
    with pytest.raises(RuntimeError, match="blocked"):
        await alice.send("hello?")
    await alice.start()
    updates = await read(api)
    standings = [update["my_chat_member"] for update in updates[:2]]
    changes = [
        (change["old_chat_member"]["status"], change["new_chat_member"]["status"]) for change in standings
    ]
    assert changes == [("member", "kicked"), ("kicked", "member")]
    assert updates[2]["message"]["text"] == "/start"


async def test_a_stale_button_can_still_be_tapped(api: Api, alice: User) -> None:
    card = await api.say(alice, "card", reply_markup=one_button())
    target = {"chat_id": alice.id, "message_id": card["message_id"]}
    await api.call("editMessageText", **target, text="taken", reply_markup=one_button("Done", "done:1"))
    with pytest.raises(NoSuchButton, match="Done"):
        await alice.tap("Accept")
    await alice.tap("Accept", card["message_id"])
    await api.call("deleteMessage", **target)
    await alice.tap("Done", card["message_id"])
    await alice.tap("forged:9", card["message_id"], forged=True)
    taps = [update["callback_query"] for update in await read(api) if "callback_query" in update]
    assert [tap["data"] for tap in taps] == ["accept:1", "done:1", "forged:9"]
    assert taps[0]["message"]["text"] == "taken"
    assert taps[1]["message"] == {
        "chat": taps[0]["message"]["chat"],
        "message_id": target["message_id"],
        "date": 0,
    }


async def test_a_reply_keyboard_shares_the_number(api: Api, alice: User) -> None:
    await read(api)
    keys = {"keyboard": [[{"text": "Share", "request_contact": True}], [{"text": "Later"}, "Place"]]}
    await api.say(alice, "Your number?", reply_markup=keys)
    assert [[key.text for key in row] for row in alice.keyboard] == [["Share"], ["Later", "Place"]]
    await alice.press("Share", phone="+8613900000000")
    await alice.press("Later")
    messages = [update["message"] for update in await read(api)]
    assert messages[0]["contact"]["user_id"] == alice.id
    assert messages[1]["text"] == "Later"
    await api.say(alice, "Thanks", reply_markup={"remove_keyboard": True})
    with pytest.raises(NoSuchButton):
        await alice.press("Share")


async def test_in_privacy_mode_the_bot_hears_only_what_is_meant_for_it(
    tg: TelegramEmulator, api: Api, alice: User, repairs: Group
) -> None:
    card = await api.say(repairs, "card")
    await read(api)
    await alice.send("just talking", chat=repairs)
    await alice.send("/bind repair", chat=repairs)
    await alice.send("/bind@wubu_test_bot x", chat=repairs)
    await alice.send("/bind@other_bot x", chat=repairs)
    await alice.send("a reply", chat=repairs, reply_to=card["message_id"])
    await tg.user(5, "赵").join(repairs)
    messages = [update["message"] for update in await read(api)]
    assert [message.get("text") for message in messages] == [
        "/bind repair",
        "/bind@wubu_test_bot x",
        "a reply",
        None,
    ]
    assert messages[2]["reply_to_message"]["text"] == "card"
    assert messages[3]["new_chat_members"][0]["first_name"] == "赵"
    tg.privacy = False
    await alice.send("now it listens", chat=repairs)
    assert len(await read(api)) == 1


async def test_the_bot_comes_and_goes(tg: TelegramEmulator, api: Api, alice: User) -> None:
    group = tg.group(-3001, "Care")
    await alice.send("nobody listens", chat=group)
    await read(api)
    await group.add_bot(admin=True, by=alice)
    await alice.send("an administrator hears all", chat=group)
    await group.remove_bot(by=alice)
    await alice.send("/gone", chat=group)
    updates = await read(api)
    assert [list(update)[1] for update in updates] == [
        "my_chat_member",
        "message",
        "message",
        "my_chat_member",
    ]
    assert updates[0]["my_chat_member"]["from"]["id"] == alice.id
    assert updates[0]["my_chat_member"]["new_chat_member"]["status"] == "administrator"
    assert updates[1]["message"]["new_chat_members"][0]["is_bot"]
    assert updates[3]["my_chat_member"]["new_chat_member"]["status"] == "kicked"


async def test_a_group_moves_and_its_old_buttons_still_work(api: Api, alice: User, repairs: Group) -> None:
    await api.say(repairs, "card", reply_markup=one_button())
    await read(api)
    moved = await repairs.migrate()
    services = [update["message"] for update in await read(api)]
    assert services[0]["migrate_to_chat_id"] == services[1]["chat"]["id"] == moved.id
    assert services[1]["migrate_from_chat_id"] == services[0]["chat"]["id"] == repairs.id
    assert services[1]["chat"]["type"] == "supergroup"
    await alice.tap("Accept", chat=repairs)
    await alice.send("/status", chat=repairs)
    tap, status = await read(api)
    assert tap["callback_query"]["message"]["chat"]["id"] == repairs.id
    assert status["message"]["chat"]["id"] == moved.id


async def test_waiting_for_what_comes(api: Api, alice: User) -> None:
    waiting = asyncio.create_task(alice.wait_for("done"))
    card = await api.say(alice, "open")
    await asyncio.sleep(0)
    await api.call("editMessageText", chat_id=alice.id, message_id=card["message_id"], text="done")
    done = await waiting
    assert (done.id, done.edits) == (card["message_id"], 1)
    with pytest.raises(TimeoutError, match="< done"):
        await alice.wait_for(lambda message: message.labels, timeout=0.05)
    with pytest.raises(TimeoutError):
        await alice.wait_for("done", timeout=0.05, after=done)
    tap = alice.line.tap(alice.person, done, "x")
    assert tap.toast is None
