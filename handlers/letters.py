"""What is written about a ticket: the words, what can be tapped below them, and the bare values of a form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from flows.engine.messages import Phrase
from handlers.cards.buttons import stars, ticket_data
from handlers.cards.lines import title
from handlers.cards.masks import door
from handlers.cards.sheets import Sheet
from handlers.desk import Work
from handlers.envelopes import Button, Outgoing
from handlers.roster import called
from models.account import Account


def for_resident(
    work: Work,
    shown: Sheet,
    locale: str,
    key: str,
    buttons: tuple[tuple[str, str], ...],
    values: Mapping[str, object],
) -> Outgoing:
    """What a ticket's resident, or the home's owner, is told about it."""
    told = work.say(key, locale, **{**_values(shown, locale), **values})
    return Outgoing(
        text=told,
        title=shown.ticket.number,
        buttons=tuple(
            (Button(work.say(label, locale), ticket_data(shown.ticket.id, action)),)
            for label, action in buttons
        ),
        ticket=shown.ticket.id,
        notice=key,
        facts=facts(work, shown, locale, told),
    )


def rating(work: Work, shown: Sheet, account: Account, key: str, values: Mapping[str, object]) -> Outgoing:
    """The question for stars, one tap each; or else the way back, where nothing was solved."""
    locale, ticket = account.locale, shown.ticket.id
    again = Button(work.say("tickets.not_solved", locale), ticket_data(ticket, "reopen"))
    order = (5, 4, 3, 2, 1) if work.desk.can(account.channel).cards else (1, 2, 3, 4, 5)
    taps = (*stars(ticket, work.desk.texts, locale, order), (again,))
    return replace(for_resident(work, shown, locale, key, (), values), buttons=taps)


def for_staff(
    work: Work, shown: Sheet, locale: str, key: str, calls_up: str, values: Mapping[str, object]
) -> Outgoing:
    """What colleagues are told about a ticket; a tap `calls_up` the ticket ("show") or its card ("card")."""
    told = work.say(key, locale, **{**_values(shown, locale), **values})
    return Outgoing(
        text=shown.for_all(told),
        title=title(shown, work.desk.texts, locale),
        buttons=((Button(work.say("card.show", locale), ticket_data(shown.ticket.id, calls_up)),),),
        ticket=shown.ticket.id,
    )


def _values(shown: Sheet, locale: str) -> dict[str, object]:
    return {
        "number": shown.ticket.number,
        "urgent": shown.ticket.urgent,
        "home": shown.home.name,
        "staff": called(shown.assignee, locale),
        "kind": Phrase(f"{shown.ticket.kind}.title"),
    }


def facts(work: Work, shown: Sheet, locale: str, told: str) -> dict[str, str]:
    """A notice's bare values, for channels that take no sentence but a form filled in."""
    kind = shown.ticket.kind
    return {
        "number": shown.ticket.number,
        "kind": work.say(f"{kind}.title", locale),
        "state": work.say(f"{kind}.state.{shown.ticket.state}", locale),
        "staff": called(shown.assignee, locale),
        "home": door(shown.home.name, private=False),
        "at": f"{shown.local(work.now):%Y-%m-%d %H:%M}",
        "text": told,
    }
