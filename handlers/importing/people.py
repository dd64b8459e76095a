"""Residents: who of the file is known already, by phone, and what has become different about them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from handlers.importing.concepts import ResidentRow
from handlers.importing.plan import Living, Named, Number, Once, Person, Place, Plan
from models.community import Community, Home
from models.resident import Membership, Phone, Resident


async def known(session: AsyncSession, plan: Plan) -> None:
    """Every resident, with their phones in order and their homes, also those they have left."""
    people: dict[int, Person] = {}
    residents = select(Resident.id, Resident.name, Resident.locale).where(Resident.erased_at.is_(None))
    for number, name, locale in await session.execute(residents.order_by(Resident.id)):
        people[number] = Person(number, name, locale)
    phones = select(Phone.resident_id, Phone.id, Phone.number, Phone.rank).order_by(Phone.rank, Phone.id)
    for resident, number, dialled, rank in await session.execute(phones):
        if resident in people:
            people[resident].phones.append(Number(number, dialled, rank))
    for resident, home, living in await _stays(session):
        if resident in people:
            _remember(people[resident], home, living, plan.now)
    plan.people = list(people.values())


async def _stays(session: AsyncSession) -> list[tuple[int, Named, Living]]:
    """Who has lived where, in the order in which it was written down."""
    columns = (Membership.resident_id, Membership.id, Membership.role, Membership.since, Membership.until)
    stays = (
        select(*columns, Community.code, Home.name)
        .join(Home, Home.id == Membership.home_id)
        .join(Community, Community.id == Home.community_id)
        .order_by(Membership.id)
    )
    return [
        (resident, (code, home), Living(number, role, since, until))
        for resident, number, role, since, until, code, home in await session.execute(stays)
    ]


def _remember(person: Person, home: Named, living: Living, now: datetime) -> None:
    """Of several stays in one home it is the present one that counts, else the last."""
    before = person.lives.get(home)
    if before is None or _over(before, now):
        person.lives[home] = living


def _over(living: Living, now: datetime) -> bool:
    return living.until is not None and living.until <= now


def residents(plan: Plan, rows: Sequence[ResidentRow]) -> None:
    register, once = _Register.of(plan), Once(plan.findings, "name")
    for row in rows:
        place = plan.place(row.row, row.community)
        if place is None:
            continue
        homes = _homes(plan, place, row)
        person = register.who(row, homes)
        if person is not None:
            _describe(plan, person, row)
            if row.locale is not None and once.first(row.row, person, row.locale):
                _speaks(person, row.locale)
            for home in homes:
                if once.first(row.row, (person, home), (row.role, row.since)):
                    _lives(plan, place, person, home, row)
    for person in plan.people:
        if person.row is not None:
            _settle(plan, person)


def _homes(plan: Plan, place: Place, row: ResidentRow) -> list[Named]:
    named = [(place.code, name) for name in row.homes]
    for home in named:
        if home not in plan.homes:
            plan.findings.fault("no_home", row.row.at("homes"), value=home[1], community=place.code)
    return [home for home in named if home in plan.homes]


@dataclass(slots=True)
class _Register:
    """Everybody by phone, and by home and name."""

    plan: Plan
    phones: dict[str, list[Person]] = field(default_factory=lambda: defaultdict(list))
    doors: dict[tuple[Named, str], list[Person]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def of(cls, plan: Plan) -> _Register:
        register = cls(plan)
        for person in plan.people:
            register.enter(
                person,
                [phone.number for phone in person.phones],
                [home for home, living in person.lives.items() if not _over(living, plan.now)],
            )
        return register

    def enter(self, person: Person, phones: Sequence[str], homes: Sequence[Named]) -> None:
        for phone in phones:
            if person not in self.phones[phone]:
                self.phones[phone].append(person)
        for home in homes:
            if person not in self.doors[home, person.name]:
                self.doors[home, person.name].append(person)

    def who(self, row: ResidentRow, homes: Sequence[Named]) -> Person | None:
        """The person a row speaks of, who may be new; None when several could be meant."""
        holders = _distinct(one for phone in row.phones for one in self.phones.get(phone, ()))
        namesakes = _distinct(one for home in homes for one in self.doors.get((home, row.name), ()))
        found = self._among(row, holders, namesakes)
        if found is not None:
            self.enter(found, row.phones, homes)
        return found

    def _among(self, row: ResidentRow, holders: list[Person], namesakes: list[Person]) -> Person | None:
        """Phone and name; else the first phone alone; else name and home, with another phone than before.

        Who only shares a phone that is not called first with somebody of another name is somebody new.
        """
        named = [one for one in holders if one.name == row.name]
        if len(named) == 1:
            return named[0]
        rivals = [one for one in holders if one.first == row.phones[0]]
        candidates = _distinct((*named, *rivals, *namesakes))
        if len(candidates) == 1 and candidates[0].row is None:
            return candidates[0]
        if candidates:
            self._unclear(row, candidates)
            return None
        return self._newcomer(row)

    def _newcomer(self, row: ResidentRow) -> Person:
        person = Person(None, row.name, None)
        self.plan.people.append(person)
        self.plan.counts["residents", "new"] += 1
        return person

    def _unclear(self, row: ResidentRow, candidates: list[Person]) -> None:
        other = next((one.row for one in candidates if one.row is not None), None)
        if other is None:
            self.plan.findings.fault("ambiguous", row.row.at("phones"), value=", ".join(row.phones))
        else:
            self.plan.findings.fault("same_person", row.row.at("phones"), other=other.at("phones"))


def _distinct(people: Iterable[Person]) -> list[Person]:
    return list(dict.fromkeys(people))


def _describe(plan: Plan, person: Person, row: ResidentRow) -> None:
    """Name and phones; what comes first in the file comes first."""
    if person.id is not None and row.name != person.name:
        plan.findings.note("renamed", row.row.at("name"), old=person.name, new=row.name)
        person.log.append(("name", person.name, row.name))
        person.name, person.changed = row.name, True
    person.row = person.row or row.row
    person.wanted += [phone for phone in row.phones if phone not in person.wanted]


def _speaks(person: Person, locale: str) -> None:
    if person.locale != locale:
        if person.id is not None:
            person.log.append(("locale", person.locale, locale))
        person.locale, person.changed = locale, True


def _lives(plan: Plan, place: Place, person: Person, home: Named, row: ResidentRow) -> None:
    zone = ZoneInfo(place.timezone)
    since = None if row.since is None else _midnight(row.since, zone)
    living = person.lives.get(home)
    if living is not None and _over(living, plan.now):
        if since is None or living.until is None or since < living.until:
            plan.findings.note("moved_out", row.row.at("homes"), value=home[1])
            return
        living = None
    if living is None:
        person.lives[home] = Living(None, row.role, since or plan.now)
        person.log.append(("home", None, home[1]))
        plan.counts["memberships", "new"] += person.id is not None
        return
    stays = since is None or living.since.astimezone(zone).date() == row.since
    if living.role != row.role or not stays:
        if living.role != row.role:
            person.log.append(("role", f"{home[1]} {living.role}", f"{home[1]} {row.role}"))
        if since is not None and not stays:
            before = living.since.astimezone(zone)
            person.log.append(("since", f"{home[1]} {before:%F}", f"{home[1]} {row.since}"))
            living.since = since
        living.role, living.changed = row.role, True
        plan.counts["memberships", "changed"] += 1


def _settle(plan: Plan, person: Person) -> None:
    """The file's phones in front, then those it does not mention; who is new needs no more said."""
    held = {phone.number: phone for phone in person.phones}
    before = list(held)
    after = [*person.wanted, *(number for number in before if number not in person.wanted)]
    if before == after:
        plan.counts["residents", "changed"] += person.changed and person.id is not None
        return
    person.phones = [held.get(number, Number(None, number, -1)) for number in after]
    person.redialled = True
    if person.id is not None:
        person.log.append(("phones", ", ".join(before) or None, ", ".join(after)))
        plan.counts["phones", "changed"] += 1
        plan.counts["residents", "changed"] += person.changed


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)
