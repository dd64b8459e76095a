"""What is said, in each language: read once from `locales/`, filled in whenever something is said."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

import phonenumbers
import structlog
import yaml
from babel import Locale
from babel.dates import format_date
from babel.numbers import format_currency
from jinja2 import Environment, StrictUndefined, Template, TemplateError, UndefinedError
from jinja2.runtime import Context

from flows.engine.messages import Phrase
from flows.engine.when import Window
from handlers import taiwan
from handlers.taiwan import Entry

FOLDER = Path(__file__).resolve().parent.parent / "locales"
REFERENCE = "zh_CN"

log = structlog.get_logger()


class MissingText(LookupError):
    """No locale has words for this key, not even the reference."""


class UnfilledText(LookupError):
    """A text mentions a value that was not given to it."""


class MalformedText(ValueError):
    """A locale's file cannot be used; the message names the file and the key."""


@dataclass(frozen=True, slots=True)
class Filled:
    """A text with gaps, compiled; rendering it is a plain call, without Jinja's copying of globals."""

    name: str
    template: Template
    environment: Environment

    def fill(self, values: dict[str, object]) -> str:
        """Raises UnfilledText when a gap has no value."""
        try:
            context = Context(self.environment, values, self.name, {})
            return "".join(self.template.root_render_func(context))
        except UndefinedError as error:
            raise UnfilledText(f"{self.name}: {error.message}") from None


Text: TypeAlias = str | Filled


@dataclass(frozen=True, slots=True)
class Language:
    """Everything one locale can say: texts by key, and lists of words by key."""

    texts: Mapping[str, Text]
    words: Mapping[str, tuple[str, ...]]


class Texts:
    """All the languages; what one of them lacks is said in the reference language, and noted in the log."""

    def __init__(self, languages: Mapping[str, Language]) -> None:
        self._languages = languages
        self._missed: set[tuple[str, str]] = set()
        self._reference = languages[REFERENCE]
        self.locales = (REFERENCE, *sorted(languages.keys() - {REFERENCE}))

    @classmethod
    def load(cls, folder: Path = FOLDER) -> Texts:
        """Read every `<locale>/*.yaml`, Taiwan's with the reference turned into it. Raises MalformedText.

        To load again what has not changed takes no time worth mentioning.
        """
        return cls(_languages(folder, tuple((path, path.read_bytes()) for path in folder.glob("*/*.yaml"))))

    def say(self, phrase: Phrase | str, locale: str) -> str:
        """The phrase in words; data is said as it is. Raises MissingText, UnfilledText."""
        if isinstance(phrase, str):
            return phrase
        text = self._text(phrase.key, locale)
        if isinstance(text, str):
            return text
        return text.fill({name: self._value(value, locale) for name, value in phrase.values.items()})

    def has(self, key: str, locale: str) -> bool:
        language = self._languages.get(locale)
        return language is not None and (key in language.texts or key in language.words)

    def words(self, key: str, locale: str) -> tuple[str, ...]:
        """What people type for something; empty when nothing is listed."""
        language = self._languages.get(locale, self._reference)
        return language.words.get(key, ())

    def keys(self, locale: str) -> frozenset[str]:
        """Every key of a locale, texts and lists of words alike."""
        language = self._languages[locale]
        return frozenset((*language.texts, *language.words))

    def _text(self, key: str, locale: str) -> Text:
        language = self._languages.get(locale, self._reference)
        text = language.texts.get(key)
        if text is not None:
            return text
        if (locale, key) not in self._missed:
            self._missed.add((locale, key))
            log.warning("text_missing", key=key, locale=locale)
        try:
            return self._reference.texts[key]
        except KeyError:
            raise MissingText(key) from None

    def _value(self, value: object, locale: str) -> object:
        if isinstance(value, Phrase):
            return self.say(value, locale)
        if isinstance(value, list | tuple):
            return [self._value(one, locale) for one in value]
        return value


def sources(folder: Path = FOLDER) -> dict[str, Mapping[str, Entry]]:
    """Every entry of every locale, before it is a template. Raises MalformedText."""
    locales = sorted(path.name for path in folder.iterdir() if path.is_dir() and any(path.glob("*.yaml")))
    if REFERENCE not in locales:
        raise MalformedText(f"{folder}: has no {REFERENCE} to fall back on")
    found: dict[str, Mapping[str, Entry]] = {locale: written(folder / locale) for locale in locales}
    if taiwan.LOCALE in found:
        found[taiwan.LOCALE] = taiwan.generated(found[REFERENCE], found[taiwan.LOCALE])
    return found


@lru_cache(maxsize=2)
def _languages(folder: Path, _as_it_stands: tuple[tuple[Path, bytes], ...]) -> Mapping[str, Language]:
    return {locale: _language(locale, entries) for locale, entries in sources(folder).items()}


