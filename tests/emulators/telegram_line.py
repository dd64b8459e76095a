"""The way from the phones to the bot: which of what people do the bot is told, and how."""

import asyncio
from dataclasses import dataclass, field

from tests.emulators.telegram_chats import member_dict
from tests.emulators.telegram_errors import JSON
from tests.emulators.telegram_mail import TAP_LIVES
from tests.emulators.telegram_office import Office
from tests.emulators.telegram_rooms import PRESENT, Message, Person, Room, Standing
from tests.emulators.telegram_world import Query


@dataclass(slots=True)
class Line:
    """What is written is kept, and told to the bot if it may see it."""

    office: Office
    background: set[asyncio.Task[None]] = field(default_factory=set)

    def post(self, room: Room, sender: Person, content: JSON, reply_to: Message | None = None) -> Message:
        message = self.office.world.post(room, sender, content, reply_to)
        self.show(message)
        return message

    def show_after(self, message: Message, seconds: float) -> None:
        if not seconds:
            self.show(message)
            return
        task = asyncio.get_running_loop().create_task(self._show_later(message, seconds))
        self.background.add(task)
        task.add_done_callback(self.background.discard)

    def show(self, message: Message, kind: str = "message") -> None:
        if self._visible(message):
            message.sender.seen_by_bot = True
            self.office.mail.push(kind, message.as_dict(), ("message", message.room.id))

    def tap(self, person: Person, message: Message, data: str | None) -> Query:
        query = self.office.world.ask(person, data)
        person.seen_by_bot = True
        gone = {"chat": message.room.as_dict(), "message_id": message.id, "date": 0}
        body = {
            "id": query.id,
            "from": person.as_dict(),
            "message": gone if message.deleted else message.as_dict(),
            "chat_instance": str(7_000_000_000_000 + abs(message.room.id)),
            "data": data,
        }
        self.office.mail.push("callback_query", body, ("tap", person.id), TAP_LIVES)
        return query

    def stand(self, room: Room, by: Person, standing: Standing) -> None:
        """The bot's standing in a chat changes; it is told by my_chat_member."""
        before, room.bot = room.bot or Standing.LEFT, standing
        by.seen_by_bot = True
        bot = self.office.world.bot.as_dict()
        body = {
            "chat": room.as_dict(),
            "from": by.as_dict(),
            "date": self.office.world.clock.date(),
            "old_chat_member": member_dict(bot, before),
            "new_chat_member": member_dict(bot, standing),
        }
        self.office.mail.push("my_chat_member", body, ("standing", room.id))

    async def _show_later(self, message: Message, late: float) -> None:
        await self.office.world.clock.sleep(late)
        self.show(message)
        self.office.world.changed.fire()

    def _visible(self, message: Message) -> bool:
        room, world = message.room, self.office.world
        if room.private:
            return room.bot is Standing.MEMBER
        if room.bot not in PRESENT or (room.migrated_to is not None and not message.is_service):
            return False
        open_to_all = not world.privacy or room.bot is Standing.ADMINISTRATOR or message.is_service
        return open_to_all or self._meant_for_bot(message)

    def _meant_for_bot(self, message: Message) -> bool:
        if message.reply_to and message.reply_to.sender is self.office.world.bot:
            return True
        if not message.words.startswith("/"):
            return False
        name = message.words.split(maxsplit=1)[0].partition("@")[2]
        return not name or name.lower() == (self.office.world.bot.username or "").lower()
