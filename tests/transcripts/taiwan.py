"""A story told in Taiwan: its people write and tap the same, in Taiwan's characters and words."""

from __future__ import annotations

import re

from handlers import taiwan
from handlers.texts import FOLDER, sources
from handlers.texts import written as entries
from tests.transcripts.script import INPUT, lines_of

SOURCES = sources()
TAIWANESE = taiwan.taiwanese(entries(FOLDER / taiwan.LOCALE))
SAID_OTHERWISE = {
    text: SOURCES[taiwan.LOCALE][key][1]
    for key, (_, text) in SOURCES["zh_CN"].items()
    if isinstance(text, str) and SOURCES[taiwan.LOCALE][key][1] != TAIWANESE.text(text)
}
"""Texts that are not only turned into Taiwan's Chinese but say something else."""
BUTTON = re.compile(r"\[(.+?)\]( \(\w+\))?")


def in_taiwan(story: str) -> str:
    """The lines of a story's people; nobody's name changes, and no code."""
    return "\n".join(_line(line) for line in lines_of(story)) + "\n"


def _line(line: str) -> str:
    spoken = INPUT.fullmatch(line)
    if spoken is None or line.startswith(("#", "%")):
        return line
    said = spoken[3]
    tap = BUTTON.fullmatch(said)
    words = f"[{_words(tap[1])}]{tap[2] or ''}" if tap else _words(said)
    return line[: len(line) - len(said)] + words


def _words(said: str) -> str:
    return str(SAID_OTHERWISE.get(said) or TAIWANESE.text(said))
