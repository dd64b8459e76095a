"""A pass is given out once, opens what it says for as long as it says, and nobody guesses one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from flows.engine.effects import EndPasses, IssuePass
from handlers import gate, passes
from handlers.desk import Work
from handlers.passes import ALPHABET, LENGTH, Token
from handlers.verdicts import Verdict, verdict
from models import (
    Account,
    Attachment,
    Community,
    GatePass,
    GateScan,
    Group,
    Staff,
    StaffRole,
    Ticket,
    TicketEvent,
)
from models.database import Database
from tests.world import World, world


@pytest.fixture
async def w(database: Database) -> World:
    async with world(database) as made:
        guard = await made.staff_code("guard", "老张")
        made.staff.add("老张")
        await made.say("老张", f"/staff {guard}")
        async with made.database.transaction() as session:
            place = (await session.scalars(select(Community))).one()
            session.add(
                Group(community_id=place.id, purpose="gate", channel="test", bot="bot", chat="gate", title="")
            )
        return made


async def issued(
    w: World, *, since: int = 0, until: int = 120, kind: str = "release", label: str = ""
) -> str:
    """A pass of a ticket of 李雷's, from and to so many minutes from now; its code."""
    number = await w.report("李雷")
    async with w.database.transaction() as session:
        work = Work(w.desk, session, w.now)
        ticket = await session.get_one(Ticket, number)
        start, end = (w.now + timedelta(minutes=span) for span in (since, until))
        return (await passes.issue(work, ticket, IssuePass(kind, start, end, label))).code


async def ended(w: World, code: str, *, used: bool) -> None:
    async with w.database.transaction() as session:
        found = (await session.scalars(select(GatePass).where(GatePass.code == code))).one()
        ticket = await session.get_one(Ticket, found.ticket_id)
        await passes.end(Work(w.desk, session, w.now), ticket, EndPasses(used=used))


async def judged(w: World, code: str) -> Verdict:
    async with w.database.reading() as session:
        found = (await session.scalars(select(GatePass).where(GatePass.code == code))).one()
        return verdict(Work(w.desk, session, w.now), found)


async def count(w: World, model: type[GateScan | GatePass | TicketEvent], **values: object) -> int:
    async with w.database.reading() as session:
        return await session.scalar(select(func.count()).select_from(model).filter_by(**values)) or 0


async def test_a_code_can_be_read_aloud_and_is_drawn(w: World) -> None:
    code = await issued(w)
    assert len(code) == LENGTH
    assert set(code) <= set(ALPHABET)
    assert any(char.isdecimal() for char in code)
    assert not set(ALPHABET) & set("0O1IL2Z5S8B")
    async with w.database.reading() as session:
        found = await passes.newest(session, (await w.tickets())[-1].id)
        assert found is not None
        drawing = await session.get_one(Attachment, passes.picture(found).attachment)
        assert (drawing.channel, drawing.source, drawing.ticket_id) == ("qr", f"WUBU HPY {code}", None)
        assert passes.shown(drawing.source) == Token(code, "HPY")


async def test_a_code_that_is_taken_is_not_given_out_again(w: World, monkeypatch: pytest.MonkeyPatch) -> None:
    first = await issued(w)
    drawn = iter(f"{first}AAA777")
    monkeypatch.setattr("secrets.choice", lambda _: next(drawn))
    assert await issued(w) == "AAA777"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("R7K3M9", "R7K3M9"),
        ("r7k 3m9", "R7K3M9"),
        ("R7K-3M9", "R7K3M9"),
        ("Ｒ７Ｋ３Ｍ９", "R7K3M9"),
        ("放行 R7K3M9", "R7K3M9"),
        ("查验：r7k3m9", "R7K3M9"),
        ("/check R7K3M9", "R7K3M9"),
        ("wubu HPY r7k3m9 ", "R7K3M9"),
    ],
)
def test_a_code_is_understood_however_it_is_written(text: str, code: str) -> None:
    token = passes.shown(text)
    assert token is not None
    assert token.code == code


@pytest.mark.parametrize(
    "text", ["", "hello", "THANKY", "777777", "R7K3M", "R7K3M99", "R7K3M0", "ABCDE23456"]
)
def test_words_and_other_codes_are_no_pass(text: str) -> None:
    assert passes.shown(text) is None


async def test_what_a_pass_is_worth(w: World) -> None:
    code = await issued(w, since=60)
    assert await judged(w, code) is Verdict.EARLY
    w.now += timedelta(minutes=60)
    assert await judged(w, code) is Verdict.VALID
    w.now += timedelta(minutes=60)
    assert await judged(w, code) is Verdict.EXPIRED
    await ended(w, code, used=False)
    assert await judged(w, code) is Verdict.REVOKED
    used = await issued(w)
    await ended(w, used, used=True)
    assert await judged(w, used) is Verdict.USED
    await ended(w, used, used=False)
    assert await judged(w, used) is Verdict.USED


