"""A photo at the address that WeChat names for it, wanted when it can no longer be had by its id."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import urlsplit

import aiohttp

from bot.channel import Temporary, Unacceptable

HOSTS = (".qpic.cn", ".qlogo.cn")
"""Where WeChat keeps the photos of its messages; nothing is ever asked of anybody else."""
PATIENCE = 20.0


def trusted(url: str, base: str = "") -> bool:
    """Whether an address is one of WeChat's picture stores, or of the servers at `base`."""
    if base and url.startswith(f"{base.rstrip('/')}/"):
        return True
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    plain = parts.scheme in ("http", "https") and port in (None, 80, 443) and "@" not in parts.netloc
    return plain and f".{host}".endswith(HOSTS)


async def load_picture(url: str, most: int, base: str = "") -> bytes:
    """The file at an address of WeChat's, if it has at most so many bytes. Raises SendError."""
    if not trusted(url, base):
        raise Unacceptable("no address of WeChat's")
    timeout = aiohttp.ClientTimeout(total=PATIENCE)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as session,
            session.get(url, allow_redirects=False) as response,
        ):
            return await _content(response, most)
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise Temporary(f"picture: {type(error).__name__}") from None


async def _content(response: aiohttp.ClientResponse, most: int) -> bytes:
    if response.status != HTTPStatus.OK or not response.content_type.startswith("image/"):
        raise Unacceptable(f"picture: {response.status} {response.content_type}")
    content = bytearray()
    async for chunk in response.content.iter_chunked(65536):
        content += chunk
        if len(content) > most:
            raise Unacceptable("picture: too large")
    return bytes(content)
