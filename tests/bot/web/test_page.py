"""The page and its files."""

from __future__ import annotations

import json
import re

import pytest

from bot.web.page import FOLDER
from tests.bot.web.conftest import TEXTS, Place


@pytest.mark.parametrize("locale", TEXTS.locales)
async def test_the_page_in_every_language(chat: Place, locale: str) -> None:
    browser = await chat.browser()
    await browser.post("/web/locale", locale=locale)
    page = await browser.open()
    assert f'<html lang="{locale.replace("_", "-")}">' in page
    begin = json.loads(re.search(r'id="begin">(.*?)</script>', page, re.DOTALL)[1])  # type: ignore[index]
    assert begin["state"]["locale"] == locale
    assert begin["words"]["photo_at"].count("{") == 2
    assert all(word and "{{" not in word for word in begin["words"].values())


def test_every_word_the_scripts_ask_for_is_there() -> None:
    asked = set()
    for script in (FOLDER / "static").glob("*.js"):
        asked |= set(re.findall(r'say\("(\w+)"', script.read_text(encoding="utf-8")))
    for template in (FOLDER / "templates").glob("*.html"):
        if template.name.startswith("staff"):
            continue
        asked |= set(re.findall(r"say\([\"'](\w+)[\"']\)", template.read_text(encoding="utf-8")))
    assert len(asked) > 30
    for locale in TEXTS.locales:
        assert [key for key in sorted(asked) if not TEXTS.has(f"web.page.{key}", locale)] == []


async def test_nothing_runs_that_is_not_in_our_files(chat: Place) -> None:
    browser = await chat.browser()
    response = await browser.client.get("/")
    policy = response.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    page = response.text
    assert not re.search(r"\sstyle=|\son\w+=|<script(?![^>]*(src=|application/json))", page)
    assert not re.search(r"""(?:src|href)=["'](?!/|#)""", page)


async def test_every_file_of_the_page_is_served_and_kept(chat: Place) -> None:
    browser = await chat.browser()
    page = await browser.open()
    paths = set(re.findall(r'"(/web/static/[^"]+)"', page))
    assert len(paths) >= 6
    for path in paths:
        response = await browser.client.get(path)
        assert response.status_code == 200, path
        assert "immutable" in response.headers["cache-control"]
        assert response.headers["x-content-type-options"] == "nosniff"
    script = next(path for path in paths if path.endswith(".js"))
    assert (await browser.client.get(script)).headers["content-type"].startswith("text/javascript")
    assert (await browser.client.get("/favicon.ico")).headers["content-type"] == "image/svg+xml"
    for wrong in ("/web/static/x/nothing.js", "/web/static/x/..%2f..%2fmain.py", "/web/static/x/%00"):
        assert (await browser.client.get(wrong)).status_code == 404


def test_no_file_of_the_page_speaks_of_another_site() -> None:
    for file in (FOLDER / "static").iterdir():
        text = file.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://\w|@import|url\(", text), file.name
