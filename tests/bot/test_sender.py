"""Everything that is put into the outbox leaves once, in order, at the vendor's pace, whatever goes wrong."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from itertools import pairwise

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from bot.budget import Limit, Limits
from bot.channel import (
    Gone,
    Moved,
    SendError,
    Temporary,
    Throttled,
    Unacceptable,
    Uncertain,
    Unreachable,
)
from handlers.outbox import delivery
from handlers.outbox.moving import move
from models.account import Account
from models.card import Card
from models.database import Database
from models.group import Group
from models.lease import Lease
from models.outbox import Outbox
from tests.bot.outbound import BOT, CHANNEL, GROUP, LI, NOON, WANG, House, reword, until

PACE = Limits(overall=Limit(30, 1.0), private=Limit(3, 3.0), group=Limit(20, 60.0, reserved=2))


@pytest.fixture
async def house(database: Database) -> House:
    house = House(database)
    await house.furnish()
    return house


async def test_messages_of_a_chat_leave_in_order(house: House) -> None:
    await house.write(WANG, "one", "two", "three")
    await house.write(LI, "uno")
    await house.sender().drain()
    assert house.line.said(WANG) == ["one", "two", "three"]
    assert house.line.said(LI) == ["uno"]
    assert [row.message for row in await house.rows(chat=LI)] != [None]
    assert await house.states() == ["sent"] * 4


async def test_an_emergency_overtakes(house: House) -> None:
    await house.write(GROUP, "a tap drips", "a door squeaks")
    await house.write(GROUP, "gas", lane=0)
    await house.sender().drain()
    assert house.line.said(GROUP) == ["gas", "a tap drips", "a door squeaks"]


async def test_nothing_leaves_before_its_time_and_it_lets_others_go_first(house: House) -> None:
    await house.write(WANG, "good morning", not_before=NOON + timedelta(hours=8))
    await house.write(WANG, "now")
    sender = house.sender()
    await sender.drain()
    assert house.line.said(WANG) == ["now"]
    house.clock.go_on(8 * 3600)
    await sender.drain()
    assert house.line.said(WANG) == ["now", "good morning"]


async def test_38_what_has_expired_is_not_sent(house: House) -> None:
    await house.write(WANG, "yesterday's news", expires_at=NOON)
    await house.write(WANG, "today's")
    await house.sender().drain()
    assert house.line.said(WANG) == ["today's"]
    assert await house.states() == ["expired", "sent"]


async def test_16_a_throttled_chat_waits_and_the_others_go_on(house: House) -> None:
    house.line.tell(WANG, Throttled(30))
    await house.write(WANG, "one")
    await house.write(LI, "uno", "due")
    sender = house.sender()
    await sender.drain()
    assert house.line.said(LI) == ["uno", "due"]
    await house.write(WANG, "urgent", lane=0)
    house.clock.go_on(29.9)
    await sender.drain()
    assert len([call for call in house.line.calls if call.chat == WANG]) == 1
    house.clock.go_on(0.1)
    await sender.drain()
    assert house.line.said(WANG) == ["urgent", "one"]


async def test_16_a_pause_for_the_whole_bot_stops_everybody(house: House) -> None:
    house.line.tell(WANG, Throttled(10, everywhere=True))
    await house.write(WANG, "one")
    sender = house.sender()
    await sender.drain()
    await house.write(LI, "uno")
    await sender.drain()
    assert house.line.said(LI) == []
    house.clock.go_on(10)
    await sender.drain()
    assert (house.line.said(WANG), house.line.said(LI)) == (["one"], ["uno"])


async def test_16_a_successor_keeps_to_the_pause(house: House) -> None:
    house.line.tell(WANG, Throttled(100))
    await house.write(WANG, "one")
    await house.sender().drain()
    house.clock.go_on(30)
    await house.write(WANG, "urgent", lane=0)
    successor = house.sender(holder="two")
    await successor.drain()
    assert house.line.said(WANG) == []
    house.clock.go_on(70)
    await successor.drain()
    assert house.line.said(WANG) == ["urgent", "one"]


@pytest.mark.parametrize("urgent", [0, 3])
async def test_17_sixty_tickets_in_a_minute(house: House, urgent: int) -> None:
    sender = house.sender(PACE)
    hurry = {f"ticket {number}" for number in range(30, 30 + urgent)}
    for number in range(60):
        await house.ticket(f"ticket {number}", lane=0 if f"ticket {number}" in hurry else 1)
        await sender.drain()
        house.clock.go_on(1)
    for _ in range(200):
        await sender.drain()
        house.clock.go_on(1)
    assert_never_more_than(20, 60, house)
    assert await house.rows(state="pending") == []
    said = house.line.said(GROUP)
    listed = [data for call in house.line.calls for data in call.buttons]
    alone = [text for text in said if text.startswith("ticket")]
    assert len(alone) + len(listed) == 60
    assert len(set(alone)) + len(set(listed)) == 60
    assert len(listed) > 10
    in_turn = [int(text.split()[1]) for text in alone if text not in hurry]
    assert in_turn == sorted(in_turn)
    waited = [call.at - NOON for call in house.line.calls if call.text in hurry]
    assert waited[:2] == [timedelta(seconds=number) for number in (30, 31)][:urgent]


async def test_17_sixty_tickets_at_once_take_one_minute(house: House) -> None:
    cards = [await house.ticket(f"ticket {number}") for number in range(60)]
    urgent = await house.ticket("gas", lane=0)
    sender = house.sender(PACE)
    for _ in range(70):
        await sender.drain()
        house.clock.go_on(1)
    assert_never_more_than(20, 60, house)
    assert house.line.calls[0].text == "gas"
    assert (await house.card(urgent)).message == "1"
    listed = {data for call in house.line.calls for data in call.buttons}
    without = {card for card in cards if (await house.card(card)).message is None}
    assert listed == {f"t.{(await house.card(card)).ticket_id}.card" for card in without}
    assert len(await house.rows(state="joined")) == len(without) > 40


async def test_17_a_card_that_is_called_up_comes_by_itself(house: House) -> None:
    cards = [await house.ticket(f"ticket {number}") for number in range(60)]
    sender = house.sender(PACE)
    await sender.drain()
    house.clock.go_on(60)
    await sender.drain()
    for number in range(60, 90):
        await house.ticket(f"ticket {number}")
    async with house.database.transaction() as session:
        card = await session.get_one(Card, cards[-1])
        await delivery.call_up(session, card, now=house.clock())
    for _ in range(120):
        await sender.drain()
        house.clock.go_on(1)
    assert house.line.said(GROUP).count("ticket 59") == 1
    assert (await house.card(cards[-1])).message is not None


def assert_never_more_than(most: int, seconds: float, house: House) -> None:
    """Posts and edits of the group, in any window."""
    times = [call.at for call in house.line.calls if call.chat == GROUP]
    for first in times:
        window = [at for at in times if first <= at < first + timedelta(seconds=seconds)]
        assert len(window) <= most


async def test_changes_of_a_card_become_one_edit(house: House) -> None:
    card = await house.ticket("a tap drips")
    sender = house.sender()
    await sender.drain()
    await house.reword(card, "accepted")
    await house.reword(card, "on the way")
    assert len(await house.rows(state="pending")) == 1
    await sender.drain()
    assert [(call.text, call.edits) for call in house.line.calls] == [
        ("a tap drips", ""),
        ("on the way", "1"),
    ]
    await house.reword(card, "on the way")
    await sender.drain()
    assert len(house.line.calls) == 2
    assert await house.rows(state="pending") == []


async def test_a_card_that_became_urgent_changes_lanes(house: House) -> None:
    card = await house.ticket("a tap drips")
    await house.write(GROUP, "hello")
    await house.reword(card, "flooding", lane=0)
    await house.reword(card, "flooding still", lane=1)
    await house.write(GROUP, "gas", lane=0)
    await house.sender().drain()
    assert house.line.said(GROUP) == ["flooding still", "gas", "hello"]


async def test_a_change_during_the_call_makes_a_second_edit(house: House) -> None:
    card = await house.ticket("new")
    house.line.slow[GROUP] = asyncio.Event()
    sender = house.sender()
    draining = asyncio.create_task(sender.drain())
    await until(lambda: bool(house.line.calls))
    await house.reword(card, "accepted")
    house.line.slow.pop(GROUP).set()
    await draining
    await sender.drain()
    assert [(call.text, call.edits) for call in house.line.calls] == [("new", ""), ("accepted", "1")]


async def test_a_change_that_is_not_committed_yet_is_not_missed(house: House) -> None:
    """The sender takes the waiting row only without the other transaction's change, or with all of it."""
    card = await house.ticket("new")
    sender = house.sender()
    async with house.database.transaction() as session:
        await reword(session, card, "accepted", house.clock())
        sending = asyncio.create_task(sender.drain())
        await asyncio.sleep(0.05)
    await sending
    await sender.drain()
    assert house.line.calls[-1].text == "accepted"
    assert await house.rows(state="pending") == []


