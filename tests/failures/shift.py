"""A working day: an estate with its technicians' group, a technician, and a resident."""

from __future__ import annotations

from dataclasses import dataclass

from tests.emulators.telegram_group import Group
from tests.emulators.telegram_phone import User
from tests.emulators.telegram_rooms import Message
from tests.estate import Estate
from tests.failures.conftest import Builder
from tests.premises import WAIT


@dataclass
class Shift:
    """许晨 administers and manages, 王建国 repairs, 李雷 lives here."""

    estate: Estate
    group: Group
    xu: User
    wang: User
    li: User

    async def do(self, label: str) -> None:
        """The technician presses a button of the newest card in the group."""
        await (await self.wang.tap(label, chat=self.group)).answered(WAIT)

    async def shown(self, number: str, state: str) -> Message:
        """The card in the group, once it stands so."""
        return await self.group.wait_for(
            lambda message: number in message.words and state in message.words, WAIT
        )

    def cards(self, number: str) -> list[Message]:
        """The card in the group, as often as it is there; a remark about the ticket is no card."""
        return [one for one in self.group.from_bot if number in one.words and "房屋" in one.words]


async def begin(builder: Builder, kind: str, *, programs: int = 1, webhook: bool = True) -> Shift:
    estate = await builder.open(kind, programs=programs, webhook=webhook)
    xu = await estate.colleague("许晨", "administrator", "manager")
    group = await estate.repair_group(xu)
    wang = await estate.colleague("王建国", "technician")
    return Shift(estate, group, xu, wang, await estate.resident("李雷"))
