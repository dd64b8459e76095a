"""What happened in the demo community before: a repair well done, and one that waits for a part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta

from sqlalchemy import delete, select, update

from flows import catalogue
from flows.engine.effects import OpenTicket
from flows.engine.messages import Json
from flows.repair import Care, Details, Place, Trade
from handlers import opening, tickets
from handlers.desk import Work, rules
from handlers.tickets import Doer
from models.account import Account
from models.community import Community, Home
from models.outbox import Outbox
from models.resident import Membership, Resident, phones_of
from models.staff import Staff
from models.ticket import Ticket


@dataclass(frozen=True, slots=True)
class Step:
    """Somebody does something, some minutes after the report; the resident, where no `staff` is named."""

    after: int
    action: str
    staff: str = ""
    values: Mapping[str, Json] | None = None


@dataclass(frozen=True, slots=True)
class Story:
    """A repair: reported some days ago at an hour of the community's own clock, and what came of it."""

    days: int
    at: time
    resident: str
    trade: Trade
    text: str
    steps: Sequence[Step]


WELL_DONE = Story(
    2,
    time(9, 40),
    "胡军",
    Trade.DRAINS,
    "厨房下水很慢，洗碗时会返上来。",
    (
        Step(6, "accept", "李志强"),
        Step(20, "depart", "李志强"),
        Step(32, "arrive", "李志强"),
        Step(
            75,
            "finish",
            "李志强",
            {"checklist": [care.value for care in Care], "work": "疏通了下水管，清洗了存水弯，试水正常。"},
        ),
        Step(190, "rate", values={"overall": 5}),
    ),
)
WAITS = Story(
    1,
    time(15, 10),
    "罗琳",
    Trade.WATER,
    "卫生间花洒一直滴水，关不紧。",
    (
        Step(9, "accept", "陈小军"),
        Step(25, "depart", "陈小军"),
        Step(40, "arrive", "陈小军"),
        Step(60, "pause", "陈小军", {"reason": "阀芯要换，配件后天到。"}),
    ),
)
PART_COMES = timedelta(days=3)


async def live(work: Work, community: Community) -> None:
    """Let the stories happen, each step in its time, by the ticket's own table."""
    for story in (WELL_DONE, WAITS):
        await _tell(work, community, story)


async def _tell(work: Work, community: Community, story: Story) -> None:
    zone = rules(community).calendar.zone
    day = work.now.astimezone(zone).date() - timedelta(days=story.days)
    began = datetime.combine(day, story.at, zone).astimezone(work.now.tzinfo)
    resident, home = await _of(work, story)
    account = await work.session.scalar(select(Account.id).filter_by(resident_id=resident.id))
    assert account is not None
    phone = (await phones_of(work.session, resident.id))[0]
    details = Details(Place.HOME, story.trade, False, story.text, phone)
    effect = OpenTicket("repair", home, False, details.to_json())
    opened = await opening.open_ticket(replace(work, now=began), effect, resident.id, account)
    ticket = opened.shown.ticket
    for step in story.steps:
        await _take(replace(work, now=began + timedelta(minutes=step.after)), ticket, step, began)
    await _old_news(work, ticket)


async def _take(work: Work, ticket: Ticket, step: Step, began: datetime) -> None:
    staff = await work.session.scalar(select(Staff.id).filter_by(name=step.staff)) if step.staff else None
    doer = Doer(staff=staff) if staff else Doer(resident=ticket.resident_id, account=ticket.account_id)
    values = dict(step.values or {})
    if step.action == "pause":
        values["until"] = (began + PART_COMES).isoformat()
    action = catalogue.lifecycles()[ticket.kind].named[step.action]
    await tickets.perform(work, ticket, action, doer, values)


async def _of(work: Work, story: Story) -> tuple[Resident, int]:
    resident = (await work.session.scalars(select(Resident).filter_by(name=story.resident))).one()
    home = select(Home.id).join(Membership, Membership.home_id == Home.id)
    return resident, (await work.session.scalars(home.where(Membership.resident_id == resident.id))).one()


async def _old_news(work: Work, ticket: Ticket) -> None:
    """What people were told then is not told again now; only the cards as they are today go out."""
    here = Outbox.state == "pending"
    await work.session.execute(
        delete(Outbox).where(here, Outbox.ticket_id == ticket.id, Outbox.card_id.is_(None))
    )
    await work.session.execute(
        update(Outbox)
        .where(here, Outbox.card_id.is_not(None))
        .values(created_at=work.now, not_before=work.now)
    )
