"""What the house says reaches staff in the app; cards change in place as long as there is a right to."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest
from sqlalchemy.exc import OperationalError
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
from bot.wecom.channel import WecomChannel
from bot.wecom.updates import inbound, right_to_change
from handlers.envelopes import Button, Outgoing, Picture
from models.database import Database
from tests.bot.wecom.company import ACCEPT, CANCEL, NO_SUCH_PHOTO, PAGE, TEXT, TITLE, WORDS, ticket
from tests.bot.wecom.conftest import Watch
from tests.emulators.telegram_files import sample_photo
from tests.emulators.wecom import Card, Colleague, Push, WecomServer

DONE = "🔧 报修 HPY-2611-00042 · 已完成"


def shown(wang: Colleague) -> Card:
    """The last card on the screen, as it looks now."""
    assert wang.last.card is not None
    return wang.last.card


async def tapped(app: WecomChannel, push: Push) -> None:
    """What the door does with a tap before anybody answers it."""
    fields = {name: str(value) for name, value in push.fields.items()}
    right = right_to_change(fields)
    assert right is not None
    arrived = inbound(fields, bot=app.bot)
    assert arrived is not None
    await app.remember(arrived.chat, *right)


@pytest.fixture
def held(wecom: WecomServer) -> None:
    """Taps stay with the emulator: there is no callback to take them."""
    wecom.postman.address(["http://127.0.0.1:9"])
    wecom.hold()


async def test_words_are_a_text_with_links(app: WecomChannel, wang: Colleague) -> None:
    await app.send("wang", Outgoing("1. 接单\n2. 取消\n<a href='https://evil.example'>x</a> <@all>"))
    assert (wang.last.kind, wang.last.links) == ("text", ())
    assert wang.last.text.startswith("1. 接单\n2. 取消\n＜a href=")
    await app.send("wang", Outgoing("请看", buttons=((PAGE,),)))
    assert (wang.last.text, wang.last.links[0].url) == ("请看\n打开工单", PAGE.url)


async def test_25_a_long_text_comes_in_parts_and_complete(app: WecomChannel, wang: Colleague) -> None:
    lines = [f"{number} 楼道 👩‍🔧 {'灯' * 40}" for number in range(60)]
    await app.send("wang", Outgoing("\n".join(lines), title="HPY"))
    assert len(wang.from_bot) > 3
    assert "\n".join(part.text for part in wang.from_bot).split("\n") == ["HPY", *lines]


async def test_a_ticket_is_a_card_with_buttons(app: WecomChannel, wang: Colleague) -> None:
    task = await app.send("wang", ticket(f"{TEXT}\n说明：{WORDS}"))
    card = shown(wang)
    assert (card.kind, card.task_id, card.labels) == (
        "button_interaction",
        task,
        ["接单", "取消", "打开工单"],
    )
    assert (card.title, card.desc, card.row("住户")) == ("🔧 报修 HPY-2611-00042", "待接单", "李**")
    assert (card.url, card.cut) == (PAGE.url, ())
    assert task != await app.send("wang", ticket())


async def test_a_notice_with_a_page_is_a_card_to_look_at(app: WecomChannel, wang: Colleague) -> None:
    await app.send("wang", Outgoing("超时了", TITLE, ((PAGE,),)))
    assert (shown(wang).kind, shown(wang).subtitle, shown(wang).url) == ("text_notice", "超时了", PAGE.url)


async def test_without_a_page_the_words_go_first_and_all_buttons_are_there(
    app: WecomChannel, wang: Colleague
) -> None:
    many = tuple(Button(f"操作{n}", f"t.42.a{n}") for n in range(8))
    task = await app.send("wang", Outgoing("水" * 300, TITLE, (many,)))
    words, first, second = wang.from_bot
    assert words.text.count("水") == 300
    assert [first.buttons, second.buttons] == [[f"操作{n}" for n in range(6)], ["操作6", "操作7"]]
    assert second.card is not None
    assert second.card.task_id == task
    message = Outgoing("短", TITLE, (many,))
    assert [part.text for part in app.split(message)] == ["短", ""]
    assert [app.split(part) for part in app.split(message)] == [(part,) for part in app.split(message)]


async def test_25_long_prose_goes_before_its_card_and_nothing_is_lost(
    app: WecomChannel, wang: Colleague
) -> None:
    """The ticket's page does not show what was said in a message: a card would cut it off."""
    lines = [f"第{number}点：{WORDS}" for number in range(1, 9)]
    message = Outgoing("住户来信\n" + "\n".join(lines), TITLE, ((ACCEPT, PAGE),))
    parts = app.split(message)
    assert [part.text for part in parts] == [message.text, ""]
    await app.send("wang", message)
    texts = [one.text for one in wang.messages if one.kind == "text"]
    assert [line for text in texts for line in text.splitlines() if line in lines] == lines
    assert shown(wang).labels == ["接单", "打开工单"]
    assert shown(wang).url == PAGE.url


