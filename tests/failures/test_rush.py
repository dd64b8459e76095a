"""Sixty tickets in a minute: the group is told of all of them, at a pace that Telegram allows."""

from __future__ import annotations

import asyncio

import pytest

from tests.emulators.telegram_rooms import Message
from tests.failures.conftest import Builder, mostly
from tests.failures.rush import NUMBER, accounted, rush
from tests.failures.shift import Shift, begin
from tests.premises import eventually

BOTH = pytest.mark.parametrize("kind", ["sqlite", "postgresql"])


@mostly("postgresql")
async def test_17_sixty_tickets_in_a_minute(kind: str, builder: Builder) -> None:
    """The group cannot be written to at first; then a minute's worth leaves, emergencies before all else."""
    s, numbers, before = await _sixty(builder, kind)

    async def budget_spent() -> bool:
        return len([one for one in s.group.from_bot if one.id > before.id]) >= 12

    await eventually(budget_spent, 30, "hardly anything was told")
    await asyncio.sleep(1.0)
    told = [one for one in s.group.from_bot if one.id > before.id]
    assert len(told) <= 20
    assert ["🚨" in one.words for one in told].index(False) == 2, "emergencies first"
    assert not s.estate.tg.violations
    assert sorted(await accounted(s.estate, [one.words for one in told])) == sorted(numbers)


async def _sixty(builder: Builder, kind: str) -> tuple[Shift, list[str], Message]:
    s = await begin(builder, kind)
    await s.estate.calm()
    s.estate.tg.rate_limits = True
    s.estate.tg.fail_next("sendMessage", chat=s.group, error=429, retry_after=4)
    await s.estate.crowd(30)
    before = s.group.last
    return s, await rush(s.estate, 60, urgent={58, 59}), before


@pytest.mark.chaos
@BOTH
async def test_17_all_of_them_within_two_minutes(kind: str, builder: Builder) -> None:
    s, numbers, before = await _sixty(builder, kind)

    async def all_told() -> bool:
        return all(number in s.group.transcript() for number in numbers)

    await eventually(all_told, 90, "some ticket was not told of")
    assert not s.estate.tg.violations
    told = [one for one in s.group.from_bot if one.id > before.id]
    digests = [one for one in told if "张新工单" in one.words]
    assert len(told) - len(digests) + sum(len(NUMBER.findall(one.words)) for one in digests) == 60
    later = digests[0].labels[0]
    await s.wang.tap(later, digests[0], chat=s.group)
    card = await s.group.wait_for(lambda one: later in one.words and "接单" in one.labels, 70, after=told[-1])
    assert "门锁" in card.words
