"""Whatever the emulator says, aiogram and python-telegram-bot understand."""

from collections.abc import AsyncIterator

import pytest
import telegram as ptb
from aiogram import Bot, types
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import TelegramForbiddenError, TelegramMigrateToChat, TelegramRetryAfter

from tests.emulators.conftest import Api, one_button
from tests.emulators.telegram import TelegramEmulator
from tests.emulators.telegram_files import sample_photo
from tests.emulators.telegram_group import Group
from tests.emulators.telegram_phone import User


@pytest.fixture
async def aiogram(tg: TelegramEmulator) -> AsyncIterator[Bot]:
    async with Bot(tg.token, session=AiohttpSession(api=TelegramAPIServer.from_base(tg.url))) as bot:
        yield bot


@pytest.fixture
async def peer(tg: TelegramEmulator) -> AsyncIterator[ptb.Bot]:
    async with ptb.Bot(tg.token, f"{tg.url}/bot", f"{tg.url}/file/bot") as bot:
        yield bot


async def test_every_update_is_understood(tg: TelegramEmulator, api: Api, peer: ptb.Bot) -> None:
    alice, group = tg.user(1), tg.group(-5)
    await group.add_bot(admin=True, by=alice)
    for act in (
        alice.send_photo,
        alice.send_sticker,
        alice.send_voice,
        alice.send_video,
        alice.send_video_note,
    ):
        await act()
    await alice.send_document(size=30_000_000)
    await alice.send_location()
    await alice.send_contact("+86139")
    text = await alice.send("/start hello https://x.y")
    await alice.edit(text, "changed")
    await alice.join(group)
    await alice.send("in the group", chat=group)
    await api.say(alice, "card", reply_markup=one_button())
    await alice.tap("Accept")
    await api.call("deleteMessage", chat_id=alice.id, message_id=alice.last.id)
    await alice.tap("Accept", alice.history[-1])
    await group.migrate()
    await alice.leave(group)
    await alice.block()
    assert len(tg.updates) == 20
    for update in tg.updates:
        kind = list(update)[1]
        assert getattr(types.Update.model_validate(update), kind) is not None
        parsed = ptb.Update.de_json(update, peer)
        assert getattr(parsed, kind) is not None
        assert not parsed.api_kwargs


async def test_aiogram_understands_every_answer(
    tg: TelegramEmulator, aiogram: Bot, alice: User, repairs: Group
) -> None:
    picture = types.BufferedInputFile(sample_photo(3), "roof.jpg")
    keys = types.InlineKeyboardMarkup(
        inline_keyboard=[[types.InlineKeyboardButton(text="Accept", callback_data="a")]]
    )
    tg.rate_limits = False
    assert (await aiogram.get_me()).username == "wubu_test_bot"
    photo = await aiogram.send_photo(alice.id, picture, caption="roof", reply_markup=keys)
    assert photo.photo
    assert (photo.photo[0].width, photo.photo[0].height) == (64, 48)
    await aiogram.edit_message_caption(chat_id=alice.id, message_id=photo.message_id, caption="wall")
    media = types.InputMediaPhoto(media=types.BufferedInputFile(sample_photo(4), "x.jpg"))
    await aiogram.edit_message_media(media, chat_id=alice.id, message_id=photo.message_id)
    await aiogram.edit_message_reply_markup(chat_id=alice.id, message_id=photo.message_id, reply_markup=keys)
    assert alice.last.edits == 3
    album = await aiogram.send_media_group(
        alice.id, [media, types.InputMediaPhoto(media=alice.last.photos[0])]
    )
    assert [message.media_group_id for message in album] == [album[0].media_group_id] * 2
    await aiogram.send_document(alice.id, types.BufferedInputFile(b"%PDF", "bill.pdf"))
    await aiogram.send_contact(alice.id, "+86139", "Desk")
    await aiogram.send_location(alice.id, 30.0, 120.0)
    await aiogram.send_chat_action(alice.id, "typing")
    await aiogram.copy_message(repairs.id, alice.id, photo.message_id)
    assert (await aiogram.forward_message(repairs.id, alice.id, photo.message_id)).forward_origin
    assert await aiogram.delete_messages(alice.id, [photo.message_id])
    await aiogram.set_my_commands(
        [types.BotCommand(command="help", description="?")], types.BotCommandScopeChat(chat_id=alice.id), "zh"
    )
    assert len(await aiogram.get_my_commands(types.BotCommandScopeChat(chat_id=alice.id), "zh")) == 1
    assert (await aiogram.get_chat(repairs.id)).title == "Repairs"
    assert (await aiogram.get_chat_member(repairs.id, aiogram.id)).status == "member"
    assert len(await aiogram.get_chat_administrators(repairs.id)) == 1
    assert (await aiogram.get_webhook_info()).url == ""
    assert await aiogram.set_chat_menu_button(alice.id, types.MenuButtonCommands())
    assert (await aiogram.get_chat_menu_button(alice.id)).type == "commands"
    assert (await aiogram.create_forum_topic(repairs.id, "Lift 3")).name == "Lift 3"
    assert await aiogram.log_out()


