"""What a resident says and taps, from the first hello to the ticket: the same script for every contender."""

import re
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Say:
    """Type these words; `asked` is a word of the question that they answer."""

    text: str
    asked: str = ""


@dataclass(frozen=True, slots=True)
class Tap:
    """Tap the first button of the newest keyboard whose label contains one of these words."""

    labels: tuple[str, ...]


Step = Say | Tap
NUMBERED = re.compile(r"^(\d{1,2})\. (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Button:
    """A button on the resident's screen; without data it is one that types its own label."""

    label: str
    data: str | None


REPAIR: tuple[Step, ...] = (
    Say("/start"),
    Tap(("repair", "报修")),
    Tap(("my home", "in my home", "我家")),
    Tap(("doors", "门窗", "门锁")),
    Say("The lock of the front door turns but the bolt does not move any more.", asked="wrong"),
    Tap(("skip", "without photos", "跳过")),
    Tap(("as soon as possible", "soon", "尽快")),
    Say("13812345678", asked="number"),
    Tap(("submit", "send", "提交")),
)


def buttons(markup: dict[str, Any] | None) -> list[Button]:
    """The buttons of a reply_markup, inline or below the input field, row by row."""
    if not markup:
        return []
    inline = [
        Button(button["text"], button.get("callback_data"))
        for row in markup.get("inline_keyboard", ())
        for button in row
    ]
    typed = [
        Button(button if isinstance(button, str) else button["text"], None)
        for row in markup.get("keyboard", ())
        for button in row
    ]
    return inline or typed


def find(step: Tap, shown: list[Button]) -> Button | None:
    """The button meant by the step: earlier words of the step win over later ones."""
    for wanted in step.labels:
        for button in shown:
            if wanted in button.label.casefold():
                return button
    return None


def in_words(step: Step, shown: str) -> str | None:
    """What to type for the step where there are no buttons: the number of an option, or a word that is there.

    None when what is shown does not ask for the step. Earlier words of the step win over later ones.
    """
    text = shown.casefold()
    if isinstance(step, Say):
        return step.text if step.asked in text else None
    numbered, rest = NUMBERED.findall(text), NUMBERED.sub("", text)
    for wanted in step.labels:
        for number, label in numbered:
            if wanted in label:
                return str(number)
        if wanted in rest:
            return wanted
    return None
