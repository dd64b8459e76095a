"""Every language says everything that the code can ask of it, and says it well."""

from __future__ import annotations

import re
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from flows import catalogue
from flows.engine.lifecycle import Audience, Role
from flows.engine.messages import Command, Phrase
from flows.engine.when import Window
from handlers.texts import REFERENCE
from handlers.wording import columns
from tests.locales.mentions import GAP, labels, literals, mentions, raised
from tests.locales.shelf import EVERY_KEY, LOCALES, TEXTS, variables, written

FLOWS = catalogue.all_flows()
TABLES = catalogue.lifecycles()

SHANGHAI = ZoneInfo("Asia/Shanghai")
AT = datetime(2026, 11, 24, 14, 5, tzinfo=SHANGHAI)
NOT_TEXTS = frozenset({"repair.urgent", f"{GAP}\\.urgent"})
"""Strings with dots that name something else: the promises of urgent repairs."""

NOTICE = frozenset({"number", "home", "staff", "kind", "urgent"})
"""What every notice is given."""
TOLD = NOTICE | {"reason", "work", "note", "until", "by", "code", "said", "details"}
"""What every notice about a move is given."""
STORY = frozenset({"staff", "note", "at", "n", "stars", "said"})
"""What every line of a timeline is given."""

SAMPLES: dict[str, object] = {
    "at": AT,
    "by": AT,
    "again": AT,
    "starts": AT,
    "until": AT,
    "start": AT,
    "end": AT,
    "use_until": AT,
    "wanted": AT,
    "window": Window(AT, AT.replace(hour=16)),
    "items": ["甲", "乙"],
    "roles": ["technician", "guard"],
    "n": 3,
    "amount": 120_050,
    "deducted": 5_000,
    "deposit": 200_000,
    "gone": 150_000,
    "room": 50_000,
    "kept": 20_000,
    "lowest": 1,
    "highest": 10**10,
    "stars": 4,
    "step": 2,
    "steps": 7,
    "minutes": 20,
    "days": 7,
    "least": 2,
    "most": 1000,
    "length": 1200,
}
"""Typed values by the name a text calls them; everything else is a word."""


FILLED: dict[str, object] = {"n": 5, "label": "电话", "window": SAMPLES["window"]}
"""What a button's label can mention."""


class Everything(dict[str, object]):
    """Whatever is asked for by name, as a text may mention it."""

    def __missing__(self, name: str) -> object:
        return sample(name)


def sample(name: str) -> object:
    if name in ("said", "details"):
        return Everything()
    return SAMPLES.get(name, f"<{name}>")


# --- nothing is missing


@pytest.mark.parametrize("locale", LOCALES)
def test_every_locale_has_the_keys_of_all_the_others(locale: str) -> None:
    assert sorted(set(EVERY_KEY) - TEXTS.keys(locale)) == []


def owed() -> set[str]:
    """What the flows and the tables owe their people."""
    keys = {key for flow in FLOWS.values() for key in flow.texts()}
    keys |= {f"{flow.name}.review" for flow in FLOWS.values() if flow.review}
    keys |= {f"{kind}.keywords" for kind, service in catalogue.services().items() if service.in_menu}
    for kind, table in TABLES.items():
        keys.add(f"{kind}.event.opened")
        keys |= {f"{kind}.state.{state.value}" for state in table.states}
        for clock in table.clocks:
            keys |= {f"{kind}.late.{clock.name}.{stage.tells.value}" for stage in clock.stages}
        for timer in table.timers:
            keys |= {f"{kind}.timer.{timer.name}.{who.value}" for who in timer.tells}
        for action in table.actions:
            keys |= {f"{kind}.action.{action.name}", f"{kind}.event.{action.name}"}
            for who in action.tells & {Audience.OWNER, Audience.NEIGHBOURS}:
                keys.add(f"{kind}.{who.value}.{action.name}")
            if action.by - {Role.CLOCK} and action.name != "rate":
                keys.add(f"{kind}.did.{action.name}")
            if Audience.RESIDENT in action.tells and "rating" not in action.starts:
                keys.add(f"{kind}.told.{action.name}")
            if Audience.ASSIGNEE in action.tells:
                keys.add(f"{kind}.assignee.{action.name}")
            if action.tells & {Audience.GROUP, Audience.ASSISTANT, Audience.DUTY_LEAD, Audience.MANAGER}:
                keys.add(f"{kind}.lead.{action.name}")
    keys |= {f"engine.command.{command.value}" for command in Command}
    keys |= {f"engine.command.words.{command.value}" for command in Command}
    keys |= {f"role.{role.value}" for role in Role if role is not Role.CLOCK}
    keys |= {f"purpose.{table.purpose}" for table in TABLES.values()}
    keys |= {f"rejected.{key}" for key in raised("Rejected")}
    keys |= {f"refused.{key}" for key in raised("Refused")}
    return keys | {f"rejected.{key}" for key in raised("Unclear")}


@pytest.mark.parametrize("locale", LOCALES)
def test_everything_that_flows_and_tables_owe_is_there(locale: str) -> None:
    keys = owed()
    assert len(keys) > 150
    assert sorted(keys - TEXTS.keys(locale)) == []


