"""The way to people on WeChat: words and photos while they may be written to, a filled-in form after that."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import structlog

from bot.channel import Gone, PartlySent, SendError, Shut, Temporary, Unacceptable, Uncertain
from bot.photos import Load, nothing_stored
from bot.tencent.api import Api, ApiError
from bot.tencent.pictures import fitted
from bot.wechat import outgoing
from bot.wechat.errors import BY_FORM, QUOTA, SEND, WINDOW, BadForm, NoFile, meaning
from bot.wechat.loading import load_picture
from bot.wechat.templates import Form, Forms
from bot.wechat.updates import NAME, addresses
from handlers.envelopes import WAITING, Capabilities, Outgoing, Picture
from models import quota
from models.database import Database

UPLOAD, DOWNLOAD = "/cgi-bin/media/upload", "/cgi-bin/media/get"
MOST_BYTES = 20 * 1024 * 1024

log: structlog.stdlib.BoundLogger = structlog.get_logger()


def utcnow() -> datetime:
    return datetime.now(UTC)


class WechatChannel:
    """One official account, by its appid.

    `tappable` turns the lines that name an answer into links which say it; test accounts and some others
    cannot do that. `forms` are the template messages that may be used; `base` is the address of WeChat's
    servers, from where photos are taken, too.
    """

    name = NAME
    capabilities = Capabilities(
        NAME,
        buttons=False,
        cards=False,
        edits=False,
        groups=False,
        passive=True,
        text_limit=outgoing.MOST_BYTES,
        bytes=True,
    )

    def __init__(
        self,
        appid: str,
        api: Api,
        database: Database,
        *,
        load: Load = nothing_stored,
        forms: Forms | None = None,
        tappable: bool = False,
        base: str = "",
        now: Callable[[], datetime] = utcnow,
    ) -> None:
        self.bot, self.api, self.tappable, self._base = appid, api, tappable, base
        self._database, self._load, self._forms, self._now = database, load, forms or Forms(), now
        self.capabilities = replace(self.capabilities, beckons=self._forms.has(WAITING))

    def split(self, message: Outgoing) -> tuple[Outgoing, ...]:
        return outgoing.split(message)

    async def send(self, chat: str, message: Outgoing) -> str:
        """Post a message; WeChat gives no id, so the one returned only says how it went.

        Raises Shut when the person may not be written to and no form can be sent instead.
        """
        parts = self.split(message)
        if not parts:
            raise Unacceptable("nothing to say")
        sent = ""
        for number, part in enumerate(parts):
            try:
                sent = await self._post(chat, part)
            except SendError as why:
                if number:
                    raise PartlySent(why, parts[number:]) from why
                raise
        return sent

    async def edit(self, chat: str, message_id: str, message: Outgoing) -> None:
        """What was said on WeChat stays as it is."""
        raise Gone("WeChat knows no edits")

    async def fetch(self, source: str) -> bytes:
        """A photo that somebody sent: for three days under its id, perhaps longer at its own address.

        Raises Unacceptable once it is gone, or above 20 MB; Temporary when it may work another time.
        """
        media, url = addresses(source)
        try:
            if not media:
                raise NoFile("no media id")
            return await self.api.download(DOWNLOAD, {"media_id": media}, MOST_BYTES)
        except SendError as error:
            why = meaning(error, DOWNLOAD) if isinstance(error, ApiError) else error
        if not url:
            raise why
        log.info("wechat_photo_by_its_address", why=type(why).__name__)
        try:
            return await load_picture(url, MOST_BYTES, self._base)
        except SendError:
            raise why from None

    async def _post(self, chat: str, part: Outgoing) -> str:
        """As a message if it may be one, else as a form; the last word on what may be is WeChat's."""
        async with self._database.reading() as session:
            allowance = await quota.left(session, self.name, self.bot, chat, self._now())
        shut = Shut(QUOTA if allowance.open else WINDOW)
        if allowance.left and part.notice != WAITING:
            try:
                return await self._as_message(chat, part)
            except Shut as refused:
                log.warning("wechat_quota_misjudged", why=refused.why, left=allowance.left)
                shut = refused
        return await self._as_form(chat, part, shut)

    async def _as_message(self, chat: str, part: Outgoing) -> str:
        if part.pictures:
            await self._picture(chat, part.pictures[0])
        else:
            said = {"content": outgoing.words(part, tappable=self.tappable)}
            await self._call(SEND, {"touser": chat, "msgtype": "text", "text": said})
        return f"custom:{secrets.token_hex(8)}"

    async def _as_form(self, chat: str, part: Outgoing, shut: Shut) -> str:
        """What the form cannot show, a photo, is left out: its words have gone by the same form."""
        if part.pictures and self._forms.has(part.notice):
            log.info("wechat_photo_left_out")
            return f"{quota.TEMPLATE}without"
        form = self._forms.form(part)
        if form is None:
            raise shut
        try:
            answer = await self._filled_in(chat, form)
        except BadForm as why:
            log.error("wechat_form_refused", notice=part.notice, why=str(why))
            raise shut from None
        return f"{quota.TEMPLATE}{answer.get('msgid', '')}"[:64]

    async def _filled_in(self, chat: str, form: Form) -> dict[str, Any]:
        """A form can be sent again without being shown twice, so an answer that never came is no riddle."""
        try:
            return await self._call(BY_FORM, form.to(chat))
        except Uncertain as why:
            raise Temporary(str(why)) from why

    async def _picture(self, chat: str, picture: Picture) -> None:
        """By the id under which this very account was sent it, else from our own copy."""
        media = addresses(picture.source)[0] if self._is_ours(picture) else ""
        if media:
            try:
                return await self._show(chat, media)
            except NoFile:
                log.info("wechat_photo_expired")
        return await self._show(chat, await self._uploaded(picture))

    async def _show(self, chat: str, media: str) -> None:
        await self._call(SEND, {"touser": chat, "msgtype": "image", "image": {"media_id": media}})

    async def _uploaded(self, picture: Picture) -> str:
        """The media id of our own copy, put there for three days (WeChat docs: 新增临时素材)."""
        file = await fitted(await self._load(picture.attachment))
        try:
            answer = await self.api.upload(UPLOAD, file.name, file.data, file.mime, {"type": "image"})
        except ApiError as error:
            raise meaning(error, UPLOAD) from None
        except Uncertain as why:
            raise Temporary(str(why)) from why
        media = answer.get("media_id")
        if not isinstance(media, str):
            raise Temporary("uploaded, but under no id")
        return media

    async def _call(self, path: str, payload: dict[str, Any]) -> dict[str, Any]:
        try:
            return await self.api.call(path, payload)
        except ApiError as error:
            raise meaning(error, path) from None

    def _is_ours(self, picture: Picture) -> bool:
        return (picture.channel, picture.bot) == (NAME, self.bot)
