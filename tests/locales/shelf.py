"""The locales as they stand in their files, before any program has read them."""

from __future__ import annotations

from jinja2 import Environment, meta

from handlers.texts import Texts, sources

TEXTS = Texts.load()
SOURCES = sources()
LOCALES = TEXTS.locales
EVERY_KEY = sorted(set().union(*(TEXTS.keys(locale) for locale in LOCALES)))
FILTERS = ("day", "clock", "when", "brief", "slot", "minutes", "phone", "money", "plural")


def written(locale: str) -> dict[str, str]:
    """Every text of a locale, before it is a template."""
    return {key: text for key, (_, text) in SOURCES[locale].items() if isinstance(text, str)}


def listed(locale: str) -> dict[str, list[str]]:
    """Every list of words of a locale."""
    return {key: words for key, (_, words) in SOURCES[locale].items() if isinstance(words, list)}


def variables(text: str) -> frozenset[str]:
    """The names of the values that a text mentions."""
    environment = Environment()
    environment.filters |= dict.fromkeys(FILTERS, str)
    return frozenset(meta.find_undeclared_variables(environment.parse(text)))
