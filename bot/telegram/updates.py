"""What people do in Telegram, as the house understands it: an update in, an `Inbound` or nothing out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import Any, TypeAlias

from bot.telegram.payload import clean
from handlers.envelopes import Inbound, Kind, Media

NAME = "telegram"
WANTED = ("message", "edited_message", "callback_query", "my_chat_member")
MOST_BYTES = 20 * 1024 * 1024
"""The largest file a bot may download (Bot API, getFile)."""

Body: TypeAlias = Mapping[str, Any]
Arrived: TypeAlias = "partial[Inbound]"

_GROUPS = ("group", "supergroup")
_PRESENT = ("creator", "administrator", "member")
_UNFIT = (
    *("sticker", "voice", "video_note", "video", "animation", "audio", "poll", "dice", "game", "story"),
    *("checklist", "paid_media", "rich_message", "invoice", "giveaway", "giveaway_winners"),
)
_COMMAND = re.compile(r"/\w+@(\w+)(?=\s|$)", re.ASCII)


def inbound(update: object, *, bot: str, username: str = "") -> Inbound | None:
    """What an update of the bot with this id and username says; None when it says nothing to us.

    Never raises, whatever the JSON: what is missing or of the wrong type makes it None.
    """
    if not isinstance(update, dict) or not (number := _id(update.get("update_id"))):
        return None
    for kind in WANTED:
        body = update.get(kind)
        if isinstance(body, dict):
            arrived = partial(Inbound, channel=NAME, bot=bot, raw=update)
            return _read(kind, body, number, arrived, username)
    return None


def tap_id(tap: Inbound) -> str:
    """The callback query's id, under which the tap is answered."""
    return tap.key.partition(".")[2]


def _read(kind: str, body: Body, number: str, arrived: Arrived, username: str) -> Inbound | None:
    chat = _map(_map(body.get("message")).get("chat") if kind == "callback_query" else body.get("chat"))
    sender = _map(body.get("from"))
    if not _id(chat.get("id")) or chat.get("type") not in ("private", *_GROUPS):
        return None
    arrived = partial(
        arrived,
        chat=_id(chat.get("id")),
        account=_id(sender.get("id")),
        group=chat.get("type") in _GROUPS,
        name=_name(sender),
        language=_text(sender.get("language_code"), 16),
        title=_text(chat.get("title"), 200),
    )
    match kind:
        case "message":
            return _arrival(body, number, arrived) or _message(body, number, arrived, username)
        case "edited_message":
            return _edit(body, number, arrived)
        case "callback_query":
            return _tap(body, number, arrived)
        case _:
            return _standing(body, number, arrived)


def _message(body: Body, number: str, arrived: Arrived, username: str) -> Inbound | None:
    if not _from_a_person(body) or not (ref := _id(body.get("message_id"))):
        return None
    reply_to = _id(_map(body.get("reply_to_message")).get("message_id"))
    arrived = partial(arrived, key=f"{number}.{ref}", ref=ref, reply_to=reply_to)
    if isinstance(body.get("text"), str):
        said = _addressed(_text(body["text"]), username)
        return arrived(kind=Kind.TEXT, text=said) if said else None
    return _content(body, arrived)


def _content(body: Body, arrived: Arrived) -> Inbound | None:
    caption = _text(body.get("caption"))
    for name in _UNFIT:
        if name in body:
            return arrived(kind=Kind.UNFIT, strange=name, text=caption)
    if "contact" in body:
        return _contact(_map(body["contact"]), arrived)
    if "venue" in body:
        venue = _map(body["venue"])
        lines = (_text(venue.get("title")), _text(venue.get("address")))
        return arrived(kind=Kind.LOCATION, text="\n".join(filter(None, lines)))
    if "location" in body:
        return arrived(kind=Kind.LOCATION)
    if "photo" in body or "document" in body:
        return _file(body, caption, arrived)
    return arrived(kind=Kind.UNFIT, strange="unknown", text=caption) if caption else None


def _file(body: Body, caption: str, arrived: Arrived) -> Inbound | None:
    media = _media(body)
    if media is None:
        return None
    if (media.size or 0) > MOST_BYTES:
        return arrived(kind=Kind.UNFIT, strange="too_large", text=caption)
    kind = Kind.PHOTO if media.kind == "photo" else Kind.FILE
    return arrived(kind=kind, text=caption, media=media)


