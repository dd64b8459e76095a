"""The web chat as a channel: what is sent is written into the chat's log, and every open page shows it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from bot.channel import Gone, whole
from bot.media import MediaStore
from bot.web.live import Live
from handlers.envelopes import Capabilities, Outgoing
from models import web
from models.database import Database

BOT = "bot"
"""The sender of the desk's own messages; ME is the person whose private chat it is."""
ME = "me"


def is_group(chat: str) -> bool:
    """Whether an address is a group's: `repair@HPY`, not `resident:3`."""
    return "@" in chat


def utcnow() -> datetime:
    return datetime.now(UTC)


class WebChannel:
    """Posts and edits are rows; their ids are the row ids. See `models.web.WebMessage` for their order."""

    name = "web"
    bot = "web"
    capabilities = Capabilities("web", buttons=True, edits=True, push=True, groups=True, contact=False)

    def __init__(
        self,
        database: Database,
        store: MediaStore | None = None,
        *,
        live: Live | None = None,
        now: Callable[[], datetime] = utcnow,
    ) -> None:
        self.live = live or Live(database)
        self._database, self._store, self._now = database, store, now

    def split(self, message: Outgoing) -> tuple[Outgoing, ...]:
        return whole(message)

    async def send(self, chat: str, message: Outgoing) -> str:
        """Write a message at the end of a chat."""
        async with self._database.transaction() as session:
            posted = await web.post(session, chat, BOT, message.to_json(), self._now())
        self.live.ring()
        return str(posted.id)

    async def echo(self, chat: str, body: dict[str, object]) -> None:
        """Write what the person of a private chat did, where it was not written down before."""
        async with self._database.transaction() as session:
            await web.post_once(session, chat, ME, body, self._now())
        self.live.ring()

    async def put_away(self, chat: str, number: int | None = None) -> None:
        """Take the answers from a question that is over, by default the last one, and from those before."""
        async with self._database.transaction() as session:
            near = await web.latest(session, chat, before=None if number is None else number + 1, most=9)
            for asked in near:
                if asked.sender == BOT and _asks(asked.body):
                    left = {**asked.body, "buttons": _without_answers(asked.body)}
                    await web.change(session, chat, asked.id, left)
        self.live.ring()

    async def edit(self, chat: str, message_id: str, message: Outgoing) -> None:
        """Change a message in place. Raises Gone."""
        if not (message_id.isascii() and message_id.isdecimal() and len(message_id) < 18):
            raise Gone(message_id)
        body = {**message.to_json(), "edited": self._now().isoformat()}
        async with self._database.transaction() as session:
            before = await web.one(session, chat, int(message_id))
            if before is None or before.sender != BOT:
                raise Gone(message_id)
            if {**before.body, "edited": body["edited"]} == body:
                return
            await web.change(session, chat, int(message_id), body)
        self.live.ring()

    async def fetch(self, source: str) -> bytes:
        """A photo that was uploaded: our own copy. Raises Gone."""
        if self._store is None:
            raise Gone(source)
        try:
            return await self._store.get(source)
        except FileNotFoundError:
            raise Gone(source) from None

    def close(self) -> None:
        """End the open streams; to be called before the server waits for its connections."""
        self.live.close()


def _asks(body: dict[str, Any]) -> bool:
    return any(_answers(button) for row in body.get("buttons", ()) for button in row)


def _without_answers(body: dict[str, Any]) -> list[list[dict[str, Any]]]:
    rows = ([button for button in row if not _answers(button)] for row in body["buttons"])
    return [row for row in rows if row]


def _answers(button: dict[str, Any]) -> bool:
    """Whether a button belongs to a question of a conversation, not to a ticket or the menu."""
    return str(button["data"]).startswith(("a.", "c."))
