"""A channel whose answers are written beforehand, a clock that is set by hand, and a house with tickets."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.budget import UNLIMITED, Limits
from bot.channel import SendError, Uncertain
from bot.sender import Sender
from handlers.envelopes import Button, Capabilities, Outgoing
from handlers.outbox import delivery
from handlers.outbox.outcomes import Callbacks
from models.account import Account
from models.card import Card
from models.community import Building, Community, Home
from models.database import Database
from models.group import Group
from models.outbox import Outbox
from models.ticket import Ticket

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
CHANNEL, BOT = "telegram", "100"
WANG, LI, GROUP = "7001", "7002", "-500"


@dataclass(slots=True)
class Clock:
    """Stands still until it is told to go on."""

    at: datetime = NOON

    def __call__(self) -> datetime:
        return self.at

    def go_on(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@dataclass(frozen=True, slots=True)
class Call:
    """One call that reached the channel; `edits` is the message that was to be changed."""

    at: datetime
    chat: str
    text: str
    edits: str = ""
    buttons: tuple[str, ...] = ()
    taken: bool = True


class Swallowed(Uncertain):
    """The vendor took the message, and the answer got lost."""


@dataclass(slots=True)
class Line:
    """A door that answers as it was told, chat by chat, and else takes everything.

    A text with bars is one message of several parts. `slow` chats answer only when they are let go.
    """

    clock: Clock
    name: str = CHANNEL
    bot: str = BOT
    capabilities: Capabilities = field(default_factory=Capabilities)
    script: dict[str, deque[SendError | None]] = field(default_factory=lambda: defaultdict(deque))
    slow: dict[str, asyncio.Event] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    posted: int = 0

    def tell(self, chat: str, *answers: SendError | None) -> None:
        self.script[chat].extend(answers)

    def split(self, message: Outgoing) -> tuple[Outgoing, ...]:
        return tuple(replace(message, text=text) for text in message.text.split("|"))

    async def send(self, chat: str, message: Outgoing) -> str:
        await self._answer(chat, message, "")
        self.posted += 1
        return str(self.posted)

    async def edit(self, chat: str, message_id: str, message: Outgoing) -> None:
        await self._answer(chat, message, message_id)

    async def fetch(self, source: str) -> bytes:
        return source.encode()

    async def _answer(self, chat: str, message: Outgoing, edits: str) -> None:
        answer = self.script[chat].popleft() if self.script[chat] else None
        buttons = tuple(button.data for row in message.buttons for button in row)
        taken = answer is None or isinstance(answer, Swallowed)
        self.calls.append(Call(self.clock(), chat, message.text, edits, buttons, taken))
        await asyncio.sleep(0)
        if chat in self.slow:
            await self.slow[chat].wait()
        if answer is not None:
            raise answer

    def said(self, chat: str) -> list[str]:
        """What the chat was told and took, in order."""
        return [call.text for call in self.calls if call.chat == chat and call.taken]


@dataclass(slots=True)
class House:
    """A database with a community in it, and one sender of its outbox."""

    database: Database
    clock: Clock = field(default_factory=Clock)
    reported: list[str] = field(default_factory=list)
    line: Line = field(init=False)

    def __post_init__(self) -> None:
        self.line = Line(self.clock)

    def sender(self, limits: Limits = UNLIMITED, *, holder: str = "one", poll: float = 0.01) -> Sender:
        return Sender(
            self.database,
            self.line,
            self.callbacks(),
            limits=limits,
            now=self.clock,
            holder=holder,
            poll=poll,
            jitter=lambda seconds: seconds,
        )

    def callbacks(self) -> Callbacks:
        return Callbacks(
            draw, listing, self.unreachable, self.failed, on_unknown=self.unknown, on_group_lost=self.lost
        )

    async def unreachable(self, session: AsyncSession, row: Outbox) -> None:
        self.reported.append(f"unreachable {row.payload['message']['text']}")

    async def failed(self, session: AsyncSession, row: Outbox) -> None:
        self.reported.append(f"failed {row.error}")

    async def unknown(self, session: AsyncSession, row: Outbox) -> None:
        self.reported.append("unknown")

    async def lost(self, session: AsyncSession, group: Group) -> None:
        self.reported.append(f"lost {group.purpose}")

    async def furnish(self) -> None:
        """Wang and Li, and a repair group."""
        async with self.database.transaction() as session:
            session.add(Community(id=1, code="HPY", name="湖畔花园", name_en="Lakeside", settings={}))
            await session.flush()
            session.add(Building(id=1, community_id=1, name="3"))
            await session.flush()
            session.add(Home(id=1, community_id=1, building_id=1, name="3-1201"))
            session.add(Group(id=1, community_id=1, purpose="repair", channel=CHANNEL, bot=BOT, chat=GROUP))
            for chat in (WANG, LI):
                session.add(Account(channel=CHANNEL, bot=BOT, external_id=chat, chat=chat))

    async def write(self, chat: str, *texts: str, lane: int = 1, **more: datetime | int | None) -> None:
        """Put messages into the outbox."""
        async with self.database.transaction() as session:
            for text in texts:
                await delivery.post(
                    session,
                    channel=CHANNEL,
                    bot=BOT,
                    chat=chat,
                    message=Outgoing(text),
                    now=self.clock(),
                    lane=lane,
                    **more,  # type: ignore[arg-type]
                )

    async def ticket(self, words: str, *, lane: int = 1) -> int:
        """A new ticket with a card for the group on its way; returns the card's id."""
        async with self.database.transaction() as session:
            ticket = Ticket(
                number=words,
                kind="repair",
                state="new",
                community_id=1,
                home_id=1,
                details={"words": words},
                clocks={},
                created_at=self.clock(),
            )
            session.add(ticket)
            await session.flush()
            card = Card(
                ticket_id=ticket.id,
                kind="group",
                group_id=1,
                channel=CHANNEL,
                bot=BOT,
                chat=GROUP,
                created_at=self.clock(),
            )
            session.add(card)
            await session.flush()
            await delivery.refresh(session, card, now=self.clock(), lane=lane)
            return card.id

    async def reword(self, card: int, words: str, *, lane: int = 1) -> None:
        """The ticket of a card changes."""
        async with self.database.transaction() as session:
            await reword(session, card, words, self.clock(), lane=lane)

    async def rows(self, **wanted: object) -> Sequence[Outbox]:
        async with self.database.reading() as session:
            return (await session.scalars(select(Outbox).filter_by(**wanted).order_by(Outbox.id))).all()

    async def states(self) -> list[str]:
        return [row.state for row in await self.rows()]

    async def card(self, card: int) -> Card:
        async with self.database.reading() as session:
            return await session.get_one(Card, card)


async def reword(session: AsyncSession, card: int, words: str, now: datetime, *, lane: int = 1) -> None:
    shown = await session.get_one(Card, card)
    ticket = await session.get_one(Ticket, shown.ticket_id)
    ticket.details = {"words": words}
    await delivery.refresh(session, shown, now=now, lane=lane)


async def draw(session: AsyncSession, card: Card) -> Outgoing | None:
    ticket = await session.get_one(Ticket, card.ticket_id)
    if ticket.details["words"] == "unspeakable":
        raise KeyError("words")
    return Outgoing(ticket.details["words"], ticket=ticket.id)


async def listing(session: AsyncSession, cards: Sequence[Card]) -> Outgoing:
    buttons = tuple((Button(str(card.ticket_id), f"t.{card.ticket_id}.card"),) for card in cards)
    return Outgoing(f"{len(cards)} more", buttons=buttons)


async def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Look every few milliseconds, for some seconds at most."""
    for _ in range(int(seconds / 0.005)):
        if condition():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("it never came to that")
