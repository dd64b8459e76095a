"""Where the answer travels in the response to a message: one message, and what was waiting comes along."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy import select, update

from handlers import arrival, offering, tickets
from handlers.desk import Scene, Work
from handlers.envelopes import Inbound, Kind, Outgoing, Receipt
from handlers.outbox import delivery
from handlers.outbox.gathering import fits, gathered, parted
from handlers.outbox.outcomes import HEARD
from models.conversation import Inbox
from models.outbox import Outbox

KEPT = timedelta(days=1)
BEHIND = timedelta(seconds=1)
"""What goes on by itself must not arrive before the response that it belongs to."""
AT_ONCE = timedelta(seconds=8)
"""Photos that come so soon after each other were chosen together; WeChat does not say so."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """What the outbox holds for the person who has just written; of what is in `begun` a part has gone."""

    rows: Sequence[Outbox] = ()
    begun: Sequence[Outbox] = ()

    @property
    def held(self) -> bool:
        """Whether anything could not be told them until now."""
        return any(row.state == "held" for row in (*self.rows, *self.begun))

    @property
    def messages(self) -> list[Outgoing]:
        return [Outgoing.from_json(row.payload["message"]) for row in self.rows]


async def waiting(scene: Scene) -> Waiting:
    """What waits for this person, locked; not what is under way."""
    inbound, now = scene.inbound, scene.work.now
    if not scene.standing.backlog:
        return Waiting()
    await _heard_meanwhile(scene)
    query = (
        select(Outbox)
        .where(Outbox.channel == inbound.channel, Outbox.bot == inbound.bot, Outbox.chat == inbound.chat)
        .where(Outbox.state.in_(("pending", "held")), Outbox.kind == "message")
        .where((Outbox.not_before <= now) | (Outbox.attempts > 0))
        .where(Outbox.expires_at.is_(None) | (Outbox.expires_at > now))
        .order_by(Outbox.lane, Outbox.id)
        .with_for_update(skip_locked=True)
    )
    rows = (await scene.session.scalars(query)).all()
    begun = [row for row in rows if row.payload.get("done")]
    return Waiting([row for row in rows if row not in begun], begun)


async def _heard_meanwhile(scene: Scene) -> None:
    """What is under way may be refused because its person had not written when it left: now they have."""
    here = {"channel": scene.inbound.channel, "bot": scene.inbound.bot, "chat": scene.inbound.chat}
    under_way = select(Outbox.id).filter_by(**here, state="sending").with_for_update(skip_locked=True)
    heard = update(Outbox).where(Outbox.id.in_(under_way)).values(error=HEARD)
    await delivery.changed(scene.session, heard)
    beckons = select(Outbox.id).filter_by(**here, state="pending", kind=delivery.BECKON)
    needless = update(Outbox).where(Outbox.id.in_(beckons.with_for_update(skip_locked=True)))
    await delivery.changed(scene.session, needless.values(state="expired", error=HEARD))


async def one(scene: Scene) -> None:
    """Make one message of all there is to say: first what waited, if there is room, then the replies.

    What waited and has no room leaves by itself now that its person is there again.
    """
    held = await waiting(scene)
    said = [*scene.replies, *([Outgoing(scene.hint)] if scene.hint else [])]
    scene.hint = ""
    _let_go(scene.work, [row for row in held.begun if row.state == "held"])
    if held.held and scene.standing.resident is not None:
        await tickets.reachable(scene.work, scene.standing.resident)
    scene.replies[:] = [*held.messages, *said]
    offered = scene.offered
    offering.put_in_words(scene)
    together = gathered(scene.replies) if scene.replies else None
    if held.rows and together is not None and (together.pictures or not fits(together, scene.can)):
        scene.replies[:], scene.offered = said, offered
        offering.put_in_words(scene)
        _let_go(scene.work, held.rows)
    else:
        await _taken_along(scene.work, held.rows)


async def _taken_along(work: Work, rows: Sequence[Outbox]) -> None:
    for row in rows:
        row.state, row.sent_at, row.message, row.error = "sent", work.now, "passive", None
        await arrival.settled(work, row)


def _let_go(work: Work, rows: Sequence[Outbox]) -> None:
    for row in rows:
        work.session.info[delivery.POSTED] = True
        row.state, row.not_before = "pending", work.now


async def settled(scene: Scene) -> tuple[Outgoing, ...]:
    """The one message that goes at once; pictures, and words that are too many, go by way of the outbox."""
    if not scene.replies or await _said_already(scene):
        return ()
    whole = gathered(scene.replies)
    head, rest = parted(replace(whole, pictures=()), scene.can)
    if rest is not None:
        await _post(scene.work, scene.inbound, rest, BEHIND)
    if whole.pictures:
        await _post(scene.work, scene.inbound, Outgoing("", pictures=whole.pictures), BEHIND)
    return (head,) if head.text or head.title else ()


async def _said_already(scene: Scene) -> bool:
    """Whether this is one more photo of several sent at once: the first has had the same answer."""
    if scene.inbound.kind is not Kind.PHOTO or len(scene.replies) > 1:
        return False
    before = (
        select(Inbox.receipt)
        .where(Inbox.conversation_id == scene.standing.id, Inbox.received_at > scene.work.now - AT_ONCE)
        .order_by(Inbox.id.desc())
    )
    receipts = [Receipt.from_json(one) for one in await scene.session.scalars(before.limit(20))]
    spoken = next((receipt for receipt in receipts if receipt.replies), None)
    return spoken is not None and [one.text for one in spoken.replies] == [one.text for one in scene.replies]


async def late(work: Work, inbound: Inbound, replies: Sequence[Outgoing]) -> None:
    """The response has gone without them: the replies follow by way of the outbox."""
    for reply in replies:
        await _post(work, inbound, reply)


async def missed(work: Work, inbound: Inbound, receipt: Receipt) -> None:
    """The same for a reply that was stored to be given at once; a repeat of the message will not give it."""
    stored = await work.session.scalar(
        select(Inbox).filter_by(channel=inbound.channel, bot=inbound.bot, key=inbound.key).with_for_update()
    )
    if stored is None or stored.receipt.get("queued"):
        return
    stored.receipt = replace(receipt, queued=True).to_json()
    await late(work, inbound, receipt.replies)


async def _post(work: Work, inbound: Inbound, message: Outgoing, wait: timedelta = timedelta(0)) -> None:
    await delivery.post(
        work.session,
        channel=inbound.channel,
        bot=inbound.bot,
        chat=inbound.chat,
        message=replace(message, replace=""),
        now=work.now,
        ticket=message.ticket,
        not_before=work.now + wait,
        expires_at=work.now + KEPT,
    )
