"""The HTTP server the bot talks to: it lets misfortune strike, carries out the call and answers."""

import contextlib
import time
from inspect import isawaitable
from typing import Any

import aiohttp
from aiohttp import web

from tests.emulators.telegram_calls import Call, Params, read_fields
from tests.emulators.telegram_chats import CHATS
from tests.emulators.telegram_editing import EDITING
from tests.emulators.telegram_errors import JSON, Refused
from tests.emulators.telegram_faults import Fault, Faults, Mishap
from tests.emulators.telegram_limits import EVERYWHERE
from tests.emulators.telegram_office import Office
from tests.emulators.telegram_profile import PROFILE
from tests.emulators.telegram_sending import SENDING
from tests.emulators.telegram_updates import UPDATES

METHODS = {name.lower(): (name, run) for name, run in (SENDING | EDITING | CHATS | PROFILE | UPDATES).items()}


class Server:
    """Serves /bot<token>/<method> and /file/bot<token>/<path>."""

    def __init__(self, office: Office, token: str, faults: Faults, *, keep_calls: bool = True) -> None:
        self.office = office
        self.token = token
        self.faults = faults
        self.calls: list[Call] = []
        self.keep_calls = keep_calls
        self.acted = 0

    def routes(self) -> list[web.RouteDef]:
        return [
            web.route("*", "/bot{token}/{method}", self.serve_call),
            web.get("/file/bot{token}/{path:.+}", self.serve_file),
        ]

    async def serve_call(self, request: web.Request) -> web.StreamResponse:
        if request.match_info["token"] != self.token:
            return as_response(Refused(401, "Unauthorized"))
        method = request.match_info["method"]
        try:
            fields, files = await read_fields(request.headers, request.content)
        except Refused as refused:
            return as_response(refused)
        params = Params(method, dict(request.query) | fields, files)
        return await self._serve(request, params)

    async def serve_file(self, request: web.Request) -> web.StreamResponse:
        if request.match_info["token"] != self.token:
            return as_response(Refused(401, "Unauthorized"))
        path = request.match_info["path"]
        params = Params("download", {"path": path})
        call = self._log(params)
        fault = self.faults.strike("download", None, params.fields)
        if fault and (answer := await self._suffer(request, params, call, fault)):
            return answer
        stored = self.office.world.files.by_path(path)
        if stored is None:
            return as_response(self._note(call, Refused(404, "Not Found")))
        call.status = 200
        return web.Response(body=stored.bytes_to_serve(), content_type="application/octet-stream")

    async def take_webhook_answer(self, response: aiohttp.ClientResponse) -> None:
        """A bot may put one call into its answer to the webhook; nobody tells it how that went."""
        with contextlib.suppress(Refused, aiohttp.ClientError, UnicodeDecodeError):
            fields, files = await read_fields(response.headers, response.content)
            method = fields.pop("method", None)
            if isinstance(method, str) and method:
                params = Params(method, fields, files)
                call = self._log(params, through_webhook=True)
                fault = self.faults.strike(method, params.chat(), fields)
                if fault is None or fault.mishap not in (Mishap.DROP, Mishap.GARBLE):
                    await self._carry_out(params, call, fault)

    async def _serve(self, request: web.Request, params: Params) -> web.StreamResponse:
        call = self._log(params)
        fault = self.faults.strike(params.method, params.chat(), params.fields)
        if fault and (answer := await self._suffer(request, params, call, fault)):
            return answer
        outcome = await self._carry_out(params, call, fault)
        if fault and fault.mishap in (Mishap.LOSE, Mishap.HANG):
            call.status = None
            return await self._leave_unanswered(request, fault)
        return as_response(outcome)

    async def _suffer(
        self, request: web.Request, params: Params, call: Call, fault: Fault
    ) -> web.StreamResponse | None:
        """What a fault does before the call is carried out; None lets it be carried out."""
        match fault.mishap:
            case Mishap.DROP:
                return hang_up(request)
            case Mishap.GARBLE:
                call.status = 502
                return web.Response(
                    status=502, text="<html><h1>502 Bad Gateway</h1></html>", content_type="text/html"
                )
            case Mishap.SLOW:
                await self.office.world.clock.sleep(fault.seconds)
            case Mishap.REFUSE if params.method == "download":
                assert fault.error is not None
                return as_response(self._note(call, fault.error))
        return None

    async def _leave_unanswered(self, request: web.Request, fault: Fault) -> web.StreamResponse:
        if fault.mishap is Mishap.HANG:
            await self.office.world.clock.sleep(fault.seconds)
        return hang_up(request)

    async def _carry_out(self, params: Params, call: Call, fault: Fault | None) -> Any:
        try:
            if fault and fault.error:
                self._ban_by(fault.error, call)
                raise fault.error
            result = await self._run(params)
        except Refused as refused:
            return self._note(call, refused)
        call.status, call.result = 200, result
        self.office.world.changed.fire()
        return result

    async def _run(self, params: Params) -> Any:
        known = METHODS.get(params.method.lower())
        if known is None:
            raise Refused(404, "Not Found: method not found")
        name, run = known
        result = run(self.office, Params(name, params.fields, params.files))
        return await result if isawaitable(result) else result

    def _ban_by(self, refused: Refused, call: Call) -> None:
        retry_after = (refused.parameters or {}).get("retry_after")
        if retry_after:
            self.office.meter.refuse_banned(call.chat or EVERYWHERE, call.method)
            self.office.meter.ban(call.chat or EVERYWHERE, retry_after)

    def _log(self, params: Params, *, through_webhook: bool = False) -> Call:
        clock = self.office.world.clock
        name = METHODS.get(params.method.lower(), (params.method,))[0]
        call = Call(
            name,
            params.fields,
            clock.seconds(),
            time.time(),
            params.chat(),
            tuple(params.files),
            through_webhook,
        )
        self.acted += name != "getUpdates"
        if self.keep_calls:
            self.calls.append(call)
        return call

    def _note(self, call: Call, refused: Refused) -> Refused:
        call.status, call.description = refused.code, refused.description
        self.office.world.changed.fire()
        return refused


def as_response(outcome: Any) -> web.Response:
    if isinstance(outcome, Refused):
        return web.json_response(outcome.as_dict(), status=outcome.code)
    body: JSON = {"ok": True, "result": outcome}
    return web.json_response(body)


def hang_up(request: web.Request) -> web.StreamResponse:
    """Close the connection without a word."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
