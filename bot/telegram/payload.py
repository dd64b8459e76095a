"""What Telegram's servers send, read as JSON that the databases can keep."""

from __future__ import annotations

import json
import math
from typing import Any


class NotJson(ValueError):
    """A body that is no JSON, or none that can be kept."""


def read(body: bytes) -> Any:
    """The JSON of a body, without what PostgreSQL cannot keep: NUL, half characters, infinite numbers.

    Raises NotJson.
    """
    try:
        value = _DECODER.decode(body.decode())
        return keepable(value) if b"\\u0000" in body or b"\\ud" in body.lower() else value
    except (ValueError, RecursionError) as error:
        raise NotJson(type(error).__name__) from None


def clean(text: str) -> str:
    """The text without NUL; half a surrogate pair becomes a replacement character."""
    text = text.replace("\0", "")
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def keepable(value: Any) -> Any:
    """The value with all its texts clean."""
    match value:
        case str():
            return clean(value)
        case dict():
            return {clean(key): keepable(one) for key, one in value.items()}
        case list():
            return [keepable(one) for one in value]
        case _:
            return value


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise NotJson("infinite")
    return number


def _refused(constant: str) -> float:
    raise NotJson(constant)


_DECODER = json.JSONDecoder(parse_float=_finite, parse_constant=_refused)
