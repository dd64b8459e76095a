"""The door as a whole: it opens with the right settings, and says which one is wrong."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from bot.media import MediaStore
from bot.settings import Settings, WrongSetting
from bot.wechat.door import WechatDoor
from bot.wechat.webhook import PATH
from handlers.texts import Texts
from models.database import Database
from tests.bot.wechat.conftest import Opened
from tests.bot.wechat.desk import Desk
from tests.emulators.wechat import WechatServer

KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
GOOD: dict[str, Any] = {
    "wechat_appid": "wx1",
    "wechat_secret": "s",
    "wechat_token": "t0ken",
    "wechat_aes_key": f"{KEY},{KEY[::-1]}",
}


def made(here: Database, tmp_path: Path, **settings: Any) -> WechatDoor | None:
    given = Settings(**{"var": tmp_path, "wechat_appid": "", **settings})
    return WechatDoor.of(given, here, Texts.load(), MediaStore(f"file://{tmp_path}/media"))


async def test_without_an_account_there_is_no_door(here: Database, tmp_path: Path) -> None:
    assert made(here, tmp_path) is None


async def test_a_door_with_two_keys_or_none_opens(here: Database, tmp_path: Path) -> None:
    for key in (GOOD["wechat_aes_key"], KEY, ""):
        door = made(here, tmp_path, **(GOOD | {"wechat_aes_key": key}))
        assert door is not None
        assert (door.channel.name, door.channel.bot) == ("wechat", "wx1")
        assert list(door.webhooks(Desk())) == [PATH]
        await door.close()


async def test_a_mapping_of_templates_that_cannot_be_read_is_named(here: Database, tmp_path: Path) -> None:
    with pytest.raises(WrongSetting) as refused:
        made(here, tmp_path, **GOOD, wechat_templates=tmp_path / "none.yaml")
    assert str(refused.value) == f"WUBU_WECHAT_TEMPLATES: {tmp_path / 'none.yaml'}: No such file or directory"


async def test_it_makes_sure_at_start_that_wechat_serves_us(wechat: WechatServer, opened: Opened) -> None:
    door, stop = opened(), asyncio.Event()
    running = asyncio.create_task(door.run(Desk(), stop))
    await wechat.called("stable_token")
    assert await door.tokens.get()
    stop.set()
    await running
    assert len(wechat.calls_of("stable_token")) == 1


async def test_an_address_that_wechat_does_not_know_is_said_and_tried_again(
    wechat: WechatServer, opened: Opened, capsys: pytest.CaptureFixture[str]
) -> None:
    wechat.account.whitelist = set()
    door, stop = opened(), asyncio.Event()
    door.pauses = (0.01, 0.02)
    running = asyncio.create_task(door.run(Desk(), stop))
    await wechat.called("stable_token", times=2)
    wechat.account.whitelist = None
    await wechat.called("stable_token", times=len(wechat.calls) + 1)
    stop.set()
    await running
    noted = capsys.readouterr().out
    assert "wechat_does_not_know_our_address" in noted
    assert "127.0.0.1" in noted
    assert wechat.secret not in noted


async def test_what_was_asked_for_in_vain_is_asked_for_again(wechat: WechatServer, opened: Opened) -> None:
    door, stop = opened(), asyncio.Event()
    door.pauses = (0.01, 0.02)
    wechat.fail_next("stable_token", errcode=40125, times=2)
    running = asyncio.create_task(door.run(Desk(), stop))
    await wechat.called("stable_token", times=3)
    stop.set()
    await running
    assert await door.tokens.get()