def _media(body: Body) -> Media | None:
    """The photo in its largest size, or the document; a document that is an image is a photo, too."""
    sizes = [size for size in _list(body.get("photo")) if isinstance(size, dict) and _source(size)]
    album = _text(body.get("media_group_id"), 64)
    if sizes:
        largest = max(sizes, key=lambda size: _amount(size.get("width")) * _amount(size.get("height")))
        return Media(_source(largest), size=_size(largest), album=album)
    document = _map(body.get("document"))
    if not _source(document):
        return None
    mime = _text(document.get("mime_type"), 100).lower() or None
    shown = mime is not None and mime.startswith("image/") and "svg" not in mime
    return Media(_source(document), "photo" if shown else "file", _size(document), mime, album)


def _contact(contact: Body, arrived: Arrived) -> Inbound:
    own = bool(_id(contact.get("user_id"))) and _id(contact["user_id"]) == arrived.keywords["account"]
    digits = "".join(filter(str.isdecimal, _text(contact.get("phone_number"), 40)))
    if own and digits.isascii() and 5 <= len(digits) <= 15:
        return arrived(kind=Kind.CONTACT, phone=f"+{digits}")
    return arrived(kind=Kind.UNFIT, strange="foreign_contact")


def _edit(body: Body, number: str, arrived: Arrived) -> Inbound | None:
    ref, when = _id(body.get("message_id")), _id(body.get("edit_date"))
    if not ref or not _from_a_person(body):
        return None
    words, media = body.get("text", body.get("caption")), _media(body)
    if media and (media.size or 0) > MOST_BYTES:
        media = None
    if not isinstance(words, str) and media is None:
        return None
    return arrived(kind=Kind.EDIT, key=f"{number}.{ref}.{when}", ref=ref, text=_text(words), media=media)


def _tap(query: Body, number: str, arrived: Arrived) -> Inbound | None:
    identity, data = _text(query.get("id"), 64), _text(query.get("data"), 64)
    tapped = _id(_map(query.get("message")).get("message_id"))
    if not (identity and data and tapped and arrived.keywords["account"]):
        return None
    return arrived(kind=Kind.TAP, key=f"{number}.{identity}", tap=data, tapped=tapped)


def _standing(change: Body, number: str, arrived: Arrived) -> Inbound | None:
    """The bot was blocked or unblocked by a person, or added to or removed from a group."""
    if not arrived.keywords["account"] or not _text(_map(change.get("new_chat_member")).get("status")):
        return None
    before, now = _present(change.get("old_chat_member")), _present(change.get("new_chat_member"))
    if not arrived.keywords["group"]:
        return arrived(kind=Kind.UNBLOCKED if now else Kind.BLOCKED, key=f"{number}.standing")
    if now == before:
        return None
    return arrived(kind=Kind.JOINED if now else Kind.REMOVED, key=f"{number}.standing")


def _arrival(body: Body, number: str, arrived: Arrived) -> Inbound | None:
    """What only the chat itself says: the group has a new address. `my_chat_member` says that we joined."""
    group, ref = arrived.keywords["group"], _id(body.get("message_id"))
    arrived = partial(arrived, account=arrived.keywords["account"] or arrived.keywords["chat"])
    if group and (moved_to := _id(body.get("migrate_to_chat_id"))):
        return arrived(kind=Kind.MIGRATED, key=f"{number}.{ref}", ref=ref, moved_to=moved_to)
    return None


def _present(member: object) -> bool:
    """In the chat, and allowed to write in it."""
    member = _map(member)
    if member.get("status") == "restricted":
        return member.get("is_member") is True and member.get("can_send_messages") is not False
    return member.get("status") in _PRESENT


def _from_a_person(body: Body) -> bool:
    """Neither a bot nor a channel speaking in a group, nor an anonymous administrator."""
    sender = _map(body.get("from"))
    return bool(_id(sender.get("id"))) and sender.get("is_bot") is not True and "sender_chat" not in body


def _addressed(text: str, username: str) -> str:
    """The text with our own name taken off the command; empty when it is a command to another bot.

    While our name is not known yet, every name is taken for ours.
    """
    command = _COMMAND.match(text)
    if command is None:
        return text
    if username and command[1].lower() != username.lower():
        return ""
    return text[: command.start(1) - 1] + text[command.end() :]


def _name(person: Body) -> str:
    return " ".join(filter(None, (_text(person.get("first_name")), _text(person.get("last_name")))))[:200]


def _source(file: Body) -> str:
    source = _text(file.get("file_id"))
    return source if len(source) <= 300 else ""


def _size(file: Body) -> int | None:
    return _amount(file.get("file_size")) or None


def _map(value: object) -> Body:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _text(value: object, most: int | None = None) -> str:
    return clean(value)[:most] if isinstance(value, str) else ""


def _amount(value: object) -> int:
    return max(value, 0) if type(value) is int else 0


def _id(value: object) -> str:
    """An id, a date, a number of Telegram's (at most 64 bits) as text; empty when it is none."""
    return str(value) if type(value) is int and -(2**63) <= value < 2**63 else ""
