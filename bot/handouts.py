"""What an official account hands out: a home's QR code, and the menu under the chat."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import segno

from bot.channel import SendError
from bot.media import MediaStore
from bot.office import Impossible, opened
from bot.settings import Settings
from bot.wechat import menu, qr
from bot.wechat.door import WechatDoor
from handlers import office
from handlers.desk import utcnow
from handlers.people.scanning import LIVES
from handlers.texts import Texts
from models.database import Database

SCALE = 10
"""Pixels to each dot of a picture."""


async def home_qr(settings: Settings, *, community: str, home: str, role: str, out: Path | None) -> str:
    """Make a code that WeChat understands when it is scanned, and draw it; returns what is to be said.

    The number in it, if any, is to be told apart from the picture. Raises Impossible.
    """
    if out is not None and not out.parent.is_dir():
        raise Impossible(f"{out}: there is no such folder")
    async with opened(settings) as database, _door(settings, database) as door:
        async with database.transaction() as session:
            printed = await office.home_scene(session, utcnow(), community=community, home=home, role=role)
        drawn = segno.make_qr(await _address(door, printed.scene), error="m")
    said = _drawn(drawn, out)
    if printed.pin:
        said.append(f"Tell them apart from the code: {printed.pin}")
    return "\n".join(said)


async def push_menu(settings: Settings, language: str) -> str:
    """Have WeChat show our menu under the chat; returns what is to be said. Raises Impossible."""
    texts = Texts.load()
    if language not in texts.locales:
        raise Impossible(f"no language {language!r}: one of {', '.join(texts.locales)}")
    async with opened(settings) as database, _door(settings, database) as door:
        try:
            await menu.push(door.api, texts, language)
        except SendError as error:
            raise Impossible(f"WeChat took no menu: {error}") from None
    return "WeChat shows the menu to whoever opens the chat anew."


@asynccontextmanager
async def _door(settings: Settings, database: Database) -> AsyncIterator[WechatDoor]:
    door = WechatDoor.of(settings, database, Texts.load(), MediaStore(settings.media_url))
    if door is None:
        raise Impossible("WUBU_WECHAT_APPID: is needed for that: the official account")
    try:
        yield door
    finally:
        await door.close()


async def _address(door: WechatDoor, scene: str) -> str:
    """What the QR code says: an address that WeChat made for the scene."""
    try:
        return await qr.scene(door.api, scene, lasts=LIVES)
    except SendError as error:
        raise Impossible(f"WeChat made no code: {error}") from None


def _drawn(drawn: segno.QRCode, out: Path | None) -> list[str]:
    if out is not None:
        drawn.save(str(out), kind="png", scale=SCALE)
        return []
    shown = io.StringIO()
    drawn.terminal(shown, compact=True)
    return [shown.getvalue().rstrip("\n")]
