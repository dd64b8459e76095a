"""What the house says reaches the phones; what goes wrong has a name that says what to do about it."""

from __future__ import annotations

import socket

import pytest

from bot.channel import (
    Gone,
    Moved,
    PartlySent,
    SendError,
    Temporary,
    Throttled,
    Unacceptable,
    Uncertain,
    Unreachable,
)
from bot.telegram.api import connect
from bot.telegram.channel import TelegramChannel
from handlers.envelopes import Button, Outgoing, Picture
from tests.bot.telegram.desk import NO_SUCH_PHOTO
from tests.emulators.telegram import TelegramEmulator
from tests.emulators.telegram_files import sample_photo
from tests.emulators.telegram_group import Group
from tests.emulators.telegram_phone import User

ACCEPT = ((Button("接单", "t.42.accept", "primary"), Button("取消", "t.42.cancel", "danger")),)


@pytest.fixture
async def li(tg: TelegramEmulator) -> User:
    """A resident who has written to the bot before."""
    resident = tg.user(1001, "李")
    await resident.start()
    return resident


@pytest.fixture
async def repairs(tg: TelegramEmulator) -> Group:
    """The repair group, with the bot in it."""
    group = tg.group(-100200300, "维修群")
    await group.add_bot()
    return group


async def test_a_card_is_bold_words_and_buttons_and_no_markup(channel: TelegramChannel, li: User) -> None:
    card = Outgoing("<b>*漏水*</b> 👍 [x](y)", title="👨‍👩‍👧 HPY-2611-00042", buttons=ACCEPT)
    posted = await channel.send("1001", card)
    assert posted == str(li.last.id)
    assert li.last.text == "👨‍👩‍👧 HPY-2611-00042\n<b>*漏水*</b> 👍 [x](y)"
    assert li.last.labels == ["接单", "取消"]
    assert li.last.content["entities"][0] == {"type": "bold", "offset": 0, "length": 23}
    assert "text_link" not in {entity["type"] for entity in li.last.content["entities"]}


async def test_one_photo_carries_a_short_text_and_the_buttons(
    channel: TelegramChannel, li: User, tg: TelegramEmulator
) -> None:
    await channel.send("1001", Outgoing("漏水", buttons=ACCEPT, pictures=(Picture(7),)))
    assert (li.last.caption, li.last.labels, len(li.last.photos)) == ("漏水", ["接单", "取消"], 1)
    assert tg.calls_of("sendPhoto")[-1].files == ("photo7",)


async def test_an_album_goes_first_and_the_words_follow(channel: TelegramChannel, repairs: Group) -> None:
    nine = tuple(Picture(number) for number in range(9))
    card = Outgoing("漏水", title="HPY", buttons=ACCEPT, pictures=nine)
    posted = await channel.send("-100200300", card)
    *album, words = repairs.from_bot
    assert len(album) == 9
    assert len({message.media_group_id for message in album}) == 1
    assert (posted, words.text, words.labels) == (str(words.id), "HPY\n漏水", ["接单", "取消"])


async def test_photos_that_came_through_this_bot_are_not_uploaded_again(
    channel: TelegramChannel, li: User, repairs: Group, tg: TelegramEmulator
) -> None:
    source = (await li.send_photo(sample_photo(3))).photos[0]
    mine, other = Picture(1, "telegram", "4242", source), Picture(2, "telegram", "77", source)
    await channel.send("-100200300", Outgoing("x", pictures=(mine, other)))
    assert tg.calls_of("sendMediaGroup")[-1].files == ("photo2",)
    assert repairs.from_bot[0].photos == [source]


async def test_a_file_id_that_will_not_do_is_replaced_by_our_own_copy(
    channel: TelegramChannel, li: User, tg: TelegramEmulator
) -> None:
    await li.send_document(sample_photo(1), mime_type="image/jpeg")
    source = li.messages[-1].content["document"]["file_id"]
    picture = Picture(5, "telegram", "4242", source)
    await channel.send("1001", Outgoing("as a photo", buttons=ACCEPT, pictures=(picture,)))
    assert li.last.photos
    assert [call.status for call in tg.calls_of("sendPhoto")] == [400, 200]


async def test_words_arrive_even_when_their_photo_does_not(channel: TelegramChannel, li: User) -> None:
    missing = Picture(NO_SUCH_PHOTO, "telegram", "4242", "no-such-file-id")
    await channel.send("1001", Outgoing("漏水", title="HPY", buttons=ACCEPT, pictures=(missing,)))
    assert (li.last.text, li.last.labels) == ("HPY\n漏水", ["接单", "取消"])
    with pytest.raises(Unacceptable):
        await channel.send("1001", Outgoing("", pictures=(missing,)))


async def test_25_a_long_text_comes_in_parts_with_the_buttons_at_the_end(
    channel: TelegramChannel, li: User
) -> None:
    lines = [f"{number} 楼道 👩‍🔧 " + "灯" * 40 for number in range(200)]
    await channel.send("1001", Outgoing("\n".join(lines), title="HPY", buttons=ACCEPT))
    parts = li.from_bot
    assert len(parts) > 1
    assert "\n".join(part.words for part in parts) == "\n".join(["HPY", *(line.strip() for line in lines)])
    assert [part.labels for part in parts] == [[]] * (len(parts) - 1) + [["接单", "取消"]]


