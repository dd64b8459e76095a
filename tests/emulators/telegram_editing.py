"""The bot changes what it wrote, takes it back, and answers taps."""

from tests.emulators.telegram_calls import Params
from tests.emulators.telegram_errors import JSON, bad_request
from tests.emulators.telegram_mail import TAP_LIVES
from tests.emulators.telegram_markup import check_markup
from tests.emulators.telegram_office import Method, Office
from tests.emulators.telegram_rooms import Message, Room, Standing
from tests.emulators.telegram_sending import FILE_KINDS, read_caption, read_media, read_text
from tests.emulators.telegram_world import Toast

TOAST_LIMIT = 200
DELETABLE_FOR = 48 * 3600.0
NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same "
    "as a current content and reply markup of the message"
)
QUERY_TOO_OLD = "query is too old and response timeout expired or query ID is invalid"
CAPTION = ("caption", "caption_entities")
TEXT = ("text", "entities")


def edit_text(office: Office, params: Params) -> JSON:
    room, message = _editable(office, params)
    words = read_text(params)
    if message.text is None:
        raise bad_request("there is no text in the message to edit")
    content = _without(message, TEXT) | words.as_fields("text", "entities")
    return _edit(office, params, room, message, content)


def edit_caption(office: Office, params: Params) -> JSON:
    room, message = _editable(office, params)
    caption = read_caption(params)
    if not message.content.keys() & set(FILE_KINDS):
        raise bad_request("there is no caption in the message to edit")
    return _edit(office, params, room, message, _without(message, CAPTION) | caption)


def edit_media(office: Office, params: Params) -> JSON:
    room, message = _editable(office, params)
    media = params.structure("media")
    if not isinstance(media, dict):
        raise bad_request("can't parse media: object expected")
    kept = {key: value for key, value in message.content.items() if key == "media_group_id"}
    return _edit(office, params, room, message, kept | read_media(office, params, media))


def edit_reply_markup(office: Office, params: Params) -> JSON:
    room, message = _editable(office, params)
    return _edit(office, params, room, message, message.content)


def delete_message(office: Office, params: Params) -> bool:
    room = office.room(params)
    message = room.find(params.integer("message_id") or 0)
    if message is None:
        raise bad_request("message to delete not found")
    _refuse_undeletable(office, room, message)
    office.world.delete(message)
    return True


def delete_messages(office: Office, params: Params) -> bool:
    room = office.room(params)
    for number in params.structure("message_ids") or []:
        message = room.find(int(number))
        if message:
            _refuse_undeletable(office, room, message)
            office.world.delete(message)
    return True


def answer_callback_query(office: Office, params: Params) -> bool:
    """Only within 150 seconds of the tap, in at most 200 characters."""
    text = params.text("text") or None
    if text and len(text) > TOAST_LIMIT:
        raise bad_request("MESSAGE_TOO_LONG")
    query = office.world.queries.get(params.text("callback_query_id"))
    if query is None or office.world.clock.seconds() - query.asked_at > TAP_LIVES:
        raise bad_request(QUERY_TOO_OLD)
    toast = Toast(query.id, query.data, text, params.flag("show_alert"), params.text("url") or None)
    office.world.answer(query, toast)
    return True


def _editable(office: Office, params: Params) -> tuple[Room, Message]:
    if params.text("inline_message_id"):
        raise bad_request("message to edit not found")
    room = office.room(params)
    number = params.integer("message_id")
    if not number:
        raise bad_request("message identifier is not specified")
    message = room.find(number)
    if message is None:
        raise bad_request("message to edit not found")
    if message.sender is not office.world.bot or message.is_service:
        raise bad_request("message can't be edited")
    return room, message


def _edit(office: Office, params: Params, room: Room, message: Message, content: JSON) -> JSON:
    markup = check_markup(params.structure("reply_markup"), private=room.private)
    if markup and ("inline_keyboard" not in markup or message.media_group_id):
        raise bad_request("message can't be edited")
    office.spend(room, params.method)
    if content == message.content and (markup or {}) == _inline(message):
        raise bad_request(NOT_MODIFIED)
    office.world.change(message, content, markup)
    return message.as_dict()


def _inline(message: Message) -> JSON:
    markup = message.markup or {}
    return markup if "inline_keyboard" in markup else {}


def _without(message: Message, keys: tuple[str, ...]) -> JSON:
    return {key: value for key, value in message.content.items() if key not in keys}


def _refuse_undeletable(office: Office, room: Room, message: Message) -> None:
    if office.world.clock.seconds() - message.sent_at > DELETABLE_FOR:
        raise bad_request("message can't be deleted for everyone")
    foreign = message.sender is not office.world.bot
    if foreign and not room.private and room.bot is not Standing.ADMINISTRATOR:
        raise bad_request("message can't be deleted")


EDITING: dict[str, Method] = {
    "editMessageText": edit_text,
    "editMessageCaption": edit_caption,
    "editMessageMedia": edit_media,
    "editMessageReplyMarkup": edit_reply_markup,
    "deleteMessage": delete_message,
    "deleteMessages": delete_messages,
    "answerCallbackQuery": answer_callback_query,
}
