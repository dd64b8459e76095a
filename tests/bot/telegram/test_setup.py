"""At the start Telegram learns how updates come to us, and which commands there are."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.settings import Settings
from bot.telegram.channel import TelegramChannel
from bot.telegram.setup import LANGUAGES, SCOPES, Setup, described, webhook_secret
from bot.telegram.updates import WANTED
from flows import catalogue
from handlers import gate
from handlers.texts import Texts
from tests.emulators.telegram import TelegramEmulator

TEXTS = Texts.load()


async def setup(channel: TelegramChannel, public_url: str = "") -> None:
    await Setup(channel, TEXTS, public_url=public_url, secret="s3cret", pauses=(0.01, 0.05)).run()


async def test_commands_are_offered_by_scope_and_language(
    tg: TelegramEmulator, channel: TelegramChannel
) -> None:
    channel.username = ""
    await setup(channel)
    assert channel.username == "wubu_test_bot"
    group = tg.group(-100200300)
    for language in ("zh-hans", "en", "fr", None):
        person = tg.user(hash(language) % 10_000 + 1, language_code=language)
        assert person.commands() == list(SCOPES["all_private_chats"])
        assert person.commands(group) == ["check", "bind"]
    said = {
        call.params.get("language_code", ""): call.params["commands"][1]["description"]
        for call in tg.calls_of("setMyCommands")
        if call.params["scope"] == {"type": "all_private_chats"}
    }
    assert said == {"": "报修", "zh": "报修", "en": "Repair"}


def test_each_command_can_be_carried_out_where_it_is_offered() -> None:
    assert set(SCOPES["all_group_chats"]) == {"bind", gate.COMMAND}
    assert gate.COMMAND not in SCOPES["all_private_chats"], "residents have no codes to check"
    assert set(catalogue.menu()) < set(SCOPES["all_private_chats"])


@pytest.mark.parametrize("locale", TEXTS.locales)
def test_every_command_is_described_in_every_language(locale: str) -> None:
    for command in {one for commands in SCOPES.values() for one in commands}:
        assert 1 <= len(TEXTS.say(described(command), locale)) <= 256


async def test_14_with_a_public_address_updates_are_delivered_and_none_is_dropped(
    tg: TelegramEmulator, channel: TelegramChannel
) -> None:
    tg.route("https://wubu.example", "http://127.0.0.1:9")
    await tg.user(1001).send("waiting")
    await setup(channel, "https://wubu.example")
    webhook = tg.calls_of("setWebhook")[0].params
    assert (webhook["url"], webhook["secret_token"]) == ("https://wubu.example/telegram/webhook", "s3cret")
    assert set(webhook["allowed_updates"]) == set(WANTED)
    await setup(channel)
    assert len(tg.mail.waiting) == 1


async def test_a_step_that_fails_is_tried_again_and_the_others_do_not_wait(
    tg: TelegramEmulator, channel: TelegramChannel
) -> None:
    broken = tg.fail_next("setMyCommands", error=400, times=None)
    tg.fail_next("getMe", error=502, times=3)
    running = asyncio.create_task(setup(channel))
    await tg.world.changed.until(
        lambda: len(tg.calls_of("getMe")) > 3 and broken.hits > 2 * len(SCOPES) * len(LANGUAGES),
        5,
        lambda: f"only {broken.hits} attempts",
    )
    assert tg.calls_of("deleteWebhook")
    assert not running.done()
    tg.heal()
    await asyncio.wait_for(running, 5)
    assert channel.username == "wubu_test_bot"


def test_the_secret_is_made_when_none_is_given(tmp_path: Path) -> None:
    def secret(**given: str) -> str:
        return webhook_secret(Settings(var=tmp_path, **given))  # type: ignore[arg-type]

    made = secret(telegram_token="4242:x")
    assert made == secret(telegram_token="4242:x")
    assert made != secret(telegram_token="4343:x")
    assert len(made) == 64
    assert secret(telegram_token="4242:x", telegram_secret="mine") == "mine"


@pytest.mark.parametrize("locale", sorted(set(LANGUAGES.values())))
def test_every_command_has_a_short_description(locale: str) -> None:
    for commands in SCOPES.values():
        for name in commands:
            assert TEXTS.has(described(name).key, locale)