async def test_18_a_private_message_with_an_unknown_end_is_parked(house: House) -> None:
    house.line.tell(WANG, Uncertain("no answer"))
    await house.write(WANG, "one", "two")
    sender = house.sender()
    for _ in range(20):
        await sender.drain()
        house.clock.go_on(60)
    assert [call.text for call in house.line.calls] == ["one", "two"]
    assert await house.states() == ["unknown", "sent"]
    assert house.reported == ["unknown"]


async def test_18_a_group_card_with_an_unknown_end_is_posted_once_more_at_most(house: House) -> None:
    house.line.tell(GROUP, Uncertain("no answer"), Uncertain("no answer"))
    await house.ticket("a tap drips")
    await house.write(GROUP, "hello")
    sender = house.sender()
    for _ in range(20):
        await sender.drain()
        house.clock.go_on(60)
    assert [call.text for call in house.line.calls] == ["a tap drips", "a tap drips", "hello"]
    assert await house.states() == ["unknown", "sent"]


async def test_19_only_the_missing_part_is_sent_again(house: House) -> None:
    house.line.tell(WANG, None, Temporary("503"))
    await house.write(WANG, "text|photo|photo 2", "next")
    sender = house.sender()
    await sender.drain()
    house.clock.go_on(1)
    await sender.drain()
    assert [call.text for call in house.line.calls] == ["text", "photo", "photo", "photo 2", "next"]


