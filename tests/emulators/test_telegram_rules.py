"""What Telegram refuses, the emulator refuses, in the same words."""

import contextlib
import io
from typing import Any

import aiohttp
import pytest

from tests.emulators.conftest import Api, one_button
from tests.emulators.telegram import TelegramEmulator
from tests.emulators.telegram_errors import Refused
from tests.emulators.telegram_files import refuse_too_big
from tests.emulators.telegram_group import Group
from tests.emulators.telegram_phone import User
from tests.emulators.telegram_text import units

LONG = "水" * 4096


async def test_a_text_may_have_4096_units_and_no_more(api: Api, alice: User) -> None:
    await api.say(alice, LONG)
    assert alice.last.text == LONG
    refusal = await api.refused("sendMessage", chat_id=alice.id, text=LONG + "水")
    assert refusal == "400 Bad Request: message is too long"


async def test_emoji_weigh_two_units(api: Api, alice: User) -> None:
    await api.say(alice, "👍" * 2048)
    assert units("👍👩‍👩‍👧") == 10
    assert "too long" in await api.refused("sendMessage", chat_id=alice.id, text="👍" * 2048 + "a")


@pytest.mark.parametrize(("text", "why"), [("", "message text is empty"), (" \n ", "text must be non-empty")])
async def test_an_empty_text_is_refused(api: Api, alice: User, text: str, why: str) -> None:
    assert await api.refused("sendMessage", chat_id=alice.id, text=text) == f"400 Bad Request: {why}"


async def test_a_caption_may_have_1024_units_and_no_more(api: Api, alice: User) -> None:
    photo = (await alice.send_photo()).photos[0]
    await api.call("sendPhoto", chat_id=alice.id, photo=photo, caption="a" * 1024)
    refusal = await api.refused("sendPhoto", chat_id=alice.id, photo=photo, caption="a" * 1025)
    assert refusal == "400 Bad Request: message caption is too long"


async def test_callback_data_is_counted_in_bytes(api: Api, alice: User) -> None:
    await api.say(alice, "fits", reply_markup=one_button(data="水" * 21 + "!"))
    for data in ("水" * 22, ""):
        markup = one_button(data=data)
        refusal = await api.refused("sendMessage", chat_id=alice.id, text="too long", reply_markup=markup)
        assert refusal == "400 Bad Request: BUTTON_DATA_INVALID"


@pytest.mark.parametrize(
    "button",
    [{"text": "nothing"}, {"text": "both", "url": "https://a.b", "callback_data": "x"}, {"url": "x"}],
)
async def test_an_inline_button_does_exactly_one_thing(api: Api, alice: User, button: dict[str, str]) -> None:
    markup = {"inline_keyboard": [[button]]}
    refusal = await api.refused("sendMessage", chat_id=alice.id, text="hi", reply_markup=markup)
    assert refusal.startswith("400 Bad Request: can't parse inline keyboard button")


async def test_phone_numbers_are_asked_for_in_private_chats_only(
    api: Api, alice: User, repairs: Group
) -> None:
    markup = {"keyboard": [[{"text": "Share", "request_contact": True}]]}
    await api.say(alice, "Your number?", reply_markup=markup)
    refusal = await api.refused("sendMessage", chat_id=repairs.id, text="Number?", reply_markup=markup)
    assert refusal == "400 Bad Request: phone number can be requested in private chats only"


@pytest.mark.parametrize("count", [0, 1, 11])
async def test_an_album_has_two_to_ten_items(api: Api, alice: User, count: int) -> None:
    photo = (await alice.send_photo()).photos[0]
    media = [{"type": "photo", "media": photo}] * count
    assert "as an album" in await api.refused("sendMediaGroup", chat_id=alice.id, media=media)


