"""Somebody asks for everything we hold of them: it is all there, and nothing of anybody else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import select

from handlers.desk import Work
from handlers.envelopes import Outgoing
from handlers.identity import merging
from handlers.outbox import delivery
from handlers.privacy import exporting
from handlers.privacy.exporting import Nothing
from handlers.tickets import Doer
from models import Account, Attachment, ChangeLog, Consent, Resident, TicketEvent, WebMessage
from models.base import Base
from models.database import Database
from models.web import post as write
from tests.lives import erased, exported, moved, rated, reported, withdrawn
from tests.world import World, world

STORY, OTHER = "厨房水管爆了", "客厅的灯不亮了"
HELD = {
    "account": "chats",
    "attachment": "photos",
    "change_log": "changes",
    "consent": "consents",
    "conversation": "drafts",
    "gate_pass": "tickets",
    "inbox": "messages",
    "membership": "homes",
    "outbox": "messages",
    "phone": "phones",
    "resident": "resident",
    "ticket": "tickets",
    "ticket_event": "tickets",
    "web_message": "messages",
}
"""Under what name the rows of each table are handed out."""
NOT_HELD = {
    "card": "where a message stands",
    "claim": "what they have begun within the last minutes",
    "code": "a hash",
    "due": "when we shall do something next",
    "gate_scan": "a guard's",
}


def words(held: dict[str, Any]) -> str:
    return json.dumps(held, ensure_ascii=False)


def test_every_table_with_something_of_theirs_is_handed_out_or_known_not_to_be() -> None:
    theirs = {"resident"}
    for table in Base.metadata.sorted_tables:
        if any(key.column.table.name in theirs for key in table.foreign_keys):
            theirs.add(table.name)
    assert theirs <= set(HELD) | set(NOT_HELD)


async def test_everything_is_there(database: Database) -> None:
    async with world(database) as w:
        li = w.people["李雷"]
        ticket = await reported(w, "李雷", STORY)
        await moved(w, ticket, "add", Doer(resident=li), note="已经关了总阀")
        await rated(w, "李雷", ticket, "师傅很好")
        await w.say("李雷", "报修：大门坏了")
        await w.photo("李雷", "门锁的样子")
        async with database.transaction() as session:
            (await session.get_one(Resident, li)).settings = {"record": {"pets": ["猫"]}}
            session.add_all([Consent(resident_id=li, purpose="data", version="1", at=w.now), _change(w, li)])
        held = await exported(w, li)
        assert set(held) == set(HELD.values())
        assert held["resident"]["name"] == "李雷"
        assert held["resident"]["settings"] == {"record": {"pets": ["猫"]}}
        assert [one["number"] for one in held["phones"]] == ["+8613800000001"]
        assert [(one["home"], one["role"]) for one in held["homes"]] == [("3-1201", "owner")]
        assert ("data", "1") in [(one["purpose"], one["version"]) for one in held["consents"]]
        assert [(one["field"], one["new"], one["who"]) for one in held["changes"]] == [
            ("phone", "新号码", "staff")
        ]
        assert [(one["channel"], one["address"]) for one in held["chats"]] == [("test", "李雷")]
        (told,) = held["tickets"]
        assert (told["number"], told["details"]["text"]) == ("HPY-2611-00001", STORY)
        assert (told["rating"]["overall"], told["rating"]["comment"]) == (4, "师傅很好")
        assert {"opened", "add", "accept", "finish", "rate"} <= {one["action"] for one in told["timeline"]}
        added = next(one for one in told["timeline"] if one["action"] == "add")
        assert (added["by"], added["note"]) == ("you", "已经关了总阀")
        assert [one["caption"] for one in held["photos"]] == ["门锁的样子"]
        assert "大门坏了" in words({"drafts": held["drafts"]})
        assert any("王师傅" in one["text"] for one in held["messages"])


def _change(w: World, resident: int) -> ChangeLog:
    return ChangeLog(
        resident_id=resident,
        field="phone",
        old="旧号码",
        new="新号码",
        why="came by",
        who="staff:4",
        source="desk",
        at=w.now,
    )


async def test_of_others_there_is_nothing(database: Database) -> None:
    async with world(database) as w:
        li, han = w.people["李雷"], w.people["韩梅"]
        mine, theirs = await reported(w, "李雷", STORY), await reported(w, "韩梅", OTHER)
        await w.say("韩梅", f"报修：{OTHER}")
        async with database.transaction() as session:
            at = {"at": w.now, "data": {}}
            session.add_all(
                [
                    TicketEvent(
                        ticket_id=mine, action="note", actor="staff:1", note="内部", audience="staff", **at
                    ),
                    TicketEvent(ticket_id=mine, action="add", actor=f"resident:{han}", note="隔壁的话", **at),
                    Attachment(
                        ticket_id=mine,
                        channel="web",
                        bot="web",
                        source="s",
                        by="staff",
                        caption="员工的照片",
                        next_at=w.now,
                        created_at=w.now,
                    ),
                ]
            )
            about = Outgoing("韩梅家的事", ticket=theirs)
            await delivery.post(session, channel="test", bot="bot", chat="李雷", message=about, now=w.now)
        await w.deliver()
        held = await exported(w, li)
        for word in ("韩梅", "13800000002", OTHER, "内部", "隔壁的话", "员工的照片", "家的事"):
            assert word not in words(held), word
        (told,) = held["tickets"]
        assert {"at", "action", "state", "by"} == set(told["timeline"][-1])
        assert told["timeline"][-1]["by"] == "somebody else"


async def test_a_colleague_who_lives_here_gets_nothing_of_their_work(database: Database) -> None:
    async with world(database) as w:
        ticket = await reported(w, "韩梅", OTHER)
        await moved(w, ticket, "accept", Doer(staff=w.people["王师傅"]))
        async with database.transaction() as session:
            account = (await session.scalars(select(Account).filter_by(external_id="王师傅"))).one()
            account.resident_id = w.people["李雷"]
        held = await exported(w, w.people["李雷"])
        assert {one["address"] for one in held["chats"]} == {"李雷", "王师傅"}
        assert OTHER not in words(held)
        assert held["messages"] == []


async def test_what_became_one_is_handed_out_as_one(database: Database) -> None:
    async with world(database) as w:
        li, han = w.people["李雷"], w.people["韩梅"]
        await withdrawn(w, await reported(w, "韩梅", OTHER))
        async with database.transaction() as session:
            await merging.merge(Work(w.desk, session, w.now), li, han, "test")
        held = await exported(w, li)
        (told,) = held["tickets"]
        assert told["timeline"][0]["by"] == "you"
        assert len(held["chats"]) == 2
        with pytest.raises(Nothing):
            await exported(w, han)


async def test_the_pages_log_is_theirs(database: Database) -> None:
    async with world(database) as w:
        await w.on("李雷", "web")
        async with database.transaction() as session:
            await write(session, "李雷", "me", {"text": "在吗", "key": "1"}, w.now)
            await write(session, "李雷", "bot", Outgoing("在的").to_json(), w.now)
            await write(session, "韩梅", "me", {"text": OTHER, "key": "2"}, w.now)
        said = [(one["from"], one["text"]) for one in (await exported(w, w.people["李雷"]))["messages"]]
        assert said == [("you", "在吗"), ("desk", "在的")]
        async with database.reading() as session:
            assert len((await session.scalars(select(WebMessage))).all()) == 3


async def test_of_who_was_erased_nothing_is_held(database: Database) -> None:
    async with world(database) as w:
        await erased(w, w.people["李雷"])
        for nobody in (w.people["李雷"], 999):
            with pytest.raises(Nothing):
                await exported(w, nobody)


@pytest.mark.parametrize(("locale", "name"), [("zh_CN", "姓名：李**"), ("en", "Name: 李**")])
async def test_in_a_chat_it_is_short_and_masked(database: Database, locale: str, name: str) -> None:
    async with world(database) as w:
        await reported(w, "李雷", STORY)
        async with database.reading() as session:
            told = await exporting.in_words(Work(w.desk, session, w.now), w.people["李雷"], locale)
        lines = told.splitlines()
        assert lines[0] == name
        assert "3-1201" in told
        assert "*0001" in lines[1]
        assert "13800000001" not in told
        assert STORY not in told
