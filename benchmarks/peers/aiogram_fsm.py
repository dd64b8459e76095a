"""The peer on aiogram: its FSM with MemoryStorage, the ticket saved by SQLAlchemy at the end.

Tuned, it answers a tap in the body of the webhook's response instead of by a request of its own.
"""

import json
from typing import Any

from aiogram import Bot, Dispatcher, F, Router
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.filters import CommandStart
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.fsm.storage.memory import MemoryStorage
from aiogram.methods import AnswerCallbackQuery, TelegramMethod
from aiogram.types import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Message
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from benchmarks.peers import questions as ask
from benchmarks.peers import settings, tickets, web

router = Router()


class Repair(StatesGroup):
    place = State()
    trade = State()
    details = State()
    photos = State()
    visit = State()
    phone = State()
    review = State()


STATES = {question.key: state for question, state in zip(ask.QUESTIONS, Repair.__states__, strict=False)}


def keyboard(rows: list[list[tuple[str, str]]]) -> InlineKeyboardMarkup | None:
    if not rows:
        return None
    return InlineKeyboardMarkup(
        inline_keyboard=[
            [InlineKeyboardButton(text=label, callback_data=data) for data, label in row] for row in rows
        ]
    )


KEYBOARDS = {question.key: keyboard(ask.rows(question)) for question in ask.QUESTIONS}
MENU = keyboard([list(ask.MENU)])
REVIEW = keyboard([list(ask.REVIEW)])


async def put(question: ask.Question, message: Message, state: FSMContext) -> None:
    await state.set_state(STATES[question.key])
    await message.answer(ask.asked(question), reply_markup=KEYBOARDS[question.key])


async def go_on(question: ask.Question, value: str, message: Message, state: FSMContext) -> None:
    answers = await state.update_data({question.key: value})
    after = ask.QUESTIONS.index(question) + 1
    if after < len(ask.QUESTIONS):
        await put(ask.QUESTIONS[after], message, state)
        return
    await state.set_state(Repair.review)
    await message.answer(ask.review(answers), reply_markup=REVIEW)


@router.message(CommandStart())
async def start(message: Message, state: FSMContext) -> None:
    await state.clear()
    await message.answer(ask.GREETING, reply_markup=MENU)


@router.callback_query(F.data == "menu:repair", F.message.as_("message"))
async def report(query: CallbackQuery, message: Message, state: FSMContext) -> AnswerCallbackQuery:
    await state.clear()
    await put(ask.PLACE, message, state)
    return query.answer()


def on_tap(question: ask.Question) -> None:
    @router.callback_query(
        STATES[question.key], F.data.startswith(f"{question.key}:"), F.message.as_("message")
    )
    async def tapped(query: CallbackQuery, message: Message, state: FSMContext) -> AnswerCallbackQuery:
        try:
            value = ask.chosen(question, (query.data or "").partition(":")[2])
        except ask.Rejected as why:
            return query.answer(str(why))
        await go_on(question, value, message, state)
        return query.answer()


def on_text(question: ask.Question) -> None:
    @router.message(STATES[question.key], F.text.as_("text"))
    async def typed(message: Message, text: str, state: FSMContext) -> None:
        if question.parse is None:
            await message.answer(ask.USE_BUTTONS)
            return
        try:
            value = question.parse(text)
        except ask.Rejected as why:
            await message.answer(str(why))
            return
        await go_on(question, value, message, state)


for each in ask.QUESTIONS:
    on_tap(each)
    on_text(each)


@router.message(Repair.photos, F.photo)
async def photo(message: Message, state: FSMContext) -> None:
    await go_on(ask.PHOTOS, message.photo[-1].file_id if message.photo else "", message, state)


@router.callback_query(Repair.review, F.data == "review:submit", F.message.as_("message"))
async def submit(
    query: CallbackQuery, message: Message, state: FSMContext, sessions: async_sessionmaker[AsyncSession]
) -> AnswerCallbackQuery:
    number = await tickets.save(
        sessions, query.from_user.id, query.from_user.full_name, await state.get_data()
    )
    await state.clear()
    await message.answer(ask.thanks(number))
    return query.answer()


@router.callback_query(F.data == "review:cancel", F.message.as_("message"))
async def cancel(query: CallbackQuery, message: Message, state: FSMContext) -> AnswerCallbackQuery:
    await state.clear()
    await message.answer(ask.CANCELLED)
    return query.answer()


@router.callback_query()
async def stale(query: CallbackQuery) -> AnswerCallbackQuery:
    return query.answer(ask.STALE)


@router.message()
async def otherwise(message: Message) -> None:
    await message.answer(ask.GREETING, reply_markup=MENU)


async def main() -> None:
    given = settings.from_environment()
    engine, sessions = await tickets.open_database(given.database_url)
    bot = Bot(settings.TOKEN, session=AiohttpSession(api=TelegramAPIServer.from_base(given.api)))
    dispatcher = Dispatcher(storage=MemoryStorage(), sessions=sessions)
    dispatcher.include_router(router)

    async def handle(update: dict[str, Any]) -> str | None:
        result: TelegramMethod[Any] | None = await dispatcher.feed_webhook_update(bot, update)
        if result is None:
            return None
        if not given.tuned:
            await bot(result)
            return None
        return json.dumps(
            {"method": result.__api_method__, **result.model_dump(exclude_none=True, warnings=False)}
        )

    await web.serve(given.port, handle)
    await bot.session.close()
    await engine.dispose()


if __name__ == "__main__":
    web.run(main)
