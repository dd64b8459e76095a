"""A dripping tap, reported and mended on Telegram: the program as it is installed, on both databases."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from models import Attachment, TicketEvent
from tests.emulators.telegram_group import Group
from tests.emulators.telegram_phone import User
from tests.estate import Estate
from tests.failures.conftest import Builder, builder, ground  # noqa: F401
from tests.premises import WAIT
from tests.repairing import STORY, gathered, report


@pytest.mark.parametrize("webhook", [False, True], ids=["polling", "webhook"])
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_a_dripping_tap_is_reported_and_mended(kind: str, webhook: bool, builder: Builder) -> None:  # noqa: F811
    estate = await builder.open(kind, webhook=webhook, fresh=kind == "sqlite" and not webhook)
    xu = await estate.colleague("许晨", "administrator")
    wang = await estate.colleague("王建国", "technician")
    zhao = await estate.colleague("赵一鸣", "technician")
    group = await estate.repair_group(xu)
    li = await estate.resident("李雷", "3-1201")
    estate.secrets |= {STORY, "13800138000", "换了阀芯"}

    number = await report(li, photos=3)
    card = await group.wait_for(number, WAIT)
    assert "等待接单" in card.words
    assert STORY in card.words
    assert "照片 3 张" in card.words
    for private in ("李雷", "3-1201", "13800138000"):
        assert private not in card.words

    await _accepted(li, wang, zhao, group, number)
    await _visited(li, wang, group, number)
    await _rated(li, group, number)
    await _all_is_on_record(estate, number)
    assert not estate.tg.violations


async def _accepted(li: User, wang: User, zhao: User, group: Group, number: str) -> None:
    """One takes it and gets name, phone and door number; the other reads who was quicker."""
    await (await wang.tap("接单", chat=group)).answered(WAIT)
    await li.wait_for("王建国已接单", WAIT)
    private = await wang.wait_for(lambda message: number in message.words and "李雷" in message.words, WAIT)
    assert "3-1201" in private.words
    assert "138" in private.words
    shown = await group.wait_for("已接单", WAIT)
    assert "王建国" in shown.words
    assert "李雷" not in shown.words
    late = await zhao.tap("接单", shown, chat=group)
    assert "王建国" in ((await late.answered(WAIT)).text or "")
    assert not zhao.find(number)


async def _visited(li: User, wang: User, group: Group, number: str) -> None:
    """On the way, there, and done with the checklist."""
    await wang.tap("出发", chat=group)
    coming = await li.wait_for("王建国已出发", WAIT)
    assert "鞋套" in coming.words
    await group.wait_for("正在路上", WAIT)
    await wang.tap("到了", chat=group)
    await li.wait_for("王建国已到场", WAIT)
    await group.wait_for("正在维修", WAIT)
    asked = await wang.tap("修好了", chat=group)
    assert (await asked.answered(WAIT)).text == "请到和我的私聊里继续。"
    await wang.wait_for("做到了哪些", WAIT)
    await wang.tap("☐ 穿了鞋套")
    await wang.wait_for(lambda message: "☑ 穿了鞋套" in message.labels, WAIT)
    await wang.tap("☐ 铺了地垫")
    await wang.wait_for(lambda message: "☑ 铺了地垫" in message.labels, WAIT)
    await wang.tap("完成")
    asked_work = await wang.wait_for("做了什么", WAIT)
    await wang.send("换了阀芯")
    asked_photos = await wang.wait_for("完工照片", WAIT, after=asked_work)
    await wang.send_photo()
    await wang.wait_for(gathered, WAIT, after=asked_photos)
    finished = await wang.tap("完成")
    assert "已请住户评价" in ((await finished.answered(WAIT)).text or "")
    await group.wait_for(lambda message: number in message.words and "已修好" in message.words, WAIT)


async def _rated(li: User, group: Group, number: str) -> None:
    ask = await li.wait_for("您还满意吗", WAIT)
    await li.tap("★★★★★", ask)
    await li.wait_for("谢谢您的评价", WAIT)
    await group.wait_for(lambda message: number in message.words and "已结束" in message.words, WAIT)
    await li.send("我的工单")
    await li.wait_for("我的工单", WAIT)
    await li.tap(number)
    story = await li.wait_for("换了阀芯", WAIT)
    for told in ("已报修", "王建国接单", "王建国出发", "王建国到场", "★★★★★"):
        assert told in story.words


async def _all_is_on_record(estate: Estate, number: str) -> None:
    await estate.calm()
    (ticket,) = await estate.tickets()
    assert (ticket.number, ticket.state, ticket.outcome) == (number, "closed", "rated")
    assert ticket.details["phone"] == "+8613800138000"
    assert ticket.rating == {"overall": 5}
    events = await estate.rows(select(TicketEvent.action).order_by(TicketEvent.id))
    assert list(events) == [
        "opened",
        "described",
        "described",
        "accept",
        "depart",
        "arrive",
        "finish",
        "rate",
    ]
    kept = await estate.rows(select(Attachment))
    assert sorted(photo.by for photo in kept) == ["resident"] * 3 + ["staff"]
    await estate.every_photo_is_stored()