async def test_20_a_person_who_blocked_us_is_unreachable(house: House) -> None:
    house.line.tell(WANG, Unreachable("403"))
    await house.write(WANG, "one", "two")
    await house.write(LI, "uno")
    await house.sender().drain()
    async with house.database.reading() as session:
        found = await session.execute(select(Account.chat, Account.reachable).order_by(Account.chat))
        assert found.all() == [(WANG, False), (LI, True)]
    assert [call.text for call in house.line.calls if call.chat == WANG] == ["one"]
    assert await house.states() == ["failed", "failed", "sent"]
    assert house.reported == ["unreachable one", "unreachable two"]


async def test_21_cards_wait_for_the_bot_to_be_back_in_its_group(house: House) -> None:
    house.line.tell(GROUP, Unreachable("403"))
    first = await house.ticket("first")
    await house.ticket("second")
    sender = house.sender()
    await sender.drain()
    assert house.reported == ["lost repair"]
    assert await house.states() == ["held", "held"]
    await house.reword(first, "first, accepted")
    await house.ticket("third")
    await sender.drain()
    assert (len(house.line.calls), await house.states()) == (1, ["held"] * 3)
    async with house.database.transaction() as session:
        (await session.get_one(Group, 1)).present = True
        assert await delivery.release_held(session, CHANNEL, BOT, GROUP) == 3
    await sender.drain()
    assert house.line.said(GROUP) == ["first, accepted", "second", "third"]


async def test_22_a_group_that_moved_is_followed(house: House) -> None:
    house.line.tell(GROUP, Moved("-100500"))
    card = await house.ticket("a tap drips")
    await house.write(GROUP, "hello")
    sender = house.sender()
    await sender.drain()
    assert [call.chat for call in house.line.calls] == [GROUP, "-100500", "-100500"]
    assert house.line.said("-100500") == ["a tap drips", "hello"]
    async with house.database.reading() as session:
        assert (await session.get_one(Group, 1)).chat == "-100500"
    await house.reword(card, "accepted")
    await sender.drain()
    assert house.line.calls[-1].chat == "-100500"
    assert house.line.calls[-1].edits != ""


async def test_22_the_news_of_a_move_overtakes_the_answer_that_says_so(house: House) -> None:
    house.line.slow[GROUP] = asyncio.Event()
    house.line.tell(GROUP, Moved("-100500"))
    await house.ticket("a tap drips")
    sender = house.sender()
    sending = asyncio.create_task(sender.drain())
    await until(lambda: len(house.line.calls) == 1)
    async with house.database.transaction() as session:
        await move(session, CHANNEL, BOT, GROUP, "-100500")
    house.line.slow[GROUP].set()
    await sending
    await sender.drain()
    assert house.line.said("-100500") == ["a tap drips"]
    async with house.database.reading() as session:
        assert (await session.get_one(Group, 1)).chat == "-100500"


