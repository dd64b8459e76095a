"""What was said to somebody, and about them, is kept in copies for a while: these are found and emptied."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, false, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from handlers.cards.sheets import staff_locale
from handlers.desk import Work
from handlers.envelopes import Outgoing
from handlers.outbox import delivery
from handlers.outbox.delivery import changed
from handlers.privacy import mentions
from handlers.privacy.traces import Person
from handlers.texts import REFERENCE
from models import web
from models.account import Account
from models.attachment import ERASE, Attachment
from models.card import Card
from models.community import Community
from models.conversation import Conversation, DeadLetter, Inbox
from models.outbox import Outbox
from models.ticket import Ticket
from models.web import WebMessage

WEB = "web"
TELLING, TELLS = 8, 24
"""Words of theirs are looked for in their colleagues' copies when there are so many letters, by the first of
them: a shorter one could be anybody's."""
OVER = ("sent", "joined", "expired", "failed", "unknown")


@dataclass(frozen=True, slots=True)
class Door:
    """Where one of their accounts was to be found."""

    channel: str
    bot: str
    chat: str
    external_id: str


@dataclass(frozen=True, slots=True)
class Marks:
    """By what a person is known again: `names`, numbers and addresses, and the `words` they wrote."""

    names: frozenset[str]
    words: frozenset[str]

    def telling(self) -> frozenset[str]:
        """What is enough to say that a text is about them."""
        lines = {line.strip() for word in self.words for line in word.splitlines()}
        return self.names | {line[:TELLS] for line in lines if len(line) >= TELLING}

    def all(self) -> frozenset[str]:
        """What would show in a text that is about them in any case."""
        lines = {line.strip()[:TELLS] for word in self.words for line in word.splitlines()}
        return self.names | (lines - {""})


async def hush(work: Work, person: Person, doors: Sequence[Door], marks: Marks) -> int:
    """Empty every copy; how many messages to and from them are gone."""
    session, instead = work.session, await _instead(work, person)
    gone = await _received(session, person)
    gone += await _told(work, person, doors, marks, instead)
    await _replies(session, person, marks)
    await _drafts(session, person)
    await _unheard(session, doors)
    gone += await _page(work, person, doors, marks, instead)
    await _cards(work, person, doors)
    return gone


async def _instead(work: Work, person: Person) -> str:
    """What colleagues read in place of it."""
    place = select(Community).join(Ticket, Ticket.community_id == Community.id)
    community = await work.session.scalar(place.where(Ticket.id.in_(person.tickets)).limit(1))
    return work.say("erasing.taken_back", REFERENCE if community is None else staff_locale(community))


# --- what came in, and what it was answered


async def _received(session: AsyncSession, person: Person) -> int:
    talks = select(Conversation.id).where(Conversation.account_id.in_(person.accounts))
    return await changed(session, delete(Inbox).where(Inbox.conversation_id.in_(talks)))


async def _replies(session: AsyncSession, person: Person, marks: Marks) -> None:
    """What others were answered about their tickets, and colleagues about them."""
    for row in await mentions.of_tickets(session, Inbox.receipt, person.tickets):
        replies = [one for one in row.receipt["replies"] if mentions.about(one).isdisjoint(person.tickets)]
        row.receipt = {**row.receipt, "replies": replies}
    theirs = Inbox.conversation_id.in_(_colleagues_talks())
    for row in await mentions.of_words(session, Inbox.receipt, marks.telling(), theirs):
        row.receipt = {"replies": [], "hint": ""}
    await session.flush()


def _colleagues_talks() -> Any:
    """The conversations of everybody who is not a resident, or works here as well."""
    others = or_(Account.resident_id.is_(None), Account.staff_id.is_not(None))
    return select(Conversation.id).join(Account, Account.id == Conversation.account_id).where(others)


async def _drafts(session: AsyncSession, person: Person) -> None:
    """What somebody was about to do with their tickets, and what they were about to do as a colleague."""
    for row in await mentions.of_tickets(session, Conversation.draft, person.tickets):
        row.draft = None
    await session.flush()
    theirs = update(Conversation).where(Conversation.account_id.in_(person.shared))
    await changed(session, theirs.values(draft=None, offered=None))


async def _unheard(session: AsyncSession, doors: Sequence[Door]) -> None:
    """Messages of theirs that could not be handled."""
    for door in doors:
        dead = delete(DeadLetter).filter_by(channel=door.channel, bot=door.bot)
        await changed(session, dead.where(DeadLetter.payload["account"].as_string() == door.external_id))


# --- what goes out


