"""Updates reach the bot in order, again and again, until it has confirmed them."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Callable

import aiohttp
import pytest
from aiohttp import web

from tests.emulators.conftest import Api, one_button
from tests.emulators.telegram import TelegramEmulator
from tests.emulators.telegram_clock import Signal
from tests.emulators.telegram_errors import JSON
from tests.emulators.telegram_phone import User

Behaviour = Callable[[JSON], web.Response]


class Hook:
    """A bot's webhook that keeps what it hears and answers as it is told."""

    def __init__(self) -> None:
        self.url = ""
        self.heard: list[JSON] = []
        self.news = Signal()
        self.secrets: list[str | None] = []
        self.behaviour: Behaviour = lambda update: web.Response()

    @property
    def texts(self) -> list[str]:
        return [update["message"]["text"] for update in self.heard if "message" in update]

    async def serve(self, request: web.Request) -> web.Response:
        update = await request.json()
        self.heard.append(update)
        self.secrets.append(request.headers.get("X-Telegram-Bot-Api-Secret-Token"))
        self.news.fire()
        return self.behaviour(update)

    async def hears(self, kind: str) -> None:
        await self.news.until(lambda: any(kind in update for update in self.heard), 5, lambda: f"no {kind}")


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    hook, app = Hook(), web.Application()
    app.router.add_post("/hook", hook.serve)
    runner = web.AppRunner(app, shutdown_timeout=0.05)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    hook.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield hook
    await runner.cleanup()


def failing(times: int) -> Behaviour:
    left = iter(range(times))
    return lambda update: web.Response(status=200 if next(left, None) is None else 500)


async def test_polling_confirms_by_offset(api: Api, alice: User) -> None:
    for text in ("one", "two"):
        await alice.send(text)
    first = await api.updates()
    assert [update["message"]["text"] for update in first] == ["/start", "one", "two"]
    assert await api.updates() == first
    assert await api.updates(limit=1) == first[:1]
    assert await api.updates(offset=first[1]["update_id"]) == first[1:]
    assert await api.updates(offset=-1) == first[2:]
    assert await api.updates(offset=first[2]["update_id"] + 1) == []


async def test_long_polling_wakes_up_for_news(tg: TelegramEmulator, api: Api) -> None:
    waiting = asyncio.create_task(api.updates(timeout=20))
    await asyncio.sleep(0.05)
    await tg.user(1).send("news")
    began = time.monotonic()
    assert [update["message"]["text"] for update in await waiting] == ["news"]
    assert time.monotonic() - began < 1
    assert await api.updates(offset=10**9 + 1, timeout=0) == []


async def test_two_pollers_are_in_conflict(api: Api) -> None:
    first = asyncio.create_task(api.answer("getUpdates", timeout=20))
    await asyncio.sleep(0.05)
    second = asyncio.create_task(api.answer("getUpdates", timeout=0))
    assert (await first)["description"].startswith("Conflict: terminated by other getUpdates")
    assert (await second)["ok"]


async def test_polling_is_refused_while_a_webhook_is_set(
    tg: TelegramEmulator, api: Api, hook: Hook, alice: User
) -> None:
    tg.hold()
    assert await api.call("setWebhook", url=hook.url, max_connections=7, allowed_updates=["message"])
    assert (await api.refused("getUpdates")).startswith("409 Conflict: can't use getUpdates")
    info = await api.call("getWebhookInfo")
    assert (info["url"], info["pending_update_count"], info["max_connections"]) == (hook.url, 1, 7)
    assert info["allowed_updates"] == ["message"]
    await api.call("deleteWebhook", drop_pending_updates=True)
    assert await api.updates() == []


async def test_a_webhook_gets_its_secret(tg: TelegramEmulator, api: Api, hook: Hook, alice: User) -> None:
    await api.call("setWebhook", url=hook.url, secret_token="abc_1")
    await tg.idle()
    assert hook.secrets == ["abc_1"]
    assert "unallowed" in await api.refused("setWebhook", url=hook.url, secret_token="a b")
    assert "HTTPS" in await api.refused("setWebhook", url="gopher://x")


