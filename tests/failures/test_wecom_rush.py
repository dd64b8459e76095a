"""Sixty tickets in a minute: a robot's group is told of all of them, no faster than a robot may speak."""

from __future__ import annotations

import asyncio

import pytest

from tests.emulators.wecom import Shown
from tests.failures.conftest import mostly
from tests.failures.quarters import Quarters, Watch
from tests.failures.rush import NUMBER, accounted, rush
from tests.premises import eventually

A_MINUTE = 20
"""Messages a robot may write in any minute."""


@mostly("postgresql")
async def test_17_sixty_tickets_and_one_robot(kind: str, quarters: Quarters) -> None:
    """While the first card is on its way all the others come; the emergencies overtake all of them."""
    w, numbers = await _sixty(quarters, kind)

    async def budget_spent() -> bool:
        return len(_told(w)) >= A_MINUTE - 4

    await eventually(budget_spent, 30, "hardly anything was told")
    await asyncio.sleep(1.0)
    told = [one.words for one in _told(w)]
    assert len(told) <= A_MINUTE
    assert ["🚨" in words for words in told[:3]].count(True) == 2, told[:3]
    assert not w.quarter.wecom.violations
    assert sorted(await accounted(w.quarter, told)) == sorted(numbers)


@pytest.mark.chaos
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_17_all_of_them_within_two_minutes(kind: str, quarters: Quarters) -> None:
    w, numbers = await _sixty(quarters, kind)

    async def all_told() -> bool:
        words = "\n".join(one.words for one in _told(w))
        return all(number in words for number in numbers)

    await eventually(all_told, 120, "some ticket was not told of")
    assert not w.quarter.wecom.violations
    named = [number for one in _told(w) for number in NUMBER.findall(one.words)]
    assert sorted(named) == sorted(numbers)


async def _sixty(quarters: Quarters, kind: str) -> tuple[Watch, list[str]]:
    w = await quarters.watch(kind)
    w.quarter.wecom.slow_next("webhook/send", seconds=3.0)
    return w, await rush(w.quarter, 60, urgent={58, 59})


def _told(w: Watch) -> list[Shown]:
    return w.robot.group.from_bot
