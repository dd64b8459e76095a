"""Words and photos are carried over: a colleague's to the resident, the resident's into the group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import select

from flows.engine.lifecycle import Action, Audience, Lifecycle, Role
from flows.engine.messages import Phrase
from flows.ticket import Speech
from handlers import arrival, clocks, letters, notices, reaching
from handlers.arrival import Arrival
from handlers.cards import calling, masks, posting, sheets, stories
from handlers.cards.buttons import ticket_data
from handlers.cards.lines import TEXT_SHOWN
from handlers.cards.sheets import Sheet, staff_locale
from handlers.desk import Work
from handlers.envelopes import Button, Outgoing, Picture
from handlers.roster import addresses
from handlers.saying import said
from handlers.wording import rows
from models.account import Account
from models.attachment import Attachment
from models.outbox import Outbox
from models.ticket import TicketEvent


def speaks(table: Lifecycle, action: Action) -> bool:
    """Whether by this action a colleague says something to the resident in their own words."""
    asked = action.asks is not None and issubclass(action.asks, Speech)
    return Audience.RESIDENT in action.tells and (asked or action.name == table.reply)


def answers(table: Lifecycle, action: Action) -> bool:
    """Whether by this action the resident says something that everybody in the group is to read."""
    return table.talk and action.by == {Role.RESIDENT} and action.name in ("add", "nod")


async def to_resident(work: Work, shown: Sheet, action: Action, photos: Sequence[int]) -> bool:
    """Carry what a colleague has just said to the resident; False when nobody can be reached."""
    event = _newest(shown, action.name)
    account = await reaching.account_of(work, shown.ticket)
    if account is None:
        why = str(shown.ticket.details.get("unreachable", "nobody"))
        arrival.note(event, Arrival.FAILED, why)
        await arrival.lost(work, shown, event, why)
        return "unreachable" in shown.ticket.details
    arrival.note(event, Arrival.WAITING)
    words = _letter(work, shown, event, account.locale)
    message = replace(words, pictures=await _pictures(work, photos))
    await notices.private(work, account, message, shown.ticket, (event.id,))
    return True


async def to_group(work: Work, shown: Sheet, action: Action, photos: Sequence[int]) -> None:
    """Post what the resident has just said into the ticket's groups, as a message that can be answered."""
    event = _newest(shown, action.name)
    message = replace(_post(work, shown, event), pictures=await _pictures(work, photos))
    await _posted(work, shown, message, (event.id,))


async def opened(work: Work, shown: Sheet, photos: Sequence[int]) -> None:
    """The photos that a talk begins with, and words too long for its card, follow the card."""
    story = str(shown.ticket.details.get(shown.table.story, ""))
    long = story if len(story) > TEXT_SHOWN else ""
    if shown.table.talk and (long or photos):
        message = replace(_said_by_resident(work, shown, long, len(photos)), buttons=())
        await _posted(work, shown, replace(message, pictures=await _pictures(work, photos)), ())


async def more(work: Work, shown: Sheet, event: TicketEvent, photo: int) -> None:
    """One more photo of an album whose first one was carried already."""
    (picture,) = await _pictures(work, (photo,))
    for row in _newest_of(event, await _rows(work, event)):
        if (waiting := await _still_here(work, row)) is not None:
            message = Outgoing.from_json(waiting.payload["message"])
            _rewrite(waiting, replace(message, pictures=(*message.pictures, picture)))
        else:
            await _again(work, shown, event, row, Outgoing("", pictures=(picture,), ticket=shown.ticket.id))


async def corrected(work: Work, shown: Sheet, event: TicketEvent) -> bool:
    """What was carried already changes with its original, or the new words follow; whether anything was."""
    carriers = _newest_of(event, [row for row in await _rows(work, event) if _has_words(row)])
    for row in carriers:
        before = Outgoing.from_json(row.payload["message"])
        words = await _words(work, shown, event, row)
        if (waiting := await _still_here(work, row)) is not None:
            _rewrite(waiting, replace(words, pictures=before.pictures, replace=before.replace))
            continue
        if _editable(work, row):
            message = replace(words, pictures=before.pictures, replace=str(row.message))
        else:
            locale = await _locale(work, shown, row)
            message = replace(words, text=work.say("relay.corrected", locale, words=words.text))
        await _again(work, shown, event, row, message)
    return bool(carriers)


async def retold(work: Work, shown: Sheet) -> None:
    """The words that a talk began with have changed, and are too long to be read on its card."""
    story = str(shown.ticket.details.get(shown.table.story, ""))
    if shown.table.talk and len(story) > TEXT_SHOWN:
        message = _said_by_resident(work, shown, story, 0)
        text = work.say("relay.corrected", staff_locale(shown.community), words=message.text)
        await _posted(work, shown, replace(message, text=text, buttons=()), ())


def _newest(shown: Sheet, name: str) -> TicketEvent:
    return next(event for event in reversed(shown.events) if event.action == name)


