"""Telegram delivers to the webhook, and delivers again until it hears that the update has been handled."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from starlette.routing import Route

from bot.telegram.channel import TelegramChannel
from bot.telegram.updates import WANTED
from bot.telegram.webhook import MOST_BYTES, PATH, Webhook
from tests.bot.telegram.desk import DatabaseDown, Desk, TryLater
from tests.bot.telegram.payloads import NAMES, payload
from tests.bot.telegram.server import serving
from tests.emulators.telegram import TelegramEmulator

SECRET = "s3cret-s3cret"
HEADERS = {"X-Telegram-Bot-Api-Secret-Token": SECRET}


@asynccontextmanager
async def door(channel: TelegramChannel, desk: Desk) -> AsyncIterator[str]:
    """The address of the webhook, which Telegram knows."""
    async with serving(Route(PATH, Webhook(channel, desk, SECRET))) as address:
        hook = f"{address}{PATH}"
        fields = {"url": hook, "secret_token": SECRET, "allowed_updates": list(WANTED)}
        await channel.api.call("setWebhook", fields)
        yield hook
        await channel.api.call("deleteWebhook", {})


async def test_a_message_is_answered(tg: TelegramEmulator, channel: TelegramChannel) -> None:
    li, desk = tg.user(1001, "李"), Desk()
    async with door(channel, desk):
        await li.send("漏水")
        await li.wait_for("heard 漏水")
        await tg.idle()
    assert [delivery.status for delivery in tg.deliveries] == [200]
    assert desk.heard[0].account == "1001"


async def test_a_tap_is_answered_in_the_response(tg: TelegramEmulator, channel: TelegramChannel) -> None:
    li, desk = tg.user(1001, "李"), Desk()
    async with door(channel, desk):
        await li.send("漏水")
        card = await li.wait_for("heard 漏水")
        tap = await li.tap("t.42.accept", card, forged=True)
        assert (await tap.answered()).text == "tapped t.42.accept"
        await tg.idle()
    assert [call.through_webhook for call in tg.calls_of("answerCallbackQuery")] == [True]


async def test_1_the_same_update_twice_is_heard_once(tg: TelegramEmulator, channel: TelegramChannel) -> None:
    li, desk = tg.user(1001, "李"), Desk()
    tg.duplicate_next("message")
    async with door(channel, desk):
        await li.send("漏水")
        await li.wait_for("heard 漏水")
        await tg.idle()
    assert (desk.words, len(desk.repeated)) == (["漏水"], 1)
    assert [delivery.status for delivery in tg.deliveries] == [200, 200]


async def test_6_without_the_secret_nothing_is_heard(channel: TelegramChannel) -> None:
    desk = Desk(answers=False)
    async with door(channel, desk) as hook, httpx.AsyncClient(trust_env=False) as stranger:
        for headers in ({}, {"X-Telegram-Bot-Api-Secret-Token": "guess"}, HEADERS | {"X-Other": "x"}):
            answer = await stranger.post(hook, json=payload("text"), headers=headers)
            assert answer.status_code == (200 if "X-Other" in headers else 401)
        assert (await stranger.get(hook, headers=HEADERS)).status_code == 405
    assert len(desk.heard) == 1


async def test_6_while_the_database_is_down_telegram_waits_and_is_heard_once(
    tg: TelegramEmulator, channel: TelegramChannel
) -> None:
    li, desk = tg.user(1001, "李"), Desk(trouble={"漏水": [DatabaseDown, DatabaseDown]})
    async with door(channel, desk):
        await li.send("漏水")
        await li.send("还在漏")
        await li.wait_for("heard 还在漏")
        await tg.idle()
    assert [delivery.status for delivery in tg.deliveries] == [503, 503, 200, 200]
    assert desk.words == ["漏水", "还在漏"]


async def test_what_was_not_handled_comes_again(tg: TelegramEmulator, channel: TelegramChannel) -> None:
    li, desk = tg.user(1001, "李"), Desk(trouble={"漏水": [TryLater]})
    async with door(channel, desk):
        await li.send("漏水")
        await li.wait_for("heard 漏水")
        await tg.idle()
    assert [delivery.status for delivery in tg.deliveries] == [500, 200]


@asynccontextmanager
async def telegram(channel: TelegramChannel, desk: Desk) -> AsyncIterator[httpx.AsyncClient]:
    """Telegram's own servers, which know the secret, in front of the door."""
    async with (
        serving(Route(PATH, Webhook(channel, desk, SECRET))) as address,
        httpx.AsyncClient(trust_env=False, headers=HEADERS, base_url=address) as client,
    ):
        yield client


async def test_5_every_kind_of_update_gets_200(channel: TelegramChannel) -> None:
    desk = Desk(answers=False)
    async with telegram(channel, desk) as client:
        for name in NAMES:
            update = payload(name) | {"field_of_the_future": {"x": 1}}
            assert (await client.post(PATH, json=update)).status_code == 200
        heard = len(desk.heard)
        for body in (b"", b"{", b"[]", b"null", b'"x"', b"[" * 100_000, b"\xff\xfe"):
            assert (await client.post(PATH, content=body)).status_code == 200
    assert 20 < heard == len(desk.heard) < len(NAMES)


async def test_39_a_body_too_large_is_refused(channel: TelegramChannel) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b" " * 65536

    desk = Desk()
    async with telegram(channel, desk) as client:
        assert (await client.post(PATH, content=b" " * (MOST_BYTES + 1))).status_code == 413
        assert (await client.post(PATH, content=endless())).status_code == 413
    assert not desk.heard


async def test_one_conversation_is_heard_in_turn_and_others_beside_it(channel: TelegramChannel) -> None:
    desk = Desk(slow={"slow": 0.3}, answers=False)
    webhook = Webhook(channel, desk, SECRET)

    def said(number: int, text: str, person: int) -> bytes:
        return (
            f'{{"update_id": {number}, "message": {{"message_id": {number}, "text": "{text}",'
            f'"from": {{"id": {person}}}, "chat": {{"id": {person}, "type": "private"}}}}}}'
        ).encode()

    await asyncio.gather(
        webhook.handle(said(1, "slow", 1001)),
        webhook.handle(said(2, "after it", 1001)),
        webhook.handle(said(3, "beside it", 1002)),
    )
    assert desk.words == ["beside it", "slow", "after it"]
    assert len(webhook._turns) == 0


def test_there_is_no_webhook_without_a_secret(channel: TelegramChannel) -> None:
    with pytest.raises(ValueError, match="secret"):
        Webhook(channel, Desk(), "")
