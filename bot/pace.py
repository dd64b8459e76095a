"""How fast one person may write: nobody types faster, so what comes faster is asked to slow down."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable

MINUTE = 60.0
REMEMBERED = 10_000


class Pace:
    """At most `a_minute` messages of one account in any minute, 0 for no limit; counted in this process."""

    def __init__(self, a_minute: int, now: Callable[[], float] = time.monotonic) -> None:
        self._most, self._now = a_minute, now
        self._heard: OrderedDict[tuple[str, str, str], deque[float]] = OrderedDict()
        self._told: OrderedDict[tuple[str, str, str], float] = OrderedDict()

    def allows(self, channel: str, bot: str, account: str) -> bool:
        """Count a message; False when it is one too many."""
        if not self._most:
            return True
        who = (channel, bot, account)
        heard = self._heard.setdefault(who, deque())
        self._heard.move_to_end(who)
        if len(self._heard) > REMEMBERED:
            self._heard.popitem(last=False)
        now = self._now()
        while heard and heard[0] <= now - MINUTE:
            heard.popleft()
        if len(heard) >= self._most:
            return False
        heard.append(now)
        return True

    def tells(self, channel: str, bot: str, account: str) -> bool:
        """Whether to tell somebody who was refused: once a minute, or a flood would be answered by one."""
        who, now = (channel, bot, account), self._now()
        if now - self._told.get(who, -MINUTE) < MINUTE:
            return False
        self._told[who] = now
        self._told.move_to_end(who)
        if len(self._told) > REMEMBERED:
            self._told.popitem(last=False)
        return True
