"""What the house says reaches the group through its robot, and nobody ever sees the robot's key."""

from __future__ import annotations

import io
import logging

import pytest
from PIL import Image
from structlog.testing import capture_logs

from bot.channel import (
    Gone,
    PartlySent,
    SendError,
    Temporary,
    Throttled,
    Unacceptable,
    Uncertain,
    Unreachable,
)
from bot.tencent.api import Api
from bot.wecom.robot import RobotChannel
from handlers.envelopes import Button, Outgoing, Picture
from tests.bot.wecom.company import NO_SUCH_PHOTO, PAGE, TEXT, TITLE, WORDS, stored, ticket
from tests.emulators.wecom import MINUTE, Robot, WecomServer

EVIL = Outgoing('住户写道：<@all> [点我](https://evil.example) **急** <font color="info">x</font>', TITLE)


async def test_a_ticket_is_a_card_that_opens_its_page(robots: RobotChannel, robot: Robot) -> None:
    await robots.send(robot.key, ticket(f"{TEXT}\n说明：{WORDS}"))
    card = await robot.group.wait_for_card("HPY-2611-00042")
    assert (card.kind, card.desc, card.row("房屋"), card.quote) == (
        "text_notice",
        "待接单",
        "3-****",
        f"说明\n{WORDS}",
    )
    assert (card.url, card.link("打开工单"), card.buttons) == (PAGE.url, PAGE.url, ())


async def test_what_has_no_page_or_is_too_long_is_markdown(robots: RobotChannel, robot: Robot) -> None:
    masked = TEXT.replace("*", "＊")
    await robots.send(robot.key, Outgoing(TEXT, TITLE, ((Button("接单", "t.42.accept"),),)))
    assert (robot.group.last.kind, robot.group.last.text) == ("markdown", f"**{TITLE}**\n{masked}")
    await robots.send(robot.key, ticket("水" * 400))
    assert robot.group.last.kind == "markdown"
    assert robot.group.last.text.count("水") == 400
    assert robot.group.last.links[0].url == PAGE.url


async def test_people_are_called_in_an_emergency_and_by_nobody_else(
    robots: RobotChannel, robot: Robot
) -> None:
    urgent = Outgoing(
        TEXT, "🚨 紧急报修 HPY-2611-00042 · 待接单", ((PAGE,),), mention=("wang", "@all", "x|y")
    )
    await robots.send(robot.key, urgent)
    assert robot.group.mentioned == ["wang"]
    assert 'color="warning"' in robot.group.last.text
    await robots.send(robot.key, EVIL)
    assert robot.group.mentioned == ["wang"]
    assert robot.group.last.links == ()


async def test_25_a_long_text_comes_in_parts_and_complete(robots: RobotChannel, robot: Robot) -> None:
    lines = [f"{number} 楼道 👩‍🔧 {'灯' * 40}" for number in range(150)]
    message = ticket("\n".join(lines))
    await robots.send(robot.key, message)
    parts = robot.group.from_bot
    assert len(parts) == len(robots.split(message)) > 3
    assert "\n".join(part.text for part in parts).split("\n")[1:-1] == lines
    assert [bool(part.links) for part in parts] == [False] * (len(parts) - 1) + [True]


async def test_photos_go_first_and_small_enough(robots: RobotChannel, robot: Robot) -> None:
    await robots.send(robot.key, Outgoing("漏水", pictures=(Picture(1), Picture(2))))
    assert [message.kind for message in robot.group.from_bot] == ["image", "image", "markdown"]


async def test_a_picture_of_another_kind_or_size_is_made_fit(wecom: WecomServer, robot: Robot) -> None:
    noise = Image.effect_noise((1500, 1500), 200)

    async def load(attachment: int) -> bytes:
        into = io.BytesIO()
        picture = noise if attachment == 1 else Image.new("RGBA", (64, 48), (255, 0, 0, 128))
        picture.save(into, "PNG" if attachment == 1 else "WEBP", compress_level=0)
        return into.getvalue()

    assert len(await load(1)) > 2 * 1024 * 1024
    api = Api(wecom.url, None)
    await RobotChannel(api, load).send(robot.key, Outgoing("", pictures=(Picture(1), Picture(2))))
    await api.close()
    assert [message.kind for message in robot.group.from_bot] == ["image", "image"]
    for message in robot.group.from_bot:
        assert message.content is not None
        assert len(message.content) <= 2 * 1024 * 1024
        assert Image.open(io.BytesIO(message.content)).format == "JPEG"


