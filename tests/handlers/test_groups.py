"""Who can be reached, who may bind a group, and what of a group's talk is kept."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from handlers.envelopes import Kind
from models import Group, Inbox, Staff
from models.database import Database
from tests.world import World, world


@pytest.fixture
async def w(database: Database) -> World:
    async with world(database) as made:
        return made


async def test_20_who_lets_us_in_again_is_no_longer_called_unreachable(w: World) -> None:
    await w.report("李雷")
    await w.hear(w.inbound("李雷", Kind.BLOCKED))
    await w.tap("王师傅", "接单", chat="repair")
    assert "收不到消息" in w.words("repair")
    await w.hear(w.inbound("李雷", Kind.UNBLOCKED))
    assert "收不到消息" not in w.words("repair")
    assert "王师傅" in w.words("repair")


async def test_who_has_left_binds_no_group(w: World) -> None:
    async with w.database.transaction() as session:
        await session.execute(update(Staff).where(Staff.name == "管理员").values(left_at=w.now))
    await w.say("管理员", "/bind repair", chat="elsewhere")
    async with w.database.reading() as session:
        assert (await session.scalars(select(Group.chat))).all() == ["repair"]


async def test_an_edit_of_talk_among_others_is_not_kept(w: World) -> None:
    await w.hear(w.inbound("路人", Kind.EDIT, "repair", text="among us"))
    await w.hear(w.inbound("李雷", Kind.EDIT, text="to you"))
    async with w.database.reading() as session:
        kept = (await session.scalars(select(Inbox.kept).order_by(Inbox.id))).all()
    assert kept == [None, "to you"]


async def test_29_the_menu_is_nothing_for_a_group(w: World) -> None:
    await w.report("李雷")
    before = len(w.chats["repair"])
    receipt = await w.hear(w.inbound("李雷", Kind.TAP, "repair", tap="m.tickets", tapped="m1"))
    assert (receipt.replies, len(w.chats["repair"])) == ((), before)
    assert receipt.hint
