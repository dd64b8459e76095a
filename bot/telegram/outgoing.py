"""What the house says, as calls of the Bot API; emphasis is in entities, so words are never markup."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from bot.telegram.updates import NAME
from handlers.cutting import cut, in_units, size
from handlers.envelopes import Button, Outgoing, Picture

TEXT_LIMIT = 4096
CAPTION_LIMIT = 1024
"""In UTF-16 units (Bot API, sendMessage and sendPhoto)."""

MOST_IN_ALBUM = 10
LONGEST_TITLE = 1000
_BELL = "\U0001f514"
_STYLES = ("primary", "danger", "success")

Fields: TypeAlias = dict[str, Any]
Named: TypeAlias = Callable[[Picture], str]
"""How the Bot API is told which photo is meant: a file id, or `attach://` and a part of the form."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the Bot API."""

    method: str
    fields: Mapping[str, Any]


def is_private(chat: str) -> bool:
    """People have positive ids, groups negative ones."""
    return not chat.startswith("-")


def split(message: Outgoing) -> tuple[Outgoing, ...]:
    """The message in parts of one call each: albums first, then the text, with the buttons at its end."""
    if _fits_one(message):
        return (message,)
    albums = [
        Outgoing("", pictures=message.pictures[at : at + MOST_IN_ALBUM], ticket=message.ticket)
        for at in range(0, len(message.pictures), MOST_IN_ALBUM)
    ]
    return (*albums, *_texts(message))


def post(chat: str, part: Outgoing, named: Named, *, clears: bool = False) -> Call:
    """The call that posts one part; `clears` takes an earlier keyboard away unless there are buttons."""
    fields: Fields = {"chat_id": int(chat)}
    if len(part.pictures) > 1:
        fields["media"] = [{"type": "photo", "media": named(one)} for one in part.pictures]
        return Call("sendMediaGroup", fields)
    if markup := _markup(chat, part, clears):
        fields["reply_markup"] = markup
    words, entities = _formatted(part)
    if part.pictures:
        fields["photo"] = named(part.pictures[0])
        return Call("sendPhoto", fields | _said("caption", words, "caption_entities", entities))
    return Call("sendMessage", fields | _text_fields(words, entities))


def edit_text(chat: str, message_id: str, message: Outgoing) -> Call:
    """The call that changes a posted text."""
    return Call("editMessageText", _target(chat, message_id, message) | _text_fields(*_formatted(message)))


def edit_caption(chat: str, message_id: str, message: Outgoing) -> Call:
    """The call that changes the words under a posted photo."""
    words, entities = _formatted(message)
    said = _said("caption", words, "caption_entities", entities)
    return Call("editMessageCaption", _target(chat, message_id, message) | said)


def fits_caption(message: Outgoing) -> bool:
    return _units(_formatted(message)[0]) <= CAPTION_LIMIT


def fits_text(message: Outgoing) -> bool:
    return _units(_formatted(message)[0]) <= TEXT_LIMIT


def reused(picture: Picture, bot: str) -> bool:
    """The photo came in through this very bot: its file id will do."""
    return bool(picture.source) and (picture.channel, picture.bot) == (NAME, bot)


def _fits_one(message: Outgoing) -> bool:
    if not message.pictures:
        return fits_text(message)
    words = message.text.strip() or message.title.strip() or message.buttons or message.contact
    if not words:
        return len(message.pictures) <= MOST_IN_ALBUM
    return len(message.pictures) == 1 and fits_caption(message)


def _texts(message: Outgoing) -> list[Outgoing]:
    title, text = message.title.strip(), message.text
    if _units(title) > LONGEST_TITLE:
        title, text = "", f"{title}\n{text}"
    room = TEXT_LIMIT - _units(_bells(message))
    pieces = cut(text, room, in_units, room - _units(title) - 1 if title else room) or [""]
    if not (title or pieces[0]):
        return []
    parts = [Outgoing(piece, ticket=message.ticket) for piece in pieces]
    parts[0] = replace(parts[0], title=title)
    parts[-1] = replace(parts[-1], buttons=message.buttons, contact=message.contact, mention=message.mention)
    return parts


def _formatted(message: Outgoing) -> tuple[str, list[Fields]]:
    """The words with the title in bold; a bell for each person to be called, which is a mention of them."""
    title, text = message.title.strip(), message.text.strip("\n").rstrip()
    words = "\n".join(filter(None, (title, text)))
    entities: list[Fields] = []
    if title:
        entities.append({"type": "bold", "offset": 0, "length": _units(title)})
    bells = _bells(message)
    for number, person in enumerate(_called(message)):
        offset = _units(words) + 1 + number * _units(_BELL)
        user = {"id": person, "is_bot": False, "first_name": _BELL}
        entities.append({"type": "text_mention", "offset": offset, "length": _units(_BELL), "user": user})
    return words + bells, entities


def _called(message: Outgoing) -> list[int]:
    return [int(person) for person in message.mention if person.isascii() and person.isdigit()]


def _bells(message: Outgoing) -> str:
    called = _called(message)
    return "\n" + _BELL * len(called) if called else ""


def _text_fields(words: str, entities: list[Fields]) -> Fields:
    return _said("text", words, "entities", entities) | {"link_preview_options": {"is_disabled": True}}


def _said(name: str, words: str, entities_name: str, entities: list[Fields]) -> Fields:
    said: Fields = {name: words} if words else {}
    return said | ({entities_name: entities} if entities else {})


def _target(chat: str, message_id: str, message: Outgoing) -> Fields:
    target: Fields = {"chat_id": int(chat), "message_id": int(message_id)}
    return target | ({"reply_markup": _inline(message)} if message.buttons else {})


def _markup(chat: str, part: Outgoing, clears: bool) -> Fields | None:
    """A message has one keyboard only: beside the request for a contact, buttons are keys with words."""
    if part.contact and is_private(chat):
        rows: list[list[Fields]] = [[{"text": part.contact, "request_contact": True}]]
        rows += [[{"text": button.label} for button in row] for row in part.buttons]
        return {"keyboard": rows, "resize_keyboard": True, "one_time_keyboard": True}
    if part.buttons:
        return _inline(part)
    return {"remove_keyboard": True} if clears else None


def _inline(message: Outgoing) -> Fields:
    return {"inline_keyboard": [[_button(button) for button in row] for row in message.buttons]}


def _button(button: Button) -> Fields:
    action = {"url": button.url} if button.url else {"callback_data": button.data}
    style = {"style": button.style} if button.style in _STYLES else {}
    return {"text": button.label, **action, **style}


def _units(text: str) -> int:
    return size(text, in_units)