async def test_words_arrive_without_a_photo_that_will_not_do(robots: RobotChannel, robot: Robot) -> None:
    with capture_logs() as logs:
        await robots.send(robot.key, Outgoing("漏水", pictures=(Picture(NO_SUCH_PHOTO),)))
    assert [message.text for message in robot.group.from_bot] == ["漏水"]
    assert [line["event"] for line in logs] == ["picture_left_out"]


async def test_words_arrive_when_their_card_is_refused(
    wecom: WecomServer, robots: RobotChannel, robot: Robot
) -> None:
    wecom.fail_next("webhook/send", errcode=40058)
    await robots.send(robot.key, ticket())
    assert robot.group.last.kind == "markdown"
    assert "HPY-2611-00042" in robot.group.last.text
    assert robot.group.last.links[0].url == PAGE.url


@pytest.mark.parametrize(
    ("errcode", "meaning"),
    [
        (45009, Throttled),
        (-1, Temporary),
        (45033, Temporary),
        (93000, Unreachable),
        (93004, Unreachable),
        (93008, Unreachable),
        (40008, Unacceptable),
        (44004, Unacceptable),
        (99999, Unacceptable),
    ],
)
async def test_every_refusal_has_a_name_and_no_key_in_it(
    wecom: WecomServer, robots: RobotChannel, robot: Robot, errcode: int, meaning: type[SendError]
) -> None:
    wecom.fail_next("webhook/send", errcode=errcode, errmsg=f"invalid webhook url {robot.key}")
    with capture_logs() as logs, pytest.raises(meaning) as caught:
        await robots.send(robot.key, Outgoing("漏水"))
    assert type(caught.value) in (meaning, *meaning.__subclasses__())
    if isinstance(caught.value, Throttled):
        assert (caught.value.after, caught.value.everywhere) == (60.0, False)
    assert robot.key not in f"{caught.value!r} {caught.value} {caught.getrepr(style='long')} {logs}"


async def test_neither_silence_nor_a_lost_line_tells_the_key(
    wecom: WecomServer, robots: RobotChannel, robot: Robot, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    wecom.drop_next("webhook/send")
    wecom.lose_answer("webhook/send")
    wecom.garble_next("webhook/send")
    said = []
    for expected in (Uncertain, Uncertain, Temporary):
        with pytest.raises(expected) as caught:
            await robots.send(robot.key, Outgoing("漏水"))
        said.append(f"{caught.value!r} {caught.value.__cause__!r}")
    assert robot.key not in "".join((*said, caplog.text))
    nowhere = Api("http://127.0.0.1:9", None)
    with pytest.raises(Temporary) as refused:
        await RobotChannel(nowhere, stored).send(robot.key, Outgoing("漏水"))
    await nowhere.close()
    assert robot.key not in repr(refused.value)


async def test_what_is_left_after_a_failure_is_told(
    wecom: WecomServer, robots: RobotChannel, robot: Robot
) -> None:
    message = ticket("漏水\n" * 2000)
    parts = robots.split(message)
    wecom.fail_next("webhook/send", errcode=45009, skip=1)
    with pytest.raises(PartlySent) as caught:
        await robots.send(robot.key, message)
    assert caught.value.rest == parts[1:]
    assert isinstance(caught.value.why, Throttled)
    assert robot.key not in repr(caught.value)


@pytest.mark.parametrize("chat", ["", "@all", "a b", "x" * 65, "https://qyapi.weixin.qq.com/?key=1"])
async def test_nothing_is_sent_to_what_is_no_key(wecom: WecomServer, robots: RobotChannel, chat: str) -> None:
    with pytest.raises(Unacceptable) as caught:
        await robots.send(chat, Outgoing("漏水"))
    assert not wecom.calls
    assert not chat or chat not in str(caught.value)


async def test_a_robot_changes_nothing_and_is_sent_nothing(robots: RobotChannel, robot: Robot) -> None:
    with pytest.raises(Gone):
        await robots.edit(robot.key, "r.1", Outgoing("漏水"))
    with pytest.raises(Unacceptable):
        await robots.fetch("media")
    with pytest.raises(Unacceptable):
        await robots.send(robot.key, Outgoing(" "))


async def test_the_twenty_first_message_of_a_minute_is_throttled() -> None:
    async with WecomServer() as wecom:
        robot, api = wecom.robot(), Api(wecom.url, None)
        robots = RobotChannel(api, stored)
        for number in range(20):
            await robots.send(robot.key, Outgoing(f"{number}"))
        with pytest.raises(Throttled):
            await robots.send(robot.key, Outgoing("20"))
        wecom.advance(MINUTE)
        await robots.send(robot.key, Outgoing("20"))
        await api.close()
    assert len(robot.group.from_bot) == 21
