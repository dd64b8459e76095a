"""One thing that happened on a phone, and every attempt to tell the account's server about it."""

import time
from dataclasses import dataclass, field
from enum import StrEnum, auto

from tests.emulators.tencent_clock import Signal
from tests.emulators.tencent_errors import JSON
from tests.emulators.wechat_bubbles import Bubble
from tests.emulators.wechat_letters import Letter
from tests.emulators.wechat_world import Person


class Outcome(StrEnum):
    QUIET = auto()
    """The server took it and had nothing to say."""
    ANSWERED = auto()
    """The phone shows the reply."""
    HANDED_OVER = auto()
    """A human desk of Tencent's takes the conversation."""
    UNAVAILABLE = auto()
    """No answer in time, or nonsense; `why` says which."""


@dataclass(slots=True)
class Attempt:
    """One POST. `status` None: no answer in time. `reply`: the fields of what was answered, opened."""

    url: str
    letter: Letter
    at: float = field(default_factory=time.monotonic)
    status: int | None = None
    answer: bytes = b""
    reply: JSON | None = None
    trouble: str = ""
    seconds: float = 0.0


@dataclass(slots=True, eq=False)
class Push:
    """`fields` are what the innermost XML says; the same in every attempt."""

    person: Person
    fields: JSON
    answerable: bool = True
    attempts: list[Attempt] = field(default_factory=list)
    outcome: Outcome | None = None
    why: str = ""
    bubble: Bubble | None = None
    changed: Signal = field(default_factory=Signal)

    @property
    def reply(self) -> JSON | None:
        """The fields of the last reply."""
        return self.attempts[-1].reply if self.attempts else None

    async def settled(self, timeout: float = 60.0) -> "Push":
        """Until it is clear how it ended; at most so many real seconds."""
        await self.changed.until(lambda: self.outcome, timeout, lambda: f"still on its way: {self.fields}")
        return self

    async def attempted(self, times: int = 1, timeout: float = 60.0) -> "Push":
        """Until so many attempts have been answered, or given up."""

        def enough() -> bool:
            return len([one for one in self.attempts if one.status or one.trouble]) >= times

        await self.changed.until(enough, timeout, lambda: f"{len(self.attempts)} attempts: {self.fields}")
        return self

    def settle(self, outcome: Outcome, why: str = "") -> None:
        self.outcome, self.why = outcome, why
        self.changed.fire()
