"""What every interface of the account needs at hand: the world, the tokens, the day's quota, the postman."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum, auto
from typing import Any

from tests.emulators.tencent_clock import DAY, Clock
from tests.emulators.tencent_errors import JSON
from tests.emulators.wechat_calls import Call
from tests.emulators.wechat_consents import Consents
from tests.emulators.wechat_errors import refused
from tests.emulators.wechat_postman import Postman
from tests.emulators.wechat_pushes import Push
from tests.emulators.wechat_tokens import Tokens
from tests.emulators.wechat_world import Person, World

A_DAY = {"token": 2000, "stable_token": 500_000, "message/custom/send": 500_000}
OTHERS_A_DAY = 100_000
CLEARED_A_MONTH = 10


@dataclass(frozen=True, slots=True)
class File:
    """An answer that is no JSON."""

    content: bytes
    mime: str
    name: str = ""
    status: int = 200


@dataclass(frozen=True, slots=True)
class Redirect:
    url: str


Outcome = JSON | File | Redirect


class Body(StrEnum):
    NONE = auto()
    """Asked with GET."""
    JSON = auto()
    FORM = auto()


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One interface. `open` to calls without a token; `certified`: not for accounts without certification;
    `spends`: it counts for the day only once everything else was found right, and counts itself."""

    run: "Callable[[Office, Call], Outcome]"
    body: Body = Body.NONE
    open: bool = False
    certified: bool = True
    spends: bool = False


@dataclass(slots=True)
class Meter:
    """How often each interface was used today, and how often it may be."""

    clock: Clock
    limits: dict[str, int] = field(default_factory=lambda: dict(A_DAY))
    _used: Counter[tuple[str, int]] = field(default_factory=Counter)
    _cleared: list[float] = field(default_factory=list)

    def limit(self, path: str) -> int:
        return self.limits.get(path, OTHERS_A_DAY)

    def used(self, path: str) -> int:
        return self._used[path, self._today()]

    def spend(self, path: str) -> None:
        if self.used(path) >= self.limit(path):
            raise refused(45009)
        self._used[path, self._today()] += 1

    def clear(self) -> None:
        """Begin the day anew; ten times in thirty days."""
        now = self.clock.seconds()
        self._cleared = [at for at in self._cleared if at > now - 30 * DAY]
        if len(self._cleared) >= CLEARED_A_MONTH:
            raise refused(48006)
        self._cleared.append(now)
        self._used.clear()

    def _today(self) -> int:
        return int(self.clock.seconds() // DAY)


@dataclass(slots=True)
class Office:
    world: World
    tokens: Tokens
    meter: Meter
    postman: Postman
    consents: Consents
    page_tickets: Tokens
    paths: frozenset[str]
    """Of every interface there is."""

    def tell(self, person: Person, event: str, **fields: Any) -> Push:
        """Push an event that WeChat itself causes; what the server answers is shown to nobody."""
        return self.postman.send(Push(person, self.event(person, event, fields), answerable=False))

    def event(self, person: Person, event: str, fields: JSON) -> JSON:
        """No two events of a person bear the same second: WeChat's advice is to tell them apart by it."""
        head = self.head(person)
        person.told_at = head["CreateTime"] = max(head["CreateTime"], person.told_at + 1)
        return head | {"MsgType": "event", "Event": event} | fields

    def head(self, person: Person) -> JSON:
        about = {"ToUserName": self.world.account.original, "FromUserName": person.openid}
        return about | {"CreateTime": self.world.clock.date()}


OK: JSON = {"errcode": 0, "errmsg": "ok"}
