"""A conversation goes on: the draft takes a turn, and what the turn asks for is done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlalchemy import select, update

from flows import catalogue
from flows.engine import turn as engine
from flows.engine.effects import Act, Deed, Effect, Lead, OpenTicket
from flows.engine.facts import Facts
from flows.engine.form import Draft, Flow
from flows.engine.messages import (
    Ask,
    Command,
    Heard,
    Json,
    Pressed,
    Review,
    Said,
    Say,
    Sent,
    Shared,
    Unfit,
)
from flows.engine.questions import Photos, Text, parts, photos
from flows.engine.turn import Turn
from handlers import acting, filing, reaching, wording
from handlers.cards.lines import clipped
from handlers.desk import Scene, Work, facts, facts_of
from handlers.envelopes import Kind, Outgoing
from handlers.people import deeds
from models.account import Account
from models.attachment import Attachment
from models.base import add_once
from models.conversation import Conversation
from models.ticket import Ticket

KEPT = ""
"""The name of a draft that is no flow yet: words and photos kept while the menu is offered."""


async def listen(scene: Scene, heard: Heard | None = None) -> None:
    """Give what was said to the running draft."""
    draft = scene.draft
    flow = catalogue.all_flows().get(draft.flow) if draft is not None else None
    if draft is None or flow is None:
        scene.remark("engine.stale")
        return
    known = await facts(scene, flow, draft.about)
    if heard is None:
        heard = await hear(scene, flow, draft, known)
    draft, aside = laid_aside(draft)
    if isinstance(heard, Pressed) and heard.command is Command.CANCEL:
        await _taken(scene, engine.advance(flow, draft, heard, known))
        scene.draft = _kept_all(aside, scene.revision)
        return
    draft, refused = engine.recall(flow, draft, aside, known)
    await _taken(scene, engine.advance(flow, draft, heard, known), *refused)


async def answers(scene: Scene) -> bool:
    """Whether words name an option or a command of the running draft."""
    return _names(scene, await _standing(scene))


async def takes(scene: Scene) -> bool:
    """Whether words are an answer, or are asked for."""
    asked = await _standing(scene)
    return _names(scene, asked) or (isinstance(asked, Ask) and asked.wants_words)


def _names(scene: Scene, asked: Ask | Review | None) -> bool:
    said = Said(scene.inbound.text, scene.inbound.ref)
    return wording.understand(said, asked, scene.work.desk.texts) is not said


async def _standing(scene: Scene) -> Ask | Review | None:
    """What the running draft asks just now."""
    draft = scene.draft
    flow = catalogue.all_flows().get(draft.flow) if draft is not None else None
    if draft is None or flow is None:
        return None
    return engine.standing(flow, draft, await facts(scene, flow, draft.about))


async def hear(scene: Scene, flow: type[Flow], draft: Draft, known: Facts) -> Heard:
    """What an inbound message means to a draft; a photo is put on record first."""
    heard = await plainly(scene)
    if isinstance(heard, Said):
        return wording.understand(heard, engine.standing(flow, draft, known), scene.work.desk.texts)
    return heard


async def plainly(scene: Scene) -> Heard:
    """What an inbound message is, whatever it answers."""
    inbound = scene.inbound
    match inbound.kind:
        case Kind.PHOTO:
            album = inbound.media.album if inbound.media else ""
            return Sent(await put_on_record(scene), album, inbound.text, inbound.ref)
        case Kind.CONTACT if inbound.phone:
            number = wording.phone(inbound.phone)
            return Shared(number, proven=True) if number else Unfit("contact")
        case Kind.TEXT:
            return Said(inbound.text, inbound.ref)
        case Kind.FILE | Kind.LOCATION | Kind.CONTACT:
            return Unfit(inbound.kind.value, inbound.text, inbound.ref)
    known = scene.work.desk.texts.has(f"unfit.{inbound.strange}", scene.locale)
    return Unfit(inbound.strange if known else "other", inbound.text, inbound.ref)


async def put_on_record(scene: Scene) -> int:
    """Keep where a photo can be fetched from; the clock fetches it."""
    inbound, media = scene.inbound, scene.inbound.media
    attachment = Attachment(
        account_id=scene.standing.account,
        channel=inbound.channel,
        bot=inbound.bot,
        source=media.source if media else "",
        kind=media.kind if media else "photo",
        mime=media.mime if media else None,
        size=media.size if media else None,
        caption=inbound.text,
        next_at=scene.work.now,
        created_at=scene.work.now,
    )
    scene.session.add(attachment)
    await scene.session.flush()
    return attachment.id


async def begin(
    scene: Scene,
    flow: type[Flow],
    *,
    first: Sequence[Heard] = (),
    about: Mapping[str, Json] | None = None,
) -> None:
    """Start a flow in this chat, with what was already said."""
    known = await facts(scene, flow, about or {})
    turn = engine.begin(flow, known, revision=scene.revision, about=about, first=first)
    await _taken(scene, turn)
    if first and len(turn.messages) == 1 and scene.replies:
        scene.replies[-1] = _noted(scene, first, scene.replies[-1])


def _noted(scene: Scene, first: Sequence[Heard], question: Outgoing) -> Outgoing:
    """The first question below what was taken down already, in one message."""
    story = " ".join(filter(None, (one.text if isinstance(one, Said) else _caption(one) for one in first)))
    noted = [scene.text("engine.noted", story=clipped(story, 60))] if story else []
    if any(isinstance(one, Sent) for one in first):
        noted.append(scene.text("engine.photo_kept"))
    return replace(question, text="\n".join((*noted, question.text)))


def _caption(heard: Heard) -> str:
    return heard.caption if isinstance(heard, Sent | Unfit) else ""


async def _taken(scene: Scene, turn: Turn, *first: Say) -> None:
    """Put a turn into effect: the draft, the replies, the deeds."""
    before, scene.draft = scene.draft, turn.draft
    if turn.draft is not None:
        scene.revision = max(scene.revision, turn.draft.revision)
    texts, can = scene.work.desk.texts, scene.can
    if turn.hint is not None:
        scene.hint = texts.say(turn.hint, scene.locale)
    for message in (*first, *turn.messages):
        shown = wording.put(message, texts, scene.locale, can)
        tapped = scene.inbound.tapped if turn.in_place and can.edits else ""
        scene.replies.append(replace(shown, replace=tapped) if tapped else shown)
    for effect in turn.effects:
        await _done(scene, effect, before)
    if turn.draft is None and not turn.effects and not turn.messages:
        scene.reply("engine.left")


async def _done(scene: Scene, effect: Effect, before: Draft | None) -> None:
    match effect:
        case OpenTicket():
            await filing.send_off(scene, effect, before)
        case Act():
            await _act(scene, effect)
        case Deed():
            await deeds.do(scene, effect)
        case Lead(kind, described):
            last = (Said(text, ref) for ref, text in described)
            await begin(scene, catalogue.services()[kind].start, first=(*_story(before), *last))


def _story(draft: Draft | None) -> tuple[Heard, ...]:
    """What was said and sent in a draft, to be said again to another flow."""
    flow = None if draft is None else catalogue.all_flows().get(draft.flow)
    if draft is None or flow is None:
        return ()
    texts = [draft.answers.get(one.name) for one in flow.questions if isinstance(one, Text) and one.catches]
    sent = [draft.answers.get(one.name) for one in flow.questions if isinstance(one, Photos)]
    return (
        *(Said(text, ref) for one in texts for ref, text in parts(one)),
        *(Sent(photo.file, photo.album) for one in sent for photo in photos(one)),
    )


async def _act(scene: Scene, effect: Act) -> None:
    """Carry out an action whose questions are answered, if it is still possible."""
    ticket = await scene.session.get(Ticket, effect.ticket)
    if ticket is None:
        scene.reply("refused.unknown")
        return
    written = scene.source(scene.inbound.ref) if scene.inbound.kind is Kind.TEXT else None
    await acting.act(scene, ticket, effect.action, effect.values, effect.photos, written)


async def begin_elsewhere(
    scene: Scene, account: Account, flow: type[Flow], about: Mapping[str, Json]
) -> None:
    """Start a flow in somebody's private chat: what an action needs is never asked in a group."""
    work = scene.work
    place = {"channel": account.channel, "bot": account.bot, "chat": account.chat, "account_id": account.id}
    held = await private_conversation(work, place)
    known = await facts_of(work, account.resident_id, flow, about)
    turn = engine.begin(flow, known, revision=held.revision, about=about)
    revision = turn.draft.revision if turn.draft else held.revision
    await work.session.execute(
        update(Conversation)
        .where(Conversation.id == held.id)
        .values(draft=turn.draft.to_json() if turn.draft else None, revision=revision, touched_at=work.now)
    )
    can = work.desk.can(account.channel)
    for message in turn.messages:
        await reaching.send(work, account, wording.put(message, work.desk.texts, account.locale, can))


