"""Who is told of what: residents, the one who took a ticket, duty lead, manager, the group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import select

from flows.engine.lifecycle import Audience, Role
from handlers import letters, reaching
from handlers.cards import posting
from handlers.cards.sheets import Sheet, may_know, may_read, staff_locale
from handlers.desk import Work
from handlers.envelopes import Outgoing, Picture
from handlers.neighbours import of as neighbours_of
from handlers.outbox.delivery import lane_of
from handlers.roster import assistants, leads, managers, whoever
from models.account import Account
from models.community import Community
from models.resident import owners_of
from models.staff import Staff
from models.ticket import Ticket


async def resident(
    work: Work,
    shown: Sheet,
    key: str,
    buttons: tuple[tuple[str, str], ...] = (),
    /,
    pictures: tuple[Picture, ...] = (),
    **values: object,
) -> bool:
    """Tell the ticket's resident; `buttons` are (text key, action). False when nobody can be reached."""
    account = await reaching.account_of(work, shown.ticket)
    if account is None:
        return False
    told = letters.for_resident(work, shown, account.locale, key, buttons, values)
    await private(work, account, replace(told, pictures=pictures), shown.ticket)
    return True


async def ask_rating(work: Work, shown: Sheet, key: str, /, **values: object) -> bool:
    """Ask the resident for stars; False when nobody can be reached."""
    account = await reaching.account_of(work, shown.ticket)
    if account is None:
        return False
    await private(work, account, letters.rating(work, shown, account, key, values), shown.ticket)
    return True


async def owners(
    work: Work, shown: Sheet, key: str, buttons: tuple[tuple[str, str], ...] = (), /, **values: object
) -> bool:
    """Tell the owners of the ticket's home; False when none of them can be reached."""
    reached = False
    for owner in await owners_of(work.session, shown.home.id, work.now):
        if owner == shown.ticket.resident_id:
            continue
        for account in (await reaching.resident(work.desk, work.session, owner))[:1]:
            reached = True
            told = letters.for_resident(work, shown, account.locale, key, buttons, values)
            await private(work, account, told, shown.ticket)
    return reached


async def neighbours(work: Work, shown: Sheet, key: str, /, **values: object) -> None:
    """Tell those who live above, below and beside; it is none of their business whose ticket it is."""
    for resident in await neighbours_of(work.session, shown.home, work.now):
        for account in (await reaching.resident(work.desk, work.session, resident))[:1]:
            told = work.say(key, account.locale, **values)
            kind = work.say(f"{shown.ticket.kind}.title", account.locale)
            await reaching.send(work, account, Outgoing(told, kind, notice=key))


async def staff(work: Work, shown: Sheet, people: Sequence[Staff], key: str, /, **values: object) -> int:
    """Tell staff in private, with a button that calls the ticket up; how many can be reached.

    Whoever belongs to the team that it is about hears nothing of it. Where it is a secret whose it is, only
    the one who has taken it and may know reads it as it was said.
    """
    reached = 0
    for person in [one for one in people if await may_read(work.session, shown, one.id)]:
        knows = person.id == shown.ticket.assignee_id and await may_know(work.session, shown, person.id)
        theirs = shown.uncovered() if knows else shown
        for account in (await reaching.staff(work.desk, work.session, person.id))[:1]:
            told = letters.for_staff(work, theirs, account.locale, key, "show", values)
            await private(work, account, told, shown.ticket)
            reached += 1
    return reached


async def group(work: Work, shown: Sheet, key: str, /, **values: object) -> None:
    """Say something in the ticket's groups, below its card."""
    told = letters.for_staff(work, shown, staff_locale(shown.community), key, "card", values)
    for one in await posting.groups_for(work, shown):
        await posting.below(work, shown, one, told)


async def audience(work: Work, shown: Sheet, who: Audience, key: str, /, **values: object) -> None:
    """Tell whoever an audience is just now: the roster decides who is duty lead or manager."""
    match who:
        case Audience.GROUP:
            await group(work, shown, key, **values)
        case Audience.ASSIGNEE:
            await staff(work, shown, [shown.assignee] if shown.assignee else [], key, **values)
        case Audience.ASSISTANT:
            await staff(work, shown, await assistants(work.session, shown.home, work.now), key, **values)
        case Audience.DUTY_LEAD | Audience.MANAGER:
            people = await _CALLED[who](work.session, shown.community.id, work.now)
            await staff(work, shown, people, key, **values)
        case Audience.RESIDENT:
            await resident(work, shown, key, (), (), **values)
        case Audience.OWNER:
            await owners(work, shown, key, (), **values)
        case Audience.NEIGHBOURS:
            await neighbours(work, shown, key, **values)


_CALLED = {Audience.DUTY_LEAD: leads, Audience.MANAGER: managers}


async def front_desk(work: Work, key: str, /, **values: object) -> None:
    """Tell whoever is at the desk, in every community, what concerns none of them alone."""
    communities = await work.session.scalars(select(Community.id).order_by(Community.id))
    on_shift = [await whoever(work.session, one, Role.DESK, work.now) for one in communities]
    for person in sorted({person.id for shift in on_shift for person in shift}):
        for account in (await reaching.staff(work.desk, work.session, person))[:1]:
            await reaching.send(work, account, Outgoing(work.say(key, account.locale, **values)))


async def private(
    work: Work, account: Account, message: Outgoing, ticket: Ticket, events: Sequence[int] = ()
) -> None:
    """Have something sent to one person; `events` are the lines of the timeline whose words it carries."""
    await reaching.send(work, account, message, lane=lane_of(ticket), ticket=ticket.id, events=events)