async def test_22_a_vendor_that_goes_round_in_circles_is_asked_ever_more_rarely(house: House) -> None:
    for _ in range(50):
        house.line.tell(GROUP, Moved("-1"))
        house.line.tell("-1", Moved(GROUP))
    await house.write(GROUP, "hello")
    await house.sender().drain()
    assert 2 < len(house.line.calls) < 5


async def test_23_what_the_channel_will_never_take_is_reported(house: House) -> None:
    house.line.tell(WANG, Unacceptable("too long"))
    await house.write(WANG, "one", "two")
    await house.sender().drain()
    assert house.reported == ["failed too long"]
    assert await house.states() == ["failed", "sent"]


async def test_24_order_is_kept_when_the_first_of_three_fails(house: House) -> None:
    house.line.tell(WANG, Throttled(3), Temporary("502"))
    await house.write(WANG, "one", "two", "three")
    sender = house.sender()
    for _ in range(30):
        await sender.drain()
        house.clock.go_on(0.5)
    assert house.line.said(WANG) == ["one", "two", "three"]
    assert [call.text for call in house.line.calls] == ["one"] * 3 + ["two", "three"]


async def test_28_a_deleted_card_is_posted_anew(house: House) -> None:
    card = await house.ticket("new")
    sender = house.sender()
    await sender.drain()
    house.line.tell(GROUP, Gone("message to edit not found"))
    await house.reword(card, "accepted")
    await sender.drain()
    assert [(call.text, call.edits) for call in house.line.calls] == [
        ("new", ""),
        ("accepted", "1"),
        ("accepted", ""),
    ]
    assert (await house.card(card)).message == "2"


async def test_a_server_that_is_down_is_asked_ever_more_rarely(house: House) -> None:
    house.line.tell(WANG, *[Temporary("502")] * 12)
    await house.write(WANG, "one")
    sender = house.sender()
    for _ in range(600):
        await sender.drain()
        house.clock.go_on(1)
    times = [(call.at - NOON).total_seconds() for call in house.line.calls]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert gaps == [1, 2, 5, 15, 30, 60, 60, 60, 60, 60, 60, 60]
    assert house.line.said(WANG) == ["one"]


async def test_a_card_that_cannot_be_drawn_holds_nobody_up(house: House) -> None:
    await house.ticket("unspeakable")
    await house.write(LI, "uno")
    sender = house.sender()
    for _ in range(60):
        await sender.drain()
        house.clock.go_on(1)
    await house.write(GROUP, "hello")
    await sender.drain()
    assert house.line.said(LI) == ["uno"]
    assert house.line.said(GROUP) == ["hello"]
    assert house.reported == ["failed cannot be drawn"]


async def test_a_report_that_fails_does_not_lose_the_outcome(house: House) -> None:
    class Careless(House):
        async def failed(self, session: AsyncSession, row: Outbox) -> None:
            row.message = "never mind"
            await session.execute(text("SELECT nonsense"))

    careless = Careless(house.database, house.clock)
    careless.line.tell(WANG, Unacceptable("too long"))
    await house.write(WANG, "one", "two")
    await careless.sender().drain()
    assert await house.states() == ["failed", "sent"]


async def test_a_reply_to_a_message_about_a_ticket_is_understood(house: House) -> None:
    shown = await house.card(await house.ticket("a tap drips"))
    await house.write(WANG, "text|more text", ticket=shown.ticket_id)
    await house.sender().drain()
    async with house.database.reading() as session:
        notices = await session.scalars(select(Card).where(Card.kind == "notice").order_by(Card.id))
        told = [(notice.ticket_id, notice.chat, notice.message) for notice in notices]
    assert told == [(shown.ticket_id, WANG, "2"), (shown.ticket_id, WANG, "3")]


