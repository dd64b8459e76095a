"""How much may be said: no faster than a vendor takes it, in all, to a person, and to a group."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `count` posts and edits in any `seconds`; of these, `reserved` are for emergencies."""

    count: int
    seconds: float
    reserved: int = 0


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of a channel; None means there is none. Those of an hour count beside the short ones."""

    overall: Limit | None = None
    private: Limit | None = None
    group: Limit | None = None
    private_hour: Limit | None = None
    group_hour: Limit | None = None

    @property
    def longest(self) -> float:
        """For how many seconds a post counts at most, and no less than a minute."""
        limits = (self.overall, self.private, self.group, self.private_hour, self.group_hour)
        return max((limit.seconds for limit in limits if limit is not None), default=60.0)


UNLIMITED = Limits()
TELEGRAM = Limits(overall=Limit(30, 1.0), private=Limit(3, 3.0), group=Limit(20, 60.0, reserved=2))
"""core.telegram.org/bots/faq: about 30 a second overall, one a second to a person, 20 a minute to a group."""
ROBOT = Limits(group=Limit(20, 60.0, reserved=2))
"""WeCom docs, 消息推送配置说明: 20 messages a minute to each robot."""
WECOM = Limits(
    private=Limit(30, 60.0),
    group=Limit(20, 60.0, reserved=2),
    private_hour=Limit(400, 3600.0, reserved=20),
    group_hour=Limit(600, 3600.0, reserved=30),
)
"""WeCom docs, 发送应用消息: 30 a minute and 1000 an hour from an app to a person; what is more vanishes
without an error.

