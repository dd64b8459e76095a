"""One thing that a colleague did, and every attempt to tell the app about it."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum, auto

from tests.emulators.tencent_clock import Signal
from tests.emulators.tencent_errors import JSON
from tests.emulators.wecom_shown import Shown


class Outcome(StrEnum):
    QUIET = auto()
    """The app took it and had nothing to say."""
    ANSWERED = auto()
    """What the app answered can be seen."""
    NONSENSE = auto()
    """The app answered what WeCom cannot read; it does not ask again."""
    LOST = auto()
    """Nobody answered in time, or only with errors, however often it was tried."""


@dataclass(slots=True)
class Attempt:
    """One POST. `status` None: no answer in time, `trouble` says why. `reply`: what was answered, opened."""

    url: str
    query: Mapping[str, str]
    body: bytes
    at: float = field(default_factory=time.monotonic)
    status: int | None = None
    answer: bytes = b""
    reply: JSON | None = None
    trouble: str = ""
    seconds: float = 0.0

    @property
    def taken(self) -> bool:
        return self.status == 200 and not self.trouble


@dataclass(slots=True, eq=False)
class Push:
    """`fields` are what the innermost XML says, the same in every attempt.

    `message` is what the colleague sees of it: what they wrote, or the card they tapped.
    """

    userid: str
    fields: JSON
    message: Shown | None = None
    attempts: list[Attempt] = field(default_factory=list)
    outcome: Outcome | None = None
    why: str = ""
    changed: Signal = field(default_factory=Signal)

    @property
    def reply(self) -> JSON | None:
        """The fields of the last answer."""
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
