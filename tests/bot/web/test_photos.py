"""Photos at the page: several at once, cleaned, and nobody else's."""

from __future__ import annotations

import pytest

from bot.media import LARGEST_FILE
from handlers.envelopes import Kind, Outgoing, Picture
from models.attachment import Attachment
from tests.bot.web.conftest import HERE, NOW, Browser, Place
from tests.bot.web.pictures import GPS, opened, photo

HOME, GROUP = "resident:2", "repair@HPY"


async def link(browser: Browser, chat: str = HOME) -> str:
    """The link to the first photo of a chat's last message."""
    photos: list[str] = (await browser.read(chat))[-1]["photos"]
    return photos[0]


async def test_three_photos_are_one_bubble_and_one_album(chat: Place) -> None:
    browser = await chat.browser()
    answer = await browser.photos(HOME, photo(), photo(), photo(), text="这里漏", key="the-album-key")
    assert answer.status_code == 200, answer.text
    heard = chat.parrot.heard
    assert [one.kind for one in heard] == [Kind.PHOTO] * 3
    assert {one.media.album for one in heard if one.media} == {"the-album-key"}
    assert [one.text for one in heard] == ["这里漏", "", ""]
    assert len({one.key for one in heard}) == len({one.media.source for one in heard if one.media}) == 3
    (shown,) = await browser.read(HOME)
    assert (shown["text"], len(shown["photos"])) == ("这里漏", 3)


async def test_a_photo_alone_is_no_album_and_a_retry_is_no_second_photo(chat: Place) -> None:
    browser = await chat.browser()
    for _ in range(2):
        await browser.photos(HOME, photo(), key="the-same-key")
    (heard,) = chat.parrot.heard
    assert heard.media is not None
    assert (heard.media.album, heard.media.mime) == ("", "image/jpeg")
    assert len(await browser.read(HOME)) == 1


async def test_what_is_shown_says_nothing_of_the_place(chat: Place) -> None:
    browser = await chat.browser()
    await browser.photos(HOME, photo(3000, 2000))
    path = await link(browser)
    full, little = (await browser.client.get(path)), (await browser.client.get(f"{path}?small=0"))
    assert full.headers["content-type"] == "image/jpeg"
    assert "private" in full.headers["cache-control"]
    assert not opened(full.content).getexif().get_ifd(GPS)
    assert len(little.content) < len(full.content)


async def test_a_photo_is_shown_to_nobody_else(chat: Place) -> None:
    browser, other = await chat.browser(), await chat.browser()
    await browser.photos(HOME, photo())
    path = await link(browser)
    assert (await other.client.get(path)).status_code == 200
    await other.post("/web/enter", resident="resident:1")
    assert (await other.client.get(path)).status_code == 403
    other.client.cookies.clear()
    assert (await other.client.get(path)).status_code == 401
    for forged in (path[:-1], path + "x", "/web/media/x", "/web/media/WyJyZXNpZGVudDoyIiwxXQ.x"):
        assert (await browser.client.get(forged)).status_code == 404, forged


async def test_a_photo_of_a_card_is_for_its_community(chat: Place) -> None:
    browser = await chat.browser()
    kept = await chat.store.put(photo())
    async with chat.database.transaction() as session:
        session.add(Attachment(channel="telegram", bot="1", source="tg", next_at=NOW, created_at=NOW))
    await chat.channel.send(GROUP, Outgoing("滴水", pictures=(Picture(1, "telegram", "1", "tg"),)))
    path = await link(browser, GROUP)
    assert (await browser.client.get(path)).status_code == 202
    async with chat.database.transaction() as session:
        (await session.get_one(Attachment, 1)).stored = kept.path
    assert (await browser.client.get(path)).status_code == 200
    await browser.post("/web/enter", staff="staff:2")
    assert (await browser.client.get(path)).status_code == 403


async def test_an_upload_is_shown_in_a_card_before_the_clock_has_seen_it(chat: Place) -> None:
    browser = await chat.browser()
    kept = await chat.store.put(photo())
    async with chat.database.transaction() as session:
        session.add(Attachment(channel="web", bot="web", source=kept.path, next_at=NOW, created_at=NOW))
    await chat.channel.send(GROUP, Outgoing("滴水", pictures=(Picture(1, "web", "web", kept.path),)))
    assert (await browser.client.get(await link(browser, GROUP))).status_code == 200


@pytest.mark.parametrize(
    ("files", "status"),
    [
        ((b"no picture",), 415),
        ((photo(), b"no picture"), 415),
        ((photo() + b"\x00" * LARGEST_FILE,), 413),
        ((photo(40, 40),) * 11, 400),
    ],
    ids=["text", "one of two", "too large", "eleven"],
)
async def test_what_does_not_fit_is_refused_whole(chat: Place, files: tuple[bytes, ...], status: int) -> None:
    browser = await chat.browser()
    answer = await browser.photos(HOME, *files)
    assert answer.status_code == status
    assert chat.parrot.heard == []
    assert await browser.read(HOME) == []


async def test_no_photo_is_nothing(chat: Place) -> None:
    browser = await chat.browser()
    headers = {"X-Wubu-Token": browser.token, "Origin": HERE}
    form = {"chat": (None, HOME), "key": (None, browser.key())}
    assert (await browser.client.post("/web/photos", files=form, headers=headers)).status_code == 422
    assert (await browser.client.post("/web/photos", data={"chat": HOME}, headers=headers)).status_code == 415


async def test_how_much_comes_must_be_said_and_bearable(chat: Place) -> None:
    browser = await chat.browser()
    headers = {
        "X-Wubu-Token": browser.token,
        "Origin": HERE,
        "Content-Type": "multipart/form-data; boundary=x",
    }

    async def drip() -> object:
        yield b"--x"

    unsaid = await browser.client.post("/web/photos", content=drip(), headers=headers)  # type: ignore[arg-type]
    assert unsaid.status_code == 411
    huge = {**headers, "Content-Length": str(10**10)}
    assert (await browser.client.post("/web/photos", content=b"--x", headers=huge)).status_code == 413


async def test_photos_go_to_chats_of_ones_own_only(chat: Place) -> None:
    browser = await chat.browser()
    assert (await browser.photos("resident:1", photo())).status_code == 403
