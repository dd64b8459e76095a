"""People with phones: they write, tap, send photos, share contacts and block the bot."""

import random
from collections.abc import Sequence

from tests.emulators.telegram_errors import JSON
from tests.emulators.telegram_files import sample_photo
from tests.emulators.telegram_group import Group
from tests.emulators.telegram_line import Line
from tests.emulators.telegram_markup import every_button
from tests.emulators.telegram_profile import scope_key
from tests.emulators.telegram_rooms import Message, Person, Room, Standing
from tests.emulators.telegram_screen import Screen, Target
from tests.emulators.telegram_text import found_entities, split_by_the_phone
from tests.emulators.telegram_world import Query, Toast

OWN = -1


class NoSuchButton(LookupError):
    """The thumb looked for a button that is not on the screen."""


class User(Screen):
    """Somebody with a phone. Without `chat` everything happens in the private chat with the bot."""

    def __init__(self, line: Line, person: Person, room: Room) -> None:
        super().__init__(line, room)
        self.person = person
        self._pictures = random.Random(person.id)

    @property
    def toasts(self) -> list[Toast]:
        """The answers to this person's taps, oldest first."""
        return [toast for person, toast in self.line.office.world.toasts if person == self.person.id]

    async def start(self, payload: str | None = None) -> Message:
        if self.room.bot is Standing.KICKED:
            await self.unblock()
        return await self.send(f"/start {payload}" if payload else "/start")

    async def send(self, text: str, *, chat: Group | None = None, reply_to: Target = None) -> Message:
        """Write a text; a long one leaves as several messages, of which the first is returned."""
        messages = [
            self._say({"text": part} | _entities(part, "entities"), chat, reply_to)
            for part in split_by_the_phone(text)
        ]
        return messages[0]

    async def send_photo(
        self,
        content: bytes | None = None,
        *,
        caption: str | None = None,
        chat: Group | None = None,
        reply_to: Target = None,
    ) -> Message:
        return self._say({"photo": self._photo(content)} | _caption(caption), chat, reply_to)

    async def send_album(
        self,
        photos: Sequence[bytes | None] | int,
        *,
        caption: str | None = None,
        shuffled: bool = False,
        late: float = 0.0,
        chat: Group | None = None,
    ) -> list[Message]:
        """Several photos at once, the caption on the first. `shuffled`: their updates come in another order;
        `late`: the update of the last to come is held up so many (emulated) seconds."""
        pictures = [None] * photos if isinstance(photos, int) else list(photos)
        group = {"media_group_id": self.line.office.world.new_media_group()}
        contents = [{"photo": self._photo(picture)} | group for picture in pictures]
        contents[0] |= _caption(caption)
        room = self._enter(chat)
        messages = [self.line.office.world.post(room, self.person, content) for content in contents]
        for index, message in enumerate(order := self._order(messages, shuffled)):
            self.line.show_after(message, late if index == len(order) - 1 else 0.0)
        return messages

    async def send_document(
        self,
        content: bytes = b"%PDF-1.7",
        *,
        name: str = "file.pdf",
        mime_type: str | None = "application/pdf",
        size: int | None = None,
        caption: str | None = None,
        chat: Group | None = None,
    ) -> Message:
        """A document; `size` lets it be as large as it says without being it."""
        files = self.line.office.world.files
        stored = files.store("document", content, name=name, mime_type=mime_type, size=size)
        return self._say({"document": stored.as_content()} | _caption(caption), chat, None)

    async def send_contact(
        self,
        phone: str,
        *,
        user_id: int | None = OWN,
        first_name: str | None = None,
        chat: Group | None = None,
        reply_to: Target = None,
    ) -> Message:
        """A contact: one's own unless `user_id` says whose; None for somebody who is not on Telegram."""
        owner = self.person.id if user_id == OWN else user_id
        contact = {"phone_number": phone, "first_name": first_name or self.person.first_name}
        return self._say({"contact": contact | ({"user_id": owner} if owner else {})}, chat, reply_to)

    async def send_location(
        self, latitude: float = 30.25, longitude: float = 120.15, *, chat: Group | None = None
    ) -> Message:
        return self._say({"location": {"latitude": latitude, "longitude": longitude}}, chat, None)

    async def send_sticker(self, *, chat: Group | None = None) -> Message:
        return self._send_file("sticker", None, chat)

    async def send_voice(self, *, caption: str | None = None, chat: Group | None = None) -> Message:
        return self._send_file("voice", caption, chat)

    async def send_video(self, *, caption: str | None = None, chat: Group | None = None) -> Message:
        return self._send_file("video", caption, chat)

    async def send_video_note(self, *, chat: Group | None = None) -> Message:
        return self._send_file("video_note", None, chat)

    async def send_raw(self, content: JSON, *, chat: Group | None = None, reply_to: Target = None) -> Message:
        """A message with any content at all, known to the Bot API or not."""
        return self._say(content, chat, reply_to)

    async def edit(self, message: Message | int, text: str, *, chat: Group | None = None) -> Message:
        """Change the text, or the caption, of one's own message."""
        found = self._message(self._room(chat), message)
        key, entities = ("text", "entities") if "text" in found.content else ("caption", "caption_entities")
        content = {name: value for name, value in found.content.items() if name not in (key, entities)}
        self.line.office.world.change(found, content | {key: text} | _entities(text, entities), found.markup)
        self.line.show(found, "edited_message")
        return found

    async def delete(self, message: Message | int, *, chat: Group | None = None) -> None:
        """Remove a message from the chat; Telegram does not tell bots about that."""
        self.line.office.world.delete(self._message(self._room(chat), message))

    async def tap(
        self, button: str, message: Target = None, *, chat: Group | None = None, forged: bool = False
    ) -> "Tap":
        """Tap an inline button by its label or callback data, on the last message that has it.

        With `message` it is tapped on that one, even if its button is gone by now or the message deleted: a
        phone may still show it. `forged` sends `button` as callback data, be there such a button or not.
        """
        room = self._room(chat)
        if forged:
            return Tap(self, self.line.tap(self.person, self._message(room, message), button))
        found = self._with_button(room, button, message)
        pressed = found.button(button, even_gone=message is not None)
        assert pressed is not None
        return Tap(self, self.line.tap(self.person, found, pressed.data))

    async def press(self, label: str, *, phone: str = "+8613800000000") -> Message:
        """Press a key of the reply keyboard: sends its text, or what it asks for."""
        for key in every_button(self.room.keyboard):
            if key.text == label:
                if key.request_contact:
                    return await self.send_contact(phone)
                return await (self.send_location() if key.request_location else self.send(label))
        raise NoSuchButton(f"no key {label!r} among {self.room.keyboard}")

    async def block(self) -> None:
        self.line.stand(self.room, self.person, Standing.KICKED)

    async def unblock(self) -> None:
        self.line.stand(self.room, self.person, Standing.MEMBER)

    async def delete_account(self) -> None:
        self.person.deactivated = True

    async def join(self, group: Group) -> None:
        group.room.members[self.id] = Standing.MEMBER
        self.line.post(group.room, self.person, {"new_chat_members": [self.person.as_dict()]})

    async def leave(self, group: Group) -> None:
        group.room.members[self.id] = Standing.LEFT
        self.line.post(group.room, self.person, {"left_chat_member": self.person.as_dict()})

    def commands(self, chat: Group | None = None) -> list[str]:
        """The command menu this person is offered here, by the order of scopes of setMyCommands."""
        kept = self.line.office.profile.commands
        for scope in self._scopes(self._room(chat)):
            for language in ((self.person.language_code or "").partition("-")[0], ""):
                if (scope, language) in kept:
                    return [command["command"] for command in kept[scope, language]]
        return []

    def _scopes(self, room: Room) -> list[str]:
        here: JSON = {"chat_id": room.id}
        leads = room.members.get(self.id) in (Standing.CREATOR, Standing.ADMINISTRATOR)
        scopes: list[JSON] = [] if room.private else [{"type": "chat_member", "user_id": self.id} | here]
        scopes += [{"type": "chat_administrators"} | here] if leads else []
        scopes += [{"type": "chat"} | here]
        scopes += [{"type": "all_chat_administrators"}] if leads else []
        scopes += [{"type": "all_private_chats" if room.private else "all_group_chats"}, {"type": "default"}]
        return [scope_key(scope) for scope in scopes]

    def _room(self, chat: Group | None) -> Room:
        return chat.room if chat else self.room

    def _enter(self, chat: Group | None) -> Room:
        """The chat to write in: a group that has moved is followed, a blocked bot cannot be written to."""
        if chat:
            room = self.line.office.world.rooms[chat.room.migrated_to or chat.id]
            room.members.setdefault(self.id, Standing.MEMBER)
            return room
        if self.room.bot is Standing.KICKED:
            raise RuntimeError(f"{self.person.first_name} has blocked the bot and cannot write to it")
        self.room.bot = Standing.MEMBER
        return self.room

    def _say(self, content: JSON, chat: Group | None, reply_to: Target) -> Message:
        room = self._enter(chat)
        target = None if reply_to is None else self._message(room, reply_to)
        return self.line.post(room, self.person, content, target)

    def _send_file(self, kind: str, caption: str | None, chat: Group | None) -> Message:
        stored = self.line.office.world.files.store(kind, kind.encode())
        return self._say({kind: stored.as_content()} | _caption(caption), chat, None)

    def _photo(self, content: bytes | None) -> object:
        picture = sample_photo(self._pictures.randrange(1000)) if content is None else content
        return self.line.office.world.files.store("photo", picture).as_content()

    def _order(self, messages: list[Message], shuffled: bool) -> list[Message]:
        order = list(messages)
        while shuffled and len(order) > 1 and order == messages:
            self._pictures.shuffle(order)
        return order

    def _message(self, room: Room, message: Target) -> Message:
        if isinstance(message, Message):
            return message
        number = message if message is not None else room.messages[-1].id
        return room.by_id[number]

    def _with_button(self, room: Room, button: str, message: Target) -> Message:
        if message is not None:
            candidates = [self._message(room, message)]
        else:
            candidates = [candidate for candidate in reversed(room.messages) if candidate.from_bot]
        for candidate in candidates:
            if candidate.button(button, even_gone=message is not None):
                return candidate
        shown = [candidate.labels for candidate in candidates if candidate.labels]
        raise NoSuchButton(f"no button {button!r}; on the screen: {shown}")


class Tap:
    """A tap that was made; its answer may come."""

    def __init__(self, user: User, query: Query) -> None:
        self.user = user
        self.query = query

    @property
    def toast(self) -> Toast | None:
        return self.query.toast

    async def answered(self, timeout: float = 5.0) -> Toast:
        """The bot's answer to this tap; TimeoutError when it leaves the phone spinning."""
        return await self.query.answered.until(
            lambda: self.query.toast, timeout, lambda: f"the tap on {self.query.data!r} was never answered"
        )


def _entities(text: str, key: str) -> JSON:
    found = found_entities(text)
    return {key: found} if found else {}


def _caption(caption: str | None) -> JSON:
    return {"caption": caption} | _entities(caption, "caption_entities") if caption else {}
