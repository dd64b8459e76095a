"""What the house says reaches the phone whole, in pieces that fit, and nothing in it is ever markup."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from urllib.parse import unquote

from hypothesis import assume, example, given
from hypothesis import strategies as st

from bot.wechat.outgoing import LONGEST_TITLE, MOST_BYTES, PART_BYTES, shown, split, words
from handlers.cutting import cut, in_bytes, shortened, size, within
from handlers.envelopes import Button, Outgoing, Picture

FAMILY, FLAG, SKIN, KEYCAP = "👨‍👩‍👧‍👦", "🇨🇳", "👍🏽", "1️⃣"
WORDS = st.text(st.sampled_from(f'漏水了 \n<a>&]]>"é…{FAMILY}{FLAG}{SKIN}{KEYCAP}'), max_size=1500)


def spoken(parts: tuple[Outgoing, ...]) -> str:
    """Everything that is said, without blanks and line ends."""
    return "".join("".join((part.title, part.text)).replace(" ", "").replace("\n", "") for part in parts)


def test_a_short_message_is_one_part_with_its_title_on_top() -> None:
    message = Outgoing("师傅已接单。", "🔧 报修 HPY-2611-00042", ticket=7)
    assert split(message) == (message,)
    assert words(message) == "🔧 报修 HPY-2611-00042\n师傅已接单。"


def test_a_page_is_opened_by_a_link_below_the_words() -> None:
    page = Button("查看\n<工单>", "", url='https://e.cn/t?a=1&b="><a href="x')
    (part,) = split(Outgoing("好了", buttons=((page,), (Button("不", "x.1"),))))
    assert words(part) == ('好了\n<a href="https://e.cn/t?a=1&b=%22%3E%3Ca%20href=%22x">查看 ＜工单></a>')


def test_what_a_resident_typed_is_shown_and_is_never_a_link() -> None:
    typed = '<a href="https://bad.cn">点这里</a> 水压<80% &lt;a&gt; ]]>'
    (part,) = split(Outgoing(typed, typed))
    assert "<" not in words(part)
    assert words(part).splitlines()[0] == '＜a href="https://bad.cn">点这里＜/a> 水压＜80% &lt;a&gt; ]]>'


def test_lines_that_name_an_answer_can_be_tapped_where_the_account_allows_it() -> None:
    message = Outgoing("哪里？\n1. 家里\n2. <楼道>", choices=(("1. 家里", "1"), ("2. <楼道>", "楼道&电梯")))
    (part,) = split(message)
    lines = words(part, tappable=True).splitlines()
    assert lines[1] == '<a href="weixin://bizmsgmenu?msgmenucontent=1&msgmenuid=1">1. 家里</a>'
    said = re.fullmatch(
        r'<a href="weixin://bizmsgmenu\?msgmenucontent=(.*)&msgmenuid=2">2\. ＜楼道></a>', lines[2]
    )
    assert said is not None
    assert unquote(said[1]) == "楼道&电梯"
    assert words(part) == "哪里？\n1. 家里\n2. ＜楼道>"


def test_lines_are_plain_again_when_their_links_would_not_fit() -> None:
    choices = tuple((f"{number}. {'可' * 40}", str(number)) for number in range(1, 14))
    (part,) = split(Outgoing("\n".join(line for line, _ in choices), choices=choices))
    assert "<a " not in words(part, tappable=True)
    assert size(words(part), in_bytes) <= PART_BYTES


def test_the_choices_go_with_the_part_that_shows_them() -> None:
    choices = (("1. 好", "1"), ("2. 不好", "2"))
    parts = split(Outgoing("长" * 900 + "\n1. 好\n2. 不好", "题", choices=choices))
    assert [part.choices for part in parts] == [(), choices]
    assert [part.title for part in parts] == ["题", ""]


def test_photos_follow_the_words_one_by_one() -> None:
    photos = (Picture(1), Picture(2))
    message = Outgoing(
        "修好了", "题", pictures=photos, ticket=7, notice="repair.told.finish", facts={"number": "1"}
    )
    parts = split(message)
    assert [part.pictures for part in parts] == [(), photos[:1], photos[1:]]
    assert [part.notice for part in parts] == ["repair.told.finish"] * 3
    assert [dict(part.facts) for part in parts] == [{"number": "1"}, {}, {}]
    assert {part.ticket for part in parts} == {7}


def test_nothing_to_say_is_no_part() -> None:
    assert split(Outgoing(" \n ")) == ()
    assert [part.title for part in split(Outgoing("", "题"))] == ["题"]


def test_links_alone_are_said_too_and_too_many_come_one_by_one() -> None:
    page = Button("看", "", url="https://e.cn/" + "p" * 600)
    assert [len(part.buttons) for part in split(Outgoing("", buttons=((page,),)))] == [1]
    parts = split(Outgoing("好", buttons=((page,), (page,), (page,))))
    assert [part.text for part in parts] == ["好", "", "", ""]
    assert max(size(words(part), in_bytes) for part in parts) <= MOST_BYTES


@given(WORDS, WORDS.map(lambda text: text[:300]))
@example("<" * 1990, "")
@example("长" * 700, "题" * 300)
def test_nothing_is_lost_and_every_part_fits(text: str, title: str) -> None:
    message = Outgoing(text, title, buttons=((Button("看", "", url="https://e.cn/t"),),))
    parts = split(message)
    assert spoken(parts) == shown(title + text).replace(" ", "").replace("\n", "")
    for part in parts:
        assert 0 < size(words(part), in_bytes) <= PART_BYTES
        assert size(words(part, tappable=True), in_bytes) <= MOST_BYTES
    anchors = [line for part in parts for line in words(part).splitlines() if "<" in line]
    assert anchors == ['<a href="https://e.cn/t">看</a>']


@given(st.text(st.sampled_from("<>a文\n"), max_size=2048))
def test_one_message_of_any_kind_fits_into_the_answer(text: str) -> None:
    """The words of an answer are cut elsewhere, before the signs are made harmless."""
    assume(size(text, in_bytes) <= MOST_BYTES)
    assert size(words(Outgoing(text)), in_bytes) <= MOST_BYTES


@given(WORDS, st.integers(60, 200), st.integers(60, 200))
def test_a_cut_never_goes_through_a_character(text: str, limit: int, first: int) -> None:
    pieces = cut(text, limit, in_bytes, first)
    assert all(size(piece, in_bytes) <= (limit if at else first) for at, piece in enumerate(pieces))
    assert "".join(pieces).replace(" ", "").replace("\n", "") == text.replace(" ", "").replace("\n", "")
    for piece in pieces[1:]:
        assert piece[0] != "\u200d"
        assert unicodedata.category(piece[0]) != "Mn" or text.startswith(piece[0])


def test_a_family_stays_together() -> None:
    text = FAMILY * 30
    assert all(piece.replace(FAMILY, "") == "" for piece in cut(text, 100, in_bytes))
    assert within(text, 60, in_bytes).replace(FAMILY, "") == ""
    assert shortened(text, 60, in_bytes) == FAMILY * 2 + "…"


def test_a_character_larger_than_the_room_is_cut_within() -> None:
    tower = "a" + "\u0301" * 3000
    pieces = cut(tower, 2000, in_bytes)
    assert "".join(pieces) == tower
    assert max(size(piece, in_bytes) for piece in pieces) <= 2000


def test_lines_are_kept_together_where_that_is_possible() -> None:
    lines = [f"第{number}行" + "字" * 20 for number in range(60)]
    pieces = cut("\n".join(lines), 500, in_bytes)
    assert [line for piece in pieces for line in piece.split("\n")] == lines


def test_a_title_too_long_for_one_is_the_first_line() -> None:
    long = "题" * 400
    assert size(long, in_bytes) > LONGEST_TITLE
    assert [part.title for part in split(Outgoing("字", long))] == [""]
    assert spoken(split(replace(Outgoing("字"), title=long))) == long + "字"
