"""A message arrived: it is handled once, in one transaction, and its reply is kept with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from flows.engine.form import Draft
from handlers import dialogue, edits, groups, offering, passive, relaying, replying, returning, tapping
from handlers.desk import Desk, Scene, Work
from handlers.envelopes import Inbound, Kind, Receipt
from handlers.menu import beginning, entering, entries, welcoming
from handlers.outbox import delivery
from handlers.people import binding, leaving, reconfirming
from handlers.routing import (
    NEWS,
    Route,
    ToCommand,
    ToDraft,
    ToEdit,
    ToMenu,
    ToNews,
    ToNobody,
    ToReply,
    ToService,
    ToTicket,
    ToWelcome,
    route,
)
from handlers.wording import plain, spoken
from models.account import Account
from models.base import add_once
from models.conversation import Conversation
from models.database import is_clash
from models.hearing import Standing, find, keep

REPEATS = 3


async def receive(desk: Desk, inbound: Inbound, *, late: Callable[[], bool] = lambda: False) -> Receipt:
    """Handle a message and commit; the same message again gets the same receipt and does nothing.

    Where the reply travels in a response, `late` is asked at the end whether nobody waits for it any more:
    then it is queued.
    """
    if _nobodys(desk, inbound):
        return Receipt()
    for left in reversed(range(REPEATS)):
        try:
            async with desk.database.transaction() as session:
                receipt = await _heard(Work(desk, session, desk.now()), inbound, late)
                return replace(receipt, posted=delivery.posted(session))
        except DBAPIError as error:
            if not left or not is_clash(error):
                raise
    raise AssertionError("unreachable")


async def again(work: Work, inbound: Inbound) -> None:
    """Handle what was kept for later, in the caller's transaction; nobody waits for the reply any more."""
    receipt = await _heard(work, inbound, lambda: True)
    if not receipt.queued and not receipt.repeated:
        await passive.late(work, inbound, receipt.replies)


def _nobodys(desk: Desk, inbound: Inbound) -> bool:
    """Talk among people in a group leaves no trace."""
    return (
        inbound.group
        and isinstance(route(inbound, running=None, texts=desk.texts), ToNobody)
        and not inbound.tap
    )


async def _heard(work: Work, inbound: Inbound, late: Callable[[], bool]) -> Receipt:
    standing = await _standing(work, inbound)
    if standing is None:
        return Receipt()
    if standing.seen:
        return Receipt.from_json(standing.receipt or {})
    draft = Draft.from_json(standing.draft) if standing.draft else None
    scene = Scene(work, inbound, standing, draft, standing.offered, revision=standing.revision)
    running = None if draft is None else draft.flow
    tap = await offering.chosen(scene)
    meant = replace(inbound, kind=Kind.TAP, tap=tap) if tap else inbound
    await _dispatch(scene, route(meant, running=running, texts=work.desk.texts))
    if inbound.kind not in NEWS and not inbound.group:
        await reconfirming.at_contact(scene)
    if scene.can.passive and inbound.kind not in NEWS:
        await passive.one(scene)
    else:
        offering.put_in_words(scene)
    return await _kept(scene, late=late())


async def _standing(work: Work, inbound: Inbound) -> Standing | None:
    """How things stand; None for somebody who leaves and was never here, or is gone already."""
    standing = await _found(work, inbound)
    if standing is None and inbound.kind is Kind.LEFT:
        return None
    if standing is None:
        await _meet(work, inbound)
        standing = await _found(work, inbound)
    assert standing is not None
    return standing


async def _found(work: Work, inbound: Inbound) -> Standing | None:
    return await find(
        work.session,
        channel=inbound.channel,
        bot=inbound.bot,
        chat=inbound.chat,
        account=inbound.account,
        key=inbound.key,
        now=work.now,
    )


async def _meet(work: Work, inbound: Inbound) -> None:
    """The first word of an account, or its first in this chat."""
    texts = work.desk.texts
    await add_once(
        work.session,
        Account,
        "channel",
        "bot",
        "external_id",
        channel=inbound.channel,
        bot=inbound.bot,
        external_id=inbound.account,
        chat=inbound.account if inbound.group else inbound.chat,
        name=inbound.name[:200],
        locale=locale_of(inbound.language, texts.locales),
        reachable=not inbound.group,
        wrong_codes=0,
        last_heard_at=work.now,
    )
    account = await work.session.scalar(
        select(Account.id).filter_by(channel=inbound.channel, bot=inbound.bot, external_id=inbound.account)
    )
    await add_once(
        work.session,
        Conversation,
        "channel",
        "bot",
        "chat",
        "account_id",
        channel=inbound.channel,
        bot=inbound.bot,
        chat=inbound.chat,
        account_id=account,
        revision=0,
        touched_at=work.now,
    )


