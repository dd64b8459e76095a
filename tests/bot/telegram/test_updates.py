"""What people do in Telegram is understood, and what nobody foresaw does no harm."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.telegram.payload import NotJson, read
from bot.telegram.updates import inbound, tap_id
from handlers.envelopes import Inbound, Kind, Media
from tests.bot.telegram.payloads import BOT, NAMES, USERNAME, heard, payload

SILENT = {
    *("bind_another_bot", "edited_live_location", "tap_inline", "promoted", "new_members_without_bot"),
    *("migrated_from", "service_pinned", "service_topic", "anonymous_administrator", "another_bot"),
    *("new_members_with_bot", "linked_channel", "message_without_from", "channel_post"),
    *("unknown_kind", "reaction"),
}


@pytest.mark.parametrize("name", NAMES)
def test_every_payload_is_heard_unless_it_is_not_meant_for_us(name: str) -> None:
    arrived = inbound(payload(name), bot=BOT, username=USERNAME)
    assert (arrived is None) == (name in SILENT)


def test_a_resident_writes() -> None:
    arrived = heard("text")
    assert arrived == Inbound(
        channel="telegram",
        bot="4242",
        chat="1001",
        account="1001",
        key=f"{arrived.raw and arrived.raw['update_id']}.11",
        kind=Kind.TEXT,
        text="厨房水龙头滴水 👍",
        ref="11",
        name="李 芳",
        language="zh-hans",
        raw=payload("text"),
    )


def test_staff_reply_to_a_card_in_their_group() -> None:
    arrived = heard("text_reply_in_group")
    assert (arrived.chat, arrived.account, arrived.group) == ("-1002003004005", "2002", True)
    assert (arrived.reply_to, arrived.title, arrived.name) == ("31", "湖畔花园 维修", "王")


def test_commands_are_plain_text_without_our_name() -> None:
    assert heard("start_code").text == "/start K7M2-9QXD"
    assert heard("bind_ours").text == "/bind repair"


def test_a_photo_comes_in_its_largest_size_with_its_caption() -> None:
    arrived = heard("photo")
    assert (arrived.kind, arrived.text) == (Kind.PHOTO, "漏水的地方")
    assert arrived.media == Media("AgACAgUAAxkBAAI960", "photo", 148210)
    assert heard("live_photo").kind is Kind.PHOTO


def test_photos_of_an_album_know_each_other() -> None:
    media = heard("photo_of_album").media
    assert media is not None
    assert media.album == "13879812345678901"


def test_an_image_sent_as_a_file_is_a_photo() -> None:
    arrived = heard("document_image")
    assert arrived.kind is Kind.PHOTO
    assert arrived.media == Media("BQACAgUAAxkBAAIPNG", "photo", 2500123, "image/png")


def test_other_documents_are_files_with_or_without_a_type() -> None:
    assert heard("document_pdf").media == Media("BQACAgUAAxkBAAIPDF", "file", 52011, "application/pdf")
    assert heard("document_without_mime").media == Media("BQACAgUAAxkBAAIRAW", "file")


def test_13_a_file_over_20_mb_keeps_its_caption() -> None:
    arrived = heard("document_too_large")
    assert (arrived.kind, arrived.strange, arrived.text) == (Kind.UNFIT, "too_large", "监控录像")
    assert arrived.media is None


@pytest.mark.parametrize("name", ["video", "video_note", "voice", "sticker", "animation", "poll", "dice"])
def test_12_what_no_question_can_take_is_named(name: str) -> None:
    arrived = heard(name)
    assert (arrived.kind, arrived.strange) == (Kind.UNFIT, name)
    assert arrived.text == ("听声音" if name == "video" else "")


def test_5_content_of_the_future_is_answered_by_its_caption() -> None:
    arrived = heard("future_content_with_caption")
    assert (arrived.kind, arrived.strange, arrived.text) == (Kind.UNFIT, "unknown", "楼道灯坏了")


def test_only_the_senders_own_contact_is_a_phone_number() -> None:
    assert (heard("contact_own").kind, heard("contact_own").phone) == (Kind.CONTACT, "+8613800138000")
    for name in ("contact_foreign", "contact_not_on_telegram"):
        arrived = heard(name)
        assert (arrived.kind, arrived.strange, arrived.phone) == (Kind.UNFIT, "foreign_contact", "")


def test_places() -> None:
    assert heard("location").kind is Kind.LOCATION
    assert heard("venue").text == "湖畔花园北门\n湖滨路 1 号"


def test_10_an_edit_names_the_message_it_changes() -> None:
    arrived = heard("edited_text")
    assert (arrived.kind, arrived.ref, arrived.text) == (Kind.EDIT, "11", "厨房水龙头漏水")
    assert arrived.key.endswith(".11.1793500060")
    assert heard("edited_caption").text == "卫生间"


def test_a_tap_names_its_button_its_message_and_how_to_answer_it() -> None:
    private, group = heard("tap_private"), heard("tap_group")
    assert (private.kind, private.tap, private.tapped) == (Kind.TAP, "a.3.place.home", "21")
    assert (private.chat, private.account, private.group) == ("1001", "1001", False)
    assert (group.chat, group.account, group.group) == ("-1002003004005", "2002", True)
    assert tap_id(group) == "4300000000000002"
    assert heard("tap_on_an_old_message").tapped == "5"


def test_blocking_and_unblocking() -> None:
    assert (heard("blocked").kind, heard("blocked").account) == (Kind.BLOCKED, "1001")
    assert heard("unblocked").kind is Kind.UNBLOCKED


def test_21_the_bot_comes_into_a_group_and_goes() -> None:
    assert (heard("joined").kind, heard("joined").title) == (Kind.JOINED, "湖畔花园 维修")
    for name in ("removed", "left", "silenced"):
        assert heard(name).kind is Kind.REMOVED


def test_coming_into_a_group_is_told_twice_and_is_one_message() -> None:
    assert heard("joined").kind is Kind.JOINED
    assert inbound(payload("new_members_with_bot"), bot=BOT, username=USERNAME) is None


def test_22_a_group_that_moves_says_where_to() -> None:
    arrived = heard("migrated_to")
    assert (arrived.kind, arrived.chat) == (Kind.MIGRATED, "-100200300")
    assert arrived.moved_to == "-1002003004005"


def test_9_the_same_update_at_two_bots_is_two_messages() -> None:
    one, other = (inbound(payload("text"), bot=bot) for bot in ("1", "2"))
    assert one
    assert other
    assert (one.bot, one.key) != (other.bot, other.key)


def test_what_a_database_cannot_keep_is_mended_on_the_way_in() -> None:
    update = payload("text")
    update["message"]["text"] = "漏\u0000水 \ud83d"
    body = json.dumps(update).encode()
    arrived = inbound(read(body), bot=BOT)
    assert arrived
    assert arrived.text == "漏水 \ufffd"
    assert "\\u0000" not in json.dumps(arrived.raw)
    arrived.text.encode()


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{"a": NaN}', b'{"a": 1e999}', b"[" * 100_000])
def test_what_is_no_json_is_refused_by_name(body: bytes) -> None:
    with pytest.raises(NotJson):
        read(body)


# What may stand anywhere in an update of a hostile sender.
anything: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(st.characters(exclude_categories=())),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.sampled_from(["id", "type", "date", "file_id", "status"]), st.integers(), max_size=2),
)


@st.composite
def damaged(draw: st.DrawFn) -> object:
    """A real payload with one to four of its parts replaced or missing."""
    update = payload(draw(st.sampled_from(NAMES)))
    for _ in range(draw(st.integers(1, 4))):
        place: Any = update
        while True:
            keys = list(range(len(place))) if isinstance(place, list) else sorted(place)
            if not keys:
                break
            key = draw(st.sampled_from(keys))
            if isinstance(place[key], dict | list) and draw(st.integers(0, 3)):
                place = place[key]
                continue
            if draw(st.booleans()):
                del place[key]
            else:
                place[key] = draw(anything)
            break
    return update


REACHED: Counter[str] = Counter()


@settings(max_examples=1500, deadline=None)
@given(damaged())
@example({"update_id": 10**40, "message": {}})
@example({"update_id": 1, "message": {"message_id": True, "from": {"id": 1.0}, "chat": {"id": "1"}}})
def _no_damage_is_an_exception(update: object) -> None:
    arrived = inbound(update, bot=BOT, username=USERNAME)
    REACHED[arrived.kind if arrived else "nothing"] += 1
    if arrived is None:
        return
    arrived.text.encode()
    for short in (arrived.chat, arrived.account, arrived.ref, arrived.tapped, arrived.moved_to, arrived.tap):
        assert len(short.encode()) <= 256
        assert len(short) <= 64
    assert arrived.account
    assert arrived.key
    assert len(arrived.key) <= 128
    assert max(len(arrived.name), len(arrived.title)) <= 200
    assert arrived.media is None or len(arrived.media.source) <= 300


def test_5_no_damage_is_an_exception() -> None:
    REACHED.clear()
    _no_damage_is_an_exception()
    assert REACHED["nothing"] > 50
    assert len(REACHED.keys() & set(Kind)) >= 9, f"damaged beyond hearing: {set(Kind) - set(REACHED)}"


@given(st.recursive(anything, lambda inner: st.dictionaries(st.text(), inner)))
def test_5_any_json_at_all_is_taken_or_left(update: object) -> None:
    arrived = inbound({"update_id": 1, "message": update, "callback_query": update}, bot=BOT)
    assert arrived is None
