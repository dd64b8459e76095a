"""Behind the staff pages: forms made of questions, links that say one thing, counts that are forgotten."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from flows import catalogue
from flows.engine.effects import Act
from flows.engine.facts import Facts
from flows.engine.form import Flow
from flows.engine.messages import Json, Phrase
from flows.engine.questions import Choice, Number, Phone, Photos, Several, Slot, Text, YesNo
from flows.engine.when import windows
from flows.ticket import ActionFlow, Remark
from handlers import forgetting
from handlers.desk import Desk, Work
from handlers.staffpages import links, signing
from handlers.staffpages.ticketform import NOTHING, Field, Filled, Given, Shape, fill, finish
from handlers.texts import Language, Texts
from models import tally
from models.account import Account
from models.database import Database
from models.outbox import Outbox
from models.tally import Tally
from models.ticket import Ticket, timeline
from tests.bot.web.pictures import photo
from tests.bot.web.staffphone import Workshop, workshop
from tests.world import MONDAY, TEXTS, World, world

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=ZoneInfo("Asia/Shanghai"))
FACTS = Facts(
    NOW,
    slots=tuple(windows(NOW, days=3)),
    phones=("+8613800000001",),
    about={"ticket": 7, "action": "quote", "number": "HPY-2611-00007"},
)
ACTIONS = [
    action.asks
    for table in catalogue.lifecycles().values()
    for action in table.actions
    if action.asks is not None
]


class Echo(Texts):
    """Every text is its key."""

    def say(self, phrase: Phrase | str, locale: str) -> str:
        return phrase if isinstance(phrase, str) else phrase.key


KEYS = Echo({"zh_CN": Language({}, {})})


class Way(StrEnum):
    CASH = "cash"
    CARD = "card"


class Quote(ActionFlow):
    """A service that nobody has written yet."""

    name = "quote"
    charge = Number(least=1, most=9999)
    paid = YesNo()
    way = Choice(Way)
    why = Text(least=3, most=20)
    parts = Several(Way)
    back = Slot()
    call = Phone()
    photos = Photos(most=2)
    rush = YesNo().optional()
    more = Text(most=5).optional()

    @way.when
    def was_paid(self) -> bool:
        return self.paid

    @why.when
    def was_not_paid(self) -> bool:
        return not self.paid

    def values(self) -> dict[str, Json]:
        way = self.way.value if self.paid else self.why
        return {"charge": self.charge, "way": way, "call": self.call, "rush": self.rush, "more": self.more}

    def pictures(self) -> tuple[int, ...]:
        return tuple(one.file for one in self.photos)


def filled(given: Given) -> Filled:
    return fill(Quote, FACTS, given, KEYS, "zh_CN")


def names(found: Filled) -> list[str]:
    return [field.name for field in found.fields]


def errors(found: Filled) -> dict[str, str]:
    return {field.name: field.error for field in found.fields if field.error}


EVERYTHING = Given(
    chosen={"paid": ["yes"], "way": ["card"], "parts": ["cash", "card"], "back": ["asap"]},
    said={"charge": "120", "call": "138 0013 8000", "more": ""},
    photos={"photos": ["a", "b"]},
    asked=frozenset({"charge", "paid", "way", "parts", "back", "call", "photos", "rush", "more"}),
    numbers={"a": 41, "b": 42},
)


# --- questions as fields


def test_questions_become_fields_of_their_own_kind() -> None:
    found = {field.name: field for field in filled(NOTHING).fields}
    assert {name: field.shape for name, field in found.items()} == {
        "charge": Shape.NUMBER,
        "paid": Shape.ONE,
        "parts": Shape.SEVERAL,
        "back": Shape.ONE,
        "call": Shape.ONE,
        "photos": Shape.PHOTOS,
        "rush": Shape.ONE,
        "more": Shape.LONG,
    }
    assert [value for value, _ in found["parts"].options] == ["cash", "card"]
    assert found["back"].options[0][0] == "asap"
    assert (found["back"].words, found["call"].words, found["paid"].words) == (True, True, False)
    assert {name for name, field in found.items() if field.optional} == {"photos", "rush", "more"}
    assert errors(filled(NOTHING)) == {}


def test_what_depends_on_an_answer_is_asked_after_it_and_nothing_is_forgotten() -> None:
    given = Given(chosen={"paid": ["no"]}, asked=frozenset({"paid"}))
    assert "why" in names(filled(given))
    assert "way" not in names(filled(given))
    given = Given(chosen={"paid": ["yes"], "way": ["card"]}, asked=frozenset({"paid"}))
    way = next(field for field in filled(given).fields if field.name == "way")
    assert (way.chosen, way.error) == (("card",), "")
    assert not filled(replace(EVERYTHING, asked=EVERYTHING.asked - {"way"})).complete


def test_all_that_is_wrong_is_said_at_once_each_at_its_field() -> None:
    wrong = replace(
        EVERYTHING,
        chosen={"paid": ["perhaps"], "parts": ["gold"]},
        said={"charge": "many", "call": "12", "more": "too many words"},
        photos={"photos": ["a", "b", "c"]},
        unfit={"photos": Phrase("staff.page.unfit.too_large")},
    )
    assert errors(filled(wrong)) == {
        "charge": "rejected.not_a_number",
        "paid": "rejected.not_an_option",
        "parts": "rejected.not_an_option",
        "back": "staff.page.choose",
        "call": "rejected.not_a_phone",
        "photos": "rejected.too_many_photos",
        "more": "rejected.too_long",
    }
    assert errors(filled(replace(EVERYTHING, said={}))) == {
        "charge": "staff.page.needed",
        "call": "staff.page.choose",
    }


def test_ones_own_words_count_more_than_an_option() -> None:
    given = replace(EVERYTHING, said={**EVERYTHING.said, "back": "后天上午"})
    found = filled(given)
    assert (errors(found), found.complete) == ({}, True)
    assert errors(filled(replace(given, said={**given.said, "back": "改天"}))) == {
        "back": "rejected.not_a_time"
    }


def test_the_answers_are_told_to_the_flow_as_in_a_chat() -> None:
    found = filled(EVERYTHING)
    assert (found.complete, errors(found)) == (True, {})
    (effect,) = finish(Quote, FACTS, found.heard) or ()
    assert isinstance(effect, Act)
    assert (effect.ticket, effect.action, effect.photos) == (7, "quote", (41, 42))
    assert effect.values == {
        "charge": 120,
        "way": "card",
        "call": "+8613800138000",
        "rush": None,
        "more": None,
    }


def test_what_is_not_complete_does_nothing() -> None:
    assert finish(Quote, FACTS, filled(replace(EVERYTHING, said={})).heard) is None
    assert finish(Quote, FACTS, ()) is None


def willing(field: Field) -> Given:
    """An answer to any field there can be."""
    match field.shape:
        case Shape.ONE | Shape.SEVERAL:
            return Given(chosen={field.name: [field.options[0][0]]})
        case Shape.NUMBER:
            return Given(said={field.name: "3"})
        case Shape.PHONE:
            return Given(said={field.name: "138 0013 8000"})
        case Shape.LONG | Shape.SHORT:
            return Given(said={field.name: "300"})
        case Shape.PHOTOS:
            return Given(photos={field.name: ["a"]})


@pytest.mark.parametrize("flow", [*dict.fromkeys(ACTIONS), Remark, Quote], ids=lambda flow: flow.name)
def test_every_action_of_every_service_can_be_done_on_its_page(flow: type[Flow]) -> None:
    given, found = NOTHING, fill(flow, FACTS, NOTHING, KEYS, "zh_CN")
    for _ in flow.questions:
        answers = [willing(field) for field in found.fields]
        given = Given(
            chosen={name: value for one in answers for name, value in one.chosen.items()},
            said={name: value for one in answers for name, value in one.said.items()},
            photos={name: value for one in answers for name, value in one.photos.items()},
            asked=frozenset(field.name for field in found.fields),
        )
        found = fill(flow, FACTS, given, KEYS, "zh_CN")
    assert (found.complete, errors(found)) == (True, {})
    effects = finish(flow, FACTS, found.heard)
    assert effects is not None
    assert [type(effect) for effect in effects] == [Act]


# --- a service nobody has written yet, on a phone


@pytest.fixture
async def shop(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Workshop]:
    """A workshop whose repairs end with a quote, in words of its own."""
    table = catalogue.lifecycles()["repair"]
    actions = tuple(replace(one, asks=Quote) if one.name == "finish" else one for one in table.actions)
    tables = {**catalogue.lifecycles(), "repair": replace(table, actions=actions)}
    monkeypatch.setattr(catalogue, "lifecycles", lambda: tables)
    own = {key: key for key in Quote.texts()}
    languages = {name: Language({**said.texts, **own}, said.words) for name, said in TEXTS._languages.items()}
    database = Database(sqlite_url)
    async with workshop(database, tmp_path, texts=Texts(languages)) as made:
        yield made
    await database.close()


async def test_a_new_services_form_works_untouched(shop: Workshop) -> None:
    number = await shop.w.report("李雷")
    phone, seen = await shop.signed_in(number, "王师傅")
    for step in ("accept", "depart", "arrive"):
        seen = await phone.send(seen.form(f"/{step}"))
    form = (await phone.open(seen.link("/finish"))).form("/finish")
    assert "way" not in form.all("asked")
    asked = await phone.send(
        form.with_(charge__said="dear", paid="yes", parts=["card"], back="asap", call__said="138 0013 8000"),
        photo(),
    )
    again = asked.form("/finish")
    assert (asked.status, again.all("q.charge.said"), again.all("q.parts")) == (422, ["dear"], ["card"])
    assert "请写一个数字" in asked.words
    assert again.offered["q.way"] == ["cash", "card"]
    back = await phone.send(again.with_(way="cash", paid="no"))
    assert "q.why.said" in [name for name, _ in back.form("/finish").fields]
    assert back.form("/finish").all("q.way") == ["cash"], "kept, though it is not asked just now"
    missing = await phone.send(back.form("/finish").with_(paid="yes", charge__said="120"))
    assert missing.form("/finish").all("q.way") == ["cash"]
    done = await phone.send(missing.form("/finish"))
    assert "已修好" in done.words
    async with shop.w.database.reading() as session:
        ticket = await session.get_one(Ticket, number)
        finish = (await timeline(session, number))[-1]
    assert ticket.state == "done"
    assert {name: finish.data[name] for name in ("charge", "way", "photos", "rush")} == {
        "charge": 120,
        "way": "cash",
        "photos": 1,
        "rush": None,
    }


# --- links


def desk(address: str = "https://bot.example", key: str = "k") -> Desk:
    return Desk(None, TEXTS, {}, key=key, address=address)  # type: ignore[arg-type]


def test_a_link_is_the_same_however_often_it_is_drawn() -> None:
    group, own = links.ticket_link(desk(), 42, MONDAY), links.personal_link(desk(), 42, 7, MONDAY)
    for _ in range(3):
        assert links.ticket_link(desk(), 42, MONDAY) == group
        assert links.personal_link(desk(), 42, 7, MONDAY) == own
    different = {
        links.ticket_link(desk(), 43, MONDAY),
        links.ticket_link(desk(), 42, MONDAY + timedelta(days=1)),
        links.ticket_link(desk(key="other"), 42, MONDAY),
        links.personal_link(desk(), 42, 8, MONDAY),
    }
    assert len({group, own} | different) == 6
    assert max(len(group), len(own)) < 100


def test_a_link_says_what_it_was_made_of() -> None:
    group, own = links.ticket_link(desk(), 42, MONDAY), links.personal_link(desk(), 42, 7, MONDAY)
    read = links.read(desk(), group.rpartition("/")[2])
    assert read == links.Pass(42, MONDAY + links.GROUP_LIVES)
    assert links.read(desk(), own.rpartition("/")[2]) == links.Pass(42, MONDAY + links.PERSONAL_LIVES, 7)
    assert (read.good(MONDAY), read.good(MONDAY + timedelta(days=30))) == (True, False)
    assert links.read(desk(key="other"), group.rpartition("/")[2]) is None
    assert links.read(desk(), "ü\x00") is None


def test_without_an_address_there_is_no_link() -> None:
    assert links.ticket_link(desk(""), 42, MONDAY) == ""
    assert links.personal_link(desk(""), 42, 7, MONDAY) == ""


# --- a new link


@pytest.fixture
async def small(database: Database) -> AsyncIterator[World]:
    async with world(database) as made:
        made.desk = replace(made.desk, key="k", address="https://bot.example")
        yield made


async def test_a_new_link_goes_to_the_chat_and_never_to_the_page(small: World) -> None:
    number, person = await small.report("李雷"), small.people["王师傅"]
    old = links.Pass(number, small.now - timedelta(days=1), person)
    async with small.database.transaction() as session:
        work = Work(small.desk, session, small.now)
        colleague = await signing.colleague(work, person)
        assert colleague is not None
        page = await signing.seat(work, colleague, "zh_CN")
        page.last_heard_at = small.now
    async with small.database.transaction() as session:
        assert await signing.send_link(Work(small.desk, session, small.now), old) is None
    async with small.database.reading() as session:
        rows = (await session.scalars(select(Outbox).where(Outbox.state == "pending"))).all()
        accounts = (await session.scalars(select(Account).where(Account.staff_id == person))).all()
    assert sorted(one.channel for one in accounts) == ["test", "web"]
    assert [row.channel for row in rows] == ["test"]
    ((button,),) = rows[0].payload["message"]["buttons"]
    assert links.read(small.desk, button["url"].rpartition("/")[2]) == links.Pass(
        number, small.now + links.PERSONAL_LIVES, person
    )


# --- counting


async def test_counts_begin_anew_when_their_time_is_over_and_are_forgotten(small: World) -> None:
    hour = timedelta(hours=1)
    async with small.database.transaction() as session:
        counts = [await tally.count(session, "x", small.now + hour * n / 4, hour) for n in range(5)]
        assert counts == [1, 2, 3, 4, 1]
        assert await tally.counted(session, "x", small.now + hour) == 1
        assert await tally.counted(session, "x", small.now + hour * 2) == 0
        assert await tally.count(session, "y", small.now, hour * 24) == 1
    small.now += hour * 3
    await forgetting.forget(small.desk)
    async with small.database.reading() as session:
        assert list(await session.scalars(select(Tally.name))) == ["y"]
