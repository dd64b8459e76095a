"""One resident is exported and erased; the others and the totals are what they were."""

from __future__ import annotations

import asyncio
import json
import re
import zipfile
from collections import Counter

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from handlers.desk import Work
from handlers.identity import merging
from handlers.tickets import Doer
from models import Account, Attachment, Community, Home, Membership, Phone, Resident, Ticket
from models.base import Base
from models.database import Database
from tests.emulators.telegram_phone import User
from tests.failures.conftest import Builder
from tests.failures.shift import Shift, begin
from tests.lives import erased, exported, mention, moved, rated, reported, totals, withdrawn
from tests.premises import WAIT, eventually
from tests.repairing import answer, report
from tests.world import World, world

# --- whatever residents have done


def test_35_whatever_they_did_one_is_forgotten(database_url: str) -> None:
    reached: Counter[str] = Counter()

    @settings(
        max_examples=6,
        deadline=None,
        derandomize=True,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def live(data: st.DataObject) -> None:
        asyncio.run(_lived(database_url, data, reached))

    live()
    assert set(DEEDS) <= set(reached), reached
    assert reached["spoken of by a neighbour"], reached


async def _lived(url: str, data: st.DataObject, reached: Counter[str]) -> None:
    database = Database(url)
    try:
        await _empty(database)
        async with world(database) as w:
            people = ["李雷", "韩梅", *[await _moved_in(w, name) for name in ("邓超凡", "孙小美", "钱多多")]]
            for number in range(data.draw(st.integers(12, 16))):
                who, deed = data.draw(st.sampled_from(people)), data.draw(st.sampled_from(sorted(DEEDS)))
                await DEEDS[deed](w, who, f"{_word(who)}{number}", people)
                reached[deed] += 1
            people = await _still_there(w, people)
            await _all_ended(w)
            await _forgotten(w, data.draw(st.sampled_from(people)), people, reached)
    finally:
        await database.close()


async def _forgotten(w: World, victim: str, people: list[str], reached: Counter[str]) -> None:
    others = [w.people[who] for who in people if who != victim]
    before = [json.dumps(await exported(w, one), sort_keys=True, ensure_ascii=False) for one in others]
    counted = await totals(w.database)
    traces = await _traces(w, victim)
    assert await mention(w.database, *traces)
    await erased(w, w.people[victim])
    after = [json.dumps(await exported(w, one), sort_keys=True, ensure_ascii=False) for one in others]
    assert after == before
    assert await totals(w.database) == counted
    reached["spoken of by a neighbour"] += any(victim in one for one in after)
    left = [line for line in await mention(w.database, *traces) if "邻居" not in line]
    assert left == [], "but what a neighbour has said of them is the neighbour's"


def _word(who: str) -> str:
    """What only one of them ever writes."""
    return f"{who}的事情不要告诉别人"


async def _traces(w: World, victim: str) -> list[str]:
    """All by which somebody, and each record that became one with theirs, would be known."""
    async with w.database.reading() as session:
        mine = Account.resident_id == w.people[victim]
        names = set(await session.scalars(select(Account.external_id).where(mine)))
        phones = set(await session.scalars(select(Phone.number).where(Phone.resident_id == w.people[victim])))
    return [*names, *(_word(name) for name in names), *(phone.removeprefix("+86") for phone in phones)]


async def _reports(w: World, who: str, story: str, people: list[str]) -> None:
    ticket = await reported(w, who, story)
    await moved(w, ticket, "add", Doer(resident=w.people[who]), note=f"还有{story}")


async def _rates(w: World, who: str, story: str, people: list[str]) -> None:
    await rated(w, who, await reported(w, who, story), f"满意{story}")


async def _begins(w: World, who: str, story: str, people: list[str]) -> None:
    await w.say(who, f"报修：{story}")


async def _photographs(w: World, who: str, story: str, people: list[str]) -> None:
    await w.photo(who, story)


async def _gets_looked_at(w: World, who: str, story: str, people: list[str]) -> None:
    """A technician takes a ticket and calls it up: it is in the technician's chat, too."""
    ticket = await reported(w, who, story)
    await w.hear(w.inbound("王师傅", "tap", tap=f"t.{ticket}.accept"))  # type: ignore[arg-type]
    await w.hear(w.inbound("王师傅", "tap", tap=f"t.{ticket}.show"))  # type: ignore[arg-type]
    await moved(w, ticket, "withdraw", Doer(staff=w.people["周经理"]), reason=f"因为{story}")


async def _gossips(w: World, who: str, story: str, people: list[str]) -> None:
    """What somebody writes of another is theirs, whomever it names."""
    other = next(one for one in people if one != who)
    await withdrawn(w, await reported(w, who, f"邻居{other}家很吵"))


async def _turns_out_to_be_two(w: World, who: str, story: str, people: list[str]) -> None:
    """A second record of the same person becomes one with the first; every other time it is undone."""
    other = await _moved_in(w, f"{who}二号{len(w.people)}")
    await withdrawn(w, await reported(w, other, f"{_word(other)}二"))
    async with w.database.transaction() as session:
        work = Work(w.desk, session, w.now)
        made = await merging.merge(work, w.people[who], w.people[other], "test")
        if len(w.people) % 2:
            await merging.undo(work, made.id, "test")


DEEDS = {
    "reports": _reports,
    "rates": _rates,
    "begins": _begins,
    "photographs": _photographs,
    "gets looked at": _gets_looked_at,
    "gossips": _gossips,
    "turns out to be two": _turns_out_to_be_two,
}


async def _empty(database: Database) -> None:
    names = ", ".join(f'"{table.name}"' for table in Base.metadata.sorted_tables)
    async with database.transaction() as session:
        if not database.sqlite:
            await session.execute(text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))
            return
        for table in reversed(Base.metadata.sorted_tables):
            await session.execute(table.delete())


