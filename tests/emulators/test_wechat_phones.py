"""What people do, as the account's server hears of it, and what they see."""

from __future__ import annotations

import asyncio

import pytest

from tests.emulators.tencent_errors import JSON
from tests.emulators.wechat import Kind, Phone, WechatServer
from tests.emulators.wechat_bubbles import Bubble, Via
from tests.emulators.wechat_fixtures import Desk, reply
from tests.emulators.wechat_phone import UNSUPPORTED


async def test_following_and_leaving(wechat: WechatServer, desk: Desk, li: Phone) -> None:
    assert (desk.heard[-1]["Event"], desk.heard[-1]["EventKey"]) == ("subscribe", "")
    assert "MsgId" not in desk.heard[-1]
    await (await li.unfollow()).settled()
    assert (desk.heard[-1]["Event"], li.me.following) == ("unsubscribe", False)
    with pytest.raises(RuntimeError):
        await li.unfollow()
    await (await li.follow()).settled()
    assert li.me.following


async def test_every_kind_of_message_is_told(desk: Desk, li: Phone) -> None:
    for push in [
        await li.say("您好"),
        await li.photo(),
        await li.voice("厨房漏水"),
        await li.voice(None),
        await li.video(),
        await li.location(30.25, 120.15, "某路1号"),
        await li.link("公告", "https://x.example/"),
        await li.sticker(),
        await li.send("hologram", Depth=3),
    ]:
        await push.settled()
    told = desk.heard[1:]
    kinds = ["text", "image", "voice", "voice", "video", "location", "link", "text", "hologram"]
    assert [one["MsgType"] for one in told] == kinds
    assert [one.get("Recognition") for one in told if one["MsgType"] == "voice"] == ["厨房漏水", None]
    assert (told[5]["Location_X"], told[5]["Label"]) == ("30.25", "某路1号")
    assert (told[7]["Content"], told[8]["Depth"]) == (UNSUPPORTED, "3")
    numbers = [int(one["MsgId"]) for one in told]
    assert numbers == list(range(numbers[0], numbers[0] + 9))
    assert {(one["FromUserName"], one["ToUserName"]) for one in told} == {(li.openid, "gh_0a1b2c3d4e5f")}
    assert [bubble.via for bubble in li.bubbles] == [Via.OWN] * 9


async def test_no_two_events_bear_the_same_second(desk: Desk, li: Phone) -> None:
    for _ in range(3):
        await (await li.cause("CLICK", EventKey="K")).settled()
    assert len({one["CreateTime"] for one in desk.heard}) == 4


async def test_pictures_differ_and_stay_on_the_screen(li: Phone) -> None:
    await li.photo()
    await li.photo()
    first, second = (bubble.media for bubble in li.bubbles)
    assert first
    assert second
    assert first.content != second.content


async def test_scanning_by_the_menu(desk: Desk, li: Phone) -> None:
    await desk.done("menu/create", {"button": [{"type": "scancode_waitmsg", "name": "扫码", "key": "SCAN"}]})
    await (await li.press("扫码", ScanCodeInfo={"ScanType": "qrcode", "ScanResult": "1"})).settled()
    told = desk.heard[-1]
    assert (told["Event"], told["EventKey"]) == ("scancode_waitmsg", "SCAN")
    assert told["ScanCodeInfo"] == {"ScanType": "qrcode", "ScanResult": "1"}


async def test_a_test_account_tells_no_menu_ids() -> None:
    async with WechatServer(kind=Kind.TEST, patience=0.01) as wechat:
        wechat.route("http://127.0.0.1:9/")
        li = wechat.person("李")
        await li.follow()
        bubble = wechat.world.show(li.me, sent_link(), Via.CUSTOM)
        push = await li.choose("一楼")
        assert push.fields["Content"] == "1"
        assert "bizmsgmenuid" not in push.fields
        assert bubble.choices[0].id == "k1"
        assert wechat.settings["wechat_aes_key"] == ""


def sent_link() -> Bubble:
    return Bubble("text", '<a href="weixin://bizmsgmenu?msgmenucontent=1&msgmenuid=k1">一楼</a>')


async def test_waiting_for_what_will_come(desk: Desk, li: Phone) -> None:
    desk.says = lambda push: reply(push, Content=f"第{push['Content']}句")
    first = await (await li.say("一")).settled()
    seen = await li.wait_for("第一句")
    assert seen is first.bubble
    with pytest.raises(TimeoutError, match="never came; > 一\n< 第一句"):
        await li.wait_for("第", 0.01, after=seen)
    waiting = asyncio.create_task(li.wait_for(lambda bubble: bubble.text.endswith("句"), after=seen))
    await li.say("二")
    assert (await waiting).text == "第二句"
    assert li.find("第一句") is seen
    assert li.find("第三句") is None


@pytest.mark.parametrize("line", ["2 卧室", "2. 卧室", "2、卧室", " 2）卧室（二楼）", "[2] 卧室", "2：卧室"])
async def test_a_number_is_found_in_front_of_its_line(desk: Desk, li: Phone, line: str) -> None:
    await desk.send(li, f"哪里坏了？\n1 厨房\n{line}\n也可以直接写。")
    assert li.number_of("卧室") == "2"


async def test_idle_waits_for_everything(wechat: WechatServer, desk: Desk, li: Phone) -> None:
    ends = asyncio.Event()

    async def slow(_: JSON) -> str:
        await ends.wait()
        return "success"

    desk.says = slow
    await li.say("在吗")
    with pytest.raises(TimeoutError):
        await wechat.idle(0.02)
    ends.set()
    await wechat.idle(quiet=0.01)
    assert wechat.pushes[-1].outcome == "quiet"
