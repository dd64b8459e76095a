"""A story's own world, and the twin of it that the program gets: what is done for one is done for both."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from sqlalchemy import update

from handlers.desk import Desk
from handlers.envelopes import Capabilities, Inbound, Kind
from handlers.people.scanning import Printed
from models import Account, Group
from models.database import Database
from tests.world import TEXTS, World, _settle

Made = TypeVar("Made", bound=World)
CODE = re.compile(r"(?<![\w-])(?=[A-Z0-9]*\d)(?=[A-Z0-9]*[A-Z])[A-Z0-9]{5,12}(?![\w-])")
"""A one-time code or the like: it is another one each time that a story is played."""


@dataclass(slots=True)
class Rehearsal(World):
    """The world in which a story is played first.

    Codes are made in the twin as well; `same` holds what each is there. `passed` is awaited after every
    moment at which something may have happened of itself. `strangers` is what people are called of whom the
    channel knows no name.
    """

    twin: World | None = None
    strangers: str = ""
    same: dict[str, str] = field(default_factory=dict)
    passed: Callable[[], Awaitable[None]] | None = None

    async def code(self, home: str, role: str = "owner") -> str:
        made = await World.code(self, home, role)
        self.same[made] = await self._twin.code(home, role)
        return made

    async def staff_code(self, role: str, name: str = "新同事") -> str:
        made = await World.staff_code(self, role, name)
        self.same[made] = await self._twin.staff_code(role, name)
        return made

    async def scan(self, home: str) -> Printed:
        made, other = await World.scan(self, home), await self._twin.scan(home)
        self.same |= {made.scene: other.scene, made.pin: other.pin}
        return made

    async def assistant(self, name: str) -> None:
        await World.assistant(self, name)
        await self.gather()

    def inbound(self, who: str, kind: Kind, chat: str = "", key: str = "", **more: object) -> Inbound:
        heard = World.inbound(self, who, kind, chat, key, **more)
        return replace(heard, name=self.strangers) if self.strangers and who not in self.people else heard

    def channel(self, who: str) -> str:
        return self.residents

    async def gather(self) -> None:
        """Colleagues, too, are where everybody is."""
        async with self.database.transaction() as session:
            for model in (Account, Group):
                moved = update(model).where(model.channel != self.residents)
                await session.execute(moved.values(channel=self.residents))

    async def tick(self) -> None:
        await World.tick(self)
        if self.passed is not None:
            await self.passed()

    @property
    def _twin(self) -> World:
        assert self.twin is not None
        self.twin.now = self.now
        return self.twin

    def there(self, words: str) -> str:
        """What is written in the twin instead of these words."""
        return CODE.sub(lambda found: self.same.get(found[0], found[0]), words)

    def learn(self, here: str, there: str) -> None:
        """A message of ours and the twin's, alike but for their codes."""
        self.same |= dict(zip(CODE.findall(here), CODE.findall(there), strict=True))


async def furnished(database: Database, locale: str, can: Capabilities) -> World:
    """The people, homes and groups of a story in a database that has none yet."""
    made = _world(World, database, locale, can)
    await _settle(made, locale)
    return made


async def rehearsal(database: Database, locale: str, can: Capabilities, twin: World) -> Rehearsal:
    """The same people, homes and groups once more."""
    made = _world(Rehearsal, database, locale, can)
    made.twin = twin
    await _settle(made, locale)
    await made.gather()
    return made


def _world(kind: type[Made], database: Database, locale: str, can: Capabilities) -> Made:
    made: list[Made] = []
    channels = {"test": replace(can, name="test"), can.name: can}
    desk = Desk(database, TEXTS, channels, now=lambda: made[0].now)
    made.append(kind(desk, language=locale, residents=can.name))
    return made[0]
