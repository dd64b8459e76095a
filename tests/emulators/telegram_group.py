"""A group chat: the bot is brought in, thrown out, silenced, and moved to a new address."""

from typing import Protocol

from tests.emulators.telegram_line import Line
from tests.emulators.telegram_rooms import Person, Room, Standing
from tests.emulators.telegram_screen import Screen


class Somebody(Protocol):
    @property
    def id(self) -> int: ...

    @property
    def person(self) -> Person: ...


class Group(Screen):
    """A group chat."""

    def __init__(self, line: Line, room: Room, owner: Person) -> None:
        super().__init__(line, room)
        self.owner = owner
        room.members.setdefault(owner.id, Standing.CREATOR)

    @property
    def title(self) -> str | None:
        return self.room.title

    async def add_bot(self, *, admin: bool = False, by: Somebody | None = None) -> None:
        """Bring the bot in: my_chat_member, and the service message every group shows."""
        adder = by.person if by else self.owner
        self.line.stand(self.room, adder, Standing.ADMINISTRATOR if admin else Standing.MEMBER)
        self.line.post(self.room, adder, {"new_chat_members": [self.line.office.world.bot.as_dict()]})

    async def remove_bot(self, *, by: Somebody | None = None) -> None:
        self.line.stand(self.room, by.person if by else self.owner, Standing.KICKED)

    async def promote(self, user: Somebody) -> None:
        self.room.members[user.id] = Standing.ADMINISTRATOR

    def silence_bot(self, silent: bool = True) -> None:
        """Take the bot's right to write in this group away, or give it back."""
        self.room.bot_may_write = not silent

    async def migrate(self) -> "Group":
        """The group becomes a supergroup with another id; the old id answers with an error from now on."""
        world = self.line.office.world
        new_id = -1_000_000_000_000 + self.room.id
        room = world.group(new_id, self.room.title or "")
        room.bot, room.members = self.room.bot, dict(self.room.members)
        self.room.migrated_to = new_id
        self.line.post(self.room, self.owner, {"migrate_to_chat_id": new_id})
        self.line.post(room, self.owner, {"migrate_from_chat_id": self.room.id})
        return Group(self.line, room, self.owner)