async def test_an_album_shares_its_group_and_has_no_buttons(api: Api, alice: User) -> None:
    photo = (await alice.send_photo()).photos[0]
    media = [{"type": "photo", "media": photo, "caption": "first"}, {"type": "photo", "media": photo}]
    sent = await api.call("sendMediaGroup", chat_id=alice.id, media=media)
    assert len({message["media_group_id"] for message in sent}) == 1
    assert [message.caption for message in alice.from_bot] == ["first", None]
    answer = await api.refused("sendMediaGroup", chat_id=alice.id, media=media, reply_markup=one_button())
    assert answer.startswith("400 Bad Request")
    mixed = [*media, {"type": "document", "media": photo}]
    assert "mixed" in await api.refused("sendMediaGroup", chat_id=alice.id, media=mixed)


@pytest.mark.parametrize(
    ("offset", "length", "accepted"),
    [(0, 2, True), (3, 2, True), (1, 1, False), (3, 9, False), (-1, 2, False)],
)
async def test_entities_lie_inside_the_text(
    api: Api, alice: User, offset: int, length: int, accepted: bool
) -> None:
    entity = {"type": "bold", "offset": offset, "length": length}
    answer = await api.answer("sendMessage", chat_id=alice.id, text="👍 hi", entities=[entity])
    assert answer["ok"] is accepted
    if accepted:
        assert answer["result"]["entities"] == [entity]
    else:
        assert "entity" in answer["description"]


async def test_html_becomes_text_and_entities(api: Api, alice: User) -> None:
    sent = await api.say(alice, '👍 <b>a &lt; <i>b</i></b> <a href="https://x.y">x</a>', parse_mode="HTML")
    assert sent["text"] == "👍 a < b x"
    assert [(e["type"], e["offset"], e["length"]) for e in sent["entities"]] == [
        ("bold", 3, 5),
        ("italic", 7, 1),
        ("text_link", 9, 1),
    ]


@pytest.mark.parametrize("text", ["<b>open", "closed</b>", "<blink>no</blink>", "1 < 2", "<b>x</i></b>"])
async def test_broken_html_is_refused(api: Api, alice: User, text: str) -> None:
    refusal = await api.refused("sendMessage", chat_id=alice.id, text=text, parse_mode="HTML")
    assert refusal.startswith("400 Bad Request: can't parse entities")


async def test_an_edit_that_changes_nothing_is_refused(api: Api, alice: User) -> None:
    sent = await api.say(alice, "Open", reply_markup=one_button())
    same: dict[str, Any] = {"chat_id": alice.id, "message_id": sent["message_id"], "text": "Open"}
    refusal = await api.refused("editMessageText", **same, reply_markup=one_button())
    assert refusal.startswith("400 Bad Request: message is not modified")
    await api.call("editMessageText", **same)
    assert (alice.last.buttons, alice.last.edits) == ([], 1)


async def test_only_own_messages_that_exist_can_be_edited(api: Api, alice: User) -> None:
    theirs = await alice.send("hello")
    words = {"chat_id": alice.id, "text": "changed"}
    assert "message can't be edited" in await api.refused("editMessageText", message_id=theirs.id, **words)
    assert "message to edit not found" in await api.refused("editMessageText", message_id=99, **words)
    sent = await api.say(alice, "mine")
    await api.call("deleteMessage", chat_id=alice.id, message_id=sent["message_id"])
    refusal = await api.refused("editMessageText", message_id=sent["message_id"], **words)
    assert refusal == "400 Bad Request: message to edit not found"
    assert alice.from_bot == []
    assert alice.history[-1].deleted


async def test_captions_and_photos_can_be_exchanged(api: Api, alice: User) -> None:
    first, second = [(await alice.send_photo()).photos[0] for _ in range(2)]
    sent = await api.call("sendPhoto", chat_id=alice.id, photo=first, caption="before")
    target = {"chat_id": alice.id, "message_id": sent["message_id"]}
    await api.call("editMessageCaption", **target, caption="after")
    await api.call("editMessageMedia", **target, media={"type": "photo", "media": second, "caption": "other"})
    assert (alice.last.photos, alice.last.caption, alice.last.edits) == ([second], "other", 2)
    assert "no text in the message" in await api.refused("editMessageText", **target, text="x")


