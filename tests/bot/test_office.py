"""Residents merged and parted from the command line: named by an id, a ticket or a phone."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import TypeAlias

import pytest
from sqlalchemy import func, select

from bot import office
from bot.office import Impossible
from bot.settings import Settings
from handlers.desk import utcnow
from models import Merge, Outbox, Phone, Resident
from models.database import Database
from tests.world import World, world

Named: TypeAlias = Callable[[World], str]


@pytest.fixture
def settings(database_url: str) -> Settings:
    return Settings(database_url=database_url)


NAMES: dict[str, Named] = {
    "id": lambda w: str(w.people["韩梅"]),
    "ticket": lambda w: "hpy-2611-00001",
    "phone": lambda w: "138 0000 0002",
    "international phone": lambda w: "+8613800000002",
}


@pytest.mark.parametrize("name", NAMES)
async def test_a_resident_is_named_in_any_way(database: Database, settings: Settings, name: str) -> None:
    async with world(database) as w:
        await w.report("韩梅")
        said = await office.merge_residents(settings, keep=str(w.people["李雷"]), gone=NAMES[name](w))
        found = re.search(r"to take it back: resident undo (\d+)$", said)
        assert found, said
        assert "chats 1" in said
        assert "tickets 1" in said
        async with database.reading() as session:
            made = (await session.scalars(select(Merge))).one()
            assert await session.get(Resident, w.people["韩梅"]) is None
            waiting = select(func.count(Outbox.id)).where(Outbox.state == "pending")
            assert await session.scalar(waiting) == 1, "the card names its resident anew"
        assert (made.id, made.by) == (int(found[1]), "administrator")
        assert utcnow().year >= made.at.year
        said = await office.part_residents(settings, number=made.id)
        assert f"resident {w.people['韩梅']} is there again" in said
        async with database.reading() as session:
            assert await session.get(Resident, w.people["韩梅"]) is not None


async def test_what_cannot_be_is_said_in_one_line(database: Database, settings: Settings) -> None:
    async with world(database) as w:
        li, han = str(w.people["李雷"]), str(w.people["韩梅"])
        async with database.transaction() as session:
            session.add(Phone(resident_id=w.people["李雷"], number="+8613800000002", rank=1))
        wrong = {
            ("999", li): "no resident '999'",
            (li, "HPY-2611-99999"): "no resident 'HPY-2611-99999'",
            (li, "somebody"): "no resident 'somebody'",
            (li, "138 0000 0009"): "no resident '138 0000 0009'",
            (li, "138 0000 0002"): f"several residents have .*: give one of the ids {li}, {han}",
            (li, li): "the same resident",
        }
        for (keep, gone), said in wrong.items():
            with pytest.raises(Impossible, match=said):
                await office.merge_residents(settings, keep=keep, gone=gone)
        with pytest.raises(Impossible, match="no such merge"):
            await office.part_residents(settings, number=1)
        await office.merge_residents(settings, keep=li, gone=han)
        await office.part_residents(settings, number=1)
        with pytest.raises(Impossible, match="undone already"):
            await office.part_residents(settings, number=1)


async def test_two_administrators_at_once_merge_once(database: Database, settings: Settings) -> None:
    async with world(database) as w:
        li, han = str(w.people["李雷"]), str(w.people["韩梅"])
        both = await asyncio.gather(
            office.merge_residents(settings, keep=li, gone=han),
            office.merge_residents(settings, keep=han, gone=li),
            return_exceptions=True,
        )
        assert sorted(isinstance(one, Impossible) for one in both) == [False, True], both
        async with database.reading() as session:
            assert await session.scalar(select(func.count(Resident.id))) == 1
