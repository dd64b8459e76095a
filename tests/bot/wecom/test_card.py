"""A message on a card: clients show every word of it, or another way is taken."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.wecom import card
from bot.wecom.layout import MOST_ROWS, lay_out
from handlers.envelopes import Button, Outgoing
from tests.bot.wecom.company import ACCEPT, CANCEL, PAGE, TEXT, TITLE, WORDS, ticket
from tests.emulators.wecom_cards import read_card
from tests.emulators.wecom_shown import Card


def drawn(fields: card.Fields | None) -> Card:
    """The card as its readers see it, if WeCom takes it."""
    assert fields is not None
    return read_card(fields)


def letters(text: str) -> Counter[str]:
    """What there is to be read; how labels, parts of titles and blanks are set off does not count."""
    return Counter("".join(text.split()).translate(str.maketrans("＜", "<", "：:·")))


def test_a_card_with_buttons_has_everything_in_its_place() -> None:
    shown = drawn(card.interactive(ticket(f"{TEXT}\n说明：{WORDS}\n11-24 14:05 王师傅接单了"), "w-1"))
    assert (shown.title, shown.desc) == ("🔧 报修 HPY-2611-00042", "待接单")
    assert [(row.name, row.value) for row in shown.rows] == [
        ("房屋", "3-****"),
        ("住户", "李**"),
        ("工种", "水管"),
    ]
    assert shown.quote == f"说明\n{WORDS}"
    assert shown.subtitle == "11-24 14:05 王师傅接单了"
    assert [(button.text, button.key, button.style) for button in shown.buttons] == [
        ("接单", "t.42.accept", 1),
        ("取消", "t.42.cancel", 4),
        ("打开工单", "", 3),
    ]
    assert shown.link("打开工单") == shown.url == PAGE.url
    assert (shown.task_id, shown.cut, shown.source) == ("w-1", (), "")


def test_a_card_to_look_at_opens_the_page() -> None:
    shown = drawn(card.notice(ticket(TEXT, TITLE, (ACCEPT,), (PAGE,))))
    assert (shown.kind, shown.buttons, shown.url) == ("text_notice", (), PAGE.url)
    assert shown.link("打开工单") == PAGE.url


def test_an_emergency_is_red_and_says_so() -> None:
    urgent = ticket(TEXT, "🚨 紧急报修 HPY-2611-00042 · 待接单")
    shown = drawn(card.notice(urgent))
    assert (shown.source, shown.emphasis, shown.title) == ("紧急报修", "待接单", "🚨 紧急报修 HPY-2611-00042")
    assert card.interactive(urgent, "w-1")["source"] == {"desc": "紧急报修", "desc_color": 2}
    english = ticket("x", "🚨 Urgent repair HPY-2611-00042 · Waiting for a technician")
    shown = drawn(card.notice(english))
    assert (shown.source, shown.title, shown.desc) == ("Urgent repair", "🚨 Urgent repair", "HPY-2611-00042")
    assert shown.subtitle == "Waiting for a technician\nx"


@pytest.mark.parametrize(
    "message",
    [
        Outgoing(TEXT, TITLE),
        Outgoing(TEXT, "", ((PAGE,),)),
        Outgoing(TEXT, TITLE, ((PAGE,),), mention=("wang",)),
        Outgoing("水" * 113, TITLE, ((PAGE,),)),
        Outgoing(TEXT, "急" * 27, ((PAGE,),)),
        Outgoing(TEXT, TITLE, ((PAGE, PAGE), (PAGE, PAGE))),
    ],
    ids=["no page", "no title", "calls somebody", "long", "long title", "many pages"],
)
def test_what_a_notice_cannot_show_is_said_in_words(message: Outgoing) -> None:
    assert card.notice(message) is None


def test_more_buttons_than_six_are_on_the_page() -> None:
    many = tuple(Button(f"操作{n}", f"t.42.a{n}") for n in range(9))
    shown = drawn(card.interactive(Outgoing("x", TITLE, (many, (PAGE,))), "w-1"))
    assert shown.labels == ["操作0", "操作1", "操作2", "操作3", "操作4", "打开工单"]
    assert not card.fits(Outgoing("x", TITLE, (many,)))
    assert card.fits(Outgoing("x", TITLE, (many[:6],)))
    assert not card.fits(Outgoing("x", TITLE, (many[:6], (PAGE,))))


def test_the_same_button_twice_is_one() -> None:
    assert drawn(card.interactive(Outgoing("x", TITLE, ((ACCEPT, ACCEPT),)), "w-1")).labels == ["接单"]


def test_a_long_label_is_cut() -> None:
    long = Button("Ask for a second visit", "t.42.again")
    assert drawn(card.interactive(Outgoing("x", TITLE, ((long,),)), "w-1")).labels == ["Ask for a…"]


def test_a_finished_card_is_a_notice_or_a_grey_word() -> None:
    done = "🔧 报修 HPY-2611-00042 · 已完成"
    page = read_card(card.finished(Outgoing(TEXT, done, ((PAGE,),)), "w-1"), task_id="w-1")
    assert (page.kind, page.url, page.desc) == ("text_notice", PAGE.url, "已完成")
    alone = read_card(card.finished(Outgoing(TEXT, done), "w-1"), task_id="w-1")
    assert (alone.kind, alone.replaced, alone.buttons) == ("button_interaction", "已完成", ())
    assert read_card(card.finished(Outgoing(TEXT, "HPY"), "w-1")).replaced == "✓"


def test_a_card_without_a_title_takes_its_first_line() -> None:
    shown = drawn(card.interactive(Outgoing("请为服务打分\n谢谢", "", ((ACCEPT,),)), "w-1"))
    assert (shown.title, shown.subtitle) == ("请为服务打分", "谢谢")


def test_lines_that_go_on_belong_to_what_they_go_on_with() -> None:
    layout = lay_out(
        "HPY",
        "房屋：3\n工种：水管\n说明：厨房漏水\n水很大\n预约：明天\n📷 照片 2 张\n11-24 14:05 师傅接单了",
    )
    assert (layout.quote, layout.quoted) == ("说明", "厨房漏水\n水很大")
    assert layout.rows == (("房屋", "3"), ("工种", "水管"), ("预约", "明天"))
    assert layout.lines == "📷 照片 2 张\n11-24 14:05 师傅接单了"


def test_the_longest_words_are_quoted_and_the_same_line_twice_is_there_twice() -> None:
    layout = lay_out("HPY", f"Resident: L**\nDescription: {'water ' * 8}\nHome: 3\nHome: 3\nKind: tap")
    assert (layout.quote, layout.quoted) == ("Description", ("water " * 8).strip())
    assert layout.lines == "Resident: L**"
    assert layout.rows == (("Home", "3"), ("Home", "3"), ("Kind", "tap"))


def test_25_the_lines_of_prose_stay_in_order() -> None:
    """What somebody wrote is no form, though some of its lines look like facts."""
    prose = "李**：师傅您好\n厨房：漏水\n请尽快来\n电话：138****8000\n谢谢"
    layout = lay_out("报修 HPY-2611-00042", prose)
    assert (layout.rows, layout.quoted, layout.lines) == ((), "", prose)
    form = "Home: 3-****\nKind: Water and taps (in my home)\nDetails: it drips\nVisit: soon\n📷 3 photos"
    assert lay_out("HPY", form).rows == (("Home", "3-****"), ("Visit", "soon"))
    assert lay_out("HPY", f"🔒 unnamed\n{form}").form
    in_order = lay_out("报修 HPY-2611-00042", "王师傅出发了\n预计：14:30")
    assert (in_order.lines, in_order.rows) == ("王师傅出发了", (("预计", "14:30"),))


LINES = st.lists(
    st.one_of(
        st.sampled_from(
            ["房屋：3-1201", "住户：李**", "Resident: Li", "说明：" + WORDS, "11-24 14:05 接单", "", "："]
        ),
        st.text(max_size=60).filter(lambda text: "＜" not in text),
    ),
    max_size=12,
)
REACHED: Counter[bool] = Counter()


@settings(max_examples=300, deadline=None)
@given(LINES, st.text(max_size=70).filter(lambda text: "＜" not in text))
def _no_word_is_lost(lines: list[str], title: str) -> None:
    message = Outgoing("\n".join(lines), title, ((PAGE,),))
    layout = lay_out(title, message.text)
    told = [layout.title, layout.aside, layout.quote, layout.quoted, layout.lines]
    told += [part for row in layout.rows for part in row]
    assert letters("".join(told)) == letters(title + message.text)
    assert len(layout.rows) <= MOST_ROWS
    fields = card.notice(message)
    REACHED[fields is not None] += 1
    if fields is not None:
        shown = drawn(fields)
        assert shown.cut == ()
        assert not letters(title + message.text) - letters(shown.words)


def test_25_a_notice_shows_every_word() -> None:
    REACHED.clear()
    _no_word_is_lost()
    assert REACHED[True] > 30
    assert REACHED[False] > 30


LABELS = st.text(min_size=1, max_size=30).filter(str.strip)


@settings(max_examples=150, deadline=None)
@given(LINES, st.text(max_size=70), st.lists(LABELS, min_size=1, max_size=9), st.integers(0, 3))
def test_wecom_takes_every_card(lines: list[str], title: str, labels: list[str], pages: int) -> None:
    taps = tuple(Button(label, f"t.42.{at}") for at, label in enumerate(labels))
    message = Outgoing("\n".join(lines), title, (taps, (PAGE,) * pages, (CANCEL,)))
    for fields in (card.interactive(message, "w-1"), card.finished(message, "w-1")):
        shown = read_card(fields, task_id="w-1")
        assert shown.cut == ()
        assert "<" not in shown.words
        assert len(shown.buttons) <= 6