async def test_old_and_foreign_messages_cannot_be_deleted(
    tg: TelegramEmulator, api: Api, alice: User, repairs: Group
) -> None:
    theirs = await alice.send("hello", chat=repairs)
    refusal = await api.refused("deleteMessage", chat_id=repairs.id, message_id=theirs.id)
    assert refusal == "400 Bad Request: message can't be deleted"
    sent = await api.say(alice, "old")
    tg.clock.advance(49 * 3600)
    refusal = await api.refused("deleteMessage", chat_id=alice.id, message_id=sent["message_id"])
    assert refusal == "400 Bad Request: message can't be deleted for everyone"
    assert "to delete not found" in await api.refused("deleteMessage", chat_id=alice.id, message_id=77)


async def test_a_tap_is_answered_briefly_and_in_time(tg: TelegramEmulator, api: Api, alice: User) -> None:
    await api.say(alice, "Card", reply_markup=one_button())
    early, late = await alice.tap("Accept"), await alice.tap("accept:1")
    answer = {"callback_query_id": early.query.id, "text": "好" * 200, "show_alert": True}
    await api.call("answerCallbackQuery", **answer)
    assert (await early.answered()).show_alert
    assert [toast.text for toast in alice.toasts] == ["好" * 200]
    refusal = await api.refused("answerCallbackQuery", callback_query_id=late.query.id, text="好" * 201)
    assert refusal == "400 Bad Request: MESSAGE_TOO_LONG"
    tg.clock.advance(151)
    refusal = await api.refused("answerCallbackQuery", callback_query_id=late.query.id)
    assert refusal.endswith("query is too old and response timeout expired or query ID is invalid")
    assert late.toast is None


async def test_a_reply_needs_its_target_unless_the_bot_does_not_mind(api: Api, alice: User) -> None:
    gone = {"message_id": 404}
    refusal = await api.refused("sendMessage", chat_id=alice.id, text="re", reply_parameters=gone)
    assert refusal == "400 Bad Request: message to be replied not found"
    await api.say(alice, "re", reply_parameters=gone | {"allow_sending_without_reply": True})
    assert alice.last.reply_to is None


async def test_people_and_chats_that_cannot_be_reached(
    tg: TelegramEmulator, api: Api, alice: User, repairs: Group
) -> None:
    async def refusal(chat: int | str) -> str:
        return await api.refused("sendMessage", chat_id=chat, text="hi")

    stranger, colleague = tg.user(1002), tg.user(1003)
    await colleague.send("/help", chat=repairs)
    assert await refusal(424242) == "400 Bad Request: chat not found"
    assert await refusal("") == "400 Bad Request: chat_id is empty"
    assert await refusal(stranger.id) == "400 Bad Request: chat not found"
    assert await refusal(colleague.id) == "403 Forbidden: bot can't initiate conversation with a user"
    await alice.block()
    assert await refusal(alice.id) == "403 Forbidden: bot was blocked by the user"
    await alice.unblock()
    await alice.delete_account()
    assert await refusal(alice.id) == "403 Forbidden: user is deactivated"
    repairs.silence_bot()
    assert "not enough rights" in await refusal(repairs.id)
    await repairs.remove_bot()
    assert await refusal(repairs.id) == "403 Forbidden: bot was kicked from the group chat"


async def test_a_group_that_became_a_supergroup_names_its_new_id(api: Api, repairs: Group) -> None:
    moved = await repairs.migrate()
    answer = await api.answer("sendMessage", chat_id=repairs.id, text="hi")
    assert answer["description"] == "Bad Request: group chat was upgraded to a supergroup chat"
    assert answer["parameters"] == {"migrate_to_chat_id": moved.id}
    await api.say(moved, "hi")
    assert moved.last.text == "hi"


async def test_files_have_their_largest_sizes(tg: TelegramEmulator, api: Api, alice: User) -> None:
    large = await alice.send_document(size=21 * 1024 * 1024, caption="plan")
    refusal = await api.refused("getFile", file_id=large.content["document"]["file_id"])
    assert refusal == "400 Bad Request: file is too big"
    assert "wrong file_id" in await api.refused("getFile", file_id="unheard of")
    assert "wrong file identifier" in await api.refused("sendPhoto", chat_id=alice.id, photo="unheard of")
    document = large.content["document"]["file_id"]
    assert "can't use file of type" in await api.refused("sendPhoto", chat_id=alice.id, photo=document)


