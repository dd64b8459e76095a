"""The way to staff in WeCom: words, photos, and cards that change in place when somebody taps them."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import structlog

from bot.channel import Gone, Temporary, Throttled, Unacceptable, Uncertain, Unreachable
from bot.photos import Load
from bot.tencent.api import Api, ApiError
from bot.tencent.pictures import Upload
from bot.wecom import card, words
from bot.wecom.card import MOST_BUTTONS
from bot.wecom.errors import CardRefused, meaning
from bot.wecom.escaping import is_user
from bot.wecom.layout import LONGEST_TITLE
from bot.wecom.posting import alone, in_parts, picture
from bot.wecom.readers import Readers, readers, whose
from bot.wecom.updates import MOST_BYTES, NAME
from handlers import teams
from handlers.cutting import in_signs, shortened
from handlers.envelopes import Capabilities, Outgoing
from models import wecom
from models.database import Database, is_down
from models.wecom import WecomCode

SEND = "/cgi-bin/message/send"
UPDATE = "/cgi-bin/message/update_template_card"
UPLOAD = "/cgi-bin/media/upload"
DOWNLOAD = "/cgi-bin/media/get"

log: structlog.stdlib.BoundLogger = structlog.get_logger()


def utcnow() -> datetime:
    return datetime.now(UTC)


class WecomChannel:
    """One self-built app. A chat is a userid or a team, of whose members each gets a copy.

    The id of a card is its task_id; other messages cannot change.
    """

    name = NAME
    capabilities = Capabilities(
        NAME, buttons=False, groups=False, links=True, text_limit=words.PLAIN.limit, bytes=True
    )

    def __init__(
        self,
        api: Api,
        database: Database,
        load: Load,
        *,
        corpid: str,
        agentid: str,
        now: Callable[[], datetime] = utcnow,
    ) -> None:
        self.bot = teams.app(corpid, agentid)
        self._agent = int(agentid)
        self._api, self._database, self._load, self._now = api, database, load, now

    def split(self, message: Outgoing) -> tuple[Outgoing, ...]:
        said = replace(message, pictures=(), mention=())
        return (*alone(message), *(_cards(said) if card.taps(said) else _words(said)))

    async def send(self, chat: str, message: Outgoing) -> str:
        to = await readers(self._database, self.bot, chat, self._now())
        return await in_parts(self.split(message), lambda part: self._post(to, part))

    async def edit(self, chat: str, message_id: str, message: Outgoing) -> None:
        """Each change takes a code that came with the card or with a tap on it; none left is Gone.

        A team's card changes for everybody who got it, whoever of them tapped.
        """
        if not (is_user(chat) or teams.is_team(chat)) or not _all_shown(message):
            raise Gone("cannot be shown by a change")
        code = await self._code(chat, message_id)
        shown = card.interactive if card.taps(message) else card.finished
        fields = {
            **whose(chat),
            "agentid": self._agent,
            "response_code": code.code,
            "template_card": shown(message, message_id),
        }
        try:
            answer = await self._call("change", UPDATE, fields)
        except (Temporary, Throttled):
            await self._noted(self._give_back(code))
            raise
        except Uncertain as why:
            await self._noted(self._give_back(code))
            raise Temporary(str(why)) from None
        except Unacceptable as why:
            raise Gone(str(why)) from None
        if answer.get("invaliduser") and not teams.is_team(chat):
            raise Gone("they have no such card")

    async def fetch(self, source: str) -> bytes:
        """A photo somebody sent, within three days. Raises SendError."""
        try:
            return await self._api.download(DOWNLOAD, {"media_id": source}, MOST_BYTES)
        except ApiError as error:
            raise meaning("media", error) from None

    async def remember(self, chat: str, task: str, code: str) -> None:
        """Keep the code with which a card can be changed once. Raises what the database raises."""
        async with self._database.transaction() as session:
            await wecom.keep(session, bot=self.bot, task=task, account=chat, code=code, now=self._now())

    async def _post(self, to: Readers, part: Outgoing) -> str:
        if part.pictures:
            await picture(self._load, part.pictures[0].attachment, lambda file: self._picture(to, file))
            return _new_id()
        try:
            return await self._card(to, part) or await self._text(to, part)
        except CardRefused as why:
            log.warning("wecom_card_refused", why=str(why))
            return await self._text(to, part)

    async def _card(self, to: Readers, part: Outgoing) -> str:
        """The id of the card; empty where words are better."""
        task = _new_id()
        if not card.taps(part):
            shown = card.notice(part)
            if shown is not None:
                await self._say(to, "template_card", shown)
            return task if shown is not None else ""
        answer = await self._say(to, "template_card", card.interactive(part, task))
        await self._noted(self.remember(to.chat, task, str(answer.get("response_code", ""))))
        return task

    async def _text(self, to: Readers, part: Outgoing) -> str:
        for one in words.split(part, words.PLAIN):
            await self._say(to, "text", {"content": words.written(one, words.PLAIN)})
        return _new_id()

    async def _picture(self, to: Readers, file: Upload) -> None:
        try:
            uploaded = await self._api.upload(UPLOAD, file.name, file.data, file.mime, {"type": "image"})
        except ApiError as error:
            raise meaning("upload", error) from None
        except Uncertain as why:
            raise Temporary(str(why)) from None
        await self._say(to, "image", {"media_id": str(uploaded.get("media_id", ""))})

    async def _say(self, to: Readers, kind: str, content: dict[str, Any]) -> dict[str, Any]:
        fields = {"touser": to.touser, "agentid": self._agent, "msgtype": kind, kind: content}
        try:
            answer = await self._call(kind, SEND, fields)
        except Unreachable as why:
            raise to.unreached(why) from None
        to.check(answer)
        return answer

    async def _call(self, what: str, path: str, fields: dict[str, Any]) -> dict[str, Any]:
        try:
            return await self._api.call(path, fields)
        except ApiError as error:
            why = meaning(what, error)
        raise Throttled(why.after, everywhere=True) if isinstance(why, Throttled) else why

    async def _code(self, chat: str, task: str) -> WecomCode:
        account = None if teams.is_team(chat) else chat
        try:
            async with self._database.transaction() as session:
                code = await wecom.take(session, bot=self.bot, task=task, account=account, now=self._now())
        except Exception as error:
            if not is_down(error):
                raise
            raise Temporary(f"no code: {type(error).__name__}") from None
        if code is None:
            raise Gone("no right to change it")
        return code

    async def _noted(self, note: Awaitable[None]) -> None:
        """The card is posted or not, whatever the database says: the next tap on it brings another code."""
        try:
            await note
        except Exception as error:
            if not is_down(error):
                raise
            log.warning("response_code_not_noted", error=type(error).__name__)

    async def _give_back(self, code: WecomCode) -> None:
        async with self._database.transaction() as session:
            await wecom.give_back(session, code.id)


def _words(message: Outgoing) -> tuple[Outgoing, ...]:
    return (message,) if card.notice(message) is not None else words.split(message, words.PLAIN)


def _cards(message: Outgoing) -> tuple[Outgoing, ...]:
    """One card; where no page shows the rest, what is too much for it goes before, and on further cards.

    Long prose goes before, whatever the page.
    """
    if _all_shown(message) and (card.is_form(message) or card.fits_words(message)):
        return (message,)
    taps = card.taps(message)
    rows = [tuple(taps[at : at + MOST_BUTTONS]) for at in range(0, len(taps), MOST_BUTTONS)]
    title = message.title or shortened(words.one_line(message.text), LONGEST_TITLE, in_signs)
    cards = [replace(message, title=title, text="", buttons=(row,)) for row in rows]
    if words.links(message):
        said = words.split(replace(message, buttons=()), words.PLAIN)
        return (*said, replace(message, title=title, text=""))
    if card.fits_words(message):
        return (replace(message, buttons=(rows[0],)), *cards[1:])
    return (*words.split(replace(message, buttons=()), words.PLAIN), *cards)


def _all_shown(message: Outgoing) -> bool:
    """Whether everything is on the card, or on the page that it opens."""
    return bool(words.links(message)) or card.fits(message)


def _new_id() -> str:
    return f"w-{secrets.token_hex(12)}"
