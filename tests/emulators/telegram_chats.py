"""The bot asks about chats, members and files, and leaves."""

from itertools import count

from tests.emulators.telegram_calls import Params
from tests.emulators.telegram_errors import JSON, bad_request
from tests.emulators.telegram_office import Method, Office
from tests.emulators.telegram_rooms import PRESENT, Room, Standing

RIGHTS = (
    *("can_be_edited", "is_anonymous", "can_manage_chat", "can_delete_messages", "can_manage_video_chats"),
    *(
        "can_restrict_members",
        "can_promote_members",
        "can_change_info",
        "can_invite_users",
        "can_post_stories",
    ),
    *("can_edit_stories", "can_delete_stories", "can_pin_messages", "can_send_welcome_messages"),
)
GIFTS = ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels")
_topics = count(1001)


def get_chat(office: Office, params: Params) -> JSON:
    room = office.known_room(params)
    return room.as_dict() | {
        "accent_color_id": 0,
        "max_reaction_count": 11,
        "accepted_gift_types": dict.fromkeys(GIFTS, True),
    }


def get_chat_member(office: Office, params: Params) -> JSON:
    room = office.known_room(params)
    member = as_member(office, room, params.integer("user_id") or 0)
    if member is None:
        raise bad_request("member not found")
    return member


def get_chat_administrators(office: Office, params: Params) -> list[JSON]:
    room = office.room(params)
    leading = {Standing.CREATOR, Standing.ADMINISTRATOR}
    people = [user for user, standing in room.members.items() if standing in leading]
    people += [office.world.bot.id] if room.bot in leading else []
    return [member for user in people if (member := as_member(office, room, user))]


def get_chat_member_count(office: Office, params: Params) -> int:
    room = office.room(params)
    return sum(standing in PRESENT for standing in room.members.values()) + (room.bot in PRESENT)


def as_member(office: Office, room: Room, user_id: int) -> JSON | None:
    """A ChatMember of the Bot API; None for somebody nobody knows."""
    bot = office.world.bot
    person = bot if user_id == bot.id else office.world.people.get(user_id)
    if person is None:
        return None
    standing = room.bot if person is bot else room.members.get(user_id)
    return member_dict(person.as_dict(), standing or (Standing.MEMBER if room.private else Standing.LEFT))


def member_dict(user: JSON, standing: Standing) -> JSON:
    member: JSON = {"user": user, "status": standing.value}
    match standing:
        case Standing.CREATOR:
            return member | {"is_anonymous": False}
        case Standing.ADMINISTRATOR:
            return member | dict.fromkeys(RIGHTS, True) | {"is_anonymous": False, "can_be_edited": False}
        case Standing.KICKED:
            return member | {"until_date": 0}
        case _:
            return member


def get_file(office: Office, params: Params) -> JSON:
    return office.world.files.by_id(params.text("file_id")).as_file()


def leave_chat(office: Office, params: Params) -> bool:
    room = office.room(params)
    room.bot = Standing.LEFT
    office.world.changed.fire()
    return True


def create_forum_topic(office: Office, params: Params) -> JSON:
    room = office.room(params)
    office.spend(room, params.method)
    if room.private or not params.text("name"):
        raise bad_request("the chat is not a forum")
    return {"message_thread_id": next(_topics), "name": params.text("name"), "icon_color": 7322096}


def agree_in_chat(office: Office, params: Params) -> bool:
    office.room(params)
    return True


CHATS: dict[str, Method] = {
    "getChat": get_chat,
    "getChatMember": get_chat_member,
    "getChatAdministrators": get_chat_administrators,
    "getChatMemberCount": get_chat_member_count,
    "getFile": get_file,
    "leaveChat": leave_chat,
    "createForumTopic": create_forum_topic,
    "pinChatMessage": agree_in_chat,
    "unpinChatMessage": agree_in_chat,
    "setMessageReaction": agree_in_chat,
}
