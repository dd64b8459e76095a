"""The app's access token: the same one for everybody who asks, until its two hours are over."""

import secrets
from dataclasses import dataclass, field

from tests.emulators.tencent_clock import HOUR, Clock
from tests.emulators.wecom_errors import BAD_TOKEN, EXPIRED_TOKEN, NO_TOKEN, Refused

LIFE = 2 * HOUR


@dataclass(slots=True)
class Tokens:
    """WeCom docs: 获取access_token. Which tokens were given out, and until when each is good."""

    clock: Clock
    _ends: dict[str, float] = field(default_factory=dict)
    _current: str = ""

    def issue(self) -> tuple[str, int]:
        """The token in force and the seconds it has left; a new one if there is none."""
        left = self._ends.get(self._current, 0.0) - self.clock.seconds()
        if left <= 0:
            self._current, left = secrets.token_urlsafe(200), LIFE
            self._ends[self._current] = self.clock.seconds() + LIFE
        return self._current, self.clock.as_retry_after(left)

    def check(self, token: str) -> None:
        if not token:
            raise Refused(NO_TOKEN)
        if token not in self._ends:
            raise Refused(BAD_TOKEN)
        if self._ends[token] <= self.clock.seconds():
            raise Refused(EXPIRED_TOKEN)

    def expire(self) -> None:
        """Before its time, as the vendor reserves the right to: 42001 from now on."""
        if self._current:
            self._ends[self._current] = self.clock.seconds()

    def forget(self) -> None:
        """As if the token had never been given out: 40014 from now on."""
        self._ends.pop(self._current, None)
        self._current = ""
