"""What happened to a ticket, told line by line in plain words: to its resident, and to colleagues."""

from __future__ import annotations

from flows.engine.messages import Phrase
from handlers.cards.lines import clipped
from handlers.cards.sheets import Sheet
from handlers.saying import said
from handlers.texts import Texts
from models.ticket import TicketEvent

_QUIET = frozenset({"described", "refused", "told", "opened"})
"""What colleagues read elsewhere on the card, or what is nobody's news."""


def story(shown: Sheet, event: TicketEvent, texts: Texts, locale: str) -> str:
    """One line of the timeline in plain words."""
    return _dated(shown, event, told_of(shown, event, texts, locale), texts, locale)


def staff_story(shown: Sheet, event: TicketEvent, texts: Texts, locale: str) -> str:
    """The same as colleagues read it."""
    return _dated(shown, event, staff_told(shown, event, texts, locale), texts, locale)


def latest(shown: Sheet, texts: Texts, locale: str, most: int) -> list[str]:
    """The last lines that colleagues want to read, at most so many."""
    noted = [event for event in shown.events if event.action not in _QUIET][-most:]
    return [staff_story(shown, event, texts, locale) for event in noted]


def _dated(shown: Sheet, event: TicketEvent, told: str, texts: Texts, locale: str) -> str:
    return texts.say(Phrase("tickets.line", {"at": shown.local(event.at), "told": told}), locale)


def told_of(shown: Sheet, event: TicketEvent, texts: Texts, locale: str) -> str:
    """What happened, without saying when."""
    key = f"{shown.ticket.kind}.event.{event.action}"
    values = {
        "staff": actor(event, locale),
        "note": clipped(event.note),
        "said": said(event.data, shown.local),
        "at": shown.local(event.at),
        "n": event.data.get("photos", 0),
        "stars": event.data.get("overall", 0),
    }
    return texts.say(Phrase(key if texts.has(key, locale) else "tickets.event", values), locale)


def staff_told(shown: Sheet, event: TicketEvent, texts: Texts, locale: str) -> str:
    """What happened, and of what was said to the resident how far it has come."""
    told, came = told_of(shown, event, texts, locale), event.data.get("delivery")
    if not isinstance(came, dict):
        return told
    mark = Phrase(f"relay.mark.{came['state']}", {"reason": why(came.get("why"), texts, locale)})
    return f"{told} {texts.say(mark, locale)}"


def actor(event: TicketEvent, locale: str) -> str:
    """Which colleague did it, as readers of a language know them."""
    return str((locale == "en" and event.data.get("staff_en")) or event.data.get("staff", ""))


def why(reason: object, texts: Texts, locale: str) -> Phrase:
    """Why something does not arrive, in words; what a channel said of it stays in the outbox."""
    key = f"unreachable.{reason}"
    return Phrase(key if texts.has(key, locale) else "relay.refused")


def unreachable(shown: Sheet, texts: Texts, locale: str) -> str:
    """Why somebody cannot be told anything; "" as long as everybody can."""
    why = shown.ticket.details.get("unreachable")
    reason = Phrase(f"unreachable.{why}")
    told = [texts.say(Phrase("card.unreachable", {"reason": reason}), locale)] if why else []
    if shown.ticket.details.get("owner") == "unreachable":
        told.append(texts.say(Phrase("card.no_owner"), locale))
    return "\n".join(told)
