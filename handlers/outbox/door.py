"""A door as seen from the outbox: one bot of one channel, and the budget of what may pass."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Protocol

from handlers.envelopes import Outgoing


class Gate(Protocol):
    """The budget of a door, as seen from the outbox."""

    def shut(self) -> Collection[str]:
        """The chats to which nothing may go now."""
        ...

    def open(self, chat: str, lane: int) -> bool:
        """Whether a chat may be written to now."""
        ...

    def admit(self, chat: str, lane: int, cost: int, *, group: bool) -> bool:
        """Take `cost` posts from the budget if they are there."""
        ...

    def a_minute(self, *, group: bool) -> int | None:
        """How many ordinary posts a chat can get in a minute; None without a limit."""
        ...


@dataclass(frozen=True, slots=True)
class Door:
    """One bot of one channel, and how its messages fall into parts of one post each.

    Without `edits` a card that has changed is posted anew; with `merges` what waits for a chat leaves as one.
    """

    channel: str
    bot: str
    split: Callable[[Outgoing], tuple[Outgoing, ...]]
    edits: bool = True
    merges: bool = False
