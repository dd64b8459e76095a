"""The desk: what every handler works with, and the scene of one message being handled."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from flows.engine.facts import Facts, Home
from flows.engine.form import Draft, Flow
from flows.engine.hours import Calendar, Frame
from flows.engine.messages import Json, Phrase
from flows.engine.when import Window, windows
from handlers.envelopes import Capabilities, Inbound, Outgoing
from handlers.policy import Policy, policy
from handlers.texts import Texts
from models.community import Community, homes_named
from models.database import Database
from models.hearing import Standing
from models.resident import homes_of, phones_of, record_of
from models.ticket import Ticket


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


async def facts(scene: Scene, flow: type[Flow], about: Mapping[str, Json]) -> Facts:
    """What is known about who is speaking, and what the flow wants besides."""
    standing, work = scene.standing, scene.work
    homes = sorted(standing.homes, key=lambda home: str(home[1]))
    phones = tuple(str(phone[1]) for phone in sorted(standing.phones, key=list))
    known = _facts(work, homes, phones, about, await _place(work, homes, about))
    return await _wanted(work, known, flow, standing.resident, scene.inbound.text) if flow.wants else known


async def facts_of(work: Work, resident: int | None, flow: type[Flow], about: Mapping[str, Json]) -> Facts:
    """The same about somebody who is not speaking just now."""
    rows = [] if resident is None else await homes_of(work.session, resident, work.now)
    homes = [(home, name, one.id, one.timezone, one.settings, role) for home, name, one, role in rows]
    phones = () if resident is None else await phones_of(work.session, resident)
    known = _facts(work, homes, phones, about, await _place(work, homes, about))
    return await _wanted(work, known, flow, resident, "") if flow.wants else known


async def _wanted(work: Work, known: Facts, flow: type[Flow], resident: int | None, said: str) -> Facts:
    """The facts that are not loaded for every flow."""
    if "record" in flow.wants and resident is not None:
        known = replace(known, record=await record_of(work.session, resident, work.now))
    if "found" in flow.wants and said:
        rows = await homes_named(work.session, said)
        known = replace(known, found=tuple(Home(one.id, one.name, at.id, "", at.name) for one, at in rows))
    return known


Place = tuple[str, Mapping[str, Any], Mapping[str, Any]]
"""The time zone and the settings that count, and the details of the ticket it is about."""


async def _place(work: Work, homes: Sequence[Sequence[Any]], about: Mapping[str, Json]) -> Place:
    """Where it is: at the ticket it is about, else at the person's home."""
    ticket = about.get("ticket")
    if isinstance(ticket, int):
        at = select(Community, Ticket.details).join(Ticket, Ticket.community_id == Community.id)
        found = (await work.session.execute(at.where(Ticket.id == ticket))).one_or_none()
        if found is not None:
            return found[0].timezone, found[0].settings, found[1]
    return (homes[0][3], homes[0][4], {}) if homes else (work.desk.timezone, {}, {})


def _facts(
    work: Work,
    homes: Sequence[Sequence[Any]],
    phones: tuple[str, ...],
    about: Mapping[str, Json],
    place: Place,
) -> Facts:
    zone, settings, details = place
    rule = policy(settings, zone)
    calendar = rule.calendar
    opens, closes = calendar.frames[0][0], calendar.frames[-1][1]
    local = work.now.astimezone(calendar.zone)
    return Facts(
        now=local,
        homes=tuple(Home(home, name, community, role) for home, name, community, _, _, role in homes),
        phones=phones,
        slots=_slots(local.replace(second=0, microsecond=0), calendar),
        opens=f"{opens:%H:%M}",
        closes=f"{closes:%H:%M}",
        off=_off(local.date(), calendar),
        hotline=rule.hotline,
        about=about,
        terms=settings.get("terms", {}),
        details=details,
    )


LOOKED_AHEAD = 15
"""Days from today among which the days off are looked for: further ahead no visit can be booked."""


@lru_cache(maxsize=64)
def _off(today: date, calendar: Calendar) -> frozenset[date]:
    """The days of the weeks ahead on which nobody serves."""
    ahead = (today + timedelta(days=count) for count in range(LOOKED_AHEAD))
    return frozenset(day for day in ahead if not calendar.frames_on(day))


@lru_cache(maxsize=64)
def _slots(now: datetime, calendar: Calendar) -> tuple[Window, ...]:
    """The visits that are offered, on days of service; the same for everybody within a minute."""
    opens, closes = calendar.frames[0][0], calendar.frames[-1][1]
    offered = windows(now, opens=opens, closes=closes)
    return tuple(slot for slot in offered if _inside(slot, calendar.frames_on(slot.start.date())))[:8]


def _inside(slot: Window, frames: Sequence[Frame]) -> bool:
    """Whether a visit fits into the hours of service, with no break in between."""
    return any(opens <= slot.start.time() and slot.end.time() <= closes for opens, closes in frames)