async def _moved_in(w: World, name: str) -> str:
    """One more resident, with a phone and a chat."""
    async with w.database.transaction() as session:
        home = (await session.scalars(select(Home).order_by(Home.id).limit(1))).one()
        resident = Resident(name=name, created_at=w.now, settings={})
        session.add(resident)
        await session.flush()
        lives = {"role": "family", "since": w.now, "verified_by": "code"}
        session.add(Membership(resident_id=resident.id, home_id=home.id, **lives))
        session.add(Phone(resident_id=resident.id, number=f"+86139{resident.id:08d}"))
        there = {"channel": "test", "bot": "bot", "external_id": name, "chat": name, "name": name}
        session.add(Account(**there, resident_id=resident.id, locale="zh_CN"))
        w.people[name] = resident.id
    return name


async def _still_there(w: World, people: list[str]) -> list[str]:
    async with w.database.reading() as session:
        there = set(await session.scalars(select(Resident.id)))
    return [who for who in people if w.people[who] in there]


async def _all_ended(w: World) -> None:
    for ticket in await w.tickets():
        if ticket.closed_at is None:
            await withdrawn(w, ticket.id)


# --- the real program


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_35_on_the_command_line(kind: str, builder: Builder) -> None:
    s = await begin(builder, kind)
    mei = await s.estate.resident("韩梅")
    number, hers = await _both_report(s, mei)
    li, han = await _id(s, number), await _id(s, hers)
    before = await s.estate.command("export", str(han))
    await _exported(s, number)
    with pytest.raises(AssertionError, match="add --yes"):
        await s.estate.command("erase", number)
    told = await s.estate.command("erase", number, "--yes")
    assert told.startswith(f"resident {li} is erased (chats 1, tickets 1, photos 2")
    await s.estate.calm()
    assert await s.estate.command("export", str(han)) == before
    await _nothing_is_left(s, li)
    card = await s.shown(number, "已取消")
    assert "门锁" not in card.words
    await _is_a_stranger(s)
    with pytest.raises(AssertionError, match="erased"):
        await s.estate.command("export", str(li))


async def _both_report(s: Shift, mei: User) -> tuple[str, str]:
    """李雷 has a photo in a ticket that is over, 韩梅 has one that is open."""
    number = await report(s.li, "门锁坏了", photos=2)
    await s.estate.every_photo_is_stored()
    hers = await report(mei, "窗户关不上")
    ticket = next(one for one in await s.estate.tickets() if one.number == number)
    view = await s.li.wait_for(lambda one: "查看工单" in one.labels, WAIT)
    view = await answer(s.li, view, "查看工单", lambda one: "催一下" in one.labels)
    await answer(s.li, await answer(s.li, view, "取消", "确定要取消"), "是", "已取消")

    async def over() -> bool:
        return any(one.closed_at for one in await s.estate.tickets() if one.id == ticket.id)

    await eventually(over, what="the ticket is not cancelled")
    await s.estate.calm()
    return number, hers


async def _id(s: Shift, number: str) -> int:
    (resident,) = await s.estate.rows(select(Ticket.resident_id).where(Ticket.number == number))
    assert resident is not None
    return resident


async def _exported(s: Shift, number: str) -> None:
    """As JSON on the screen, and with the photo in an archive for one's own eyes."""
    held = json.loads(await s.estate.command("export", number))
    assert held["resident"]["name"] == "李雷"
    assert "窗户关不上" not in json.dumps(held, ensure_ascii=False)
    archive = s.estate.folder / "li.zip"
    await s.estate.command("export", number, "--photos", "--out", str(archive))
    assert archive.stat().st_mode & 0o077 == 0
    with zipfile.ZipFile(archive) as opened:
        photos = [f"photos/{one['id']}.jpg" for one in held["photos"]]
        assert opened.namelist() == ["record.json", *photos]
        assert json.loads(opened.read("record.json")) == held
        assert opened.read(opened.namelist()[1]).startswith(b"\xff\xd8")


async def _nothing_is_left(s: Shift, li: int) -> None:
    assert await mention(s.estate.database, "李雷", "门锁坏了") == []
    whole = re.compile(rf"(?<![0-9a-f-]){s.li.id}(?![0-9a-f])")
    there = [line for line in await mention(s.estate.database, str(s.li.id)) if whole.search(line)]
    assert there == [], "but as part of some other number"
    assert not await s.estate.rows(select(Attachment))
    assert not [one for one in (s.estate.folder / "media").rglob("*") if one.is_file()]
    (shell,) = await s.estate.rows(select(Resident).where(Resident.id == li))
    assert (shell.name, shell.erased_at is None) == ("", False)
    assert await s.estate.rows(select(Community))


async def _is_a_stranger(s: Shift) -> None:
    """Whoever writes from the old chat is asked for a code, as at the very first."""
    await s.li.send("我的工单")
    await s.li.wait_for("绑定", WAIT)
    await s.estate.calm()
    (account,) = await s.estate.rows(select(Account).where(Account.external_id == str(s.li.id)))
    assert account.resident_id is None
