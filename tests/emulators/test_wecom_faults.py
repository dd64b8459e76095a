"""Everything that can go wrong between a program and WeCom can be ordered."""

import asyncio
import time
from collections.abc import AsyncIterator

import aiohttp
import pytest

from tests.emulators.wecom import Robot, WecomServer
from tests.emulators.wecom_peer import Client

CUT = (aiohttp.ClientError, TimeoutError)


@pytest.fixture
async def wecom() -> AsyncIterator[WecomServer]:
    async with WecomServer() as server:
        yield server


@pytest.fixture
async def client(wecom: WecomServer) -> AsyncIterator[Client]:
    async with Client(wecom) as one:
        yield one


@pytest.fixture
def robot(wecom: WecomServer) -> Robot:
    return wecom.robot()


@pytest.mark.parametrize(
    ("errcode", "words"),
    [
        (-1, "system error"),
        (45009, "api freq out of limit"),
        (45033, "api concurrent out of limit"),
        (42001, "access_token expired"),
    ],
)
async def test_the_next_calls_fail_as_ordered(
    wecom: WecomServer, client: Client, errcode: int, words: str
) -> None:
    wang = wecom.member("wang")
    fault = wecom.fail_next("message/*", errcode=errcode, times=2)
    for _ in range(2):
        answer = await client.send("wang", "text", content="hi")
        assert (answer["errcode"], answer["errmsg"].partition(",")[0]) == (errcode, words)
    assert (fault.hits, wang.messages) == (2, [])
    assert (await client.send("wang", "text", content="hi"))["errcode"] == 0
    assert [call.code for call in wecom.calls_of("message/send")] == [errcode, errcode, 0]


async def test_a_fault_can_be_aimed_and_healed(wecom: WecomServer, client: Client, robot: Robot) -> None:
    another = wecom.robot()
    wecom.fail_next("webhook/send", errcode=93004, person=robot.key, skip=1, times=None)
    assert await client.say(another.key, "elsewhere") == 0
    assert await client.say(robot.key, "the first is let by") == 0
    assert await client.say(robot.key, "refused") == 93004
    wecom.heal()
    assert await client.say(robot.key, "well") == 0


async def test_the_connection_drops_before_anything_happens(
    wecom: WecomServer, client: Client, robot: Robot
) -> None:
    wecom.drop_next("webhook/send")
    with pytest.raises(CUT):
        await client.say(robot.key, "lost")
    assert (robot.group.messages, wecom.calls[-1].code) == ([], None)
    assert await client.say(robot.key, "works again") == 0


async def test_taken_but_never_answered(wecom: WecomServer, client: Client, robot: Robot) -> None:
    wecom.lose_answer("webhook/send")
    with pytest.raises(CUT):
        await client.say(robot.key, "here")
    assert (robot.group.last.words, wecom.calls[-1].code) == ("here", None)
    wecom.lose_answer("webhook/send", hang=9)
    with pytest.raises(CUT):
        await asyncio.wait_for(client.say(robot.key, "there"), 0.1)
    assert robot.group.last.words == "there"


async def test_a_slow_answer(wecom: WecomServer, client: Client, robot: Robot) -> None:
    wecom.slow_next("webhook/send", seconds=0.1)
    begun = time.monotonic()
    assert await client.say(robot.key, "hi") == 0
    assert time.monotonic() - begun >= 0.09


async def test_a_page_instead_of_an_answer(wecom: WecomServer, robot: Robot) -> None:
    wecom.garble_next("webhook/send")
    async with aiohttp.ClientSession() as session, session.post(robot.url, json={}) as response:
        assert (response.status, response.content_type) == (502, "text/html")
    assert robot.group.messages == []


async def test_an_unknown_method_is_no_page(wecom: WecomServer) -> None:
    url = f"{wecom.url}/cgi-bin/no/such"
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        assert response.status == 404


async def test_waiting_for_calls_and_words(wecom: WecomServer, client: Client, robot: Robot) -> None:
    waiting = asyncio.gather(wecom.called("webhook/send", times=2), robot.group.wait_for("二", after=None))
    await client.say(robot.key, "一")
    await client.say(robot.key, "二")
    calls, shown = await waiting
    assert [call.payload["text"]["content"] for call in calls] == ["一", "二"]
    assert calls[0].query == {"key": robot.key}
    with pytest.raises(TimeoutError, match="'二' never came; < 一"):
        await robot.group.wait_for("二", timeout=0.01, after=shown)
