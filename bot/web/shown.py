"""A message of the log as the page gets it: what is to be seen, and nothing of how it is handled."""

from __future__ import annotations

from typing import Any

from itsdangerous import BadSignature, URLSafeSerializer

from bot.web.channel import BOT, ME
from models.web import WebMessage

Shown = dict[str, Any]


class Links:
    """Links to photos: each names the chat it was shown in, signed, so that access can be checked there."""

    def __init__(self, key: str) -> None:
        self._signer = URLSafeSerializer(key, salt="wubu.web.media")

    def to(self, chat: str, photo: int | str) -> str:
        """A link to an attachment by its id, or to an upload by its path."""
        return f"/web/media/{self._signer.dumps([chat, photo])}"

    def read(self, name: str) -> tuple[str, int | str] | None:
        """The chat and the photo of a link's last part; None when it is not one of ours."""
        try:
            chat, photo = self._signer.loads(name)
        except (BadSignature, ValueError, TypeError):
            return None
        return chat, photo


def shown(message: WebMessage, links: Links) -> Shown:
    """For the page; `sender` is 'bot', 'me' or a staff account."""
    body = message.body
    common = {
        "id": message.id,
        "chat": message.chat,
        "changed": message.changed,
        "at": message.at.isoformat(),
        "sender": message.sender,
        "text": body.get("text", ""),
    }
    return common | (_sent(message, links) if message.sender == BOT else _own(message, links))


def _sent(message: WebMessage, links: Links) -> Shown:
    body = message.body
    return {
        "title": body.get("title", ""),
        "buttons": [row for row in body.get("buttons", ()) if row],
        "photos": [links.to(message.chat, picture["attachment"]) for picture in body.get("pictures", ())],
        "ticket": body.get("ticket"),
        "edited": body.get("edited"),
    }


def _own(message: WebMessage, links: Links) -> Shown:
    body = message.body
    return {
        "name": "" if message.sender == ME else body.get("name", ""),
        "photos": [links.to(message.chat, path) for path in body.get("files", ())],
        "key": body["key"],
        "state": body.get("state", ""),
        "tapped": body.get("tapped") or None,
        "reply_to": body.get("reply_to") or None,
    }
