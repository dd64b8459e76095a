"""QR codes for homes: made with WeChat, drawn as a picture or in the terminal, and scanned by a phone."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import delete, func, select

from bot.handouts import home_qr
from bot.office import Impossible
from bot.settings import Settings, WrongSetting
from handlers import demo
from handlers.desk import utcnow
from handlers.people import binding
from models import Code, Phone
from models.database import Database
from tests.emulators.wechat import WechatServer

HOME = {"community": "HPY", "home": "3-1201", "role": "owner"}


@pytest.fixture
async def wechat() -> AsyncIterator[WechatServer]:
    async with WechatServer() as server:
        yield server


@pytest.fixture
async def database(sqlite_url: str) -> AsyncIterator[Database]:
    """The demo community, whose homes have phones."""
    opened = Database(sqlite_url)
    async with opened.transaction() as session:
        await demo.seed(session, utcnow())
    yield opened
    await opened.close()


@pytest.fixture
def settings(sqlite_url: str, wechat: WechatServer, tmp_path: Path, database: Database) -> Settings:
    more: dict[str, Any] = {"database_url": sqlite_url, "media_url": f"file://{tmp_path}/media"}
    return Settings(**(wechat.settings | more))


async def test_a_picture_is_drawn_and_nothing_is_said(
    settings: Settings, wechat: WechatServer, database: Database, tmp_path: Path
) -> None:
    out = tmp_path / "home.png"
    assert await home_qr(settings, **HOME, out=out) == ""
    with Image.open(out) as picture:
        assert picture.format == "PNG"
        assert picture.width == picture.height > 200
    (made,) = wechat.world.scenes.made
    assert re.fullmatch(r"bind_[a-z2-7]{32}", made.value)
    (call,) = wechat.calls_of("qrcode/create")
    assert call.body["expire_seconds"] == 7 * 24 * 3600
    assert call.body["action_name"] == "QR_STR_SCENE"
    async with database.reading() as session:
        code = (await session.scalars(select(Code))).one()
    assert (code.digest, code.role, code.pin_digest) == (binding.digest(made.value), "owner", None)


async def test_without_a_file_it_is_drawn_in_the_terminal(settings: Settings) -> None:
    shown = await home_qr(settings, **HOME, out=None)
    assert len(shown.splitlines()) > 15
    assert not re.search(r"\d{4}", shown), "no number where a phone is on file"


async def test_where_no_phone_is_on_file_a_number_is_said(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    async with database.transaction() as session:
        await session.execute(delete(Phone))
    said = await home_qr(settings, **HOME, out=tmp_path / "home.png")
    assert re.fullmatch(r"Tell them apart from the code: \d{4}", said)


@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        ({"home": "9-9999"}, "no home '9-9999'"),
        ({"community": "XYZ"}, "no community 'XYZ'"),
        ({"role": "king"}, "no role 'king'"),
        ({"out": Path("/nowhere/at/all.png")}, "no such folder"),
    ],
)
async def test_what_cannot_be_is_said_and_nothing_is_made(
    settings: Settings, database: Database, more: dict[str, Any], wanted: str
) -> None:
    with pytest.raises(Impossible, match=wanted):
        await home_qr(settings, **({**HOME, "out": None} | more))
    async with database.reading() as session:
        assert await session.scalar(select(func.count(Code.id))) == 0


async def test_without_an_official_account_there_is_nothing_to_scan(
    sqlite_url: str, database: Database
) -> None:
    with pytest.raises((Impossible, WrongSetting), match="WUBU_WECHAT_APPID"):
        await home_qr(Settings(database_url=sqlite_url), **HOME, out=None)


async def test_wechat_refusing_is_one_line_without_a_secret(settings: Settings, wechat: WechatServer) -> None:
    wechat.fail_next("qrcode/create", errcode=48001)
    with pytest.raises(Impossible, match="WeChat made no code") as refused:
        await home_qr(settings, **HOME, out=None)
    assert "\n" not in str(refused.value)
    for secret in (wechat.secret, "bind_", "access_token"):
        assert secret not in str(refused.value)