def _language(locale: str, entries: Mapping[str, Entry]) -> Language:
    texts: dict[str, Text] = {}
    words: dict[str, tuple[str, ...]] = {}
    environment = Environment(undefined=StrictUndefined, autoescape=False)
    environment.filters |= _filters(locale, texts)
    for key, (file, entry) in entries.items():
        where = f"{locale}/{file}: {key}"
        if isinstance(entry, list):
            words[key] = _word_list(where, entry)
        else:
            texts[key] = _compiled(where, entry, environment)
    return Language(texts, words)


def written(folder: Path) -> dict[str, Entry]:
    """What stands in the files of a folder, each entry with the name of its file."""
    found: dict[str, Entry] = {}
    for path in sorted(folder.glob("*.yaml")):
        for key, entry in _entries(path):
            if key in found:
                raise MalformedText(f"{folder.name}/{path.name}: {key}: is written twice")
            found[key] = path.name, entry
    return found


class _Reader(yaml.CSafeLoader):
    """YAML in which every scalar is a text (no `yes` that turns into True) and no key may come twice."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 PyYAML's own way to say so

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        names = [key.value for key, _ in node.value]
        for (key, _), name in zip(node.value, names, strict=True):
            if names.count(name) > 1:
                raise yaml.MarkedYAMLError(problem=f"{name} is written twice", problem_mark=key.start_mark)
        return super().construct_mapping(node, deep)


def _entries(path: Path) -> Iterator[tuple[str, Any]]:
    try:
        tree = yaml.load(path.read_text(encoding="utf-8"), _Reader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise MalformedText(f"{path.parent.name}/{path.name}: {error}") from None
    if tree is None or tree == "":
        return
    if not isinstance(tree, dict):
        raise MalformedText(f"{path.parent.name}/{path.name}: is not a map of keys")
    yield from _flattened(tree, "")


def _flattened(tree: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for name, entry in tree.items():
        if isinstance(entry, dict):
            yield from _flattened(entry, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", entry


def _word_list(where: str, entry: list[Any]) -> tuple[str, ...]:
    if not entry or not all(isinstance(word, str) and word.strip() for word in entry):
        raise MalformedText(f"{where}: is not a list of words")
    return tuple(word.strip() for word in entry)


def _compiled(where: str, entry: Any, environment: Environment) -> Text:
    text = entry.strip() if isinstance(entry, str) else ""
    if not text:
        raise MalformedText(f"{where}: is empty")
    if "{" not in text:
        return text
    try:
        return Filled(where, environment.from_string(text), environment)
    except TemplateError as error:
        raise MalformedText(f"{where}: {error}") from None


@lru_cache(maxsize=4096)
def _phone(number: str) -> str:
    """A number as it is written and dialled: +86 138 0000 0001; what is none stays as it is."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def _filters(locale: str, texts: Mapping[str, Text]) -> dict[str, Callable[..., str]]:
    """How days, hours and amounts are said; the patterns are texts too, under `formats`."""
    babel = Locale.parse(locale)
    _ = babel.days  # read from disk now, not while the first resident waits

    def said(key: str, **values: object) -> str:
        text = texts[f"formats.{key}"]
        return text if isinstance(text, str) else text.fill(values)

    @lru_cache(maxsize=512)
    def on(moment: date, pattern: str) -> str:
        return format_date(moment, said(pattern), locale=babel)

    def day(moment: datetime) -> str:
        return on(moment.date(), "day")

    def clock(moment: datetime) -> str:
        return f"{moment:%H:%M}"

    def when(moment: datetime) -> str:
        return said("when", day=day(moment), clock=clock(moment))

    def brief(moment: datetime) -> str:
        return said("brief", date=on(moment.date(), "date"), clock=clock(moment))

    @lru_cache(maxsize=512)
    def slot(window: Window) -> str:
        return said("slot", day=day(window.start), start=clock(window.start), end=clock(window.end))

    @lru_cache(maxsize=512)
    def minutes(count: float) -> str:
        hours, rest = divmod(round(count), 60)
        days, hours = divmod(hours, 24) if hours >= 48 else (0, hours)
        parts = (("days", days), ("hours", hours), ("minutes", rest))
        return " ".join(said(unit, n=n) for unit, n in parts if n) or said("minutes", n=0)

    def money(fen: int) -> str:
        return format_currency(Decimal(fen) / 100, "CNY", locale=babel)

    def plural(count: int, one: str, many: str = "") -> str:
        return f"{count} {one if babel.plural_form(count) == 'one' else many or one + 's'}"

    return {
        "day": day,
        "clock": clock,
        "when": when,
        "brief": brief,
        "slot": slot,
        "minutes": minutes,
        "phone": _phone,
        "money": money,
        "plural": plural,
    }
