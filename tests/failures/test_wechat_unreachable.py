"""Somebody on WeChat cannot be written to: staff read why, another way is tried, and nothing is lost."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from handlers.envelopes import Outgoing
from handlers.outbox import delivery
from models import Account, Outbox
from tests.emulators.tencent_clock import HOUR
from tests.emulators.wechat import Outcome
from tests.emulators.wechat_allowances import Act
from tests.emulators.wechat_bubbles import Via
from tests.failures.conftest import mostly
from tests.failures.quarters import (
    Quarters,
    Watch,
    another_account_of,
    everything,
    in_state,
    reachable,
    report,
    said,
    to_review,
)
from tests.premises import WAIT, eventually

SEND, BY_FORM = "message/custom/send", "message/template/send"
WHY = {
    "unfollowed": "住户已取消关注公众号",
    "blocked": "住户屏蔽了我们的消息",
    "window": "住户有些时候没来消息",
    "quota": "微信的消息条数已用完",
    "muted": "住户关闭了这类通知",
}
TOKEN_IS_OVER = 42001
ACCEPTED = "王建国已接单"


@mostly("postgresql")
async def test_20_unfollowed_and_forgotten(kind: str, quarters: Quarters) -> None:
    """Who leaves is erased: no address, no words, no receipts; the community keeps its ticket."""
    w = await quarters.watch(kind)
    number = await report(w.li, "门锁坏了")
    await to_review(w.li, "我的猫叫咪咪", photos=2)
    await said(w.li, "钥匙在花盆下面")
    w.quarter.wechat.slow_next(SEND, seconds=1.5)
    await w.do(number, "accept")
    await in_state(w.quarter, "sending", w.li)
    push = await (await w.li.unfollow()).settled()
    assert push.outcome is Outcome.QUIET
    await w.shown(number, WHY["unfollowed"])
    await w.quarter.calm()
    left = await everything(w.quarter)
    for secret in (w.li.openid, "咪咪", "花盆", ACCEPTED):
        assert secret not in left, [line for line in left.splitlines() if secret in line]
    assert "门锁坏了" in left
    calls = len(w.quarter.wechat.calls_of(SEND))
    await w.do(number, "depart")
    await w.quarter.calm()
    assert len(w.quarter.wechat.calls_of(SEND)) == calls
    await (await w.li.follow()).settled()
    assert "绑定码" in w.li.last.text


@mostly("sqlite")
async def test_20_blocked(kind: str, quarters: Quarters) -> None:
    w = await quarters.watch(kind)
    number = await report(w.li)
    w.li.block()
    await w.do(number, "accept")
    await w.shown(number, WHY["blocked"])
    assert not await reachable(w.quarter, w.li)
    calls = len(w.quarter.wechat.calls_of(SEND))
    await w.do(number, "depart")
    await w.shown(number, "正在路上")
    await w.quarter.calm()
    assert len(w.quarter.wechat.calls_of(SEND)) == calls, "nothing is tried that cannot arrive"
    w.li.unblock()
    await said(w.li, "你好")
    assert await reachable(w.quarter, w.li)
    await _is_well_again(w, number)
    await w.do(number, "arrive")
    await w.li.wait_for("王建国已到场", WAIT)


@pytest.mark.parametrize(
    ("kind", "why", "errcode"),
    [
        ("postgresql", "window", 45015),
        ("sqlite", "window", None),
        ("sqlite", "quota", 45047),
        ("postgresql", "quota", None),
    ],
)
async def test_20_not_now(kind: str, why: str, errcode: int | None, quarters: Quarters) -> None:
    """WeChat says so, or we know it ourselves and do not even ask; writing again brings what was held."""
    w = await quarters.watch(kind)
    number = await report(w.li)
    if errcode is None:
        await _as_we_know(w, why)
    else:
        _as_wechat_says(w, why)
    before = len(w.quarter.wechat.calls_of(SEND))
    await w.do(number, "accept")
    await w.shown(number, WHY[why])
    await in_state(w.quarter, "held", w.li)
    await w.do(number, "depart")
    await w.shown(number, "正在路上", WHY[why])
    await w.quarter.calm()
    codes = {call.errcode for call in w.quarter.wechat.calls_of(SEND)[before:]}
    assert codes - {TOKEN_IS_OVER} == {errcode} - {None}
    assert not w.li.find(ACCEPTED)

    answer = await said(w.li, "你好")
    assert answer.text.index("王建国已出发") < answer.text.index("需要什么")
    await _is_well_again(w, number)
    await w.do(number, "arrive")
    told = await w.li.wait_for("王建国已到场", WAIT)
    assert told.via is Via.CUSTOM
    await w.quarter.calm()
    assert not await w.quarter.outbox("held")
    assert len([one for one in w.li.received if "王建国已出发" in one.text]) == 1


def _as_wechat_says(w: Watch, why: str) -> None:
    if why == "window":
        w.quarter.wechat.advance(49 * HOUR)
    else:
        w.li.me.allowances.of[Act.MESSAGE].left = 0


async def _as_we_know(w: Watch, why: str) -> None:
    if why == "window":
        await _long_ago(w)
        return
    async with w.quarter.database.transaction() as session:
        session.add_all(_sent(w) for _ in range(5))


def _sent(w: Watch) -> Outbox:
    """Something that was told a moment ago."""
    now = datetime.now(UTC)
    at = {"channel": "wechat", "bot": w.quarter.wechat.appid, "chat": w.li.openid}
    return Outbox(
        **at,
        kind="message",
        payload={"message": {"text": "…"}},
        state="sent",
        message="custom:1",
        not_before=now,
        created_at=now,
        sent_at=now,
    )


async def _long_ago(w: Watch) -> None:
    """All that was ever said here was said three days ago."""
    ago = {True: "datetime({}, '-3 days')", False: "{} - interval '3 days'"}[w.quarter.database.sqlite]
    await w.quarter.execute(f"UPDATE inbox SET received_at = {ago.format('received_at')}")


async def _is_well_again(w: Watch, number: str) -> None:
    """The newest card says nothing against writing to its resident."""

    async def well() -> bool:
        newest = w.robot.group.find(number)
        return newest is not None and not any(why in newest.words for why in WHY.values())

    await eventually(well, what="the card still says that they cannot be reached")


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("sqlite", "blocked"),
        ("sqlite", "unfollowed"),
        ("postgresql", "window"),
        pytest.param("sqlite", "quota", marks=pytest.mark.chaos),
    ],
)
async def test_20_the_other_account_is_used_first(kind: str, why: str, quarters: Quarters) -> None:
    """A second WeChat of the same person; only when that is shut, too, do staff read about it."""
    w = await quarters.watch(kind)
    other = await another_account_of(w.quarter, w.li, "李雷的平板")
    number = await report(w.li)
    if why == "blocked":
        w.li.block()
    elif why == "unfollowed":
        await (await w.li.unfollow()).settled()
    else:
        _as_wechat_says(w, why)
        other.me.act(Act.MESSAGE)
    await w.do(number, "accept")
    await other.wait_for(ACCEPTED, WAIT)
    await w.do(number, "depart")
    await other.wait_for("王建国已出发", WAIT)
    await w.quarter.calm()
    for text in WHY.values():
        assert not w.robot.group.find(text)
    assert not w.li.find(ACCEPTED)
    assert not await w.quarter.outbox("held")

    other.block()
    await w.do(number, "arrive")
    await w.shown(number, WHY["blocked"])


async def test_20_the_web_chat_is_another_way(quarters: Quarters) -> None:
    w = await quarters.watch("sqlite")
    number = await report(w.li)
    await _also_at_the_web_chat(w)
    w.li.block()
    await w.do(number, "accept")

    async def told() -> list[Outbox]:
        return [row for row in await w.quarter.outbox("sent") if row.channel == "web"]

    (row,) = await eventually(told, what="nothing came to the web chat")
    assert ACCEPTED in row.payload["message"]["text"]
    await w.quarter.calm()
    assert not w.robot.group.find(WHY["blocked"])


async def _also_at_the_web_chat(w: Watch) -> None:
    async with w.quarter.database.transaction() as session:
        known = select(Account.resident_id).where(Account.external_id == w.li.openid)
        resident = await session.scalar(known)
        session.add(Account(channel="web", bot="web", external_id="w-li", chat="w-li", resident_id=resident))


@mostly("sqlite")
async def test_20_a_notice_by_template_and_muted(kind: str, quarters: Quarters) -> None:
    """After the window a form is filled in; who refuses this kind of form is told when they write."""
    w, template = await _with_a_template_for(quarters, kind, "*")
    number = await report(w.li)
    w.quarter.wechat.advance(49 * HOUR)
    await w.do(number, "accept")
    form = await w.li.wait_for(lambda bubble: bubble.via is Via.TEMPLATE, WAIT)
    assert (form.facts["工单号"], form.facts["状态"]) == (number, "已接单")
    await w.quarter.calm()
    assert not w.robot.group.find(WHY["window"])

    w.li.mute(template)
    await w.do(number, "depart")
    await w.shown(number, WHY["muted"])
    await in_state(w.quarter, "held", w.li)
    assert [call.errcode for call in w.quarter.wechat.calls_of(BY_FORM)] == [0, 43101]
    answer = await said(w.li, "你好")
    assert "王建国已出发" in answer.text
    await _is_well_again(w, number)

    w.quarter.wechat.advance(49 * HOUR)
    w.li.unmute(template)
    w.li.block()
    await w.do(number, "arrive")
    await w.shown(number, WHY["blocked"])
    assert not await reachable(w.quarter, w.li)


async def _with_a_template_for(quarters: Quarters, kind: str, notice: str) -> tuple[Watch, str]:
    """A day on which this notice may go as a form; and the template's id."""
    w = await quarters.watch(kind, programs=0)
    fields = {"character_string1": "工单号", "phrase2": "状态", "thing3": "说明"}
    template = w.quarter.wechat.add_template("维修进度通知", fields)
    mapping = w.quarter.folder / "templates.yaml"
    facts = '{character_string1: "{number}", phrase2: "{state}", thing3: "{text}"}'
    mapping.write_text(f'"{notice}":\n  template: {template}\n  fields: {facts}\n', encoding="utf-8")
    w.quarter.more["wechat_templates"] = mapping
    await w.quarter.open()
    return w, template


