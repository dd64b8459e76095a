"""A colleague's phone at the staff pages: reads a page's forms as a browser does, and sends them off."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from bot.media import MediaStore
from bot.settings import Settings
from bot.web import WebChannel, router
from handlers.people import binding
from handlers.staffpages import links
from handlers.texts import Texts
from models.database import Database
from tests.bot.web.parrot import Parrot
from tests.world import TEXTS, World, world

ADDRESS = "https://bot.example"


@dataclass
class Form:
    """One form of a page: where it goes, what stands in its fields, and what else can be chosen there."""

    action: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    offered: dict[str, list[str]] = field(default_factory=dict)

    def all(self, name: str) -> list[str]:
        return [value for known, value in self.fields if known == name]

    def with_(self, **answers: object) -> Form:
        """Filled in: `checklist=["mat"]`, `work__said="…"`, without the `q.` before them."""
        filled = replace(self, fields=list(self.fields))
        for name, answer in answers.items():
            full = f"q.{name.replace('__', '.')}"
            values = answer if isinstance(answer, list) else [str(answer)]
            filled.fields = [one for one in filled.fields if one[0] != full]
            filled.fields += [(full, str(value)) for value in values]
        return filled


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.words: list[str] = []
        self.links: list[str] = []
        self.images: list[str] = []
        self._area: str | None = None

    def handle_starttag(self, tag: str, found: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in found}
        match tag:
            case "form":
                self.forms.append(Form(given["action"]))
            case "a":
                self.links.append(given["href"])
            case "img":
                self.images.append(given["src"])
            case "textarea":
                self._area = given["name"]
                self.forms[-1].fields.append((self._area, ""))
            case "input" if given.get("type") in ("radio", "checkbox"):
                self.forms[-1].offered.setdefault(given["name"], []).append(given["value"])
                if "checked" in given:
                    self.forms[-1].fields.append((given["name"], given["value"]))
            case "input" if given.get("type") != "file":
                self.forms[-1].fields.append((given["name"], given.get("value", "")))

    def handle_endtag(self, tag: str) -> None:
        self._area = None if tag == "textarea" else self._area

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            value = data.removeprefix("\n")
            self.forms[-1].fields[-1] = (self._area, self.forms[-1].fields[-1][1] + value)
        self.words.append(data)


@dataclass
class Seen:
    """A page as it came."""

    response: httpx.Response
    words: str
    forms: list[Form]
    links: list[str]
    images: list[str]

    @property
    def status(self) -> int:
        return self.response.status_code

    def form(self, ending: str) -> Form:
        """The form that goes to an address with this end."""
        found = [form for form in self.forms if form.action.endswith(ending)]
        assert found, f"no form to {ending}: {[form.action for form in self.forms]} in {self.words}"
        return found[0]

    def link(self, ending: str) -> str:
        found = [link for link in self.links if link.endswith(ending)]
        assert found, f"no link to {ending}: {self.links}"
        return found[0]


@dataclass
class Phone:
    """One browser, with cookies of its own."""

    client: httpx.AsyncClient

    async def open(self, address: str, **headers: str) -> Seen:
        """Open a page, following where it leads."""
        return self._seen(await self.client.get(address.removeprefix(ADDRESS), headers=headers))

    async def send(self, form: Form, *files: bytes, photos: str = "photos", **headers: str) -> Seen:
        """Send a form off, with photos in one of its fields."""
        parts: list[tuple[str, Any]] = [
            (f"q.{photos}.photos", (f"{number}.jpg", data, "image/jpeg")) for number, data in enumerate(files)
        ]
        if not files:
            response = await self.client.post(form.action, data=_joined(form), headers=headers)
        else:
            response = await self.client.post(form.action, data=_joined(form), files=parts, headers=headers)
        return self._seen(response)

    def _seen(self, response: httpx.Response) -> Seen:
        reader = _Reader()
        reader.feed(response.text if response.headers.get("content-type", "").startswith("text") else "")
        words = re.sub(r"\s+", " ", " ".join(reader.words))
        return Seen(response, words, reader.forms, reader.links, reader.images)


def _joined(form: Form) -> dict[str, Sequence[str]]:
    data: dict[str, list[str]] = {}
    for name, value in form.fields:
        data.setdefault(name, []).append(value)
    return dict(data)


@dataclass
class Workshop:
    """A community's desk with its staff pages."""

    w: World
    app: FastAPI
    store: MediaStore
    woken: list[bool]

    def phone(self, language: str = "zh-CN") -> Phone:
        transport = httpx.ASGITransport(self.app, client=("203.0.113.7", 1234))
        client = httpx.AsyncClient(
            transport=transport,
            base_url=ADDRESS,
            headers={"Accept-Language": language},
            follow_redirects=True,
        )
        return Phone(client)

    def personal(self, ticket: int, name: str) -> str:
        """A link for one colleague alone."""
        return links.personal_link(self.w.desk, ticket, self.w.people[name], self.w.now)

    def shared(self, ticket: int) -> str:
        """A link as it stands on a group's card."""
        return links.ticket_link(self.w.desk, ticket, self.w.now)

    async def signed_in_at_list(self, name: str) -> tuple[Phone, Seen]:
        """A phone whose owner typed in a staff code."""
        phone = self.phone()
        async with self.w.database.transaction() as session:
            code = await binding.issue(session, self.w.now, role="staff", staff=self.w.people[name])
        form = (await phone.open("/staff")).form("/staff/code")
        form.fields.append(("code", code))
        form.fields.remove(("code", ""))
        return phone, await phone.send(form)

    async def signed_in(self, ticket: int, name: str, language: str = "zh-CN") -> tuple[Phone, Seen]:
        """A phone whose owner opened their personal link; the ticket as it shows it."""
        phone = self.phone(language)
        door = await phone.open(self.personal(ticket, name))
        seen = await phone.send(door.form("/staff/enter"))
        assert seen.status == 200, seen.words
        return phone, seen


@asynccontextmanager
async def workshop(
    database: Database, folder: Path, *, address: str = ADDRESS, texts: Texts = TEXTS
) -> AsyncIterator[Workshop]:
    """The small world of the handlers' tests, with its pages."""
    settings = Settings(secret_key="not a secret", var=folder, media_url=f"file://{folder}/media")
    async with world(database) as w:
        w.desk = replace(w.desk, key=settings.key(), address=address, texts=texts)
        store, app, woken = MediaStore(settings.media_url), FastAPI(), list[bool]()
        app.include_router(
            router(
                settings=settings,
                database=database,
                channel=WebChannel(database, store),
                reception=Parrot(),
                texts=w.desk.texts,
                store=store,
                desk=w.desk,
                wake=lambda: woken.append(True),
            )
        )
        yield Workshop(w, app, store, woken)
