"""Whatever happens to a complaint in confidence: who complains is read by nobody who may not know it."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import shutil
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update
from structlog.testing import capture_logs

from flows.complaint.grievance import Team
from flows.complaint.table import LIFECYCLE, State
from flows.engine.lifecycle import Role, stands
from flows.engine.messages import Ask, Heard, Said
from handlers.cards import drawing
from handlers.cards.buttons import ticket_data
from handlers.desk import Work
from handlers.envelopes import Kind
from handlers.staffpages import ticketlist, ticketpage
from handlers.staffpages.ticketpage import Reader
from models import Card, Group, Outbox, Phone, Staff, StaffRole, Ticket, TicketEvent
from models.database import Database
from tests.properties.people import asked, saying, ticket_of
from tests.properties.residents import answers, often
from tests.world import TEXTS, World, world

COMPLAINER, NEIGHBOUR, STRANGER = "李雷", "韩梅", "路人"
NUMBER = "+8613987654321"
NAMES = ("李雷", "我是李雷。", "李 雷")
NUMBERS = (
    "+8613987654321",
    "13987654321",
    "139 8765 4321",
    "139-8765-4321",
    "(139)87654321",
    "86 139 87 65 43 21",
    "8765 4321",
    "１３９８７６５４３２１",
)
DOORS = ("3-1201", "3栋1201", "3号楼1201室", "3 幢 1201", "３－１２０１", "1201室", "房号 1201")
SECRETS = (*NAMES, *NUMBERS, *DOORS)

CREW: Mapping[str, tuple[str, ...]] = {
    "王师傅": ("technician",),
    "陈值班": ("duty_lead",),
    "周经理": ("manager",),
    "管理员": ("administrator",),
    "客户助理": ("assistant",),
    "门岗": ("guard",),
    "前台": ("desk",),
    "品质": ("quality",),
    "兼职": ("assistant", "technician"),
}
TEAMS = {Team.REPAIR: "维修", Team.CARE: "客服", Team.GATE: "门岗保安", Team.OTHER: "其他／说不准"}
MEMBERS = {Team.REPAIR: {"technician"}, Team.CARE: {"assistant", "desk"}, Team.GATE: {"guard"}}
PURPOSES = ("repair", "care", "managers")
WAITS = (timedelta(minutes=70), timedelta(hours=5), timedelta(hours=26), timedelta(days=4))
WATCHED = 3
"""So many colleagues have their pages looked at each time, in turn."""
SELDOM = frozenset({"cancel", "transfer"})


def entitled(who: str, team: Team) -> bool:
    """Whether somebody may know: the resident, assistants, managers; of the team concerned only managers."""
    roles = set(CREW.get(who, ()))
    if who == COMPLAINER or "manager" in roles:
        return True
    return "assistant" in roles and not roles & MEMBERS.get(team, set())


def told(text: str) -> list[str]:
    """What of the resident stands in a text, in whatever form."""
    plain = unicodedata.normalize("NFKC", text)
    found = ["name"] if "李雷" in re.sub(r"\s", "", plain) else []
    digits = [re.sub(r"\D", "", line) for line in re.split(r"\\n|\n|\d\d:\d\d|HPY-\d+-\d+", plain)]
    if any("87654321" in line for line in digits):
        found.append("number")
    if re.search(r"(?<!\d)1201(?!\d)", plain):
        found.append("door")
    return found


@dataclass(slots=True)
class Watch:
    """What was read over whose shoulder, and how often there was something to be kept back."""

    team: Team
    reach: Counter[str] = field(default_factory=Counter)
    looks: int = 0
    seen: int = 0
    row: int = 0

    def read(self, what: str, who: str, text: str) -> None:
        """`who` gets to read this."""
        if entitled(who, self.team):
            self.reach[f"{what} for those who may know"] += bool(told(text))
            return
        self.reach[what] += 1
        assert not told(text), f"{what} tells {who} the {told(text)}: {text}"


class Lines(logging.Handler):
    """Log lines as they would be written."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


@contextmanager
def logged() -> Iterator[list[str]]:
    """Everything that is written to the log meanwhile, whoever writes it."""
    handler = Lines()
    logging.getLogger().addHandler(handler)
    try:
        with capture_logs() as entries:
            yield handler.lines
            handler.lines.extend(json.dumps(one, default=str, ensure_ascii=False) for one in entries)
    finally:
        logging.getLogger().removeHandler(handler)


