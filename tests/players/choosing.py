"""Which story stands for a service on a channel: the first of its own that can be played there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from flows import catalogue
from flows.engine.messages import Phrase
from tests.transcripts.script import lines_of
from tests.world import TEXTS

FOLDER = Path(__file__).parent.parent / "transcripts"

CANNOT = {
    "% numbers": "it is told without buttons already",
    r"^\S+ \+ ": "who is quicker of two cannot be told",
    r"\(twice\)|\(again\)": "it is the channel that delivers something once more",
    r"\(photo \w+\)": "how an album arrives is the channel's own",
    r"\((sticker|voice|too_large|video|document|location)\)": "what cannot be taken is the channel's own",
}
"""What no player does, whatever the channel: patterns of the script's lines, and why."""


class Unplayable(Exception):
    """No story of a service can be played; the message says why, story by story."""


def hindrance(story: Path, cannot: Mapping[str, str]) -> str:
    """Why a story cannot be played where these patterns cannot; "" when it can."""
    for line in lines_of(story.read_text(encoding="utf-8")):
        for mark, why in {**CANNOT, **cannot}.items():
            if not line.startswith("#") and re.search(mark, line):
                return f"{line!r}: {why}"
    return ""


def chosen(kind: str, locale: str, cannot: Mapping[str, str]) -> Path:
    """The story that stands for a service. Raises Unplayable."""
    why = []
    for story in of_kind(kind, locale):
        hindered = hindrance(story, cannot)
        if not hindered:
            return story
        why.append(f"{story.stem}: {hindered}")
    raise Unplayable(f"{kind} in {locale}: {'; '.join(why) or 'there is no story'}")


def playable(locale: str, cannot: Mapping[str, str]) -> list[Path]:
    """Every story that can be played there."""
    return [story for story in _stories(locale) if not hindrance(story, cannot)]


def of_kind(kind: str, locale: str) -> Sequence[Path]:
    """The stories called like a service, its very name first; else those it has a card in, longest first."""
    named = [story for story in _stories(locale) if _called(story.stem, kind)]
    if named:
        return sorted(named, key=lambda story: (story.stem != kind, story.stem))
    card = f"{TEXTS.say(Phrase(f'{kind}.title'), locale)} HPY-"
    told = {story: story.read_text(encoding="utf-8") for story in _stories(locale)}
    return sorted((story for story in told if card in told[story]), key=lambda story: -len(told[story]))


def kinds() -> Iterator[str]:
    """Every service there is."""
    return iter(catalogue.services())


def _stories(locale: str) -> list[Path]:
    return sorted((FOLDER / locale).glob("*.txt"))


def _called(stem: str, kind: str) -> bool:
    return stem == kind or stem.startswith(f"{kind}_")
