"""Words wait for somebody who may not be written to: one form a batch tells them so, and to write to us."""

from __future__ import annotations

from sqlalchemy import select

from handlers import letters
from handlers.cards import sheets
from handlers.desk import Work
from handlers.envelopes import WAITING, Outgoing
from handlers.outbox import delivery
from models.account import Account
from models.outbox import Outbox
from models.ticket import Ticket

BECKONED = "beckoned"
"""In the payload of a held row: its reader has been told that something waits."""
MUTED = "muted"


async def beckon(work: Work, row: Outbox, account: Account) -> None:
    """Have a resident told that a row is held for them, unless they know since another one was held.

    Whoever has muted our forms is left alone.
    """
    can = work.desk.can(row.channel)
    if not can.beckons or account.resident_id is None or row.error == MUTED:
        return
    if not await _knows(work, row):
        message = await _form(work, row, account)
        await delivery.beckon(work.session, row, message, now=work.now)
    row.payload = {**row.payload, BECKONED: True}


async def _knows(work: Work, row: Outbox) -> bool:
    held = select(Outbox.payload).where(
        Outbox.channel == row.channel,
        Outbox.bot == row.bot,
        Outbox.chat == row.chat,
        Outbox.state == "held",
        Outbox.id != row.id,
    )
    return any(payload.get(BECKONED) for payload in await work.session.scalars(held))


async def _form(work: Work, row: Outbox, account: Account) -> Outgoing:
    told = work.say(WAITING, account.locale)
    ticket = None if row.ticket_id is None else await work.session.get(Ticket, row.ticket_id)
    if ticket is None:
        return Outgoing(told, notice=WAITING, facts={"text": told})
    shown = await sheets.of(work.session, ticket)
    return Outgoing(told, notice=WAITING, facts=letters.facts(work, shown, account.locale, told))
