"""Two times in one emulator: the rules' own, which a test moves, and the date on letters, which is real."""

import time

from tests.emulators.telegram_clock import Clock as Pace
from tests.emulators.telegram_clock import Signal

__all__ = ["DAY", "HOUR", "MINUTE", "Clock", "Signal"]

MINUTE = 60.0
HOUR = 60 * MINUTE
DAY = 24 * HOUR


class Clock(Pace):
    """`seconds()` is what windows, expiry and allowances go by; `advance(49 * HOUR)` closes a window at once.

    `date()` is the Unix time written into messages and signatures. It follows the machine, as the bot's own
    clock does, unless `skew` seconds are put between the two.
    """

    skew: float = 0.0

    def date(self) -> int:
        return int(time.time() + self.skew)