async def test_one_slow_chat_blocks_nobody(house: House) -> None:
    house.line.slow[WANG] = asyncio.Event()
    await house.write(WANG, "one", "two")
    sender, stop = house.sender(poll=0.05), asyncio.Event()
    running = asyncio.create_task(sender.run(stop))
    for number in range(30):
        await house.write(LI, f"{number}")
        sender.wake()
    await until(lambda: len(house.line.said(LI)) == 30)
    assert [call.text for call in house.line.calls if call.chat == WANG] == ["one"]
    house.line.slow[WANG].set()
    await until(lambda: house.line.said(WANG) == ["one", "two"])
    stop.set()
    await running
    assert set(await house.states()) == {"sent"}


async def test_stopping_finishes_the_calls_under_way_and_hands_over(house: House) -> None:
    house.line.slow[WANG] = asyncio.Event()
    await house.write(WANG, "one", "two")
    stop = asyncio.Event()
    running = asyncio.create_task(house.sender().run(stop))
    await until(lambda: len(house.line.calls) == 1)
    stop.set()
    await asyncio.sleep(0.05)
    assert not running.done()
    house.line.slow.pop(WANG).set()
    await running
    assert await house.states() == ["sent", "pending"]
    async with house.database.reading() as session:
        lease = await session.get_one(Lease, f"sender:{CHANNEL}:{BOT}")
        assert lease.until < house.clock()
    await house.sender(holder="two").drain()
    assert house.line.said(WANG) == ["one", "two"]


async def test_two_processes_send_everything_once(house: House) -> None:
    stop = asyncio.Event()
    senders = [house.sender(holder=name, poll=0.005) for name in ("one", "two")]
    running = [asyncio.create_task(sender.run(stop)) for sender in senders]
    for number in range(40):
        await house.write(WANG, f"{number}")
        if number % 10 == 0:
            house.clock.go_on(3)
    await until(lambda: len(house.line.said(WANG)) == 40)
    assert [sender.leading for sender in senders].count(True) == 1
    stop.set()
    await asyncio.gather(*running)
    assert house.line.said(WANG) == [f"{number}" for number in range(40)]


async def test_another_process_takes_over_and_parks_what_was_under_way(house: House) -> None:
    house.line.slow[WANG] = house.line.slow[GROUP] = asyncio.Event()
    await house.write(WANG, "one", "two")
    await house.ticket("a tap drips")
    died = asyncio.create_task(house.sender().run(asyncio.Event()))
    await until(lambda: len(house.line.calls) == 2)
    died.cancel()
    await asyncio.gather(died, return_exceptions=True)
    house.line.slow.clear()
    successor = house.sender(holder="two")
    await successor.drain()
    assert not successor.leading
    house.clock.go_on(20)
    await successor.drain()
    house.clock.go_on(2)
    await successor.drain()
    assert [call.text for call in house.line.calls if call.chat == WANG] == ["one", "two"]
    assert [call.text for call in house.line.calls if call.chat == GROUP] == ["a tap drips"] * 2
    assert await house.states() == ["unknown", "sent", "sent"]


async def test_a_successor_knows_what_was_spent(house: House) -> None:
    for number in range(30):
        await house.write(GROUP, f"{number}")
    await house.sender(PACE).drain()
    assert len(house.line.calls) == 18
    house.clock.go_on(30)
    await house.write(GROUP, "gas 1", "gas 2", "gas 3", lane=0)
    successor = house.sender(PACE, holder="two")
    await successor.drain()
    assert len(house.line.calls) == 20
    house.clock.go_on(30)
    await successor.drain()
    assert house.line.calls[20].text == "gas 3"
    assert_never_more_than(20, 60, house)


async def test_a_thousand_messages_of_one_chat_do_not_hide_another(house: House) -> None:
    house.line.tell(GROUP, Throttled(600))
    await house.write(GROUP, *[f"{number}" for number in range(500)])
    sender = house.sender()
    await sender.drain()
    await house.write(LI, "uno")
    await sender.drain()
    assert house.line.said(LI) == ["uno"]


async def test_a_call_without_an_end_is_given_up_as_unknown(house: House) -> None:
    house.line.slow[WANG] = asyncio.Event()
    await house.write(WANG, "one")
    sender = house.sender()
    sender._patience = 0.05
    await sender.drain()
    assert await house.states() == ["unknown"]


async def test_a_channel_that_breaks_is_not_asked_again_and_again(house: House) -> None:
    house.line.tell(WANG, SendError("what?"), KeyError("message_id"))  # type: ignore[arg-type]
    await house.write(WANG, "one", "two", "three")
    await house.sender().drain()
    assert await house.states() == ["unknown", "unknown", "sent"]
