"""Residents to test with: what they know, what they may answer, and what else they may write or send."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from itertools import count, product
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import Phase, settings
from hypothesis import strategies as st

from flows import catalogue
from flows.engine import turn as engine
from flows.engine.effects import Act, Lead, OpenTicket
from flows.engine.facts import Facts, Home
from flows.engine.form import Draft, Flow
from flows.engine.messages import (
    Ask,
    Command,
    Heard,
    Json,
    Picked,
    Pressed,
    Rejected,
    Review,
    Said,
    Sent,
    Shared,
    Unfit,
)
from flows.engine.questions import Money, Number, Photos, Question, Several, Text
from flows.engine.turn import Turn
from flows.engine.when import windows

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=ZoneInfo("Asia/Shanghai"))
FLOWS = tuple(catalogue.all_flows().values())
NAMES = frozenset(flow.name for flow in FLOWS)
EXPLORE = bool(os.environ.get("WUBU_EXPLORE"))
NUMBERS = ("+8613800000001", "+8613912345678", "+447700900123")
FINISHING = frozenset({Command.DONE, Command.SKIP})
NOTICED = [
    {"n": number, "text": text, "state": state}
    for number, (text, state) in enumerate(product(("电线", "垃圾"), ("open", "mended")), 1)
]
"""Several findings of an inspection in each state, so that it is asked which one is meant."""

_refs: Iterator[int] = count(1)


def often(examples: int) -> settings:
    """The same examples every time, so that what is reached stays reached; WUBU_EXPLORE=1 looks further."""
    if EXPLORE:
        return settings(max_examples=examples * 20, deadline=None)
    quick = (Phase.explicit, Phase.generate)
    return settings(max_examples=examples, derandomize=True, deadline=None, phases=quick)


@st.composite
def known(draw: st.DrawFn) -> Facts:
    """What is known of somebody with at least one home."""
    homes = tuple(Home(n, f"3-120{n}", 1) for n in range(1, 1 + draw(st.integers(1, 3))))
    phones = tuple(NUMBERS[: draw(st.integers(0, 2))])
    slots = windows(NOW, days=draw(st.integers(0, 3)))[: draw(st.integers(0, 8))]
    about: dict[str, Json] = {"ticket": 7, "action": "some", "number": "HPY-2611-00007"}
    found = tuple(replace(home, place="湖畔花园") for home in homes)
    return Facts(
        now=NOW,
        homes=homes,
        phones=phones,
        slots=slots,
        about=about,
        found=found,
        details={"findings": NOTICED},
    )


def question(flow: type[Flow], name: str) -> Question[Any]:
    return next(one for one in flow.questions if one.name == name)


def standing(flow: type[Flow], draft: Draft, facts: Facts) -> Ask | Review:
    """What a running draft asks; there is always something."""
    asked = engine.standing(flow, draft, facts)
    assert asked is not None, f"{flow.name} neither asks nor ends"
    return asked


@st.composite
def answers(draw: st.DrawFn, flow: type[Flow], asked: Ask | Review, form: Flow) -> Heard:
    """One good answer to what is asked, tapped or written, that leads on sooner or later."""
    if isinstance(asked, Review):
        return Pressed(Command.SUBMIT, asked.revision)
    one = question(flow, asked.question)
    moves = _taps(flow, asked) + [
        Pressed(done, asked.revision) for done in asked.commands if done in FINISHING
    ]
    match one:
        case Text(least=least, most=most):
            moves.append(said(draw(st.text("水管漏leak😀", min_size=least, max_size=min(most, 40)))))
        case Number(least=least, most=most):
            moves.append(said(str(draw(st.integers(least, min(most, least + 99))))))
        case Money():
            moves += [said(amount) for amount in ("0.01", "800", "1,200.50")]
        case Photos():
            moves = [move for move in moves if isinstance(move, Pressed)]
            moves += [draw(photo())] if draw(st.booleans()) or not moves else []
    written = next(([heard] for heard in _sayings() if _taken(one, heard, form)), [])
    good = [move for move in moves if _taken(one, move, form)]
    return draw(st.sampled_from([*good, *written] or moves))


SAYINGS = (
    "明天下午",
    "tomorrow 3pm",
    "后天上午 10 点",
    "Friday",
    "明天",
    "12月1日",
    "3-1201",
    "1,200.50",
    "6222 0212 3456 7890",
    "张三 13900000002",
    "一只猫",
    "22:00-07:00",
    "是",
)
"""What people say in answer to questions of all sorts; a question takes what it understands."""


def _sayings() -> Iterator[Heard]:
    yield from (said(text) for text in SAYINGS)
    yield from (Shared(number) for number in NUMBERS)


def _taken(one: Question[Any], heard: Heard, form: Flow) -> bool:
    """Whether a question takes an answer; what only asks something back leaves it open."""
    if isinstance(heard, Pressed) and heard.command is Command.SKIP and not one.required:
        return True
    try:
        one.hear(heard, form)
    except Rejected:
        return False
    return True


def _taps(flow: type[Flow], asked: Ask) -> list[Heard]:
    taps: list[Heard] = [Picked(asked.question, one.value, asked.revision) for one in asked.options]
    match question(flow, asked.question):
        case Several(least=least):
            ticked = [one for one in asked.options if one.label.key == "engine.ticked"]  # type: ignore[union-attr]
            return taps if len(ticked) < least else [Pressed(Command.DONE, asked.revision)]
    return taps


def said(text: str) -> Said:
    return Said(text, f"r{next(_refs)}")


@st.composite
def photo(draw: st.DrawFn, caption: str = "") -> Sent:
    return Sent(next(_refs), draw(st.sampled_from(["", "", "A", "B"])), caption, f"r{next(_refs)}")


def current(turn: Turn) -> Draft:
    """The draft of a conversation that goes on."""
    assert turn.draft is not None, "it ended too early"
    return turn.draft


TEXTS = st.one_of(
    st.text(max_size=30),
    st.sampled_from(["上一步", "skip", "算了", "好了", "提交"]),
    st.sampled_from(
        ["是", "no", "取消", "1", "99", "明天下午", "厨房", "/start", "菜单", "  ", "x" * 1500, "13800000001"]
    ),
)


@st.composite
def anything(draw: st.DrawFn, asked: Ask | Review | None) -> Heard:
    """Whatever can be heard, sensible or not."""
    revision = draw(st.one_of(st.none(), st.integers(0, 9), st.just(asked.revision if asked else 0)))
    names = [name for flow in FLOWS for name in (one.name for one in flow.questions)]
    name = draw(st.sampled_from([*names, "", "nothing", asked.question if isinstance(asked, Ask) else "x"]))
    offered = [option.value for option in asked.options] if isinstance(asked, Ask) else []
    value = draw(st.sampled_from([*offered, "", "home", "99", "asap", "clear", "2026-11-23T10:00"]))
    caption = draw(TEXTS)
    ref = f"r{next(_refs)}"
    heard: list[Heard] = [
        Said(caption, ref),
        Picked(name, value, revision),
        Pressed(draw(st.sampled_from(list(Command))), revision, name),
        Sent(next(_refs), draw(st.sampled_from(["", "A"])), caption, ref),
        Shared(draw(st.sampled_from(NUMBERS))),
        Unfit(draw(st.sampled_from(["sticker", "voice", "too_large"])), caption, ref),
    ]
    return draw(st.sampled_from(heard))


def step(flow: type[Flow], draft: Draft, heard: Heard, facts: Facts) -> Turn:
    """A turn, taken twice, with a draft that was written down and read again in between."""
    before = json.dumps(draft.to_json(), sort_keys=True)
    again = Draft.from_json(json.loads(before))
    assert again == draft
    turn = engine.advance(flow, draft, heard, facts)
    assert engine.advance(flow, again, heard, facts) == turn, "the same turn had two outcomes"
    assert json.dumps(draft.to_json(), sort_keys=True) == before, "a turn changed its own past"
    if turn.draft is not None:
        assert turn.draft.revision >= draft.revision
        assert Draft.from_json(json.loads(json.dumps(turn.draft.to_json()))) == turn.draft
        assert turn.draft.flow == flow.name
    return turn


def written(draft: Draft | None, turn: Turn | None = None) -> str:
    """Everything that is on record of a conversation, as one text."""
    kept: list[object] = [dict(draft.answers), draft.before] if draft is not None else []
    for effect in turn.effects if turn is not None else ():
        match effect:
            case OpenTicket(details=details, described=described, photos=photos):
                kept += [dict(details), list(described), list(photos)]
            case Lead(described=described):
                kept += [list(described)]
            case Act(values=values, photos=photos):
                kept += [dict(values), list(photos)]
    return json.dumps(kept, ensure_ascii=False)


def quoted(text: str) -> str:
    """A text as it stands inside `written`."""
    return json.dumps(text.strip(), ensure_ascii=False)[1:-1]
