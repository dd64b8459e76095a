"""A ticket as its resident sees it: where it stands, what happened, what can be done."""

from __future__ import annotations

from flows.engine.lifecycle import Actor
from flows.engine.messages import Phrase
from handlers.cards.buttons import actions, stars
from handlers.cards.lines import answers, labelled, title
from handlers.cards.sheets import Sheet
from handlers.cards.stories import story
from handlers.envelopes import Outgoing
from handlers.roster import called
from handlers.texts import Texts
from models.ticket import Ticket

ITS_RESIDENT = Actor(frozenset(), owner=True)


def resident_view(shown: Sheet, texts: Texts, locale: str, actor: Actor = ITS_RESIDENT) -> Outgoing:
    """A ticket as its resident, or the home's owner, sees it: where it stands and what can be done."""
    ticket = shown.ticket
    said = [one for one in shown.table.lines(ticket.details) if not one.internal]
    head = [
        *answers(said, texts, locale),
        labelled(texts, locale, Phrase("card.assignee"), called(shown.assignee, locale)),
    ]
    lines = [
        *(line for line in head if line),
        "",
        texts.say(Phrase("tickets.timeline"), locale),
        *(story(shown, event, texts, locale) for event in shown.events if event.audience == "all"),
    ]
    rating = stars(ticket.id, texts, locale, (1, 2, 3, 4, 5)) if actor.owner and _rateable(ticket) else ()
    return Outgoing(
        text="\n".join(lines).strip(),
        title=title(shown, texts, locale),
        buttons=(*rating, *actions(shown, texts, locale, actor)),
        ticket=ticket.id,
    )


def _rateable(ticket: Ticket) -> bool:
    """Whether the resident has still to say how it went."""
    return ticket.done_at is not None and ticket.outcome in (None, "unrated")