async def test_the_phone_number_can_be_shared_by_a_key_which_goes_away_afterwards(
    channel: TelegramChannel, li: User
) -> None:
    ask = Outgoing("电话？", contact="发送我的号码", buttons=((Button("返回", "c.3.back"),),))
    await channel.send("1001", ask)
    assert [[key.text for key in row] for row in li.keyboard] == [["发送我的号码"], ["返回"]]
    shared = await li.press("发送我的号码")
    assert shared.content["contact"]["user_id"] == 1001
    await channel.send("1001", Outgoing("谢谢", buttons=ACCEPT))
    await channel.send("1001", Outgoing("再见"))
    assert li.keyboard == []


async def test_a_contact_is_never_asked_for_in_a_group(channel: TelegramChannel, repairs: Group) -> None:
    await channel.send("-100200300", Outgoing("电话？", contact="号码", buttons=ACCEPT))
    assert repairs.last.labels == ["接单", "取消"]
    assert repairs.keyboard == []


async def test_people_are_called_by_a_mention(channel: TelegramChannel, repairs: Group) -> None:
    await channel.send("-100200300", Outgoing("电梯困人", mention=("2002", "nobody", "2003")))
    assert repairs.last.text == "电梯困人\n🔔🔔"
    mentions = [(one["offset"], one["user"]["id"]) for one in repairs.last.content["entities"]]
    assert mentions == [(5, 2002), (7, 2003)]


async def test_a_card_changes_in_place_with_or_without_a_photo(channel: TelegramChannel, li: User) -> None:
    text = await channel.send("1001", Outgoing("new", buttons=ACCEPT))
    photo = await channel.send("1001", Outgoing("new", buttons=ACCEPT, pictures=(Picture(1),)))
    for message in (text, photo):
        await channel.edit("1001", message, Outgoing("taken", title="HPY", pictures=(Picture(1),)))
        await channel.edit("1001", message, Outgoing("done", title="HPY", buttons=ACCEPT))
        assert li.room.by_id[int(message)].words == "HPY\ndone"
        assert li.room.by_id[int(message)].labels == ["接单", "取消"]


async def test_28_unchanged_is_success_and_a_deleted_card_is_gone(
    channel: TelegramChannel, li: User, repairs: Group
) -> None:
    message = await channel.send("-100200300", Outgoing("new", buttons=ACCEPT))
    await channel.edit("-100200300", message, Outgoing("new", buttons=ACCEPT))
    await li.delete(int(message), chat=repairs)
    with pytest.raises(Gone):
        await channel.edit("-100200300", message, Outgoing("taken", buttons=ACCEPT))


async def test_what_an_edit_cannot_show_is_posted_anew(channel: TelegramChannel, li: User) -> None:
    text = await channel.send("1001", Outgoing("new"))
    photo = await channel.send("1001", Outgoing("new", pictures=(Picture(1),)))
    for message, words in ((text, Outgoing("字" * 5000)), (photo, Outgoing("字" * 1500))):
        with pytest.raises(Gone):
            await channel.edit("1001", message, words)
    with pytest.raises(Gone):
        await channel.edit("1001", text, Outgoing("电话？", contact="号码"))


async def test_16_too_many_requests_says_when_to_come_back(
    channel: TelegramChannel, li: User, repairs: Group, tg: TelegramEmulator
) -> None:
    message = await channel.send("-100200300", Outgoing("card"))
    tg.fail_next("sendMessage", chat=repairs, error=429, retry_after=17)
    with pytest.raises(Throttled) as post:
        await channel.send("-100200300", Outgoing("x"))
    tg.clock.advance(1000)
    tg.fail_next("editMessageText", chat=repairs, error=429, retry_after=3)
    with pytest.raises(Throttled) as edit:
        await channel.edit("-100200300", message, Outgoing("y"))
    assert (post.value.after, edit.value.after) == (17, 3)
    await channel.send("1001", Outgoing("others go on"))
    assert li.last.text == "others go on"


async def test_18_taken_or_not_nobody_knows(channel: TelegramChannel, li: User, tg: TelegramEmulator) -> None:
    tg.lose_answer("sendMessage")
    with pytest.raises(Uncertain):
        await channel.send("1001", Outgoing("once"))
    tg.lose_answer("sendMessage", hang=60)
    impatient = TelegramChannel(channel.client, patience=0.2)
    with pytest.raises(Uncertain):
        await impatient.send("1001", Outgoing("twice"))
    assert [message.text for message in li.from_bot] == ["once", "twice"]


async def test_an_edit_can_always_be_repeated(
    channel: TelegramChannel, li: User, tg: TelegramEmulator
) -> None:
    message = await channel.send("1001", Outgoing("new"))
    tg.lose_answer("editMessageText")
    with pytest.raises(Temporary):
        await channel.edit("1001", message, Outgoing("taken"))
    await channel.edit("1001", message, Outgoing("taken"))
    assert li.last.text == "taken"


