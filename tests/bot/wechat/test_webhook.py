"""WeChat brings a message up to three times; it is handled once, and answered when it is in time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from starlette.routing import Route

from bot.channel import Channel
from bot.reception import DatabaseDown, TryLater
from bot.tencent.callback import Callback
from bot.tencent.envelope import MOST_BYTES
from bot.wechat.channel import WechatChannel
from bot.wechat.door import WechatDoor
from bot.wechat.webhook import PATH, Webhook
from handlers.envelopes import Inbound, Kind, Outgoing, Receipt
from tests.bot.telegram.server import serving
from tests.bot.wechat.conftest import Opened
from tests.bot.wechat.desk import Desk
from tests.emulators.wechat import Damage, Mode, Outcome, WechatServer

SHORT = 0.15
"""Seconds of patience, of WeChat's and of ours."""

Listening = Callable[..., AbstractAsyncContextManager[Webhook]]


@asynccontextmanager
async def listening(wechat: WechatServer, door: WechatDoor, desk: Desk) -> AsyncIterator[str]:
    """The door as it stands in the program, verified as the console does it."""
    app = door.webhooks(desk)[PATH]
    async with serving(Route(PATH, app, methods=["GET", "POST", "PUT"])) as address:
        await wechat.push_to(f"{address}{PATH}")
        yield f"{address}{PATH}"


@asynccontextmanager
async def hurried(
    wechat: WechatServer, door: WechatDoor, desk: Desk, *, tappable: bool = False
) -> AsyncIterator[Webhook]:
    """The same with little patience on both sides."""
    wechat.patience = SHORT
    webhook = Webhook(door.channel, desk, tappable=tappable, within=SHORT * 2.8, wait=SHORT * 0.8)
    envelope = door.envelope
    async with serving(Route(PATH, Callback("wechat", envelope, envelope.greet, webhook.handle))) as address:
        await wechat.push_to(f"{address}{PATH}")
        yield webhook


@pytest.mark.parametrize("mode", list(Mode))
async def test_a_message_is_answered_on_the_spot(wechat: WechatServer, opened: Opened, mode: Mode) -> None:
    wechat.account.mode = mode
    desk, li = Desk(), wechat.person("李")
    async with listening(wechat, opened(**wechat.settings), desk):
        greeting = await (await li.follow()).settled()
        said = await (await li.say("厨房漏水 ]]> <xml>")).settled()
    assert (greeting.outcome, said.outcome) == (Outcome.ANSWERED, Outcome.ANSWERED)
    assert [bubble.text for bubble in li.received] == ["heard /start", "heard 厨房漏水 ]]> ＜xml>"]
    assert desk.heard[1].account == li.openid
    assert [len(push.attempts) for push in wechat.pushes] == [1, 1]


async def test_everything_people_do_is_heard(wechat: WechatServer, door: WechatDoor) -> None:
    desk, li = Desk(), wechat.person("李")
    async with listening(wechat, door, desk):
        for act in (li.follow(), li.photo(), li.voice("漏水了"), li.voice(None), li.sticker(), li.video()):
            await (await act).settled()
        for act in (li.location(label="某路1号"), li.link("公告", "https://e.cn"), li.unfollow()):
            await (await act).settled()
    assert [inbound.kind for inbound in desk.heard] == [
        *(Kind.TEXT, Kind.PHOTO, Kind.TEXT, Kind.UNFIT, Kind.UNFIT, Kind.UNFIT),
        *(Kind.LOCATION, Kind.TEXT, Kind.LEFT),
    ]
    assert [inbound.strange for inbound in desk.heard if inbound.strange] == ["voice", "unsupported", "video"]
    assert {push.outcome for push in wechat.pushes[:-1]} == {Outcome.ANSWERED}
    assert wechat.pushes[-1].outcome is Outcome.QUIET


async def test_lines_of_the_answer_can_be_tapped(wechat: WechatServer, door: WechatDoor) -> None:
    desk, li = Desk(), wechat.person("李")
    async with hurried(wechat, door, desk, tappable=True):
        await (await li.follow()).settled()
        await (await li.say("菜单")).settled()
        await (await li.choose("1. 好")).settled()
    assert desk.words[-1] == "1"
    assert desk.heard[-1].key.startswith("t.")


