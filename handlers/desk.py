"""The desk: what every handler works with, and the scene of one message being handled."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from flows.engine.facts import Facts, Home
from flows.engine.form import Draft
from flows.engine.hours import Frame
from flows.engine.messages import Json, Phrase
from flows.engine.when import Window, windows
from handlers.envelopes import Capabilities, Inbound, Outgoing
from handlers.policy import Policy, policy
from handlers.texts import Texts
from models.community import Community
from models.database import Database
from models.hearing import Standing
from models.resident import homes_of, phones_of


def utcnow() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Desk:
    """What all handlers share; nothing in it belongs to one message.

    `address` is where the pages are found from outside, "" while there is no such place; `key` signs links.
    """

    database: Database
    texts: Texts
    channels: Mapping[str, Capabilities]
    now: Callable[[], datetime] = utcnow
    timezone: str = "Asia/Shanghai"
    key: str = ""
    demo: bool = False
    address: str = ""

    def can(self, channel: str) -> Capabilities:
        return self.channels.get(channel, Capabilities())


@dataclass(frozen=True, slots=True)
class Work:
    """One transaction's work: its session and its moment."""

    desk: Desk
    session: AsyncSession
    now: datetime

    def say(self, key: str, locale: str, **values: object) -> str:
        return self.desk.texts.say(Phrase(key, values), locale)


@dataclass(slots=True)
class Scene:
    """One inbound message being handled: the work, where the conversation stands, and what comes of it."""

    work: Work
    inbound: Inbound
    standing: Standing
    draft: Draft | None
    offered: Mapping[str, Any] | None = None
    replies: list[Outgoing] = field(default_factory=list)
    hint: str = ""
    kept: str | None = None
    revision: int = 0

    @property
    def session(self) -> AsyncSession:
        return self.work.session

    @property
    def locale(self) -> str:
        return self.standing.locale

    @property
    def can(self) -> Capabilities:
        return self.work.desk.can(self.inbound.channel)

    def text(self, key: str, **values: object) -> str:
        return self.work.say(key, self.locale, **values)

    def reply(self, key: str, **values: object) -> None:
        self.replies.append(Outgoing(self.text(key, **values)))

    def source(self, ref: str) -> str | None:
        """Where a message of this conversation is found again when it is edited."""
        return f"{self.standing.id}:{ref}" if ref else None

    def remark(self, key: str, **values: object) -> None:
        """A hint where the channel shows one to who tapped, else a reply in a private chat."""
        self.hint = self.text(key, **values)


def rules(community: Community) -> Policy:
    return policy(community.settings, community.timezone)


def facts(scene: Scene, about: Mapping[str, Json] | None = None) -> Facts:
    """What is known about who is speaking, or about the moment alone for somebody without a home."""
    standing = scene.standing
    homes = sorted(standing.homes, key=lambda home: str(home[1]))
    phones = tuple(str(phone[1]) for phone in sorted(standing.phones, key=list))
    return _facts(scene.work, homes, phones, about or {})


async def facts_of(work: Work, resident: int | None, about: Mapping[str, Json]) -> Facts:
    """The same about somebody who is not speaking just now."""
    if resident is None:
        return _facts(work, (), (), about)
    rows = await homes_of(work.session, resident, work.now)
    homes = [(home, name, place.id, place.timezone, place.settings) for home, name, place in rows]
    return _facts(work, homes, await phones_of(work.session, resident), about)


def _facts(
    work: Work, homes: Sequence[Sequence[Any]], phones: tuple[str, ...], about: Mapping[str, Json]
) -> Facts:
    zone, settings = (homes[0][3], homes[0][4]) if homes else (work.desk.timezone, {})
    rule = policy(settings, zone)
    calendar = rule.calendar
    opens, closes = calendar.frames[0][0], calendar.frames[-1][1]
    local = work.now.astimezone(calendar.zone)
    return Facts(
        now=local,
        homes=tuple(Home(home, name, community) for home, name, community, *_ in homes),
        phones=phones,
        slots=_slots(local.replace(second=0, microsecond=0), calendar.frames),
        opens=f"{opens:%H:%M}",
        closes=f"{closes:%H:%M}",
        hotline=rule.hotline,
        about=about,
    )


@lru_cache(maxsize=64)
def _slots(now: datetime, frames: tuple[Frame, ...]) -> tuple[Window, ...]:
    """The visits that are offered; the same for everybody within a minute."""
    offered = windows(now, days=3, opens=frames[0][0], closes=frames[-1][1])
    return tuple(slot for slot in offered if _inside(slot, frames))[:8]


def _inside(slot: Window, frames: Sequence[Frame]) -> bool:
    """Whether a visit fits into the hours of service, with no break in between."""
    return any(opens <= slot.start.time() and slot.end.time() <= closes for opens, closes in frames)
