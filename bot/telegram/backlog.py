"""How far Telegram's updates have been read: what is in hand, and up to where all has been handled."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


class Backlog:
    """Updates are confirmed by asking for those from an offset on: it never passes one still in hand.

    When all is confirmed there is no offset: after a week of silence ids begin anew, perhaps lower.
    """

    def __init__(self) -> None:
        self._in_hand: set[int] = set()
        self._seen: set[int] = set()
        self._next = 0

    @property
    def in_hand(self) -> bool:
        return bool(self._in_hand)

    @property
    def offset(self) -> int:
        """From where on to ask; everything before it has been handled. 0: whatever there is."""
        return min(self._in_hand, default=self._next)

    def fresh(self, updates: Iterable[Any]) -> list[dict[str, Any]]:
        """Those of an answer that are not in hand and were not handled, now in hand."""
        found = [update for update in updates if self._is_fresh(update)]
        numbers = {update["update_id"] for update in found}
        self._in_hand |= numbers
        self._seen |= numbers
        self._next = max(self._seen, default=-1) + 1
        return found

    def handled(self, number: int) -> None:
        self._in_hand.discard(number)

    def confirmed(self, offset: int) -> None:
        """An answer to a question with this offset arrived: what was before it will not come again."""
        self._seen = {number for number in self._seen if number >= offset}
        if not self._seen:
            self._next = 0

    def _is_fresh(self, update: Any) -> bool:
        number = update.get("update_id") if isinstance(update, dict) else None
        return type(number) is int and number not in self._seen
