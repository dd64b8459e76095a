"""The page of all services as the code has them: `python -m tests.service_tables` writes docs/services.md."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

from flows import catalogue
from flows.engine.form import Flow
from flows.engine.lifecycle import Action, Audience, Errand, Lifecycle, Role, Timer
from flows.engine.messages import Phrase
from flows.engine.question import Answered
from flows.engine.questions import (
    Choice,
    HomeChoice,
    Number,
    OneOf,
    OneOfSeveral,
    Photos,
    Question,
    Several,
    Slot,
    Text,
    YesNo,
)
from handlers.texts import Texts, UnfilledText
from tests.locales.shelf import written

PAGE = Path(__file__).parent.parent / "docs" / "services.md"
LOCALES = ("en", "zh_CN")
TEXTS = Texts.load()
HEAD = """# The services

Every service as the code has it: what is asked, how its tickets move, who is told. Written by
`python -m tests.service_tables`; a test fails when it is out of date, so do not edit it by hand.

The words stand in `locales/<locale>/<service>.yaml`, the tables in `flows/`, a file or a folder each.
What the columns of an action mean is explained [below](#how-to-read-an-action).
"""
FOOT = """
## How to read an action

- **by** is checked on the server at every tap, against the roles the person has in the ticket's community.
  *resident* is the one the ticket belongs to, *clock* a timer of the program.
- **own**: roles that are not leads may do it only with a ticket they have taken. Duty lead and manager may
  always.
- **asks** names the small flow that asks for what the action needs, in the private chat of whoever tapped.
- **takes** makes the actor the one who works on it, **frees** leaves the ticket to the group again.
- **holds** stops every running clock, **resumes** lets them go on with the time that was left.
- **if** names a condition on the details; an **internal** move does not stand on the resident's timeline.
- **no button**: it is offered in a message of its own, or carried out by a timer, not on the card.
- A refused or late tap changes nothing; the one who tapped reads why, and who was quicker.
"""


def page() -> str:
    """The whole page."""
    parts = [HEAD, *(_service(one) for one in catalogue.services().values()), FOOT]
    return "\n".join(part.strip("\n") + "\n" for part in parts)


def _service(service: Lifecycle | Errand) -> str:
    return _errand(service) if isinstance(service, Errand) else _ticketed(service)


def _errand(errand: Errand) -> str:
    """A service of which no ticket comes."""
    parts = [
        f"## {' · '.join(_said(f'{errand.kind}.title'))}",
        f"Done at once, without a ticket. The code is `{_source(errand.kind)}`.",
        "### What is asked",
        _questions(errand.start),
    ]
    for flow in errand.flows:
        parts += [f"**`{flow.name}`**: {' · '.join(_said(f'{flow.name}.title'))}", _questions(flow)]
    return "\n\n".join(parts)


def _ticketed(table: Lifecycle) -> str:
    title = " · ".join(_said(f"{table.kind}.title"))
    parts = [
        f"## {title}",
        " ".join(_manners(table)),
        "### What is asked",
        _questions(table.start),
        "### States",
        _states(table),
        "### How a ticket moves",
        _diagram(table),
        "### Actions",
        _actions(table),
        "### Clocks and timers",
        _clocks(table),
        "### What actions ask for",
        *_small_flows(table),
    ]
    return "\n\n".join(parts)


def _manners(table: Lifecycle) -> Iterator[str]:
    """What is special about a service, in sentences."""
    yield f"Cards go to the `{table.purpose}` group. The code is `{_source(table.kind)}`."
    if table.routes is not None:
        yield _first_line(table.routes)
    if table.at_once is not None:
        yield f"As soon as it is opened: {_first_line(table.at_once)}"
    if table.hides is not None:
        yield f"{_first_line(table.hides)} Then only {_listed(table.confidants, Role)} know whose it is."
    if table.readers:
        yield f"Open to {_listed(table.readers, Role)} alone."
    if table.reply:
        yield f"A colleague's reply to the card is the action `{table.reply}`."
    if table.strangers:
        yield "Nobody needs a home for it."


def _source(kind: str) -> str:
    """Where a service's code is: a file, or a folder."""
    return f"flows/{kind}/" if Path("flows", kind).is_dir() else f"flows/{kind}.py"


def _first_line(rule: Callable[..., object]) -> str:
    return (rule.__doc__ or rule.__name__.replace("_", " ")).strip().split("\n")[0]


def _said(key: str) -> tuple[str, ...]:
    """A text in the page's languages; one with gaps as it is written."""
    return tuple(_worded(key, locale) for locale in LOCALES)


def _worded(key: str, locale: str) -> str:
    try:
        return TEXTS.say(Phrase(key), locale)
    except UnfilledText:
        return " ".join(written(locale)[key].split())


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [_row(head), _row(["---"] * len(head)), *(_row(row) for row in rows)]
    return "\n".join(lines)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def _questions(flow: type[Flow]) -> str:
    rows = [_question(number, question) for number, question in enumerate(flow.questions, 1)]
    return _table(("", "question", "kind", "asked when", "English", "中文"), rows)


def _question(number: int, question: Question[Any]) -> tuple[str, ...]:
    asked = tuple(
        "<br>".join(lines) for lines in zip(*(_said(key) for key in _prompts(question)), strict=True)
    )
    return (str(number), f"`{question.name}`", _kind(question), _when(question), *asked)


def _prompts(question: Question[Any]) -> Sequence[str]:
    """The keys of the words it is put in: one, or one for each case."""
    own = re.compile(rf"{re.escape(question.key)}\.\w+")
    keys = [key for key in question.texts() if own.fullmatch(key)]
    asks = [key for key in keys if key.endswith(".ask")]
    return asks or [key for key in keys if not key.endswith(".label")]


def _kind(question: Question[Any]) -> str:
    match question:
        case Choice(choices=choices):
            return f"one of {_members(choices)}"
        case Several(choices=choices):
            return f"any of {_members(choices)}"
        case Text(least=least, most=most, catches=catches):
            gathers = "; takes what other questions do not understand" if catches else ""
            return f"{least}–{most} characters{gathers}"
        case Photos(most=most):
            return f"up to {most} photos, or none"
        case Number(least=least, most=most):
            return f"a number, {least}–{most}"
        case Slot(asap=asap):
            return "a time, or as soon as possible" if asap else "a time"
        case YesNo():
            return "yes or no"
        case HomeChoice():
            return "one of their homes"
        case OneOf():
            return "one of what there is"
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", _built_in(question)).lower()


def _built_in(question: Question[Any]) -> str:
    """The engine's name for a kind of question, also for a service's own variant of it."""
    return next(
        kind.__name__ for kind in type(question).__mro__ if kind.__module__.startswith("flows.engine")
    )


def _members(choices: type[StrEnum]) -> str:
    return ", ".join(f"`{choice.value}`" for choice in choices)


def _when(question: Question[Any]) -> str:
    parts = [*_conditions(question), *([] if question.required else ["may be skipped"])]
    return "; ".join(parts)


def _conditions(question: Question[Any]) -> Iterator[str]:
    several = isinstance(question, OneOfSeveral)
    match question.condition:
        case None:
            yield "if there are several" if several else "always"
        case Answered(earlier, answers):
            named = " or ".join(f"`{_answer(one)}`" for one in answers)
            yield f"`{earlier.name}` is {named}" + (", and there are several" if several else "")
        case condition:
            yield condition.__name__.replace("_", " ").strip()


def _answer(answer: object) -> str:
    match answer:
        case StrEnum():
            return answer.value
        case bool():
            return "yes" if answer else "no"
    return str(answer)


def _states(table: Lifecycle) -> str:
    rows = [
        (
            f"`{state.value}`" + _place(table, state),
            *_said(f"{table.kind}.state.{state.value}"),
            ", ".join(f"`{action.name}`" for action in table.actions if state in action.frm) or "–",
        )
        for state in table.states
    ]
    return _table(("state", "English", "中文", "what can happen"), rows)


def _place(table: Lifecycle, state: StrEnum) -> str:
    return " (first)" if state == table.first else " (final)" if state in table.final else ""


def _diagram(table: Lifecycle) -> str:
    """The moves as a Mermaid state diagram; what leaves the state as it is is left out."""
    moves: dict[tuple[str, str], list[str]] = {}
    for state in table.states:
        for action in table.actions:
            if action.to is not None and state in action.frm:
                moves.setdefault((state.value, action.to.value), []).append(action.name)
    lines = [f"[*] --> {table.first.value}"]
    lines += [f"{start} --> {end} : {', '.join(names)}" for (start, end), names in moves.items()]
    lines += [f"{state.value} --> [*]" for state in table.states if state in table.final]
    return "\n".join(("```mermaid", "stateDiagram-v2", *(f"    {line}" for line in lines), "```"))


def _actions(table: Lifecycle) -> str:
    head = ("action", "English", "中文", "by", "from", "to", "asks", "clocks", "tells")
    return _table(head, [_action(table, action) for action in table.actions])


def _action(table: Lifecycle, action: Action) -> tuple[str, ...]:
    return (
        f"`{action.name}`" + (" (no button)" if action.hidden else ""),
        *_said(f"{table.kind}.action.{action.name}"),
        "; ".join((_listed(action.by, Role), *_limits(action))),
        _listed(action.frm, table.states),
        f"`{action.to.value}`" if action.to is not None else "–",
        f"`{action.asks.name}`" if action.asks is not None else "–",
        "; ".join(_clock_changes(action)) or "–",
        _listed(action.tells, Audience) if action.tells else "–",
    )


def _listed(members: frozenset[Any], order: Iterable[StrEnum]) -> str:
    return ", ".join(_word(one) for one in order if one in members)


def _limits(action: Action) -> Iterator[str]:
    if action.own:
        yield "own"
    if action.takes:
        yield "takes"
    if action.frees:
        yield "frees"
    if action.every is not None:
        yield f"once in {action.every.total_seconds() / 3600:g} h"
    if action.given is not None:
        yield f"if {action.given.__name__.replace('_', ' ').strip()}"
    if action.internal:
        yield "internal"


def _clock_changes(action: Action) -> Iterator[str]:
    if action.starts:
        yield f"starts {', '.join(action.starts)}"
    if action.stops:
        yield f"stops {', '.join(action.stops)}"
    if action.holds:
        yield "holds"
    if action.resumes:
        yield "resumes"


def _clocks(table: Lifecycle) -> str:
    rows = [
        (
            f"`{clock.name}`",
            "at " + ", ".join(f"{stage.share:.0%} {_word(stage.tells)}" for stage in clock.stages),
            "service hours (an emergency: always)" if clock.working else "always",
        )
        for clock in table.clocks
    ]
    rows += [
        (
            f"`{timer.name}`",
            "; ".join(_fires(timer)),
            "outside quiet hours" if timer.calm else "always",
        )
        for timer in table.timers
    ]
    return _table(("clock or timer", "when, and who hears of it", "runs"), rows)


def _fires(timer: Timer) -> Iterator[str]:
    if timer.after:
        yield "after " + ", ".join(_span(after.total_seconds()) for after in timer.after)
    elif timer.again is not None:
        yield f"every {_span(timer.again.total_seconds())}"
    else:
        early = f", {_span(timer.before.total_seconds())} before" if timer.before else ""
        yield f"when `{timer.at}` says{early}"
    if timer.tells:
        yield f"tells {_listed(timer.tells, Audience)}"
    if timer.acts:
        yield f"in the end the clock does `{timer.acts}`"


def _word(member: StrEnum) -> str:
    return member.value.replace("_", " ")


def _span(seconds: float) -> str:
    if seconds >= 4 * 86400:
        return f"{seconds / 86400:g} days"
    return f"{seconds / 3600:g} h" if seconds >= 3600 else f"{seconds / 60:g} min"


def _small_flows(table: Lifecycle) -> Iterator[str]:
    asked = dict.fromkeys(action.asks for action in table.actions if action.asks is not None)
    for flow in asked:
        names = [action.name for action in table.actions if action.asks is flow]
        yield f"**`{flow.name}`** ({', '.join(names)}): {' · '.join(_said(f'{flow.name}.title'))}"
        yield _questions(flow)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
