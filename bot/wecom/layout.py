"""Where on a card the words of a message go: heading, the resident's own words, short facts, and the rest."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from bot.wecom.words import URGENT, one_line
from handlers.cutting import in_signs, shortened

LONGEST_TITLE, LONGEST_ASIDE, LONGEST_LINES = 26, 30, 112
LONGEST_KEY, LONGEST_VALUE, MOST_ROWS = 5, 26, 6
LONGEST_LABEL, LONGEST_SOURCE, LONGEST_EMPHASIS = 13, 13, 10
"""In characters; clients cut off what is longer (WeCom docs: 模板卡片类型)."""
FORM = 3
"""So many facts in a row make a form, such as a ticket; less is prose, whose lines keep their order."""
LONGEST_QUOTE = 112
"""No limit is documented; this much is still shown."""

_FIELD = re.compile(r"([^\d\s：:][^\d：:\n]{0,15})(?:：|: )(?=\S)")
_BETWEEN = " · "


@dataclass(frozen=True, slots=True)
class Field:
    """A line such as "房屋：3-1201" with the lines that go on below it; without a label it is only words."""

    whole: str
    label: str = ""
    words: str = ""

    @property
    def short(self) -> bool:
        return bool(self.label) and len(self.label) <= LONGEST_KEY and self._length <= LONGEST_VALUE

    @property
    def long(self) -> bool:
        return bool(self.label) and self._length > LONGEST_VALUE

    @property
    def _length(self) -> int:
        return len(self.words) if "\n" not in self.words else len(self.words) + LONGEST_VALUE


@dataclass(frozen=True, slots=True)
class Layout:
    """`aside` stands below the title, `quoted` is said by the person whom `quote` names. See `FORM`."""

    title: str = ""
    aside: str = ""
    quote: str = ""
    quoted: str = ""
    lines: str = ""
    rows: tuple[tuple[str, str], ...] = ()
    form: bool = False

    @property
    def fits(self) -> bool:
        """Whether clients show all of it."""
        return self == self.cut()

    @property
    def urgent(self) -> bool:
        return self.title.startswith(URGENT)

    @property
    def subject(self) -> str:
        """What an urgent title is about, without its number."""
        words: list[str] = []
        for word in self.title.removeprefix(URGENT).split():
            if any(map(str.isdigit, word)):
                break
            words.append(word)
        return shortened(" ".join(words), LONGEST_SOURCE, in_signs) or URGENT

    def cut(self) -> Layout:
        """As much of it as clients show."""
        return replace(
            self,
            title=shortened(self.title, LONGEST_TITLE, in_signs),
            aside=shortened(self.aside, LONGEST_ASIDE, in_signs),
            quote=shortened(self.quote, LONGEST_LABEL, in_signs),
            quoted=shortened(self.quoted, LONGEST_QUOTE, in_signs),
            lines=shortened(self.lines, LONGEST_LINES, in_signs),
        )


def lay_out(title: str, text: str) -> Layout:
    """Everything in its place, nothing cut yet."""
    heading, aside, state = _heading(one_line(title))
    fields = _fields(text)
    rows = [at for at, field in enumerate(fields) if field.short][:MOST_ROWS]
    long = [at for at, field in enumerate(fields) if field.long]
    quoted = max(long, key=lambda at: len(fields[at].words), default=-1)
    others = [at for at in range(len(fields)) if at != quoted and at not in rows]
    shown = [*([quoted] if long else []), *others, *rows]
    form = _is_form(text)
    if not form and shown != sorted(shown):
        return Layout(heading, aside, lines="\n".join(filter(None, (state, *_lines(text)))))
    return Layout(
        title=heading,
        aside=aside,
        quote=fields[quoted].label if long else "",
        quoted=fields[quoted].words if long else "",
        lines="\n".join(filter(None, (state, *(fields[at].whole for at in others)))),
        rows=tuple((fields[at].label, fields[at].words) for at in rows),
        form=form,
    )


def _heading(title: str) -> tuple[str, str, str]:
    """The title, what goes below it in small, and what is left: its state last, as far as there is room."""
    before, _, state = title.rpartition(_BETWEEN)
    head, rest = _broken(before)
    if not before or len(rest) > LONGEST_ASIDE or len(state) > LONGEST_ASIDE:
        return *_broken(title), ""
    return (head, rest, state) if rest else (head, state, "")


def _broken(title: str) -> tuple[str, str]:
    """At a blank where it is too long, if there is one."""
    if len(title) <= LONGEST_TITLE or (blank := title.rfind(" ", 1, LONGEST_TITLE + 1)) < 0:
        return title, ""
    return title[:blank], title[blank + 1 :]


def _fields(text: str) -> list[Field]:
    """A line without a label goes on with the labelled one above it, but for those behind the last label."""
    lines = _lines(text)
    last = max((at for at, line in enumerate(lines) if _FIELD.match(line)), default=-1)
    fields: list[Field] = []
    for at, line in enumerate(lines):
        if at < last and fields and fields[-1].label and not _FIELD.match(line):
            fields[-1] = _field(f"{fields[-1].whole}\n{line}")
        else:
            fields.append(_field(line))
    return fields


def _is_form(text: str) -> bool:
    """A line may come before the facts, such as what is to be kept in mind."""
    facts = [_FIELD.match(line) is not None for line in _lines(text)[: FORM + 1]]
    return sum(facts[:FORM]) == FORM or (len(facts) > FORM and all(facts[1:]))


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.split("\n") if line.strip()]


def _field(whole: str) -> Field:
    found = _FIELD.match(whole)
    return Field(whole) if found is None else Field(whole, found[1], whole[found.end() :])
