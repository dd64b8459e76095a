"""What is said on WeChat arrives on the phone, or it is clear why it did not and what to do about it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from bot.channel import (
    Gone,
    PartlySent,
    SendError,
    Shut,
    Temporary,
    Throttled,
    Unacceptable,
    Uncertain,
    Unreachable,
)
from bot.media import MediaStore
from bot.settings import Settings
from bot.tencent.api import ApiError
from bot.tencent.pictures import MOST_BYTES, fitted
from bot.wechat import menu, qr
from bot.wechat.channel import WechatChannel, utcnow
from bot.wechat.door import WechatDoor
from bot.wechat.errors import BY_FORM, SEND, BadForm, NoFile, meaning
from bot.wechat.loading import trusted
from handlers.envelopes import WAITING, Button, Outgoing, Picture
from handlers.texts import Texts
from models import Attachment
from models.database import Database
from models.quota import TEMPLATE, TOLD
from tests.bot.wechat.chats import Chat
from tests.bot.wechat.conftest import Opened
from tests.emulators.tencent_clock import HOUR
from tests.emulators.wechat import Kind, Phone, WechatServer
from tests.emulators.wechat_allowances import Act
from tests.emulators.wechat_shelf import sample_picture

Writes = Callable[[str], Awaitable[Phone]]
CUSTOM, TEMPLATES, MEDIA = "message/custom/send", "message/template/send", "media/upload"


async def test_words_arrive_with_their_title_and_a_link(writes: Writes, channel: WechatChannel) -> None:
    li = await writes("李")
    page = Button("看工单", "", url="https://e.cn/t?x=1&y=2")
    sent = await channel.send(li.openid, Outgoing("师傅 <b>已接单", "HPY-1", buttons=((page,),)))
    assert sent.startswith("custom:")
    assert li.last.text == "HPY-1\n师傅 ＜b>已接单\n看工单"
    assert [(link.label, link.href) for link in li.last.links] == [("看工单", "https://e.cn/t?x=1&y=2")]


async def test_lines_can_be_tapped_where_the_settings_say_so(writes: Writes, opened: Opened) -> None:
    li = await writes("李")
    asked = Outgoing("哪里？\n1. 家里\n2. 楼道", choices=(("1. 家里", "1"), ("2. 楼道", "2")))
    await opened(wechat_menu_links=True).channel.send(li.openid, asked)
    assert [(choice.label, choice.content) for choice in li.last.choices] == [
        ("1. 家里", "1"),
        ("2. 楼道", "2"),
    ]


async def test_a_long_text_comes_in_parts(writes: Writes, channel: WechatChannel) -> None:
    li = await writes("李")
    await channel.send(li.openid, Outgoing("漏" * 1000))
    assert "".join(bubble.text for bubble in li.received) == "漏" * 1000
    assert len(li.received) == 2


async def test_chinese_and_emoji_are_not_escaped(
    writes: Writes, channel: WechatChannel, wechat: WechatServer
) -> None:
    li = await writes("李")
    await channel.send(li.openid, Outgoing("漏水 👨‍👩‍👧‍👦 \\u6c34"))
    assert li.last.text == "漏水 👨‍👩‍👧‍👦 \\u6c34"


async def test_nothing_to_say_is_said_to_nobody(writes: Writes, channel: WechatChannel) -> None:
    li = await writes("李")
    with pytest.raises(Unacceptable):
        await channel.send(li.openid, Outgoing("  "))
    with pytest.raises(Gone):
        await channel.edit(li.openid, "custom:1", Outgoing("x"))


# --- the quota


async def test_who_has_not_written_is_not_written_to(
    wechat: WechatServer, channel: WechatChannel, here: Database
) -> None:
    li = wechat.person("李")
    with pytest.raises(Shut) as shut:
        await channel.send(li.openid, Outgoing("x"))
    assert (shut.value.why, wechat.calls) == ("window", [])


async def test_after_five_messages_no_call_is_made(
    writes: Writes, wechat: WechatServer, channel: WechatChannel, here: Database
) -> None:
    li = await writes("李")
    for _ in range(5):
        await Chat(here, li.openid, channel.bot).got(utcnow())
    with pytest.raises(Shut) as shut:
        await channel.send(li.openid, Outgoing("x"))
    assert (shut.value.why, wechat.calls_of(CUSTOM)) == ("quota", [])


@pytest.mark.parametrize(("code", "why"), [(45015, "window"), (45047, "quota")])
async def test_wechat_has_the_last_word_on_who_may_be_written_to(
    writes: Writes, wechat: WechatServer, channel: WechatChannel, code: int, why: str
) -> None:
    li = await writes("李")
    wechat.fail_next(CUSTOM, errcode=code)
    with pytest.raises(Shut) as shut:
        await channel.send(li.openid, Outgoing("x"))
    assert shut.value.why == why


# --- forms


async def test_that_something_waits_is_told_by_form_or_not_at_all(
    writes: Writes, wechat: WechatServer, opened: Opened, by_form: tuple[WechatChannel, str]
) -> None:
    channel, _ = by_form
    li = await writes("李")
    waits = Outgoing("您有新消息", notice=WAITING, facts=NOTICE.facts)
    assert (await channel.send(li.openid, waits)).startswith(TEMPLATE)
    with pytest.raises(Shut):
        await opened().channel.send(li.openid, waits)
    assert not wechat.calls_of(CUSTOM)
    assert (channel.capabilities.beckons, opened().channel.capabilities.beckons) == (True, False)


@pytest.fixture
def by_form(wechat: WechatServer, opened: Opened, tmp_path: Path) -> tuple[WechatChannel, str]:
    """A channel with a template for every notice, and the template's id."""
    identity = wechat.add_template(
        "工单进度", {"character_string1": "单号", "phrase2": "状态", "time3": "时间"}
    )
    fields = '{character_string1: "{number}", phrase2: "{state}", time3: "{at}"}'
    (tmp_path / "forms.yaml").write_text(f'"*": {{template: {identity}, fields: {fields}}}', encoding="utf-8")
    made = opened(wechat_templates=tmp_path / "forms.yaml", public_url="https://wubu.example")
    return made.channel, identity