def _letter(work: Work, shown: Sheet, event: TicketEvent, locale: str) -> Outgoing:
    """A colleague's words as the resident reads them; only in full, so never as a channel's form."""
    kind, action = shown.ticket.kind, shown.table.named[event.action]
    values: dict[str, object] = {
        "staff": stories.actor(event, locale),
        "note": event.note,
        "n": event.data.get("photos", 0),
        "reason": "",
        "work": "",
        "until": None,
        "by": clocks.promised(work, shown.ticket, shown.community),
        "code": "",
        "said": said(event.data, shown.local),
        "details": said(shown.ticket.details, shown.local),
    }
    offered = tuple((f"{kind}.action.{name}", name) for name in action.offers)
    buttons = offered or (("tickets.open", "show"),)
    words = letters.for_resident(work, shown, locale, f"{kind}.told.{event.action}", buttons, values)
    return replace(words, notice="", facts={})


def _post(work: Work, shown: Sheet, event: TicketEvent) -> Outgoing:
    return _said_by_resident(work, shown, event.note, event.data.get("photos", 0))


def _said_by_resident(work: Work, shown: Sheet, words: str, photos: int) -> Outgoing:
    """The resident's words as the group reads them: without a name, where that is a secret."""
    locale, ticket, reply = staff_locale(shown.community), shown.ticket, shown.table.reply
    who = "" if shown.secret else masks.person(shown, private=False)
    text = work.say("relay.resident", locale, who=who, words=words, n=photos)
    answer = Button(
        work.say(f"{ticket.kind}.action.{reply}", locale), ticket_data(ticket.id, reply), "primary"
    )
    return Outgoing(
        text=shown.for_all(text),
        title=_title(work, shown, locale),
        buttons=rows([answer]) if reply else (),
        ticket=ticket.id,
    )


def _title(work: Work, shown: Sheet, locale: str) -> str:
    """Which ticket it is, without a state that would soon be the last one."""
    kind = shown.ticket.kind
    icon, name = Phrase(f"{kind}.icon"), Phrase(f"{kind}.title")
    return work.say("relay.title", locale, icon=icon, kind=name, number=shown.ticket.number)


async def _posted(work: Work, shown: Sheet, message: Outgoing, events: Sequence[int]) -> None:
    groups = await posting.groups_for(work, shown)
    _, called = await calling.whom(work.session, shown, work.now)
    for one in groups:
        bells = await addresses(work.session, called, one.channel, one.bot)
        await posting.below(work, shown, one, replace(message, mention=bells), events)
    if not groups:
        await notices.audience(work, shown, Audience.ASSISTANT, "relay.no_group", words=message.text)


async def _pictures(work: Work, photos: Sequence[int]) -> tuple[Picture, ...]:
    found = await work.session.scalars(
        select(Attachment).where(Attachment.id.in_(photos)).order_by(Attachment.id)
    )
    return sheets.pictures(found.all())


# --- what was carried before


async def _rows(work: Work, event: TicketEvent) -> Sequence[Outbox]:
    """All that has been sent on with these words, oldest first."""
    query = select(Outbox).where(Outbox.event_id == event.id).order_by(Outbox.id)
    return (await work.session.scalars(query.execution_options(populate_existing=True))).all()


def _newest_of(event: TicketEvent, found: Sequence[Outbox]) -> Sequence[Outbox]:
    """The newest row at each place that the words went to; of the resident's places only the last one."""
    if event.staff_id is not None:
        left = [row for row in found if row.state != "joined"] or found
        return left[-1:]
    return list({(row.channel, row.bot, row.chat): row for row in found}.values())


def _has_words(row: Outbox) -> bool:
    return bool(Outgoing.from_json(row.payload["message"]).text)


async def _still_here(work: Work, row: Outbox) -> Outbox | None:
    """The row, locked, if none of it has left yet."""
    query = select(Outbox).where(Outbox.id == row.id, Outbox.state.in_(("pending", "held")))
    locked = query.with_for_update(skip_locked=True).execution_options(populate_existing=True)
    found = await work.session.scalar(locked)
    alone = found is not None and not found.payload.get("done") and not found.payload.get("events")
    return found if alone else None


def _rewrite(row: Outbox, message: Outgoing) -> None:
    row.payload = {**row.payload, "message": message.to_json()}


def _editable(work: Work, row: Outbox) -> bool:
    """Whether all of it is one message of a channel that lets us change it."""
    alone = not row.payload.get("done") and not row.payload.get("events")
    named = bool(row.message) and row.message != "passive"
    return row.state == "sent" and named and alone and work.desk.can(row.channel).edits


async def _words(work: Work, shown: Sheet, event: TicketEvent, row: Outbox) -> Outgoing:
    if event.staff_id is None:
        return _post(work, shown, event)
    return _letter(work, shown, event, await _locale(work, shown, row))


async def _locale(work: Work, shown: Sheet, row: Outbox) -> str:
    account = await work.session.get(Account, row.account_id) if row.account_id else None
    return staff_locale(shown.community) if account is None else account.locale


async def _again(work: Work, shown: Sheet, event: TicketEvent, row: Outbox, message: Outgoing) -> None:
    """Send something after what was carried, to the same place; to a resident wherever they are now."""
    if event.staff_id is None:
        await posting.below(work, shown, row, message, (event.id,))
        return
    account = await work.session.get(Account, row.account_id) if row.account_id else None
    if account is None or not account.reachable:
        account, message = await reaching.account_of(work, shown.ticket), replace(message, replace="")
    if account is None:
        await arrival.lost(work, shown, event, str(shown.ticket.details.get("unreachable", "nobody")))
        return
    arrival.note(event, Arrival.WAITING)
    await notices.private(work, account, message, shown.ticket, (event.id,))
