"""A small community at the web chat, with a parrot at the front desk."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from bot.media import MediaStore
from bot.settings import Settings
from bot.web import WebChannel, router
from handlers.texts import Texts
from models.community import Building, Community, Home
from models.database import Database
from models.group import Group
from models.resident import Membership, Resident
from models.staff import Staff, StaffRole
from tests.bot.web.parrot import Parrot

HERE = "http://wubu.test"
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
TEXTS = Texts.load()


async def people(database: Database) -> None:
    """Two communities: residents 1 and 2 and staff 1 in the first, staff 2 and a group in the second."""
    async with database.transaction() as session:
        for number, code in ((1, "HPY"), (2, "OTH")):
            session.add(Community(id=number, code=code, name="湖畔花园", name_en="Lakeside", settings={}))
            await session.flush()
            session.add(
                Group(community_id=number, purpose="repair", channel="web", bot="web", chat=f"repair@{code}")
            )
            session.add(Staff(id=number, name=f"师傅{number}", name_en=f"Master {number}"))
            await session.flush()
            session.add(StaffRole(staff_id=number, community_id=number, role="technician"))
        session.add(Building(id=1, community_id=1, name="3"))
        await session.flush()
        for number, (name, home) in enumerate((("张伟", "3-1201"), ("李娜", "3-902")), 1):
            session.add(Home(id=number, community_id=1, building_id=1, name=home))
            session.add(Resident(id=number, name=name, created_at=NOW, settings={}))
            await session.flush()
            session.add(
                Membership(resident_id=number, home_id=number, role="owner", since=NOW, verified_by="test")
            )


@dataclass
class Browser:
    """One browser at the page: its cookie, its token, and the keys it makes up."""

    client: httpx.AsyncClient
    token: str = ""
    keys: int = 0
    state: dict[str, Any] = field(default_factory=dict)

    async def open(self, **headers: str) -> str:
        """Open the page; what it says."""
        page = await self.client.get("/", headers=headers)
        assert page.status_code == 200, page.text
        self.state = (await self.client.get("/web/state")).json()
        self.token = self.state["token"]
        return page.text

    def key(self) -> str:
        self.keys += 1
        return f"key-{self.keys:08d}"

    async def post(self, path: str, **body: object) -> httpx.Response:
        headers = {"X-Wubu-Token": self.token, "Origin": HERE}
        return await self.client.post(path, json=body, headers=headers)

    async def say(self, chat: str, text: str, **more: object) -> httpx.Response:
        return await self.post("/web/say", **{"chat": chat, "text": text, "key": self.key(), **more})

    async def tap(self, chat: str, data: str, message: int | None = None) -> httpx.Response:
        return await self.post("/web/tap", chat=chat, data=data, message=message, key=self.key())

    async def photos(self, chat: str, *files: bytes, **fields: str) -> httpx.Response:
        parts = [("photos", (f"{number}.jpg", data, "image/jpeg")) for number, data in enumerate(files)]
        return await self.client.post(
            "/web/photos",
            data={"chat": chat, "key": self.key(), **fields},
            files=parts,
            headers={"X-Wubu-Token": self.token, "Origin": HERE},
        )

    async def read(self, chat: str) -> list[dict[str, Any]]:
        """What the chat shows."""
        answer = await self.client.get("/web/messages", params={"chat": chat})
        assert answer.status_code == 200, answer.text
        shown: list[dict[str, Any]] = answer.json()["messages"]
        return shown


def told(messages: list[dict[str, Any]]) -> list[str]:
    """A chat as a script: `me: …`, `bot: …`."""
    return [f"{message['sender']}: {message['text']}" for message in messages]


@dataclass
class Place:
    """The web chat of one process."""

    settings: Settings
    database: Database
    channel: WebChannel
    parrot: Parrot
    store: MediaStore
    app: FastAPI

    async def browser(self, **headers: str) -> Browser:
        """Somebody opens the page."""
        transport = httpx.ASGITransport(self.app)
        browser = Browser(httpx.AsyncClient(transport=transport, base_url=HERE))
        await browser.open(**headers)
        return browser


def place(database: Database, folder: Path, *, demo: bool = True) -> Place:
    """Put a web chat together."""
    settings = Settings(secret_key="not a secret", demo=demo, var=folder, media_url=f"file://{folder}/media")
    store = MediaStore(settings.media_url)
    channel, parrot, app = WebChannel(database, store), Parrot(), FastAPI()
    app.include_router(
        router(
            settings=settings, database=database, channel=channel, reception=parrot, texts=TEXTS, store=store
        )
    )
    return Place(settings, database, channel, parrot, store, app)


@pytest.fixture
async def ground(sqlite_url: str) -> AsyncIterator[Database]:
    """A database with the small community in it."""
    database = Database(sqlite_url)
    await people(database)
    yield database
    await database.close()


@pytest.fixture
def chat(ground: Database, tmp_path: Path) -> Place:
    """The demo's web chat."""
    return place(ground, tmp_path)


@pytest.fixture
def public(ground: Database, tmp_path: Path) -> Place:
    """The web chat as the world sees it: guests only."""
    return place(ground, tmp_path, demo=False)