@mostly("sqlite")
async def test_20_words_are_announced_by_one_template(kind: str, quarters: Quarters) -> None:
    """A colleague's words are in no form: one says that they wait, and they come when the resident writes."""
    w, _ = await _with_a_template_for(quarters, kind, "notice.waiting")
    number = await report(w.li)
    w.quarter.wechat.advance(49 * HOUR)
    await _write_to(w, number, "每月三百元")
    form = await w.li.wait_for(lambda bubble: bubble.via is Via.TEMPLATE, WAIT)
    assert form.facts == {"工单号": number, "状态": "等待接单", "说明": "您有新消息，回复任意文字即可查看"}
    await _write_to(w, number, "先到先得")
    await w.do(number, "accept")
    await w.shown(number, WHY["window"])
    await _held(w, 3)
    await w.quarter.calm()
    assert _forms(w) == [0], "once for all that waits"

    answer = await said(w.li, "你好")
    for words in ("每月三百元", "先到先得", ACCEPTED):
        assert words in answer.text
    w.quarter.wechat.advance(49 * HOUR)
    await _long_ago(w)
    await _write_to(w, number, "明天就有")
    await _held(w, 1)
    await w.quarter.calm()
    assert _forms(w) == [0, 0]
    assert not await w.quarter.outbox("pending")


def _forms(w: Watch) -> list[int | None]:
    """What WeChat said to the forms that were sent."""
    return [call.errcode for call in w.quarter.wechat.calls_of(BY_FORM) if call.errcode != TOKEN_IS_OVER]


async def _held(w: Watch, many: int) -> None:
    async def all_of_them() -> bool:
        return len(await w.quarter.outbox("held")) == many

    await eventually(all_of_them, what=f"not {many} messages are held")


async def _write_to(w: Watch, number: str, words: str) -> None:
    """What a colleague writes to 李雷 about a ticket."""
    ticket = await w.ticket(number)
    async with w.quarter.database.transaction() as session:
        account = await session.scalar(select(Account).where(Account.external_id == w.li.openid))
        assert account is not None
        await delivery.post(
            session,
            channel="wechat",
            bot=account.bot,
            chat=account.chat,
            message=Outgoing(words, number),
            now=datetime.now(UTC),
            ticket=ticket.id,
            account=account.id,
        )
