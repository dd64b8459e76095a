"""Media, the menu, codes to scan, followers, and pages opened inside WeChat."""

from __future__ import annotations

import io
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import aiohttp
import pytest
from PIL import Image

from tests.emulators.tencent_clock import DAY
from tests.emulators.wechat import Kind, Phone, WechatServer
from tests.emulators.wechat_fixtures import Desk
from tests.emulators.wechat_shelf import KB, MB, sample_picture


async def upload(desk: Desk, kind: str, content: bytes, field: str = "media", name: str = "a.jpg") -> Any:
    if not desk.token:
        await desk.renew_token()
    form = aiohttp.FormData()
    form.add_field(field, io.BytesIO(content), filename=name, content_type="image/jpeg")
    query = {"access_token": desk.token, "type": kind}
    async with desk.session.post(
        f"{desk.wechat.url}/cgi-bin/media/upload", params=query, data=form
    ) as response:
        return await response.json()


async def fetch(desk: Desk, media_id: str) -> tuple[str, bytes]:
    query = {"access_token": desk.token, "media_id": media_id}
    async with desk.session.get(f"{desk.wechat.url}/cgi-bin/media/get", params=query) as response:
        assert response.status == 200
        return response.headers.get("Content-disposition", ""), await response.read()


async def test_what_is_uploaded_can_be_fetched_for_three_days(wechat: WechatServer, desk: Desk) -> None:
    told = await upload(desk, "image", sample_picture())
    assert set(told) == {"type", "media_id", "created_at"}
    name, content = await fetch(desk, told["media_id"])
    assert (name, content) == (f'attachment; filename="{told["media_id"]}.jpg"', sample_picture())
    wechat.advance(3 * DAY + 1)
    await desk.renew_token()
    name, content = await fetch(desk, told["media_id"])
    assert (name, content[:21]) == ("", b'{"errcode": 40007, "e')
    assert wechat.media(told["media_id"]) == sample_picture()


async def test_uploads_have_limits(desk: Desk) -> None:
    picture = sample_picture()
    assert "thumb_media_id" in await upload(desk, "thumb", picture)
    for kind, content, errcode in [
        ("file", picture, 40004),
        ("image", b"%PDF-1.7", 40005),
        ("voice", picture, 40005),
        ("thumb", b"\x89PNG", 40005),
        ("image", picture + bytes(2 * MB), 40009),
        ("thumb", picture + bytes(64 * KB), 40006),
        ("voice", b"#!AMR" + bytes(2 * MB), 40006),
    ]:
        assert (await upload(desk, kind, content))["errcode"] == errcode
    assert (await upload(desk, "image", picture, field="file"))["errcode"] == 41005
    assert await desk.refused("media/upload", {}, type="image") == 41005


async def test_what_people_send_can_be_fetched(wechat: WechatServer, desk: Desk, li: Phone) -> None:
    await (await li.photo(b"\xff\xd8\xff my kitchen")).settled()
    told = desk.heard[-1]
    await desk.renew_token()
    name, content = await fetch(desk, told["MediaId"])
    assert (name[-5:], content) == ('.jpg"', b"\xff\xd8\xff my kitchen")
    async with desk.session.get(told["PicUrl"]) as response:
        assert (response.content_type, await response.read()) == ("image/jpeg", content)
    await (await li.video()).settled()
    _, told_of_film = await fetch(desk, desk.heard[-1]["MediaId"])
    assert b'"video_url": "http://127.0.0.1' in told_of_film


def click(name: str = "报修", key: str = "REPAIR") -> dict[str, Any]:
    return {"type": "click", "name": name, "key": key}


def view(url: str) -> dict[str, Any]:
    return {"type": "view", "name": "网页", "url": url}


def below(*buttons: dict[str, Any], name: str = "更多") -> dict[str, Any]:
    return {"name": name, "sub_button": list(buttons)}


