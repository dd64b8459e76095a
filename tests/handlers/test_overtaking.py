"""A colleague answers a card before we know that it has arrived: the answer is not lost."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select, update

from handlers.envelopes import Kind, Media
from handlers.outbox.outcomes import Outcome, Refused, Result, Taken
from handlers.outbox.settling import settle
from handlers.reporting import Reports
from models import Card, Due, Outbox, TicketEvent
from models.database import Database
from tests.world import World, world

CARD = "the card"


async def under_way(w: World) -> int:
    """A ticket whose card the channel has just taken, which is not written down yet; its outbox row."""
    await w.report("李雷")
    async with w.database.transaction() as session:
        row = (await session.scalars(select(Outbox).where(Outbox.chat == "repair"))).one()
        row.state, row.sent_at = "sending", None
        await session.execute(update(Card).where(Card.id == row.card_id).values(message=None))
        return row.id


async def written_down(w: World, row: int, outcome: Outcome) -> None:
    async with w.database.transaction() as session:
        await settle(session, Reports(w.desk).callbacks(), [Result(row, w.now, outcome)])


async def notes(w: World) -> list[str]:
    async with w.database.reading() as session:
        return list(await session.scalars(select(TicketEvent.note).filter_by(action="note")))


async def kept(w: World) -> list[Due]:
    async with w.database.reading() as session:
        return list(await session.scalars(select(Due).filter_by(kind="heard_again")))


async def test_a_reply_that_is_faster_than_our_commit_reaches_the_ticket(database: Database) -> None:
    async with world(database) as w:
        row = await under_way(w)
        said = w.inbound("王师傅", Kind.TEXT, "repair", text="我认识这家，我去", reply_to=CARD)
        for _ in range(2):
            await w.hear(said)
        await w.wait(timedelta(seconds=10))
        assert await notes(w) == [], "nobody knows yet what it is about"
        await written_down(w, row, Taken(CARD))
        await w.wait(timedelta(seconds=5))
        assert await notes(w) == ["我认识这家，我去"]
        (due,) = await kept(w)
        assert due.done_at is not None
        assert due.data == {}, "the words are kept on the ticket alone"


async def test_a_photo_comes_along(database: Database) -> None:
    async with world(database) as w:
        row = await under_way(w)
        photo = w.inbound("王师傅", Kind.PHOTO, "repair", media=Media("file-1", album="a"), reply_to=CARD)
        await w.hear(photo)
        await written_down(w, row, Taken(CARD))
        await w.wait(timedelta(seconds=5))
        async with w.database.reading() as session:
            event = (await session.scalars(select(TicketEvent).filter_by(action="note"))).one()
        assert event.data["photos"] == 1


async def test_a_reply_to_something_else_is_talk_among_people(database: Database) -> None:
    async with world(database) as w:
        row = await under_way(w)
        await w.say("王师傅", "中午吃什么", "repair", reply_to="a colleague's message")
        await written_down(w, row, Taken(CARD))
        await w.wait(timedelta(seconds=5))
        assert await notes(w) == []
        await w.say("王师傅", "好吃", "repair", reply_to="a colleague's message")
        assert len(await kept(w)) == 1, "nothing is under way any more"


async def test_it_is_not_waited_for_ever(database: Database) -> None:
    async with world(database) as w:
        row = await under_way(w)
        await w.say("王师傅", "我去", "repair", reply_to=CARD)
        await w.wait(timedelta(minutes=6))
        assert [due.done_at is not None for due in await kept(w)] == [True]
        await written_down(w, row, Refused("gone"))
        assert await notes(w) == []
