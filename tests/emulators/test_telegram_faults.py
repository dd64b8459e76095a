"""Everything that can go wrong between a bot and Telegram can be ordered."""

import asyncio
import time

import aiohttp
import pytest

from tests.emulators.conftest import Api
from tests.emulators.telegram import TelegramEmulator
from tests.emulators.telegram_group import Group
from tests.emulators.telegram_phone import User

CUT = (aiohttp.ClientError, TimeoutError)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (400, "400 Bad Request"),
        (403, "403 Forbidden: bot was blocked by the user"),
        (429, "429 Too Many Requests: retry after 7"),
        (500, "500 Internal Server Error"),
        (502, "502 Bad Gateway"),
    ],
)
async def test_the_next_call_fails_as_ordered(
    tg: TelegramEmulator, api: Api, alice: User, error: int, expected: str
) -> None:
    fault = tg.fail_next("sendMessage", error=error, retry_after=7 if error == 429 else None)
    assert await api.refused("sendMessage", chat_id=alice.id, text="hi") == expected
    assert (fault.hits, alice.from_bot) == (1, [])
    assert (tg.calls[-1].status, tg.calls[-1].description) == (error, expected.partition(" ")[2])


async def test_a_fault_can_be_aimed(tg: TelegramEmulator, api: Api, alice: User, repairs: Group) -> None:
    tg.fail_next(
        "send*",
        chat=repairs,
        skip=1,
        times=2,
        description="as told",
        when=lambda fields: "x" in fields["text"],
    )
    bob = tg.user(1002)
    await bob.start()
    await api.say(bob, "x elsewhere")
    await api.say(repairs, "x first is let by")
    await api.say(repairs, "does not match")
    for _ in range(2):
        assert await api.refused("sendMessage", chat_id=repairs.id, text="x") == "500 as told"
    await api.say(repairs, "x is over")


async def test_a_fault_without_end_is_healed(tg: TelegramEmulator, api: Api, alice: User) -> None:
    tg.fail_next(times=None)
    for _ in range(5):
        assert (await api.refused("getMe")).startswith("500")
    tg.heal()
    assert await api.call("getMe")


async def test_a_migration_can_be_feigned(tg: TelegramEmulator, api: Api, repairs: Group) -> None:
    tg.fail_next("editMessageText", chat=repairs, error=400, migrate_to=-1002)
    answer = await api.answer("editMessageText", chat_id=repairs.id, message_id=1, text="x")
    assert answer["parameters"] == {"migrate_to_chat_id": -1002}


async def test_the_connection_drops_before_anything_happens(
    tg: TelegramEmulator, api: Api, alice: User
) -> None:
    tg.drop_next("sendMessage")
    with pytest.raises(CUT):
        await api.say(alice, "lost")
    assert alice.from_bot == []
    assert tg.calls[-1].status is None
    await api.say(alice, "works again")


async def test_accepted_but_never_answered(tg: TelegramEmulator, api: Api, alice: User) -> None:
    tg.lose_answer("sendMessage", chat=alice)
    with pytest.raises(CUT):
        await api.say(alice, "arrived all the same")
    assert alice.last.text == "arrived all the same"
    assert tg.calls[-1].status is None


async def test_accepted_and_then_silence(tg: TelegramEmulator, api: Api, alice: User) -> None:
    tg.lose_answer("sendMessage", hang=600)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await api.say(alice, "arrived")
    assert alice.last.text == "arrived"


async def test_a_slow_server(tg: TelegramEmulator, api: Api, alice: User) -> None:
    tg.slow_next("sendMessage", seconds=1.0)
    began = time.monotonic()
    await api.say(alice, "at last")
    assert 0.09 < time.monotonic() - began < 1.0


async def test_a_proxy_answers_in_html(tg: TelegramEmulator, api: Api, alice: User) -> None:
    tg.garble_next("sendMessage")
    url = f"{tg.url}/bot{tg.token}/sendMessage"
    async with api.session.post(url, json={"chat_id": alice.id, "text": "x"}) as response:
        assert (response.status, response.content_type) == (502, "text/html")
    assert alice.from_bot == []


async def test_a_download_fails_and_then_works(tg: TelegramEmulator, api: Api, alice: User) -> None:
    photo = await alice.send_photo(b"picture")
    path = (await api.call("getFile", file_id=photo.photos[0]))["file_path"]
    url = f"{tg.url}/file/bot{tg.token}/{path}"
    tg.fail_next("download", error=404)
    tg.drop_next("download", times=2)  # aiohttp itself repeats a GET once
    async with api.session.get(url) as response:
        assert response.status == 404
    with pytest.raises(CUT):
        await api.session.get(url)
    async with api.session.get(url) as response:
        assert await response.read() == b"picture"
    async with api.session.get(url.replace(path, "photos/none.jpg")) as response:
        assert response.status == 404
    async with api.session.get(url.replace(tg.token, "1:wrong")) as response:
        assert response.status == 401
