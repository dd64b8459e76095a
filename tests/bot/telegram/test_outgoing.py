"""What the house says becomes calls that Telegram accepts, and nothing of it is lost or cut in two."""

from __future__ import annotations

from collections import Counter

from aiogram.methods import EditMessageCaption, EditMessageText, SendMediaGroup, SendMessage, SendPhoto
from aiogram.methods.base import TelegramMethod
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.telegram.outgoing import CAPTION_LIMIT, TEXT_LIMIT, Call, edit_caption, edit_text, post, split
from handlers.cutting import cut, in_units, shortened, size
from handlers.envelopes import Button, Outgoing, Picture

ROWS = ((Button("接单", "t.42.accept", "primary"),), (Button("地图", "", url="https://example.org"),))
METHODS: dict[str, type[TelegramMethod[object]]] = {
    method.__api_method__: method  # type: ignore[misc]
    for method in (SendMessage, SendPhoto, SendMediaGroup, EditMessageText, EditMessageCaption)
}
FAMILY, FLAG, KEYCAP, ACCENT, HAND = "👨‍👩‍👧‍👦", "🇨🇳", "1️⃣", "e\u0301", "👍🏽"
CHARACTERS = ["漏", "a", " ", "\n", "\n\n", "👍", FAMILY, FLAG, KEYCAP, ACCENT, HAND, "水管 ", "long word "]


def named(picture: Picture) -> str:
    return picture.source or f"attach://photo{picture.attachment}"


def the_call(message: Outgoing, chat: str = "1001") -> Call:
    (part,) = split(message)
    return post(chat, part, named)


def check(call: Call) -> None:
    """aiogram, which knows the Bot API, knows every field of the call and takes its value."""
    parsed = METHODS[call.method].model_validate(call.fields)
    assert not parsed.model_extra
    assert not [key for key in call.fields if key not in type(parsed).model_fields]


def test_aiogram_agrees_with_every_call() -> None:
    photo = Picture(1, "telegram", "4242", "file-id")
    text = Outgoing("漏水", title="HPY", buttons=ROWS, mention=("2002",))
    asks = Outgoing("电话？", contact="我的号码", buttons=ROWS)
    calls = [
        the_call(text),
        the_call(asks),
        post("1001", Outgoing("x"), named, clears=True),
        the_call(Outgoing("漏水", title="HPY", buttons=ROWS, pictures=(photo,))),
        the_call(Outgoing("", pictures=(photo, Picture(2)))),
        edit_text("-100200300", "7", text),
        edit_caption("-100200300", "7", text),
    ]
    for call in calls:
        check(call)
    assert {call.method for call in calls} == set(METHODS)


def test_buttons_have_their_style_and_their_action() -> None:
    keyboard = the_call(Outgoing("x", buttons=ROWS)).fields["reply_markup"]["inline_keyboard"]
    assert keyboard == [
        [{"text": "接单", "callback_data": "t.42.accept", "style": "primary"}],
        [{"text": "地图", "url": "https://example.org"}],
    ]


def test_one_photo_keeps_its_text_as_long_as_a_caption_may_be() -> None:
    photo = (Picture(1),)
    assert the_call(Outgoing("字" * CAPTION_LIMIT, pictures=photo)).method == "sendPhoto"
    assert the_call(Outgoing("👍" * (CAPTION_LIMIT // 2), pictures=photo)).method == "sendPhoto"
    longer = split(Outgoing("字" * CAPTION_LIMIT, title="x", buttons=ROWS, pictures=photo))
    assert [post("1", part, named).method for part in longer] == ["sendPhoto", "sendMessage"]
    assert longer[1].buttons == ROWS


def test_albums_hold_ten_photos() -> None:
    parts = split(Outgoing("x", ticket=7, pictures=tuple(Picture(number) for number in range(12))))
    assert [len(part.pictures) for part in parts] == [10, 2, 0]
    assert {part.ticket for part in parts} == {7}
    assert len(split(Outgoing("", pictures=tuple(Picture(number) for number in range(10))))) == 1


def test_a_part_is_not_split_again() -> None:
    message = Outgoing("字\n" * 5000, title="HPY", buttons=ROWS, pictures=(Picture(1), Picture(2)))
    parts = split(message)
    assert len(parts) > 3
    assert [split(part) for part in parts] == [(part,) for part in parts]


def test_a_text_is_cut_at_line_ends_then_at_blanks_then_anywhere() -> None:
    assert cut("first line\nsecond line\nthird", 22, in_units) == ["first line\nsecond line", "third"]
    assert cut("one two three", 8, in_units) == ["one two", "three"]
    assert cut("漏水漏水", 3, in_units) == ["漏水漏", "水"]
    assert cut(FAMILY * 2, 17, in_units) == [FAMILY, FAMILY]
    assert cut(FLAG * 3, 10, in_units) == [FLAG * 2, FLAG]
    assert cut("漏" + KEYCAP, 3, in_units) == ["漏", KEYCAP]
    assert cut("漏" + HAND, 4, in_units) == ["漏", HAND]
    assert cut("漏" + ACCENT, 2, in_units) == ["漏", ACCENT]
    assert cut("e" + "\u0301" * 9, 5, in_units) == ["e" + "\u0301" * 4, "\u0301" * 5]
    assert shortened("👍👍👍", 5, in_units) == "👍👍…"
    assert shortened("👍👍👍", 6, in_units) == "👍👍👍"


REACHED: Counter[str] = Counter()


@settings(max_examples=400, deadline=None)
@given(
    st.lists(st.sampled_from(CHARACTERS), min_size=1, max_size=40),
    st.integers(1, 400),
    st.text("标题👍", max_size=3),
    st.integers(0, 2),
)
def _nothing_is_lost(letters: list[str], times: int, title: str, called: int) -> None:
    text = "".join(letters) * times
    message = Outgoing(text, title=title, buttons=ROWS, mention=("1", "2")[:called])
    if not (text.strip() or title):
        return
    parts = split(message)
    REACHED["long" if len(parts) > 1 else "short"] += 1
    calls = [post("1", part, named) for part in parts]
    for call in calls:
        words = call.fields["text"]
        assert size(words, in_units) <= TEXT_LIMIT
        assert words.strip()
        for entity in call.fields.get("entities", []):
            assert 0 <= entity["offset"] < entity["offset"] + entity["length"] <= size(words, in_units)
    said = "".join("".join(call.fields["text"].split()) for call in calls)
    assert said == "".join((title + text).split()) + "🔔" * called
    markups = ["reply_markup" in call.fields for call in calls]
    assert markups == [False] * (len(calls) - 1) + [True]
    for part in parts[:-1]:
        for whole in (FAMILY, FLAG, KEYCAP, ACCENT, HAND):
            assert not any(part.text.endswith(whole[:n]) and _is_torn(whole, n) for n in range(1, len(whole)))


def _is_torn(whole: str, end: int) -> bool:
    """Whether the beginning of a character, so long, is nothing that stands in our texts by itself."""
    return whole[:end] not in ("👍", "e", "1", "a")


def test_25_nothing_is_lost() -> None:
    REACHED.clear()
    _nothing_is_lost()
    assert REACHED["long"] > 30
    assert REACHED["short"] > 30