async def test_who_let_it_through_is_who_moved_the_ticket(w: World) -> None:
    code = await issued(w)
    ticket = (await w.tickets())[-1]
    async with w.database.transaction() as session:
        session.add(
            TicketEvent(ticket_id=ticket.id, at=w.now, action="release", actor="", staff_id=3, data={})
        )
    await ended(w, code, used=True)
    async with w.database.reading() as session:
        found = (await session.scalars(select(GatePass))).one()
        assert (found.used_by, found.used_at) == (3, w.now)
    await w.say("老张", code)
    assert "陈值班" in w.last("老张").message.text


async def test_a_worker_is_known_by_the_label_and_the_days(w: World) -> None:
    code = await issued(w, until=60 * 24 * 30, kind="worker", label="2/3")
    await w.say("老张", code)
    said = w.last("老张").message
    assert said.title == "✅ 有效"
    assert "2/3" in said.text
    assert "到 12月23日" in said.text
    assert "3-****" in said.text
    assert "李雷" not in said.text
    assert said.ticket == (await w.tickets())[-1].id


@pytest.mark.parametrize(("who", "chat"), [("路人", "gate"), ("韩梅", ""), ("路人", "")])
async def test_nobody_else_checks_a_pass_and_it_is_noted(w: World, who: str, chat: str) -> None:
    code = await issued(w)
    await w.say(who, f"/check {code}", chat)
    assert "只有物业的同事" in w.last(chat or who).message.text
    assert await count(w, TicketEvent, action="refused", note="check") == 1


async def test_staff_of_another_community_know_nothing_of_it(w: World) -> None:
    code = await issued(w)
    async with w.database.transaction() as session:
        other = Community(code="SUN", name="阳光", name_en="Sun", settings={})
        session.add(other)
        await session.flush()
        guard = (await session.scalars(select(Staff.id).where(Staff.name == "老张"))).one()
        moved = update(StaffRole).where(StaffRole.staff_id == guard)
        await session.execute(moved.values(community_id=other.id))
    await w.say("老张", code)
    assert "没有这个码" in w.last("老张").message.text
    await w.say("老张", f"/check {code}", "gate")
    assert "只有物业的同事" in w.last("gate").message.text


async def test_a_group_that_is_nobodys_gets_no_answer(w: World) -> None:
    code = await issued(w)
    await w.say("老张", f"/check {code}", "somewhere")
    assert "somewhere" not in w.chats


async def test_guessing_is_stopped(w: World) -> None:
    code = await issued(w)
    for _ in range(5):
        await w.say("老张", "/check AAA777", "gate")
    assert "没有这个码" not in w.last("gate").message.text
    await w.say("老张", code)
    assert "有效" not in w.last("老张").message.title
    w.now += timedelta(hours=1, minutes=1)
    await w.say("老张", code)
    assert w.last("老张").message.title == "✅ 有效"
    async with w.database.reading() as session:
        assert await session.scalar(select(Account.wrong_codes).where(Account.external_id == "老张")) == 0


async def test_words_of_a_colleague_stay_words(w: World) -> None:
    await w.say("老张", "hello there")
    assert "码" not in w.last("老张").message.text
    assert not await gate_scans(w)


async def gate_scans(w: World) -> int:
    return await count(w, GateScan)


async def test_which_photos_are_read(w: World) -> None:
    await w.photo("老张")
    assert await gate_scans(w) == 1
    assert "正在看" in w.last("老张").message.text
    await w.photo("王师傅")  # no guard: kept for the menu, as ever
    await w.photo("韩梅")
    await w.photo("老张", chat="gate")  # talk among people
    assert await gate_scans(w) == 1
    await w.photo("老张", "/check", chat="gate")
    await w.photo("王师傅", "/check")
    assert await gate_scans(w) == 3
    await w.say("老张", "/check", "gate")
    asked = w.last("gate").id
    await w.photo("老张", chat="gate", reply_to=asked)
    assert await gate_scans(w) == 4
    await w.photo("路人", chat="gate", reply_to=asked)
    assert await gate_scans(w) == 4


async def test_a_photo_in_reply_to_a_ticket_belongs_to_it(w: World) -> None:
    code = await issued(w)
    await w.say("老张", f"/check {code}", "gate")
    await w.photo("老张", chat="gate", reply_to=w.last("gate").id)
    assert not await gate_scans(w)
    assert await count(w, TicketEvent, action="note") == 1


async def read(w: World, *texts: str) -> None:
    async with w.database.transaction() as session:
        scan = (await session.scalars(select(GateScan).order_by(GateScan.id.desc()).limit(1))).one()
        await gate.read(Work(w.desk, session, w.now), scan, texts)
    await w.deliver()


async def test_a_photo_is_answered_where_it_was_asked(w: World) -> None:
    code = await issued(w)
    await w.photo("老张", "/check", chat="gate")
    await read(w, f"WUBU HPY {code}")
    assert w.last("gate").message.title == "✅ 有效"
    await read(w, "https://example.org/menu", f"WUBU HPY {code}")
    assert w.last("gate").message.title == "✅ 有效"
    await read(w)
    assert "没看清" in w.last("gate").message.text
    await read(w, "https://example.org/menu")
    assert "没看清" in w.last("gate").message.text
    await read(w, f"WUBU SUN {code}")
    assert "没有这个码" in w.last("gate").message.text
    await w.photo("老张")
    await read(w, f"WUBU HPY {code}")
    assert w.last("老张").message.title == "✅ 有效"
