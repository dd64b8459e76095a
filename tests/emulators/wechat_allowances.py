"""How many messages of its own an account may send to a person, and until when.

WeChat docs: 客服消息, 下发条数限制. Every act of the person gives an allowance of its kind, and fills it up
again; a message takes from the one that ends soonest. Which one Tencent takes from is not published.
"""

from dataclasses import dataclass, field
from enum import StrEnum, auto

from tests.emulators.tencent_clock import HOUR, MINUTE, Clock
from tests.emulators.wechat_errors import refused


class Act(StrEnum):
    MESSAGE = auto()
    MENU = auto()
    """A tap on a menu button of type click, scancode_push or scancode_waitmsg."""
    FOLLOW = auto()
    SCAN = auto()
    CHOICE = auto()
    """A tap on an item of a msgmenu, or on a weixin://bizmsgmenu link."""


GIVES = {
    Act.MESSAGE: (5, 48 * HOUR),
    Act.MENU: (3, MINUTE),
    Act.FOLLOW: (3, MINUTE),
    Act.SCAN: (3, MINUTE),
    Act.CHOICE: (3, MINUTE),
}


@dataclass(slots=True)
class Allowance:
    left: int
    ends: float


@dataclass(slots=True)
class Allowances:
    """Those of one person."""

    clock: Clock
    of: dict[Act, Allowance] = field(default_factory=dict)

    def renew(self, act: Act) -> None:
        number, seconds = GIVES[act]
        self.of[act] = Allowance(number, self.clock.seconds() + seconds)

    @property
    def left(self) -> int:
        return sum(allowance.left for allowance in self.alive())

    def alive(self) -> list[Allowance]:
        now = self.clock.seconds()
        running = [allowance for allowance in self.of.values() if allowance.ends > now]
        return sorted(running, key=lambda allowance: allowance.ends)

    def check(self) -> Allowance:
        """The one to take from; 45015 when no window is open, 45047 when all are used up."""
        alive = self.alive()
        if not alive:
            raise refused(45015)
        for allowance in alive:
            if allowance.left:
                return allowance
        raise refused(45047)

    def clear(self) -> None:
        self.of.clear()
