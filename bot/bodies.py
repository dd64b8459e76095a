"""What a vendor delivers is read up to a cap, before anybody looks at what it says."""

from __future__ import annotations

from starlette.types import Receive


class TooLarge(Exception):
    """A body above the cap."""


class Hangup(Exception):
    """The caller went away before the body was complete."""


async def read_body(announced: bytes, receive: Receive, most: int) -> bytes:
    """The whole body of a request; `announced` is its Content-Length. Raises TooLarge, Hangup."""
    if announced.isdigit() and (len(announced) > 9 or int(announced) > most):
        raise TooLarge
    read = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            raise Hangup
        read += message.get("body", b"")
        if len(read) > most:
            raise TooLarge
        more = message.get("more_body", False)
    return bytes(read)
