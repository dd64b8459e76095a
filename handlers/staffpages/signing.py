"""A colleague signs in at the pages: by a link made for them alone, or by the code an administrator gave."""

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta
from enum import StrEnum

from sqlalchemy import select, update

from handlers import reaching
from handlers.desk import Desk, Work
from handlers.envelopes import Button, Outgoing
from handlers.people import binding
from handlers.roster import called
from handlers.staffpages import links
from handlers.staffpages.links import Pass
from models import people, tally
from models.account import Account
from models.code import Code
from models.staff import Staff
from models.ticket import Ticket

PAGES = "web"
"""The channel and bot of whoever acts at a page."""
TRIES_OF_A_PLACE = 50
"""So many wrong codes from one address lock it; behind a proxy all share one, so it is generous."""
SAME_TAP = timedelta(minutes=10)
"""So long the browser that used a code or link up may use it again: its first answer may have got lost."""
NEW_LINKS, NEW_LINKS_WITHIN = 3, timedelta(hours=1)


class Denied(StrEnum):
    """Why somebody is not let in, or not sent a link."""

    WRONG = "wrong"
    LOCKED = "locked"
    USED = "used"
    EXPIRED = "expired"
    GONE = "gone"
    TOO_OFTEN = "too_often"
    NOWHERE = "nowhere"


async def colleague(work: Work, number: int) -> Staff | None:
    """A staff member, as long as they serve; looked up anew on every request."""
    found = await work.session.get(Staff, number)
    return found if found is not None and found.left_at is None else None


async def enter(work: Work, held: Pass, browser: str) -> Staff | Denied:
    """Use a personal link up. Only the browser that used it may do so again, and not for long."""
    if not held.good(work.now):
        return Denied.EXPIRED
    person = await colleague(work, held.staff or 0)
    if person is None:
        return Denied.GONE
    name, again = f"link:{held.name}", f"link:{held.name}:{browser}"
    lasts = held.until - work.now
    if await tally.count(work.session, name, work.now, lasts) == 1:
        await tally.count(work.session, again, work.now, SAME_TAP)
        return person
    return person if await tally.counted(work.session, again, work.now) else Denied.USED


async def used(work: Work, held: Pass) -> bool:
    """Whether a personal link was used before."""
    return await tally.counted(work.session, f"link:{held.name}", work.now) > 0


async def redeem(work: Work, code: str, browser: str, address: str, locale: str) -> Staff | Denied:
    """Use a staff code up; wrong ones are counted, of a browser and of an address."""
    tries = {f"wrong:{browser}": binding.TRIES, f"wrong:{place(work.desk, address)}": TRIES_OF_A_PLACE}
    for name, most in tries.items():
        if await tally.counted(work.session, name, work.now) >= most:
            return Denied.LOCKED
    number = await _redeemed(work, code, browser)
    person = None if number is None else await colleague(work, number)
    if person is not None:
        account = await seat(work, person, locale)
        await _note(work, code, account)
        return person
    counts = [await tally.count(work.session, name, work.now, binding.LOCKED) for name in tries]
    full = any(count >= most for count, most in zip(counts, tries.values(), strict=True))
    return Denied.LOCKED if full else Denied.WRONG


def place(desk: Desk, address: str) -> str:
    """Where a request came from, as it may be remembered: nobody can read the address back."""
    return hmac.new(desk.key.encode(), address.encode(), hashlib.sha256).hexdigest()[:32]


async def _redeemed(work: Work, code: str, browser: str) -> int | None:
    """Whose code it is, used up now; or again, by the same browser, a moment later."""
    digest = binding.digest(code)
    open_now = (Code.digest == digest) & Code.staff_id.is_not(None) & (Code.expires_at > work.now)
    serving = select(Staff.id).where(Staff.left_at.is_(None))
    took = (
        update(Code)
        .where(open_now, Code.used_at.is_(None), Code.staff_id.in_(serving))
        .values(used_at=work.now)
        .returning(Code.staff_id)
        .execution_options(synchronize_session=False)
    )
    again = f"code:{digest[:32]}:{browser}"
    number = await work.session.scalar(took)
    if number is not None:
        await tally.count(work.session, again, work.now, SAME_TAP)
    elif await tally.counted(work.session, again, work.now):
        number = await work.session.scalar(select(Code.staff_id).where(open_now))
    return number


async def _note(work: Work, code: str, account: Account) -> None:
    """Which account a code was used for."""
    mine = update(Code).where(Code.digest == binding.digest(code), Code.used_by.is_(None))
    await work.session.execute(
        mine.values(used_by=account.id), execution_options={"synchronize_session": False}
    )


async def seat(work: Work, person: Staff, locale: str) -> Account:
    """The account as which a colleague acts at the pages; made when they come for the first time."""
    name = f"staff:{person.id}"
    account = Account(
        channel=PAGES,
        bot=PAGES,
        external_id=name,
        chat=name,
        name=called(person, locale),
        locale=locale,
        staff_id=person.id,
    )
    await people.seat(work.session, account)
    theirs = select(Account).filter_by(channel=PAGES, bot=PAGES, external_id=name)
    return (await work.session.scalars(theirs)).one()


async def send_link(work: Work, held: Pass) -> Denied | None:
    """Send a new personal link to a colleague's own chat; None when it is on its way."""
    person = await colleague(work, held.staff or 0)
    ticket = await work.session.get(Ticket, held.ticket)
    if person is None or (ticket is None and held.ticket != links.NO_TICKET):
        return Denied.GONE
    chats = await reaching.staff(work.desk, work.session, person.id)
    account = next((one for one in chats if one.channel != PAGES), None)
    link = (
        links.home_link(work.desk, person.id, work.now)
        if ticket is None
        else links.personal_link(work.desk, ticket.id, person.id, work.now)
    )
    if account is None or not link:
        return Denied.NOWHERE
    if await tally.count(work.session, f"fresh:{person.id}", work.now, NEW_LINKS_WITHIN) > NEW_LINKS:
        return Denied.TOO_OFTEN
    opens = Button(
        work.say("staff.link.jobs" if ticket is None else "staff.link.open", account.locale),
        "",
        "primary",
        url=link,
    )
    key, number = ("staff.link.fresh_jobs", "") if ticket is None else ("staff.link.fresh", ticket.number)
    await reaching.send(
        work,
        account,
        Outgoing(
            work.say(key, account.locale, number=number),
            number,
            ((opens,),),
            ticket=None if ticket is None else ticket.id,
        ),
    )
    return None