async def test_a_card_changes_in_place_once_for_every_code(app: WecomChannel, wang: Colleague) -> None:
    task = await app.send("wang", ticket())
    await app.edit("wang", task, ticket(f"{TEXT}\n处理人：王师傅", TITLE, (CANCEL,), (PAGE,)))
    assert len(wang.from_bot) == 1
    assert (shown(wang).row("处理人"), shown(wang).labels) == ("王师傅", ["取消", "打开工单"])
    with pytest.raises(Gone):
        await app.edit("wang", task, ticket())


@pytest.mark.usefixtures("held")
async def test_every_tap_is_another_right_to_change_it(app: WecomChannel, wang: Colleague) -> None:
    task = await app.send("wang", ticket())
    for number, button in enumerate(("接单", "取消")):
        await tapped(app, wang.tap(button))
        await app.edit("wang", task, ticket(f"改动：{number}"))
        assert shown(wang).row("改动") == str(number)
    await app.edit("wang", task, ticket("改动：最后"))
    assert shown(wang).row("改动") == "最后"
    with pytest.raises(Gone):
        await app.edit("wang", task, ticket())


async def test_a_right_ends_after_72_hours(app: WecomChannel, wang: Colleague, watch: Watch) -> None:
    task = await app.send("wang", ticket())
    watch.ahead = timedelta(hours=72, seconds=1)
    with pytest.raises(Gone):
        await app.edit("wang", task, ticket())
    assert not shown(wang).replaced


async def test_a_right_is_for_one_card_of_one_person(
    wecom: WecomServer, app: WecomChannel, wang: Colleague
) -> None:
    wecom.member("li")
    task = await app.send("wang", ticket())
    for chat, message in (("li", task), ("wang", "w-0"), ("@all", task)):
        with pytest.raises(Gone):
            await app.edit(chat, message, ticket())
    await app.edit("wang", task, ticket("改动：一"))
    assert shown(wang).row("改动") == "一"


async def test_a_finished_card_has_no_buttons_left(app: WecomChannel, wang: Colleague) -> None:
    task = await app.send("wang", ticket())
    await app.edit("wang", task, Outgoing(TEXT, DONE, ((PAGE,),)))
    assert (shown(wang).kind, shown(wang).desc, shown(wang).url) == ("text_notice", "已完成", PAGE.url)
    task = await app.send("wang", ticket())
    await app.edit("wang", task, Outgoing(TEXT, DONE))
    assert (shown(wang).replaced, shown(wang).buttons, shown(wang).row("房屋")) == ("已完成", (), "3-****")


async def test_what_a_change_cannot_show_is_posted_anew(app: WecomChannel, wang: Colleague) -> None:
    task = await app.send("wang", ticket())
    with pytest.raises(Gone):
        await app.edit("wang", task, Outgoing("水" * 300, DONE))
    await app.edit("wang", task, ticket("水" * 300))
    assert shown(wang).subtitle.endswith("水…")