async def private_conversation(work: Work, place: Mapping[str, object]) -> Conversation:
    """Somebody's private conversation, locked; made if they never wrote."""
    query = select(Conversation).filter_by(**place).with_for_update()
    held = await work.session.scalar(query)
    if held is None:
        await add_once(work.session, Conversation, *place, **place, revision=0, touched_at=work.now)
        held = (await work.session.scalars(query)).one()
    return held


def keep(draft: Draft | None, heard: Heard, revision: int) -> Draft | None:
    """Words or a photo that lead nowhere yet, kept until the menu is answered."""
    had = dict(draft.answers) if draft is not None and draft.flow == KEPT else {}
    said, sent = had.get("said"), had.get("sent")
    if isinstance(heard, Sent):
        photo: dict[str, Json] = {
            "file": heard.file,
            "album": heard.album,
            "caption": heard.caption,
            "ref": heard.ref,
        }
        had["sent"] = [*(sent if isinstance(sent, list) else []), photo]
    elif isinstance(heard, Said | Unfit):
        text = heard.text if isinstance(heard, Said) else heard.caption
        if not text:
            return draft
        had["said"] = [*(said if isinstance(said, list) else []), [heard.ref, text]]
    else:
        return draft
    return Draft(KEPT, had, revision)


ASIDE = "~aside"
"""Under this name a draft keeps what was said until it is clear whether it belongs to it."""


