"""How time passes inside the emulator: as fast as a test wants it to."""

import asyncio
import math
import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")


class Clock:
    """Emulated seconds for windows and expiry; message dates stay the real ones.

    `speed` 10 lets a minute of the vendor's rules pass in six real seconds. `source` replaces the monotonic
    clock of the machine by a callable that a test moves itself.
    """

    def __init__(self, speed: float = 1.0, source: Callable[[], float] | None = None) -> None:
        self.speed = speed
        self._source = source or (lambda: time.monotonic() * speed)
        self._ahead = 0.0

    def seconds(self) -> float:
        return self._source() + self._ahead

    def advance(self, seconds: float) -> None:
        """Jump ahead: 151 seconds make every button tap too old at once."""
        self._ahead += seconds

    def date(self) -> int:
        return int(time.time())

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self.speed)

    def as_retry_after(self, seconds: float) -> int:
        """What a client, which lives in real time, has to be told: whole seconds, at least one."""
        return max(1, math.ceil(seconds / self.speed - 1e-6))

    def from_retry_after(self, retry_after: float) -> float:
        return retry_after * self.speed


class Signal:
    """Wakes everybody who waits for the emulated world to change."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Future[None]] = set()

    def fire(self) -> None:
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_result(None)
        self._waiting.clear()

    async def wait(self, timeout: float | None = None) -> None:
        """Until the next change, or until the time is over; both simply return."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(waiter)
        try:
            await asyncio.wait([waiter], timeout=timeout)
        finally:
            self._waiting.discard(waiter)

    async def until(
        self, check: Callable[[], Found | None], timeout: float, what: Callable[[], str]
    ) -> Found:
        """The first answer of `check` that is neither None nor False; else TimeoutError, saying `what()`."""
        ends = time.monotonic() + timeout
        while True:
            found = check()
            if found is not None and found is not False:
                return found
            left = ends - time.monotonic()
            if left <= 0:
                raise TimeoutError(what())
            await self.wait(left)
