"""What has happened in the demo community before: some of everything, over and still going on."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import delete, select, update

from flows import catalogue
from flows.engine.effects import OpenTicket
from flows.engine.messages import Json
from handlers import arrival, moves, tickets
from handlers.arrival import Arrival
from handlers.demo import complaints, deposits, gate, people, renovations, repairs, talks
from handlers.demo.story import OWN_PHONE, THE_CLOCK, Step, Story, values
from handlers.desk import Work, rules
from handlers.tickets import CLOCK, Doer
from models.account import Account
from models.community import Community, Home
from models.due import Due
from models.outbox import Outbox, events_of
from models.resident import Membership, Resident, phones_of
from models.staff import Staff
from models.ticket import Ticket, TicketEvent

STORIES = (
    *repairs.STORIES,
    *complaints.STORIES,
    *renovations.STORIES,
    *gate.STORIES,
    *deposits.STORIES,
    *talks.STORIES,
)


async def live(work: Work, community: Community) -> None:
    """Let the stories happen, the oldest first, each step in its time and by the ticket's own table."""
    local = work.now.astimezone(rules(community).calendar.zone)
    for story in sorted(STORIES, key=lambda story: story.began(local)):
        await _tell(work, story, story.began(local))
    await _old_news(work)


async def _tell(work: Work, story: Story, began: datetime) -> None:
    resident, home = await _of(work, story)
    account = await work.session.scalar(select(Account.id).filter_by(resident_id=resident))
    effect = OpenTicket(story.kind, home, False, await _details(work, story, resident, began))
    opened = await moves.open_ticket(_then(work, began), effect, resident, account)
    ticket = opened.shown.ticket
    for step in story.steps:
        await _take(work, await _meant(work, ticket, step), step, began + step.after)
    for told in (ticket, *await _led_to(work, ticket)):
        await _over(work, told)


async def _details(work: Work, story: Story, resident: int, began: datetime) -> dict[str, Json]:
    details = values(story.details, began)
    if details.get("phone") == OWN_PHONE:
        details["phone"] = (await phones_of(work.session, resident))[0]
    return details


async def _take(work: Work, ticket: Ticket, step: Step, at: datetime) -> None:
    then, doer = _then(work, at), await _doer(work, ticket, step.by)
    action = await tickets.permitted(then, ticket, step.action, doer)
    await moves.perform(then, ticket, action, doer, values(step.told, at))


def _then(work: Work, at: datetime) -> Work:
    return replace(work, now=at.astimezone(work.now.tzinfo))


async def _doer(work: Work, ticket: Ticket, name: str) -> Doer:
    if name == THE_CLOCK:
        return CLOCK
    if not name:
        return Doer(resident=ticket.resident_id, account=ticket.account_id)
    staff = await work.session.scalar(select(Staff.id).filter_by(name=name))
    if staff is not None:
        return Doer(staff=staff)
    resident = (await work.session.scalars(select(Resident.id).filter_by(name=name))).one()
    return Doer(resident=resident)


async def _meant(work: Work, ticket: Ticket, step: Step) -> Ticket:
    """The ticket itself, or the one it has led to."""
    if not step.of:
        return ticket
    return next(one for one in await _led_to(work, ticket) if one.kind == step.of)


async def _led_to(work: Work, ticket: Ticket) -> list[Ticket]:
    return list(await work.session.scalars(select(Ticket).where(Ticket.follows_id == ticket.id)))


async def _of(work: Work, story: Story) -> tuple[int, int]:
    """Who it is, and the home: the one they live in, or the one they ask about as a stranger."""
    if story.home:
        home = (await work.session.scalars(select(Home.id).filter_by(name=story.home))).one()
        phone = str(values(story.details, work.now)["phone"])
        return await people.stranger(work.session, story.resident, phone, work.now), home
    theirs = select(Resident.id, Membership.home_id).join(Membership, Membership.resident_id == Resident.id)
    resident, home = (await work.session.execute(theirs.where(Resident.name == story.resident))).one()
    return resident, home


async def _over(work: Work, ticket: Ticket) -> None:
    """What was due by now has been seen to then; what comes again comes next when it would."""
    table = catalogue.lifecycles()[ticket.kind]
    query = select(Due).where(Due.ticket_id == ticket.id, Due.done_at.is_(None), Due.at <= work.now)
    for row in await work.session.scalars(query):
        timer = table.timer(row.kind)
        if timer is None or timer.again is None:
            row.done_at = row.at
        else:
            row.at += ((work.now - row.at) // timer.again + 1) * timer.again


async def _old_news(work: Work) -> None:
    """What people were told then is not told again now; only the cards as they are today go out."""
    here = Outbox.state == "pending"
    for row in await work.session.scalars(select(Outbox).where(here, Outbox.card_id.is_(None))):
        for number in events_of(row):
            arrival.note(await work.session.get_one(TicketEvent, number), Arrival.DELIVERED)
    await work.session.flush()
    await work.session.execute(delete(Outbox).where(here, Outbox.card_id.is_(None)))
    await work.session.execute(
        update(Outbox)
        .where(here, Outbox.card_id.is_not(None))
        .values(created_at=work.now, not_before=work.now)
    )
