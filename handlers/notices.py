"""Who is told of what: residents, the one who took a ticket, duty lead, manager, the group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlalchemy import select

from flows.engine.lifecycle import Audience, Role
from flows.engine.messages import Phrase
from handlers import reaching
from handlers.cards import Sheet, door, may_know, may_read, staff_locale, stars, ticket_data, title
from handlers.desk import Work
from handlers.envelopes import Button, Outgoing, Picture
from handlers.neighbours import of as neighbours_of
from handlers.outbox import delivery
from handlers.roster import assistants, called, leads, managers, whoever
from models.account import Account
from models.card import Card
from models.community import Community
from models.group import Group
from models.resident import owners_of
from models.staff import Staff
from models.ticket import Ticket

EMERGENCY, ORDINARY = 0, 1


def lane(ticket: Ticket) -> int:
    return EMERGENCY if ticket.urgent else ORDINARY


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
    account = await account_of(work, shown.ticket)
    if account is None:
        return False
    await _tell(work, shown, account, key, buttons, values, pictures)
    return True


async def _tell(
    work: Work,
    shown: Sheet,
    account: Account,
    key: str,
    buttons: tuple[tuple[str, str], ...],
    values: Mapping[str, object],
    pictures: tuple[Picture, ...] = (),
) -> None:
    told = letter(work, shown, account.locale, key, buttons, values)
    await private(work, account, replace(told, pictures=pictures), shown.ticket)


def letter(
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
        facts=_facts(work, shown, locale, told),
    )


async def ask_rating(work: Work, shown: Sheet, key: str, /, **values: object) -> bool:
    """Ask the resident for stars, one tap each."""
    account = await account_of(work, shown.ticket)
    if account is None:
        return False
    again = Button(work.say("tickets.not_solved", account.locale), ticket_data(shown.ticket.id, "reopen"))
    told = work.say(key, account.locale, **_values(shown, account.locale), **values)
    order = (5, 4, 3, 2, 1) if work.desk.can(account.channel).cards else (1, 2, 3, 4, 5)
    message = Outgoing(
        text=told,
        title=shown.ticket.number,
        buttons=(*stars(shown.ticket.id, work.desk.texts, account.locale, order), (again,)),
        ticket=shown.ticket.id,
        notice=key,
        facts=_facts(work, shown, account.locale, told),
    )
    await private(work, account, message, shown.ticket)
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
            await _tell(work, shown, account, key, buttons, values)
    return reached


async def neighbours(work: Work, shown: Sheet, key: str, /, **values: object) -> None:
    """Tell those who live above, below and beside; it is none of their business whose ticket it is."""
    for resident in await neighbours_of(work.session, shown.home, work.now):
        for account in (await reaching.resident(work.desk, work.session, resident))[:1]:
            told = work.say(key, account.locale, **values)
            await delivery.post(
                work.session,
                channel=account.channel,
                bot=account.bot,
                chat=account.chat,
                message=Outgoing(told, work.say(f"{shown.ticket.kind}.title", account.locale), notice=key),
                now=work.now,
                account=account.id,
            )


async def staff(work: Work, shown: Sheet, people: Sequence[Staff], key: str, /, **values: object) -> int:
    """Tell staff in private, with a button that calls the ticket up; how many can be reached.

    Whoever belongs to the team that it is about hears nothing of it. Where it is a secret whose it is, only
    the one who has taken it and may know reads it as it was said.
    """
    reached = 0
    for person in [one for one in people if await may_read(work.session, shown, one.id)]:
        accounts = await reaching.staff(work.desk, work.session, person.id)
        knows = person.id == shown.ticket.assignee_id and await may_know(work.session, shown, person.id)
        for account in accounts[:1]:
            told = work.say(key, account.locale, **_values(shown, account.locale), **values)
            message = Outgoing(
                text=told if knows else shown.for_all(told),
                title=title(shown, work.desk.texts, account.locale),
                buttons=(
                    (Button(work.say("card.show", account.locale), ticket_data(shown.ticket.id, "show")),),
                ),
                ticket=shown.ticket.id,
            )
            await private(work, account, message, shown.ticket)
            reached += 1
    return reached


async def group(work: Work, shown: Sheet, key: str, /, **values: object) -> None:
    """Say something in the ticket's groups, below its card."""
    locale = staff_locale(shown.community)
    for one in await groups_for(work, shown):
        message = Outgoing(
            text=shown.for_all(work.say(key, locale, **_values(shown, locale), **values)),
            title=title(shown, work.desk.texts, locale),
            buttons=((Button(work.say("card.show", locale), ticket_data(shown.ticket.id, "card")),),),
            ticket=shown.ticket.id,
        )
        await delivery.post(
            work.session,
            channel=one.channel,
            bot=one.bot,
            chat=one.chat,
            message=message,
            now=work.now,
            lane=lane(shown.ticket),
            ticket=shown.ticket.id,
        )


