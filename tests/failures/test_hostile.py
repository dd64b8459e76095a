"""Whatever is thrown at the public routes: no 5xx, no growing memory, and nothing of it in the log."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import aiohttp
import psutil
import pytest

from tests.bot.telegram.payloads import NAMES, payload
from tests.estate import PUBLIC, Estate
from tests.failures.conftest import Builder
from tests.premises import WAIT

WEBHOOK = "/telegram/webhook"
READS = (
    *("/", "/healthz", "/readyz", "/metrics", "/web/people", "/web/messages", "/web/live", "/web/media/x"),
    *("/web/static/v/app.js", "/favicon.ico", "/staff", "/nothing", "/telegram/webhook", "/../etc/passwd"),
)
CHANGES = ("/web/enter", "/web/say", "/web/tap", "/web/again", "/web/photos", "/web/locale", "/healthz", "/")
SECRET = "秘密XYZZY-4711"
"""Stands for all personal data: it is in every payload."""
MEGABYTE = 1024 * 1024


async def test_39_five_hundred_payloads(builder: Builder) -> None:
    await _bombarded(builder, "sqlite", 500, seed=39)


@pytest.mark.chaos
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_39_ten_thousand_payloads(kind: str, builder: Builder) -> None:
    await _bombarded(builder, kind, 10_000, seed=random.randrange(10**9))


async def _bombarded(builder: Builder, kind: str, size: int, *, seed: int) -> None:
    print(f"seed {seed}")  # noqa: T201
    estate = await builder.open(kind)
    estate.secrets |= {SECRET, "XYZZY", json.dumps(SECRET).strip('"')}
    dice = random.Random(seed)
    process = psutil.Process(estate.program.pid)
    statuses: Counter[int] = Counter()
    await _throw(estate, dice, max(100, size // 10), statuses)
    before = process.memory_info().rss
    await _throw(estate, dice, size, statuses)
    grown = process.memory_info().rss - before
    assert grown < 48 * MEGABYTE, f"{grown / MEGABYTE:.0f} MB"
    assert not {status for status in statuses if status >= 500}, statuses
    assert statuses[200] > size / 20
    assert statuses[401] > size / 50
    assert await estate.heard() > size / 20, "hardly anything was understood"
    li = await estate.resident("李雷")
    await li.send("我的工单")
    await li.wait_for("目前没有工单", WAIT)
    assert (await estate.program.ready())["inbox_lag"] < 1


async def _throw(estate: Estate, dice: random.Random, size: int, statuses: Counter[int]) -> None:
    timeout = aiohttp.ClientTimeout(30)
    async with aiohttp.ClientSession(estate.program.url, timeout=timeout) as session:
        hook = estate.tg.mail.webhook
        assert hook is not None
        assert hook.url.startswith(PUBLIC)
        for first in range(0, size, 8):
            volley = (_one(session, hook.secret or "", dice) for _ in range(min(8, size - first)))
            statuses.update(await asyncio.gather(*volley))


async def _one(session: aiohttp.ClientSession, secret: str, dice: random.Random) -> int:
    """One request; 0 when the program hung up on it."""
    where = dice.random()
    headers = {"X-Telegram-Bot-Api-Secret-Token": secret if dice.random() < 0.9 else dice.choice(("", "x"))}
    headers["Content-Type"] = dice.choice(("application/json", "text/plain", "multipart/form-data", "x/y"))
    try:
        if where < 0.7:
            return await _status(session, "POST", WEBHOOK, headers, _body(dice))
        if where < 0.85:
            path = dice.choice(READS) + dice.choice(
                ("", f"?chat={SECRET}", "?since=-1", "?before=x&limit=1e9")
            )
            return await _status(session, dice.choice(("GET", "HEAD", "DELETE")), path, _strange(dice), b"")
        return await _status(session, "POST", dice.choice(CHANGES), headers | _strange(dice), _body(dice))
    except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
        return 0


async def _status(
    session: aiohttp.ClientSession, method: str, path: str, headers: dict[str, str], body: bytes
) -> int:
    async with session.request(method, path, headers=headers, data=BytesIO(body)) as response:
        if not response.content_type.startswith("text/event-stream"):
            await response.read()
        return response.status


def _strange(dice: random.Random) -> dict[str, str]:
    return dice.choice(
        (
            {},
            {"Cookie": f"wubu={'A' * 3000}; session={'%00' * 50}"},
            {"Last-Event-ID": "-99999999999999999999"},
            {"Origin": "https://evil.example", "X-Csrf-Token": "x" * 2000},
            {"Accept-Language": "xx-" + "y" * 1000},
            {"Range": "bytes=5-1", "If-None-Match": '"' + "z" * 500 + '"'},
        )
    )


def _body(dice: random.Random) -> bytes:
    match dice.randrange(10):
        case 0:
            return dice.randbytes(dice.randrange(2000)) + SECRET.encode()
        case 1:
            whole = json.dumps(_update(dice)).encode()
            return whole[: dice.randrange(len(whole))]
        case 2:
            return b"[" * dice.randrange(1, 60_000) + json.dumps(SECRET).encode()
        case 3 if dice.random() < 0.2:
            return json.dumps({"update_id": 1, "message": SECRET * (MEGABYTE // 8)}).encode()
        case 4:
            return dice.choice((b"", b"null", b"NaN", b'{"update_id": 1e999}', b'"\\ud800"', b"\xff\xfe{}"))
        case 5:
            return json.dumps({SECRET: SECRET, "chat": "x", "key": "k" * 500, "text": SECRET * 500}).encode()
        case _:
            return json.dumps(_update(dice)).encode()


def _update(dice: random.Random) -> Any:
    """A true update, of a new number, with some of its leaves replaced by something absurd."""
    update = payload(dice.choice(NAMES))
    update["update_id"] = dice.randrange(2**40)
    places = list(_leaves(update))
    for holder, key in dice.sample(places, min(len(places), dice.randrange(4))):
        holder[key] = _absurd(dice)
    for holder, key in places:
        if key in ("text", "caption", "first_name", "title") and isinstance(holder[key], str):
            holder[key] = f"{SECRET} {holder[key]}"
    return update


def _leaves(value: Any) -> Iterator[tuple[Any, Any]]:
    entries = value.items() if isinstance(value, dict) else enumerate(value)
    for key, one in entries:
        yield value, key
        if isinstance(one, dict | list):
            yield from _leaves(one)


def _absurd(dice: random.Random) -> Any:
    return dice.choice(
        (
            *(
                None,
                True,
                -1,
                0,
                2**63,
                -(2**63) - 1,
                10**40,
                1.5,
                "",
                SECRET,
                "\x00\x01",
                "\ud800",
                "🙂" * 5000,
            ),
            *(
                [],
                {},
                [[]],
                {"": ""},
                [SECRET] * 100,
                {SECRET: {SECRET: SECRET}},
                "/" + "a" * 300,
                "/start " + SECRET,
            ),
        )
    )
