"""What the bot asked for: the fields of a call, however they were sent, and the log of all calls."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import BodyPartReader, MultipartReader, StreamReader

from tests.emulators.telegram_errors import JSON, Refused, bad_request
from tests.emulators.telegram_files import MOST_TO_SEND, Upload


@dataclass(slots=True)
class Call:
    """One call of the bot; `status` stays None while there is no answer, and for ever when it was lost."""

    method: str
    params: JSON
    at: float
    time: float
    chat: int | None = None
    files: tuple[str, ...] = ()
    through_webhook: bool = False
    status: int | None = None
    description: str | None = None
    result: Any = None

    def as_dict(self) -> JSON:
        return {
            "method": self.method,
            "params": self.params,
            "at": self.at,
            "time": self.time,
            "chat": self.chat,
            "files": list(self.files),
            "through_webhook": self.through_webhook,
            "status": self.status,
            "description": self.description,
        }


@dataclass(frozen=True, slots=True)
class Params:
    """The fields of one call: JSON values, or the strings of a form; files by the name of their part."""

    method: str = ""
    fields: JSON = field(default_factory=dict)
    files: dict[str, Upload] = field(default_factory=dict)

    def text(self, name: str, default: str = "") -> str:
        value = self.fields.get(name)
        return default if value is None else str(value)

    def integer(self, name: str, default: int | None = None) -> int | None:
        value = self.fields.get(name)
        if value in (None, ""):
            return default
        try:
            return int(value)
        except (TypeError, ValueError):
            raise bad_request(f"{name} must be an integer") from None

    def flag(self, name: str) -> bool:
        return self.fields.get(name) in (True, "true", "True", "1", 1)

    def structure(self, name: str) -> Any:
        """A field that holds an object or a list; in a form it comes as a JSON string."""
        value = self.fields.get(name)
        if not isinstance(value, str):
            return value
        if not value:
            return None
        try:
            return json.loads(value)
        except ValueError:
            raise bad_request(f"can't parse {name} JSON object") from None

    def objects(self, name: str) -> list[JSON] | None:
        value = self.structure(name)
        if value is None:
            return None
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise bad_request(f"can't parse {name}: array of objects expected")
        return value

    def file(self, name: str) -> Upload | str:
        """The file in this field: a part of the form, `attach://part`, a file id or an address."""
        if name in self.files:
            return self.files[name]
        return self.attached(self.fields.get(name), name)

    def attached(self, value: object, name: str) -> Upload | str:
        if not isinstance(value, str) or not value:
            raise bad_request(f"there is no {name} in the request")
        if not value.startswith("attach://"):
            return value
        part = value.removeprefix("attach://")
        if part not in self.files:
            raise bad_request(f'attached file "{part}" not found')
        return self.files[part]

    def chat(self) -> int | None:
        """The chat this call is about, if it names one by number."""
        try:
            return int(self.fields["chat_id"])
        except (KeyError, TypeError, ValueError):
            return None


async def read_fields(headers: Mapping[str, str], stream: StreamReader) -> tuple[JSON, dict[str, Upload]]:
    """The fields and files of a request or of a webhook's answer: JSON, form or multipart."""
    kind = headers.get("Content-Type", "")
    if kind.startswith("multipart/"):
        return await _read_multipart(MultipartReader(headers, stream))
    body = await stream.read()
    if not body.strip():
        return {}, {}
    if kind.startswith("application/x-www-form-urlencoded"):
        return dict(parse_qsl(body.decode(), keep_blank_values=True)), {}
    if "json" not in kind:
        return {}, {}
    return _read_json(body), {}


def _read_json(body: bytes) -> JSON:
    try:
        fields = json.loads(body)
    except ValueError:
        raise bad_request("can't parse request: JSON expected") from None
    if not isinstance(fields, dict):
        raise bad_request("can't parse request: JSON object expected")
    return fields


async def _read_multipart(reader: MultipartReader) -> tuple[JSON, dict[str, Upload]]:
    fields: JSON = {}
    files: dict[str, Upload] = {}
    total = 0
    while (part := await reader.next()) is not None:
        if not isinstance(part, BodyPartReader) or part.name is None:
            continue
        content = bytes(await part.read())
        total += len(content)
        if total > MOST_TO_SEND + 1024 * 1024:
            raise Refused(413, "Request Entity Too Large")
        if part.filename is None:
            fields[part.name] = content.decode()
        else:
            files[part.name] = Upload(part.filename, content, part.headers.get("Content-Type"))
    return fields, files