async def test_19_when_a_later_part_fails_only_the_rest_is_left(
    channel: TelegramChannel, li: User, tg: TelegramEmulator
) -> None:
    message = Outgoing("字" * 5000, buttons=ACCEPT, pictures=(Picture(1), Picture(2)))
    assert len(channel.split(message)) == 3
    tg.fail_next("sendMessage", skip=1, error=500)
    with pytest.raises(PartlySent) as failure:
        await channel.send("1001", message)
    assert isinstance(failure.value.why, Temporary)
    (rest,) = failure.value.rest
    await channel.send("1001", rest)
    assert len(tg.calls_of("sendMediaGroup")) == 1
    assert "".join(part.words for part in li.from_bot) == "字" * 5000
    assert li.last.labels == ["接单", "取消"]


async def test_20_who_blocked_the_bot_or_never_met_it_is_unreachable(
    channel: TelegramChannel, li: User, tg: TelegramEmulator
) -> None:
    await li.block()
    wang = tg.user(2002)
    await wang.start()
    await wang.delete_account()
    for chat in ("1001", "2002", "3003"):
        with pytest.raises(Unreachable):
            await channel.send(chat, Outgoing("x"))


async def test_21_a_group_without_the_bot_is_unreachable(channel: TelegramChannel, repairs: Group) -> None:
    repairs.silence_bot()
    with pytest.raises(Unreachable):
        await channel.send("-100200300", Outgoing("x"))
    await repairs.remove_bot()
    with pytest.raises(Unreachable):
        await channel.send("-100200300", Outgoing("x"))
    await repairs.add_bot()
    repairs.silence_bot(False)
    await channel.send("-100200300", Outgoing("back again"))
    assert repairs.last.text == "back again"


async def test_22_a_group_that_moved_tells_its_new_address(channel: TelegramChannel, repairs: Group) -> None:
    message = await channel.send("-100200300", Outgoing("card"))
    moved = await repairs.migrate()
    for attempt in (
        channel.send("-100200300", Outgoing("x")),
        channel.edit("-100200300", message, Outgoing("y")),
    ):
        with pytest.raises(Moved) as failure:
            await attempt
        assert failure.value.chat == str(moved.id)
    await channel.send(str(moved.id), Outgoing("x"))
    assert moved.last.text == "x"


@pytest.mark.parametrize("error", [500, 502, 401])
async def test_a_server_in_trouble_is_asked_again(
    channel: TelegramChannel, li: User, tg: TelegramEmulator, error: int
) -> None:
    tg.fail_next("sendMessage", error=error)
    with pytest.raises(Temporary):
        await channel.send("1001", Outgoing("x"))
    tg.garble_next("sendMessage")
    with pytest.raises(Temporary):
        await channel.send("1001", Outgoing("x"))
    await channel.send("1001", Outgoing("x"))
    assert len(li.from_bot) == 1


async def test_nobody_listening_is_temporary() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    for address in (f"http://127.0.0.1:{port}", "http://no-such-host.invalid"):
        bot = connect("4242:x", address)
        door = TelegramChannel(bot)
        try:
            for attempt in (door.send("1", Outgoing("x")), door.fetch("file")):
                with pytest.raises(Temporary) as failure:
                    await attempt
                assert "4242:x" not in str(failure.value)
        finally:
            await bot.session.close()


async def test_what_telegram_will_never_take_is_not_tried_again(channel: TelegramChannel, li: User) -> None:
    for message in (Outgoing(""), Outgoing("x", buttons=((Button("y", "z" * 65),),)), Outgoing(" " * 5000)):
        with pytest.raises(Unacceptable):
            await channel.send("1001", message)
    with pytest.raises(Unacceptable):
        await channel.send("resident:7", Outgoing("x"))


async def test_a_photo_is_fetched(channel: TelegramChannel, li: User, tg: TelegramEmulator) -> None:
    source = (await li.send_photo(sample_photo(9))).photos[0]
    assert await channel.fetch(source) == sample_photo(9)
    for fault, step in (
        (tg.drop_next, "getFile"),
        (tg.garble_next, "getFile"),
        (tg.garble_next, "download"),
    ):
        fault(step)
        with pytest.raises(Temporary):
            await channel.fetch(source)
    huge = await li.send_document(size=20 * 1024 * 1024 + 1)
    with pytest.raises(Unacceptable):
        await channel.fetch(huge.content["document"]["file_id"])
    with pytest.raises(SendError):
        await channel.fetch("unknown")


async def test_a_tap_is_answered_in_time_or_not_at_all(
    channel: TelegramChannel, li: User, tg: TelegramEmulator
) -> None:
    await channel.send("1001", Outgoing("card", buttons=ACCEPT))
    tap = await li.tap("接单")
    await channel.answer_tap(tap.query.id, "👍" * 150)
    toast = await tap.answered()
    assert toast.text == "👍" * 99 + "…"
    late = await li.tap("接单")
    tg.clock.advance(151)
    await channel.answer_tap(late.query.id, "too late")
    tg.fail_next("answerCallbackQuery", error=500)
    await channel.answer_tap(late.query.id)
    assert late.toast is None