async def test_a_menu_is_made_pressed_and_taken_away(desk: Desk, li: Phone) -> None:
    assert await desk.refused("menu/get") == 46003
    page = {
        "type": "miniprogram",
        "name": "小程序",
        "url": "https://x.example/",
        "appid": "wx1",
        "pagepath": "p",
    }
    menu = {"button": [click(), below(view("https://x.example/"), click("评价", "RATE"), page)]}
    await desk.done("menu/create", menu)
    assert (await desk.done("menu/get"))["menu"] == menu
    assert li.menu == ["报修", "网页", "评价", "小程序"]
    for button in ("报修", "RATE", "网页", "小程序"):
        await (await li.press(button)).settled()
    told = [(one["Event"], one["EventKey"]) for one in desk.heard[1:]]
    assert told == [
        ("CLICK", "REPAIR"),
        ("CLICK", "RATE"),
        ("VIEW", "https://x.example/"),
        ("view_miniprogram", "p"),
    ]
    await desk.done("menu/delete")
    with pytest.raises(LookupError):
        await li.press("报修")


@pytest.mark.parametrize(
    ("buttons", "errcode"),
    [
        ([], 40016),
        ([click()] * 4, 40016),
        (None, 40016),
        (["x"], 47001),
        ([click("五个汉字一")], 0),
        ([click("六个汉字一二")], 40018),
        ([click("")], 40018),
        ([click(key="k" * 128)], 0),
        ([click(key="k" * 129)], 40019),
        ([click(key="")], 40019),
        ([view("https://x.example/" + "p" * 1007)], 40020),
        ([view("ftp://x.example/")], 40054),
        ([{"type": "dance", "name": "b"}], 40017),
        ([{"name": "b"}], 40017),
        ([{"type": "miniprogram", "name": "b", "url": "https://x.example/"}], 40017),
        ([{"type": "media_id", "name": "b", "media_id": "m"}], 0),
        ([below(*[click()] * 5)], 0),
        ([below(*[click()] * 6)], 40023),
        ([below(below(click()))], 40022),
        ([below(click("二" * 20))], 0),
        ([below(click("二" * 21))], 40025),
        ([below(click(key="k" * 129))], 40026),
        ([below(view("https://x.example/" + "p" * 1007))], 40027),
        ([below(view("x.example"))], 40055),
        ([below({"type": "dance", "name": "b"})], 40024),
    ],
)
async def test_the_menu_has_limits(desk: Desk, buttons: Any, errcode: int) -> None:
    assert (await desk.call("menu/create", {"button": buttons}))["errcode"] == errcode


def scene(action: str = "QR_STR_SCENE", lives: Any = 600, **given: Any) -> dict[str, Any]:
    return {"expire_seconds": lives, "action_name": action, "action_info": {"scene": given}}


async def test_a_stranger_who_scans_follows_and_brings_the_scene(
    wechat: WechatServer, desk: Desk, li: Phone
) -> None:
    code = await desk.done("qrcode/create", scene(scene_str="bind_ab12"))
    assert code["expire_seconds"] == 600
    zhao = wechat.person("赵")
    await (await zhao.scan(code["url"])).settled()
    told = desk.heard[-1]
    assert (told["Event"], told["EventKey"], told["Ticket"]) == (
        "subscribe",
        "qrscene_bind_ab12",
        code["ticket"],
    )
    await (await li.scan(code["ticket"])).settled()
    told = desk.heard[-1]
    assert (told["Event"], told["EventKey"], told["Ticket"]) == ("SCAN", "bind_ab12", code["ticket"])
    about = await desk.done("user/info", openid=zhao.openid)
    assert (about["subscribe_scene"], about["qr_scene_str"]) == ("ADD_SCENE_QR_CODE", "bind_ab12")
    wechat.advance(601)
    with pytest.raises(LookupError, match="expired"):
        await li.scan("bind_ab12")
    with pytest.raises(LookupError, match="nobody"):
        await li.scan("bind_zz99")


