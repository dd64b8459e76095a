"""What the bot says about itself: its commands by scope and language, its name, its descriptions."""

import json
import re

from tests.emulators.telegram_calls import Params
from tests.emulators.telegram_errors import JSON, bad_request
from tests.emulators.telegram_office import Method, Office

COMMAND = re.compile(r"[a-z0-9_]{1,32}")
SCOPES = {
    "default": (),
    "all_private_chats": (),
    "all_group_chats": (),
    "all_chat_administrators": (),
    "chat": ("chat_id",),
    "chat_administrators": ("chat_id",),
    "chat_member": ("chat_id", "user_id"),
}
LONGEST_WORDS = {"name": 64, "description": 512, "short_description": 120}


def get_me(office: Office, params: Params) -> JSON:
    return office.world.bot.as_dict() | {
        "can_join_groups": True,
        "can_read_all_group_messages": not office.world.privacy,
        "supports_inline_queries": False,
        "can_connect_to_business": False,
        "has_main_web_app": False,
    }


def set_my_commands(office: Office, params: Params) -> bool:
    commands = params.objects("commands")
    if commands is None:
        raise bad_request("can't parse commands: array expected")
    if len(commands) > 100:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    for command in commands:
        _check_command(command)
    office.profile.commands[_scope(office, params)] = commands
    return True


def get_my_commands(office: Office, params: Params) -> list[JSON]:
    return office.profile.commands.get(_scope(office, params), [])


def delete_my_commands(office: Office, params: Params) -> bool:
    office.profile.commands.pop(_scope(office, params), None)
    return True


def set_words(what: str) -> Method:
    def keep(office: Office, params: Params) -> bool:
        words = params.text(what)
        if len(words) > LONGEST_WORDS[what]:
            raise bad_request(f"BOT_{what.upper()}_TOO_LONG")
        office.profile.words[what, params.text("language_code")] = words
        return True

    return keep


def get_words(what: str) -> Method:
    def tell(office: Office, params: Params) -> JSON:
        words = office.profile.words
        found = words.get((what, params.text("language_code")), words.get((what, ""), ""))
        return {what: found}

    return tell


def set_chat_menu_button(office: Office, params: Params) -> bool:
    office.profile.menu_buttons[params.integer("chat_id")] = params.structure("menu_button") or {
        "type": "default"
    }
    return True


def get_chat_menu_button(office: Office, params: Params) -> JSON:
    buttons = office.profile.menu_buttons
    return buttons.get(params.integer("chat_id"), buttons.get(None, {"type": "commands"}))


def agree(office: Office, params: Params) -> bool:
    return True


def _scope(office: Office, params: Params) -> tuple[str, str]:
    scope = params.structure("scope") or {"type": "default"}
    needed = SCOPES.get(str(scope.get("type")))
    if needed is None or any(scope.get(name) is None for name in needed):
        raise bad_request("can't parse BotCommandScope: unsupported type or missing field")
    if "chat_id" in needed and int(scope["chat_id"]) not in office.world.rooms:
        raise bad_request("chat not found")
    return scope_key(scope), params.text("language_code")


def scope_key(scope: JSON) -> str:
    """A scope as a key: its type and, where it has them, chat and user, always in the same order."""
    names = ("type", *SCOPES[str(scope["type"])])
    return json.dumps({name: scope[name] if name == "type" else int(scope[name]) for name in names})


def _check_command(command: JSON) -> None:
    if not COMMAND.fullmatch(str(command.get("command", ""))):
        raise bad_request("BOT_COMMAND_INVALID")
    if not 1 <= len(str(command.get("description", ""))) <= 256:
        raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")


PROFILE: dict[str, Method] = {
    "getMe": get_me,
    "setMyCommands": set_my_commands,
    "getMyCommands": get_my_commands,
    "deleteMyCommands": delete_my_commands,
    "setMyName": set_words("name"),
    "getMyName": get_words("name"),
    "setMyDescription": set_words("description"),
    "getMyDescription": get_words("description"),
    "setMyShortDescription": set_words("short_description"),
    "getMyShortDescription": get_words("short_description"),
    "setChatMenuButton": set_chat_menu_button,
    "getChatMenuButton": get_chat_menu_button,
    "setMyDefaultAdministratorRights": agree,
    "logOut": agree,
    "close": agree,
}
