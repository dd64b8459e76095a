"""Whose a ticket is, as far as it may be read: a name by its first character, a home by its building."""

from __future__ import annotations

from flows.engine.messages import Phrase
from handlers.cards.lines import labelled
from handlers.cards.sheets import Sheet
from handlers.texts import Texts


def person(shown: Sheet, *, private: bool) -> str:
    """The resident's name, or only its first character."""
    if shown.resident is None:
        return ""
    name = shown.resident.name
    return name if private or not name else f"{name[0]}{'*' * 2}"


def door(home: str, *, private: bool) -> str:
    """A home's name, or only the building it is in."""
    building, dash, number = home.partition("-")
    return home if private or not dash else f"{building}-{'*' * len(number)}"


def whose(shown: Sheet, texts: Texts, locale: str, *, private: bool) -> list[str]:
    """Where and whose it is, as far as that may be read."""
    if shown.secret and not private:
        return [texts.say(Phrase("card.unnamed"), locale)]
    return [
        labelled(texts, locale, Phrase("card.home"), door(shown.home.name, private=private)),
        labelled(texts, locale, Phrase("card.resident"), person(shown, private=private)),
    ]


def building(shown: Sheet, texts: Texts, locale: str) -> str:
    """The building, as a group may know it."""
    if shown.secret:
        return texts.say(Phrase("card.unnamed"), locale)
    return door(shown.home.name, private=False)
