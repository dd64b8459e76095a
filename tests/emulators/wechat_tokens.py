"""The two kinds of access token an account can ask for, and what becomes of the older ones.

WeChat docs: 获取接口调用凭据, 获取稳定版接口调用凭据. The kinds do not disturb each other.
"""

import math
import secrets
from dataclasses import dataclass, field

from tests.emulators.tencent_clock import DAY, MINUTE, Clock
from tests.emulators.wechat_errors import refused

LIVES = 7200.0
OVERLAP = 5 * MINUTE
FORCED_A_DAY = 20
FORCED_APART = 30.0
LENGTH = 512
"""Characters to keep room for, say the docs; here every token has them."""


@dataclass(slots=True, eq=False)
class Token:
    value: str
    ends: float
    dead: bool = False
    """Something newer has taken its place before its time."""


@dataclass(slots=True)
class Tokens:
    clock: Clock
    issued: dict[str, Token] = field(default_factory=dict)
    _classic: Token | None = None
    _stable: Token | None = None
    _forced: list[float] = field(default_factory=list)

    def classic(self) -> Token:
        """A new one every time; the one before works five minutes more."""
        if self._classic:
            self._classic.ends = min(self._classic.ends, self.clock.seconds() + OVERLAP)
        self._classic = self._new()
        return self._classic

    def stable(self) -> Token:
        """The same one, until its last five minutes: then a new one beside it."""
        current = self._stable
        if current is None or current.dead or self.remaining(current) <= OVERLAP:
            self._stable = current = self._new()
        return current

    def forced(self) -> Token:
        """A new stable one; the one before dies at once. 20 a day, half a minute apart."""
        now = self.clock.seconds()
        self._forced = [at for at in self._forced if at > now - DAY]
        if len(self._forced) >= FORCED_A_DAY:
            raise refused(45009)
        if self._forced and now - self._forced[-1] < FORCED_APART:
            raise refused(45011)
        self._forced.append(now)
        self.supersede()
        return self.stable()

    def supersede(self) -> None:
        """Kill the stable token, as a forced refresh elsewhere would."""
        if self._stable:
            self._stable.dead = True

    def kill_all(self) -> None:
        """Kill every token there is, as a reset of the secret would."""
        for token in self.issued.values():
            token.dead = True

    def remaining(self, token: Token) -> int:
        return math.ceil(token.ends - self.clock.seconds())

    def check(self, value: str) -> None:
        """41001 missing, 40014 no token at all, 40001 not the latest, 42001 too old."""
        if not value:
            raise refused(41001)
        if len(value) != LENGTH:
            raise refused(40014)
        token = self.issued.get(value)
        if token is None or token.dead:
            raise refused(40001)
        if token.ends <= self.clock.seconds():
            raise refused(42001)

    def _new(self) -> Token:
        value = f"{secrets.randbelow(100):02d}_{secrets.token_urlsafe(LENGTH)}"[:LENGTH]
        token = Token(value, self.clock.seconds() + LIVES)
        self.issued[value] = token
        return token
