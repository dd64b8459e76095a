"""The HTTP server that the account's own server calls: misfortune strikes, calls are checked and carried out.

The order of the checks is: the method, the token, the JSON, escapes in it, the account's rights, then what
the interface itself wants to see, and last the quota of the day. Every refusal has HTTP status 200.
"""

import asyncio
import json

from aiohttp import web

from tests.emulators.tencent_errors import Refused
from tests.emulators.tencent_faults import Fault, Faults, Mishap
from tests.emulators.wechat_calls import Call, as_json, uploads
from tests.emulators.wechat_console import CONSOLE
from tests.emulators.wechat_errors import refused
from tests.emulators.wechat_media import MEDIA
from tests.emulators.wechat_menu import MENU
from tests.emulators.wechat_oauth import OAUTH
from tests.emulators.wechat_office import Body, Endpoint, File, Office, Outcome, Redirect
from tests.emulators.wechat_qrcodes import QRCODES
from tests.emulators.wechat_sending import SENDING
from tests.emulators.wechat_users import USERS
from tests.emulators.wechat_world import Kind

ENDPOINTS = CONSOLE | SENDING | MEDIA | MENU | QRCODES | USERS | OAUTH
LABEL = "application/json; encoding=utf-8"
"""What WeChat calls its JSON."""


class Server:
    """Serves /cgi-bin/…, /sns/…, the QR codes of mp, the consent page of open and the pictures of mmbiz."""

    def __init__(self, office: Office, faults: Faults) -> None:
        self.office = office
        self.faults = faults
        self.calls: list[Call] = []

    def routes(self) -> list[web.RouteDef]:
        return [
            web.route("*", "/cgi-bin/{path:.+}", self.serve),
            web.route("*", "/{path:(sns|connect|mmbiz)/.+}", self.serve),
        ]

    async def serve(self, request: web.Request) -> web.StreamResponse:
        call = await self._read(request)
        self.calls.append(call)
        fault = self.faults.strike(call.path, call.person)
        try:
            return await self._serve(request, call, fault)
        finally:
            self.office.world.changed.fire()

    async def _serve(self, request: web.Request, call: Call, fault: Fault | None) -> web.StreamResponse:
        match fault and fault.mishap:
            case Mishap.DROP:
                return hang_up(request)
            case Mishap.GARBLE:
                return web.Response(
                    status=502, text="<html><h1>502 Bad Gateway</h1></html>", content_type="text/html"
                )
            case Mishap.SLOW:
                assert fault is not None
                await asyncio.sleep(fault.seconds)
        outcome = self._outcome(call, fault)
        if fault and fault.mishap in (Mishap.LOSE, Mishap.HANG):
            self.office.world.changed.fire()
            await asyncio.sleep(fault.seconds)
            return hang_up(request)
        call.errcode = outcome.errcode if isinstance(outcome, Refused) else 0
        return as_response(outcome)

    async def _read(self, request: web.Request) -> Call:
        call = Call(
            request.match_info["path"],
            request.method,
            dict(request.query),
            b"",
            request.remote or "",
            self.office.world.clock.seconds(),
            request.headers.get("X-Phone", ""),
        )
        if request.content_type.startswith("multipart/"):
            call.uploads = await uploads(request)
        else:
            call.raw = await request.read()
            call.body = as_json(call.raw)
        return call

    def _outcome(self, call: Call, fault: Fault | None) -> Outcome | Refused:
        try:
            if fault and fault.error:
                raise fault.error
            call.result = self._run(call)
        except Refused as wrong:
            return wrong
        return call.result  # type: ignore[no-any-return]

    def _run(self, call: Call) -> Outcome:
        endpoint = endpoint_of(call.path)
        if endpoint is None:
            return File(b"", "text/plain", status=404)
        self._check(endpoint, call)
        return endpoint.run(self.office, call)

    def _check(self, endpoint: Endpoint, call: Call) -> None:
        expected = "GET" if endpoint.body is Body.NONE else "POST"
        if call.verb != expected:
            raise refused(43001 if expected == "GET" else 43002)
        if not endpoint.open:
            self.office.tokens.check(call.text("access_token"))
        if endpoint.body is Body.JSON:
            call.read_json()
        if endpoint.certified and self.office.world.account.kind is Kind.UNCERTIFIED:
            raise refused(48001)
        if not endpoint.spends:
            self.office.meter.spend(call.path)


def endpoint_of(path: str) -> Endpoint | None:
    """The interface at a path; pictures are found by the beginning of theirs."""
    return ENDPOINTS.get("mmbiz/" if path.startswith("mmbiz/") else path)


def as_response(outcome: Outcome | Refused) -> web.Response:
    match outcome:
        case File():
            headers = {"Content-Type": outcome.mime}
            if outcome.name:
                headers["Content-disposition"] = f'attachment; filename="{outcome.name}"'
            return web.Response(body=outcome.content, headers=headers, status=outcome.status)
        case Redirect():
            return web.Response(status=302, headers={"Location": outcome.url})
        case Refused():
            return as_json_response(outcome.as_dict())
        case _:
            return as_json_response(outcome)


def as_json_response(body: object) -> web.Response:
    response = web.json_response(body, dumps=lambda what: json.dumps(what, ensure_ascii=False))
    response.headers["Content-Type"] = LABEL
    return response


def hang_up(request: web.Request) -> web.StreamResponse:
    """Close the connection without a word."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
