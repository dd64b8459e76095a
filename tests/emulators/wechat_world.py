"""Everything the emulated WeChat knows: the account, its menu and templates, and the people who follow it."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum, auto
from itertools import count

from tests.emulators.tencent_cipher import Seal
from tests.emulators.tencent_clock import Clock, Signal
from tests.emulators.tencent_errors import JSON
from tests.emulators.wechat_allowances import Act, Allowances
from tests.emulators.wechat_bubbles import Bubble, Via
from tests.emulators.wechat_errors import refused
from tests.emulators.wechat_scenes import Scenes
from tests.emulators.wechat_shelf import Shelf
from tests.emulators.wechat_templates import Templates


class Kind(StrEnum):
    SERVICE = auto()
    """A certified service account (认证服务号): everything is allowed."""
    TEST = auto()
    """A test account (接口测试号): no msgmenu, no menu ids, templates without limits."""
    UNCERTIFIED = auto()
    """Passive replies, and next to nothing else."""


class Mode(StrEnum):
    PLAIN = auto()
    COMPATIBLE = auto()
    SECURE = auto()


@dataclass(slots=True)
class Account:
    """The official account, as its console shows it."""

    appid: str
    secret: str
    token: str
    aes_key: str
    original: str
    kind: Kind = Kind.SERVICE
    mode: Mode = Mode.SECURE
    whitelist: set[str] | None = None
    """Addresses that may ask for tokens; None lets everybody."""
    oauth_domain: str = "127.0.0.1"
    menu: JSON | None = None

    @property
    def seal(self) -> Seal:
        return Seal(self.aes_key, self.appid)


@dataclass(slots=True, eq=False)
class Person:
    """Somebody on WeChat, as far as this one account is concerned."""

    openid: str
    name: str
    allowances: Allowances
    following: bool = False
    refuses: bool = False
    """Has switched the account's messages off."""
    blacklisted: bool = False
    came_by: str = "ADD_SCENE_SEARCH"
    scene: str = ""
    followed_at: int = 0
    remark: str = ""
    snapshot: bool = False
    """Opens pages as snapshots, which vouch for nobody."""
    bubbles: list[Bubble] = field(default_factory=list)
    muted: set[str] = field(default_factory=set)
    grants: Counter[str] = field(default_factory=Counter)
    typing_until: float = float("-inf")
    acted_at: float = float("-inf")
    told_at: int = 0
    """The CreateTime of the latest event."""
    changed: Signal = field(default_factory=Signal)

    def act(self, act: Act | None) -> None:
        """Something was done that counts as being there; most of it gives an allowance."""
        self.acted_at = self.allowances.clock.seconds()
        if act:
            self.allowances.renew(act)


@dataclass(slots=True)
class World:
    account: Account
    clock: Clock
    url: str = ""
    people: dict[str, Person] = field(default_factory=dict)
    changed: Signal = field(default_factory=Signal)
    shelf: Shelf = field(init=False)
    scenes: Scenes = field(init=False)
    templates: Templates = field(default_factory=Templates)
    jobs: dict[str, tuple[int, float]] = field(default_factory=dict)
    """The number of a template message by its client_msg_id, and when it was sent."""
    _message_ids: count[int] = field(default_factory=lambda: count(24_295_000_000_000_001))
    _job_ids: count[int] = field(default_factory=lambda: count(200_163_836))

    def __post_init__(self) -> None:
        self.shelf = Shelf(self.clock)
        self.scenes = Scenes(self.clock)

    def person(self, name: str) -> Person:
        """The person of that name; the same one, with the same openid, every time."""
        openid = openid_of(self.account.appid, name)
        if openid not in self.people:
            self.people[openid] = Person(openid, name, Allowances(self.clock))
        return self.people[openid]

    def known(self, openid: object) -> Person:
        person = self.people.get(openid) if isinstance(openid, str) else None
        if person is None:
            raise refused(40003)
        return person

    def follower(self, openid: object) -> Person:
        person = self.known(openid)
        if not person.following:
            raise refused(43004)
        return person

    def show(self, person: Person, bubble: Bubble, via: Via | None = None) -> Bubble:
        bubble.number = len(person.bubbles) + 1
        bubble.via, bubble.at = via or bubble.via, self.clock.seconds()
        if bubble.from_account:
            person.typing_until = float("-inf")
        person.bubbles.append(bubble)
        person.changed.fire()
        self.changed.fire()
        return bubble

    def next_message_id(self) -> int:
        return next(self._message_ids)

    def next_job_id(self) -> int:
        return next(self._job_ids)


def openid_of(appid: str, name: str) -> str:
    """28 characters, the same for a name on every run and different for every account."""
    digest = hashlib.sha256(f"{appid}|{name}".encode()).digest()
    return "o" + base64.urlsafe_b64encode(digest).decode()[:27]
