"""WeCom delivers what staff say and tap, and delivers it again until it hears that it is in good hands."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from starlette.routing import Route
from structlog.testing import capture_logs

from bot.channel import Channel
from bot.reception import DatabaseDown, TryLater
from bot.tencent.callback import Callback
from bot.tencent.envelope import Envelope
from bot.wecom.channel import WecomChannel
from bot.wecom.door import PATH
from bot.wecom.webhook import Listener
from handlers.envelopes import Inbound, Outgoing, Receipt
from models.database import Database
from tests.bot.telegram.desk import Desk
from tests.bot.telegram.server import serving
from tests.bot.wecom.company import TEXT, TITLE, ticket
from tests.emulators.wecom import Colleague, Forgery, Outcome, WecomServer

PATIENCE = 5.0
NO_PAUSE = (0.0, 0.0, 0.0)


@asynccontextmanager
async def listening(
    wecom: WecomServer, app: WecomChannel, desk: Any, patience: float = PATIENCE
) -> AsyncIterator[Listener]:
    """The callback, whose address WeCom knows."""
    envelope = Envelope(wecom.token, [wecom.aes_key], wecom.corpid)
    listener = Listener(app, desk, patience=patience, again=NO_PAUSE)
    callback = Callback("wecom", envelope, envelope.greet_sealed, listener.hear)
    async with serving(Route(PATH, callback)) as address:
        await wecom.push_to(f"{address}{PATH}")
        yield listener
        await listener.finish(5.0)


async def test_words_are_answered_by_the_app(wecom: WecomServer, app: WecomChannel, wang: Colleague) -> None:
    async with listening(wecom, app, Desk()):
        push = await wang.say("我的工单").settled()
        await wang.wait_for("heard 我的工单")
    assert push.outcome is Outcome.QUIET
    assert len(push.attempts) == 1


@dataclass
class Changer:
    """Changes the card as soon as somebody taps it, as the front desk does."""

    taps: list[Inbound] = field(default_factory=list)

    async def take(self, channel: Channel, inbound: Inbound) -> Receipt:
        self.taps.append(inbound)
        await channel.edit(inbound.chat, inbound.tapped, ticket(f"{TEXT}\n次数：{len(self.taps)}"))
        return Receipt()


async def test_a_tap_brings_the_right_to_change_its_card(
    wecom: WecomServer, app: WecomChannel, wang: Colleague
) -> None:
    desk = Changer()
    async with listening(wecom, app, desk):
        task = await app.send("wang", ticket())
        await wang.tap("接单").settled()
        await wang.tap("取消").settled()
    assert [(tap.tap, tap.tapped) for tap in desk.taps] == [("t.42.accept", task), ("t.42.cancel", task)]
    assert wang.cards[0].row("次数") == "2"
    assert len(wang.from_bot) == 1


@pytest.mark.parametrize("forgery", list(Forgery))
async def test_39_forgeries_are_all_turned_away_alike(
    wecom: WecomServer, app: WecomChannel, forgery: Forgery
) -> None:
    desk = Desk()
    async with listening(wecom, app, desk):
        attempt = await wecom.forge(forgery)
    assert attempt.status == (413 if forgery is Forgery.HUGE else 403)
    assert attempt.answer == b""
    assert not desk.heard


async def test_1_what_comes_twice_is_heard_and_answered_once(
    wecom: WecomServer, app: WecomChannel, wang: Colleague
) -> None:
    desk = Desk()
    async with listening(wecom, app, desk):
        wecom.bring_twice()
        push = await wang.say("漏水").settled()
        wecom.hear_nothing()
        await wang.say("还在漏").settled()
        assert (await wecom.replay(push)).status == 200
        await wecom.idle()
    assert desk.words == ["漏水", "还在漏"]
    assert desk.repeated == []
    assert [message.text for message in wang.from_bot] == ["heard 漏水", "heard 还在漏"]


@pytest.mark.parametrize("trouble", [TryLater, DatabaseDown])
async def test_what_was_not_handled_comes_again(
    wecom: WecomServer, app: WecomChannel, wang: Colleague, trouble: type[TryLater]
) -> None:
    desk = Desk(trouble={"漏水": [trouble]}, answers=False)
    async with listening(wecom, app, desk):
        wecom.postman.patience = 0.5
        push = await wang.say("漏水").settled()
    assert [attempt.status for attempt in push.attempts] == [503, 200]
    assert desk.words == ["漏水"]


async def test_slow_work_goes_on_after_the_answer(
    wecom: WecomServer, app: WecomChannel, wang: Colleague
) -> None:
    """WeCom is kept waiting twice; the third time it is told that all is well, which is seen to."""
    desk = Desk(slow={"漏水": 0.3}, trouble={"漏水": [TryLater, TryLater]})
    async with listening(wecom, app, desk, patience=0.01):
        push = await wang.say("漏水").settled()
        assert (push.outcome, desk.words) == (Outcome.QUIET, [])
        await wang.wait_for("heard 漏水")
    assert [attempt.status for attempt in push.attempts] == [503, 503, 200]
    assert desk.words == ["漏水"]


async def test_a_letter_that_comes_again_meets_the_work_under_way(
    wecom: WecomServer, app: WecomChannel, wang: Colleague
) -> None:
    desk = Desk(slow={"漏水": 0.3})
    async with listening(wecom, app, desk, patience=0.15):
        push = await wang.say("漏水").settled()
        await wang.wait_for("heard 漏水")
    assert push.attempts[-1].status == 200
    assert 1 < len(push.attempts) < 4
    assert [message.text for message in wang.from_bot] == ["heard 漏水"]


async def test_what_cannot_be_seen_through_is_told_to_the_log(
    wecom: WecomServer, app: WecomChannel, wang: Colleague
) -> None:
    desk = Desk(slow={"漏水": 0.1}, trouble={"漏水": [TryLater] * 9})
    with capture_logs() as logs:
        async with listening(wecom, app, desk, patience=0.001):
            await wang.say("漏水").settled()
    assert [line["event"] for line in logs if line["log_level"] == "error"] == ["wecom_message_lost"]
    assert desk.heard == []


async def test_one_colleague_is_heard_in_turn_and_others_beside(app: WecomChannel) -> None:
    desk = Desk(slow={"slow": 0.1}, answers=False)
    listener = Listener(app, desk)
    corpid, _, agentid = app.bot.rpartition(".")

    def said(text: str, person: str) -> dict[str, str]:
        head = {"ToUserName": corpid, "FromUserName": person, "CreateTime": "1", "AgentID": agentid}
        return head | {"MsgType": "text", "Content": text, "MsgId": text}

    await asyncio.gather(
        listener.hear(said("slow", "wang")),
        listener.hear(said("after it", "wang")),
        listener.hear(said("beside it", "li")),
    )
    assert desk.words == ["beside it", "slow", "after it"]


async def test_15_a_tap_waits_for_the_database(
    wecom: WecomServer,
    app: WecomChannel,
    wang: Colleague,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = Desk(answers=False)
    async with listening(wecom, app, desk):
        wecom.postman.patience = 0.5
        task = await app.send("wang", ticket())
        transaction, down = database.transaction, [True]

        def away() -> Any:
            if down and down.pop():
                raise OperationalError("BEGIN", {}, OSError())
            return transaction()

        monkeypatch.setattr(database, "transaction", away)
        push = await wang.tap("接单").settled()
    assert [attempt.status for attempt in push.attempts] == [503, 200]
    assert desk.words == ["t.42.accept"]
    await app.edit("wang", task, Outgoing(TEXT, TITLE))
    await app.edit("wang", task, Outgoing(TEXT, TITLE))