def test_nobody_reads_who_complains_in_confidence(sqlite_template: Path, tmp_path: Path) -> None:
    reach: Counter[str] = Counter()
    number = 0

    @settings(often(8), suppress_health_check=list(HealthCheck), phases=[Phase.generate])
    @given(st.data())
    def live(data: st.DataObject) -> None:
        nonlocal number
        number += 1
        file = shutil.copy(sqlite_template, tmp_path / f"{number}.db")
        watch = Watch(data.draw(st.sampled_from(list(TEAMS))), reach)
        with logged() as lines:
            logging.getLogger("test").warning("a line")
            asyncio.run(_lived(f"sqlite+aiosqlite:///{file}", data, watch))
        for line in lines:
            reach["log line"] += 1
            assert not told(line), f"the log tells the {told(line)}: {line}"

    live()
    looked = ("row", "post", "card", "news", "digest", "page", "list", "plate", "remark", "log line")
    assert [what for what in looked if not reach[what]] == []
    known = ("card for those who may know", "page for those who may know", "post for those who may know")
    assert [what for what in known if not reach[what]] == []
    meant = ("told in reopen", "told in add", "told in an edit", "told in a reply", "told by staff")
    assert [what for what in meant if not reach[what]] == []
    assert {f"{state.value} reached" for state in State if state is not State.CANCELLED} <= set(reach)
    assert {f"about {team.value}" for team in TEAMS} <= set(reach)


async def _lived(url: str, data: st.DataObject, watch: Watch) -> None:
    database = Database(url)
    try:
        async with world(database) as w:
            await _staffed(w)
            ticket = await _complained(w, data, watch)
            watch.reach[f"about {watch.team.value}"] += 1
            await _look(w, ticket, watch)
            for _ in range(26):
                await _something(w, ticket, data, watch)
                await _look(w, ticket, watch)
    finally:
        await database.close()


async def _staffed(w: World) -> None:
    """Everybody at work, a group for each purpose, and a number that nothing else looks like."""
    for name, (role, *more) in CREW.items():
        if name not in w.people:
            await w.say(name, f"/staff {await w.staff_code(role, name)}")
            w.staff.add(name)
        await _also(w, name, more)
    for purpose in PURPOSES:
        await w.say("管理员", f"/bind {purpose}", chat=purpose)
    async with w.database.transaction() as session:
        whose = Phone.resident_id == w.people[COMPLAINER]
        await session.execute(update(Phone).where(whose).values(number=NUMBER))


async def _also(w: World, name: str, roles: Sequence[str]) -> None:
    """Somebody has more than one role."""
    async with w.database.transaction() as session:
        held = select(StaffRole).join(Staff, Staff.id == StaffRole.staff_id).where(Staff.name == name)
        first = (await session.scalars(held)).one()
        session.add_all(
            StaffRole(staff_id=first.staff_id, community_id=first.community_id, role=role) for role in roles
        )


async def _complained(w: World, data: st.DataObject, watch: Watch) -> int:
    """A complaint about somebody, in confidence, with the resident's own data in its words."""
    await w.say(COMPLAINER, f"我要投诉 {_words(data)}")
    for label in ("工作人员", TEAMS[watch.team], "跳过"):
        await w.tap(COMPLAINER, label)
    await w.say(COMPLAINER, _words(data))
    for label in ("打电话", "+86 139 8765 4321", "是", "提交"):
        await w.tap(COMPLAINER, label)
    return (await w.tickets())[0].id


def _words(data: st.DataObject) -> str:
    """A sentence in which somebody tells who they are."""
    told = data.draw(st.lists(st.sampled_from(SECRETS), min_size=1, max_size=3))
    return "，".join((*told, data.draw(st.sampled_from(["太过分了", "请尽快", "等您回话"]))))


async def _something(w: World, ticket: int, data: st.DataObject, watch: Watch) -> None:
    """Somebody acts, looks, writes, or time passes."""
    now = await ticket_of(w, ticket)
    likely = [one for one in LIFECYCLE.actions if stands(one, now.state, now.details)]
    likely = [one for one in likely if one.by != {Role.CLOCK}]
    if data.draw(st.integers(0, 15)):
        likely = [one for one in likely if one.name not in SELDOM]
        onward = [one for one in likely if one.to not in (None, now.state)]
        hurried: bool = data.draw(st.booleans())
        likely = onward if onward and hurried else likely
    match data.draw(st.integers(0, 11)):
        case 0:
            await w.wait(data.draw(st.sampled_from(WAITS)), step=timedelta(hours=12))
        case 1:
            who = data.draw(st.sampled_from([*CREW, NEIGHBOUR, STRANGER]))
            chat = data.draw(st.sampled_from(["", *PURPOSES]))
            name = data.draw(st.sampled_from(["show", "card", *LIFECYCLE.named]))
            await _tapped(w, who, ticket, name, data, watch, chat)
        case 2:
            await _replied(w, data, watch)
        case 3:
            watch.reach["told in an edit"] += 1
            await w.edit(COMPLAINER, "", _words(data))
        case 4:
            await _answered_card(w, data, watch)
        case _ if likely:
            action = data.draw(st.sampled_from(likely))
            who = COMPLAINER if Role.RESIDENT in action.by else await _able(w, now, data)
            await _tapped(w, who, ticket, action.name, data, watch)


