"""An emulated company on WeCom and our two doors to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from bot.tencent.api import Api
from bot.tencent.tokens import Tokens
from bot.wecom.channel import WecomChannel
from bot.wecom.robot import RobotChannel
from models.database import Database
from tests.bot.wecom.company import stored
from tests.emulators.wecom import Colleague, Robot, WecomServer


class Watch:
    """The program's own time, which a test can move."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@pytest.fixture
async def wecom() -> AsyncIterator[WecomServer]:
    async with WecomServer(patience=5.0, rate_limits=False) as company:
        company.app.has_callback = True
        yield company


@pytest.fixture
async def database(sqlite_url: str) -> AsyncIterator[Database]:
    fresh = Database(sqlite_url)
    yield fresh
    await fresh.close()


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
async def robots(wecom: WecomServer) -> AsyncIterator[RobotChannel]:
    api = Api(wecom.url, None, patience=5.0)
    yield RobotChannel(api, stored)
    await api.close()


@pytest.fixture
async def app(wecom: WecomServer, database: Database, watch: Watch) -> AsyncIterator[WecomChannel]:
    opened = Api(wecom.url, None)

    async def fetch(force: bool) -> tuple[str, float]:
        answer = await opened.call(
            "/cgi-bin/gettoken", query={"corpid": wecom.corpid, "corpsecret": wecom.secret}
        )
        return answer["access_token"], answer["expires_in"]

    api = Api(wecom.url, Tokens(database, "wecom", fetch), patience=5.0)
    yield WecomChannel(api, database, stored, corpid=wecom.corpid, agentid=str(wecom.agentid), now=watch)
    await api.close()
    await opened.close()


@pytest.fixture
def wang(wecom: WecomServer) -> Colleague:
    return wecom.member("wang", "王师傅")


@pytest.fixture
def robot(wecom: WecomServer) -> Robot:
    return wecom.robot("维修群", key="693a91f6-7xxx-4bc4-97a0-0ec2sifa5aaa")