@pytest.mark.parametrize("locale", LOCALES)
def test_every_key_that_the_code_says_has_words(locale: str) -> None:
    said, keys = mentions(), TEXTS.keys(locale)
    assert len(said) > 50
    wordless = [one for one in said if not one.meant(keys) and one.pattern not in NOT_TEXTS]
    assert sorted(f"{one.where} {one.pattern}" for one in wordless) == []


def test_every_string_that_looks_like_a_key_is_one() -> None:
    namespaces = frozenset(key.partition(".")[0] for key in EVERY_KEY)
    prefixes = {key[: dot.start()] for key in EVERY_KEY for dot in re.finditer(r"\.", key)}
    found = literals(namespaces)
    assert len(found) > 30
    known = prefixes | set(EVERY_KEY) | set(FLOWS) | NOT_TEXTS
    assert sorted(f"{where} {key}" for key, where in found.items() if key not in known) == []


@pytest.mark.parametrize("locale", LOCALES)
def test_texts_mention_only_what_the_code_gives_them(locale: str) -> None:
    asks = {key: variables(text) for key, text in written(locale).items()}
    checked, wrong = 0, set()
    for one in mentions():
        gives = one.gives if not one.notice or one.gives is None else one.gives | NOTICE
        for key in one.meant(asks) if gives is not None and not one.vague else ():
            checked += 1
            if not asks[key] <= (gives or frozenset()):
                wrong.add(f"{one.where} {key} wants {sorted(asks[key] - (gives or frozenset()))}")
    assert checked > 50
    assert sorted(wrong) == []


@pytest.mark.parametrize("locale", LOCALES)
def test_notices_and_timelines_mention_only_what_they_are_given(locale: str) -> None:
    for key, text in written(locale).items():
        kind, _, rest = key.partition(".")
        part = rest.partition(".")[0]
        if kind in TABLES and part == "neighbours":
            assert variables(text) <= TOLD - NOTICE, key
        if kind in TABLES and part in ("told", "owner", "assignee", "lead"):
            assert variables(text) <= TOLD, key
        if (kind in TABLES and part == "event") or key == "tickets.event":
            assert variables(text) <= STORY, key


@pytest.mark.parametrize("locale", LOCALES)
def test_what_is_said_in_a_group_names_no_home(locale: str) -> None:
    spoken = (".lead.", ".late.", ".neighbours.")
    told = {key: text for key, text in written(locale).items() if any(one in key for one in spoken)}
    assert told
    assert [key for key, text in told.items() if "home" in variables(text)] == []


# --- everything can be said


@pytest.mark.parametrize("locale", LOCALES)
def test_every_text_renders_with_plausible_values(locale: str) -> None:
    for key, text in written(locale).items():
        if key.startswith("formats."):
            continue
        said = TEXTS.say(Phrase(key, {name: sample(name) for name in variables(text)}), locale)
        assert said.strip() == said != "", key
        assert len(said) <= 600, key
        assert "{" not in said, key
        assert "2026-11-24" not in said, f"{key}: a time without a filter"
        assert "<bound" not in said, f"{key}: a method in place of a value"


@pytest.mark.parametrize("locale", LOCALES)
def test_every_text_renders_when_what_may_be_empty_is_empty(locale: str) -> None:
    for key, text in written(locale).items():
        if ".event." in key or ".told." in key or ".assignee." in key or key.startswith("refused."):
            told = ("at", "number", "said", "details")
            empty = {name: sample(name) if name in told else "" for name in variables(text)}
            assert "None" not in TEXTS.say(Phrase(key, {**empty, "until": None, "n": 0, "stars": 0}), locale)


# --- it is said well


@pytest.mark.parametrize("locale", [locale for locale in LOCALES if not locale.startswith("zh")])
def test_other_languages_contain_no_chinese(locale: str) -> None:
    chinese = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff01-\uff60]")
    assert {key: text for key, text in written(locale).items() if chinese.search(text)} == {}


def test_chinese_is_polite_and_speaks_of_a_service_centre() -> None:
    texts = written(REFERENCE)
    assert {key for key, text in texts.items() if "你" in text} == set()
    assert {key for key, text in texts.items() if "管理处" in text} == set()


def test_chinese_uses_chinese_punctuation() -> None:
    latin = re.compile(r"[\u4e00-\u9fff][,;:!?]|[,;:!?][\u4e00-\u9fff]")
    assert {key: text for key, text in written(REFERENCE).items() if latin.search(text)} == {}


def test_chinese_is_written_in_chinese() -> None:
    texts = {key: re.sub(r"\{[{%].*?[%}]\}", "", text) for key, text in written(REFERENCE).items()}
    foreign = {key: text for key, text in texts.items() if re.search(r"[a-z]{4,} [a-z]{4,}", text)}
    assert foreign == {}


@pytest.mark.parametrize("locale", LOCALES)
def test_button_labels_fit_on_a_button(locale: str) -> None:
    texts = written(locale)
    found = {key for one in labels() if not one.pattern.startswith("menu") for key in one.meant(texts)}
    found |= {f"menu.{entry}" for entry in ("tickets", "help", "language", "continue", "start_new")}
    found |= {key for key in texts if re.search(r"\.action\.|engine\.command\.[a-z]+$", key)}
    assert len(found) > 25
    assert {key for key in found if columns(TEXTS.say(Phrase(key, FILLED), locale)) > 28} == set()