async def test_codes_with_numbers_and_codes_for_ever(wechat: WechatServer, desk: Desk, li: Phone) -> None:
    await desk.done("qrcode/create", scene("QR_SCENE", scene_id=123))
    forever = await desk.done("qrcode/create", scene("QR_LIMIT_STR_SCENE", scene_str="lobby"))
    assert "expire_seconds" not in forever
    await (await li.scan("123")).settled()
    assert desk.heard[-1]["EventKey"] == "123"
    wechat.advance(365 * DAY)
    await (await li.scan("lobby")).settled()
    await (await wechat.person("赵").follow("lobby")).settled()
    assert desk.heard[-1]["EventKey"] == "qrscene_lobby"


@pytest.mark.parametrize(
    "wrong",
    [
        scene("QR_DANCE", scene_str="x"),
        scene(scene_str="x" * 65),
        scene(scene_str=""),
        scene(scene_id=5),
        scene("QR_SCENE", scene_id=0),
        scene("QR_SCENE", scene_id=2**32),
        scene("QR_LIMIT_SCENE", scene_id=100_001),
        scene(lives=2_592_001, scene_str="x"),
        scene(lives="600", scene_str="x"),
        {"action_name": "QR_SCENE"},
    ],
)
async def test_scenes_have_limits(desk: Desk, wrong: Any) -> None:
    assert await desk.refused("qrcode/create", wrong) == 40053


async def test_a_code_is_drawn_for_its_ticket(wechat: WechatServer, desk: Desk) -> None:
    code = await desk.done("qrcode/create", scene(scene_str="x"))
    url = f"{wechat.url}/cgi-bin/showqrcode"
    async with desk.session.get(url, params={"ticket": code["ticket"]}) as response:
        assert response.content_type == "image/jpg"
        assert Image.open(io.BytesIO(await response.read())).format == "JPEG"
    async with desk.session.get(url, params={"ticket": "none"}) as response:
        assert response.status == 404


async def test_little_is_known_of_followers(wechat: WechatServer, desk: Desk, li: Phone) -> None:
    zhao = wechat.person("赵")
    about = await desk.done("user/info", openid=li.openid, lang="zh_CN")
    assert (about["subscribe"], about["openid"], len(li.openid)) == (1, li.openid, 28)
    assert not {"nickname", "headimgurl", "city"} & set(about)
    assert await desk.done("user/info", openid=zhao.openid) == {"subscribe": 0, "openid": zhao.openid}
    assert await desk.refused("user/info", openid="o-unknown") == 40003
    many = {"user_list": [{"openid": li.openid}, {"openid": zhao.openid, "lang": "en"}]}
    listed = (await desk.done("user/info/batchget", many))["user_info_list"]
    assert [one["subscribe"] for one in listed] == [1, 0]
    assert await desk.refused("user/info/batchget", {"user_list": many["user_list"] * 51}) == 47001
    await desk.done("user/info/updateremark", {"openid": li.openid, "remark": "3-1201"})
    assert (await desk.done("user/info", openid=li.openid))["remark"] == "3-1201"
    page = await desk.done("user/get")
    assert (page["total"], page["data"], page["next_openid"]) == (1, {"openid": [li.openid]}, li.openid)
    assert (await desk.done("user/get", next_openid=li.openid))["count"] == 0


async def test_names_have_one_openid_for_each_account(wechat: WechatServer) -> None:
    assert wechat.person("李") is wechat.person("李")
    assert wechat.person("李").openid != wechat.person("赵").openid
    assert WechatServer(appid="wx1").person("李").openid != wechat.person("李").openid


async def test_an_uncertified_account_may_do_little(wechat: WechatServer, desk: Desk, li: Phone) -> None:
    wechat.account.kind = Kind.UNCERTIFIED
    for path in ("user/info", "menu/get"):
        assert await desk.refused(path, openid=li.openid) == 48001


def consent(wechat: WechatServer, **more: str) -> str:
    query = {"appid": wechat.appid, "redirect_uri": "http://127.0.0.1/back?x=1", "response_type": "code"}
    query |= {"scope": "snsapi_base", "state": "s1"} | more
    return f"{wechat.url}/connect/oauth2/authorize?{urlencode(query)}#wechat_redirect"