async def test_what_says_nothing_to_us_is_taken_quietly(wechat: WechatServer, door: WechatDoor) -> None:
    desk, li = Desk(), wechat.person("李")
    li.me.following = True
    async with listening(wechat, door, desk):
        for act in (li.cause("event_of_the_future"), li.send("type_of_the_future"), li.cause("annual_renew")):
            assert (await (await act).settled()).outcome is Outcome.QUIET
    assert desk.heard == []


async def test_15_three_deliveries_of_a_slow_message_are_one_and_answered_in_time(
    wechat: WechatServer, door: WechatDoor
) -> None:
    """The first is kept waiting while the work goes on: nothing is accepted that might still be lost."""
    slow = asyncio.Event()
    desk, li = Desk(thinks={"漏水": slow}), wechat.person("李")
    li.me.following = True
    async with hurried(wechat, door, desk):
        said = await li.say("漏水")
        await said.attempted(1)
        slow.set()
        await said.settled()
        assert (said.outcome, desk.words) == (Outcome.ANSWERED, ["漏水"])
        assert [attempt.status for attempt in said.attempts] == [None, 200]
    assert (desk.late, [bubble.text for bubble in li.received]) == ([], ["heard 漏水"])


async def test_what_was_ready_in_time_is_given_to_the_second_who_asks(
    wechat: WechatServer, door: WechatDoor
) -> None:
    desk, li = Desk(), wechat.person("李")
    li.me.following = True
    wechat.deafen_next()
    async with listening(wechat, door, desk):
        wechat.patience = SHORT
        said = await (await li.say("漏水")).settled()
    assert (said.outcome, desk.words, len(desk.repeated)) == (Outcome.ANSWERED, ["漏水"], 1)
    assert said.attempts[0].answer != b""
    assert [bubble.text for bubble in li.received] == ["heard 漏水"]


async def test_the_third_time_it_is_accepted_since_there_is_no_fourth(
    wechat: WechatServer, door: WechatDoor
) -> None:
    slow = asyncio.Event()
    desk, li = Desk(thinks={"漏水": slow}), wechat.person("李")
    li.me.following = True
    async with hurried(wechat, door, desk) as webhook:
        said = await (await li.say("漏水")).settled()
        assert [attempt.status for attempt in said.attempts] == [None, None, 200]
        assert (said.outcome, desk.words, li.received) == (Outcome.QUIET, [], [])
        slow.set()
        await webhook.finish()
    assert (desk.words, [late.text for late in desk.late]) == (["漏水"], ["heard 漏水"])


async def test_the_third_time_is_known_by_its_age_when_the_others_went_elsewhere(
    wechat: WechatServer, door: WechatDoor
) -> None:
    slow = asyncio.Event()
    desk, li = Desk(thinks={"漏水": slow}), wechat.person("李")
    li.me.following = True
    wechat.clock.skew = -10.0
    async with hurried(wechat, door, desk) as webhook:
        said = await (await li.say("漏水")).settled()
        assert [attempt.status for attempt in said.attempts] == [200]
        assert (said.outcome, li.notices) == (Outcome.QUIET, [])
        slow.set()
        await webhook.finish()
    assert [late.text for late in desk.late] == ["heard 漏水"]


async def test_an_answer_that_nobody_waits_for_any_more_follows_by_itself(door: WechatDoor) -> None:
    """Made in time as the desk sees it, and still too late for the messenger."""
    slow = asyncio.Event()
    desk = Desk(thinks={"漏水": slow})
    webhook = Webhook(door.channel, desk, within=60.0, wait=0.01)
    letter = {"FromUserName": "o1", "ToUserName": "gh", "MsgType": "text", "Content": "漏水", "MsgId": "1"}
    with pytest.raises(TryLater):
        await webhook.handle(letter)
    slow.set()
    await webhook.finish()
    assert [late.text for late in desk.late] == ["heard 漏水"]


async def test_while_the_database_is_down_it_comes_again_and_is_heard_once(
    wechat: WechatServer, door: WechatDoor
) -> None:
    desk = Desk(trouble={"漏水": [DatabaseDown, TryLater]})
    li = wechat.person("李")
    li.me.following = True
    async with listening(wechat, door, desk):
        wechat.patience = SHORT
        said = await (await li.say("漏水")).settled()
    assert [attempt.status for attempt in said.attempts] == [503, 503, 200]
    assert (said.outcome, desk.words) == (Outcome.ANSWERED, ["漏水"])


