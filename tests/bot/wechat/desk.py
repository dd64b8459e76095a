"""A small front desk behind the door: it hears each message once, and thinks as long as it is told to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from bot.channel import Channel
from bot.reception import TryLater
from handlers.envelopes import Inbound, Kind, Outgoing, Receipt


@dataclass
class Desk:
    """`trouble` says how often a text makes it fail; about a text of `thinks` it thinks until it is set."""

    trouble: dict[str, list[type[Exception]]] = field(default_factory=dict)
    thinks: dict[str, asyncio.Event] = field(default_factory=dict)
    heard: list[Inbound] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)
    late: list[Outgoing] = field(default_factory=list)
    busiest: int = 0
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    _busy: int = 0
    _receipts: dict[str, Receipt] = field(default_factory=dict)

    async def take(
        self, channel: Channel, inbound: Inbound, *, late: Callable[[], bool] = lambda: False
    ) -> Receipt:
        self._busy += 1
        self.busiest = max(self.busiest, self._busy)
        try:
            return await self._take(inbound, late)
        finally:
            self._busy -= 1

    async def too_late(self, inbound: Inbound, receipt: Receipt) -> None:
        self.late += receipt.replies

    @property
    def words(self) -> list[str]:
        return [inbound.text or inbound.tap or str(inbound.kind) for inbound in self.heard]

    async def _take(self, inbound: Inbound, late: Callable[[], bool]) -> Receipt:
        self.begun.set()
        if inbound.key in self._receipts:
            self.repeated.append(inbound.key)
            return self._receipts[inbound.key]
        if inbound.text in self.thinks:
            await self.thinks[inbound.text].wait()
        if self.trouble.get(inbound.text):
            raise self.trouble[inbound.text].pop(0)
        self.heard.append(inbound)
        receipt = _receipt(inbound, queued=late())
        if receipt.queued:
            self.late += receipt.replies
        self._receipts[inbound.key] = receipt
        return receipt


def _receipt(inbound: Inbound, *, queued: bool) -> Receipt:
    if inbound.kind in (Kind.LEFT, Kind.BLOCKED):
        return Receipt()
    told = inbound.text or inbound.tap or inbound.strange or str(inbound.kind)
    choices = (("1. 好", "1"),) if told == "菜单" else ()
    text = "\n".join((f"heard {told}", *(line for line, _ in choices)))
    return Receipt((Outgoing(text, choices=choices),), queued=queued)


__all__ = ["Desk", "TryLater"]
