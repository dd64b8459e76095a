"""How often a robot may write to its group, and an app to one member."""

from collections import defaultdict
from dataclasses import dataclass

from tests.emulators.telegram_limits import Window
from tests.emulators.tencent_clock import HOUR, MINUTE, Clock
from tests.emulators.wecom_errors import TOO_OFTEN, Refused

Windows = defaultdict[str, Window]


@dataclass(frozen=True, slots=True)
class Limits:
    """The vendor's budgets (WeCom docs: 消息推送配置说明, 访问频率限制), in emulated seconds.

    `slack` is the part of a window that is forgiven, in real seconds, because requests travel.
    """

    robot_per_minute: int = 20
    member_per_minute: int = 30
    member_per_hour: int = 1000
    slack: float = 0.15


@dataclass(frozen=True, slots=True)
class Violation:
    """A message too many: refused when a robot sent it, lost without a word when an app did."""

    who: str
    at: float


class Meter:
    """Counts what reaches a group or a member; what was refused is not counted."""

    def __init__(self, clock: Clock, limits: Limits, *, enabled: bool) -> None:
        self.clock = clock
        self.enabled = enabled
        self.violations: list[Violation] = []
        slack = clock.from_retry_after(limits.slack)
        self._robots: Windows = defaultdict(lambda: Window(limits.robot_per_minute, MINUTE - slack))
        self._minutes: Windows = defaultdict(lambda: Window(limits.member_per_minute, MINUTE - slack))
        self._hours: Windows = defaultdict(lambda: Window(limits.member_per_hour, HOUR - slack))

    def robot(self, key: str) -> None:
        """Count one message of the robot with this key; 45009 when it is one too many."""
        if not self._spend(key, self._robots[key]):
            raise Refused(TOO_OFTEN)

    def member(self, userid: str) -> bool:
        """Whether a message still reaches this member."""
        return self._spend(userid, self._minutes[userid], self._hours[userid])

    def _spend(self, who: str, *windows: Window) -> bool:
        now = self.clock.seconds()
        if self.enabled and any(window.wait(now, 1) > 0 for window in windows):
            self.violations.append(Violation(who, now))
            return False
        for window in windows:
            window.spend(now, 1)
        return True