async def _told(work: Work, person: Person, doors: Sequence[Door], marks: Marks, instead: str) -> int:
    session = work.session
    here = or_(_at(Outbox, doors), Outbox.account_id.in_(person.accounts))
    gone = await _unsent(work, here, {"chat": f"gone:{secrets.token_hex(16)}"})
    about = and_(Outbox.ticket_id.in_(person.tickets), Outbox.card_id.is_(None))
    sent = (await session.scalars(select(Outbox).where(about, Outbox.state == "sent"))).all()
    gone += await _unsent(work, about, {})
    over = (Outbox.state.in_(OVER), Outbox.ticket_id.is_(None), ~_to_a_resident(Outbox))
    rows = await mentions.of_words(session, Outbox.payload, marks.telling(), *over)
    gone += await changed(session, delete(Outbox).where(Outbox.id.in_([row.id for row in rows])))
    for row in sent:
        await _taken_back(work, row, marks, instead)
    return gone


async def _unsent(work: Work, which: ColumnElement[bool], elsewhere: dict[str, str]) -> int:
    """Rows go; those that are just being sent are emptied, and not sent again."""
    under_way = {"payload": {"message": Outgoing("").to_json()}, "expires_at": work.now, **elsewhere}
    await changed(work.session, update(Outbox).where(which, Outbox.state == "sending").values(**under_way))
    return await changed(work.session, delete(Outbox).where(which, Outbox.state != "sending"))


async def _taken_back(work: Work, row: Outbox, marks: Marks, instead: str) -> None:
    """A message to colleagues that has their words in it is changed where it stands, if it can be."""
    said = Outgoing.from_json(row.payload.get("message", {"text": ""}))
    shows = any(mark in said.text for mark in marks.all())
    if row.channel == WEB or row.message is None or not shows:
        return
    await delivery.post(
        work.session,
        channel=row.channel,
        bot=row.bot,
        chat=row.chat,
        message=Outgoing(instead, said.title, replace=row.message),
        now=work.now,
        account=row.account_id,
        quiet=True,
    )


async def _cards(work: Work, person: Person, doors: Sequence[Door]) -> None:
    """Staff see the cards without a word of theirs; in their own chats there is nothing to reply to."""
    session = work.session
    await changed(session, delete(Card).where(_at(Card, doors), Card.kind == "notice"))
    cards = select(Card).where(
        Card.ticket_id.in_(person.tickets), Card.kind != "notice", Card.message.is_not(None)
    )
    for card in (await session.scalars(cards.order_by(Card.id))).all():
        await delivery.mend(session, card, now=work.now)


# --- the page


async def _page(work: Work, person: Person, doors: Sequence[Door], marks: Marks, instead: str) -> int:
    """The web chat's own log is ours to change: their chats go, and the others show no word of theirs."""
    session = work.session
    chats = [door.chat for door in doors if door.channel == WEB]
    log = (await session.scalars(select(WebMessage).where(WebMessage.chat.in_(chats)))).all()
    await _uploads(work, {path for one in log for path in one.body.get("files", ())})
    gone = await changed(session, delete(WebMessage).where(WebMessage.chat.in_(chats)))
    elsewhere = WebMessage.chat.not_in(chats)
    found = await mentions.of_tickets(session, WebMessage.body, person.tickets, elsewhere)
    among_staff = (elsewhere, ~_to_a_resident(WebMessage))
    found += await mentions.of_words(session, WebMessage.body, marks.telling(), *among_staff)
    blank = {"title": "", "text": instead, "pictures": [], "files": []}
    for one in {one.id: one for one in found}.values():
        shown = {name: value for name, value in blank.items() if name in one.body}
        await web.change(session, one.chat, one.id, {**one.body, **shown})
    return gone


async def _uploads(work: Work, paths: Iterable[str]) -> None:
    """What they sent to the page goes, even if it came no further."""
    wanted = set(paths)
    known = select(Attachment.source).where(Attachment.channel == WEB, Attachment.source.in_(wanted))
    found = set(await work.session.scalars(known))
    work.session.add_all(
        Attachment(channel=WEB, bot=WEB, source=path, state=ERASE, next_at=work.now, created_at=work.now)
        for path in sorted(wanted - found)
    )
    await work.session.flush()


# --- whose


def _at(model: Any, doors: Collection[Door]) -> ColumnElement[bool]:
    """What is at one of the doors."""
    each = (and_(model.channel == one.channel, model.bot == one.bot, model.chat == one.chat) for one in doors)
    return or_(false(), *each)


def _to_a_resident(model: Any) -> ColumnElement[bool]:
    """What was said to a resident is theirs, whomever it mentions."""
    there = select(Account.id).where(Account.chat == model.chat, Account.resident_id.is_not(None))
    if model is WebMessage:
        return there.where(Account.channel == WEB, Account.staff_id.is_(None)).exists()
    same = (Account.channel == model.channel, Account.bot == model.bot, Account.staff_id.is_(None))
    return there.where(*same).exists()