What a team is told reaches each of its members, so some is left for what they are told alone; in an hour both
together stay below the 1000.
"""

EMERGENCY = 0


@dataclass(slots=True)
class Window:
    """The posts of the last while. A post counts from its beginning until `seconds` after its end.

    The vendor counts it somewhere between, so that no sliding window of theirs holds more than ours.
    What counts here counts in the `longer` window, too, if there is one.
    """

    limit: Limit
    under_way: int = 0
    ended: deque[datetime] = field(default_factory=deque)
    longer: Window | None = None

    def room(self, now: datetime, lane: int) -> int:
        own = self._room(now, lane)
        return own if self.longer is None else min(own, self.longer.room(now, lane))

    def _room(self, now: datetime, lane: int) -> int:
        past = now - timedelta(seconds=self.limit.seconds)
        while self.ended and self.ended[0] <= past:
            self.ended.popleft()
        usable = self.limit.count if lane == EMERGENCY else self.limit.count - self.limit.reserved
        return usable - self.under_way - len(self.ended)

    def opens(self, lane: int) -> datetime | None:
        """When there is room for one more; None while that depends on posts under way."""
        own = self._opens(lane)
        longer = None if self.longer is None else self.longer.opens(lane)
        return max((at for at in (own, longer) if at is not None), default=None)

    def _opens(self, lane: int) -> datetime | None:
        usable = self.limit.count if lane == EMERGENCY else self.limit.count - self.limit.reserved
        over = self.under_way + len(self.ended) - usable
        if over < 0 or over >= len(self.ended):
            return None
        return self.ended[over] + timedelta(seconds=self.limit.seconds)

    def begin(self, cost: int) -> None:
        self.under_way += cost
        if self.longer is not None:
            self.longer.begin(cost)

    def end(self, cost: int, at: datetime) -> None:
        self.under_way -= cost
        self.ended.extend([at] * cost)
        if self.longer is not None:
            self.longer.end(cost, at)

    def idle(self, now: datetime) -> bool:
        longer = self.longer is None or self.longer.idle(now)
        return longer and self._room(now, EMERGENCY) == self.limit.count


class Budget:
    """The posts of one bot: `admit` takes from it, `done` ends a post, `pause` obeys the vendor."""

    def __init__(self, limits: Limits, now: Callable[[], datetime]) -> None:
        self._limits, self._now = limits, now
        self._overall = None if limits.overall is None else Window(limits.overall)
        self._chats: dict[str, Window] = {}
        self._costs: dict[str, int] = {}
        self._paused: dict[str, datetime] = {}
        self._everywhere: datetime | None = None

    def shut(self) -> set[str]:
        """The chats to which nothing may go now, not even an emergency."""
        now = self._now()
        self._forget(now)
        full = (chat for chat, window in self._chats.items() if window.room(now, EMERGENCY) <= 0)
        return {*full, *self._paused, *self._costs}

    def closed(self) -> bool:
        """Whether nothing may go to anybody now."""
        now = self._now()
        if self._everywhere is not None and self._everywhere > now:
            return True
        return self._overall is not None and self._overall.room(now, EMERGENCY) <= 0

    def open(self, chat: str, lane: int) -> bool:
        """Whether a chat may be written to now; one post at a time, for the sake of their order."""
        now = self._now()
        window = self._chats.get(chat)
        paused = self._paused.get(chat)
        return (
            not self.closed()
            and chat not in self._costs
            and (paused is None or paused <= now)
            and (window is None or window.room(now, lane) > 0)
        )

    def admit(self, chat: str, lane: int, cost: int, *, group: bool) -> bool:
        """Take `cost` posts from the budget if they are there; `done` has to follow."""
        window = self._window(chat, group)
        if not self.open(chat, lane) or (window is not None and window.room(self._now(), lane) < cost):
            return False
        self._costs[chat] = cost
        for one in (window, self._overall):
            if one is not None:
                one.begin(cost)
        return True

    def done(self, chat: str) -> None:
        """The post to a chat has ended, however."""
        cost, now = self._costs.pop(chat), self._now()
        for window in (self._chats.get(chat), self._overall):
            if window is not None:
                window.end(cost, now)

    def abandon(self, but: Collection[str]) -> None:
        """What was admitted did not leave after all, except for these chats."""
        for chat in self._costs.keys() - set(but):
            self.done(chat)

    def remember(self, chat: str, at: datetime, *, group: bool) -> None:
        """A post that was made elsewhere: by the last sender, or by way of a direct reply."""
        for window in (self._window(chat, group), self._overall):
            if window is not None:
                window.begin(1)
                window.end(1, at)

    def pause(self, chat: str | None, until: datetime) -> None:
        """No post to a chat (None: to anybody) before that time."""
        if chat is None:
            self._everywhere = until if self._everywhere is None else max(until, self._everywhere)
        else:
            self._paused[chat] = max(until, self._paused.get(chat, until))

    def rest(self, chat: str | None) -> float:
        """For how many seconds still the vendor wants no post to a chat (None: to anybody)."""
        until = self._everywhere if chat is None else self._paused.get(chat)
        return 0.0 if until is None else max(0.0, (until - self._now()).total_seconds())

    def move(self, old: str, new: str) -> None:
        """What counts for a chat counts for its new address."""
        if old in self._chats:
            self._chats[new] = self._chats.pop(old)
        if old in self._paused:
            self.pause(new, self._paused.pop(old))

    def a_minute(self, *, group: bool) -> int | None:
        """How many ordinary posts a chat can get in a minute; None without a limit."""
        limit = self._limits.group if group else None
        return None if limit is None else int((limit.count - limit.reserved) * 60 / limit.seconds)

    def opens(self) -> datetime | None:
        """When something that is shut now will next be open; None if nothing is, or nobody knows."""
        now = self._now()
        self._forget(now)
        windows = [*self._chats.values(), *([self._overall] if self._overall else [])]
        times = [at for window in windows for lane in (0, 1) if (at := window.opens(lane)) is not None]
        times += [*self._paused.values(), *([self._everywhere] if self._everywhere else [])]
        return min((at for at in times if at > now), default=None)

    def _window(self, chat: str, group: bool) -> Window | None:
        limits = self._limits
        limit, hour = (limits.group, limits.group_hour) if group else (limits.private, limits.private_hour)
        if limit is None:
            return None
        if chat not in self._chats:
            self._chats[chat] = Window(limit, longer=None if hour is None else Window(hour))
        return self._chats[chat]

    def _forget(self, now: datetime) -> None:
        """Only chats that were written to a short while ago are kept in mind."""
        for chat in [chat for chat, window in self._chats.items() if window.idle(now)]:
            del self._chats[chat]
        for chat in [chat for chat, until in self._paused.items() if until <= now]:
            del self._paused[chat]
