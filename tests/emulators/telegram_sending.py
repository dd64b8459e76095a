"""The bot writes: texts, photos, albums, files, contacts."""

from tests.emulators.telegram_calls import Params
from tests.emulators.telegram_errors import JSON, bad_request
from tests.emulators.telegram_markup import check_markup
from tests.emulators.telegram_office import Method, Office
from tests.emulators.telegram_rooms import Message, Room
from tests.emulators.telegram_text import CAPTION_LIMIT, TEXT_LIMIT, Formatted, formatted, units

IN_ALBUMS = {"photo", "video", "document", "audio"}
FILE_KINDS = ("photo", "document", "video", "animation", "audio", "voice", "video_note", "sticker")


def read_text(params: Params) -> Formatted:
    """The text of a message: present, within 4096 units, its entities inside it."""
    source = params.text("text")
    if not source:
        raise bad_request("message text is empty")
    words = formatted(source, params.objects("entities"), params.text("parse_mode") or None)
    if not words.text.strip():
        raise bad_request("text must be non-empty")
    if units(words.text) > TEXT_LIMIT:
        raise bad_request("message is too long")
    return words


def read_caption(params: Params) -> JSON:
    return caption_fields(
        params.text("caption"), params.objects("caption_entities"), params.text("parse_mode") or None
    )


def caption_fields(source: str, entities: list[JSON] | None, parse_mode: str | None) -> JSON:
    """A caption within 1024 units, as the fields of a message; none when it is empty."""
    words = formatted(source, entities, parse_mode)
    if units(words.text) > CAPTION_LIMIT:
        raise bad_request("message caption is too long")
    return words.as_fields("caption", "caption_entities") if words.text else {}


def send_message(office: Office, params: Params) -> JSON:
    room = office.room(params)
    content = read_text(params).as_fields("text", "entities")
    return _send(office, params, room, content)


def send_file(kind: str) -> Method:
    def send(office: Office, params: Params) -> JSON:
        room = office.room(params)
        caption = read_caption(params)
        stored = office.world.files.receive(kind, params.file(kind))
        return _send(office, params, room, {kind: stored.as_content()} | caption)

    return send


def send_contact(office: Office, params: Params) -> JSON:
    room = office.room(params)
    contact = {name: params.text(name) for name in ("phone_number", "first_name", "last_name")}
    if not contact["phone_number"] or not contact["first_name"]:
        raise bad_request("contact phone number and first name must be non-empty")
    return _send(office, params, room, {"contact": {key: value for key, value in contact.items() if value}})


def send_location(office: Office, params: Params) -> JSON:
    room = office.room(params)
    try:
        place = {name: float(params.text(name)) for name in ("latitude", "longitude")}
    except ValueError:
        raise bad_request("bad latitude or longitude") from None
    return _send(office, params, room, {"location": place})


def send_media_group(office: Office, params: Params) -> list[JSON]:
    """An album of 2 to 10 items, which cannot have buttons."""
    room = office.room(params)
    media = params.objects("media") or []
    if not 2 <= len(media) <= 10:
        few = "there are not enough messages to send as an album"
        raise bad_request("too many messages to send as an album" if media[10:] else few)
    if params.structure("reply_markup"):
        raise bad_request("reply markup can't be used in an album")
    _check_mixture({str(item.get("type")) for item in media})
    contents = [read_media(office, params, item) for item in media]
    reply_to = office.reply_target(room, params)
    refuse_silenced(room)
    office.spend(room, params.method, cost=len(contents))
    group = {"media_group_id": office.world.new_media_group()}
    posted = [
        office.world.post(room, office.world.bot, content | group, reply_to, extra=_extra(params))
        for content in contents
    ]
    return [message.as_dict() for message in posted]


def read_media(office: Office, params: Params, item: JSON) -> JSON:
    """One InputMedia as the content of a message."""
    kind = str(item.get("type"))
    if kind not in FILE_KINDS:
        raise bad_request(f"can't parse InputMedia: type {kind} is unsupported")
    source = params.attached(item.get("media"), "media")
    caption = caption_fields(
        str(item.get("caption") or ""), item.get("caption_entities"), item.get("parse_mode")
    )
    return {kind: office.world.files.receive(kind, source).as_content()} | caption


def copy_message(office: Office, params: Params) -> JSON:
    original = _original(office, params)
    room = office.room(params)
    content = {key: value for key, value in original.content.items() if key != "media_group_id"}
    return {"message_id": _send(office, params, room, content)["message_id"]}


def forward_message(office: Office, params: Params) -> JSON:
    original = _original(office, params)
    room = office.room(params)
    origin = {"type": "user", "date": original.date, "sender_user": original.sender.as_dict()}
    return _send(office, params, room, original.content | {"forward_origin": origin})


def send_chat_action(office: Office, params: Params) -> bool:
    room = office.room(params)
    office.meter.refuse_banned(room.id, params.method)
    if not params.text("action"):
        raise bad_request("wrong parameter action in request")
    return True


def refuse_silenced(room: Room) -> None:
    if not room.bot_may_write:
        raise bad_request("not enough rights to send text messages to the chat")


def _send(office: Office, params: Params, room: Room, content: JSON) -> JSON:
    markup = check_markup(params.structure("reply_markup"), private=room.private)
    reply_to = office.reply_target(room, params)
    refuse_silenced(room)
    office.spend(room, params.method)
    return office.world.post(room, office.world.bot, content, reply_to, markup, _extra(params)).as_dict()


def _extra(params: Params) -> JSON:
    thread = params.integer("message_thread_id")
    extra: JSON = {"message_thread_id": thread, "is_topic_message": True} if thread else {}
    if params.flag("protect_content"):
        extra["has_protected_content"] = True
    return extra


def _original(office: Office, params: Params) -> Message:
    message = office.room(params, "from_chat_id").find(params.integer("message_id") or 0)
    if message is None:
        raise bad_request("message to copy not found")
    return message


def _check_mixture(kinds: set[str]) -> None:
    if not kinds <= IN_ALBUMS:
        raise bad_request("can't parse media: unsupported media type in an album")
    for lonely in ("document", "audio"):
        if lonely in kinds and len(kinds) > 1:
            raise bad_request(f"{lonely} can't be mixed with other media types")


SENDING: dict[str, Method] = {
    "sendMessage": send_message,
    "sendMediaGroup": send_media_group,
    "sendContact": send_contact,
    "sendLocation": send_location,
    "sendChatAction": send_chat_action,
    "copyMessage": copy_message,
    "forwardMessage": forward_message,
    **{f"send{''.join(word.title() for word in kind.split('_'))}": send_file(kind) for kind in FILE_KINDS},
}