NOTICE = Outgoing(
    "张师傅已接单。",
    notice="repair.told.accept",
    facts={"number": "HPY-2611-00042", "state": "已接单", "at": "2026-11-24 14:05"},
)


async def test_after_the_window_a_notice_goes_by_form(
    wechat: WechatServer, by_form: tuple[WechatChannel, str]
) -> None:
    channel, _ = by_form
    li = wechat.person("李")
    li.me.following = True
    wechat.route("http://127.0.0.1:1/")
    sent = await channel.send(li.openid, NOTICE)
    assert sent.startswith(TEMPLATE)
    assert sent != TEMPLATE
    assert li.last.facts == {"单号": "HPY-2611-00042", "状态": "已接单", "时间": "2026-11-24 14:05"}
    assert li.last.url == "https://wubu.example"
    assert wechat.calls_of(CUSTOM) == []


async def test_a_conversation_never_goes_by_form(
    wechat: WechatServer, by_form: tuple[WechatChannel, str]
) -> None:
    channel, _ = by_form
    with pytest.raises(Shut):
        await channel.send(wechat.person("李").openid, Outgoing("哪里坏了？"))
    assert wechat.calls == []


async def test_where_wechat_says_that_the_window_is_closed_the_form_goes(
    writes: Writes, wechat: WechatServer, by_form: tuple[WechatChannel, str]
) -> None:
    channel, _ = by_form
    li = await writes("李")
    wechat.advance(49 * HOUR)
    wechat.route("http://127.0.0.1:1/")
    assert (await channel.send(li.openid, NOTICE)).startswith(TEMPLATE)
    assert [call.errcode for call in wechat.calls_of(CUSTOM)] == [45015]


async def test_a_form_sent_again_is_shown_once(
    wechat: WechatServer, by_form: tuple[WechatChannel, str]
) -> None:
    channel, _ = by_form
    li = wechat.person("李")
    li.me.following = True
    wechat.route("http://127.0.0.1:1/")
    wechat.lose_answer(TEMPLATES)
    with pytest.raises(Temporary):
        await channel.send(li.openid, NOTICE)
    await channel.send(li.openid, NOTICE)
    assert len(li.received) == 1


async def test_who_has_muted_the_notices_is_told_apart(
    wechat: WechatServer, by_form: tuple[WechatChannel, str]
) -> None:
    channel, identity = by_form
    li = wechat.person("李")
    li.me.following = True
    li.mute(identity)
    with pytest.raises(Shut) as shut:
        await channel.send(li.openid, NOTICE)
    assert shut.value.why == "muted"


