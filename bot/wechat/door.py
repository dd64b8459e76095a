"""WeChat as a whole: one official account, which brings what residents write and takes what they are told."""

from __future__ import annotations

import asyncio
from datetime import datetime
from zoneinfo import ZoneInfo

import structlog
from starlette.types import ASGIApp

from bot.channel import SendError, Temporary
from bot.media import MediaStore
from bot.photos import copies
from bot.settings import Settings
from bot.tencent.api import Api, ApiError
from bot.tencent.callback import Callback
from bot.tencent.envelope import Envelope
from bot.tencent.tokens import Tokens
from bot.wechat import templates
from bot.wechat.channel import WechatChannel
from bot.wechat.templates import Forms
from bot.wechat.updates import NAME
from bot.wechat.webhook import PATH, Receptionist, Webhook
from handlers.texts import Texts
from models.database import Database

TOKEN = "/cgi-bin/stable_token"
PAUSES = (5.0, 300.0)
"""The first and the longest wait before the token is asked for again at start, in seconds."""
NOT_ALLOWED_FROM_HERE = 40164

log: structlog.stdlib.BoundLogger = structlog.get_logger()


class WechatDoor:
    """Made only when there is an appid. Raises WrongSetting for a mapping of templates that cannot work."""

    def __init__(self, settings: Settings, database: Database, texts: Texts, store: MediaStore) -> None:
        self._settings, self._database, self._texts, self._store = settings, database, texts, store
        self.envelope = _envelope(settings)
        self._bare = Api(settings.wechat_api, None)
        self.tokens = Tokens(database, f"token:{NAME}:{settings.wechat_appid}", self._token)
        self.api = Api(settings.wechat_api, self.tokens)
        self.channel = WechatChannel(
            settings.wechat_appid,
            self.api,
            database,
            load=copies(database, store),
            forms=_forms(settings),
            tappable=settings.wechat_menu_links,
            base=settings.wechat_api,
        )
        self.pauses = PAUSES
        self._webhook: Webhook | None = None

    @classmethod
    def of(cls, settings: Settings, database: Database, texts: Texts, store: MediaStore) -> WechatDoor | None:
        return cls(settings, database, texts, store) if settings.wechat_appid else None

    @property
    def channels(self) -> tuple[WechatChannel]:
        return (self.channel,)

    def webhooks(self, reception: Receptionist) -> dict[str, ASGIApp]:
        """Where WeChat delivers."""
        self._webhook = Webhook(self.channel, reception, tappable=self.channel.tappable)
        return {PATH: Callback(NAME, self.envelope, self.envelope.greet, self._webhook.handle)}

    async def run(self, reception: Receptionist, stop: asyncio.Event) -> None:
        """Make sure that WeChat serves us, without holding up anything; then wait for `stop`."""
        checking = asyncio.create_task(self._introduce())
        await stop.wait()
        checking.cancel()
        await asyncio.gather(checking, return_exceptions=True)
        if self._webhook is not None:
            await self._webhook.finish()

    async def close(self) -> None:
        await self.api.close()
        await self._bare.close()

    async def _introduce(self) -> None:
        pause, longest = self.pauses
        while True:
            try:
                await self.tokens.get()
                log.info("wechat_ready", appid=self.channel.bot)
                return
            except SendError as why:
                log.warning("wechat_not_ready", why=str(why), again_after=pause)
            await asyncio.sleep(pause)
            pause = min(2 * pause, longest)

    async def _token(self, force: bool) -> tuple[str, float]:
        """Ask for the token (WeChat docs: 获取稳定版接口调用凭据)."""
        asked = {
            "grant_type": "client_credential",
            "appid": self._settings.wechat_appid,
            "secret": self._settings.wechat_secret,
            "force_refresh": force,
        }
        try:
            answer = await self._bare.call(TOKEN, asked)
            return str(answer["access_token"]), float(answer["expires_in"])
        except ApiError as error:
            if error.code == NOT_ALLOWED_FROM_HERE:
                log.error("wechat_does_not_know_our_address", said=error.message, add_it_to="IP白名单")
            raise
        except (KeyError, TypeError, ValueError):
            raise Temporary("no access token in the answer") from None


def _envelope(settings: Settings) -> Envelope:
    keys = settings.wechat_aes_key.split(",") if settings.wechat_aes_key else []
    return Envelope(settings.wechat_token, keys, settings.wechat_appid)


def _forms(settings: Settings) -> Forms:
    zone = ZoneInfo(settings.timezone)
    known = {} if settings.wechat_templates is None else templates.load(settings.wechat_templates)
    return Forms(known, url=settings.public_url, now=lambda: datetime.now(zone))