async def test_a_message_that_fails_when_nobody_waits_is_noted(door: WechatDoor) -> None:
    slow = asyncio.Event()
    desk = Desk(thinks={"漏水": slow}, trouble={"漏水": [DatabaseDown]})
    webhook = Webhook(door.channel, desk, wait=0.01)
    letter = {"FromUserName": "o1", "ToUserName": "gh", "MsgType": "text", "Content": "漏水", "MsgId": "1"}
    with pytest.raises(TryLater):
        await webhook.handle(letter)
    slow.set()
    await webhook.finish()
    assert (desk.words, desk.late) == ([], [])
    reply = await webhook.handle(letter)
    assert reply is not None
    assert (reply["Content"], reply["ToUserName"], reply["FromUserName"]) == ("heard 漏水", "o1", "gh")


async def test_what_was_accepted_and_fails_is_seen_through(door: WechatDoor) -> None:
    slow = asyncio.Event()
    desk = Desk(thinks={"漏水": slow}, trouble={"漏水": [DatabaseDown, TryLater]})
    webhook = Webhook(door.channel, desk, wait=0.01, again=(0.0, 0.0))
    letter = {"FromUserName": "o1", "ToUserName": "gh", "MsgType": "text", "Content": "漏水", "MsgId": "1"}
    for _ in range(2):
        with pytest.raises(TryLater):
            await webhook.handle(letter)
    assert await webhook.handle(letter) is None
    slow.set()
    await webhook.finish()
    assert (desk.words, [late.text for late in desk.late]) == (["漏水"], ["heard 漏水"])


async def test_an_answer_made_elsewhere_for_nobody_follows_when_the_last_was_accepted_here(
    door: WechatDoor,
) -> None:
    """The other process wrote it to a line that was dead already; none of the deliveries was answered."""
    slow, elsewhere = asyncio.Event(), Receipt((Outgoing("heard 漏水"),), repeated=True)

    class Waits(Desk):
        async def take(
            self, channel: Channel, inbound: Inbound, *, late: Callable[[], bool] = lambda: False
        ) -> Receipt:
            await slow.wait()
            return elsewhere

    desk = Waits()
    webhook = Webhook(door.channel, desk, wait=0.01)
    letter = {"FromUserName": "o1", "ToUserName": "gh", "MsgType": "text", "Content": "漏水", "MsgId": "1"}
    for _ in range(2):
        with pytest.raises(TryLater):
            await webhook.handle(letter)
    assert await webhook.handle(letter) is None
    slow.set()
    await webhook.finish()
    assert [late.text for late in desk.late] == ["heard 漏水"]


async def test_one_person_is_heard_in_order_and_everybody_at_once(
    wechat: WechatServer, door: WechatDoor
) -> None:
    slow = asyncio.Event()
    desk, li, wang = Desk(thinks={"一": slow}), wechat.person("李"), wechat.person("王")
    li.me.following = wang.me.following = True
    async with listening(wechat, door, desk):
        first = await li.say("一")
        await desk.begun.wait()
        second, other = await li.say("二"), await wang.say("三")
        await other.settled()
        assert desk.words == ["三"]
        slow.set()
        await first.settled()
        await second.settled()
    assert desk.words == ["三", "一", "二"]
    assert desk.busiest == 2


@pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")
@pytest.mark.parametrize("damage", list(Damage))
async def test_what_is_spoiled_is_refused_and_never_heard(
    wechat: WechatServer, door: WechatDoor, damage: Damage
) -> None:
    desk, li = Desk(), wechat.person("李")
    async with listening(wechat, door, desk):
        attempt = await wechat.strike(damage, li)
    assert attempt.status in (403, 413)
    assert desk.heard == []


async def test_no_secret_and_no_word_of_a_resident_is_logged(
    wechat: WechatServer,
    door: WechatDoor,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    desk, li = Desk(trouble={"我家漏水": [DatabaseDown]}), wechat.person("李")
    li.me.following = True
    async with listening(wechat, door, desk):
        wechat.patience = SHORT
        await (await li.say("我家漏水")).settled()
        await wechat.strike(Damage.DOCTYPE, li)
    noted = capsys.readouterr().out + caplog.text
    for secret in (wechat.token, wechat.secret, wechat.aes_key, li.openid, "我家漏水"):
        assert secret not in noted


def test_the_door_reads_no_more_than_it_must() -> None:
    assert MOST_BYTES == 64 * 1024
    assert WechatChannel.capabilities.passive
