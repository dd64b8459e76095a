"""What a reader in Taiwan sees is Taiwan's Chinese, made out of the reference and a file of its own."""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml
from jinja2 import Environment

from flows.engine.messages import Phrase
from flows.engine.when import Window
from handlers import taiwan
from handlers.texts import FOLDER, REFERENCE, Texts, sources
from handlers.wording import plain, spoken
from tests.locales.shelf import FILTERS, SOURCES, TEXTS, listed, variables, written

TAIWAN = taiwan.LOCALE


def entries(tree: dict[str, object], prefix: str = "") -> dict[str, object]:
    found: dict[str, object] = {}
    for name, entry in tree.items():
        deeper = entries(entry, f"{prefix}{name}.") if isinstance(entry, dict) else {f"{prefix}{name}": entry}
        found.update(deeper)
    return found


OVERRIDES = entries(
    yaml.load((FOLDER / TAIWAN / "override.yaml").read_text(encoding="utf-8"), yaml.BaseLoader)
)
WORDS = {
    key.removeprefix(taiwan.WORDS): str(word)
    for key, word in OVERRIDES.items()
    if key.startswith(taiwan.WORDS)
}
OWN = {key: entry for key, entry in OVERRIDES.items() if not key.startswith(taiwan.WORDS)}


def test_it_has_every_key_of_the_reference_and_no_other() -> None:
    assert TEXTS.keys(TAIWAN) == TEXTS.keys(REFERENCE)


def test_what_it_says_otherwise_stands_in_the_reference_too() -> None:
    reference = {**written(REFERENCE), **listed(REFERENCE)}
    assert len(OWN) > 10
    assert sorted(set(OWN) - set(reference)) == []
    assert [key for key, entry in OWN.items() if type(entry) is not type(reference[key])] == []


def test_what_it_says_otherwise_is_otherwise() -> None:
    """An override that says what would be said anyway is a mistake or has outlived its reason."""
    words = {f"{taiwan.WORDS}{word}": ("override.yaml", instead) for word, instead in WORDS.items()}
    made = taiwan.generated(SOURCES[REFERENCE], words)
    assert [key for key, entry in OWN.items() if made[key][1] == entry] == []


def test_every_word_of_its_own_is_needed() -> None:
    made = taiwan.generated(SOURCES[REFERENCE], {})
    everything = "\n".join(str(entry) for _, entry in made.values())
    assert len(WORDS) > 40
    assert [word for word in WORDS if word not in everything] == []


SIMPLIFIED = re.compile("[们这个为发电话报员请单时间没说楼门过还进对边问题现业户费应动关与专]")
MAINLAND = (
    "物業公司",
    "信息",
    "短信",
    "賬",
    "繫結",
    "專案",
    "小區",
    "網絡",
    "打印",
    "文件夾",
    "視頻",
    "質量",
    "二維碼",
)


def test_nothing_is_left_of_simplified_characters_or_the_mainland_s_words() -> None:
    texts = {key: re.sub(r"\{[{%].*?[%}]\}", "", text) for key, text in written(TAIWAN).items()}
    left = {key: text for key, text in texts.items() if set(SIMPLIFIED.findall(text)) - {"個", "說"}}
    assert len(texts) > 300
    assert left == {}
    assert {key: text for key, text in texts.items() if any(word in text for word in MAINLAND)} == {}


def test_it_is_as_polite_as_the_reference() -> None:
    texts = written(TAIWAN)
    assert {key for key, text in texts.items() if "你" in text} == set()
    latin = re.compile(r"[\u4e00-\u9fff][,;:!?]|[,;:!?][\u4e00-\u9fff]")
    assert {key: text for key, text in texts.items() if latin.search(text)} == {}


def test_a_template_stays_the_template_it_was() -> None:
    """The same gaps, the same filters, the same choices; only what is said between them differs."""
    environment = Environment()
    environment.filters |= dict.fromkeys(FILTERS, str)
    reference, ours, looked = written(REFERENCE), written(TAIWAN), 0
    for key in reference.keys() - OWN.keys():
        before, after = (
            Counter(kind for _, kind, _ in environment.lex(text)) for text in (reference[key], ours[key])
        )
        assert before == after, key
        looked += "{" in reference[key]
    assert looked > 100
    for key in OWN.keys() & reference.keys():
        assert variables(ours[key]) <= variables(reference[key]), key


@pytest.mark.parametrize(
    "said", ["报修", "報修", "我的工单", "我的工單", "尽快", "儘快", "瓦斯", "跳電", "燃气"]
)
def test_both_scripts_are_understood_whoever_writes_them(said: str) -> None:
    lists = {key for key in TEXTS.keys(REFERENCE) if key in listed(REFERENCE)}
    assert any(plain(said) in spoken(key, TEXTS) for key in lists)


def test_every_word_is_understood_in_traditional_characters_as_well() -> None:
    looked = 0
    for key, words in listed(REFERENCE).items():
        ours = {plain(word) for word in TEXTS.words(key, TAIWAN)}
        for word in taiwan.taiwanese({}).texts(words):
            assert plain(word) in ours, (key, word)
            looked += 1
    assert looked > 300


def test_days_are_written_as_in_taiwan() -> None:
    at = datetime(2026, 11, 24, 14, tzinfo=ZoneInfo("Asia/Taipei"))
    said = TEXTS.say(Phrase("engine.slot", {"window": Window(at, at.replace(hour=16))}), TAIWAN)
    assert said == "11月24日 週二 14:00–16:00"
    assert TEXTS.say(Phrase("formats.days", {"n": 2}), TAIWAN) == "2 天"


def test_without_its_folder_it_is_not_there(tmp_path: Path) -> None:
    (tmp_path / REFERENCE).mkdir()
    (tmp_path / REFERENCE / "tea.yaml").write_text("tea:\n  offer: 请喝茶。\n", encoding="utf-8")
    assert Texts.load(tmp_path).locales == (REFERENCE,)
    assert list(sources(tmp_path)) == [REFERENCE]
