"""Everything we hold of somebody, for them to take along; of anybody else there is nothing in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from flows import catalogue
from flows.engine.lifecycle import Action, Role
from handlers import doors
from handlers.desk import Work
from handlers.privacy import messages
from handlers.privacy.erasing import former
from handlers.privacy.messages import Theirs
from models.account import Account
from models.attachment import ERASE, Attachment
from models.community import Community, Home
from models.gatepass import GatePass
from models.resident import ChangeLog, Consent, Membership, Phone, Resident
from models.ticket import Ticket, TicketEvent, timeline


class Nothing(Exception):
    """Nothing is held of such a resident: there is none, or they were erased."""


async def of(session: AsyncSession, resident: int) -> dict[str, Any]:
    """Everything held of a resident, as JSON can say it. Raises Nothing."""
    record = await session.get(Resident, resident)
    if record is None or record.erased_at is not None:
        raise Nothing(resident)
    theirs = await _theirs(session, resident)
    return {
        "resident": {
            "id": record.id,
            "name": record.name,
            "language": record.locale,
            "since": _at(record.created_at),
            "settings": record.settings,
        },
        "phones": await _phones(session, resident),
        "homes": await _homes(session, resident),
        "consents": await _consents(session, resident),
        "changes": await _changes(session, resident),
        "chats": [_chat(one) for one in theirs.accounts],
        "tickets": [await _ticket(session, number, theirs) for number in theirs.tickets],
        "photos": [_photo(one, theirs) for one in await photos(session, resident)],
        "drafts": await messages.drafts(session, theirs),
        "messages": await messages.kept(session, theirs),
    }


async def photos(session: AsyncSession, resident: int) -> Sequence[Attachment]:
    """What they sent: to their tickets, or for one that was never filed."""
    filed = select(Ticket.id).where(Ticket.resident_id == resident)
    mine = select(Account.id).where(Account.resident_id == resident)
    others = select(Account.id).where(Account.resident_id != resident)
    sent = or_(Attachment.account_id.is_(None), Attachment.account_id.not_in(others))
    unfiled = and_(Attachment.ticket_id.is_(None), Attachment.account_id.in_(mine))
    query = select(Attachment).where(
        or_(and_(Attachment.ticket_id.in_(filed), sent, Attachment.by == "resident"), unfiled),
        Attachment.state != ERASE,
    )
    return (await session.scalars(query.order_by(Attachment.id))).all()


async def in_words(work: Work, resident: int, locale: str) -> str:
    """What is held, in short and masked, for a chat. Raises Nothing."""
    held, texts = await of(work.session, resident), work.desk.texts
    name = str(held["resident"]["name"])
    chats = dict.fromkeys(texts.say(doors.called(one["channel"], texts), locale) for one in held["chats"])
    listed = {
        "phones": [f"*{one['number'][-4:]}" for one in held["phones"]],
        "homes": [one["home"] for one in held["homes"]],
        "chats": list(chats),
    }
    lines = [work.say("erasing.called", locale, name=f"{name[:1]}**")] if name else []
    lines += [work.say(f"erasing.listed.{what}", locale, items=some) for what, some in listed.items() if some]
    counted = {what: len(held[what]) for what in ("tickets", "photos", "changes", "messages")}
    return "\n".join(
        (*lines, *(work.say(f"erasing.counted.{what}", locale, n=n) for what, n in counted.items()))
    )


# --- who


async def _theirs(session: AsyncSession, resident: int) -> Theirs:
    was = await former(session, resident)
    tickets = select(Ticket.id, Ticket.number).where(Ticket.resident_id == resident).order_by(Ticket.id)
    accounts = select(Account).where(Account.resident_id == resident).order_by(Account.id)
    return Theirs(
        resident,
        frozenset(f"resident:{one}" for one in (resident, *was)),
        dict((await session.execute(tickets)).all()),
        (await session.scalars(accounts)).all(),
    )


async def _phones(session: AsyncSession, resident: int) -> list[dict[str, Any]]:
    query = select(Phone).where(Phone.resident_id == resident).order_by(Phone.rank, Phone.id)
    return [{"number": one.number, "confirmed": _at(one.verified_at)} for one in await session.scalars(query)]


async def _homes(session: AsyncSession, resident: int) -> list[dict[str, Any]]:
    query = (
        select(Membership, Home.name, Community.name)
        .join(Home, Home.id == Membership.home_id)
        .join(Community, Community.id == Home.community_id)
        .where(Membership.resident_id == resident)
        .order_by(Membership.id)
    )
    return [
        {
            "community": community,
            "home": home,
            "role": one.role,
            "since": _at(one.since),
            "until": _at(one.until),
            "verified_by": one.verified_by,
        }
        for one, home, community in await session.execute(query)
    ]


async def _consents(session: AsyncSession, resident: int) -> list[dict[str, Any]]:
    query = select(Consent).where(Consent.resident_id == resident).order_by(Consent.id)
    return [
        {"purpose": one.purpose, "version": one.version, "at": _at(one.at)}
        for one in await session.scalars(query)
    ]


async def _changes(session: AsyncSession, resident: int) -> list[dict[str, Any]]:
    """The change log; which colleague it was is not theirs to know, that it was one is."""
    query = select(ChangeLog).where(ChangeLog.resident_id == resident).order_by(ChangeLog.id)
    return [
        {
            "at": _at(one.at),
            "field": one.field,
            "old": one.old,
            "new": one.new,
            "why": one.why,
            "who": one.who.partition(":")[0],
            "source": one.source,
        }
        for one in await session.scalars(query)
    ]


def _chat(account: Account) -> dict[str, Any]:
    return {
        "channel": account.channel,
        "name": account.name,
        "address": account.external_id,
        "language": account.locale,
        "reachable": account.reachable,
        "for_notices": account.chosen,
        "last_heard": _at(account.last_heard_at),
    }


def _photo(photo: Attachment, theirs: Theirs) -> dict[str, Any]:
    return {
        "id": photo.id,
        "ticket": theirs.tickets.get(photo.ticket_id or 0),
        "caption": photo.caption,
        "type": photo.mime,
        "bytes": photo.size,
        "sent": _at(photo.created_at),
        "kept": photo.stored is not None,
    }


# --- tickets


async def _ticket(session: AsyncSession, number: int, theirs: Theirs) -> dict[str, Any]:
    """A ticket with its timeline, as its resident may see it."""
    one = await session.get_one(Ticket, number)
    place = await session.get_one(Home, one.home_id)
    actions = catalogue.lifecycles()[one.kind].named
    return {
        "number": one.number,
        "kind": one.kind,
        "state": one.state,
        "urgent": one.urgent,
        "home": place.name,
        "opened": _at(one.created_at),
        "done": _at(one.done_at),
        "closed": _at(one.closed_at),
        "outcome": one.outcome,
        "reopened": one.reopened,
        "details": _open_to_them(one.details, actions),
        "rating": one.rating,
        "passes": await _passes(session, number),
        "timeline": [
            _event(event, theirs)
            for event in await timeline(session, number)
            if event.audience == "all" and not _internal(actions.get(event.action))
        ],
    }


async def _passes(session: AsyncSession, ticket: int) -> list[dict[str, Any]]:
    query = select(GatePass).where(GatePass.ticket_id == ticket).order_by(GatePass.id)
    return [
        {
            "kind": one.kind,
            "for": one.label,
            "code": one.code,
            "since": _at(one.since),
            "until": _at(one.until),
            "ended": _at(one.ended_at),
            "used": _at(one.used_at),
        }
        for one in await session.scalars(query)
    ]


def _open_to_them(details: Mapping[str, Any], actions: Mapping[str, Action]) -> dict[str, Any]:
    """The details without what staff or the owner of the home answered, and not to them."""
    closed = {name for one in actions.values() if _internal(one) or _owners(one) for name in one.keeps}
    open_to_them = {name for one in actions.values() if Role.RESIDENT in one.by for name in one.keeps}
    return {name: value for name, value in details.items() if name not in closed - open_to_them}


def _internal(action: Action | None) -> bool:
    return action is not None and action.internal


def _owners(action: Action) -> bool:
    return Role.OWNER in action.by


def _event(event: TicketEvent, theirs: Theirs) -> dict[str, Any]:
    """A line of the timeline; of what another resident did on it, only that and when."""
    who = "you" if event.actor in theirs.actors else event.actor.partition(":")[0]
    told = {"at": _at(event.at), "action": event.action, "state": event.to_state, "by": who}
    if who == "resident":
        return {**told, "by": "somebody else"}
    data = {name: value for name, value in event.data.items() if name != "staff_en"}
    return {**told, "note": event.note, "data": data}


def _at(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
