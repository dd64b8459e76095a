"""The menu at the bottom of the chat: made by the account, within limits of number and length.

WeChat docs: 自定义菜单, 创建接口.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from tests.emulators.tencent_errors import JSON
from tests.emulators.wechat_calls import Call
from tests.emulators.wechat_errors import refused
from tests.emulators.wechat_office import OK, Body, Endpoint, Office

MOST_BUTTONS, MOST_BELOW = 3, 5
KEYED = {
    *("click", "scancode_push", "scancode_waitmsg"),
    *("pic_sysphoto", "pic_photo_or_album", "pic_weixin", "location_select"),
}
OTHERS = {"media_id", "view_limited", "article_id", "article_view_limited"}
KEY_BYTES, URL_BYTES = 128, 1024


@dataclass(frozen=True, slots=True)
class Level:
    """The limits of one row of the menu, and what is said when they are broken."""

    name_bytes: int
    bad_type: int
    bad_name: int
    bad_key: int
    bad_url: int
    bad_domain: int


TOP = Level(16, 40017, 40018, 40019, 40020, 40054)
BELOW = Level(60, 40024, 40025, 40026, 40027, 40055)


def create(office: Office, call: Call) -> JSON:
    buttons = call.body.get("button")
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= MOST_BUTTONS:
        raise refused(40016)
    for button in buttons:
        _check(button, TOP)
    office.world.account.menu = {"button": buttons}
    office.world.changed.fire()
    return OK


def _check(button: object, level: Level) -> None:
    if not isinstance(button, dict):
        raise refused(47001)
    if not 1 <= _bytes(button.get("name")) <= level.name_bytes:
        raise refused(level.bad_name)
    below = button.get("sub_button") or []
    if not below:
        _check_action(button, level)
        return
    if level is BELOW:
        raise refused(40022)
    if not isinstance(below, list) or len(below) > MOST_BELOW:
        raise refused(40023)
    for one in below:
        _check(one, BELOW)


def _check_action(button: JSON, level: Level) -> None:
    match button.get("type"):
        case "view":
            _check_url(button.get("url"), level)
        case "miniprogram":
            _check_url(button.get("url"), level)
            if not (button.get("appid") and button.get("pagepath")):
                raise refused(level.bad_type)
        case str(kind) if kind in KEYED:
            if not 1 <= _bytes(button.get("key")) <= KEY_BYTES:
                raise refused(level.bad_key)
        case str(kind) if kind in OTHERS:
            return
        case _:
            raise refused(level.bad_type)


def _check_url(url: object, level: Level) -> None:
    if not 1 <= _bytes(url) <= URL_BYTES:
        raise refused(level.bad_url)
    parts = urlsplit(str(url))
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise refused(level.bad_domain)


def _bytes(text: object) -> int:
    return len(text.encode()) if isinstance(text, str) else 0


def show(office: Office, _: Call) -> JSON:
    if office.world.account.menu is None:
        raise refused(46003)
    return {"menu": office.world.account.menu}


def delete(office: Office, _: Call) -> JSON:
    office.world.account.menu = None
    return OK


def leaves(menu: JSON | None) -> Iterator[JSON]:
    """The buttons that do something, those below others included."""
    for button in (menu or {}).get("button", []):
        yield from button.get("sub_button") or [button]


MENU = {
    "menu/create": Endpoint(create, Body.JSON),
    "menu/get": Endpoint(show),
    "menu/delete": Endpoint(delete),
}
