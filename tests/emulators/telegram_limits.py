"""How often a bot may write before it is told to wait."""

from collections import defaultdict, deque
from dataclasses import dataclass, field

from tests.emulators.telegram_clock import Clock
from tests.emulators.telegram_errors import too_many

EVERYWHERE = 0


@dataclass(frozen=True, slots=True)
class Limits:
    """The vendor's budgets (core.telegram.org/bots/faq); posts and edits together, in emulated seconds.

    An album of five photos weighs five in a group and one in a private chat. `slack` is the part of a window
    that is forgiven, in real seconds, because requests travel.
    """

    overall_per_second: int = 30
    private_per_second: float = 1.0
    private_burst: int = 3
    group_per_minute: int = 20
    prolonged_by: int = 1
    slack: float = 0.15


@dataclass(frozen=True, slots=True)
class Violation:
    """A call too many: over a budget, or (`banned`) before the retry_after of an earlier 429 was over."""

    method: str
    chat: int
    at: float
    banned: bool


@dataclass(slots=True)
class Window:
    """At most so many in so long."""

    most: int
    length: float
    spent: deque[float] = field(default_factory=deque)

    def wait(self, now: float, cost: int) -> float:
        while self.spent and self.spent[0] <= now - self.length:
            self.spent.popleft()
        over = min(len(self.spent) + cost - self.most, len(self.spent))
        return self.spent[over - 1] + self.length - now if over > 0 else 0.0

    def spend(self, now: float, cost: int) -> None:
        self.spent.extend([now] * cost)


@dataclass(slots=True)
class Bucket:
    """A steady rate with a short burst."""

    per_second: float
    burst: int
    full_at: float = 0.0

    def wait(self, now: float, slack: float) -> float:
        return max(0.0, self.full_at - now - (self.burst - 1) / self.per_second - slack)

    def spend(self, now: float) -> None:
        self.full_at = max(self.full_at, now) + 1 / self.per_second


class Meter:
    """Counts what the bot posts and edits, per chat and overall, and keeps the bans."""

    def __init__(self, clock: Clock, limits: Limits, *, enabled: bool) -> None:
        self.clock = clock
        self.limits = limits
        self.enabled = enabled
        self.violations: list[Violation] = []
        self._banned: dict[int, float] = {}
        slack = clock.from_retry_after(limits.slack)
        self._overall = Window(limits.overall_per_second, max(1.0 - slack, 0.5))
        self._groups: dict[int, Window] = defaultdict(lambda: Window(limits.group_per_minute, 60.0 - slack))
        self._private: dict[int, Bucket] = defaultdict(
            lambda: Bucket(limits.private_per_second, limits.private_burst)
        )

    def ban(self, chat: int, retry_after: int) -> None:
        """Until the time is over every call to this chat (or, chat 0, every call) is a violation."""
        ends = self.clock.seconds() + self.clock.from_retry_after(retry_after)
        self._banned[chat] = max(ends, self._banned.get(chat, 0.0))

    def refuse_banned(self, chat: int, method: str) -> None:
        now = self.clock.seconds()
        for place in (EVERYWHERE, chat):
            left = self._banned.get(place, 0.0) - now
            if left > 0:
                self.violations.append(Violation(method, chat, now, banned=True))
                self._banned[place] += self.clock.from_retry_after(self.limits.prolonged_by)
                raise too_many(self.clock.as_retry_after(left) + self.limits.prolonged_by)

    def spend(self, chat: int, method: str, *, group: bool, cost: int = 1) -> None:
        """Count one post or edit, or refuse it with 429 and a ban as long as the budget needs to recover."""
        self.refuse_banned(chat, method)
        if not self.enabled:
            return
        now = self.clock.seconds()
        self._refuse_over(EVERYWHERE, chat, method, self._overall.wait(now, 1))
        self._refuse_over(chat, chat, method, self._wait_in(chat, now, group, cost))
        self._overall.spend(now, 1)
        if group:
            self._groups[chat].spend(now, cost)
        else:
            self._private[chat].spend(now)

    def _wait_in(self, chat: int, now: float, group: bool, cost: int) -> float:
        if group:
            return self._groups[chat].wait(now, cost)
        return self._private[chat].wait(now, self.clock.from_retry_after(self.limits.slack))

    def _refuse_over(self, place: int, chat: int, method: str, wait: float) -> None:
        if wait <= 0:
            return
        retry_after = self.clock.as_retry_after(wait)
        self.violations.append(Violation(method, chat, self.clock.seconds(), banned=False))
        self.ban(place, retry_after)
        raise too_many(retry_after)
