"""A call of the account's server to WeChat: how it is read, and what is remembered of it."""

import json
import re
import time
from dataclasses import dataclass, field
from typing import Any

from aiohttp import BodyPartReader, web

from tests.emulators.tencent_errors import JSON
from tests.emulators.wechat_errors import refused

_ESCAPE = re.compile(rb"(?<!\\)(?:\\\\)*\\u[0-9a-fA-F]{4}")


@dataclass(slots=True)
class Call:
    """`path` is as in `message/custom/send`, without cgi-bin/ in front; `errcode` None: unanswered."""

    path: str
    verb: str
    query: dict[str, str]
    raw: bytes
    ip: str
    at: float
    phone: str = ""
    body: JSON = field(default_factory=dict)
    uploads: dict[str, bytes] = field(default_factory=dict)
    real: float = field(default_factory=time.time)
    errcode: int | None = None
    result: Any = None

    @property
    def person(self) -> str | None:
        """Whom it is about."""
        openid = self.body.get("touser") or self.query.get("openid")
        return openid if isinstance(openid, str) else None

    def text(self, name: str) -> str:
        return self.query.get(name, "")

    def read_json(self) -> None:
        """Refuse what WeChat does not read: nothing at all, broken JSON, and escapes like \\u4e2d in it."""
        if not self.raw:
            raise refused(44002)
        try:
            readable = isinstance(json.loads(self.raw.decode()), dict)
        except ValueError:
            readable = False
        if not readable:
            raise refused(47001)
        if _ESCAPE.search(self.raw):
            raise refused(40033)


def as_json(raw: bytes) -> JSON:
    """The object in these bytes; empty when there is none."""
    try:
        body = json.loads(raw)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


async def uploads(request: web.Request) -> dict[str, bytes]:
    """The files of a form by the names of their fields; a field without a file name is no file."""
    if not request.content_type.startswith("multipart/"):
        return {}
    found: dict[str, bytes] = {}
    reader = await request.multipart()
    while (part := await reader.next()) is not None:
        if isinstance(part, BodyPartReader) and part.name and part.filename:
            found[part.name] = bytes(await part.read())
    return found
