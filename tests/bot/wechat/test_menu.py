"""The menu under the chat and the codes to scan, as WeChat is asked to make them."""

from __future__ import annotations

import pytest

from bot.wechat.menu import BELOW_BYTES, MOST_BELOW, TOP_BYTES, menu
from flows import catalogue
from handlers.cutting import in_bytes, size
from handlers.envelopes import Inbound, Kind
from handlers.routing import ToMenu, route
from handlers.texts import Texts

TEXTS = Texts.load()


@pytest.mark.parametrize("locale", TEXTS.locales)
@pytest.mark.parametrize("services", [1, 2, 5, 6, 10, 14])
def test_the_menu_keeps_to_wechats_limits(locale: str, services: int) -> None:
    made = menu(TEXTS, locale, ["repair"] * services)["button"]
    assert len(made) == (3 if services > MOST_BELOW else 2)
    for top in made:
        assert 0 < size(top["name"], in_bytes) <= TOP_BYTES
        for one in top.get("sub_button", []):
            assert 0 < size(one["name"], in_bytes) <= BELOW_BYTES
            assert one["type"] == "click"
        assert len(top.get("sub_button", [])) <= MOST_BELOW
        assert ("sub_button" in top) != ("key" in top)


def test_every_entry_is_understood_when_it_is_tapped() -> None:
    made = menu(TEXTS)["button"]
    keys = [one["key"] for top in made for one in top.get("sub_button", [top])]
    assert keys == [
        *(f"m.{kind}" for kind in catalogue.menu()[:10]),
        "m.tickets",
        "m.chats",
        "m.help",
        "m.language",
    ]
    for key in keys:
        tapped = Inbound("wechat", "wx", "o", "o", "k", Kind.TAP, tap=key)
        assert route(tapped, running=None, texts=TEXTS) == ToMenu(key.removeprefix("m."))


def test_a_single_service_needs_no_list() -> None:
    first = menu(TEXTS, "zh_CN", ["repair"])["button"][0]
    assert first == {"type": "click", "name": "报修", "key": "m.repair"}