async def test_a_failing_webhook_holds_up_its_own_chat_only(
    tg: TelegramEmulator, api: Api, hook: Hook
) -> None:
    alice, bob = tg.user(1), tg.user(2)

    def behave(update: JSON) -> web.Response:
        poison = update["message"]["text"] == "poison" and len(hook.heard) < 6
        return web.Response(status=500 if poison else 200)

    hook.behaviour = behave
    await api.call("setWebhook", url=hook.url)
    await alice.send("poison")
    await alice.send("after")
    await bob.send("elsewhere")
    await tg.idle()
    assert hook.texts.count("elsewhere") == 1
    assert hook.texts.index("after") == len(hook.texts) - 1
    assert hook.texts.count("poison") >= 4
    info = await api.call("getWebhookInfo")
    assert info["last_error_message"] == "Wrong response from the webhook: 500 Internal Server Error"


async def test_repeats_come_at_once_and_then_ever_later(tg: TelegramEmulator, api: Api, hook: Hook) -> None:
    hook.behaviour = failing(4)
    await api.call("setWebhook", url=hook.url)
    await tg.user(1).send("hi")
    await tg.idle()
    times = [delivery.at for delivery in tg.deliveries]
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert len(gaps) == 4
    assert gaps[0] < 1
    assert all(gap >= least for gap, least in zip(gaps[1:], (1, 2, 4), strict=True))


async def test_a_tap_does_not_wait_behind_a_failing_message(
    tg: TelegramEmulator, api: Api, hook: Hook, alice: User
) -> None:
    hook.behaviour = lambda update: web.Response(status=500 if "message" in update else 200)
    await api.say(alice, "card", reply_markup=one_button())
    await api.call("setWebhook", url=hook.url)
    await alice.tap("Accept")
    await hook.hears("callback_query")
    with pytest.raises(TimeoutError):
        await tg.idle(timeout=0.1)
    assert [entry.kind for entry in tg.mail.waiting] == ["message"]


async def test_taps_live_150_seconds_and_messages_a_day(tg: TelegramEmulator, api: Api, alice: User) -> None:
    await api.say(alice, "card", reply_markup=one_button())
    await alice.tap("Accept")
    assert len(await api.updates()) == 2
    tg.clock.advance(151)
    assert [list(update)[1] for update in await api.updates()] == ["message"]
    tg.clock.advance(24 * 3600)
    assert await api.updates() == []


async def test_expired_updates_are_not_posted_either(tg: TelegramEmulator, api: Api, hook: Hook) -> None:
    with tg.held():
        await api.call("setWebhook", url=hook.url)
        await tg.user(1).send("yesterday")
        tg.clock.advance(24 * 3600 + 1)
        await tg.user(1).send("today")
    await tg.idle()
    assert hook.texts == ["today"]


@pytest.mark.parametrize("way", ["polling", "webhook"])
async def test_an_update_can_come_twice(tg: TelegramEmulator, api: Api, hook: Hook, way: str) -> None:
    tg.duplicate_next("message")
    await tg.user(1).send("twice")
    await tg.user(1).send("once")
    if way == "webhook":
        await api.call("setWebhook", url=hook.url)
        await tg.idle()
        assert hook.texts == ["twice", "twice", "once"]
        return
    texts, offset = [], 0
    while updates := await api.updates(offset=offset):
        texts += [update["message"]["text"] for update in updates]
        offset = max(offset, updates[-1]["update_id"] + 1)
    assert texts == ["twice", "once", "twice"]


async def test_an_old_update_can_come_back(tg: TelegramEmulator, api: Api, hook: Hook) -> None:
    await api.call("setWebhook", url=hook.url, secret_token="s")
    await tg.user(1).send("again")
    await tg.idle()
    tg.redeliver(tg.updates[0])
    await tg.idle()
    assert await tg.deliver(tg.updates[0]) == 200
    assert await tg.deliver(tg.updates[0], secret="wrong") == 200
    assert hook.texts == ["again"] * 4
    assert hook.secrets == ["s", "s", "s", "wrong"]


async def test_taps_and_messages_can_be_reordered(tg: TelegramEmulator, api: Api, hook: Hook) -> None:
    alice = tg.user(1)
    await alice.start()
    await api.say(alice, "card", reply_markup=one_button())
    await api.call("setWebhook", url=hook.url)
    with tg.held("message"):
        await alice.send("first in truth")
        await alice.tap("Accept")
        await hook.hears("callback_query")
    await tg.idle()
    assert "message" in hook.heard[-1]


