"""The peer on python-telegram-bot: its ConversationHandler, the ticket saved by SQLAlchemy at the end.

Its documentation forbids `concurrent_updates` with a ConversationHandler, because two updates of one chat
handled at once lose a state: updates are handled one at a time. That is what this peer does by itself.

Tuned, every webhook request awaits `process_update`, a few at once: Telegram sends the next update of a chat
only after the last one was answered, so a chat stays in order while others go on. The more requests its HTTP
client has under way, the longer each takes to find a connection; three at once was the quickest.
"""

import asyncio
import importlib.util
import sys
from types import ModuleType
from typing import Any, cast

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from telegram import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Message, Update
from telegram.ext import (
    Application,
    ApplicationBuilder,
    CallbackQueryHandler,
    CommandHandler,
    ContextTypes,
    ConversationHandler,
    MessageHandler,
    filters,
)

from benchmarks.peers import questions as ask
from benchmarks.peers import settings, tickets, web

AT_ONCE = 3

Context = ContextTypes.DEFAULT_TYPE
REVIEWING = "review"


def keyboard(rows: list[list[tuple[str, str]]]) -> InlineKeyboardMarkup | None:
    if not rows:
        return None
    return InlineKeyboardMarkup(
        [[InlineKeyboardButton(label, callback_data=data) for data, label in row] for row in rows]
    )


KEYBOARDS = {question.key: keyboard(ask.rows(question)) for question in ask.QUESTIONS}
MENU = keyboard([list(ask.MENU)])
REVIEW = keyboard([list(ask.REVIEW)])


def said(update: Update) -> Message:
    assert isinstance(update.effective_message, Message)
    return update.effective_message


def tapped(update: Update) -> CallbackQuery:
    assert update.callback_query is not None
    return update.callback_query


def answers_of(context: Context) -> dict[str, str]:
    answers: dict[str, str] = (context.user_data if context.user_data is not None else {}).setdefault(
        "repair", {}
    )
    return answers


async def put(question: ask.Question, message: Message) -> str:
    await message.reply_text(ask.asked(question), reply_markup=KEYBOARDS[question.key])
    return question.key


async def go_on(question: ask.Question, value: str, message: Message, context: Context) -> str:
    answers = answers_of(context)
    answers[question.key] = value
    after = ask.QUESTIONS.index(question) + 1
    if after < len(ask.QUESTIONS):
        return await put(ask.QUESTIONS[after], message)
    await message.reply_text(ask.review(answers), reply_markup=REVIEW)
    return REVIEWING


async def start(update: Update, context: Context) -> int:
    answers_of(context).clear()
    await said(update).reply_text(ask.GREETING, reply_markup=MENU)
    return ConversationHandler.END


async def report(update: Update, context: Context) -> str:
    answers_of(context).clear()
    await tapped(update).answer()
    return await put(ask.PLACE, said(update))


async def tap(update: Update, context: Context) -> str | None:
    query = tapped(update)
    key, _, value = (query.data or "").partition(":")
    question = next(each for each in ask.QUESTIONS if each.key == key)
    try:
        value = ask.chosen(question, value)
    except ask.Rejected as why:
        await query.answer(str(why))
        return None
    await query.answer()
    return await go_on(question, value, said(update), context)


def typed(question: ask.Question) -> MessageHandler[Context, Any]:
    async def on_text(update: Update, context: Context) -> str | None:
        message = said(update)
        if question.parse is None:
            await message.reply_text(ask.USE_BUTTONS)
            return None
        try:
            value = question.parse(message.text or "")
        except ask.Rejected as why:
            await message.reply_text(str(why))
            return None
        return await go_on(question, value, message, context)

    return MessageHandler(filters.TEXT & ~filters.COMMAND, on_text)


async def photo(update: Update, context: Context) -> str:
    message = said(update)
    return await go_on(ask.PHOTOS, message.photo[-1].file_id, message, context)


async def submit(update: Update, context: Context) -> int:
    sessions: async_sessionmaker[AsyncSession] = context.bot_data["sessions"]
    query = tapped(update)
    answers = answers_of(context)
    number = await tickets.save(sessions, query.from_user.id, query.from_user.full_name, answers)
    answers.clear()
    await query.answer()
    await said(update).reply_text(ask.thanks(number))
    return ConversationHandler.END


async def cancel(update: Update, context: Context) -> int:
    answers_of(context).clear()
    await tapped(update).answer()
    await said(update).reply_text(ask.CANCELLED)
    return ConversationHandler.END


async def stale(update: Update, _: Context) -> None:
    await tapped(update).answer(ask.STALE)


async def otherwise(update: Update, _: Context) -> None:
    await said(update).reply_text(ask.GREETING, reply_markup=MENU)


def conversation() -> ConversationHandler[Context]:
    states: dict[object, list[Any]] = {
        question.key: [CallbackQueryHandler(tap, pattern=f"^{question.key}:"), typed(question)]
        for question in ask.QUESTIONS
    }
    states[ask.PHOTOS.key].append(MessageHandler(filters.PHOTO, photo))
    states[REVIEWING] = [CallbackQueryHandler(submit, pattern="^review:submit$")]
    return ConversationHandler(
        entry_points=[CallbackQueryHandler(report, pattern="^menu:repair$")],
        states=states,
        fallbacks=[
            CommandHandler("start", start),
            CallbackQueryHandler(cancel, pattern="^review:cancel$"),
            CallbackQueryHandler(stale),
        ],
        per_message=False,
    )


def spare_a_search() -> None:
    """httpcore looks for this optional module at every request; where it is absent, each search walks the
    whole path and takes a third of the throughput. Known to be absent, it costs nothing."""
    if importlib.util.find_spec("sniffio") is None:
        sys.modules["sniffio"] = cast(ModuleType, None)


def build(api: str, sessions: async_sessionmaker[AsyncSession]) -> Application[Any, Any, Any, Any, Any, Any]:
    application = (
        ApplicationBuilder()
        .token(settings.TOKEN)
        .base_url(f"{api}/bot")
        .connection_pool_size(AT_ONCE + 1)
        .pool_timeout(60)
        .updater(None)
        .build()
    )
    application.bot_data["sessions"] = sessions
    application.add_handler(conversation())
    application.add_handler(CommandHandler("start", start))
    application.add_handler(CallbackQueryHandler(stale))
    application.add_handler(MessageHandler(filters.ALL, otherwise))
    return application


async def main() -> None:
    given = settings.from_environment()
    engine, sessions = await tickets.open_database(given.database_url)
    application = build(given.api, sessions)

    turns = asyncio.Semaphore(AT_ONCE if given.tuned else 1)
    if given.tuned:
        spare_a_search()

    async def handle(update: dict[str, Any]) -> str | None:
        async with turns:
            await application.process_update(Update.de_json(update, application.bot))
        return None

    async with application:
        await web.serve(given.port, handle)
    await engine.dispose()


if __name__ == "__main__":
    web.run(main)
