"""What every peer asks of a resident whose tap drips, and which answers it takes."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

PHONE = re.compile(r"^\+?\d[\d -]{5,18}\d$")


class Rejected(ValueError):
    """The answer cannot be taken; the message says why, in the resident's words."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question: its words, its buttons as (value, label), and a parser for typed answers."""

    key: str
    text: str
    buttons: tuple[tuple[str, str], ...] = ()
    parse: Callable[[str], str] | None = None
    columns: int = 1


def details(text: str) -> str:
    said = text.strip()
    if len(said) < 4:
        raise Rejected("Please tell us a little more, at least 4 characters.")
    if len(said) > 1000:
        raise Rejected("That is too long, please keep it under 1000 characters.")
    return said


def phone(text: str) -> str:
    said = text.strip()
    if not PHONE.match(said):
        raise Rejected("That does not look like a phone number.")
    return re.sub(r"[ -]", "", said)


def visits() -> tuple[tuple[str, str], ...]:
    """As soon as possible, or a morning or an afternoon of the next seven days."""
    today = datetime.now(UTC).date()
    found = [("asap", "As soon as possible")]
    for ahead in range(1, 8):
        day = today + timedelta(days=ahead)
        found.append((f"{day.isoformat()}T09", f"{day:%a %d %b} 9:00–12:00"))
        found.append((f"{day.isoformat()}T14", f"{day:%a %d %b} 14:00–18:00"))
    return tuple(found)


GREETING = "Lakeside Garden front desk. What can we do for you?"
MENU = (("menu:repair", "Report a repair"), ("menu:tickets", "My tickets"))
REVIEW = (("review:submit", "Submit"), ("review:cancel", "Cancel"))
CANCELLED = "Cancelled. Nothing was sent."
USE_BUTTONS = "Please use the buttons."
STALE = "This button belongs to an earlier question."

PLACE = Question("place", "Where is it?", (("home", "My home"), ("shared", "Shared area")))
TRADE = Question(
    "trade",
    "What is it about?",
    (
        ("water", "Water"),
        ("electricity", "Electricity"),
        ("heating", "Gas or heating"),
        ("lift", "Lift"),
        ("doors", "Doors and locks"),
        ("walls", "Leaks and walls"),
        ("drains", "Drains"),
        ("appliance", "Appliance"),
        ("other", "Other"),
    ),
    columns=2,
)
DETAILS = Question("details", "Please describe what is wrong.", parse=details)
PHOTOS = Question("photos", "Photos help. Send some, or skip.", (("skip", "Skip"),))
VISIT = Question("visit", "When may we come?", visits(), columns=1)
CALL = Question("phone", "Which phone number may we call?", parse=phone)

QUESTIONS = (PLACE, TRADE, DETAILS, PHOTOS, VISIT, CALL)


def asked(question: Question) -> str:
    """The question's words with the progress, as the resident reads them."""
    return f"{QUESTIONS.index(question) + 1}/{len(QUESTIONS)}  {question.text}"


def rows(question: Question) -> list[list[tuple[str, str]]]:
    """Buttons in rows, with callback data of at most 64 bytes."""
    buttons = [(f"{question.key}:{value}", label) for value, label in question.buttons]
    return [buttons[at : at + question.columns] for at in range(0, len(buttons), question.columns)]


def chosen(question: Question, value: str) -> str:
    """The value of a tapped button, if the question has it."""
    if all(value != known for known, _ in question.buttons):
        raise Rejected(STALE)
    return value


def review(answers: dict[str, str]) -> str:
    lines = ["Please check:"]
    for question in QUESTIONS:
        value = answers[question.key]
        lines.append(f"• {question.key}: {dict(question.buttons).get(value, value)}")
    return "\n".join(lines)


def thanks(number: int) -> str:
    return f"Thank you. Your ticket is {number:05d}. We will be there at the agreed time."
