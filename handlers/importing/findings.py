"""What was found wrong or worth saying while a file was read: each with its place and its reason."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from flows.engine.messages import Phrase
from handlers.texts import Texts

MOST_TOLD = 50
"""So many faults are told; the rest is counted."""
MOST_KEPT = 10_000
_WIDEST = 60


class Wrong(Exception):
    """A cell cannot be read; `key` says why."""

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(key)
        self.key, self.values = key, values


class Unreadable(Wrong):
    """A whole file cannot be read."""


class Faulty(Exception):
    """Nothing was imported; `lines` say why, each in one line."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__(lines[-1])
        self.lines = lines


@dataclass(frozen=True, slots=True)
class Remark:
    """`where` is a cell as spreadsheets name it, such as residents!C7; "" is the file as a whole."""

    key: str
    where: str
    values: Mapping[str, object]


@dataclass(slots=True)
class Findings:
    """Faults stop the import; notes are only told."""

    faults: list[Remark] = field(default_factory=list)
    notes: list[Remark] = field(default_factory=list)
    count: int = 0

    def fault(self, key: str, where: str, **values: object) -> None:
        self.count += 1
        if len(self.faults) < MOST_KEPT:
            self.faults.append(Remark(key, where, values))

    def note(self, key: str, where: str, **values: object) -> None:
        self.notes.append(Remark(key, where, values))

    def complaints(self, texts: Texts, locale: str) -> Iterator[str]:
        """Every fault in a line of its own, and how many there are."""
        for remark in self.faults[:MOST_TOLD]:
            yield _line(texts, locale, Phrase(f"importing.fault.{remark.key}", _safe(remark)), remark)
        more = self.count - min(MOST_TOLD, len(self.faults))
        if more:
            yield texts.say(Phrase("importing.more", {"n": more}), locale)
        yield texts.say(Phrase("importing.refused", {"n": self.count}), locale)

    def remarks(self, texts: Texts, locale: str) -> list[str]:
        """Every note in a line of its own."""
        return [
            _line(texts, locale, Phrase(f"importing.noted.{remark.key}", _safe(remark)), remark)
            for remark in self.notes[:MOST_TOLD]
        ]


def shown(value: object) -> str:
    """A value from a file as it can be printed: in one line, short, and harmless to a terminal."""
    line = " ".join(str(value).split())
    harmless = "".join("\N{REPLACEMENT CHARACTER}" if _acts(letter) else letter for letter in line)
    return harmless if len(harmless) <= _WIDEST else f"{harmless[: _WIDEST - 1]}…"


def _acts(letter: str) -> bool:
    return unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Co", "Cn")


def _safe(remark: Remark) -> dict[str, object]:
    return {name: _plain(value) for name, value in remark.values.items()}


def _plain(value: object) -> object:
    match value:
        case Phrase() | int():
            return value
        case list() | tuple():
            return [_plain(one) for one in value]
    return shown(value)


def _line(texts: Texts, locale: str, phrase: Phrase, remark: Remark) -> str:
    said = texts.say(phrase, locale)
    return f"{shown(remark.where)}: {said}" if remark.where else said
