"""A small front desk behind the door: it hears each message once, answers, and fails when it is told to."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from bot.channel import Channel, Unacceptable
from bot.reception import DatabaseDown, TryLater
from handlers.envelopes import Inbound, Kind, Outgoing, Receipt
from tests.emulators.telegram_files import sample_photo

NO_SUCH_PHOTO = 404


async def stored_photo(attachment: int) -> bytes:
    """The media store: it has every photo but one."""
    if attachment == NO_SUCH_PHOTO:
        raise Unacceptable("there is no such photo")
    return sample_photo(attachment)


@dataclass
class Desk:
    """`trouble` says how often a text makes it fail; `slow` how long it thinks about one, in seconds."""

    trouble: dict[str, list[type[TryLater]]] = field(default_factory=dict)
    slow: dict[str, float] = field(default_factory=dict)
    answers: bool = True
    heard: list[Inbound] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)
    busy: int = 0
    busiest: int = 0
    thinking: asyncio.Event = field(default_factory=asyncio.Event)
    _receipts: dict[str, Receipt] = field(default_factory=dict)

    async def take(self, channel: Channel, inbound: Inbound) -> Receipt:
        self.busy += 1
        self.busiest = max(self.busiest, self.busy)
        try:
            return await self._take(channel, inbound)
        finally:
            self.busy -= 1

    @property
    def words(self) -> list[str]:
        return [inbound.text or inbound.tap or str(inbound.kind) for inbound in self.heard]

    async def _take(self, channel: Channel, inbound: Inbound) -> Receipt:
        if inbound.key in self._receipts:
            self.repeated.append(inbound.key)
            return self._receipts[inbound.key]
        if inbound.text in self.slow:
            self.thinking.set()
            await asyncio.sleep(self.slow[inbound.text])
        if self.trouble.get(inbound.text):
            raise self.trouble[inbound.text].pop(0)("not now")
        self.heard.append(inbound)
        receipt = self._receipt(inbound)
        self._receipts[inbound.key] = receipt
        for reply in receipt.replies if self.answers else ():
            await channel.send(inbound.chat, reply)
        return receipt

    def _receipt(self, inbound: Inbound) -> Receipt:
        if inbound.kind is Kind.TAP:
            return Receipt(hint=f"tapped {inbound.tap}")
        if inbound.kind in (Kind.TEXT, Kind.PHOTO, Kind.UNFIT, Kind.CONTACT):
            return Receipt(replies=(Outgoing(f"heard {inbound.text or inbound.strange or inbound.phone}"),))
        return Receipt()


__all__ = ["DatabaseDown", "Desk", "TryLater", "stored_photo"]
