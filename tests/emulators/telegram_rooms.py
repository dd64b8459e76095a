"""People, chats and messages: what there is to see on a phone."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count

from tests.emulators.telegram_clock import Signal
from tests.emulators.telegram_errors import JSON, Refused, bad_request, forbidden, upgraded
from tests.emulators.telegram_markup import Button, Rows, every_button, inline_rows, keyboard_rows

SERVICE = {
    *("new_chat_members", "left_chat_member", "group_chat_created", "supergroup_chat_created"),
    *("migrate_to_chat_id", "migrate_from_chat_id", "pinned_message", "new_chat_title"),
    *("forum_topic_created", "forum_topic_closed"),
}
FIRST_SUPERGROUP = -1_000_000_000_000


class Kind(StrEnum):
    PRIVATE = "private"
    GROUP = "group"
    SUPERGROUP = "supergroup"


class Standing(StrEnum):
    """What somebody is in a chat; in a private chat a bot that was blocked is `kicked`."""

    CREATOR = "creator"
    ADMINISTRATOR = "administrator"
    MEMBER = "member"
    LEFT = "left"
    KICKED = "kicked"


PRESENT = {Standing.CREATOR, Standing.ADMINISTRATOR, Standing.MEMBER}


@dataclass(slots=True, eq=False)
class Person:
    id: int
    first_name: str
    last_name: str | None = None
    username: str | None = None
    language_code: str | None = None
    is_bot: bool = False
    deactivated: bool = False
    seen_by_bot: bool = False

    def as_dict(self) -> JSON:
        names = {"last_name": self.last_name, "username": self.username, "language_code": self.language_code}
        known = {key: value for key, value in names.items() if value}
        return {"id": self.id, "is_bot": self.is_bot, "first_name": self.first_name} | known


@dataclass(slots=True, eq=False)
class Message:
    """One message, as it stands now; `edits` counts how often it was changed."""

    id: int
    room: "Room"
    sender: Person
    date: int
    sent_at: float
    content: JSON
    reply_to: "Message | None" = None
    markup: JSON | None = None
    extra: JSON = field(default_factory=dict)
    edits: int = 0
    edit_date: int | None = None
    deleted: bool = False
    earlier_markups: list[JSON] = field(default_factory=list)

    @property
    def message_id(self) -> int:
        return self.id

    @property
    def from_bot(self) -> bool:
        return self.sender.is_bot

    @property
    def text(self) -> str | None:
        return self.content.get("text")

    @property
    def caption(self) -> str | None:
        return self.content.get("caption")

    @property
    def words(self) -> str:
        """What can be read: the text, or the caption."""
        return self.text or self.caption or ""

    @property
    def photos(self) -> list[str]:
        """File ids: of the photo in its largest size, or none."""
        sizes = self.content.get("photo")
        return [sizes[-1]["file_id"]] if sizes else []

    @property
    def media_group_id(self) -> str | None:
        return self.content.get("media_group_id")

    @property
    def is_service(self) -> bool:
        return bool(SERVICE & self.content.keys())

    @property
    def buttons(self) -> Rows:
        return inline_rows(self.markup)

    @property
    def labels(self) -> list[str]:
        return [button.text for button in every_button(self.buttons)]

    @property
    def keyboard(self) -> Rows:
        """The reply keyboard this message brought along."""
        return keyboard_rows(self.markup)

    @property
    def force_reply(self) -> bool:
        return bool((self.markup or {}).get("force_reply"))

    def button(self, name: str, *, even_gone: bool = False) -> Button | None:
        """The button with this label or callback data; `even_gone` looks at earlier keyboards as well."""
        markups = [self.markup, *(reversed(self.earlier_markups) if even_gone else [])]
        for markup in markups:
            for button in every_button(inline_rows(markup)):
                if button.answers_to(name):
                    return button
        return None

    def change(self, content: JSON, markup: JSON | None, date: int) -> None:
        if self.markup and self.markup != markup:
            self.earlier_markups.append(self.markup)
        self.content, self.markup = content, markup
        self.edits += 1
        self.edit_date = date

    def as_dict(self, *, nested: bool = False) -> JSON:
        body: JSON = {
            "message_id": self.id,
            "from": self.sender.as_dict(),
            "chat": self.room.as_dict(),
            "date": self.date,
        }
        body |= self.content | self.extra
        if self.edit_date:
            body["edit_date"] = self.edit_date
        if self.reply_to and not nested:
            body["reply_to_message"] = self.reply_to.as_dict(nested=True)
        if self.markup and "inline_keyboard" in self.markup:
            body["reply_markup"] = self.markup
        return body


@dataclass(slots=True, eq=False)
class Room:
    """A chat: private or a group. `bot` is the bot's standing in it; None says it was never here."""

    id: int
    kind: Kind
    title: str | None = None
    person: Person | None = None
    bot: Standing | None = None
    bot_may_write: bool = True
    members: dict[int, Standing] = field(default_factory=dict)
    history: list[Message] = field(default_factory=list)
    migrated_to: int | None = None
    keyboard: Rows = field(default_factory=list)
    by_id: dict[int, Message] = field(default_factory=dict)
    changed: Signal = field(default_factory=Signal)
    next_ids: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def private(self) -> bool:
        return self.kind is Kind.PRIVATE

    @property
    def messages(self) -> list[Message]:
        return [message for message in self.history if not message.deleted]

    def find(self, message_id: int) -> Message | None:
        message = self.by_id.get(message_id)
        return None if message is None or message.deleted else message

    def as_dict(self) -> JSON:
        if self.person is None:
            return {"id": self.id, "type": self.kind.value, "title": self.title}
        names = self.person.as_dict()
        shown = {key: names[key] for key in ("first_name", "last_name", "username") if key in names}
        return {"id": self.id, "type": self.kind.value} | shown

    def refusal(self) -> Refused | None:
        """Why the bot may not act here, if so."""
        if self.migrated_to is not None:
            return upgraded(self.migrated_to)
        if self.person is not None:
            return self._private_refusal(self.person)
        if self.bot is None:
            return bad_request("chat not found")
        if self.bot is Standing.KICKED:
            return forbidden(f"bot was kicked from the {self.kind} chat")
        if self.bot is Standing.LEFT:
            return forbidden(f"bot is not a member of the {self.kind} chat")
        return None

    def _private_refusal(self, person: Person) -> Refused | None:
        if person.deactivated:
            return forbidden("user is deactivated")
        if self.bot is Standing.KICKED:
            return forbidden("bot was blocked by the user")
        if self.bot is None:
            unknown = bad_request("chat not found")
            return forbidden("bot can't initiate conversation with a user") if person.seen_by_bot else unknown
        return None
