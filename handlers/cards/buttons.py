"""What can be done with a ticket, and how many stars it gets: a button for each."""

from __future__ import annotations

from collections.abc import Sequence

from flows.engine.lifecycle import Actor
from flows.engine.messages import Phrase
from handlers.cards.sheets import Sheet
from handlers.envelopes import Button
from handlers.texts import Texts
from handlers.wording import rows


def ticket_data(ticket: int, action: str, argument: str = "") -> str:
    """The button data of a ticket's action."""
    return f"t.{ticket}.{action}" + (f".{argument}" if argument else "")


def actions(shown: Sheet, texts: Texts, locale: str, actor: Actor) -> tuple[tuple[Button, ...], ...]:
    ticket = shown.ticket
    allowed = shown.table.allowed(ticket.state, actor, ticket.details)
    return rows(
        [
            Button(
                texts.say(Phrase(f"{ticket.kind}.action.{action.name}"), locale),
                ticket_data(ticket.id, action.name),
                style(number, action.name),
            )
            for number, action in enumerate(allowed)
        ]
    )


def style(number: int, action: str) -> str:
    """How an action's button looks: the first is the one that comes next."""
    if action in ("cancel", "withdraw"):
        return "danger"
    return "primary" if number == 0 else "plain"


def stars(
    ticket: int, texts: Texts, locale: str, order: Sequence[int] = (5, 4, 3, 2, 1)
) -> tuple[tuple[Button, ...], ...]:
    """One tap for each number of stars; from 1 up where they are numbered, so that "5" means five."""
    row = tuple(
        Button(texts.say(Phrase("engine.stars", {"n": n}), locale), ticket_data(ticket, "rate", str(n)))
        for n in order
    )
    return (row[:2], row[2:])
