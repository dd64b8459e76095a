"""What a resident says and taps, from the first hello to the ticket: the same script for every contender."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Say:
    """Type these words."""

    text: str


@dataclass(frozen=True, slots=True)
class Tap:
    """Tap the first button of the newest keyboard whose label contains one of these words."""

    labels: tuple[str, ...]


Step = Say | Tap


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
    Say("The lock of the front door turns but the bolt does not move any more."),
    Tap(("skip", "without photos", "跳过")),
    Tap(("as soon as possible", "soon", "尽快")),
    Say("13812345678"),
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
