"""The locales as they stand in their files, before any program has read them."""

from __future__ import annotations

import yaml
from jinja2 import Environment, meta

from handlers.texts import FOLDER, Texts

TEXTS = Texts.load()
LOCALES = TEXTS.locales
EVERY_KEY = sorted(set().union(*(TEXTS.keys(locale) for locale in LOCALES)))
FILTERS = ("day", "clock", "when", "brief", "slot", "minutes", "phone", "plural")


def written(locale: str) -> dict[str, str]:
    """Every text of a locale as it stands in the files."""
    return {key: text for key, text in _entries(locale).items() if isinstance(text, str)}


def listed(locale: str) -> dict[str, list[str]]:
    """Every list of words of a locale."""
    return {key: words for key, words in _entries(locale).items() if isinstance(words, list)}


def _entries(locale: str) -> dict[str, object]:
    found: dict[str, object] = {}
    for path in sorted((FOLDER / locale).glob("*.yaml")):
        _flatten(yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader), "", found)
    return found


def _flatten(tree: object, prefix: str, found: dict[str, object]) -> None:
    if isinstance(tree, dict):
        for name, entry in tree.items():
            _flatten(entry, f"{prefix}{name}.", found)
    else:
        found[prefix[:-1]] = tree


def variables(text: str) -> frozenset[str]:
    """The names of the values that a text mentions."""
    environment = Environment()
    environment.filters |= dict.fromkeys(FILTERS, str)
    return frozenset(meta.find_undeclared_variables(environment.parse(text)))
