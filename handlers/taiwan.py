"""What is written for readers in mainland China, as people in Taiwan write and say it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, TypeAlias

from opencc import OpenCC

Entry: TypeAlias = tuple[str, Any]
"""What stands under a key, after the name of the file in which it stands."""

LOCALE = "zh_TW"
WORDS = "words."
"""Under these keys there are no texts but words for those of OpenCC."""
_SEPARATOR = "\x1e"


class Taiwanese:
    """Turns simplified Chinese into Taiwan's characters and words; `words` mend those that OpenCC chooses.

    Signs and Latin letters stay as they are, so that a template is the same template afterwards.
    """

    def __init__(self, words: Mapping[str, str]) -> None:
        self._instead = dict(words)
        longest_first = sorted(words, key=len, reverse=True)
        self._found = re.compile("|".join(re.escape(word) for word in longest_first) or "(?!)")

    def text(self, written: str) -> str:
        return self._mended(_converted(written))

    def texts(self, written: Sequence[str]) -> list[str]:
        """All of them at once, which is quicker."""
        return self.text(_SEPARATOR.join(written)).split(_SEPARATOR) if written else []

    def words(self, written: Sequence[str]) -> list[str]:
        """Words that people type: as OpenCC has them, and as we have them."""
        converted = _converted(_SEPARATOR.join(written)).split(_SEPARATOR)
        return list(dict.fromkeys((*converted, *(self._mended(word) for word in converted))))

    def _mended(self, converted: str) -> str:
        return self._found.sub(lambda word: self._instead[word[0]], converted)


def generated(reference: Mapping[str, Entry], own: Mapping[str, Entry]) -> dict[str, Entry]:
    """Every entry of the reference in Taiwan's words; a text of its `own` replaces it, a list adds to it."""
    script = taiwanese(own)
    keys = [key for key, (_, entry) in reference.items() if isinstance(entry, str)]
    said = script.texts([reference[key][1] for key in keys])
    found = {**reference, **{key: (reference[key][0], text) for key, text in zip(keys, said, strict=True)}}
    for key, (file, entry) in reference.items():
        if _is_list_of_words(entry):
            ours = own[key][1] if key in own else ()
            found[key] = file, list(dict.fromkeys((*script.words(entry), *ours)))
    return found | {key: entry for key, entry in own.items() if key in found and isinstance(entry[1], str)}


def _is_list_of_words(entry: object) -> bool:
    return isinstance(entry, list) and bool(entry) and all(isinstance(word, str) for word in entry)


def taiwanese(own: Mapping[str, Entry]) -> Taiwanese:
    """What turns a text into Taiwan's words, by the words that stand among its own entries."""
    return Taiwanese(
        {key.removeprefix(WORDS): word for key, (_, word) in own.items() if key.startswith(WORDS)}
    )


def _converted(written: str) -> str:
    return str(_opencc().convert(written))


@cache
def _opencc() -> OpenCC:
    """Simplified to traditional with the words of Taiwan; no characters that few phones can show."""
    return OpenCC("s2twp", include_tofu_risk_dictionaries=False)