@pytest.mark.parametrize("code", [40037, 47003, 48001])
async def test_a_form_that_does_not_fit_leaves_the_person_unreached_here(
    wechat: WechatServer, by_form: tuple[WechatChannel, str], code: int
) -> None:
    channel, _ = by_form
    wechat.fail_next(TEMPLATES, errcode=code)
    with pytest.raises(Shut) as shut:
        await channel.send(wechat.person("李").openid, NOTICE)
    assert shut.value.why == "window"


async def test_who_has_left_cannot_be_reached_by_form_either(
    wechat: WechatServer, by_form: tuple[WechatChannel, str]
) -> None:
    channel, _ = by_form
    with pytest.raises(Unreachable) as gone:
        await channel.send(wechat.person("李").openid, NOTICE)
    assert gone.value.why == "unfollowed"


async def test_a_form_says_nothing_of_the_photos(
    wechat: WechatServer, by_form: tuple[WechatChannel, str]
) -> None:
    channel, _ = by_form
    li = wechat.person("李")
    li.me.following = True
    wechat.route("http://127.0.0.1:1/")
    words, photo = channel.split(
        Outgoing(NOTICE.text, pictures=(Picture(1),), notice=NOTICE.notice, facts=NOTICE.facts)
    )
    assert [(await channel.send(li.openid, part))[: len(TEMPLATE)] for part in (words, photo)] == [
        TEMPLATE
    ] * 2
    assert len(li.received) == 1


# --- photos


async def stored(here: Database, tmp_path: Path, content: bytes) -> int:
    """A photo that came in through another door."""
    kept = await MediaStore(f"file://{tmp_path}/media").put(content)
    photo = Attachment(
        channel="web",
        bot="web",
        source=kept.path,
        state="stored",
        stored=kept.path,
        next_at=utcnow(),
        created_at=utcnow(),
    )
    async with here.transaction() as session:
        session.add(photo)
        await session.flush()
        return photo.id


async def test_a_photo_from_elsewhere_is_shown(
    writes: Writes, wechat: WechatServer, channel: WechatChannel, here: Database, tmp_path: Path
) -> None:
    li = await writes("李")
    photo = await stored(here, tmp_path, sample_picture(1))
    await channel.send(li.openid, Outgoing("修好了", pictures=(Picture(photo),)))
    assert [bubble.kind for bubble in li.received] == ["text", "image"]
    assert li.last.media is not None
    with Image.open(BytesIO(li.last.media.content)) as shown:
        assert shown.format == "JPEG"


async def test_a_photo_of_this_very_chat_is_not_carried_to_and_fro(
    writes: Writes, wechat: WechatServer, channel: WechatChannel
) -> None:
    li = await writes("李")
    media = wechat.world.shelf.keep("image", sample_picture(2))
    picture = Picture(7, "wechat", channel.bot, f"{media.id} {wechat.url}/mmbiz/{media.id}/0")
    await channel.send(li.openid, Outgoing("", pictures=(picture,)))
    assert li.last.media is media
    assert wechat.calls_of(MEDIA) == []


async def test_a_photo_that_wechat_has_forgotten_is_taken_from_our_own_copy(
    writes: Writes, wechat: WechatServer, channel: WechatChannel, here: Database, tmp_path: Path
) -> None:
    media = wechat.world.shelf.keep("image", sample_picture(2))
    wechat.advance(4 * 24 * HOUR)
    li = await writes("李")
    photo = await stored(here, tmp_path, sample_picture(1))
    await channel.send(li.openid, Outgoing("", pictures=(Picture(photo, "wechat", channel.bot, media.id),)))
    assert li.last.kind == "image"
    assert li.last.media is not media


async def test_a_photo_that_is_lost_does_not_take_the_words_with_it(
    writes: Writes, channel: WechatChannel
) -> None:
    li = await writes("李")
    with pytest.raises(PartlySent) as partly:
        await channel.send(li.openid, Outgoing("修好了", pictures=(Picture(404),)))
    assert isinstance(partly.value.why, Unacceptable)
    assert [part.pictures for part in partly.value.rest] == [(Picture(404),)]
    assert li.last.text == "修好了"


