"""People before the desk: what each is being asked just now, and what they do to say something."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from flows import catalogue
from flows.engine import turn as engine
from flows.engine.form import Draft, Flow
from flows.engine.messages import Ask, Heard, Picked, Pressed, Review, Said, Sent, Shared
from handlers.desk import Work, facts_of
from handlers.envelopes import Inbound, Kind, Media
from models import Account, Conversation, Ticket
from tests.world import World


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody is asked: the form as it stands, and the question or the review that is open."""

    flow: type[Flow]
    form: Flow
    asked: Ask | Review


async def asked(w: World, who: str) -> Question | None:
    """What somebody is asked in private; None when nothing is."""
    async with w.database.reading() as session:
        held = await session.scalar(
            select(Conversation).where(Conversation.chat == who, Conversation.draft.is_not(None))
        )
        if held is None or held.draft is None or not held.draft["flow"]:
            return None
        draft = Draft.from_json(held.draft)
        resident = await session.scalar(select(Account.resident_id).where(Account.external_id == who))
        flow = catalogue.all_flows()[draft.flow]
        facts = await facts_of(Work(w.desk, session, w.now), resident, flow, draft.about)
    standing = engine.standing(flow, draft, facts)
    assert standing is not None
    return Question(flow, flow(draft.answers, facts), standing)


def saying(w: World, who: str, heard: Heard) -> Inbound:
    """What somebody does to say this."""
    match heard:
        case Picked(question=name, value=value, revision=revision):
            return w.inbound(who, Kind.TAP, tap=f"a.{revision}.{name}.{value}")
        case Pressed(command=command, revision=revision):
            return w.inbound(who, Kind.TAP, tap=f"c.{revision}.{command.value}")
        case Said(text=text):
            return w.inbound(who, Kind.TEXT, text=text)
        case Sent(album=album):
            return w.inbound(who, Kind.PHOTO, media=Media("photo", album=album))
        case Shared(phone=phone):
            return w.inbound(who, Kind.CONTACT, phone=phone)
    raise AssertionError(heard)


async def ticket_of(w: World, number: int) -> Ticket:
    """A ticket by its id, as it is now."""
    async with w.database.reading() as session:
        return await session.get_one(Ticket, number)
