"""What somebody wrote is taken out of what is kept; numbers, times and choices stay, and name nobody."""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Iterator
from enum import StrEnum
from functools import cache
from typing import Any

from flows import catalogue
from flows.engine.form import Flow
from flows.engine.questions import Choice, Several

OURS = frozenset({"staff", "staff_en", "state"})
"""Under these names an event keeps which colleague acted, and whether words have arrived."""
_TIME = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?|\d\d:\d\d")
_KEY = re.compile(r"[a-z_][a-z0-9_]*")


def scrubbed(kept: Any, spared: Collection[str] = ()) -> Any:
    """The same shape without free words; what stands under a `spared` name stays as it is."""
    match kept:
        case str():
            return kept if _says_nothing(kept) else ""
        case list() | tuple():
            return [scrubbed(one, spared) for one in kept]
        case dict():
            return {
                name: one if name in spared else scrubbed(one, spared)
                for name, one in kept.items()
                if _KEY.fullmatch(str(name))
            }
    return kept


def words(kept: Any, spared: Collection[str] = ()) -> Iterator[str]:
    """The free words that `scrubbed` takes away."""
    match kept:
        case str() if kept and not _says_nothing(kept):
            yield kept
        case list() | tuple():
            for one in kept:
                yield from words(one, spared)
        case dict():
            for name, one in kept.items():
                if name not in spared:
                    yield from words(one, spared)
                if not _KEY.fullmatch(str(name)):
                    yield str(name)


def _says_nothing(text: str) -> bool:
    return not text or text in _options() or _TIME.fullmatch(text) is not None


@cache
def _options() -> frozenset[str]:
    """Everything that can be chosen somewhere, and the states of every ticket."""
    found = {state.value for table in catalogue.lifecycles().values() for state in table.states}
    for flow in catalogue.all_flows().values():
        found |= {one.value for choices in _choices(flow) for one in choices}
    return frozenset(found)


def _choices(flow: type[Flow]) -> Iterator[type[StrEnum]]:
    """What the flow's questions offer, and the other sets of words of its module."""
    for question in flow.questions:
        if isinstance(question, Choice | Several):
            yield question.choices
    for one in vars(sys.modules[flow.__module__]).values():
        if isinstance(one, type) and issubclass(one, StrEnum):
            yield one
