"""The addresses of the web chat: the page, what it reads, what it sends, and the stream of news."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Request, Response

from bot.media import MediaStore
from bot.settings import Settings
from bot.web.channel import WebChannel
from bot.web.counter import Counter, Deed, Takes
from bot.web.door import Door
from bot.web.page import Pages
from bot.web.photos import Photos
from bot.web.seats import Seats
from bot.web.session import Sessions
from bot.web.shown import Links
from bot.web.staff import staff_rooms
from handlers.desk import Desk
from handlers.texts import Texts
from models.database import Database

Endpoint = Callable[[Request], Awaitable[Response]]


def router(
    *,
    settings: Settings,
    database: Database,
    channel: WebChannel,
    reception: Takes,
    texts: Texts,
    store: MediaStore,
    desk: Desk | None = None,
    wake: Callable[[], None] = lambda: None,
) -> APIRouter:
    """The web chat and, with a `desk` to serve at, the staff pages, for the program's one application."""
    sessions = Sessions(settings)
    seats = Seats(settings, database, texts)
    links = Links(settings.key())
    door = Door(database, sessions, seats, links, channel, Counter(database, channel, reception), texts)
    photos = Photos(database, store, links)
    pages = Pages(texts)
    rooms = APIRouter(include_in_schema=False)

    async def page(request: Request) -> Response:
        session, state = await door.begin(request)
        response = pages.page(session, state)
        sessions.write(response, session)
        return response

    async def media(request: Request) -> Response:
        return await photos.serve(request, sessions.need(request), seats)

    async def upload(request: Request) -> Response:
        session = sessions.trusted(request)
        wanted, kept = await photos.upload(request, lambda chat: door.speaker(session, chat))
        deed = Deed(wanted.key, wanted.text, reply_to=str(wanted.reply_to or ""), files=kept)
        return await door.hear(await door.speaker(session, wanted.chat), wanted.chat, deed)

    reads: dict[str, Endpoint] = {
        "/": page,
        "/web/state": door.state,
        "/web/people": door.people,
        "/web/messages": door.messages,
        "/web/live": door.live,
        "/web/media/{name}": media,
        "/web/static/{version}/{name}": pages.static,
        "/favicon.ico": pages.icon,
    }
    changes: dict[str, Endpoint] = {
        "/web/enter": door.enter,
        "/web/say": door.say,
        "/web/tap": door.tap,
        "/web/again": door.again,
        "/web/photos": upload,
        "/web/locale": door.locale,
    }
    for path, endpoint in reads.items():
        rooms.add_route(path, endpoint, methods=["GET"])
    for path, endpoint in changes.items():
        rooms.add_route(path, endpoint, methods=["POST"])
    if desk is not None:
        rooms.include_router(staff_rooms(desk, store, pages.base, wake))
    return rooms
