"""A pass for the gate is given out, taken back, or used up: a short code, and the same as a picture."""

from __future__ import annotations

import re
import secrets
import unicodedata
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from flows.engine.effects import EndPasses, IssuePass
from handlers.desk import Work
from handlers.envelopes import Picture
from models import gatepass
from models.attachment import QR, Attachment
from models.community import Community
from models.gatepass import GatePass
from models.ticket import Ticket, TicketEvent

ALPHABET = "ACDEFGHJKMNPQRTUVWXY34679"
"""No two of these are taken for each other, whether they are read aloud or off a muddy windscreen."""
LENGTH = 6
MOST_PICTURES = 9
"""As many as fit into one message everywhere."""
SIGN = "WUBU"
"""The first word in our QR codes."""
_CODE = re.compile(rf"([{ALPHABET}]{{3}})[\s-]?([{ALPHABET}]{{3}})")
_PICTURE = re.compile(rf"{SIGN}\s+(\S{{1,16}})\s+([{ALPHABET}]{{{LENGTH}}})")
_ASKED = re.compile(r"^(?:/?CHECK|放行|查验|核验|查)[\s:]*")


@dataclass(frozen=True, slots=True)
class Token:
    """A pass as somebody shows it: its code and, in a picture, the short code of its community."""

    code: str
    place: str = ""


async def issue(work: Work, ticket: Ticket, effect: IssuePass) -> GatePass:
    """Give a ticket a pass with a code that its community has never used before, or prolong the same one."""
    held = await _same(work, ticket, effect)
    if held is not None:
        held.since, held.until = effect.since, effect.until
        await work.session.flush()
        return held
    community = await work.session.get_one(Community, ticket.community_id)
    code = await _unused(work.session, community.id)
    made = GatePass(
        community_id=community.id,
        ticket_id=ticket.id,
        kind=effect.kind,
        label=effect.label[:200],
        code=code,
        since=effect.since,
        until=effect.until,
        picture_id=await _drawing(work, f"{SIGN} {community.code} {code}"),
        created_at=work.now,
    )
    work.session.add(made)
    await work.session.flush()
    return made


async def _same(work: Work, ticket: Ticket, effect: IssuePass) -> GatePass | None:
    """The ticket's pass of this kind for the same bearer, if it is still good for something."""
    living = await gatepass.living(work.session, ticket.id)
    return next((one for one in living if (one.kind, one.label) == (effect.kind, effect.label)), None)


async def end(work: Work, ticket: Ticket, effect: EndPasses) -> None:
    """Take a ticket's passes back, or write down that whoever moved the ticket just now let them through."""
    if not effect.used:
        await gatepass.end(work.session, ticket.id, work.now)
        return
    last = select(TicketEvent.staff_id).where(TicketEvent.ticket_id == ticket.id)
    staff = await work.session.scalar(last.order_by(TicketEvent.id.desc()).limit(1))
    await gatepass.use(work.session, ticket.id, work.now, staff)


async def newest(session: AsyncSession, ticket: int) -> GatePass | None:
    """The pass that a ticket got last."""
    return await gatepass.newest(session, ticket)


async def pictures(work: Work, ticket: Ticket, *, anew: bool) -> tuple[Picture, ...]:
    """A ticket's passes as pictures that can be scanned, or those only that it got `anew` in this moment."""
    held = await gatepass.living(work.session, ticket.id)
    good = [one for one in held if one.until > work.now and (not anew or one.created_at == work.now)]
    return tuple(picture(one) for one in good[:MOST_PICTURES])


def picture(found: GatePass) -> Picture:
    """The pass as a picture that can be scanned, for a message; it is drawn when it is sent."""
    return Picture(found.picture_id)


def shown(text: str) -> Token | None:
    """The pass in a text, as it was typed or read from a picture; None when there is none."""
    said = unicodedata.normalize("NFKC", text).upper().strip()
    pictured = _PICTURE.search(said)
    if pictured is not None:
        return Token(pictured[2], pictured[1])
    typed = _CODE.fullmatch(_ASKED.sub("", said))
    code = "" if typed is None else typed[1] + typed[2]
    return Token(code) if _is_mixed(code) else None


async def _unused(session: AsyncSession, community: int) -> str:
    while True:
        code = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
        if _is_mixed(code) and await gatepass.by_code(session, code, [community]) is None:
            return code


def _is_mixed(code: str) -> bool:
    """Whether it can hardly be a word or a number: it has letters and digits."""
    return any(char.isdecimal() for char in code) and any(char.isalpha() for char in code)


async def _drawing(work: Work, text: str) -> int:
    """A picture that is still to be drawn, of this text."""
    drawing = Attachment(
        channel=QR, bot="", source=text, kind=QR, by="bot", next_at=work.now, created_at=work.now
    )
    work.session.add(drawing)
    await work.session.flush()
    return drawing.id