async def _able(w: World, ticket: Ticket, data: st.DataObject) -> str:
    """Whoever has it in hand, or could."""
    async with w.database.reading() as session:
        person = await session.get(Staff, ticket.assignee_id) if ticket.assignee_id else None
    return person.name if person else data.draw(st.sampled_from(["客户助理", "周经理"]))


async def _replied(w: World, data: st.DataObject, watch: Watch) -> None:
    """The resident answers something that was said about the complaint."""
    posts = [post for post in w.chats[COMPLAINER] if post.message.ticket is not None]
    watch.reach["told in a reply"] += 1
    await w.say(COMPLAINER, _words(data), reply_to=data.draw(st.sampled_from(posts)).id)


async def _answered_card(w: World, data: st.DataObject, watch: Watch) -> None:
    """A colleague who may know answers the card, in private or below it in the group, and is careless."""
    places = [
        (who, chat, post.id)
        for who in CREW
        if entitled(who, watch.team)
        for chat in (who, *PURPOSES)
        for post in w.chats.get(chat, [])
        if post.message.ticket is not None
    ]
    if not places:
        return
    who, chat, post = data.draw(st.sampled_from(places))
    watch.reach["told by staff"] += 1
    await w.say(who, _words(data), chat="" if chat == who else chat, reply_to=post)


async def _tapped(
    w: World, who: str, ticket: int, name: str, data: st.DataObject, watch: Watch, chat: str = ""
) -> None:
    argument = data.draw(st.sampled_from(["1", "5"])) if name == "rate" else ""
    receipt = await w.hear(w.inbound(who, Kind.TAP, chat, tap=ticket_data(ticket, name, argument)))
    watch.read("remark", who, receipt.hint or "")
    for _ in range(12):
        heard = await _answer(w, who, data, watch, name)
        if heard is None:
            return
        receipt = await w.hear(saying(w, who, heard))
        watch.read("remark", who, receipt.hint or "")


async def _answer(w: World, who: str, data: st.DataObject, watch: Watch, name: str) -> Heard | None:
    """A good answer to what somebody is being asked; who may know writes it down without a care."""
    found = await asked(w, who)
    if found is None:
        return None
    open_to_words = isinstance(found.asked, Ask) and found.asked.wants_words
    if open_to_words and entitled(who, watch.team):
        watch.reach[f"told in {name}"] += 1
        return Said(_words(data))
    return data.draw(answers(found.flow, found.asked, found.form))


# --- everything that can be read


async def _look(w: World, ticket: int, watch: Watch) -> None:
    """Over everybody's shoulder: what is on its way, what the phones show, what the pages would."""
    async with w.database.reading() as session:
        watch.reach[f"{(await session.get_one(Ticket, ticket)).state} reached"] += 1
        work = Work(w.desk, session, w.now)
        watch.looks += WATCHED
        await _rows(work, watch)
        await _cards(work, watch)
        await _pages(work, ticket, watch)
    for chat, post in w.log[watch.seen :]:
        watch.read("post", chat, json.dumps(post.message.to_json(), ensure_ascii=False))
    watch.seen = len(w.log)


async def _rows(work: Work, watch: Watch) -> None:
    for row in await work.session.scalars(select(Outbox).where(Outbox.id > watch.row).order_by(Outbox.id)):
        watch.read("row", row.chat, json.dumps(row.payload, ensure_ascii=False))
        watch.row = row.id


async def _cards(work: Work, watch: Watch) -> None:
    """Every card as it would be drawn now, as a line of news, and in a digest."""
    found = (await work.session.scalars(select(Card).where(Card.kind.in_(("group", "assignee"))))).all()
    groups = set(await work.session.scalars(select(Group.chat)))
    for card in found:
        assert (card.kind == "group") == (card.chat in groups)
        for what, edits in (("card", True), ("news", False)):
            shown = await drawing.render(work.session, card, TEXTS, edits=edits)
            if shown is not None:
                watch.read(what, card.chat, json.dumps(shown.to_json(), ensure_ascii=False))
    digest = await drawing.digest(work.session, found, TEXTS)
    watch.read("digest", "care", json.dumps(digest.to_json(), ensure_ascii=False))


async def _pages(work: Work, ticket: int, watch: Watch) -> None:
    """The ticket's page, the list of open ones and what stands outside, for one colleague after another."""
    people = (await work.session.scalars(select(Staff).order_by(Staff.id))).all()
    for person in (people[(watch.looks + n) % len(people)] for n in range(WATCHED)):
        reader = Reader(person, "zh_CN")
        page = await ticketpage.page(work, reader, ticket)
        watch.read("page", person.name, str(asdict(page)) if page is not None else "")
        watch.read("list", person.name, str(await ticketlist.jobs(work, reader)))
    watch.read("plate", STRANGER, str(await ticketpage.plate(work, ticket, "zh_CN")))
    assert await work.session.scalar(select(TicketEvent.id).limit(1)), "there is a story to be told"
