"""The HTTP server the program talks to: it lets misfortune strike, carries out the call and answers."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from aiohttp import web

from tests.emulators.tencent_clock import Clock, Signal
from tests.emulators.tencent_errors import JSON
from tests.emulators.tencent_errors import Refused as Refusal
from tests.emulators.tencent_faults import Fault, Faults, Mishap
from tests.emulators.wecom_ask import Ask, Call, Method, read_ask
from tests.emulators.wecom_errors import (
    STRANGE_IP,
    WANTS_GET,
    WANTS_POST,
    Refused,
    as_dict,
)
from tests.emulators.wecom_media import Media
from tests.emulators.wecom_tokens import Tokens

OK = {"errcode": 0, "errmsg": "ok"}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A method of the interface: how it is asked for, and whether the app's token has to come with it."""

    verb: str
    run: Method
    token: bool = True


@dataclass(slots=True)
class Server:
    """Serves /cgi-bin/<method>, and pictures at /pic/<media_id>."""

    endpoints: Mapping[str, Endpoint]
    tokens: Tokens
    media: Media
    clock: Clock
    changed: Signal
    faults: Faults
    trusted: bool = True
    calls: list[Call] = field(default_factory=list)

    def routes(self) -> list[web.RouteDef]:
        return [web.route("*", "/cgi-bin/{method:.+}", self.serve), web.get("/pic/{id}", self.serve_picture)]

    async def serve(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        ask = await read_ask(method, request)
        call = self._log(ask)
        fault = self.faults.strike(method, _whom(ask))
        if fault and (answer := await self._suffer(request, call, fault)):
            return answer
        outcome = self._carry_out(request, ask, call, fault)
        if fault and fault.mishap in (Mishap.LOSE, Mishap.HANG):
            call.code = None
            await asyncio.sleep(fault.seconds)
            return hang_up(request)
        return outcome

    async def serve_picture(self, request: web.Request) -> web.StreamResponse:
        """What PicUrl of a colleague's photo leads to."""
        try:
            kept = self.media.find(request.match_info["id"], kind="image")
        except Refused:
            return web.Response(status=404)
        return web.Response(body=kept.content, content_type=kept.mime_type)

    async def _suffer(self, request: web.Request, call: Call, fault: Fault) -> web.StreamResponse | None:
        """What a fault does before the call is carried out; None lets it be carried out."""
        match fault.mishap:
            case Mishap.DROP:
                return hang_up(request)
            case Mishap.GARBLE:
                call.code = 502
                page = "<html><h1>502 Bad Gateway</h1></html>"
                return web.Response(status=502, text=page, content_type="text/html")
            case Mishap.SLOW:
                await asyncio.sleep(fault.seconds)
        return None

    def _carry_out(
        self, request: web.Request, ask: Ask, call: Call, fault: Fault | None
    ) -> web.StreamResponse:
        try:
            if fault and fault.error:
                raise fault.error
            result = self._run(request, ask)
        except Refusal as refusal:
            return self._answer(call, as_dict(refusal, request.remote or "127.0.0.1", ask.warning))
        if isinstance(result, web.StreamResponse):
            call.code = 0
            self.changed.fire()
            return result
        return self._answer(call, OK | result)

    def _run(self, request: web.Request, ask: Ask) -> JSON | web.StreamResponse:
        endpoint = self.endpoints.get(ask.method)
        if endpoint is None:
            return web.Response(status=404, text="404 Not Found")
        if request.method != endpoint.verb:
            raise Refused(WANTS_GET if endpoint.verb == "GET" else WANTS_POST)
        if endpoint.token:
            self.tokens.check(ask.query.get("access_token", ""))
            if not self.trusted:
                raise Refused(STRANGE_IP)
        if ask.refusal:
            raise ask.refusal
        return endpoint.run(ask)

    def _answer(self, call: Call, body: JSON) -> web.Response:
        call.code, call.answer = body["errcode"], body
        self.changed.fire()
        headers = {"Error-Code": str(body["errcode"]), "Error-Msg": body["errmsg"]}
        return web.json_response(body, headers=headers)

    def _log(self, ask: Ask) -> Call:
        query = {name: value for name, value in ask.query.items() if name != "access_token"}
        call = Call(ask.method, query, ask.payload, self.clock.seconds())
        self.calls.append(call)
        return call


def as_download(media: Media, ask: Ask) -> web.StreamResponse:
    """A file as it was, or the usual error in JSON."""
    kept = media.find(ask.query.get("media_id"))
    headers = {"Content-Disposition": f'attachment; filename="{quote(kept.name)}"'}
    return web.Response(body=kept.content, content_type=kept.mime_type, headers=headers)


def hang_up(request: web.Request) -> web.StreamResponse:
    """Close the connection without a word."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def _whom(ask: Ask) -> str:
    """Whom a call is for: a member, a group the app made, or the robot with this key."""
    return str(ask.payload.get("touser") or ask.payload.get("chatid") or ask.query.get("key") or "")
