"""What arrives from a channel and what leaves for one: the same shapes, whichever channel it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

WAITING = "notice.waiting"
"""The notice of a form that tells somebody to write to us; it never leaves as a message."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a channel can do.

    `buttons`: under what is said in a conversation; without them options are numbered. `cards`: under what
    is pushed (a ticket's card, a notice), which some channels have without the former. `edits`: of what was
    sent. `push`: reaches a person who is not looking. `contact`: a button that shares one's own number.
    `passive`: the answer to a message travels in the response to its delivery, one message at most.
    `links`: a card gets a button that opens the ticket's page. `text_limit` is in UTF-8 bytes where `bytes`
    is set, else in UTF-16 units. `beckons`: a form tells who may not be written to that words wait for them.
    """

    name: str = "plain"
    buttons: bool = True
    cards: bool = True
    edits: bool = True
    push: bool = True
    groups: bool = True
    contact: bool = False
    passive: bool = False
    links: bool = False
    text_limit: int = 4096
    bytes: bool = False
    beckons: bool = False


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
    LEFT = "left"
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
    `notice` is the text key of what is told to somebody who did not ask, and `facts` its bare values, for
    channels that need a form filled in (WeChat's template messages). `choices` are the lines of the text
    that name what can be answered, with the answer each stands for, where there are no buttons.
    """

    text: str
    title: str = ""
    buttons: tuple[tuple[Button, ...], ...] = ()
    pictures: tuple[Picture, ...] = ()
    contact: str = ""
    ticket: int | None = None
    replace: str = ""
    mention: tuple[str, ...] = ()
    notice: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    choices: tuple[tuple[str, str], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As it is stored; written out by hand since every message passes here."""
        rare: dict[str, Any] = {}
        if self.notice:
            rare |= {"notice": self.notice, "facts": dict(self.facts)}
        if self.choices:
            rare["choices"] = [list(one) for one in self.choices]
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
            **rare,
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
            notice=stored.get("notice", ""),
            facts=stored.get("facts", {}),
            choices=tuple((line, answer) for line, answer in stored.get("choices", ())),
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
