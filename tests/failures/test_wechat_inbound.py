"""WeChat brings a message three times while we are slow, or while we die: it happens once and is answered."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import select

from models import Account, Conversation
from tests.emulators.wechat import Outcome, Phone, Push
from tests.emulators.wechat_replies import opened
from tests.failures.conftest import mostly
from tests.failures.quarters import Quarters, Watch, to_review
from tests.premises import WAIT
from tests.quarter import Quarter

PROMISE = "收到，谢谢您"
TWICE = 6.0
"""Seconds for which the program keeps WeChat waiting for one attempt that is not the last one."""


@pytest.mark.parametrize(
    ("kind", "programs"),
    [
        ("sqlite", 1),
        ("postgresql", 2),
        pytest.param("sqlite", 2, marks=pytest.mark.chaos),
        pytest.param("postgresql", 1, marks=pytest.mark.chaos),
    ],
)
async def test_15_three_times_while_the_first_is_slow(kind: str, programs: int, quarters: Quarters) -> None:
    w = await quarters.watch(kind, programs=programs, patience=1.0)
    await to_review(w.li)
    async with busy(w.quarter, w.li):
        push = await w.li.say("提交")
        await push.attempted(2)
    await push.settled()
    assert push.outcome is Outcome.ANSWERED, (push.why, w.quarter.program.log[-2000:])
    assert [attempt.status for attempt in push.attempts] == [None, None, 200]
    await _once(w)
    assert not w.quarter.wechat.calls_of("message/custom/send", w.li)


@mostly("sqlite")
async def test_15_slower_than_three_times(kind: str, quarters: Quarters) -> None:
    """In the end the message is accepted without a word, and the answer comes by itself."""
    w = await quarters.watch(kind)
    await to_review(w.li)
    async with busy(w.quarter, w.li):
        push = await _hurried(w, "提交")
        await push.settled()
        assert (push.outcome, len(push.attempts)) == (Outcome.QUIET, 3)
        assert not w.quarter.wechat.calls_of("message/custom/send", w.li)
    await w.li.wait_for(PROMISE, WAIT)
    await _once(w)
    assert len(w.quarter.wechat.calls_of("message/custom/send", w.li)) == 1


@pytest.mark.parametrize(
    ("route", "outcome"),
    [([0, 1, 1], Outcome.QUIET), pytest.param([0, 1, 0], Outcome.ANSWERED, marks=pytest.mark.chaos)],
    ids=["the other", "the first"],
)
async def test_15_slower_than_one_of_two_processes_waits(
    route: list[int], outcome: Outcome, quarters: Quarters
) -> None:
    """The first process is the first to handle it, and may not be the one that is asked a third time."""
    w = await quarters.watch("postgresql", programs=2)
    await to_review(w.li)
    w.quarter.wechat.route(*(f"{w.quarter.programs[number].url}/wechat/callback" for number in route))
    async with busy(w.quarter, w.li):
        push = await _hurried(w, "提交", last=8.0)
        await asyncio.sleep(TWICE - 1.0)
    await push.settled()
    assert push.outcome is outcome
    await w.li.wait_for(PROMISE, WAIT)
    await _once(w)


@mostly("postgresql")
async def test_15_killed_between_the_commit_and_the_answer(kind: str, quarters: Quarters) -> None:
    w = await quarters.watch(kind, programs=2 if kind == "postgresql" else 1, patience=WAIT)
    await to_review(w.li)
    wechat = w.quarter.wechat
    wechat.postman.pace = 0.0
    wechat.postman.rest()
    wechat.deafen_next()
    push = await w.li.say("提交")
    await push.attempted(1)
    heard = await w.quarter.heard()
    for program in w.quarter.programs:
        await program.kill()
    assert len(await w.quarter.tickets()) == 1
    assert not w.li.find(PROMISE)
    await asyncio.gather(*(program.start() for program in w.quarter.programs))
    wechat.postman.go_on()
    await push.settled()
    assert push.outcome is Outcome.ANSWERED, (push.why, push.attempts)
    first = push.attempts[0]
    given = opened(wechat.account, first.letter.seal, first.answer)
    assert given is not None
    assert push.reply is not None
    assert given["Content"] == push.reply["Content"]
    assert await w.quarter.heard() == heard
    await w.shown(push.reply["Content"].splitlines()[0])
    await _once(w)
    assert not wechat.calls_of("message/custom/send", w.li)


async def _hurried(w: Watch, text: str, last: float = 5.0) -> Push:
    """Say something that is brought three times: twice with hardly any patience, then with so much."""
    postman = w.quarter.wechat.postman
    postman.patience, postman.pace = 0.5, 1.0
    push = await w.li.say(text)
    await push.attempted(2)
    postman.patience, postman.pace = last, None
    return push


@asynccontextmanager
async def busy(quarter: Quarter, person: Phone) -> AsyncIterator[None]:
    """Somebody else keeps this conversation's row, or, with SQLite, the one pen there is."""
    theirs = select(Conversation).join(Account, Account.id == Conversation.account_id)
    async with quarter.database.transaction() as session:
        await session.execute(theirs.where(Account.external_id == person.openid).with_for_update())
        yield


async def _once(w: Watch) -> None:
    """One ticket, one card, one promise; and nobody was told that the account is out of service."""
    await w.quarter.calm()
    (ticket,) = await w.quarter.tickets()
    assert len([one for one in w.robot.group.messages if ticket.number in one.words]) == 1
    promises = [one for one in w.li.received if PROMISE in one.text]
    assert [ticket.number in one.text for one in promises] == [True], w.li.transcript()
    assert not w.li.notices
