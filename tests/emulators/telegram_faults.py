"""Misfortune on order: what a test wants to go wrong with the next calls of the bot."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum, auto
from fnmatch import fnmatch
from typing import Protocol

from tests.emulators.telegram_errors import JSON, Refused, forbidden, too_many, upgraded

ENGLISH = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 409: "Conflict"}
ENGLISH |= {413: "Request Entity Too Large", 500: "Internal Server Error", 502: "Bad Gateway"}


class Mishap(StrEnum):
    REFUSE = auto()
    """An error answer; nothing is done."""
    DROP = auto()
    """The connection closes before anything is done."""
    LOSE = auto()
    """The call is carried out, then the connection closes without an answer."""
    HANG = auto()
    """The call is carried out, and the answer never comes."""
    SLOW = auto()
    """The call is carried out after a while."""
    GARBLE = auto()
    """A 502 with a page of HTML; nothing is done."""


class HasId(Protocol):
    @property
    def id(self) -> int: ...


Chat = int | HasId | None


@dataclass(slots=True)
class Fault:
    """One misfortune: which calls it meets, how many it lets by first and how many it hits (None: all)."""

    mishap: Mishap
    method: str | None = None
    chat: int | None = None
    times: int | None = 1
    skip: int = 0
    seconds: float = 0.0
    error: Refused | None = None
    when: Callable[[JSON], bool] | None = None
    hits: int = 0

    def meets(self, method: str, chat: int | None, fields: JSON) -> bool:
        if self.method and not fnmatch(method.lower(), self.method.lower()):
            return False
        if self.chat is not None and self.chat != chat:
            return False
        return self.when is None or self.when(fields)


class Faults:
    """The misfortunes still to come, in the order they were asked for."""

    def __init__(self) -> None:
        self._planned: list[Fault] = []

    def plan(self, fault: Fault) -> Fault:
        self._planned.append(fault)
        return fault

    def clear(self) -> None:
        self._planned.clear()

    def strike(self, method: str, chat: int | None, fields: JSON) -> Fault | None:
        for fault in self._planned:
            if not fault.meets(method, chat, fields):
                continue
            if fault.skip:
                fault.skip -= 1
                continue
            self._use_up(fault)
            return fault
        return None

    def _use_up(self, fault: Fault) -> None:
        fault.hits += 1
        if fault.times is not None and fault.hits >= fault.times:
            self._planned.remove(fault)


def as_error(
    code: int, description: str | None, retry_after: int | None, migrate_to: int | None = None
) -> Refused:
    """The error answer for a code, with the vendor's words unless a test gives its own."""
    if migrate_to is not None:
        return upgraded(migrate_to)
    if code == 429:
        plain = too_many(retry_after or 1)
    elif code == 403:
        plain = forbidden("bot was blocked by the user")
    else:
        plain = Refused(code, ENGLISH.get(code, "Internal Server Error"))
    return Refused(code, description or plain.description, plain.parameters)


class Misfortunes:
    """What a test can ask for. `chat` is an id or anything that has one; `times` None: until healed."""

    def __init__(self) -> None:
        self.faults = Faults()

    def fail_next(
        self,
        method: str | None = None,
        *,
        chat: Chat = None,
        error: int = 500,
        retry_after: int | None = None,
        migrate_to: int | None = None,
        description: str | None = None,
        times: int | None = 1,
        skip: int = 0,
        when: Callable[[JSON], bool] | None = None,
    ) -> Fault:
        """The next calls of this method (`send*` is understood) to this chat are refused; `times` None: all.

        A 429 also bans the chat for `retry_after` seconds: calls in that time are violations.
        """
        refusal = as_error(error, description, retry_after, migrate_to)
        return self._plan(Mishap.REFUSE, method, chat, times, skip, when=when, error=refusal)

    def drop_next(
        self,
        method: str | None = None,
        *,
        chat: Chat = None,
        times: int | None = 1,
        skip: int = 0,
    ) -> Fault:
        """The connection closes before the call is carried out."""
        return self._plan(Mishap.DROP, method, chat, times, skip)

    def lose_answer(
        self,
        method: str | None = None,
        *,
        chat: Chat = None,
        times: int | None = 1,
        skip: int = 0,
        hang: float | None = None,
    ) -> Fault:
        """The call is carried out, but the connection closes unanswered: at once, or after `hang` seconds."""
        mishap = Mishap.LOSE if hang is None else Mishap.HANG
        return self._plan(mishap, method, chat, times, skip, seconds=hang or 0.0)

    def slow_next(
        self,
        method: str | None = None,
        *,
        seconds: float,
        chat: Chat = None,
        times: int | None = 1,
    ) -> Fault:
        return self._plan(Mishap.SLOW, method, chat, times, 0, seconds=seconds)

    def garble_next(self, method: str | None = None, *, chat: Chat = None, times: int | None = 1) -> Fault:
        """A 502 whose body is a page of HTML, as a proxy would send it."""
        return self._plan(Mishap.GARBLE, method, chat, times, 0)

    def heal(self) -> None:
        """Forget all faults still to come."""
        self.faults.clear()

    def _plan(
        self,
        mishap: Mishap,
        method: str | None,
        chat: Chat,
        times: int | None,
        skip: int,
        **more: object,
    ) -> Fault:
        fault = Fault(mishap, method, chat_id(chat), times, skip, **more)  # type: ignore[arg-type]
        return self.faults.plan(fault)


def chat_id(chat: Chat) -> int | None:
    return chat if chat is None or isinstance(chat, int) else chat.id
