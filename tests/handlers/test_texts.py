"""Texts are read, checked, filled in and, where a language lacks one, said in the reference language."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from time import perf_counter
from zoneinfo import ZoneInfo

import pytest
from structlog.testing import capture_logs

from flows.engine.messages import Phrase
from flows.engine.when import Window
from handlers import taiwan
from handlers.texts import FOLDER, MalformedText, MissingText, Texts, UnfilledText, written

SHANGHAI = ZoneInfo("Asia/Shanghai")
TUESDAY = datetime(2026, 11, 24, 14, 5, tzinfo=SHANGHAI)

FORMATS = """
formats:
  day: M月d日 EEE
  date: M月d日
  brief: "{{ date }} {{ clock }}"
  when: "{{ day }} {{ clock }}"
  slot: "{{ day }} {{ start }}–{{ end }}"
  minutes: "{{ n }} 分钟"
  hours: "{{ n }} 小时"
  days: "{{ n }} 天"
"""

Folder = Callable[..., Path]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A folder of locales, written file by file: `folder(zh_CN={"tea.yaml": "…"})`."""

    def made(**locales: dict[str, str]) -> Path:
        for locale, files in locales.items():
            (tmp_path / locale).mkdir(exist_ok=True)
            for name, text in files.items():
                (tmp_path / locale / name).write_text(text, encoding="utf-8")
        return tmp_path

    return made


@pytest.fixture(scope="module")
def texts() -> Texts:
    """The texts of the product itself."""
    return Texts.load()


def test_a_text_without_gaps_is_said_as_it_is_written(folder: Folder) -> None:
    texts = Texts.load(folder(zh_CN={"tea.yaml": "tea:\n  offer: 请喝茶。\n"}))
    assert texts.say(Phrase("tea.offer"), "zh_CN") == "请喝茶。"


def test_a_text_is_filled_with_words_numbers_phrases_and_lists_of_phrases(folder: Folder) -> None:
    tea = """
    tea:
      order: "{{ n }} × {{ what }}: {{ extras | join(', ') }}"
      green: green tea
      milk: milk
    """
    texts = Texts.load(folder(zh_CN={"tea.yaml": tea}))
    order = Phrase(
        "tea.order", {"n": 2, "what": Phrase("tea.green"), "extras": [Phrase("tea.milk"), "sugar"]}
    )
    assert texts.say(order, "zh_CN") == "2 × green tea: milk, sugar"


def test_what_is_no_phrase_is_data_and_never_a_template(folder: Folder) -> None:
    texts = Texts.load(folder(zh_CN={"tea.yaml": 'tea:\n  echo: "{{ said }}"\n'}))
    assert texts.say("{{ 6 * 7 }} & <b>", "zh_CN") == "{{ 6 * 7 }} & <b>"
    assert texts.say(Phrase("tea.echo", {"said": "{{ 6 * 7 }} & <b>"}), "zh_CN") == "{{ 6 * 7 }} & <b>"


def test_what_a_language_lacks_is_said_in_the_reference_language_and_noted_once(folder: Folder) -> None:
    files = folder(zh_CN={"tea.yaml": "tea:\n  offer: 请喝茶。\n"}, en={"tea.yaml": "tea:\n  title: Tea\n"})
    texts = Texts.load(files)
    with capture_logs() as logs:
        assert texts.say(Phrase("tea.offer"), "en") == "请喝茶。"
        assert texts.say(Phrase("tea.offer"), "en") == "请喝茶。"
    assert logs == [{"event": "text_missing", "key": "tea.offer", "locale": "en", "log_level": "warning"}]
    assert not texts.has("tea.offer", "en")
    assert texts.has("tea.title", "en")


def test_an_unknown_language_speaks_the_reference_language(texts: Texts) -> None:
    assert texts.say(Phrase("engine.yes"), "xx") == texts.say(Phrase("engine.yes"), "zh_CN")
    assert not texts.has("engine.yes", "xx")
    assert texts.words("menu.words.menu", "xx") == texts.words("menu.words.menu", "zh_CN")


def test_a_text_that_nobody_has_is_an_error_with_a_name(texts: Texts) -> None:
    with pytest.raises(MissingText, match=r"tea\.nowhere"), capture_logs():
        texts.say(Phrase("tea.nowhere"), "en")


