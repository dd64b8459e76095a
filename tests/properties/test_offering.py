"""What is offered without buttons is chosen as it was meant: by its number, its letter or its words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from flows import catalogue
from flows.engine.form import Draft
from flows.engine.messages import Phrase
from handlers import dialogue, offering
from handlers.desk import Desk, Scene, Work
from handlers.envelopes import Button, Kind, Outgoing
from handlers.offering import LETTER, _signed
from handlers.wording import plain
from models import Conversation, Outbox
from models.database import Database
from tests.properties.residents import often
from tests.world import MONDAY, NUMBERS, TEXTS, World, world


def real_buttons(locale: str) -> list[Button]:
    """Every button that any service or the menu puts under a message."""
    kinds = catalogue.lifecycles()
    found = [Button(TEXTS.say(Phrase(f"{kind}.title"), locale), f"m.{kind}") for kind in kinds]
    for kind, table in kinds.items():
        for action in table.actions:
            if TEXTS.has(f"{kind}.action.{action.name}", locale):
                label = TEXTS.say(Phrase(f"{kind}.action.{action.name}"), locale)
                found.append(Button(label, f"t.1.{action.name}"))
    found += [
        Button(TEXTS.say(Phrase("engine.stars", {"n": n}), locale), f"t.1.rate.{n}") for n in range(1, 6)
    ]
    for name in ("tickets", "help", "language", "continue"):
        found.append(Button(TEXTS.say(Phrase(f"menu.{name}"), locale), f"m.{name}"))
    return list({plain(button.label): button for button in found}.values())


def scene(desk: Desk, said: str, offered: object, replies: Sequence[Outgoing] = ()) -> Scene:
    made = World(desk, residents="words").inbound("李雷", Kind.TEXT, text=said)
    return Scene(
        Work(desk, None, MONDAY),  # type: ignore[arg-type]
        made,
        None,  # type: ignore[arg-type]
        None,
        offered,  # type: ignore[arg-type]
        list(replies),
    )


def at_once(answer: Coroutine[object, object, str]) -> str:
    """What comes of something that has nothing to wait for while no question is open."""
    try:
        answer.send(None)
    except StopIteration as done:
        return str(done.value)
    raise AssertionError("it waits for something")


@pytest.mark.parametrize("locale", TEXTS.locales)
async def test_every_number_and_every_label_chooses_its_button(database: Database, locale: str) -> None:
    chosen: Counter[str] = Counter()
    buttons = real_buttons(locale)
    assert len(buttons) > 20
    async with world(database, can=NUMBERS) as w:
        desk = w.desk

    @often(120)
    @given(st.lists(st.lists(st.sampled_from(buttons), max_size=9, unique=True), min_size=1, max_size=3))
    def offer(rows: list[list[Button]]) -> None:
        replies = [Outgoing("…", buttons=tuple((button,) for button in row)) for row in rows]
        asked = scene(desk, "", None, replies)
        offering.put_in_words(asked)
        offers = [button for row in rows for button in row]
        lines = [line for reply in asked.replies for line in reply.text.splitlines()[1:]]
        assert lines == [f"{number}. {button.label}" for number, button in enumerate(offers, 1)]
        assert [line for reply in asked.replies for line, _ in reply.choices] == lines
        answers = [answer for reply in asked.replies for _, answer in reply.choices]
        for answer, button in zip(answers, offers, strict=True):
            assert at_once(offering.chosen(scene(desk, answer, asked.offered))) == button.data
            chosen["number"] += 1
            if [one.data for one in offers if one.label == button.label] == [button.data]:
                for text in (button.label, f" {button.label}。", button.label.upper()):
                    assert at_once(offering.chosen(scene(desk, text, asked.offered))) == button.data
                chosen["label"] += 1
        assert at_once(offering.chosen(scene(desk, str(len(offers) + 1), asked.offered))) == ""
        assert at_once(offering.chosen(scene(desk, "完全是别的话", asked.offered))) == ""

    offer()
    assert min(chosen["number"], chosen["label"]) > 100


async def test_what_is_pushed_while_a_question_is_open_has_letters(database: Database) -> None:
    """A number answers the question, a letter what was pushed; afterwards the letters still do."""
    async with world(database, can=NUMBERS) as w:
        number = await w.report("李雷")
        await w.say("李雷", "厨房漏水")
        async with w.database.transaction() as session:
            row = Outbox(channel="words", bot="bot", chat="李雷", kind="message", payload={})
            row.not_before = row.created_at = w.now
            message = Outgoing("师傅到了吗？", buttons=((Button("查看工单", f"t.{number}.show"),),))
            told = await offering.pushed(Work(w.desk, session, w.now), row, message)
        assert told.text.splitlines()[-1] == "A. 查看工单"
        (asked,) = (await w.say("李雷", "1")).replies
        assert "哪方面的问题" in asked.text
        shown = (await w.say("李雷", "a")).replies
        assert "进度" in shown[0].text
        async with w.database.reading() as session:
            held = await session.scalar(select(Conversation).where(Conversation.chat == "李雷"))
            assert held is not None
            assert held.draft is not None
            assert Draft.from_json(held.draft).flow == "repair"


async def test_what_is_pushed_one_after_the_other_stays_answerable(database: Database) -> None:
    """Every sign and every label that was shown chooses what it was shown for, whatever came after it."""
    reach: Counter[str] = Counter()
    async with world(database, can=NUMBERS) as w:
        desk = w.desk
    buttons = real_buttons("zh_CN")

    @often(120)
    @given(st.lists(st.lists(st.sampled_from(buttons), min_size=1, max_size=6, unique=True), max_size=5))
    def push(lists: list[list[Button]]) -> None:
        offered: Mapping[str, Any] = {}
        shown: dict[str, str] = {}
        for at, row in enumerate(lists):
            offers = [(one.label, one.data.replace("t.1.", f"t.{at}.")) for one in row]
            choices = [data for data in shown.values() if not data.endswith(".show")]
            signs, offered = _signed(offers, offered, asking=False)
            if (at and not choices) or len(shown) + len(offers) > len(LETTER):
                shown.clear()
            assert not {*signs} & {*shown} or all(
                shown.get(s) == d for s, (_, d) in zip(signs, offers, strict=True)
            )
            shown |= {sign: data for sign, (_, data) in zip(signs, offers, strict=True)}
            for label, data in offers:
                if [one for one, _ in offers].count(label) == 1:
                    assert at_once(offering.chosen(scene(desk, label, offered))) == data
            for sign, data in shown.items():
                assert at_once(offering.chosen(scene(desk, sign, offered))) == data
                reach["letter" if sign.isalpha() else "number"] += 1

    push()
    assert min(reach["letter"], reach["number"]) > 100


async def test_two_questions_that_were_pushed_are_both_understood(database: Database) -> None:
    """The numbers of the first go on counting: the second has letters. Both stay when a list answers."""
    async with world(database, can=NUMBERS) as w:
        await w.report("李雷")
        arrived = (Button("已到", "t.1.met"), Button("没到", "t.1.wait"))
        asked = Outgoing("师傅到了吗？", buttons=(arrived,))
        row = tuple(Button(f"{n} 星", f"t.2.rate.{n}") for n in (1, 2, 3))
        stars = Outgoing("请打分", buttons=(row,))
        look = Outgoing("已接单", buttons=((Button("查看工单", "t.2.show"),),))
        told = [await _pushed(w, one) for one in (look, asked, asked, stars)]
        assert [text.splitlines()[1:] for text in told] == [
            ["1. 查看工单"],
            ["1. 已到", "2. 没到"],
            ["1. 已到", "2. 没到"],
            ["A. 1 星", "B. 2 星", "C. 3 星"],
        ]
        offered = await _offered(w)
        said = {"1": "t.1.met", "2": "t.1.wait", "没到": "t.1.wait"}
        said |= {"a": "t.2.rate.1", "B": "t.2.rate.2", "3 星": "t.2.rate.3", "3": "t.2.rate.3", "4": ""}
        for text, data in said.items():
            assert at_once(offering.chosen(scene(w.desk, text, offered))) == data
        listed = scene(w.desk, "", offered, [Outgoing("…", buttons=((Button("我的工单", "m.tickets"),),))])
        offering.put_in_words(listed)
        assert at_once(offering.chosen(scene(w.desk, "1", listed.offered))) == "m.tickets"
        assert at_once(offering.chosen(scene(w.desk, "b", listed.offered))) == "t.2.rate.2"


async def _pushed(w: World, message: Outgoing) -> str:
    async with w.database.transaction() as session:
        row = Outbox(channel="words", bot="bot", chat="李雷", kind="message", payload={})
        row.not_before = row.created_at = w.now
        return (await offering.pushed(Work(w.desk, session, w.now), row, message)).text


async def _offered(w: World) -> Mapping[str, Any]:
    async with w.database.reading() as session:
        held = await session.scalar(select(Conversation).where(Conversation.chat == "李雷"))
        assert held is not None
        assert held.offered is not None
        return held.offered


async def test_a_number_of_an_old_list_does_not_choose_once_a_question_was_asked(database: Database) -> None:
    async with world(database, can=NUMBERS) as w:
        await w.say("李雷", "菜单")
        await w.say("李雷", "1")
        await w.say("李雷", "取消")
        async with w.database.transaction() as session:
            await session.execute(update(Conversation).values(draft=None))
        told = (await w.say("李雷", "9")).replies
        assert all("进度" not in reply.text for reply in told)


def test_there_are_letters_enough() -> None:
    assert len(set(LETTER)) == 26
    assert dialogue.KEPT == ""
