"""The way to people on Telegram: posts, edits, answers to taps, and the photos they sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import structlog
from aiogram import Bot

from bot.channel import Gone, PartlySent, SendError, Temporary, Unacceptable, Uncertain
from bot.photos import Load, nothing_stored
from bot.telegram import outgoing
from bot.telegram.api import BotApi
from bot.telegram.errors import BadFile, OtherKind, TooLate, Unchanged
from bot.telegram.outgoing import Call
from bot.telegram.updates import MOST_BYTES, NAME
from handlers.cutting import in_units, shortened
from handlers.envelopes import Capabilities, Outgoing, Picture

LONGEST_TOAST = 200
"""In UTF-16 units (Bot API, answerCallbackQuery)."""

log: structlog.stdlib.BoundLogger = structlog.get_logger()


class TelegramChannel:
    """One bot. `username` is known after `setup.introduce`."""

    name = NAME
    capabilities = Capabilities(NAME, contact=True)

    def __init__(self, bot: Bot, load: Load = nothing_stored, *, patience: float = 30.0) -> None:
        self.bot = str(bot.id)
        self.username = ""
        self.client = bot
        self.api = BotApi(bot, patience=patience)
        self._load = load
        self._keyboards: set[str] = set()

    def split(self, message: Outgoing) -> tuple[Outgoing, ...]:
        return outgoing.split(message)

    async def send(self, chat: str, message: Outgoing) -> str:
        parts = self.split(message)
        if not parts:
            raise Unacceptable("nothing to say")
        sent = ""
        for number, part in enumerate(parts):
            try:
                sent = await self._post(_number(chat), part)
            except SendError as why:
                if number:
                    raise PartlySent(why, parts[number:]) from why
                raise
        return sent

    async def edit(self, chat: str, message_id: str, message: Outgoing) -> None:
        asks_contact = message.contact and outgoing.is_private(chat)
        if asks_contact or not outgoing.fits_text(message) or not message_id.isdecimal():
            raise Gone("cannot be shown by an edit")
        captioned = len(message.pictures) == 1 and outgoing.fits_caption(message)
        ways = (outgoing.edit_caption, outgoing.edit_text)
        first, second = ways if captioned else reversed(ways)
        try:
            await self._change(first(_number(chat), message_id, message))
        except OtherKind:
            await self._change_other(second(_number(chat), message_id, message), message)

    async def fetch(self, source: str) -> bytes:
        """Raises Unacceptable above 20 MB, Temporary when it may work another time."""
        try:
            file = await self.api.call("getFile", {"file_id": source})
        except Uncertain as why:
            raise Temporary(str(why)) from why
        path = file.get("file_path") if isinstance(file, dict) else None
        if not isinstance(path, str):
            raise Temporary("getFile: no path")
        return await self.api.download(path, MOST_BYTES)

    async def answer_tap(self, tap: str, text: str = "") -> None:
        """Stop the spinner on the tapped button and show a remark. A failure is only logged."""
        answer = tap_answer(tap, text)
        try:
            await self.api.call("answerCallbackQuery", answer)
        except TooLate:
            log.info("tap_answered_too_late")
        except SendError as why:
            log.warning("tap_not_answered", why=str(why))

    async def _post(self, chat: str, part: Outgoing) -> str:
        clears = chat in self._keyboards
        call = outgoing.post(chat, part, self._named, clears=clears)
        try:
            result = await self.api.call(call.method, call.fields, await self._files(part, self._reused))
        except BadFile:
            result = await self._post_otherwise(chat, part, clears)
        self._remember_keyboard(chat, call.fields)
        return _posted(result)

    async def _post_otherwise(self, chat: str, part: Outgoing, clears: bool) -> Any:
        """A file id that will not do is replaced by our own copy; what has words goes without its photo."""
        if any(self._reused(picture) for picture in part.pictures):
            call = outgoing.post(chat, part, _attached, clears=clears)
            try:
                return await self.api.call(call.method, call.fields, await self._files(part, _never))
            except Unacceptable:
                log.warning("photo_refused_twice")
        if not part.pictures or not (part.text or part.title):
            raise BadFile("the photo will not do")
        plain = Outgoing(part.text, part.title, part.buttons, contact=part.contact, mention=part.mention)
        call = outgoing.post(chat, plain, _attached, clears=clears)
        return await self.api.call(call.method, call.fields)

    async def _change(self, call: Call) -> None:
        """An edit can be repeated safely, so that an answer that never came is no riddle."""
        try:
            await self.api.call(call.method, call.fields)
        except Unchanged:
            return
        except Uncertain as why:
            raise Temporary(str(why)) from why

    async def _change_other(self, call: Call, message: Outgoing) -> None:
        if call.method == "editMessageCaption" and not outgoing.fits_caption(message):
            raise Gone("too long for the caption it would have to be")
        try:
            await self._change(call)
        except OtherKind as why:
            raise Gone(str(why)) from why

    async def _files(self, part: Outgoing, has_id: Callable[[Picture], bool]) -> Mapping[str, bytes]:
        wanted = [picture for picture in part.pictures if not has_id(picture)]
        try:
            return {_part_name(picture): await self._load(picture.attachment) for picture in wanted}
        except Unacceptable as why:
            raise BadFile(str(why)) from why

    def _named(self, picture: Picture) -> str:
        return picture.source if self._reused(picture) else _attached(picture)

    def _reused(self, picture: Picture) -> bool:
        return outgoing.reused(picture, self.bot)

    def _remember_keyboard(self, chat: str, fields: Mapping[str, Any]) -> None:
        """A keyboard stays up until a message without buttons can take it away."""
        markup = fields.get("reply_markup", {})
        if "keyboard" in markup:
            self._keyboards.add(chat)
        elif "remove_keyboard" in markup:
            self._keyboards.discard(chat)


def tap_answer(tap: str, text: str) -> dict[str, Any]:
    """The fields of answerCallbackQuery."""
    answer: dict[str, Any] = {"callback_query_id": tap}
    return answer | ({"text": shortened(text, LONGEST_TOAST, in_units)} if text else {})


def _attached(picture: Picture) -> str:
    return f"attach://{_part_name(picture)}"


def _part_name(picture: Picture) -> str:
    return f"photo{picture.attachment}"


def _never(picture: Picture) -> bool:
    return False


def _number(chat: str) -> str:
    """Raises Unacceptable when it is no address of Telegram's."""
    if not chat.removeprefix("-").isdecimal():
        raise Unacceptable("not a Telegram chat")
    return chat


def _posted(result: Any) -> str:
    """The id of what was posted; an album goes by its first photo."""
    message = result[0] if isinstance(result, list) and result else result
    number = message.get("message_id") if isinstance(message, dict) else None
    if not isinstance(number, int):
        raise Uncertain("posted, but under no id")
    return str(number)