def test_a_gap_without_a_value_names_the_text_and_the_gap(texts: Texts) -> None:
    with pytest.raises(UnfilledText, match=r"en/engine\.yaml: engine\.photos: 'n' is undefined"):
        texts.say(Phrase("engine.photos"), "en")


def test_words_are_lists_and_yes_stays_a_word(folder: Folder) -> None:
    tea = "tea:\n  words:\n    yes: [yes, on, 12:30, '1']\n    no: [no, ~]\n  yes: no\n"
    texts = Texts.load(folder(zh_CN={"tea.yaml": tea}))
    assert texts.words("tea.words.yes", "zh_CN") == ("yes", "on", "12:30", "1")
    assert texts.words("tea.words.no", "zh_CN") == ("no", "~")
    assert texts.words("tea.words.maybe", "zh_CN") == ()
    assert texts.say(Phrase("tea.yes"), "zh_CN") == "no"
    assert texts.keys("zh_CN") == {"tea.words.yes", "tea.words.no", "tea.yes"}


def test_the_reference_language_comes_first(texts: Texts) -> None:
    assert texts.locales == ("zh_CN", "en", "zh_TW")


def test_taiwan_is_turned_out_of_the_reference(folder: Folder) -> None:
    """Templates stay templates; a text of its own replaces one, a list adds to one, a word mends them all."""
    tea = """
    tea:
      offer: "请喝茶，{{ name or '客户' }}。{% if n %}还有 {{ n }} 个信息。{% endif %}"
      title: 绑定账号
      words: [茶叶, 账号]
    """
    own = "words:\n  賬: 帳\n  繫結: 綁定\ntea:\n  words: [茗茶]\n"
    texts = Texts.load(folder(zh_CN={"tea.yaml": tea}, zh_TW={"override.yaml": own}))
    assert texts.say(Phrase("tea.offer", {"name": "", "n": 2}), "zh_TW") == "請喝茶，客戶。還有 2 個資訊。"
    assert texts.say(Phrase("tea.title"), "zh_TW") == "綁定帳號"
    assert texts.words("tea.words", "zh_TW") == ("茶葉", "賬號", "帳號", "茗茶")
    assert texts.say(Phrase("tea.title"), "zh_CN") == "绑定账号"
    own += "  title: 您的帳號\n"
    files = folder(zh_CN={"tea.yaml": tea}, zh_TW={"override.yaml": own})
    assert Texts.load(files).say(Phrase("tea.title"), "zh_TW") == "您的帳號"


def test_what_is_wrong_in_taiwan_s_file_is_named(folder: Folder) -> None:
    files = folder(
        zh_CN={"tea.yaml": "tea:\n  offer: 茶\n"}, zh_TW={"override.yaml": "tea:\n  offer: '{{ n'\n"}
    )
    with pytest.raises(MalformedText, match=r"zh_TW/override\.yaml: tea\.offer: "):
        Texts.load(files)


def test_turning_the_texts_takes_no_time_worth_waiting_for() -> None:
    """Beside reading and compiling, which every language needs."""
    found = {locale: written(FOLDER / locale) for locale in ("zh_CN", "zh_TW")}
    taiwan.generated(found["zh_CN"], found["zh_TW"])
    assert _quickest(lambda: taiwan.generated(found["zh_CN"], found["zh_TW"]), rounds=5, times=1) < 0.1


