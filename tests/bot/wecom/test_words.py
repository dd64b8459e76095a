"""Nothing that is said is lost or cut in two, and nothing that people write turns into markup."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.wecom.escaping import address, is_user, plain, plain_weight, unmarked, unmarked_weight
from bot.wecom.words import MARKDOWN, PLAIN, Manner, split, written
from handlers.cutting import cut, in_bytes, in_signs, shortened
from handlers.envelopes import Button, Outgoing
from tests.emulators.wecom_contents import HTML_LINK, MARKDOWN_LINK, MENTION

FAMILY, FLAG, KEYCAP, HAND = "👨‍👩‍👧‍👦", "🇨🇳", "1️⃣", "👍🏽"
CHARACTERS = [
    "漏",
    "a",
    " ",
    "\n",
    "\n\n",
    "👍",
    FAMILY,
    FLAG,
    KEYCAP,
    HAND,
    "水管 ",
    "<",
    "*",
    "[x](y)",
    "# ",
]
PAGES = ((Button("打开", "", url="https://wubu.example/t/1?a=1&b=2"),), (Button("接单", "t.1.accept"),))
EVIL = [
    "<@wang>",
    "<@all>",
    "<a href='https://evil.example'>点我</a>",
    "[点我](https://evil.example)",
    "**急**",
    "`code`",
    '<font color="warning">x</font>',
    "> quote",
    "# title",
    "  ## title",
    "- one",
    "1. one",
    "title\n===",
    "title\n---",
    "&lt;@all&gt;",
    "&#60;@all&#62;",
    "_slanted_",
    "~~gone~~",
    "| a | b |",
    "\\[x](y)",
    "![x](https://evil.example/x.png)",
]


def narrow(text: str) -> str:
    """The words alone: wide signs are as good as narrow ones, and blanks do not count."""
    narrowed = "".join(chr(ord(sign) - 0xFEE0) if "！" <= sign <= "～" else sign for sign in text)
    return "".join(narrowed.split())


@pytest.mark.parametrize("evil", EVIL)
def test_what_people_write_is_no_markup(evil: str) -> None:
    safe = unmarked(evil)
    assert not re.search(r"[<>*`\[\]\\|~]", safe)
    assert not re.search(r"(?m)^\s*(#|[-+=]\s|\d+\.\s|-{2,}\s*$|={2,}\s*$)|&#?\w+;", safe)
    assert not re.search(r"(?<!\w)_\w+_(?!\w)", safe)
    assert narrow(safe) == narrow(evil)
    assert safe != evil
    message = Outgoing(evil, title=evil, buttons=((Button(evil, "", url=PAGES[0][0].url),),))
    said = written(message, MARKDOWN)
    assert not MENTION.findall(said)
    assert [url for _, url in MARKDOWN_LINK.findall(said)] == [PAGES[0][0].url]
    told = written(message, PLAIN)
    assert not MENTION.findall(told)
    assert [url for url, _ in HTML_LINK.findall(told)] == [PAGES[0][0].url]


@pytest.mark.parametrize(
    "harmless",
    [
        "3-1201 房 #1024",
        "a_b@example.org",
        "-5 度",
        "+8613800001111",
        "https://x.example/a_b?c=1&d=2",
        "2.5 米",
    ],
)
def test_what_is_no_markup_stays_as_it_is(harmless: str) -> None:
    assert unmarked(harmless) == harmless
    assert plain(harmless) == harmless


@given(st.text())
def test_nothing_weighs_more_than_it_was_counted(text: str) -> None:
    for safe, weigh in ((plain, plain_weight), (unmarked, unmarked_weight)):
        assert len(safe(text).encode("utf-8", "surrogatepass")) <= sum(map(weigh, text))


@given(st.text())
def test_no_text_at_all_calls_anybody_or_opens_a_page(text: str) -> None:
    said = unmarked(text)
    assert not set("<>*`[]\\|~") & set(said)
    assert "<" not in plain(text)
    assert len(said) == len(text)


def test_an_address_of_ours_cannot_leave_its_link() -> None:
    url = "https://x.example/a b(c)[d]<e>\"f'?g=%E6%B0%B4&h=水"
    assert not set(' ()[]<>"') & set(address(url))
    assert address("https://x.example/t/1?k=a-b_c.d~e&v=%2F") == "https://x.example/t/1?k=a-b_c.d~e&v=%2F"


def test_only_one_colleague_is_a_userid() -> None:
    assert is_user("wang.li-1_2")
    assert is_user("li@example.org")
    assert is_user("team.lead")
    for nobody in ("@all", "wang|li", "", "王", "a b", "x" * 65, "<x>", "a\n", "team.HPY.repair"):
        assert not is_user(nobody)


REACHED: Counter[str] = Counter()


@pytest.mark.parametrize("manner", [PLAIN, MARKDOWN], ids=["plain", "markdown"])
def test_25_nothing_is_lost(manner: Manner) -> None:
    REACHED.clear()
    _nothing_is_lost(manner)
    assert REACHED["long"] > 20
    assert REACHED["short"] > 20


def _nothing_is_lost(manner: Manner) -> None:
    @settings(max_examples=150, deadline=None)
    @example(letters=["漏"], times=400, title="", links=30, called=3)
    @given(
        letters=st.lists(st.sampled_from(CHARACTERS), min_size=1, max_size=30),
        times=st.integers(1, 300),
        title=st.text("标题👍<*", max_size=3),
        links=st.integers(0, 3),
        called=st.integers(0, 2),
    )
    def property_(letters: list[str], times: int, title: str, links: int, called: int) -> None:
        pages = tuple((Button(f"页{n}", "", url=f"https://x.example/{n}{'y' * 150}"),) for n in range(links))
        message = Outgoing("".join(letters) * times, title, pages, mention=("wang", "li")[:called], ticket=7)
        parts = split(message, manner)
        REACHED["long" if len(parts) > 1 else "short"] += 1
        said = [written(part, manner) for part in parts]
        assert all(one.strip() and len(one.encode()) <= manner.limit for one in said)
        assert narrow("".join(said)) == narrow(written(message, replace(manner, limit=10**9)))
        assert [split(part, manner) for part in parts] == [(part,) for part in parts]
        assert {part.ticket for part in parts} <= {7}
        for part in parts[:-1]:
            assert not part.text.endswith(("👨", "👨‍", "👨‍👩", "👨‍👩‍", "👨‍👩‍👧", "👨‍👩‍👧‍", "🇨", "\ufe0f"))

    property_()


def test_a_title_longer_than_it_may_be_is_said_all_the_same() -> None:
    message = Outgoing("水" * 10, title="急" * 3000)
    for manner in (PLAIN, MARKDOWN):
        said = [written(part, manner) for part in split(message, manner)]
        assert max(len(one.encode()) for one in said) <= manner.limit
        assert "".join(said).count("急") == 3000
        assert "".join(said).count("水") == 10


def test_what_says_nothing_has_no_parts() -> None:
    assert split(Outgoing(" \n"), PLAIN) == ()
    assert split(Outgoing("", buttons=((Button("接单", "t.1.accept"),),)), MARKDOWN) == ()


def test_links_and_calls_are_at_the_end_of_the_last_part() -> None:
    message = Outgoing("漏水\n" * 2000, title="HPY", buttons=PAGES, mention=("wang", "@all", "no body"))
    *before, last = [written(part, MARKDOWN) for part in split(message, MARKDOWN)]
    assert last.endswith("[打开](https://wubu.example/t/1?a=1&b=2)\n<@wang>")
    assert not MENTION.findall("".join(before))
    assert before[0].startswith("**HPY**\n漏水")
    assert "<@wang>" not in written(message, PLAIN)


def test_an_emergency_stands_out() -> None:
    said = written(Outgoing("漏水", title="🚨 紧急报修 HPY"), MARKDOWN)
    assert said == '<font color="warning">**🚨 紧急报修 HPY**</font>\n漏水'


def test_texts_are_cut_at_line_ends_then_at_blanks_then_anywhere() -> None:
    assert cut("one\ntwo\nthree", 9, in_bytes) == ["one\ntwo", "three"]
    assert cut("one two three", 8, in_bytes) == ["one two", "three"]
    assert cut("漏水漏水", 7, in_bytes) == ["漏水", "漏水"]
    assert cut(FAMILY * 2, 30, in_bytes) == [FAMILY, FAMILY]
    assert cut("漏", 1, in_bytes) == ["漏"]
    assert shortened("报修单已经完成了", 5, in_signs) == "报修单已…"
    assert shortened("报修单", 3, in_signs) == "报修单"