async def test_a_photo_of_eleven_megabytes_is_too_big(tg: TelegramEmulator, api: Api, alice: User) -> None:
    form = aiohttp.FormData({"chat_id": str(alice.id)})
    form.add_field("photo", io.BytesIO(bytes(11 * 1024 * 1024)), filename="roof.jpg")
    async with api.session.post(f"{tg.url}/bot{tg.token}/sendPhoto", data=form) as response:
        answer = await response.json()
    assert (response.status, "too big for a photo" in answer["description"]) == (400, True)


@pytest.mark.parametrize(
    ("kind", "megabytes", "code"), [("document", 49, None), ("document", 51, 413), ("photo", 10, None)]
)
def test_uploads_end_at_fifty_megabytes(kind: str, megabytes: int, code: int | None) -> None:
    with contextlib.nullcontext() if code is None else pytest.raises(Refused) as refused:
        refuse_too_big(kind, megabytes * 1024 * 1024)
    assert code is None or (refused is not None and refused.value.code == code)


async def test_token_and_method_must_be_right(tg: TelegramEmulator, api: Api) -> None:
    async with api.session.get(f"{tg.url}/bot1:wrong/getMe") as response:
        assert (response.status, (await response.json())["description"]) == (401, "Unauthorized")
    assert (await api.refused("makeCoffee")).startswith("404 Not Found")
    assert (await api.call("GETME"))["username"] == "wubu_test_bot"


async def test_forms_and_addresses_carry_fields_too(tg: TelegramEmulator, api: Api, alice: User) -> None:
    url = f"{tg.url}/bot{tg.token}/sendMessage"
    form = {"chat_id": str(alice.id), "text": "form", "reply_markup": '{"force_reply": true}'}
    async with api.session.post(url, data=form) as response:
        assert response.status == 200
    assert alice.last.force_reply
    async with api.session.get(url, params={"chat_id": alice.id, "text": "query"}) as response:
        assert response.status == 200
    assert [message.text for message in alice.from_bot] == ["form", "query"]
    async with api.session.post(url, data=b"{", headers={"Content-Type": "application/json"}) as response:
        assert response.status == 400


async def test_commands_are_kept_by_scope_and_language(api: Api, alice: User, repairs: Group) -> None:
    async def teach(command: str, **where: Any) -> None:
        await api.call("setMyCommands", commands=[{"command": command, "description": "?"}], **where)

    await teach("help")
    await teach("bangzhu", language_code="zh")
    await teach("accept", scope={"type": "chat", "chat_id": repairs.id})
    assert (alice.commands(), alice.commands(repairs)) == (["bangzhu"], ["accept"])
    await api.call("deleteMyCommands", language_code="zh")
    assert alice.commands() == ["help"]
    assert await api.call("getMyCommands", scope={"type": "all_private_chats"}) == []
    refusal = await api.refused("setMyCommands", commands=[{"command": "Ü", "description": "?"}])
    assert refusal == "400 Bad Request: BOT_COMMAND_INVALID"


async def test_the_bot_describes_itself(api: Api, alice: User, repairs: Group) -> None:
    await api.call("setMyDescription", description="物业", language_code="zh")
    assert await api.call("getMyDescription", language_code="zh") == {"description": "物业"}
    assert await api.call("getMyDescription") == {"description": ""}
    assert "TOO_LONG" in await api.refused("setMyShortDescription", short_description="x" * 121)
    await api.call("setChatMenuButton", chat_id=alice.id, menu_button={"type": "commands"})
    assert await api.call("getChatMenuButton", chat_id=alice.id) == {"type": "commands"}
    member = await api.call("getChatMember", chat_id=repairs.id, user_id=alice.id)
    assert member["status"] == "left"
    await alice.send("I am here", chat=repairs)
    assert await api.call("getChatMemberCount", chat_id=repairs.id) == 3
    await api.call("leaveChat", chat_id=repairs.id)
    assert "not a member" in await api.refused("getChat", chat_id=repairs.id)
    assert await api.call("logOut")
    assert await api.call("close")
