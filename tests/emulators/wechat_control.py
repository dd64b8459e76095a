"""Remote control: another process plays the people, and reads what the phones show, over plain JSON."""

import base64
from collections import Counter
from inspect import isawaitable
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.emulators.tencent_errors import JSON
from tests.emulators.wechat_bubbles import Bubble
from tests.emulators.wechat_damage import Damage
from tests.emulators.wechat_pushes import Attempt, Push

if TYPE_CHECKING:
    from tests.emulators.wechat import WechatServer

PERSONAL = {
    *("follow", "unfollow", "scan", "block", "unblock", "say", "sticker", "photo", "voice", "video"),
    *("location", "link", "choose", "pick", "press", "mute", "unmute", "accept", "refuse", "unsubscribe"),
    *("authorize", "send", "cause"),
}
OF_THE_PLATFORM = {
    *("push_to", "route", "add_template", "add_subscription", "idle", "advance", "rotate_key"),
    *("supersede_token", "kill_tokens", "deafen_next", "duplicate_next", "strike", "blacklist"),
    *("fail_next", "drop_next", "lose_answer", "slow_next", "garble_next", "heal"),
}


class Control:
    """The routes under /control. A body holds the arguments of the method that the path names: by name, or
    in order under `args`; `settled` waits until a push has come to its end."""

    def __init__(self, wechat: "WechatServer") -> None:
        self.wechat = wechat

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/control", self.state),
            web.get("/control/people/{name}", self.screen),
            web.post("/control/people/{name}/{action}", self.act),
            web.get("/control/calls", self.calls),
            web.post("/control/{action}", self.command),
        ]

    async def state(self, _: web.Request) -> web.Response:
        pushes = Counter(push.outcome or "on its way" for push in self.wechat.pushes)
        return web.json_response({**self.wechat.settings, "calls": self.wechat.counts, "pushes": pushes})

    async def screen(self, request: web.Request) -> web.Response:
        phone = self.wechat.person(request.match_info["name"])
        shown = [as_dict(bubble) for bubble in phone.bubbles]
        about = {"openid": phone.openid, "following": phone.me.following, "allowance": phone.allowance}
        return web.json_response(about | {"typing": phone.typing, "menu": phone.menu, "bubbles": shown})

    async def calls(self, request: web.Request) -> web.Response:
        path = request.query.get("path")
        calls = [call for call in self.wechat.calls if path in (None, call.path)]
        told = [{"path": call.path, "body": call.body, "errcode": call.errcode} for call in calls]
        return web.json_response(told)

    async def act(self, request: web.Request) -> web.Response:
        phone = self.wechat.person(request.match_info["name"])
        return await self._perform(phone, PERSONAL, request)

    async def command(self, request: web.Request) -> web.Response:
        return await self._perform(self.wechat, OF_THE_PLATFORM, request)

    async def _perform(self, actor: object, allowed: set[str], request: web.Request) -> web.Response:
        action = request.match_info["action"]
        if action not in allowed:
            return refusal(f"unknown: {action}")
        given = await request.json() if request.can_read_body else {}
        wait = given.pop("settled", False)
        try:
            result = getattr(actor, action)(*given.pop("args", []), **self._arguments(given))
            result = await result if isawaitable(result) else result
            if isinstance(result, Push) and wait:
                await result.settled()
        except (TypeError, ValueError, LookupError, RuntimeError, PermissionError, TimeoutError) as wrong:
            return refusal(f"{type(wrong).__name__}: {wrong}")
        return web.json_response(told_of(result))

    def _arguments(self, given: JSON) -> JSON:
        if isinstance(given.get("content"), str):
            given["content"] = base64.b64decode(given["content"])
        if "damage" in given:
            given["damage"] = Damage(given["damage"])
            given["person"] = self.wechat.person(given["person"])
        return given


def refusal(why: str) -> web.Response:
    return web.json_response({"error": why}, status=400)


def told_of(result: object) -> Any:
    match result:
        case Push():
            told = as_dict(result.bubble) if result.bubble else None
            return {"outcome": result.outcome, "why": result.why, "fields": result.fields, "bubble": told}
        case Attempt():
            return {"status": result.status, "answer": result.answer.decode(errors="replace")}
        case str():
            return result
        case _:
            return {}


def as_dict(bubble: Bubble) -> JSON:
    return {
        "kind": bubble.kind,
        "via": bubble.via,
        "text": bubble.text,
        "words": bubble.words,
        "url": bubble.url,
        "facts": bubble.facts,
        "choices": [choice.label for choice in bubble.choices],
        "media": bubble.media.id if bubble.media else None,
    }