@pytest.mark.parametrize("form", ["json", "form", "multipart"])
async def test_a_method_in_the_webhooks_answer_is_carried_out(
    tg: TelegramEmulator, api: Api, hook: Hook, form: str
) -> None:
    def behave(update: JSON) -> web.Response:
        chat = str(update["message"]["chat"]["id"])
        fields = {"method": "sendMessage", "chat_id": chat, "text": "立刻"}
        if form == "json":
            return web.json_response(fields)
        if form == "form":
            return web.Response(body=aiohttp.FormData(fields)())
        writer = aiohttp.MultipartWriter("form-data")
        for name, value in fields.items():
            writer.append(value).set_content_disposition("form-data", name=name)
        return web.Response(body=writer)

    hook.behaviour = behave
    await api.call("setWebhook", url=hook.url)
    alice = tg.user(1)
    await alice.send("hi")
    await alice.wait_for("立刻")
    call = tg.calls_of("sendMessage", alice)[0]
    assert (call.through_webhook, call.status) == (True, 200)


async def test_a_webhook_may_answer_nonsense(tg: TelegramEmulator, api: Api, hook: Hook) -> None:
    hook.behaviour = lambda update: web.Response(text="{broken", content_type="application/json")
    await api.call("setWebhook", url=hook.url)
    await tg.user(1).send("hi")
    await tg.idle()
    assert len(hook.heard) == 1


async def test_a_dead_webhook_is_tried_until_it_lives(tg: TelegramEmulator, api: Api, hook: Hook) -> None:
    await api.call("setWebhook", url="http://127.0.0.1:9/hook")
    await tg.user(1).send("hello?")
    with pytest.raises(TimeoutError, match="Connection failed"):
        await tg.idle(timeout=0.2)
    await api.call("setWebhook", url=hook.url)
    await tg.idle()
    assert hook.texts == ["hello?"]


async def test_a_public_address_can_stand_for_several_processes(
    tg: TelegramEmulator, api: Api, hook: Hook
) -> None:
    local = hook.url.removesuffix("/hook")
    tg.route("https://bot.example", local, f"{local}/nowhere")
    await api.call("setWebhook", url="https://bot.example/hook")
    await tg.user(1).send("one")
    await tg.user(1).send("two")
    await tg.idle()
    assert {delivery.url for delivery in tg.deliveries} == {hook.url, f"{local}/nowhere/hook"}
    assert hook.texts == ["one", "two"]


async def test_anything_can_be_pushed(tg: TelegramEmulator, api: Api) -> None:
    pushed = await tg.push({"hologram": {"chat": {"id": 5}, "depth": [1, 2]}})
    await tg.push({"update_id": 5, "message": {"strange": True}})
    assert await api.updates() == [{"update_id": 5, "message": {"strange": True}}, pushed]


async def test_update_ids_start_anew_after_a_silence(tg: TelegramEmulator, api: Api, alice: User) -> None:
    old = await api.updates()
    await api.updates(offset=old[-1]["update_id"] + 1)
    tg.restart_update_ids(33)
    await alice.send("back again")
    await alice.send("and again")
    assert [update["update_id"] for update in await api.updates()] == [33, 34]


async def test_a_bot_that_died_while_polling_is_no_conflict(api: Api, alice: User) -> None:
    await api.updates(offset=-1)
    await api.updates(offset=10**9)
    dead = asyncio.create_task(api.updates(timeout=30))
    await asyncio.sleep(0.05)
    dead.cancel()
    await asyncio.sleep(0.05)
    reborn = asyncio.create_task(api.updates(timeout=5))
    await asyncio.sleep(0.05)
    await alice.send("hello")
    assert (await reborn)[0]["message"]["text"] == "hello"


async def test_only_wanted_updates_come(tg: TelegramEmulator, api: Api, alice: User) -> None:
    await api.updates(allowed_updates=["callback_query"])
    await alice.send("not wanted")
    await alice.block()
    assert [list(update)[1] for update in await api.updates()] == ["message"]