def test_the_words_of_a_service_may_be_spread_over_files(folder: Folder) -> None:
    texts = Texts.load(folder(zh_CN={"a.yaml": "tea:\n  green: 绿茶\n", "b.yaml": "tea:\n  black: 红茶\n"}))
    assert texts.keys("zh_CN") == {"tea.green", "tea.black"}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("tea:\n  offer: '{{ n'\n", r"zh_CN/tea\.yaml: tea\.offer: "),
        ("tea:\n  offer: '{{ n | steeped }}'\n", r"zh_CN/tea\.yaml: tea\.offer: .*steeped"),
        ("tea:\n  offer:\n", r"zh_CN/tea\.yaml: tea\.offer: is empty"),
        ("tea:\n  offer: '  '\n", r"zh_CN/tea\.yaml: tea\.offer: is empty"),
        ("tea:\n  words: []\n", r"zh_CN/tea\.yaml: tea\.words: is not a list of words"),
        ("tea:\n  words: [[a]]\n", r"zh_CN/tea\.yaml: tea\.words: is not a list of words"),
        ("tea:\n  offer: a\n  offer: b\n", r"zh_CN/tea\.yaml: offer is written twice"),
        ("tea: [unclosed\n", r"zh_CN/tea\.yaml: "),
        ("just words\n", r"zh_CN/tea\.yaml: is not a map"),
        ("tea: !!python/object:os.system {}\n", r"zh_CN/tea\.yaml: "),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_its_key(folder: Folder, text: str, complaint: str) -> None:
    with pytest.raises(MalformedText, match=complaint):
        Texts.load(folder(zh_CN={"tea.yaml": text}))


def test_a_key_in_two_files_is_an_error(folder: Folder) -> None:
    files = folder(zh_CN={"a.yaml": "tea:\n  green: 绿\n", "b.yaml": "tea:\n  green: 青\n"})
    with pytest.raises(MalformedText, match=r"zh_CN/b\.yaml: tea\.green: is written twice"):
        Texts.load(files)


def test_without_the_reference_language_nothing_starts(folder: Folder) -> None:
    with pytest.raises(MalformedText, match="zh_CN"):
        Texts.load(folder(en={"tea.yaml": "tea:\n  offer: Tea?\n"}))


@pytest.mark.parametrize(
    ("template", "value", "said"),
    [
        ("{{ it | day }}", TUESDAY, "11月24日 周二"),
        ("{{ it | clock }}", TUESDAY, "14:05"),
        ("{{ it | when }}", TUESDAY, "11月24日 周二 14:05"),
        ("{{ it | brief }}", TUESDAY, "11月24日 14:05"),
        ("{{ it | slot }}", Window(TUESDAY, TUESDAY.replace(hour=16, minute=0)), "11月24日 周二 14:05–16:00"),
        ("{{ it | minutes }}", 20, "20 分钟"),
        ("{{ it | minutes }}", 120, "2 小时"),
        ("{{ it | minutes }}", 90, "1 小时 30 分钟"),
        ("{{ it | minutes }}", 24 * 60, "24 小时"),
        ("{{ it | minutes }}", 72 * 60, "3 天"),
        ("{{ it | minutes }}", 0, "0 分钟"),
    ],
)
def test_days_and_hours_are_said_in_chinese(folder: Folder, template: str, value: object, said: str) -> None:
    texts = Texts.load(folder(zh_CN={"formats.yaml": FORMATS, "tea.yaml": f"tea:\n  it: '{template}'\n"}))
    assert texts.say(Phrase("tea.it", {"it": value}), "zh_CN") == said


def test_days_and_hours_are_said_in_english(texts: Texts) -> None:
    window = Window(TUESDAY.replace(minute=0), TUESDAY.replace(hour=16, minute=0))
    assert texts.say(Phrase("engine.slot", {"window": window}), "en") == "Tue 24 Nov, 14:00–16:00"
    line = Phrase("tickets.line", {"at": TUESDAY, "told": "Reported"})
    assert texts.say(line, "en") == "24 Nov, 14:05 · Reported"


@pytest.mark.parametrize(("count", "said"), [(1, "1 photo"), (2, "2 photos"), (0, "none")])
def test_english_counts_things(texts: Texts, count: int, said: str) -> None:
    assert texts.say(Phrase("engine.photos", {"n": count}), "en") == said


def test_saying_something_takes_microseconds(texts: Texts) -> None:
    """The best of many short runs, so that a busy machine does not decide."""
    still, filled = Phrase("engine.stale"), Phrase("engine.photos", {"n": 3})
    assert _quickest(lambda: texts.say(still, "zh_CN")) < 5e-6
    assert _quickest(lambda: texts.say(filled, "en")) < 40e-6


def _quickest(saying: Callable[[], object], rounds: int = 50, times: int = 100) -> float:
    spent = []
    for _ in range(rounds):
        began = perf_counter()
        for _ in range(times):
            saying()
        spent.append((perf_counter() - began) / times)
    return min(spent)
