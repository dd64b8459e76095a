"""Staff and their shifts: who serves as what and when, by the phone numbers they are known by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from flows.engine.lifecycle import Role
from handlers.importing.concepts import BuildingRow, Row, ShiftRow, StaffRow
from handlers.importing.plan import Duty, Named, Once, Place, Plan, Worker
from handlers.wording import phone as e164
from models.community import Community
from models.staff import Shift, Staff, StaffRole

LONGEST_SHIFT = timedelta(days=31)


async def known(session: AsyncSession, plan: Plan) -> None:
    """Everybody who serves or has served, and the shifts of the days that a file can speak of."""
    workers: dict[int, Worker] = {}
    for number, name, name_en, phone, left in await session.execute(
        select(Staff.id, Staff.name, Staff.name_en, Staff.phone, Staff.left_at).order_by(Staff.id)
    ):
        workers[number] = Worker(number, name, name_en, phone, left)
    roles = select(StaffRole.staff_id, Community.code, StaffRole.role)
    for staff, code, role in await session.execute(
        roles.join(Community, Community.id == StaffRole.community_id)
    ):
        workers[staff].roles.add((code, role))
    plan.workers = list(workers.values())


async def known_duties(session: AsyncSession, plan: Plan, rows: Sequence[ShiftRow]) -> None:
    """The shifts of the days of which a file speaks."""
    if not rows:
        return
    day = timedelta(days=1)
    first, last = min(row.start for row in rows) - day, max(row.start for row in rows) + day
    workers = {worker.id: worker for worker in plan.workers}
    shifts = select(
        Shift.id, Community.code, Shift.staff_id, Shift.role, Shift.starts_at, Shift.ends_at
    ).join(Community, Community.id == Shift.community_id)
    between = Shift.starts_at.between(first.replace(tzinfo=UTC), last.replace(tzinfo=UTC))
    for number, code, staff, role, starts_at, ends_at in await session.execute(shifts.where(between)):
        plan.duties.append(Duty(number, code, workers[staff], role, starts_at, ends_at))


def staff(plan: Plan, rows: Sequence[StaffRow]) -> None:
    once = Once(plan.findings, "phone")
    for row in rows:
        place = plan.place(row.row, row.community)
        worker = _who(plan, place, row) if place is not None else None
        if place is None or worker is None:
            continue
        if once.first(row.row, (worker, "name"), row.name):
            _describe(plan, worker, row)
        if row.name_en is not None and once.first(row.row, (worker, "name_en"), row.name_en):
            _translate(plan, worker, row.name_en)
        for role in row.roles:
            _hire(plan, worker, (place.code, role))


def _who(plan: Plan, place: Place, row: StaffRow) -> Worker | None:
    """Whom a row speaks of: by phone; by name where no phone was known; else somebody new.

    Who has left is not taken on again by an old list.
    """
    same = [one for one in plan.workers if one.phone == row.phone]
    serving = [one for one in same if one.left is None]
    if same and not serving:
        plan.findings.note("left", row.row.at("phone"), value=row.name)
        return None
    found = serving if len(serving) < 2 else [one for one in serving if one.name == row.name]
    found = found or [] if serving else _without_phone(plan, place, row)
    if len(found) == 1:
        return found[0]
    if serving or found:
        plan.findings.fault("ambiguous_staff", row.row.at("phone"), value=row.phone)
        return None
    return _newcomer(plan, row)


def _without_phone(plan: Plan, place: Place, row: StaffRow) -> list[Worker]:
    """Those of the same name in the community, whose phone nobody has written down."""
    unknown = (one for one in plan.workers if one.phone is None and one.left is None)
    return [one for one in unknown if one.name == row.name and place.code in {code for code, _ in one.roles}]


def _newcomer(plan: Plan, row: StaffRow) -> Worker:
    worker = Worker(None, row.name, "", row.phone, None)
    plan.workers.append(worker)
    plan.counts["staff", "new"] += 1
    return worker


def _describe(plan: Plan, worker: Worker, row: StaffRow) -> None:
    if worker.name != row.name:
        plan.findings.note("renamed", row.row.at("name"), old=worker.name, new=row.name)
    if (worker.name, worker.phone) != (row.name, row.phone):
        worker.name, worker.phone = row.name, row.phone
        _change(plan, worker)


def _translate(plan: Plan, worker: Worker, name_en: str) -> None:
    if worker.name_en != name_en:
        worker.name_en = name_en
        _change(plan, worker)


def _change(plan: Plan, worker: Worker) -> None:
    if worker.id is not None and not worker.changed:
        worker.changed = True
        plan.counts["staff", "changed"] += 1


def _hire(plan: Plan, worker: Worker, role: tuple[str, str]) -> None:
    if role not in worker.roles:
        worker.roles.add(role)
        worker.hired.append(role)
        plan.counts["roles", "new"] += worker.id is not None


# --- assistants


def assistants(plan: Plan, rows: Sequence[BuildingRow]) -> None:
    """Whom those who live in a building turn to."""
    once = Once(plan.findings, "assistant")
    for row in rows:
        if row.assistant is None or (place := plan.place(row.row, row.community)) is None:
            continue
        where = row.row.at("assistant")
        worker = _meant(plan, place, where, row.assistant)
        if worker is None:
            continue
        if (place.code, Role.ASSISTANT.value) not in worker.roles:
            plan.findings.fault("no_assistant", where, value=worker.name, community=place.code)
        elif once.first(row.row, (place.code, row.name), worker):
            _assign(plan, (place.code, row.name), worker)


def _assign(plan: Plan, building: Named, worker: Worker) -> None:
    if worker.id is None or worker.id != plan.assistants.get(building):
        plan.assigned[building] = worker
        plan.counts["buildings", "changed"] += plan.buildings.get(building) is not None


# --- shifts


def shifts(plan: Plan, rows: Sequence[ShiftRow]) -> None:
    once = Once(plan.findings, "start")
    duties = {(one.community, one.worker, one.role, one.starts_at): one for one in plan.duties}
    for row in rows:
        place = plan.place(row.row, row.community)
        worker = _meant(plan, place, row.row.at("staff"), row.staff) if place is not None else None
        span = _span(plan, place, row) if place is not None else None
        if place is None or worker is None or span is None:
            continue
        if (place.code, row.role) not in worker.roles:
            plan.findings.fault("no_role", row.row.at("role"), value=worker.name, community=place.code)
            continue
        key = (place.code, worker, row.role, span[0])
        if once.first(row.row, key, span[1]):
            _serve(plan, duties.get(key), Duty(None, *key, span[1]))


def _serve(plan: Plan, before: Duty | None, duty: Duty) -> None:
    if before is None:
        plan.duties.append(duty)
        plan.counts["shifts", "new"] += 1
    elif before.ends_at != duty.ends_at:
        before.ends_at, before.changed = duty.ends_at, True
        plan.counts["shifts", "changed"] += 1


def _meant(plan: Plan, place: Place, where: str, staff: str) -> Worker | None:
    """The one person of the community with this phone or this name; who has left serves no more."""
    phone = e164(staff)
    here = [one for one in plan.workers if any(code == place.code for code, _ in one.roles)]
    found = [one for one in here if (one.phone == phone if phone else staff in (one.name, one.name_en))]
    serving = [one for one in found if one.left is None]
    if len(serving) == 1:
        return serving[0]
    if found and not serving:
        plan.findings.note("left", where, value=staff)
        return None
    if serving:
        plan.findings.fault("ambiguous_staff", where, value=staff)
    else:
        plan.findings.fault("no_staff", where, value=staff, community=place.code)
    return None


def _span(plan: Plan, place: Place, row: ShiftRow) -> tuple[datetime, datetime] | None:
    zone = ZoneInfo(place.timezone)
    end = _end(row)
    starts, ends = _instant(row.start, zone), _instant(end, zone)
    if starts is None or ends is None:
        for column in _columns(starts, ends):
            plan.findings.fault("no_such_hour", row.row.at(column), value=place.timezone)
        return None
    if not timedelta() < ends - starts <= LONGEST_SHIFT:
        _too_long(plan, row.row, ends > starts)
        return None
    return starts, ends


def _end(row: ShiftRow) -> datetime:
    """An hour without a day is the first such hour after the start."""
    if isinstance(row.end, datetime):
        return row.end
    same_day = datetime.combine(row.start.date(), row.end)
    return same_day if same_day > row.start else same_day + timedelta(days=1)


def _columns(starts: datetime | None, ends: datetime | None) -> Iterator[str]:
    yield from ("start",) if starts is None else ()
    yield from ("end",) if ends is None else ()


def _too_long(plan: Plan, row: Row, forwards: bool) -> None:
    if forwards:
        plan.findings.fault("long_shift", row.at("end"), n=LONGEST_SHIFT.days)
    else:
        plan.findings.fault("ends_first", row.at("end"))


def _instant(local: datetime, zone: ZoneInfo) -> datetime | None:
    """The instant of a local time, of two the first; None where the clocks have left it out."""
    instant = local.replace(tzinfo=zone).astimezone(UTC)
    return instant if instant.astimezone(zone).replace(tzinfo=None) == local else None