async def audience(work: Work, shown: Sheet, who: Audience, key: str, /, **values: object) -> None:
    """Tell whoever an audience is just now: the roster decides who is duty lead or manager."""
    match who:
        case Audience.GROUP:
            await group(work, shown, key, **values)
        case Audience.ASSIGNEE:
            await staff(work, shown, [shown.assignee] if shown.assignee else [], key, **values)
        case Audience.DUTY_LEAD | Audience.MANAGER | Audience.ASSISTANT:
            people = await _CALLED[who](work.session, shown.community.id, work.now)
            await staff(work, shown, people, key, **values)
        case Audience.RESIDENT:
            await resident(work, shown, key, (), (), **values)
        case Audience.OWNER:
            await owners(work, shown, key, (), **values)
        case Audience.NEIGHBOURS:
            await neighbours(work, shown, key, **values)


_CALLED = {Audience.DUTY_LEAD: leads, Audience.MANAGER: managers, Audience.ASSISTANT: assistants}


async def front_desk(work: Work, key: str, /, **values: object) -> None:
    """Tell whoever is at the desk, in every community, what concerns none of them alone."""
    communities = await work.session.scalars(select(Community.id).order_by(Community.id))
    on_shift = [await whoever(work.session, one, Role.DESK, work.now) for one in communities]
    people = {person.id for shift in on_shift for person in shift}
    for person in sorted(people):
        for account in (await reaching.staff(work.desk, work.session, person))[:1]:
            await delivery.post(
                work.session,
                channel=account.channel,
                bot=account.bot,
                chat=account.chat,
                message=Outgoing(work.say(key, account.locale, **values)),
                now=work.now,
                account=account.id,
            )


async def groups_for(work: Work, shown: Sheet) -> Sequence[Group]:
    """The groups that work on this kind of ticket."""
    query = select(Group).where(
        Group.community_id == shown.community.id, Group.purpose == shown.table.group(shown.ticket.details)
    )
    return (await work.session.scalars(query.order_by(Group.id))).all()


async def draw(work: Work, shown: Sheet) -> None:
    """Have every card of a ticket brought up to date."""
    cards = await work.session.scalars(
        select(Card).where(Card.ticket_id == shown.ticket.id, Card.kind.in_(("group", "assignee")))
    )
    for card in cards:
        await delivery.refresh(work.session, card, now=work.now, lane=lane(shown.ticket))


async def group_cards(work: Work, shown: Sheet) -> int:
    """Put a new ticket's card into its groups; how many groups there are."""
    groups = await groups_for(work, shown)
    for one in groups:
        await _card(work, shown.ticket, "group", one.channel, one.bot, one.chat, one.id)
    return len(groups)


async def assignee_card(work: Work, shown: Sheet, account: Account) -> None:
    """Give the one who took a ticket the private card, with name, phone and door number."""
    held = await work.session.scalar(
        select(Card).where(
            Card.ticket_id == shown.ticket.id,
            Card.kind == "assignee",
            Card.channel == account.channel,
            Card.bot == account.bot,
            Card.chat == account.chat,
        )
    )
    if held is None:
        await _card(work, shown.ticket, "assignee", account.channel, account.bot, account.chat, None)


async def _card(
    work: Work, ticket: Ticket, kind: str, channel: str, bot: str, chat: str, group_id: int | None
) -> None:
    card = Card(
        ticket_id=ticket.id,
        kind=kind,
        group_id=group_id,
        channel=channel,
        bot=bot,
        chat=chat,
        created_at=work.now,
    )
    work.session.add(card)
    await work.session.flush()
    await delivery.first(work.session, card, now=work.now, lane=lane(ticket))


async def remember(work: Work, ticket: int, *, channel: str, bot: str, chat: str, message: str) -> None:
    """A reply to this message of ours is about its ticket."""
    work.session.add(
        Card(
            ticket_id=ticket,
            kind="notice",
            channel=channel,
            bot=bot,
            chat=chat,
            message=message,
            created_at=work.now,
        )
    )


async def account_of(work: Work, ticket: Ticket) -> Account | None:
    """The account the resident chose, else the one the ticket came from, else the best of theirs."""
    if ticket.resident_id is None:
        return None
    accounts = await reaching.resident(work.desk, work.session, ticket.resident_id)
    if accounts and accounts[0].chosen:
        return accounts[0]
    return next((one for one in accounts if one.id == ticket.account_id), accounts[0] if accounts else None)


async def private(
    work: Work, account: Account, message: Outgoing, ticket: Ticket, events: Sequence[int] = ()
) -> None:
    """Have something sent to one person; `events` are the lines of the timeline whose words it carries."""
    await delivery.post(
        work.session,
        channel=account.channel,
        bot=account.bot,
        chat=account.chat,
        message=message,
        now=work.now,
        lane=lane(ticket),
        ticket=ticket.id,
        account=account.id,
        events=events,
    )


def _values(shown: Sheet, locale: str) -> dict[str, object]:
    return {
        "number": shown.ticket.number,
        "urgent": shown.ticket.urgent,
        "home": shown.home.name,
        "staff": called(shown.assignee, locale),
        "kind": Phrase(f"{shown.ticket.kind}.title"),
    }


def _facts(work: Work, shown: Sheet, locale: str, told: str) -> dict[str, str]:
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
