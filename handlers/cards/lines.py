"""A ticket in single lines: its title, a value with its label, a text cut short."""

from __future__ import annotations

from collections.abc import Iterable

from flows.engine.lifecycle import Line
from flows.engine.messages import Phrase
from handlers.cards.sheets import Sheet
from handlers.texts import Texts

TEXT_SHOWN = 400


def title(shown: Sheet, texts: Texts, locale: str) -> str:
    ticket = shown.ticket
    return texts.say(
        Phrase(
            "card.title_urgent" if ticket.urgent else "card.title",
            {
                "icon": Phrase(f"{ticket.kind}.icon"),
                "kind": Phrase(f"{ticket.kind}.title"),
                "number": ticket.number,
                "state": Phrase(f"{ticket.kind}.state.{ticket.state}"),
            },
        ),
        locale,
    )


def answers(found: Iterable[Line], texts: Texts, locale: str) -> list[str]:
    """What was answered, a line each."""
    return [labelled(texts, locale, one.label, clipped(texts.say(one.value, locale))) for one in found]


def labelled(texts: Texts, locale: str, label: Phrase, value: str) -> str:
    """A value behind its label; what is empty has no line."""
    if not value:
        return ""
    return texts.say(Phrase("engine.answer", {"label": texts.say(label, locale), "answer": value}), locale)


def clipped(text: str, most: int = TEXT_SHOWN) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
