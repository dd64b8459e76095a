"""Messages of the account's own accord: what they may be made of, how many there may be, and until when."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulators.tencent_clock import DAY, HOUR
from tests.emulators.wechat import Kind, Phone, WechatServer
from tests.emulators.wechat_bubbles import Choice, Link, Via
from tests.emulators.wechat_fixtures import Desk
from tests.emulators.wechat_shelf import sample_picture

SEND = "message/custom/send"


async def errcode(desk: Desk, phone: Phone, kind: str, **content: Any) -> int:
    body = {"touser": phone.openid, "msgtype": kind, kind: content}
    return int((await desk.call(SEND, body))["errcode"])


async def test_a_message_opens_five_in_48_hours(wechat: WechatServer, desk: Desk, li: Phone) -> None:
    wechat.advance(61)
    await li.say("在吗")
    assert [await desk.send(li, str(n)) for n in range(6)] == [0, 0, 0, 0, 0, 45047]
    await li.say("再来")
    assert (li.allowance, await desk.send(li, "6")) == (5, 0)
    wechat.advance(48 * HOUR)
    await desk.renew_token()
    assert await desk.send(li, "7") == 45015
    assert [bubble.text for bubble in li.received] == ["0", "1", "2", "3", "4", "6"]
    assert {bubble.via for bubble in li.received} == {Via.CUSTOM}


@pytest.mark.parametrize("act", ["follow", "scan", "menu", "choice"])
async def test_other_acts_open_three_in_a_minute(
    wechat: WechatServer, desk: Desk, li: Phone, act: str
) -> None:
    choices = [{"id": "1", "content": "满意"}]
    await desk.done("menu/create", {"button": [{"type": "click", "name": "报修", "key": "REPAIR"}]})
    assert await errcode(desk, li, "msgmenu", head_content="?", list=choices, tail_content="") == 0
    code = await desk.done(
        "qrcode/create", {"action_name": "QR_STR_SCENE", "action_info": {"scene": {"scene_str": "s"}}}
    )
    wechat.advance(59.9)
    li.me.allowances.clear()
    match act:
        case "follow":
            await li.unfollow()
            await li.follow()
        case "scan":
            await li.scan(code["ticket"])
        case "menu":
            await li.press("报修")
        case "choice":
            await li.choose("满意")
    assert [await desk.send(li, str(n)) for n in range(4)] == [0, 0, 0, 45047]
    wechat.advance(61)
    assert await desk.send(li, "late") == 45015


async def test_allowances_stand_beside_each_other(wechat: WechatServer, desk: Desk, li: Phone) -> None:
    """The one that ends first is used first; a new act fills its own up, not more."""
    await li.say("在吗")
    await li.say("在吗")
    assert li.allowance == 3 + 5
    assert await desk.send(li, "x") == 0
    wechat.advance(61)
    assert li.allowance == 5


@pytest.mark.parametrize(
    ("button", "given"),
    [
        ({"type": "view", "name": "b", "url": "https://x.example/"}, 0),
        ({"type": "pic_sysphoto", "name": "b", "key": "k"}, 0),
        ({"type": "location_select", "name": "b", "key": "k"}, 0),
        ({"type": "scancode_push", "name": "b", "key": "k"}, 3),
        ({"type": "scancode_waitmsg", "name": "b", "key": "k"}, 3),
    ],
)
async def test_only_some_buttons_count(
    wechat: WechatServer, desk: Desk, li: Phone, button: dict[str, str], given: int
) -> None:
    await desk.done("menu/create", {"button": [button]})
    wechat.advance(61)
    await li.press("b")
    assert li.allowance == given


async def test_leaving_ends_what_was_allowed(desk: Desk, li: Phone) -> None:
    await li.say("在吗")
    await li.unfollow()
    assert await desk.send(li, "x") == 43004
    with pytest.raises(RuntimeError, match="does not follow"):
        await li.say("还在吗")


async def test_texts_have_2048_bytes(desk: Desk, li: Phone) -> None:
    assert await desk.send(li, "长" * 682 + "12") == 0
    assert await desk.send(li, "长" * 683) == 45002
    assert await errcode(desk, li, "text", content=5) == 44004


async def test_every_kind_of_message(wechat: WechatServer, desk: Desk, li: Phone) -> None:
    shelf = wechat.world.shelf
    picture = shelf.take_in("image", sample_picture()).id
    thumb = shelf.take_in("thumb", sample_picture()).id
    film = shelf.take_in("video", b"\0\0\0\x18ftypmp42").id
    article = {"title": "公告", "description": "停水", "url": "https://x.example/", "picurl": ""}
    await li.say("在吗")
    assert await errcode(desk, li, "image", media_id=picture) == 0
    assert li.last.media
    assert li.last.media.content == sample_picture()
    assert await errcode(desk, li, "image", media_id=film) == 40007
    assert await errcode(desk, li, "image", media_id="none") == 40007
    assert await errcode(desk, li, "video", media_id=film, thumb_media_id=thumb, title="t") == 0
    assert await errcode(desk, li, "news", articles=[article]) == 0
    assert (li.last.text, li.last.url) == ("公告\n停水", "https://x.example/")
    assert await errcode(desk, li, "news", articles=[article, article]) == 45008
    assert await errcode(desk, li, "news", articles=[]) == 44003
    page = {"title": "t", "appid": "wx1", "pagepath": "p", "thumb_media_id": thumb}
    assert await errcode(desk, li, "miniprogrampage", **page) == 0
    assert await errcode(desk, li, "hologram") == 40008
    assert await errcode(desk, li, "text", content="x") == 0
    wechat.advance(3 * DAY + 1)
    await desk.renew_token()
    assert await errcode(desk, li, "image", media_id=picture) == 40007


async def test_words_of_a_machine_are_marked(desk: Desk, li: Phone) -> None:
    body = {
        "touser": li.openid,
        "msgtype": "text",
        "text": {"content": "x"},
        "aimsgcontext": {"is_ai_msg": 1},
    }
    await desk.done(SEND, body)
    assert li.last.by_ai


async def test_a_menu_of_choices(wechat: WechatServer, desk: Desk, li: Phone) -> None:
    items = [{"id": "101", "content": "满意"}, {"id": "102", "content": "不满意"}]
    assert await errcode(desk, li, "msgmenu", head_content="还好吗？", list=items, tail_content="谢谢") == 0
    assert li.last.text == "还好吗？\n满意\n不满意\n谢谢"
    await (await li.choose("不满意")).settled()
    assert (desk.heard[-1]["Content"], desk.heard[-1]["bizmsgmenuid"]) == ("不满意", "102")
    assert await errcode(desk, li, "msgmenu", list=[]) == 44004
    assert await errcode(desk, li, "msgmenu", list=items * 6) == 45098
    wechat.account.kind = Kind.TEST
    assert await errcode(desk, li, "msgmenu", list=items) == 40200


async def test_links_in_texts(wechat: WechatServer, desk: Desk, li: Phone) -> None:
    menu = "weixin://bizmsgmenu?msgmenucontent=%E5%8E%A8%E6%88%BF&msgmenuid=k7"
    words = f"选一个：\n<a href=\"{menu}\">1 厨房</a>\n2 卧室 <a href='https://x.example/'>看看</a> <b>&lt;"
    assert await desk.send(li, words + '<a href="javascript:x">y</a>') == 0
    assert li.last.text == '选一个：\n1 厨房\n2 卧室 看看 <b>&lt;<a href="javascript:x">y</a>'
    assert li.last.links == [Link("1 厨房", menu), Link("看看", "https://x.example/")]
    assert li.last.choices == [Choice("1 厨房", "厨房", "k7")]
    await (await li.pick("厨房")).settled()
    assert (desk.heard[-1]["Content"], desk.heard[-1]["bizmsgmenuid"]) == ("厨房", "k7")
    await (await li.pick("卧室")).settled()
    assert desk.heard[-1]["Content"] == "2"
    assert "bizmsgmenuid" not in desk.heard[-1]
    with pytest.raises(LookupError, match="阳台"):
        await li.pick("阳台")


async def test_the_typing_sign(wechat: WechatServer, desk: Desk, li: Phone) -> None:
    typing, path = {"touser": li.openid, "command": "Typing"}, "message/custom/typing"
    await desk.done(path, typing)
    assert (li.typing, li.allowance) == (True, 3)
    assert await desk.refused(path, typing) == 45081
    await desk.done(path, typing | {"command": "CancelTyping"})
    assert not li.typing
    await desk.done(path, typing)
    await desk.send(li, "这就来")
    assert not li.typing
    await desk.done(path, typing)
    wechat.advance(15)
    assert not li.typing
    assert await desk.refused(path, typing | {"command": "Dance"}) == 45072
    wechat.advance(16)
    assert await desk.refused(path, typing) == 45080
