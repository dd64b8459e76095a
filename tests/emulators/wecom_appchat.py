"""Groups that the app itself has made, where it can write and nobody can answer it.

WeCom docs: 应用推送消息.
"""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.emulators.tencent_clock import Signal
from tests.emulators.tencent_errors import JSON
from tests.emulators.wecom_app import Member
from tests.emulators.wecom_ask import Ask
from tests.emulators.wecom_contents import FROM_APPS_TO_CHATS, read_message
from tests.emulators.wecom_errors import NO_SUCH_CHAT, UNKNOWN_USER, Refused, bad_parameter
from tests.emulators.wecom_media import Media
from tests.emulators.wecom_screen import Screen

CHATID = re.compile(r"[0-9A-Za-z]{1,32}")
FEWEST = 2


class Chat(Screen):
    """A group the app has made."""

    def __init__(self, chatid: str, name: str, owner: str, userids: list[str], changed: Signal) -> None:
        super().__init__(name, changed)
        self.chatid = chatid
        self.owner = owner
        self.userids = userids

    def as_dict(self) -> JSON:
        return {"chatid": self.chatid, "name": self.title, "owner": self.owner, "userlist": self.userids}


@dataclass(slots=True)
class Chats:
    """All of them, by their ids."""

    media: Media
    changed: Signal
    members: Mapping[str, Member]
    by_id: dict[str, Chat] = field(default_factory=dict)

    def create(self, ask: Ask) -> JSON:
        given = ask.payload
        userids = self._userids(given.get("userlist"))
        if len(userids) < FEWEST:
            raise bad_parameter(f"userlist less than {FEWEST}")
        chatid = str(given.get("chatid") or secrets.token_hex(16))
        if not CHATID.fullmatch(chatid) or chatid in self.by_id:
            raise bad_parameter("chatid invalid or duplicated")
        owner = str(given.get("owner") or userids[0])
        self.by_id[chatid] = Chat(chatid, str(given.get("name") or "")[:50], owner, userids, self.changed)
        return {"chatid": chatid}

    def update(self, ask: Ask) -> JSON:
        chat, given = self._chat(ask.payload.get("chatid")), ask.payload
        gone = given.get("del_user_list") or []
        kept = [one for one in chat.userids if one not in gone]
        chat.userids = list(dict.fromkeys([*kept, *self._userids(given.get("add_user_list"))]))
        chat.title = str(given.get("name") or chat.title)[:50]
        chat.owner = str(given.get("owner") or chat.owner)
        return {}

    def get(self, ask: Ask) -> JSON:
        return {"chat_info": self._chat(ask.query.get("chatid")).as_dict()}

    def send(self, ask: Ask) -> JSON:
        chat = self._chat(ask.payload.get("chatid"))
        chat.show(read_message(ask.payload, FROM_APPS_TO_CHATS, self.media))
        return {}

    def _chat(self, chatid: object) -> Chat:
        chat = self.by_id.get(str(chatid or ""))
        if chat is None:
            raise Refused(NO_SUCH_CHAT)
        return chat

    def _userids(self, given: object) -> list[str]:
        asked = [str(one) for one in given] if isinstance(given, list) else []
        if any(userid not in self.members for userid in asked):
            raise Refused(UNKNOWN_USER)
        return list(dict.fromkeys(asked))
