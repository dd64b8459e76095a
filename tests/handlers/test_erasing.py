"""Somebody is forgotten: no word of theirs is left anywhere, and nothing of anybody else has changed."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import JSON, String, select, update
from sqlalchemy.dialects.postgresql import JSONB

from flows import catalogue
from handlers.cards import drawing, sheets
from handlers.cards.residents import resident_view
from handlers.desk import Work
from handlers.envelopes import Kind, Outgoing
from handlers.identity import merging
from handlers.identity.merging import Unmergeable
from handlers.outbox import delivery
from handlers.people import linking
from handlers.privacy import erasing, scrubbing
from handlers.privacy.erasing import Unerasable
from handlers.privacy.traces import RULES, Trace
from handlers.tickets import Doer
from models import (
    Account,
    Attachment,
    ChangeLog,
    Code,
    Consent,
    DeadLetter,
    Membership,
    Merge,
    Outbox,
    Phone,
    Resident,
    Ticket,
    TicketEvent,
    WebMessage,
)
from models.base import Base
from models.database import Database
from models.resident import homes_of, phones_of
from models.web import post as write
from tests.lives import done, erased, exported, mention, moved, rated, reported, totals, withdrawn
from tests.transcripts.script import Play
from tests.world import TEXTS, World, world

SECRET = "厨房水管爆了千万别告诉别人"
"""What 李雷 writes everywhere."""
TRACES = ("李雷", "13800000001", "138 0000 0001", SECRET)


# --- nothing is forgotten to be forgotten


def test_every_table_has_a_rule_that_speaks_of_every_text_in_it() -> None:
    assert set(RULES) == set(Base.metadata.tables)
    ruled = 0
    for table in Base.metadata.sorted_tables:
        rule = RULES[table.name]
        if isinstance(rule, Trace) and not rule.goes:
            texts = {one.name for one in table.columns if isinstance(one.type, String | JSON | JSONB)}
            assert texts <= rule.texts(), f"{table.name}: {sorted(texts - rule.texts())}"
            assert rule.texts() | set(rule.by) <= set(table.columns.keys())
            ruled += 1
    assert ruled > 5


def test_every_table_that_points_at_somebody_is_somebodys() -> None:
    theirs = {"resident"}
    for table in Base.metadata.sorted_tables:
        if any(key.column.table.name in theirs for key in table.foreign_keys):
            theirs.add(table.name)
    nobodys = {name for name, rule in RULES.items() if type(rule).__name__ == "Nobody"}
    assert {"ticket", "conversation", "inbox", "outbox", "attachment"} <= theirs
    assert not theirs & nobodys


# --- a life, and what is left of it


async def _lives(w: World, who: str = "李雷", secret: str = SECRET) -> None:
    """A resident leaves something in every table."""
    first, second = await reported(w, who, secret), await reported(w, who, f"又是{secret}")
    await moved(w, first, "add", Doer(resident=w.people[who]), note=secret)
    await rated(w, who, first, f"还是{secret}")
    await withdrawn(w, second, f"他说{secret}")
    await w.say(who, f"报修：{secret}")
    await w.photo(who, f"照片里{secret}")
    await w.edit(who, "报修", f"报修：改成{secret}")
    async with w.database.transaction() as session:
        account = (await session.scalars(select(Account).filter_by(external_id=who))).one()
        place = {"channel": account.channel, "bot": "bot"}
        resident = w.people[who]
        record = await session.get_one(Resident, resident)
        record.settings = {"record": {"people": [secret], "emergency": {"name": secret, "phone": "+8613"}}}
        await linking_code(w, session, resident)
        session.add_all(
            [
                Consent(resident_id=resident, purpose="data", version="1", at=w.now),
                _change(w, resident, secret),
                DeadLetter(
                    **place,
                    key=f"dead-{who}",
                    payload={"account": who, "text": secret},
                    error=secret,
                    first_at=w.now,
                ),
                Attachment(
                    ticket_id=first, **place, source="s", caption=secret, next_at=w.now, created_at=w.now
                ),
            ]
        )
        message = Outgoing(f"{who}说：{secret}", "员工看的", ticket=first)
        locked = Outgoing(f"{who} 输错了验证码")
        for chat, told in (("王师傅", message), ("陈值班", locked)):
            await delivery.post(session, channel="test", bot="bot", chat=chat, message=told, now=w.now)
    await w.deliver()
    card = next(one for one in w.chats["王师傅"] if one.message.ticket == first)
    await w.hear(w.inbound("王师傅", Kind.TAP, tap=f"t.{first}.show", tapped=card.id))


async def linking_code(w: World, session: Any, resident: int) -> None:
    expires = w.now + timedelta(days=1)
    mine = Code(digest=f"d{resident}", role=linking.LINK, resident_id=resident, issued_at=w.now)
    mine.expires_at = expires
    session.add(mine)


def _change(w: World, resident: int, value: str) -> ChangeLog:
    return ChangeLog(
        resident_id=resident,
        field="phone",
        old=value,
        new=value,
        why=value,
        who="staff:1",
        source="test",
        at=w.now,
    )


async def test_no_word_of_theirs_is_left_in_any_column_of_any_table(database: Database) -> None:
    async with world(database) as w:
        await _lives(w)
        await _lives(w, "韩梅", "客厅的灯不亮了谁也别说")
        found = {line.partition(":")[0].partition(".")[0] for line in await mention(database, *TRACES)}
        assert found >= {
            "account",
            "attachment",
            "card",
            "change_log",
            "conversation",
            "dead_letter",
            "inbox",
            "outbox",
            "phone",
            "resident",
            "ticket",
            "ticket_event",
        }
        before, counted = await exported(w, w.people["韩梅"]), await totals(database)
        gone = await erased(w, w.people["李雷"])
        assert await mention(database, *TRACES) == []
        assert json.dumps(await exported(w, w.people["韩梅"])) == json.dumps(before)
        assert await totals(database) == counted
        assert (gone.chats, gone.tickets, gone.photos) == (1, 2, 2)
        assert gone.messages > 5
        async with database.reading() as session:
            shell = await session.get_one(Resident, w.people["李雷"])
            consents = (await session.scalars(select(Consent).filter_by(resident_id=shell.id))).all()
            files = set(await session.scalars(select(Attachment.state).where(Attachment.state == "erase")))
            until = set(await session.scalars(select(Membership.until).filter_by(resident_id=shell.id)))
            logged = (
                await session.scalars(select(ChangeLog).filter_by(resident_id=shell.id, source="erasing"))
            ).one()
        assert (shell.erased_at, shell.name, shell.settings) == (w.now, "", {})
        assert ("data", "1") in [(one.purpose, one.version) for one in consents]
        assert files == {"erase"}
        assert until == {w.now}
        assert (logged.who, logged.why) == ("administrator", "erased on request")


async def test_the_timeline_keeps_what_happened_and_when(database: Database) -> None:
    async with world(database) as w:
        ticket = await reported(w, "李雷", SECRET)
        await rated(w, "李雷", ticket, SECRET)
        await erased(w, w.people["李雷"])
        async with database.reading() as session:
            one = await session.get_one(Ticket, ticket)
            events = (await session.scalars(select(TicketEvent).filter_by(ticket_id=ticket))).all()
        assert [event.action for event in events][-3:] == ["finish", "rate", "opinion"]
        finish = events[-3]
        assert (finish.note, finish.data["work"], finish.data["checklist"]) == ("", "", ["mat"])
        assert finish.data["staff"] == "王师傅"
        rating = {"overall": 4, "speed": 5, "manner": 4, "covers": True, "comment": ""}
        assert one.rating == rating
        assert (one.details["text"], one.details["phone"], one.details["trade"]) == ("", "", "water")


async def test_the_group_no_longer_sees_what_it_was_about(database: Database) -> None:
    async with world(database) as w:
        ticket = await reported(w, "李雷", SECRET)
        await moved(w, ticket, "add", Doer(resident=w.people["李雷"]), note=SECRET)
        await withdrawn(w, ticket)
        assert SECRET in w.words("repair")
        posts = len(w.chats["repair"])
        await erased(w, w.people["李雷"])
        card = next(one for one in w.chats["repair"] if one.message.ticket == ticket)
        assert SECRET not in card.message.text
        assert "李" not in card.message.text
        assert "HPY-2611-00001" in card.message.title
        assert len(w.chats["repair"]) == posts


async def test_a_card_that_cannot_be_changed_is_left_alone(database: Database) -> None:
    async with world(database) as w:
        await withdrawn(w, await reported(w, "李雷", SECRET))
        async with database.transaction() as session:
            await erasing.erase(Work(w.desk, session, w.now), w.people["李雷"], "administrator")
            waits = (await session.scalars(select(Outbox).filter_by(state="pending", kind="card"))).all()
        assert waits
        assert all(row.payload == {delivery.QUIET: True} for row in waits)


async def test_every_card_can_still_be_drawn_in_every_language(database: Database) -> None:
    async with world(database) as w:
        await withdrawn(w, await reported(w, "李雷", SECRET))
        await erased(w, w.people["李雷"])
        async with database.reading() as session:
            for ticket in await session.scalars(select(Ticket)):
                shown = await sheets.of(session, ticket)
                for locale in TEXTS.locales:
                    assert drawing.staff_card(shown, TEXTS, locale, private=True).title
                    assert resident_view(shown, TEXTS, locale).title


# --- whoever writes again is a stranger


async def test_their_old_chat_is_a_strangers(database: Database) -> None:
    async with world(database) as w:
        await withdrawn(w, await reported(w, "李雷", SECRET))
        await w.say("李雷", f"报修：{SECRET}")
        await erased(w, w.people["李雷"])
        await w.say("李雷", "我的工单")
        assert "绑定" in w.last("李雷").message.text
        async with database.reading() as session:
            known = (await session.scalars(select(Account.resident_id).filter_by(external_id="李雷"))).all()
        assert known == [None]
        await w.say("李雷", await w.code("3-1201"))
        async with database.reading() as session:
            anew = await session.scalar(select(Account.resident_id).filter_by(external_id="李雷"))
            homes = await homes_of(session, w.people["李雷"], w.now)
        assert anew not in (w.people["李雷"], w.people["韩梅"])
        assert not homes


async def test_a_chat_they_disconnected_before_is_forgotten_too(database: Database) -> None:
    async with world(database) as w:
        await withdrawn(w, await reported(w, "李雷", SECRET))
        async with database.transaction() as session:
            await session.execute(
                update(Account).where(Account.external_id == "李雷").values(resident_id=None)
            )
        await erased(w, w.people["李雷"])
        assert await mention(database, *TRACES) == []


async def test_a_colleague_who_lives_here_stays_a_colleague(database: Database) -> None:
    async with world(database) as w:
        await withdrawn(w, await reported(w, "李雷", SECRET))
        async with database.transaction() as session:
            mine = update(Account).where(Account.external_id == "王师傅")
            await session.execute(mine.values(resident_id=w.people["李雷"]))
        await erased(w, w.people["李雷"])
        async with database.reading() as session:
            account = (await session.scalars(select(Account).filter_by(external_id="王师傅"))).one()
        assert (account.staff_id, account.resident_id) == (w.people["王师傅"], None)
        assert account.reachable


async def test_what_an_owner_said_of_a_tenants_ticket_goes_with_the_owner(database: Database) -> None:
    async with world(database) as w:
        ticket = await reported(w, "韩梅", "客厅的灯不亮了")
        async with database.transaction() as session:
            session.add(
                TicketEvent(
                    ticket_id=ticket,
                    at=w.now,
                    action="add",
                    actor=f"resident:{w.people['李雷']}",
                    note=SECRET,
                    data={"said": SECRET},
                )
            )
        before = await exported(w, w.people["韩梅"])
        assert SECRET not in json.dumps(before, ensure_ascii=False)
        await erased(w, w.people["李雷"])
        assert await mention(database, *TRACES) == []
        assert await exported(w, w.people["韩梅"]) == before


# --- what stands in the way


async def test_what_is_under_way_has_to_end_first(database: Database) -> None:
    async with world(database) as w:
        ticket = await reported(w, "李雷", SECRET)
        with pytest.raises(Unerasable, match="open") as told:
            await erased(w, w.people["李雷"])
        assert [one.id for one in told.value.tickets] == [ticket]
        assert await mention(database, "李雷")
        await done(w, ticket)
        async with database.reading() as session:
            assert await erasing.hindrance(session, w.people["李雷"]) == []
        await erased(w, w.people["李雷"])
        (one,) = await w.tickets()
        assert (one.state, one.outcome) == ("closed", "unrated")


async def test_nobody_is_forgotten_twice(database: Database) -> None:
    async with world(database) as w:
        await erased(w, w.people["李雷"])
        with pytest.raises(Unerasable, match="erased"):
            await erased(w, w.people["李雷"])
        with pytest.raises(Unerasable, match="unknown"):
            await erased(w, 999)


async def test_a_message_in_the_same_instant_is_a_strangers_or_goes_too(database: Database) -> None:
    async with world(database) as w:
        await withdrawn(w, await reported(w, "李雷", SECRET))
        await asyncio.gather(w.say("李雷", f"报修：{SECRET}"), erased(w, w.people["李雷"]))
        async with database.reading() as session:
            homes = await homes_of(session, w.people["李雷"], w.now)
            phones = await phones_of(session, w.people["李雷"])
            theirs = set(await session.scalars(select(Account.resident_id).filter_by(external_id="李雷")))
        assert (list(homes), phones) == ([], ())
        assert theirs <= {None}


# --- records that were made one


@pytest.mark.parametrize("undone", [True, False])
async def test_a_merge_gives_nothing_back(database: Database, undone: bool) -> None:
    async with world(database) as w:
        li, han = w.people["李雷"], w.people["韩梅"]
        async with database.transaction() as session:
            session.add(Phone(resident_id=han, number="+8613800000001"))
        async with database.transaction() as session:
            work = Work(w.desk, session, w.now)
            made = await merging.merge(work, han, li, "test")
            if undone:
                await merging.undo(work, made.id, "test")
        assert any(line.startswith("merge.") for line in await mention(database, "李雷"))
        whom = li if undone else han
        await erased(w, whom)
        traces = [*TRACES[:1], *(() if undone else ("韩梅", "13800000002"))]
        assert await mention(database, *traces) == []
        async with database.transaction() as session:
            with pytest.raises(Unmergeable):
                await merging.undo(Work(w.desk, session, w.now), made.id, "test")
            kept = await session.get_one(Merge, made.id)
            assert {row["id"] for row in kept.moved["dropped"]["resident"]} == {li}


# --- the page


async def test_the_pages_log_is_emptied_where_it_is_about_them(database: Database) -> None:
    async with world(database) as w:
        await w.on("李雷", "web")
        ticket = await reported(w, "李雷", SECRET)
        await withdrawn(w, ticket)
        paths = [f"ab/{'0' * 31}{n}.jpg" for n in range(2)]
        async with database.transaction() as session:
            own = {"text": SECRET, "key": "1", "files": paths}
            await write(session, "李雷", "me", own, w.now)
            about = Outgoing(SECRET, "HPY", ticket=ticket).to_json()
            await write(session, "staff:1", "bot", about, w.now)
            await write(session, "repair@HPY", "staff:1", {"text": f"说：{SECRET}", "key": "2"}, w.now)
            await write(session, "韩梅", "me", {"text": "李雷家漏水", "key": "3"}, w.now)
            session.add(Account(channel="web", bot="web", external_id="韩梅", chat="韩梅", resident_id=2))
            session.add(
                Attachment(
                    channel="web",
                    bot="web",
                    source=paths[0],
                    ticket_id=ticket,
                    next_at=w.now,
                    created_at=w.now,
                )
            )
        await erased(w, w.people["李雷"])
        assert await mention(database, SECRET) == []
        async with database.reading() as session:
            log = (await session.scalars(select(WebMessage).order_by(WebMessage.id))).all()
            unwanted = await session.scalars(select(Attachment.source).where(Attachment.state == "erase"))
            assert sorted(unwanted) == paths
        assert [one.chat for one in log] == ["staff:1", "repair@HPY", "韩梅"]
        assert log[0].body["text"] == "（应住户要求，这里的内容已删除）"
        assert log[2].body["text"] == "李雷家漏水", "what a neighbour wrote is the neighbour's"


# --- words


def test_numbers_times_and_choices_stay_and_words_go() -> None:
    kept = {
        "trade": "water",
        "amount": 1200,
        "paid": True,
        "start": "2026-11-24",
        "visit": ["2026-11-24T14:00:00+08:00", "2026-11-24T16:00:00+08:00"],
        "company": "宏图装饰",
        "workers": [["张三", "+8613800000000"]],
        "张三": "hello",
        "staff": "王师傅",
    }
    left = {name: value for name, value in kept.items() if name != "张三"}
    left |= {"company": "", "workers": [["", ""]]}
    assert scrubbing.scrubbed(kept, scrubbing.OURS) == left
    taken = set(scrubbing.words(kept, scrubbing.OURS))
    assert taken == {"宏图装饰", "张三", "+8613800000000", "hello"}


# --- every service there is


STORIES = Path(__file__).parents[1] / "transcripts" / "zh_CN"
TALES = [path for kind in catalogue.lifecycles() for path in sorted(STORIES.glob(f"{kind}*.txt"))]


@pytest.mark.parametrize("tale", [STORIES / "dripping_tap.txt", *TALES], ids=lambda path: path.stem)
async def test_whatever_the_service_its_cards_can_be_drawn_without_a_word(
    tale: Path, sqlite_url: str
) -> None:
    """The story is told, everything in it ends, and everybody in it is forgotten."""
    database = Database(sqlite_url)
    told = await asyncio.to_thread(tale.read_text, encoding="utf-8")
    async with world(database) as w:
        await Play(w).run(told)
        phones = await _everybody_forgotten(w)
        async with database.reading() as session:
            tickets = (await session.scalars(select(Ticket))).all()
            assert tickets
            for ticket in tickets:
                shown = await sheets.of(session, ticket)
                for locale in TEXTS.locales:
                    assert drawing.staff_card(shown, TEXTS, locale, private=True).title
                    assert resident_view(shown, TEXTS, locale).title
        assert await mention(database, *phones) == []
    await database.close()


async def _everybody_forgotten(w: World) -> set[str]:
    """Their phone numbers."""
    async with w.database.transaction() as session:
        for ticket in await session.scalars(select(Ticket)):
            ticket.state = sorted(catalogue.lifecycles()[ticket.kind].final)[0]
            ticket.closed_at = w.now
        phones = {one.removeprefix("+86") for one in await session.scalars(select(Phone.number))}
        residents = (await session.scalars(select(Resident.id).where(Resident.erased_at.is_(None)))).all()
    for resident in residents:
        await erased(w, resident)
    return phones
