"""A ticket's card as it should look now: in its groups, with whoever took it, one line for many."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from flows.engine.lifecycle import OUTSIDERS, Actor, Role
from flows.engine.messages import Phrase
from handlers.cards import calling, masks, sheets
from handlers.cards.buttons import actions, ticket_data
from handlers.cards.lines import answers, labelled, title
from handlers.cards.sheets import Sheet, may_know, pictures, staff_locale
from handlers.cards.stories import latest, unreachable
from handlers.envelopes import Button, Outgoing
from handlers.roster import called
from handlers.texts import Texts
from handlers.wording import rows
from models.account import Account
from models.card import Card
from models.ticket import Ticket

EVENTS_SHOWN = 3
BUTTONS_SHOWN = 90


async def render(session: AsyncSession, card: Card, texts: Texts, *, edits: bool = True) -> Outgoing | None:
    """The card as it should look now; None when its ticket is gone.

    Where a posted card cannot be changed, what is posted after it is one line of news.
    """
    ticket = await session.get(Ticket, card.ticket_id, populate_existing=True)
    if ticket is None:
        return None
    shown = await sheets.of(session, ticket)
    if card.kind == "assignee":
        return await _for_assignee(session, card, shown, texts)
    locale = staff_locale(shown.community)
    if card.message is not None and not edits:
        return news(shown, texts, locale)
    posted = staff_card(shown, texts, locale, private=False)
    if calling.burns(shown) or shown.table.talk:
        return await calling.above(session, card, shown, texts, locale, posted)
    return posted


async def _for_assignee(session: AsyncSession, card: Card, shown: Sheet, texts: Texts) -> Outgoing:
    """The card of whoever took the ticket; of who has it no longer, without names and buttons."""
    here = select(Account).filter_by(channel=card.channel, bot=card.bot, chat=card.chat)
    holder = await session.scalar(here)
    if holder is None:
        return staff_card(shown, texts, staff_locale(shown.community), private=False, buttons=False)
    mine = shown.ticket.assignee_id is not None and holder.staff_id == shown.ticket.assignee_id
    private = mine and await may_know(session, shown, holder.staff_id)
    return staff_card(shown, texts, holder.locale, private=private, buttons=mine)


def news(shown: Sheet, texts: Texts, locale: str) -> Outgoing:
    """Where a ticket stands now and who has it, for a group that has seen its card."""
    told = [
        _assignee(shown, texts, locale),
        *latest(shown, texts, locale, 1),
        unreachable(shown, texts, locale),
    ]
    text = shown.for_all("\n".join(line for line in told if line))
    return Outgoing(text, title(shown, texts, locale), ticket=shown.ticket.id)


def staff_card(shown: Sheet, texts: Texts, locale: str, *, private: bool, buttons: bool = True) -> Outgoing:
    """The staff card; name, phone and door number only where `private`."""
    said = [one for one in shown.table.lines(shown.ticket.details) if private or not one.private]
    body = [
        *masks.whose(shown, texts, locale, private=private),
        *answers(said, texts, locale),
        *_extras(shown, texts, locale),
    ]
    text = "\n".join(line for line in body if line)
    return Outgoing(
        text=text if private else shown.for_all(text),
        title=title(shown, texts, locale),
        buttons=actions(shown, texts, locale, _colleagues(shown)) if buttons else (),
        pictures=pictures(shown.photos) if private else (),
        ticket=shown.ticket.id,
    )


def _colleagues(shown: Sheet) -> Actor:
    """A card has a button for whatever any colleague may do who is not concerned by it."""
    roles = frozenset(Role) - OUTSIDERS - shown.table.concerned(shown.ticket.details)
    return Actor(roles, assignee=True)


def _extras(shown: Sheet, texts: Texts, locale: str) -> list[str]:
    extras = [_assignee(shown, texts, locale)]
    if shown.photos:
        extras.append(texts.say(Phrase("card.photos", {"n": len(shown.photos)}), locale))
    return [*extras, *latest(shown, texts, locale, EVENTS_SHOWN), unreachable(shown, texts, locale)]


def _assignee(shown: Sheet, texts: Texts, locale: str) -> str:
    return labelled(texts, locale, Phrase("card.assignee"), called(shown.assignee, locale))


async def digest(session: AsyncSession, cards: Sequence[Card], texts: Texts) -> Outgoing:
    """Many new tickets in one message, each of which can be called up."""
    found = [await session.get(Ticket, card.ticket_id) for card in cards]
    shown = [await sheets.of(session, ticket) for ticket in found if ticket is not None]
    locale = staff_locale(shown[0].community) if shown else "zh_CN"
    buttons = [Button(one.ticket.number, ticket_data(one.ticket.id, "card")) for one in shown]
    return Outgoing(
        text="\n".join(_in_one_line(one, texts, locale) for one in shown),
        title=texts.say(Phrase("card.digest", {"n": len(shown)}), locale),
        buttons=rows(buttons[:BUTTONS_SHOWN]),
    )


def _in_one_line(shown: Sheet, texts: Texts, locale: str) -> str:
    values = {"title": title(shown, texts, locale), "home": masks.building(shown, texts, locale)}
    return texts.say(Phrase("card.digest_line", values), locale)
