"""One call of the program, as the methods of WeCom get to see it."""

import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from aiohttp import web

from tests.emulators.tencent_errors import JSON
from tests.emulators.wecom_errors import EMPTY_POST, ESCAPED, Refused
from tests.emulators.wecom_media import Upload

WRONG_JSON = ", Warning: wrong json format. "
UNICODE_ESCAPE = re.compile(r"(?<!\\)(?:\\\\)*\\u(?!00[01])[0-9a-fA-F]{4}")
"""Control characters cannot be written otherwise, so they are let by."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A request: its query, its JSON (empty when it was none, then `warning` says so) and its file."""

    method: str
    query: Mapping[str, str]
    payload: JSON
    upload: Upload | None = None
    refusal: Refused | None = None
    warning: str = ""


@dataclass(slots=True)
class Call:
    """What is remembered of a call; `code` is the errcode, None as long as nobody was told one."""

    method: str
    query: Mapping[str, str]
    payload: JSON
    at: float
    time: float = field(default_factory=time.time)
    code: int | None = None
    answer: JSON = field(default_factory=dict)


Method = Callable[[Ask], JSON | web.StreamResponse]


async def read_ask(method: str, request: web.Request) -> Ask:
    query = dict(request.query)
    if request.content_type == "multipart/form-data":
        return Ask(method, query, {}, await _read_upload(request))
    body = await request.read()
    if request.method != "POST":
        return Ask(method, query, {})
    if not body:
        return Ask(method, query, {}, refusal=Refused(EMPTY_POST))
    return _read_json(method, query, body)


def _read_json(method: str, query: Mapping[str, str], body: bytes) -> Ask:
    """What is no JSON is taken as nothing at all, with a warning (WeCom docs: 全局错误码)."""
    try:
        text = body.decode()
        payload = json.loads(text)
    except ValueError:
        return Ask(method, query, {}, warning=WRONG_JSON)
    if not isinstance(payload, dict):
        return Ask(method, query, {}, warning=WRONG_JSON)
    refusal = Refused(ESCAPED) if UNICODE_ESCAPE.search(text) else None
    return Ask(method, query, payload, refusal=refusal)


async def _read_upload(request: web.Request) -> Upload | None:
    """The part called media, which needs a file's name."""
    media = (await request.post()).get("media")
    if not isinstance(media, web.FileField):
        return None
    return Upload(media.filename, media.file.read())