def locale_of(language: str, known: tuple[str, ...]) -> str:
    """The locale for a language tag such as `zh-hant-tw` or `en-GB`; Chinese where nothing is said."""
    wanted = language.replace("-", "_").lower()
    for locale in known:
        if wanted and locale.lower() == wanted:
            return locale
    tongue, *parts = wanted.split("_")
    if tongue == "zh":
        traditional = "hans" not in parts and not _TRADITIONAL.isdisjoint(parts)
        return "zh_TW" if traditional and "zh_TW" in known else "zh_CN"
    same = next((locale for locale in known if locale.lower().partition("_")[0] == tongue), None)
    return same or ("en" if wanted and "en" in known else "zh_CN")


_TRADITIONAL = frozenset({"hant", "tw", "hk", "mo"})
"""Where Chinese is written in its traditional characters (BCP 47 subtags)."""


async def _dispatch(scene: Scene, to: Route) -> None:
    inbound, standing = scene.inbound, scene.standing
    if not standing.reachable and not inbound.group and inbound.kind not in (Kind.BLOCKED, Kind.LEFT):
        await groups.reachable(scene, yes=True)
    match to:
        case ToDraft(aside=entry) if entry and not await dialogue.answers(scene):
            await entries.entry(scene, entry)
        case ToDraft(service=kind) if kind and not await dialogue.takes(scene):
            await beginning.service(scene, kind)
        case ToDraft(None) if inbound.kind is Kind.TEXT and await binding.opens(scene, inbound.text):
            await entering.redeem(scene, inbound.text)
        case ToDraft(None) if returning.late(scene):
            await returning.remind(scene)
        case ToDraft(heard):
            await dialogue.listen(scene, heard)
        case ToTicket(ticket, action, argument):
            await tapping.tap(scene, ticket, action, argument)
        case ToMenu() if inbound.kind is Kind.TEXT and await relaying.nodded(scene):
            pass
        case ToMenu(entry):
            await entries.entry(scene, entry)
        case ToService(kind) if await relaying.overheard(scene, kind):
            pass
        case ToService(kind):
            only_named = plain(inbound.text) in spoken(f"{kind}.called", scene.work.desk.texts)
            await beginning.service(scene, kind, () if only_named else (await dialogue.plainly(scene),))
        case ToCommand(name, argument):
            await entries.command(scene, name, argument)
        case ToReply(message):
            await replying.reply(scene, message)
        case ToNews(kind):
            await _news(scene, kind)
        case ToEdit():
            await edits.edited(scene)
        case ToWelcome() if await relaying.nodded(scene) or await relaying.overheard(scene):
            pass
        case ToWelcome():
            await welcoming.welcome(scene)
        case ToNobody(forged):
            if forged:
                scene.remark("refused.unknown")


async def _news(scene: Scene, kind: Kind) -> None:
    match kind:
        case Kind.BLOCKED:
            await groups.reachable(scene, yes=False)
        case Kind.LEFT:
            await leaving.leave(scene)
        case Kind.UNBLOCKED:
            await groups.reachable(scene, yes=True)
        case Kind.JOINED:
            await groups.joined(scene)
        case Kind.REMOVED:
            await groups.removed(scene)
        case Kind.MIGRATED:
            await groups.migrated(scene)


async def _kept(scene: Scene, *, late: bool) -> Receipt:
    """Store the draft, and the receipt under the message's key, which makes it exactly once."""
    inbound, standing, work = scene.inbound, scene.standing, scene.work
    if scene.can.passive:
        scene.replies[:] = await passive.settled(scene)
    queued = late if scene.can.passive else standing.backlog
    receipt = Receipt(tuple(scene.replies), scene.hint, queued=queued)
    await keep(
        work.session,
        inbox={
            "channel": inbound.channel,
            "bot": inbound.bot,
            "key": inbound.key,
            "conversation_id": standing.id,
            "receipt": receipt.to_json(),
            "kept": scene.kept,
        },
        draft=None if scene.draft is None else scene.draft.to_json(),
        offered=scene.offered,
        revision=max(scene.revision, standing.revision),
        now=work.now,
    )
    if queued:
        await passive.late(work, inbound, receipt.replies)
    return receipt