async def test_aiogram_tells_the_errors_apart(
    tg: TelegramEmulator, aiogram: Bot, alice: User, repairs: Group
) -> None:
    tg.fail_next("sendMessage", error=429, retry_after=3)
    with pytest.raises(TelegramRetryAfter) as too_fast:
        await aiogram.send_message(alice.id, "hi")
    assert too_fast.value.retry_after == 3
    await alice.block()
    with pytest.raises(TelegramForbiddenError):
        await aiogram.send_message(alice.id, "hi")
    moved = await repairs.migrate()
    with pytest.raises(TelegramMigrateToChat) as migrated:
        await aiogram.send_message(repairs.id, "hi")
    assert migrated.value.migrate_to_chat_id == moved.id


async def test_python_telegram_bot_understands_every_answer(
    tg: TelegramEmulator, peer: ptb.Bot, alice: User, repairs: Group
) -> None:
    tg.rate_limits = False
    keys = ptb.InlineKeyboardMarkup([[ptb.InlineKeyboardButton("Accept", callback_data="a")]])
    photo = await peer.send_photo(alice.id, sample_photo(3), caption="roof", reply_markup=keys)
    await peer.edit_message_caption(alice.id, photo.message_id, caption="wall")
    await peer.edit_message_media(ptb.InputMediaPhoto(sample_photo(4)), alice.id, photo.message_id)
    album = await peer.send_media_group(alice.id, [ptb.InputMediaPhoto(sample_photo(n)) for n in range(10)])
    assert len(album) == 10
    await peer.send_document(alice.id, b"%PDF", filename="bill.pdf")
    await peer.send_contact(alice.id, "+86139", "Desk")
    await peer.set_my_commands([("help", "?")], ptb.BotCommandScopeAllGroupChats(), "zh")
    assert alice.commands(repairs) == ["help"]
    assert (await peer.get_chat(repairs.id)).title == "Repairs"
    assert (await peer.get_chat_member(repairs.id, peer.id)).status == "member"
    assert (await peer.get_webhook_info()).pending_update_count == 3
    text = await peer.send_message(
        alice.id, "<b>bold</b>", parse_mode="HTML", reply_to_message_id=photo.message_id
    )
    assert (text.entities[0].type, text.reply_to_message and text.reply_to_message.id) == ("bold", photo.id)


async def test_python_telegram_bot_tells_the_errors_apart(
    tg: TelegramEmulator,
    peer: ptb.Bot,
    alice: User,
    repairs: Group,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PTB_TIMEDELTA", "1")
    tg.fail_next("sendMessage", error=429, retry_after=3)
    with pytest.raises(ptb.error.RetryAfter):
        await peer.send_message(alice.id, "hi")
    tg.garble_next("sendMessage")
    with pytest.raises(ptb.error.NetworkError):
        await peer.send_message(alice.id, "hi")
    await alice.block()
    with pytest.raises(ptb.error.Forbidden):
        await peer.send_message(alice.id, "hi")
    await repairs.migrate()
    with pytest.raises(ptb.error.ChatMigrated):
        await peer.send_message(repairs.id, "hi")
