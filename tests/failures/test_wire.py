"""An independent library reads all that the program sends: methods, fields and answers are the Bot API's."""

from __future__ import annotations

import inspect
import re
from typing import Any

import telegram as ptb

from tests.emulators.telegram_calls import Call
from tests.failures.conftest import Builder
from tests.failures.shift import begin
from tests.premises import WAIT
from tests.repairing import report

PARTS = {
    "entities": ptb.MessageEntity,
    "caption_entities": ptb.MessageEntity,
    "commands": ptb.BotCommand,
    "link_preview_options": ptb.LinkPreviewOptions,
}


async def test_another_library_understands_all_we_send(builder: Builder) -> None:
    s = await begin(builder, "sqlite")
    number = await report(s.li, photos=2)
    await s.shown(number, "等待接单")
    await s.do("接单")
    await s.wang.wait_for(lambda one: "李雷" in one.words, WAIT)
    await s.shown(number, "已接单")
    await s.do("出发")
    await s.li.wait_for("王建国已出发", WAIT)
    await s.estate.calm()
    async with ptb.Bot(s.estate.tg.token, f"{s.estate.tg.url}/bot", f"{s.estate.tg.url}/file/bot") as peer:
        for call in s.estate.tg.calls:
            _understood(call, peer)
    methods = {call.method for call in s.estate.tg.calls}
    assert methods >= {
        "sendMessage",
        "sendMediaGroup",
        "editMessageText",
        "answerCallbackQuery",
        "setWebhook",
    }


def _understood(call: Call, peer: ptb.Bot) -> None:
    """The fields are parameters of the method, and each part is an object without anything left over."""
    if call.method == "download":
        return
    known = inspect.signature(getattr(peer, _snake(call.method))).parameters
    fields = {name: value for name, value in call.params.items() if name != "method"}
    renamed = {"secret_token", "drop_pending_updates", "allowed_updates", "max_connections", "timeout"}
    assert set(fields) <= set(known) | renamed, call
    for name, value in fields.items():
        if name == "reply_markup":
            _markup(value, peer)
        elif name == "media":
            assert all(ptb.InputMediaPhoto(one["media"]).type == one["type"] for one in value)
        elif name in PARTS:
            for one in value if isinstance(value, list) else [value]:
                _object(PARTS[name], one, peer)
    if isinstance(call.result, dict) and "message_id" in call.result:
        message = ptb.Message.de_json(call.result, peer)
        assert message is not None
        assert message.chat_id == call.chat


def _markup(value: Any, peer: ptb.Bot) -> None:
    if "inline_keyboard" in value:
        _object(ptb.InlineKeyboardMarkup, value, peer)
        for row in value["inline_keyboard"]:
            for button in row:
                parsed = _object(ptb.InlineKeyboardButton, button, peer)
                assert 1 <= len(str(parsed.callback_data).encode()) <= 64
    elif "keyboard" in value:
        keys = [[ptb.KeyboardButton(**key) for key in row] for row in value["keyboard"]]
        others = {name: one for name, one in value.items() if name != "keyboard"}
        assert ptb.ReplyKeyboardMarkup(keys, **others).to_dict().items() >= others.items()
    else:
        assert ptb.ReplyKeyboardRemove().to_dict() == value


def _object(kind: Any, value: Any, peer: ptb.Bot) -> Any:
    parsed = kind.de_json(value, peer)
    assert not set(parsed.api_kwargs) - {"style"}, (kind, parsed.api_kwargs)
    return parsed


def _snake(method: str) -> str:
    return re.sub(r"([A-Z])", r"_\1", method).lower()