def noisy(kind: str, edge: int = 1300) -> bytes:
    """A picture that cannot be made small without loss."""
    into = BytesIO()
    Image.effect_noise((edge, edge), 90).convert("RGBA" if kind != "JPEG" else "RGB").save(into, kind)
    return into.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
async def test_a_picture_is_made_to_fit(kind: str) -> None:
    heavy = noisy(kind) if kind == "PNG" else noisy(kind, 600)
    file = await fitted(heavy)
    assert (file.name, file.mime) == ("photo.jpg", "image/jpeg")
    assert len(file.data) <= MOST_BYTES
    assert (await fitted(file.data)).data == file.data


async def test_what_is_no_picture_is_not_sent() -> None:
    for content in (b"", b"GIF89a", b"%PDF-1.4", b"\xff\xd8\xff" + b"x" * (MOST_BYTES + 1)):
        if content[:1] == b"\xff" or not content.startswith(b"\xff"):
            with pytest.raises(Unacceptable):
                await fitted(content)


# --- photos that came in


async def test_a_photo_is_fetched_by_its_id(wechat: WechatServer, channel: WechatChannel) -> None:
    media = wechat.world.shelf.keep("image", sample_picture(3))
    assert await channel.fetch(media.id) == media.content
    assert await channel.fetch(f"{media.id} http://127.0.0.1:1/never") == media.content


async def test_without_its_id_a_photo_may_still_be_at_its_address(
    wechat: WechatServer, channel: WechatChannel
) -> None:
    media = wechat.world.shelf.keep("image", sample_picture(3))
    wechat.fail_next("media/get", errcode=40007)
    assert await channel.fetch(f"{media.id} {wechat.url}/mmbiz/{media.id}/0") == media.content
    assert await channel.fetch(f" {wechat.url}/mmbiz/{media.id}/0") == media.content


async def test_after_three_days_a_photo_is_gone(wechat: WechatServer, channel: WechatChannel) -> None:
    media = wechat.world.shelf.keep("image", sample_picture(3))
    wechat.advance(4 * 24 * HOUR)
    for source in (
        media.id,
        f"{media.id} {wechat.url}/mmbiz/{media.id}/0",
        f"{media.id} http://127.0.0.1:1/x",
    ):
        with pytest.raises(NoFile):
            await channel.fetch(source)


async def test_a_video_is_no_photo(wechat: WechatServer, channel: WechatChannel) -> None:
    media = wechat.world.shelf.keep("video", b"\x00\x00\x00\x18ftypmp42")
    with pytest.raises(Unacceptable):
        await channel.fetch(media.id)


async def test_when_wechat_is_away_a_photo_is_fetched_later(
    wechat: WechatServer, channel: WechatChannel
) -> None:
    media = wechat.world.shelf.keep("image", sample_picture(3))
    wechat.drop_next("media/get", times=2)
    with pytest.raises(Temporary):
        await channel.fetch(media.id)
    assert await channel.fetch(media.id) == media.content


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("http://mmbiz.qpic.cn/mmbiz_jpg/x/0", True),
        ("https://wx.qlogo.cn/x", True),
        ("https://qpic.cn/x", True),
        ("https://qpic.cn.evil.example/x", False),
        ("https://evilqpic.cn/x", False),
        ("https://mmbiz.qpic.cn@127.0.0.1/x", False),
        ("https://mmbiz.qpic.cn:22/x", False),
        ("https://mmbiz.qpic.cn:port/x", False),
        ("file:///etc/passwd", False),
        ("http://127.0.0.1/x", False),
        ("http://[::1", False),
        ("https://api.weixin.qq.com/x", True),
        ("https://api.weixin.qq.com.evil.example/x", False),
        ("", False),
    ],
)
def test_photos_are_asked_for_from_wechat_alone(url: str, good: bool) -> None:
    assert trusted(url, "https://api.weixin.qq.com") is good


# --- what goes wrong


