"""A ticket is opened: with its clocks, its card and, last of all, its number."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import bindparam, select

from flows import catalogue
from flows.engine.effects import OpenTicket
from flows.engine.lifecycle import Audience
from handlers import clocks, notices, tickets
from handlers.cards import posting, sheets
from handlers.cards.sheets import Sheet
from handlers.desk import Work, rules
from handlers.tickets import Doer
from models.community import Community, Home
from models.ticket import Ticket, next_number

_PLACE = (
    select(Home, Community)
    .join(Community, Community.id == Home.community_id)
    .where(Home.id == bindparam("home"))
)
_RECENT = (
    select(Ticket)
    .where(Ticket.resident_id == bindparam("resident"), Ticket.created_at >= bindparam("since"))
    .order_by(Ticket.created_at.desc())
    .limit(100)
)


class TooMany(Exception):
    """The resident has opened as many tickets today as one may; `again` is when there is room, local time."""

    def __init__(self, again: datetime, hotline: str) -> None:
        super().__init__(again)
        self.again, self.hotline = again, hotline


@dataclass(frozen=True, slots=True)
class Opened:
    """A ticket, and whether it was there already."""

    shown: Sheet
    repeat: bool = False


async def open_ticket(work: Work, effect: OpenTicket, resident: int, account: int | None) -> Opened:
    """Open a ticket, or find the same one opened a moment ago. Raises TooMany."""
    home, community = (await work.session.execute(_PLACE, {"home": effect.home})).one()
    midnight = _midnight(work, community)
    today = await _since(work, resident, min(midnight, work.now - rules(community).repeat_within))
    repeat = _repeat(work, effect, today, work.now - rules(community).repeat_within)
    if repeat is not None:
        return Opened(await _again(work, effect, repeat), repeat=True)
    opened = sum(ticket.created_at >= midnight for ticket in today)
    if opened >= rules(community).tickets_a_day and not effect.urgent:
        raise TooMany(midnight + timedelta(days=1), rules(community).hotline)
    return Opened(await _new(work, effect, home, community, Doer(resident=resident, account=account)))


async def follow_up(work: Work, effect: OpenTicket, former: Ticket) -> Sheet:
    """Open the ticket that another one leads to, for the same resident, whatever they have opened today."""
    home, community = (await work.session.execute(_PLACE, {"home": effect.home})).one()
    doer = Doer(resident=former.resident_id, account=former.account_id)
    return await _new(work, replace(effect, follows=former.id), home, community, doer)


def _midnight(work: Work, community: Community) -> datetime:
    local = work.now.astimezone(rules(community).calendar.zone)
    return local.replace(hour=0, minute=0, second=0, microsecond=0)


async def _since(work: Work, resident: int, since: datetime) -> Sequence[Ticket]:
    return (await work.session.scalars(_RECENT, {"resident": resident, "since": since})).all()


def _repeat(work: Work, effect: OpenTicket, recent: Sequence[Ticket], since: datetime) -> Ticket | None:
    """The same thing reported a moment ago, when it was tapped or sent twice."""
    final = catalogue.lifecycles()[effect.kind].final
    for ticket in recent:
        same = (ticket.kind, ticket.home_id, ticket.details) == (
            effect.kind,
            effect.home,
            dict(effect.details),
        )
        if same and ticket.created_at >= since and ticket.state not in final:
            return ticket
    return None


async def _again(work: Work, effect: OpenTicket, ticket: Ticket) -> Sheet:
    """What came with the repeat belongs to the ticket that is there."""
    await tickets.attach(work, ticket.id, effect.photos)
    shown = await sheets.of(work.session, ticket)
    await posting.refresh(work, shown)
    return shown


async def _new(work: Work, effect: OpenTicket, home: Home, community: Community, doer: Doer) -> Sheet:
    table = catalogue.lifecycles()[effect.kind]
    ticket = _row(work, effect, community, doer, table.first.value)
    work.session.add(ticket)
    await work.session.flush()
    clocks_running = await clocks.opened(work, ticket, table, community)
    tickets.record(work, ticket, doer, "opened", to_state=ticket.state)
    for message, text in effect.described:
        tickets.record(work, ticket, doer, "described", note=text, source=message or None)
    await tickets.attach(work, ticket.id, effect.photos)
    bare = Sheet(ticket, table, community, home, None, None, (), ())
    shown = await sheets.of(work.session, ticket) if table.hidden(ticket.details) else bare
    groups = await posting.to_groups(work, shown)
    await _number(work, ticket, community, clocks_running)
    if ticket.urgent or not groups:
        key = f"{ticket.kind}.emergency" if ticket.urgent else "notice.no_group"
        await notices.audience(work, shown, Audience.DUTY_LEAD, key)
    return shown


def _row(work: Work, effect: OpenTicket, community: Community, doer: Doer, state: str) -> Ticket:
    return Ticket(
        number=f"~{secrets.token_hex(12)}",
        kind=effect.kind,
        state=state,
        urgent=effect.urgent,
        community_id=community.id,
        home_id=effect.home,
        resident_id=doer.resident,
        account_id=doer.account,
        follows_id=effect.follows,
        details=dict(effect.details),
        clocks={},
        created_at=work.now,
    )


async def _number(work: Work, ticket: Ticket, community: Community, running: clocks.Clocks) -> None:
    """Number the ticket as the last thing: whoever opens another one waits until this one is committed."""
    await work.session.flush()
    local = work.now.astimezone(rules(community).calendar.zone)
    ticket.number = await next_number(work.session, community.id, community.code, local)
    ticket.clocks = running
    await work.session.flush()
