"""The emulated Telegram behaves like the real one, and real bot libraries cannot tell the difference."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import telegram as ptb
import telegram.ext as ptb_ext
from aiogram import Bot, Dispatcher, F, types
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.filters import CommandStart
from aiogram.webhook.aiohttp_server import SimpleRequestHandler
from aiohttp import web

from tests.emulators.telegram import TelegramEmulator

SECRET = "s3cret"


def aiogram_bot(tg: TelegramEmulator) -> Bot:
    return Bot(tg.token, session=AiohttpSession(api=TelegramAPIServer.from_base(tg.url)))


def aiogram_echo() -> Dispatcher:
    dispatcher = Dispatcher()

    @dispatcher.message(CommandStart())
    async def greet(message: types.Message) -> None:
        button = types.InlineKeyboardButton(text="Accept", callback_data="accept:1")
        await message.answer("Welcome", reply_markup=types.InlineKeyboardMarkup(inline_keyboard=[[button]]))

    @dispatcher.message(F.text)
    async def echo(message: types.Message) -> None:
        await message.reply(f"You said {message.text}")

    @dispatcher.message(F.photo)
    async def admire(message: types.Message, bot: Bot) -> None:
        assert message.photo
        content = await bot.download(message.photo[-1])
        assert content
        await message.answer_photo(message.photo[-1].file_id, caption=f"{len(content.read())} bytes")

    @dispatcher.callback_query()
    async def accept(query: types.CallbackQuery) -> None:
        assert isinstance(query.message, types.Message)
        await query.message.edit_text(f"{query.from_user.first_name} took it")
        await query.answer("Yours")

    return dispatcher


def ptb_echo(tg: TelegramEmulator) -> "ptb_ext.Application[Any, Any, Any, Any, Any, Any]":
    async def greet(update: ptb.Update, context: Any) -> None:
        assert update.message
        button = ptb.InlineKeyboardButton("Accept", callback_data="accept:1")
        await update.message.reply_text("Welcome", reply_markup=ptb.InlineKeyboardMarkup([[button]]))

    async def echo(update: ptb.Update, context: Any) -> None:
        assert update.message
        await update.message.reply_text(f"You said {update.message.text}", do_quote=True)

    async def admire(update: ptb.Update, context: Any) -> None:
        assert update.message
        file = await update.message.photo[-1].get_file()
        content = await file.download_as_bytearray()
        await update.message.reply_photo(update.message.photo[-1].file_id, caption=f"{len(content)} bytes")

    async def accept(update: ptb.Update, context: Any) -> None:
        query = update.callback_query
        assert query
        await query.edit_message_text(f"{query.from_user.first_name} took it")
        await query.answer("Yours")

    application = (
        ptb_ext.Application.builder()
        .token(tg.token)
        .base_url(f"{tg.url}/bot")
        .base_file_url(f"{tg.url}/file/bot")
        .build()
    )
    application.add_handler(ptb_ext.CommandHandler("start", greet))
    application.add_handler(ptb_ext.MessageHandler(ptb_ext.filters.TEXT, echo))
    application.add_handler(ptb_ext.MessageHandler(ptb_ext.filters.PHOTO, admire))
    application.add_handler(ptb_ext.CallbackQueryHandler(accept))
    return application


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.asynccontextmanager
async def aiogram_polling(tg: TelegramEmulator) -> AsyncIterator[None]:
    bot, dispatcher = aiogram_bot(tg), aiogram_echo()
    polling = asyncio.create_task(dispatcher.start_polling(bot, handle_signals=False))
    try:
        yield
    finally:
        await dispatcher.stop_polling()
        await polling


@contextlib.asynccontextmanager
async def aiogram_webhook(tg: TelegramEmulator) -> AsyncIterator[None]:
    bot, app = aiogram_bot(tg), web.Application()
    handler = SimpleRequestHandler(aiogram_echo(), bot, handle_in_background=False, secret_token=SECRET)
    handler.register(app, "/hook")
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        await bot.set_webhook(f"http://127.0.0.1:{runner.addresses[0][1]}/hook", secret_token=SECRET)
        yield
        await bot.delete_webhook()
    finally:
        await bot.session.close()
        await runner.cleanup()


@contextlib.asynccontextmanager
async def ptb_polling(tg: TelegramEmulator) -> AsyncIterator[None]:
    async with ptb_echo(tg) as application:
        await application.start()
        assert application.updater
        await application.updater.start_polling(timeout=1)
        yield
        await application.updater.stop()
        await application.stop()


@contextlib.asynccontextmanager
async def ptb_webhook(tg: TelegramEmulator) -> AsyncIterator[None]:
    async with ptb_echo(tg) as application:
        await application.start()
        assert application.updater
        port = free_port()
        url = f"http://127.0.0.1:{port}/hook"
        await application.updater.start_webhook(
            "127.0.0.1", port, url_path="hook", webhook_url=url, secret_token=SECRET
        )
        yield
        await application.updater.stop()
        await application.stop()


Library = Callable[[TelegramEmulator], contextlib.AbstractAsyncContextManager[None]]


@pytest.mark.parametrize("library", [aiogram_polling, aiogram_webhook, ptb_polling, ptb_webhook])
async def test_real_libraries_run_an_unchanged_bot(tg: TelegramEmulator, library: Library) -> None:
    alice = tg.user(1001, "李", language_code="zh-hans")
    async with library(tg):
        await alice.start()
        assert (await alice.wait_for("Welcome")).labels == ["Accept"]

        asked = await alice.send("厨房漏水 👍")
        assert (await alice.wait_for("You said 厨房漏水 👍")).reply_to is asked

        await alice.send_photo(b"not really a picture")
        assert (await alice.wait_for("20 bytes")).photos

        tap = await alice.tap("Accept")
        assert (await tap.answered()).text == "Yours"
        card = await alice.wait_for("李 took it")
        assert (card.edits, card.buttons) == (1, [])
        await tg.idle()
    assert not tg.violations
    assert {call.status for call in tg.calls if call.method != "getUpdates"} == {200}
