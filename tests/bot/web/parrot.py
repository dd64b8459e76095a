"""A front desk for the tests of the web chat: it repeats what it hears, and can be told to fail."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.channel import Channel
from handlers.envelopes import Button, Inbound, Kind, Outgoing, Receipt

ROWS = ((Button("好", "a.1.parrot.yes", "primary"), Button("不好", "a.1.parrot.no")),)
LIST = ((Button("☐ 鞋套", "a.1.list.covers"),),)


class Asleep(Exception):
    """The desk takes nothing just now."""


@dataclass
class Parrot:
    """Keeps everything it took, in order; the same key twice is answered once, as the real desk does."""

    heard: list[Inbound] = field(default_factory=list)
    asleep: bool = False

    async def take(self, channel: Channel, inbound: Inbound) -> Receipt:
        if self.asleep:
            raise Asleep
        if inbound.key in {before.key for before in self.heard}:
            return Receipt(repeated=True)
        self.heard.append(inbound)
        match inbound.kind:
            case Kind.TAP if inbound.tap.startswith("a.1.list"):
                await channel.edit(inbound.chat, inbound.tapped, ticked())
            case _ if inbound.tap == "c.1.hush" or inbound.text == "嘘":
                return Receipt(hint="好了")
            case Kind.TAP if inbound.tap == "t.1.late":
                return Receipt(hint="慢了一步")
            case Kind.TAP:
                await channel.send(inbound.chat, Outgoing(f"选了 {inbound.tap}"))
                return Receipt(hint="记下了")
            case Kind.PHOTO:
                pass
            case _:
                await channel.send(inbound.chat, Outgoing(f"听到:{inbound.text}", title="鹦鹉", buttons=ROWS))
        return Receipt()


def ticked() -> Outgoing:
    return Outgoing("要做到的", buttons=((Button("☑ 鞋套", "a.1.list.covers"),),))
