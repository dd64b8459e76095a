"""Which listener gets a message: a running draft, a card's button, the menu, a command, a keyword."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from flows import catalogue
from flows.engine.messages import Heard
from handlers.envelopes import Inbound, Kind
from handlers.texts import Texts
from handlers.wording import plain, spoken, tapped


@dataclass(frozen=True, slots=True)
class ToDraft:
    """An answer to the running draft; `heard` when it was a button, else words still to be understood.

    Words that are no answer may call up the `aside` entry of the menu, or name another `service`.
    """

    heard: Heard | None = None
    aside: str = ""
    service: str = ""


@dataclass(frozen=True, slots=True)
class ToTicket:
    """A button of a card."""

    ticket: int
    action: str
    argument: str = ""


@dataclass(frozen=True, slots=True)
class ToMenu:
    """An entry of the menu, from a button or a word."""

    entry: str


@dataclass(frozen=True, slots=True)
class ToService:
    """A word that leads into a service; what was written is the story already."""

    kind: str


@dataclass(frozen=True, slots=True)
class ToCommand:
    """A slash command with what follows it."""

    name: str
    argument: str


@dataclass(frozen=True, slots=True)
class ToReply:
    """A reply to one of our messages, which may be about a ticket."""

    message: str


@dataclass(frozen=True, slots=True)
class ToNews:
    """The channel tells of itself: blocked, unblocked, joined, removed, migrated."""

    kind: Kind


@dataclass(frozen=True, slots=True)
class ToEdit:
    """An earlier message has new words."""


@dataclass(frozen=True, slots=True)
class ToNobody:
    """Talk among others, or a button that is not ours."""

    forged: bool = False


@dataclass(frozen=True, slots=True)
class ToWelcome:
    """Words that lead nowhere yet: they are kept while the menu is offered."""


Route: TypeAlias = (
    ToDraft | ToTicket | ToMenu | ToService | ToCommand | ToReply | ToNews | ToEdit | ToNobody | ToWelcome
)

NEWS = frozenset({Kind.BLOCKED, Kind.LEFT, Kind.UNBLOCKED, Kind.JOINED, Kind.REMOVED, Kind.MIGRATED})
_COMMAND = re.compile(r"/([a-z_]{1,32})(?:\s+(.{0,200}))?\s*", re.DOTALL)
_ENTRY = re.compile(r"[a-z_]{1,20}(?:\.[\w@-]{1,40})?")


def route(inbound: Inbound, *, running: str | None, texts: Texts) -> Route:
    """Where a message goes; `running` is the flow of the draft, '' for words that were kept."""
    if inbound.kind in NEWS:
        return ToNews(inbound.kind)
    if inbound.kind is Kind.EDIT:
        return ToEdit()
    if inbound.kind is Kind.TAP:
        to = _tap(inbound.tap, running)
        return ToNobody(forged=True) if inbound.group and isinstance(to, ToMenu) else to
    command = _COMMAND.fullmatch(inbound.text) if _commands(inbound) else None
    if command is not None:
        return ToCommand(command[1], (command[2] or "").strip())
    if inbound.reply_to:
        return ToReply(inbound.reply_to)
    if inbound.group:
        return ToNobody()
    if running:
        heard = plain(inbound.text)
        entry = _menu(heard, texts, (*MENU, "new"))
        return ToDraft(aside="" if entry is None else entry.entry, service=_called(heard, running, texts))
    return _words(inbound.text, texts) if inbound.kind is Kind.TEXT else ToWelcome()


def _commands(inbound: Inbound) -> bool:
    """Whether a command can be meant: in words, or below the photo that it is about."""
    return inbound.kind is Kind.TEXT or (inbound.kind is Kind.PHOTO and inbound.text.startswith("/check"))


def _tap(data: str, running: str | None) -> Route:
    head, _, rest = data.partition(".")
    if head == "m" and _ENTRY.fullmatch(rest):
        return ToMenu(rest)
    if head == "t":
        ticket, _, action = rest.partition(".")
        name, _, argument = action.partition(".")
        if ticket.isdecimal() and len(ticket) < 19 and name:
            return ToTicket(int(ticket), name, argument)
    heard = tapped(data)
    if heard is None:
        return ToNobody(forged=True)
    return ToDraft(heard)


MENU = ("tickets", "chats", "jobs", "help", "language", "menu")


def _menu(heard: str, texts: Texts, entries: tuple[str, ...] = MENU) -> ToMenu | None:
    """A word that calls up the menu, said alone."""
    for entry in entries:
        if heard in spoken(f"menu.words.{entry}", texts):
            return ToMenu(entry)
    return None


def _words(text: str, texts: Texts) -> Route:
    heard = plain(text)
    if (entry := _menu(heard, texts)) is not None:
        return entry
    kind = leads_to(text, texts)
    return ToService(kind) if kind else ToWelcome()


def _called(heard: str, running: str, texts: Texts) -> str:
    """The service that words name and nothing else, if it is another than the one that is running."""
    others = (kind for kind in catalogue.menu() if catalogue.services()[kind].start.name != running)
    return next((kind for kind in others if heard in spoken(f"{kind}.called", texts)), "")


def leads_to(text: str, texts: Texts) -> str | None:
    """The service whose keyword a text contains: one that insists first, then the longest word.

    Words that mean little alone (`together`) lead somewhere once a thing and what is done with it are said.
    """
    heard = plain(text)
    found = [
        (service.insists, length, kind)
        for kind, service in catalogue.services().items()
        if service.in_menu
        for length in _lengths(heard, kind, texts)
    ]
    return max(found, key=lambda one: one[:2])[2] if found else None


def _lengths(heard: str, kind: str, texts: Texts) -> Iterator[int]:
    """How long each keyword of a service is that a text contains; a thing and a deed count together."""
    yield from _said(heard, f"{kind}.keywords", texts)
    deed = max(_said(heard, f"{kind}.together.deeds", texts), default=0)
    thing = max(_said(heard, f"{kind}.together.things", texts), default=0) if deed else 0
    if thing:
        yield thing + deed


def _said(heard: str, key: str, texts: Texts) -> Iterator[int]:
    return (len(word) for word in spoken(key, texts) if _says(heard, word))


def _says(heard: str, word: str) -> bool:
    """Whether a text contains a keyword; Latin words as whole words, Chinese anywhere.

    In `move ... out` there is room for what is moved.
    """
    if word.isascii():
        parts = (rf"\b{re.escape(part.strip())}\b" for part in word.split("..."))
        return re.search(".*".join(parts), heard) is not None
    return word in heard