async def test_15_without_the_database_a_card_is_posted_and_a_change_waits(
    app: WecomChannel, wang: Colleague, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = await app.send("wang", ticket())

    def away() -> None:
        raise OperationalError("BEGIN", {}, OSError())

    with monkeypatch.context() as patched:
        patched.setattr(database, "transaction", away)
        with pytest.raises(Temporary):
            await app.edit("wang", task, ticket("改动：一"))
        await app.send("wang", Outgoing(TEXT, DONE, ((CANCEL,), (PAGE,))))
    assert shown(wang).desc == "已完成"
    await app.edit("wang", task, ticket("改动：二"))
    assert wang.cards[0].row("改动") == "二"


@pytest.mark.parametrize(
    ("errcode", "meaning", "again"),
    [(45009, Throttled, True), (45033, Temporary, True), (60020, Temporary, True), (42022, Gone, False)],
)
async def test_a_change_that_did_not_happen_leaves_its_right(
    wecom: WecomServer,
    app: WecomChannel,
    wang: Colleague,
    errcode: int,
    meaning: type[SendError],
    again: bool,
) -> None:
    task = await app.send("wang", ticket())
    wecom.fail_next("message/update_template_card", errcode=errcode)
    with pytest.raises(meaning):
        await app.edit("wang", task, ticket("改动：一"))
    if again:
        await app.edit("wang", task, ticket("改动：二"))
        assert shown(wang).row("改动") == "二"
    else:
        with pytest.raises(Gone):
            await app.edit("wang", task, ticket("改动：二"))


async def test_a_change_whose_answer_was_lost_is_tried_again_and_found_done(
    wecom: WecomServer, app: WecomChannel, wang: Colleague
) -> None:
    task = await app.send("wang", ticket())
    wecom.lose_answer("message/update_template_card")
    with pytest.raises(Temporary):
        await app.edit("wang", task, ticket("改动：一"))
    assert shown(wang).row("改动") == "一"
    with pytest.raises(Gone):
        await app.edit("wang", task, ticket("改动：一"))


async def test_a_card_that_is_refused_is_said_in_words(
    wecom: WecomServer, app: WecomChannel, wang: Colleague
) -> None:
    wecom.app.has_callback = False
    with capture_logs() as logs:
        task = await app.send("wang", ticket())
    assert wang.last.kind == "text"
    assert wang.last.links[0].url == PAGE.url
    assert "李**" in wang.last.text
    assert "wecom_card_refused" in [line["event"] for line in logs]
    with pytest.raises(Gone):
        await app.edit("wang", task, ticket())


async def test_photos_go_first_and_the_card_is_the_last(app: WecomChannel, wang: Colleague) -> None:
    message = Outgoing(TEXT, TITLE, ((ACCEPT,), (PAGE,)), (Picture(1), Picture(NO_SUCH_PHOTO), Picture(2)))
    task = await app.send("wang", message)
    assert [one.kind for one in wang.from_bot] == ["image", "image", "template_card"]
    assert wang.from_bot[0].content == sample_photo(1)
    assert shown(wang).task_id == task


async def test_a_large_photo_is_posted(wecom: WecomServer, app: WecomChannel, wang: Colleague) -> None:
    async def load(attachment: int) -> bytes:
        return sample_photo(attachment) + bytes(1_500_000)

    app._load = load
    await app.send("wang", Outgoing("", pictures=(Picture(1),)))
    assert wang.last.content is not None
    assert len(wang.last.content) > 1_500_000


async def test_a_photo_somebody_sent_is_fetched(app: WecomChannel, wang: Colleague, held: None) -> None:
    photo = wang.photo(sample_photo(7))
    assert await app.fetch(photo.fields["MediaId"]) == sample_photo(7)
    with pytest.raises(Unacceptable):
        await app.fetch("no-such-media")


async def test_who_is_not_there_cannot_be_reached(
    wecom: WecomServer, app: WecomChannel, wang: Colleague
) -> None:
    with pytest.raises(Unreachable):
        await app.send("nobody", Outgoing("漏水"))
    wang.member.sees_app = False
    with pytest.raises(Unreachable):
        await app.send("wang", ticket())
    for nobody in ("@all", "wang|li", "", "王"):
        with pytest.raises(Unacceptable):
            await app.send(nobody, Outgoing("漏水"))
    assert not wang.from_bot


async def test_who_is_named_in_an_answer_of_success_cannot_be_reached_either() -> None:
    class Partial:
        async def call(self, path: str, payload: object) -> dict[str, object]:
            return {"errcode": 0, "errmsg": "ok", "invaliduser": "wang"}

    channel = WecomChannel(Partial(), None, None, corpid="ww1", agentid="1")  # type: ignore[arg-type]
    with pytest.raises(Unreachable):
        await channel.send("wang", Outgoing("漏水"))


@pytest.mark.parametrize(
    ("errcode", "meaning"),
    [
        (45009, Throttled),
        (-1, Temporary),
        (45033, Temporary),
        (60020, Temporary),
        (40056, Temporary),
        (60111, Unreachable),
        (81013, Unreachable),
        (45002, Unacceptable),
        (99999, Unacceptable),
    ],
)
async def test_every_refusal_has_a_name(
    wecom: WecomServer, app: WecomChannel, wang: Colleague, errcode: int, meaning: type[SendError]
) -> None:
    wecom.fail_next("message/send", errcode=errcode)
    with pytest.raises(meaning) as caught:
        await app.send("wang", Outgoing("漏水"))
    assert type(caught.value) is meaning
    if isinstance(caught.value, Throttled):
        assert (caught.value.after, caught.value.everywhere) == (60.0, True)
    assert "漏水" not in str(caught.value)


async def test_what_is_left_after_a_failure_is_told(
    wecom: WecomServer, app: WecomChannel, wang: Colleague
) -> None:
    message = Outgoing("漏水\n" * 1000)
    wecom.fail_next("message/send", errcode=45009, skip=1)
    with pytest.raises(PartlySent) as caught:
        await app.send("wang", message)
    assert caught.value.rest == app.split(message)[1:]


async def test_a_token_that_has_ended_is_renewed(
    wecom: WecomServer, app: WecomChannel, wang: Colleague
) -> None:
    await app.send("wang", Outgoing("一"))
    wecom.expire_token()
    await app.send("wang", Outgoing("二"))
    assert [message.text for message in wang.from_bot] == ["一", "二"]


async def test_no_secret_is_told(
    wecom: WecomServer, app: WecomChannel, wang: Colleague, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    task = await app.send("wang", ticket())
    code = next(iter(wecom.app.codes))
    said: list[str] = []
    with capture_logs() as logs:
        for mishap in (wecom.drop_next, wecom.lose_answer, wecom.garble_next):
            mishap("message/*")
            with pytest.raises((Temporary, Uncertain)) as caught:
                await app.send("wang", Outgoing("漏水"))
            said.append(f"{caught.value!r} {caught.value.__cause__!r}")
        wecom.fail_next("message/*", errcode=42022, errmsg=f"response_code {code} has been used")
        with pytest.raises(Gone) as gone:
            await app.edit("wang", task, ticket("改动：一"))
        said.append(repr(gone.value))
    token, _ = wecom.tokens.issue()
    told = "".join((*said, str(logs), caplog.text))
    for secret in (wecom.secret, token, code):
        assert len(secret) > 20
        assert secret not in told