def set_aside(draft: Draft, heard: Heard) -> Draft:
    """The draft with words or a photo beside it."""
    had = draft.answers.get(ASIDE)
    kept = keep(Draft(KEPT, had if isinstance(had, dict) else {}, 0), heard, 0)
    return draft if kept is None else draft.with_answer(ASIDE, dict(kept.answers))


def laid_aside(draft: Draft) -> tuple[Draft, tuple[Heard, ...]]:
    """The draft without what lay beside it, and that."""
    had = draft.answers.get(ASIDE)
    if not isinstance(had, dict):
        return draft, ()
    rest = {name: answer for name, answer in draft.answers.items() if name != ASIDE}
    return replace(draft, answers=rest), unkept(Draft(KEPT, had, 0))


def _kept_all(heard: Sequence[Heard], revision: int) -> Draft | None:
    draft: Draft | None = None
    for one in heard:
        draft = keep(draft, one, revision)
    return draft


def unkept(draft: Draft | None) -> tuple[Heard, ...]:
    """What was kept, to be said again to the flow that was chosen."""
    if draft is None or draft.flow != KEPT:
        return ()
    said, sent = draft.answers.get("said"), draft.answers.get("sent")
    words = (
        [Said(str(one[1]), str(one[0])) for one in said if isinstance(one, list)]
        if isinstance(said, list)
        else []
    )
    photos = [
        Sent(file, str(one.get("album", "")), str(one.get("caption", "")), str(one.get("ref", "")))
        for one in (sent if isinstance(sent, list) else [])
        if isinstance(one, dict) and isinstance(file := one.get("file"), int)
    ]
    return (*words, *photos)