async def redeem(desk: Desk, code: str, **more: str) -> Any:
    query = {"appid": desk.wechat.appid, "secret": desk.wechat.secret, "code": code}
    return await sns(desk, "oauth2/access_token", **(query | {"grant_type": "authorization_code"} | more))


async def sns(desk: Desk, path: str, **query: str) -> Any:
    async with desk.session.get(f"{desk.wechat.url}/sns/{path}", params=query) as response:
        return await response.json()


async def code_of(wechat: WechatServer, phone: Phone, **more: str) -> str:
    back = await phone.authorize(consent(wechat, **more))
    query = parse_qs(urlsplit(back).query)
    assert (query["x"], query["state"]) == (["1"], ["s1"])
    return query["code"][0]


async def test_a_page_learns_who_is_looking(wechat: WechatServer, desk: Desk, li: Phone) -> None:
    code = await code_of(wechat, li)
    told = await redeem(desk, code)
    assert (told["openid"], told["scope"], told["expires_in"]) == (li.openid, "snsapi_base", 7200)
    assert (await redeem(desk, code))["errcode"] == 40163
    who = {"access_token": told["access_token"], "openid": li.openid}
    assert (await sns(desk, "auth", **who))["errcode"] == 0
    assert (await sns(desk, "auth", **who | {"openid": "o"}))["errcode"] == 40003
    assert (await sns(desk, "userinfo", **who))["errcode"] == 48001
    wechat.advance(7200)
    assert (await sns(desk, "auth", **who))["errcode"] == 42001
    again = {"appid": wechat.appid, "grant_type": "refresh_token", "refresh_token": told["refresh_token"]}
    fresh = await sns(desk, "oauth2/refresh_token", **again)
    assert (await sns(desk, "auth", access_token=fresh["access_token"], openid=li.openid))["errcode"] == 0
    wechat.advance(30 * DAY)
    assert (await sns(desk, "oauth2/refresh_token", **again))["errcode"] == 42002
    assert (await sns(desk, "oauth2/refresh_token", **again | {"refresh_token": "x"}))["errcode"] == 40030


async def test_a_name_only_with_consent_and_nobody_in_a_snapshot(
    wechat: WechatServer, desk: Desk, li: Phone
) -> None:
    told = await redeem(desk, await code_of(wechat, li, scope="snsapi_userinfo"))
    who = {"access_token": told["access_token"], "openid": li.openid}
    assert (await sns(desk, "userinfo", **who))["nickname"] == "李"
    li.me.snapshot = True
    told = await redeem(desk, await code_of(wechat, li))
    assert told["is_snapshotuser"] == 1
    assert told["openid"] != li.openid


async def test_codes_that_are_not_good(wechat: WechatServer, desk: Desk, li: Phone) -> None:
    code = await code_of(wechat, li)
    wechat.advance(300)
    answers = [await redeem(desk, one) for one in (code, "guess", "")]
    assert [answer["errcode"] for answer in answers] == [42003, 40029, 41008]
    assert (await redeem(desk, code, secret="guess"))["errcode"] == 40125


@pytest.mark.parametrize(
    ("wrong", "shown"),
    [
        ({"redirect_uri": "https://elsewhere.example/"}, "10003"),
        ({"appid": "wx1"}, "10013"),
        ({"scope": "everything"}, "10005"),
    ],
)
async def test_a_wrong_consent_page_leads_nowhere(
    wechat: WechatServer, li: Phone, wrong: dict[str, str], shown: str
) -> None:
    with pytest.raises(PermissionError, match=shown):
        await li.authorize(consent(wechat, **wrong))


async def test_outside_wechat_a_consent_page_says_so(wechat: WechatServer, desk: Desk) -> None:
    async with desk.session.get(consent(wechat), allow_redirects=False) as response:
        assert "请在微信客户端打开链接" in await response.text()
