"""The words of a sheet in every language: what it is called, its columns, and the choices in them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping

from flows.engine.messages import Phrase
from handlers.importing import cells
from handlers.importing.cells import Raw
from handlers.importing.concepts import YES_NO, Column, Concept, columns
from handlers.importing.findings import Wrong
from handlers.texts import Texts


class Vocabulary:
    """A title, a header or a choice is understood in every language, and said in one."""

    def __init__(self, texts: Texts, locale: str) -> None:
        self.texts, self.locale = texts, locale
        self.columns: Mapping[Concept, tuple[Column, ...]] = columns(texts.locales)
        self._titles = {
            word: concept
            for concept in Concept
            for word in self._named(Phrase(f"importing.sheet.{concept}"), concept)
        }
        self._headers = {
            (concept, word): column
            for concept, row in self.columns.items()
            for column in row
            for word in self._named(_header(concept, column), column.name)
        }
        self._choices = {
            column: {word: choice for choice in column.choices for word in self._choice_words(column, choice)}
            for row in self.columns.values()
            for column in row
        }

    def concept(self, title: str) -> Concept | None:
        """Which sheet a title means: 住户, residents or `residents 2026`."""
        first = re.split(r"[\s_.(（\-\d]", title.strip(), maxsplit=1)[0]
        return self._titles.get(folded(title)) or self._titles.get(folded(first))

    def column(self, concept: Concept, header: str) -> Column | None:
        return self._headers.get((concept, folded(header)))

    def chosen(self, column: Column, raw: Raw) -> object:
        """The choice in a cell, or all of them where there may be several. Raises Wrong."""
        if not column.several:
            return self._known(column, cells.text(raw))
        return tuple(dict.fromkeys(self._known(column, word) for word in cells.words(raw)))

    def title(self, concept: Concept) -> str:
        return self._say(Phrase(f"importing.sheet.{concept}"))

    def header(self, concept: Concept, column: Column) -> str:
        return self._say(_header(concept, column))

    def hint(self, concept: Concept, column: Column) -> str:
        """What belongs into a column."""
        said = self._say(Phrase(f"importing.hint.{concept}.{column.name}"))
        return f"{said}\n{' · '.join(self.choices(column))}" if column.choices else said

    def choices(self, column: Column) -> list[str]:
        return [self._choice(column, choice, self.locale) for choice in column.choices]

    def _say(self, phrase: Phrase) -> str:
        return self.texts.say(phrase, self.locale)

    def _named(self, title: Phrase, itself: str) -> Iterator[str]:
        """Everything that means a sheet or a column, in any language."""
        yield folded(itself)
        for locale in self.texts.locales:
            yield folded(self.texts.say(title, locale))
            also = title.key.replace("importing.", "importing.also.")
            yield from (folded(word) for word in self.texts.words(also, locale))

    def _choice(self, column: Column, choice: str, locale: str) -> str:
        """A role by its name; a language by what it calls itself; yes and no."""
        if column.choices == YES_NO:
            return self.texts.say(Phrase("engine.yes" if choice == "yes" else "engine.no"), locale)
        if column.name.endswith("locale"):
            return self.texts.say(Phrase("menu.language_name"), choice)
        return self.texts.say(Phrase(f"role.{choice}"), locale)

    def _choice_words(self, column: Column, choice: str) -> Iterator[str]:
        yield folded(choice)
        yield from (folded(self._choice(column, choice, locale)) for locale in self.texts.locales)
        for locale in self.texts.locales:
            yield from (folded(word) for word in self.texts.words(f"importing.also.choice.{choice}", locale))

    def _known(self, column: Column, word: str) -> str:
        found = self._choices[column].get(folded(word))
        if found is None:
            raise Wrong("choice", value=word, items=list(self.choices(column)))
        return found


def _header(concept: Concept, column: Column) -> Phrase:
    return Phrase(f"importing.column.{concept}.{column.name}")


def folded(word: str) -> str:
    """A word without case, width, spaces and signs, to compare by."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", word).casefold())
