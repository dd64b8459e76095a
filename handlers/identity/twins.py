"""Two residents may be one person: staff look at both, make them one, or part them again."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, or_, select

from flows.engine.lifecycle import Role
from handlers import doors, reaching
from handlers.cards import masks
from handlers.desk import Scene, Work
from handlers.envelopes import Button, Outgoing
from handlers.identity import merging
from handlers.identity.merging import Unmergeable
from handlers.roster import managers, whoever
from models import tally
from models.account import Account
from models.community import Home
from models.merge import Merge
from models.resident import Membership, Resident, homes_of, phones_of
from models.staff import Staff, StaffRole
from models.ticket import Ticket

MAY = (Role.DESK, Role.MANAGER, Role.ADMINISTRATOR)
SAME_PAIR = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Pair:
    """The one who stays and the one who goes, as button data carries them."""

    keep: int
    gone: int

    @property
    def data(self) -> str:
        return f"{self.keep}-{self.gone}"

    @classmethod
    def of(cls, data: str) -> Pair | None:
        keep, _, gone = data.partition("-")
        return cls(int(keep), int(gone)) if _is_id(keep) and _is_id(gone) else None


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 19


async def command(scene: Scene, argument: str) -> None:
    """`/merge TICKET1 TICKET2`: the residents of two tickets, compared before anything happens."""
    numbers = argument.upper().split()
    if len(numbers) != 2:
        scene.reply("merge.which")
        return
    found = [
        await scene.session.scalar(select(Ticket.resident_id).where(Ticket.number == number))
        for number in numbers
    ]
    keep, gone = found
    await _compare(scene, None if keep is None or gone is None else Pair(keep, gone))


async def entry(scene: Scene, verb: str, data: str) -> None:
    """A button under two residents: look at both, make them one, part them again."""
    match verb:
        case "twins":
            await _compare(scene, Pair.of(data))
        case "merge":
            await _merge(scene, Pair.of(data))
        case "unmerge":
            await _part(scene, int(data) if _is_id(data) else 0)


async def _compare(scene: Scene, pair: Pair | None) -> None:
    if pair is None or not await _may(scene, (pair.keep, pair.gone)):
        scene.reply("merge.not_allowed")
        return
    if pair.keep == pair.gone:
        scene.reply("merge.refused.same")
        return
    people = [await _described(scene.work, one, scene.locale) for one in (pair.keep, pair.gone)]
    told = scene.text("merge.sure", keep=people[0], gone=people[1])
    yes = Button(scene.text("merge.yes"), f"m.merge.{pair.data}", "danger")
    no = Button(scene.text("merge.no"), "m.menu")
    scene.replies.append(Outgoing(told, scene.text("merge.title"), ((yes, no),)))


async def _merge(scene: Scene, pair: Pair | None) -> None:
    if pair is None or not await _may(scene, (pair.keep, pair.gone)):
        scene.reply("merge.refused.unknown" if await _joined(scene, pair) else "merge.not_allowed")
        return
    try:
        made = await merging.merge(scene.work, pair.keep, pair.gone, f"staff:{scene.standing.staff}")
    except Unmergeable as no:
        scene.reply(f"merge.refused.{no.reason}")
        return
    await merging.redraw(scene.work, made)
    told = scene.text("merge.done", items=_moved(scene, made))
    undo = Button(scene.text("merge.undo"), f"m.unmerge.{made.id}")
    scene.replies.append(Outgoing(told, buttons=((undo,),)))


async def _joined(scene: Scene, pair: Pair | None) -> bool:
    """Whether the button was tapped twice."""
    if pair is None or not await _may(scene, (pair.keep,)):
        return False
    same = select(Merge.id).where(Merge.keep_id == pair.keep, Merge.gone_id == pair.gone)
    return await scene.session.scalar(same.where(Merge.undone_at.is_(None)).limit(1)) is not None


async def _part(scene: Scene, number: int) -> None:
    made = await scene.session.get(Merge, number)
    if made is None or not await _may(scene, (made.keep_id,)):
        scene.reply("merge.not_allowed")
        return
    try:
        await merging.undo(scene.work, number, f"staff:{scene.standing.staff}")
    except Unmergeable as no:
        scene.reply(f"merge.refused.{no.reason}")
        return
    await merging.redraw(scene.work, made)
    scene.reply("merge.undone", items=_moved(scene, made))


def _moved(scene: Scene, made: Merge) -> list[str]:
    return [scene.text(f"merge.moved.{what}", n=n) for what, n in merging.counted(made).items()]


# --- who may


async def _may(scene: Scene, residents: Sequence[int]) -> bool:
    """Whether all that these residents have is in communities where this person is at the desk or above."""
    if scene.standing.staff is None:
        return False
    mine = await _communities(scene)
    places = [await _places(scene.work, one) for one in residents]
    return all(theirs and mine.issuperset(theirs) for theirs in places)


async def _communities(scene: Scene) -> frozenset[int]:
    query = (
        select(StaffRole.community_id)
        .join(Staff, Staff.id == StaffRole.staff_id)
        .where(StaffRole.staff_id == scene.standing.staff, StaffRole.role.in_([role.value for role in MAY]))
        .where(Staff.left_at.is_(None))
    )
    return frozenset(await scene.session.scalars(query))


async def _places(work: Work, resident: int) -> frozenset[int]:
    """The communities in which a resident has a home now or has ever had a ticket."""
    homes = (
        select(Home.community_id)
        .join(Membership, Membership.home_id == Home.id)
        .where(Membership.resident_id == resident)
        .where(or_(Membership.until.is_(None), Membership.until > work.now))
    )
    filed = select(Ticket.community_id).where(Ticket.resident_id == resident)
    return frozenset(await work.session.scalars(homes.union(filed)))


# --- how they look


async def _described(work: Work, resident: int, locale: str) -> str:
    """A resident in one line, with no more than is needed to know one again."""
    session, texts = work.session, work.desk.texts
    name = await session.scalar(select(Resident.name).where(Resident.id == resident))
    homes = sorted({home for _, home, *_ in await homes_of(session, resident, work.now)})
    channels = await session.scalars(
        select(Account.channel).where(Account.resident_id == resident).order_by(Account.id)
    )
    running = select(func.count()).where(Ticket.resident_id == resident, Ticket.closed_at.is_(None))
    return work.say(
        "merge.person",
        locale,
        name=f"{name[0]}**" if name else "",
        homes=[masks.door(home, private=False) for home in homes],
        phones=[number[-4:] for number in await phones_of(session, resident)],
        chats=[texts.say(doors.called(one, texts), locale) for one in dict.fromkeys(channels)],
        n=await session.scalar(running) or 0,
    )


# --- who hears of it


async def suspect(work: Work, one: int, other: int, why: str = "merge.suspected") -> None:
    """The desk of their communities hears that two residents may be one, `why`, and can look at both.

    Once a day for the same two, however often somebody tries.
    """
    places = await _places(work, one) | await _places(work, other)
    desks, pair = await _desks(work, places), f"twins:{min(one, other)}-{max(one, other)}"
    if not desks or await tally.count(work.session, pair, work.now, SAME_PAIR) > 1:
        return
    for person in desks:
        for account in (await reaching.staff(work.desk, work.session, person))[:1]:
            people = [await _described(work, resident, account.locale) for resident in (one, other)]
            look = Button(work.say("merge.compare", account.locale), f"m.twins.{Pair(one, other).data}")
            told = work.say(why, account.locale, one=people[0], other=people[1])
            await reaching.send(work, account, Outgoing(told, buttons=((look,),)))


async def _desks(work: Work, communities: Collection[int]) -> Sequence[int]:
    """Who is at the desk there; where nobody is, the managers."""
    found: set[int] = set()
    for community in communities:
        desk = await whoever(work.session, community, Role.DESK, work.now)
        people = desk or await managers(work.session, community, work.now)
        found |= {person.id for person in people}
    return sorted(found)
