"""Remote control: another process plays the people, and reads what the phones show, over plain JSON."""

import base64
from collections import Counter
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.emulators.telegram_errors import JSON
from tests.emulators.telegram_group import Group
from tests.emulators.telegram_phone import Tap, User
from tests.emulators.telegram_rooms import Message
from tests.emulators.telegram_screen import Screen
from tests.emulators.telegram_world import Toast

if TYPE_CHECKING:
    from tests.emulators.telegram import TelegramEmulator

PERSONAL = {
    *("start", "send", "send_photo", "send_album", "send_document", "send_contact", "send_location"),
    *(
        "send_sticker",
        "send_voice",
        "send_video",
        "send_video_note",
        "send_raw",
        "edit",
        "delete",
        "tap",
        "press",
    ),
    *("block", "unblock", "delete_account", "join", "leave"),
}
OF_GROUPS = {"add_bot", "remove_bot", "promote", "migrate"}
MISFORTUNES = {"fail_next", "drop_next", "lose_answer", "slow_next", "garble_next", "duplicate_next"}
MISFORTUNES |= {"hold", "release", "heal"}


class Control:
    """The routes under /control. A body holds the arguments of the method that the path names."""

    def __init__(self, emulator: "TelegramEmulator") -> None:
        self.emulator = emulator

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/control", self.state),
            web.post("/control/users", self.add_user),
            web.post("/control/users/{id}/{action}", self.act),
            web.get("/control/users/{id}/toasts", self.toasts),
            web.post("/control/groups", self.add_group),
            web.post("/control/groups/{id}/{action}", self.act_in_group),
            web.get("/control/chats/{id}/messages", self.messages),
            web.get("/control/calls", self.calls),
            web.post("/control/push", self.push),
            web.post("/control/idle", self.idle),
            web.post("/control/clock", self.advance),
            web.post("/control/faults/{action}", self.misfortune),
        ]

    async def state(self, _: web.Request) -> web.Response:
        tg = self.emulator
        counts = Counter(call.method for call in tg.calls)
        return web.json_response(
            {
                "bot": tg.bot.as_dict(),
                "pending": len(tg.mail.waiting),
                "calls": dict(counts),
                "violations": [violation_dict(violation) for violation in tg.violations],
                "webhook": tg.mail.webhook.url if tg.mail.webhook else None,
            }
        )

    async def add_user(self, request: web.Request) -> web.Response:
        given = await request.json()
        user = self.emulator.user(int(given.pop("id")), **given)
        return web.json_response(user.person.as_dict())

    async def add_group(self, request: web.Request) -> web.Response:
        given = await request.json()
        group = self.emulator.group(int(given["id"]), str(given.get("title", "Group")))
        return web.json_response(group.room.as_dict())

    async def act(self, request: web.Request) -> web.Response:
        user = self.emulator.user(int(request.match_info["id"]))
        return await self._perform(user, PERSONAL, request)

    async def act_in_group(self, request: web.Request) -> web.Response:
        group = self.emulator.group(int(request.match_info["id"]))
        return await self._perform(group, OF_GROUPS, request)

    async def misfortune(self, request: web.Request) -> web.Response:
        action, given = request.match_info["action"], await body_of(request)
        if action not in MISFORTUNES:
            return refusal(f"unknown: {action}")
        getattr(self.emulator, action)(**given)
        return web.json_response({})

    async def toasts(self, request: web.Request) -> web.Response:
        user = self.emulator.user(int(request.match_info["id"]))
        return web.json_response([toast_dict(toast) for toast in user.toasts])

    async def messages(self, request: web.Request) -> web.Response:
        room = self.emulator.world.rooms.get(int(request.match_info["id"]))
        if room is None:
            return refusal("no such chat")
        screen = Screen(self.emulator.line, room)
        keyboard = [[key.text for key in row] for row in screen.keyboard]
        shown = [message_dict(message) for message in screen.history]
        return web.json_response({"messages": shown, "keyboard": keyboard})

    async def calls(self, request: web.Request) -> web.Response:
        method, since = request.query.get("method"), int(request.query.get("since", 0))
        calls = [call for call in self.emulator.calls[since:] if method in (None, call.method)]
        return web.json_response({"count": len(calls), "calls": [call.as_dict() for call in calls]})

    async def push(self, request: web.Request) -> web.Response:
        return web.json_response(await self.emulator.push(await request.json()))

    async def idle(self, request: web.Request) -> web.Response:
        try:
            await self.emulator.idle(**await body_of(request))
        except TimeoutError as late:
            return web.json_response({"error": str(late)}, status=504)
        return web.json_response({})

    async def advance(self, request: web.Request) -> web.Response:
        self.emulator.clock.advance(float((await request.json())["advance"]))
        return web.json_response({})

    async def _perform(self, actor: User | Group, allowed: set[str], request: web.Request) -> web.Response:
        action = request.match_info["action"]
        if action not in allowed:
            return refusal(f"unknown: {action}")
        try:
            result = await getattr(actor, action)(**self._arguments(await body_of(request)))
        except (TypeError, LookupError, RuntimeError) as wrong:
            return refusal(f"{type(wrong).__name__}: {wrong}")
        return web.json_response(result_dict(result))

    def _arguments(self, given: JSON) -> JSON:
        for name in ("chat", "group"):
            if name in given:
                given[name] = self.emulator.group(int(given[name]))
        for name in ("by", "user"):
            if name in given:
                given[name] = self.emulator.user(int(given[name]))
        if isinstance(given.get("content"), str):
            given["content"] = base64.b64decode(given["content"])
        return given


async def body_of(request: web.Request) -> JSON:
    body = await request.json() if request.can_read_body else {}
    assert isinstance(body, dict)
    return body


def refusal(why: str) -> web.Response:
    return web.json_response({"error": why}, status=400)


def message_dict(message: Message) -> JSON:
    return {
        "id": message.id,
        "from_bot": message.from_bot,
        "text": message.text,
        "caption": message.caption,
        "photos": message.photos,
        "buttons": [[button.text for button in row] for row in message.buttons],
        "edits": message.edits,
        "reply_to": message.reply_to.id if message.reply_to else None,
        "deleted": message.deleted,
        "message": message.as_dict(),
    }


def toast_dict(toast: Toast) -> JSON:
    return {"text": toast.text, "show_alert": toast.show_alert, "data": toast.data, "url": toast.url}


def violation_dict(violation: Any) -> JSON:
    return {
        "method": violation.method,
        "chat": violation.chat,
        "at": violation.at,
        "banned": violation.banned,
    }


def result_dict(result: object) -> Any:
    match result:
        case Message():
            return message_dict(result)
        case list():
            return [result_dict(item) for item in result]
        case Tap():
            return {"query_id": result.query.id, "data": result.query.data}
        case Group():
            return result.room.as_dict()
        case _:
            return {}