@pytest.mark.parametrize(
    ("code", "error", "more"),
    [
        (40003, Unreachable, {"why": "blocked"}),
        (43004, Unreachable, {"why": "unfollowed"}),
        (50005, Unreachable, {"why": "unfollowed"}),
        (43019, Unreachable, {"why": "blocked"}),
        (48002, Unreachable, {"why": "blocked"}),
        (45015, Shut, {"why": "window"}),
        (45047, Shut, {"why": "quota"}),
        (43101, Shut, {"why": "muted"}),
        (45009, Throttled, {"everywhere": True, "after": 600.0}),
        (45011, Throttled, {"everywhere": True, "after": 60.0}),
        (48001, Throttled, {"everywhere": True, "after": 300.0}),
        (40013, Throttled, {"everywhere": True}),
        (40164, Throttled, {"everywhere": True}),
        (50007, Throttled, {"everywhere": True}),
        (89503, Throttled, {"everywhere": True}),
        (-1, Temporary, {}),
        (40007, NoFile, {}),
        (45002, Unacceptable, {}),
        (40033, Unacceptable, {}),
        (47001, Unacceptable, {}),
        (87014, Unacceptable, {}),
        (123456, Unacceptable, {}),
    ],
)
def test_every_refusal_means_something(code: int, error: type[SendError], more: dict[str, object]) -> None:
    said = meaning(ApiError(code, "said"), SEND)
    assert type(said) is error
    assert {name: getattr(said, name) for name in more} == more


def test_a_template_that_is_not_ours_stops_nothing_else() -> None:
    assert type(meaning(ApiError(48001), BY_FORM)) is BadForm
    assert type(meaning(ApiError(47003), SEND)) is Unacceptable


async def test_who_unfollowed_or_blocked_is_told_apart(
    writes: Writes, wechat: WechatServer, channel: WechatChannel
) -> None:
    li = await writes("李")
    li.block()
    with pytest.raises(Unreachable) as blocked:
        await channel.send(li.openid, Outgoing("x"))
    li.me.following = False
    with pytest.raises(Unreachable) as gone:
        await channel.send(li.openid, Outgoing("x"))
    assert (blocked.value.why, gone.value.why) == ("blocked", "unfollowed")


async def test_what_may_have_arrived_is_uncertain_and_what_cannot_have_is_not(
    writes: Writes, wechat: WechatServer, channel: WechatChannel
) -> None:
    li = await writes("李")
    wechat.lose_answer(CUSTOM)
    with pytest.raises(Uncertain):
        await channel.send(li.openid, Outgoing("x"))
    wechat.garble_next(CUSTOM)
    with pytest.raises(Temporary):
        await channel.send(li.openid, Outgoing("y"))
    assert [bubble.text for bubble in li.received] == ["x"]


async def test_a_token_that_somebody_else_replaced_is_renewed(
    writes: Writes, wechat: WechatServer, channel: WechatChannel
) -> None:
    li = await writes("李")
    await channel.send(li.openid, Outgoing("x"))
    wechat.supersede_token()
    await channel.send(li.openid, Outgoing("y"))
    assert [bubble.text for bubble in li.received] == ["x", "y"]


async def test_a_test_account_gets_words_too(here: Database, tmp_path: Path) -> None:
    async with WechatServer(kind=Kind.TEST) as wechat:
        li = wechat.person("李")
        li.me.following = True
        li.me.act(Act.MESSAGE)
        await Chat(here, li.openid, wechat.appid).did(TOLD, utcnow())
        settings = Settings(**wechat.settings, var=tmp_path)  # type: ignore[arg-type]
        door = WechatDoor.of(settings, here, Texts.load(), MediaStore(f"file://{tmp_path}/media"))
        assert door is not None
        await door.channel.send(li.openid, Outgoing("x"))
        await door.close()
        assert li.last.text == "x"


# --- the menu and the codes


async def test_the_menu_is_shown(wechat: WechatServer, door: WechatDoor) -> None:
    await menu.push(door.api, Texts.load())
    li = wechat.person("李")
    assert li.menu
    wechat.fail_next("menu/create", errcode=48001)
    with pytest.raises(SendError):
        await menu.push(door.api, Texts.load())


async def test_a_code_is_made_to_be_scanned(wechat: WechatServer, door: WechatDoor) -> None:
    url = await qr.scene(door.api, "ABCDE23456")
    assert wechat.world.scenes.find(url).value == "ABCDE23456"
    for told in ("", "x" * 65):
        with pytest.raises(ValueError, match="a scene has up to 64 letters"):
            await qr.scene(door.api, told)
    wechat.fail_next("qrcode/create", errcode=45009)
    with pytest.raises(Throttled):
        await qr.scene(door.api, "ABCDE23456")
