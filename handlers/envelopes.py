"""What arrives from a channel and what leaves for one: the same shapes, whichever channel it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a channel can do. `text_limit` counts UTF-16 units; `inline_edits` changes a sent message."""

    name: str = "plain"
    buttons: bool = True
    edits: bool = True
    push: bool = True
    groups: bool = True
    contact: bool = False
    text_limit: int = 4096


class Kind(StrEnum):
    """What can arrive."""

    TEXT = "text"
    TAP = "tap"
    PHOTO = "photo"
    FILE = "file"
    CONTACT = "contact"
    LOCATION = "location"
    UNFIT = "unfit"
    EDIT = "edit"
    BLOCKED = "blocked"
    UNBLOCKED = "unblocked"
    JOINED = "joined"
    REMOVED = "removed"
    MIGRATED = "migrated"


@dataclass(frozen=True, slots=True)
class Media:
    """A file a person sent: `source` fetches it on its channel, `album` joins what was sent together."""

    source: str
    kind: str = "photo"
    size: int | None = None
    mime: str | None = None
    album: str = ""


@dataclass(frozen=True, slots=True)
class Inbound:
    """One thing that arrived.

    `key` is unique for (channel, bot): the same key is the same message. `ref` is the message's id in its
    chat, `reply_to` the id of the message it answers. `tap` is the button's data and `tapped` the id of the
    message with the button. `strange` names what unfit thing came ('sticker', 'voice', 'too_large').
    """

    channel: str
    bot: str
    chat: str
    account: str
    key: str
    kind: Kind
    text: str = ""
    ref: str = ""
    reply_to: str = ""
    group: bool = False
    name: str = ""
    language: str = ""
    media: Media | None = None
    phone: str = ""
    tap: str = ""
    tapped: str = ""
    strange: str = ""
    moved_to: str = ""
    title: str = ""
    raw: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Button:
    """`style` is 'plain', 'primary' or 'danger'; a channel without styles ignores it."""

    label: str
    data: str
    style: str = "plain"
    url: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """A photo to be shown: the attachment's id, and where it came from, to be reused on that channel."""

    attachment: int
    channel: str = ""
    bot: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message for people: plain words with structure; the channel adds the emphasis.

    `title` is shown strong above the text. `ticket` is the ticket the message is about, so that a reply to
    it is understood. `replace` names a message of the chat that becomes this one where edits are possible.
    """

    text: str
    title: str = ""
    buttons: tuple[tuple[Button, ...], ...] = ()
    pictures: tuple[Picture, ...] = ()
    contact: str = ""
    ticket: int | None = None
    replace: str = ""
    mention: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As it is stored; written out by hand since every message passes here."""
        return {
            "text": self.text,
            "title": self.title,
            "buttons": [
                [{"label": one.label, "data": one.data, "style": one.style, "url": one.url} for one in row]
                for row in self.buttons
            ],
            "pictures": [asdict(one) for one in self.pictures],
            "contact": self.contact,
            "ticket": self.ticket,
            "replace": self.replace,
            "mention": list(self.mention),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Outgoing:
        return cls(
            text=stored["text"],
            title=stored.get("title", ""),
            buttons=tuple(tuple(Button(**one) for one in row) for row in stored.get("buttons", ())),
            pictures=tuple(Picture(**one) for one in stored.get("pictures", ())),
            contact=stored.get("contact", ""),
            ticket=stored.get("ticket"),
            replace=stored.get("replace", ""),
            mention=tuple(stored.get("mention", ())),
        )


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the sender of an inbound message gets back: replies in order, and a remark on a tap.

    `repeated` says that the message had been handled before, `queued` that the replies wait in the outbox,
    `posted` that something was put there for anybody.
    """

    replies: tuple[Outgoing, ...] = ()
    hint: str = ""
    repeated: bool = False
    queued: bool = False
    posted: bool = False

    def to_json(self) -> dict[str, Any]:
        queued = {"queued": True} if self.queued else {}
        return {"replies": [reply.to_json() for reply in self.replies], "hint": self.hint, **queued}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Receipt:
        replies = tuple(Outgoing.from_json(one) for one in stored.get("replies", ()))
        return cls(replies, stored.get("hint", ""), repeated=True, queued=stored.get("queued", False))
