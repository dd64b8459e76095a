"""WeCom opens as far as it is set up, and nothing of it keeps the house from opening."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest
from structlog.testing import capture_logs

from bot.budget import ROBOT, WECOM
from bot.media import MediaStore
from bot.reception import Reception
from bot.settings import Settings
from bot.wecom import door as doors
from bot.wecom.door import PATH, WecomDoor
from handlers.envelopes import Outgoing
from handlers.texts import Texts
from models.database import Database
from tests.emulators.wecom import Colleague, WecomServer

NOBODY = cast(Reception, object())


class Opener:
    """Makes doors for settings, and closes them."""

    def __init__(self, wecom: WecomServer, database: Database, folder: Path) -> None:
        self._wecom, self._database = wecom, database
        self._store = MediaStore(f"file://{folder}")
        self.opened: list[WecomDoor] = []

    def __call__(self, **settings: Any) -> WecomDoor:
        given = Settings.model_construct(wecom_api=self._wecom.url, **settings)
        door = WecomDoor.of(given, self._database, cast(Texts, None), self._store)
        self.opened.append(door)
        return door

    @property
    def app(self) -> dict[str, str]:
        wecom = self._wecom
        return {
            "wecom_corpid": wecom.corpid,
            "wecom_secret": wecom.secret,
            "wecom_agentid": str(wecom.agentid),
        }

    @property
    def callback(self) -> dict[str, str]:
        return self.app | {"wecom_token": self._wecom.token, "wecom_aes_key": self._wecom.aes_key}


@pytest.fixture
async def open_door(wecom: WecomServer, database: Database, tmp_path: Path) -> AsyncIterator[Opener]:
    opener = Opener(wecom, database, tmp_path)
    yield opener
    for door in opener.opened:
        await door.close()


async def test_robots_need_no_setting(open_door: Opener, wecom: WecomServer) -> None:
    door = open_door()
    assert [(channel.name, channel.bot) for channel in door.channels] == [("robot", "wecom")]
    assert door.webhooks(NOBODY) == {}
    robot = wecom.robot()
    await door.robot.send(robot.key, Outgoing("漏水"))
    assert robot.group.last.text == "漏水"


@pytest.mark.parametrize("missing", ["wecom_corpid", "wecom_secret", "wecom_agentid"])
async def test_the_app_needs_all_of_its_settings(open_door: Opener, missing: str) -> None:
    door = open_door(**{name: value for name, value in open_door.callback.items() if name != missing})
    assert len(door.channels) == 1
    assert door.webhooks(NOBODY) == {}


async def test_the_app_can_speak_before_it_can_listen(
    open_door: Opener, wecom: WecomServer, wang: Colleague
) -> None:
    door = open_door(**open_door.app)
    assert [(channel.name, channel.bot) for channel in door.channels][1] == (
        "wecom",
        f"{wecom.corpid}.{wecom.agentid}",
    )
    assert door.webhooks(NOBODY) == {}
    assert door.app is not None
    await door.app.send("wang", Outgoing("漏水"))
    assert wang.last.text == "漏水"
    assert list(open_door(**open_door.callback).webhooks(NOBODY)) == [PATH]


async def test_a_key_that_is_none_is_refused_at_the_start(open_door: Opener) -> None:
    door = open_door(**open_door.callback | {"wecom_aes_key": "short"})
    with pytest.raises(ValueError, match="EncodingAESKey"):
        door.webhooks(NOBODY)


async def test_two_keys_open_what_was_locked_with_either(open_door: Opener) -> None:
    keys = f"{'a' * 43}, {open_door.callback['wecom_aes_key']}"
    assert PATH in open_door(**open_door.callback | {"wecom_aes_key": keys}).webhooks(NOBODY)


async def run(door: WecomDoor, event: str) -> list[Any]:
    """The log of a door from its opening until it has said something."""
    stop = asyncio.Event()
    with capture_logs() as logs:
        running = asyncio.create_task(door.run(NOBODY, stop))
        async with asyncio.timeout(5):
            while event not in [line["event"] for line in logs]:  # noqa: ASYNC110, the log has no event
                await asyncio.sleep(0.005)
        stop.set()
        await running
    return list(logs)


async def test_it_says_at_the_start_that_it_is_ready(open_door: Opener, wecom: WecomServer) -> None:
    await run(open_door(**open_door.app), "wecom_ready")
    assert len(wecom.calls_of("gettoken")) == 1


async def test_a_wrong_secret_is_said_and_looked_at_again(
    open_door: Opener, wecom: WecomServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doors, "LOOK_AGAIN", 0.01)
    wecom.fail_next("gettoken", errcode=40001, errmsg=f"invalid credential {wecom.secret}")
    logs = await run(open_door(**open_door.app), "wecom_ready")
    assert "wecom_not_ready" in [line["event"] for line in logs]
    assert wecom.secret not in str(logs)


async def test_without_an_app_there_is_nothing_to_look_at(open_door: Opener, wecom: WecomServer) -> None:
    stop = asyncio.Event()
    stop.set()
    await open_door().run(NOBODY, stop)
    assert not wecom.calls


def test_the_limits_are_the_vendors() -> None:
    assert ROBOT.group is not None
    assert (ROBOT.group.count, ROBOT.group.seconds, ROBOT.group.reserved, ROBOT.private) == (
        20,
        60.0,
        2,
        None,
    )
    assert WECOM.private is not None
    assert (WECOM.private.count, WECOM.private.seconds) == (30, 60.0)
    assert WECOM.group is not None
    assert WECOM.group.count < WECOM.private.count, "a team's members are told something alone, too"
