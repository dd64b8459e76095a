"""WeCom as a whole: the robots of any groups, and one app where it is set up."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog
from starlette.types import ASGIApp

from bot.channel import Channel, SendError, Temporary
from bot.media import MediaStore
from bot.photos import Load, copies
from bot.reception import Reception
from bot.settings import Settings
from bot.tencent.api import Api
from bot.tencent.callback import Callback
from bot.tencent.envelope import Envelope
from bot.tencent.tokens import Tokens
from bot.wecom.channel import WecomChannel
from bot.wecom.robot import RobotChannel
from bot.wecom.webhook import Listener
from handlers import teams
from handlers.texts import Texts
from models.database import Database

PATH = "/wecom/callback"
TOKEN = "/cgi-bin/gettoken"
LOOK_AGAIN = 60.0
FAREWELL = 10.0
"""Seconds for what is still being handled when the program stops."""

log: structlog.stdlib.BoundLogger = structlog.get_logger()


class WecomDoor:
    """Robots need no setting; the app needs corpid, secret and agentid, its callback also token and key."""

    def __init__(self, settings: Settings, database: Database, texts: Texts, store: MediaStore) -> None:
        self._settings = settings
        self._open = Api(settings.wecom_api, None)
        self._tokens = Tokens(database, f"wecom:{_bot(settings)}", self._fetch)
        self._api = Api(settings.wecom_api, self._tokens)
        load = copies(database, store)
        self.robot = RobotChannel(self._open, load)
        self.app = _app(settings, self._api, database, load)
        self._listeners: list[Listener] = []

    @classmethod
    def of(cls, settings: Settings, database: Database, texts: Texts, store: MediaStore) -> WecomDoor:
        return cls(settings, database, texts, store)

    @property
    def channels(self) -> Sequence[Channel]:
        return (self.robot,) if self.app is None else (self.robot, self.app)

    def webhooks(self, reception: Reception) -> dict[str, ASGIApp]:
        """Where words and taps are delivered, if they are. Raises ValueError for a key that is none."""
        settings = self._settings
        if self.app is None or not (settings.wecom_token and settings.wecom_aes_key):
            return {}
        keys = [key.strip() for key in settings.wecom_aes_key.split(",") if key.strip()]
        envelope = Envelope(settings.wecom_token, keys, settings.wecom_corpid)
        listener = Listener(self.app, reception)
        self._listeners.append(listener)
        return {PATH: Callback("wecom", envelope, envelope.greet_sealed, listener.hear)}

    async def run(self, reception: Reception, stop: asyncio.Event) -> None:
        """See whether WeCom knows us; nothing waits for that. At the end, let what is in hand be finished."""
        checking = asyncio.create_task(self._check()) if self.app is not None else None
        await stop.wait()
        if checking is not None:
            checking.cancel()
            await asyncio.gather(checking, return_exceptions=True)
        await asyncio.gather(*(listener.finish(FAREWELL) for listener in self._listeners))

    async def close(self) -> None:
        await self._api.close()
        await self._open.close()

    async def _check(self) -> None:
        """A wrong secret is said in the log at the start, not when the first ticket should go out."""
        while True:
            try:
                await self._tokens.get()
            except SendError as why:
                log.warning("wecom_not_ready", why=str(why))
            else:
                log.info("wecom_ready")
                return
            await asyncio.sleep(LOOK_AGAIN)

    async def _fetch(self, force: bool) -> tuple[str, float]:
        """The app's token; WeCom gives the same one until it ends, and cannot be forced (gettoken)."""
        settings = self._settings
        asked = {"corpid": settings.wecom_corpid, "corpsecret": settings.wecom_secret}
        answer = await self._open.call(TOKEN, query=asked)
        token, seconds = answer.get("access_token"), answer.get("expires_in")
        if not isinstance(token, str) or not isinstance(seconds, int | float):
            raise Temporary(f"{TOKEN}: no token")
        return token, float(seconds)


def _bot(settings: Settings) -> str:
    return teams.app(settings.wecom_corpid, settings.wecom_agentid)


def _app(settings: Settings, api: Api, database: Database, load: Load) -> WecomChannel | None:
    if not (settings.wecom_corpid and settings.wecom_secret and settings.wecom_agentid):
        return None
    return WecomChannel(api, database, load, corpid=settings.wecom_corpid, agentid=settings.wecom_agentid)
