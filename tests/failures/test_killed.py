"""kill -9 at any instant of a conversation: what was acknowledged is kept, once, and life goes on."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

import pytest
from sqlalchemy import select, text

from models import Inbox, Outbox, Ticket, TicketEvent
from tests.emulators.telegram_phone import User
from tests.emulators.telegram_rooms import Message
from tests.emulators.telegram_screen import Wanted
from tests.estate import Estate
from tests.failures.conftest import Builder
from tests.failures.shift import Shift, begin
from tests.premises import eventually
from tests.repairing import PHONE

PATIENCE = 12.0
"""Seconds after which a person writes again: a kill may take away a question that was just on its way."""
STEPS = (("接单", "已接单"), ("出发", "正在路上"), ("到了", "正在维修"))


@pytest.mark.parametrize(("kind", "webhook"), [("sqlite", True), ("postgresql", False)])
async def test_36_killed_a_few_times(kind: str, webhook: bool, builder: Builder) -> None:
    await _rounds(builder, kind, webhook, kills=6, seed=36)


@pytest.mark.chaos
@pytest.mark.parametrize("webhook", [True, False], ids=["webhook", "polling"])
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_36_killed_again_and_again(kind: str, webhook: bool, builder: Builder) -> None:
    await _rounds(builder, kind, webhook, kills=55, seed=random.randrange(10**9))


async def _rounds(builder: Builder, kind: str, webhook: bool, *, kills: int, seed: int) -> None:
    print(f"seed {seed}")  # noqa: T201
    s = await begin(builder, kind, webhook=webhook)
    life = Life(s, await s.estate.resident("韩梅"))
    living = asyncio.gather(life.live(), life.dither())
    dice = random.Random(seed)
    for _ in range(kills):
        await _kill(s.estate, dice, living)
    life.over = True
    await asyncio.wait_for(living, 300)
    await s.estate.calm()
    await _acknowledged_is_kept(s.estate)
    await _no_ticket_is_lost_or_doubled(life)
    await _cards_and_notices(life)
    assert s.estate.program.starts == kills + 1
    assert len(s.estate.tg.updates) > kills * 4, "too little happened between the kills"


async def _kill(estate: Estate, dice: random.Random, living: asyncio.Future[tuple[None, None]]) -> None:
    """At a random instant, sometimes while it is still starting, then start again."""
    await asyncio.sleep(dice.uniform(0.0, 0.7))
    await estate.program.kill()
    if dice.random() < 0.2:
        estate.program.launch()
        await asyncio.sleep(dice.uniform(0.0, 0.5))
        await estate.program.kill()
        estate.program.starts -= 1
    await estate.program.start()
    if living.done():
        living.result()


@dataclass
class Life:
    """A resident reports one thing after the other, and a technician goes to see to each.

    That goes no faster than the group may be written to, and twice at least; meanwhile a neighbour cannot
    make up her mind.
    """

    shift: Shift
    neighbour: User
    over: bool = False
    stories: dict[str, str] = field(default_factory=dict)

    async def live(self) -> None:
        while not self.over or len(self.stories) < 2:
            await self._one()

    async def dither(self) -> None:
        """Answer every question, then cancel, over and over."""
        while not self.over:
            review = await self._answered(self.neighbour, "窗户关不上")
            await self._tapped(self.neighbour, review, "取消", "没有提交")

    async def _one(self) -> None:
        story = f"报修：第{len(self.stories) + 1}把门锁坏了"
        number = await self._report(story)
        assert number not in self.stories
        self.stories[number] = story
        for label, state in STEPS:
            await self._step(number, label, state)

    async def _report(self, story: str) -> str:
        review = await self._answered(self.shift.li, story)
        promise = await self._tapped(self.shift.li, review, "提交", lambda one: "要补充" in one.words)
        return promise.words.splitlines()[0]

    async def _answered(self, person: User, story: str) -> Message:
        since = person.messages[-1]
        await person.send(story)
        asked = await self._heard(person, _offers("我家里"), since)
        for label, then in (("我家里", "门窗门锁"), ("门窗门锁", "跳过"), ("跳过", "尽快上门")):
            asked = await self._tapped(person, asked, label, _offers(then))
        asked = await self._tapped(person, asked, "尽快上门", "打哪个电话")
        await person.send(PHONE)
        return await self._heard(person, _offers("提交"), asked)

    async def _tapped(self, person: User, asked: Message, label: str, then: Wanted) -> Message:
        await person.tap(label, asked)
        return await self._heard(person, then, asked)

    async def _heard(self, person: User, wanted: Wanted, after: Message) -> Message:
        """What a resident waits for; who hears nothing for long asks, and is asked the same again."""
        for _ in range(5):
            with suppress(TimeoutError):
                return await person.wait_for(wanted, PATIENCE, after=after)
            if await self._parked(person):
                await person.send("还在吗")
        raise AssertionError(f"{person.transcript()[-2000:]}\n{self.shift.estate.program.log[-2000:]}")

    async def _parked(self, person: User) -> bool:
        query = select(Outbox.id).where(Outbox.state == "unknown", Outbox.chat == str(person.id))
        return bool(await self.shift.estate.rows(query))

    async def _step(self, number: str, label: str, state: str) -> None:
        """The technician taps until the card shows it; a second tap does no harm."""
        card = await self.shift.group.wait_for(
            lambda one: number in one.words and (label in one.labels or state in one.words), 60
        )
        for _ in range(5):
            if state in card.words:
                return
            await self.shift.wang.tap(label, card, chat=self.shift.group)
            with suppress(TimeoutError):
                card = await self.shift.group.wait_for(
                    lambda one: number in one.words and state in one.words, PATIENCE
                )
        assert state in card.words, self.shift.group.transcript()[-2000:]


def _offers(label: str) -> Callable[[Message], bool]:
    """A message with this button: words alone may be those of an older answer that is repeated."""
    return lambda message: label in message.labels


async def _acknowledged_is_kept(estate: Estate) -> None:
    """Everything that Telegram was told was taken is in the inbox, under its key, exactly once."""
    keys = list(await estate.rows(select(Inbox.key)))
    assert len(keys) == len(set(keys))
    kept = {key.partition(".")[0] for key in keys}
    if estate.webhook:
        taken = {str(one.update["update_id"]) for one in estate.tg.deliveries if one.status == 200}
    else:
        taken = {str(update["update_id"]) for update in estate.tg.updates}
    silent = {str(update["update_id"]) for update in estate.tg.updates if _says_nothing(update)}
    assert taken - silent <= kept
    assert {str(update["update_id"]) for update in estate.tg.updates} - silent == kept
    if estate.database.sqlite:
        async with estate.database.reading() as session:
            assert await session.scalar(text("PRAGMA integrity_check")) == "ok"


def _says_nothing(update: dict[str, dict[str, object]]) -> bool:
    return "new_chat_members" in update.get("message", {})


async def _no_ticket_is_lost_or_doubled(life: Life) -> None:
    tickets = await life.shift.estate.tickets()
    assert {one.number: one.details["text"].partition("\n")[0] for one in tickets} == life.stories
    assert [int(one.number[-5:]) for one in tickets] == list(range(1, len(tickets) + 1))
    assert {one.state for one in tickets} == {"arrived"}
    for ticket in tickets:
        moves = await life.shift.estate.rows(
            select(TicketEvent.action)
            .where(TicketEvent.ticket_id == ticket.id, TicketEvent.to_state.is_not(None))
            .order_by(TicketEvent.id)
        )
        assert list(moves) == ["opened", "accept", "depart", "arrive"]


async def _cards_and_notices(life: Life) -> None:
    """A card is there once, or twice where the program died over it; a notice once, or staff were told."""
    s = life.shift
    waiting = await eventually(lambda: _nothing_waits(s.estate))
    assert waiting
    for card in await s.estate.cards():
        (number,) = await s.estate.rows(select(Ticket.number).where(Ticket.id == card.ticket_id))
        rows = await s.estate.rows(select(Outbox).where(Outbox.card_id == card.id))
        doubtful = [row for row in rows if row.payload.get("unsure")]
        given_up = [row for row in rows if row.state == "unknown"]
        assert 1 <= len(s.cards(number)) <= 1 + len(doubtful) + len(given_up)
    for number in life.stories:
        for told in ("已接单", "已出发", "已到场"):
            seen = [one for one in s.li.from_bot if number in one.words and told in one.words]
            parked = await _unknown(s.estate, number, told)
            assert len(seen) == 1 or (len(seen) == 0 and parked == 1), (number, told)


async def _unknown(estate: Estate, number: str, told: str) -> int:
    rows = [row.payload.get("message", {}) for row in await estate.outbox("unknown")]
    return len([one for one in rows if one.get("title") == number and told in one.get("text", "")])


async def _nothing_waits(estate: Estate) -> bool:
    return not [
        *await estate.outbox("pending"),
        *await estate.outbox("sending"),
        *await estate.outbox("held"),
    ]
