"""What the page reads and sends: each address asks who it is, what is wanted, and whether they may."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

from fastapi import HTTPException, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from bot.web import asked
from bot.web.channel import WebChannel
from bot.web.counter import Counter, Deed, NotTaken, Speaker
from bot.web.live import Reset
from bot.web.seats import NoSuchPerson, Seats
from bot.web.session import Session, Sessions, stranger
from bot.web.shown import Links, Shown, shown
from handlers.envelopes import Receipt
from handlers.inbound import locale_of
from handlers.texts import Texts
from models import web
from models.database import Database
from models.web import WebMessage


class Door:
    """What the page reads and sends; every answer is JSON but the stream."""

    def __init__(
        self,
        database: Database,
        sessions: Sessions,
        seats: Seats,
        links: Links,
        channel: WebChannel,
        counter: Counter,
        texts: Texts,
    ) -> None:
        self._database, self._sessions, self._texts = database, sessions, texts
        self._seats, self._links, self._channel, self._counter = seats, links, channel, counter

    async def begin(self, request: Request) -> tuple[Session, dict[str, object]]:
        """The session of whoever opens the page, and what the page begins with."""
        session = self._sessions.read(request) or stranger(language(request, self._texts))
        if self._seats.demo and not session.resident:
            session = await self._seats.first(session)
        if self._seats.demo:
            session = await self._seated(session)
        return session, await self._state(session)

    async def _seated(self, session: Session) -> Session:
        try:
            await self._seats.sit(session)
        except NoSuchPerson:  # the demo was seeded anew since this browser was here
            session = await self._seats.first(session)
            await self._seats.sit(session)
        return session

    async def _state(self, session: Session) -> dict[str, object]:
        return {**await self._seats.state(session), "token": self._sessions.token(session)}

    async def state(self, request: Request) -> Response:
        return _json(await self._state(self._sessions.need(request)))

    async def people(self, request: Request) -> Response:
        session = self._sessions.need(request)
        if not self._seats.demo:
            raise HTTPException(403, "not_yours")
        return _json(await self._seats.everybody(session.locale))

    async def enter(self, request: Request) -> Response:
        """Play somebody else in the demo."""
        session = self._sessions.trusted(request)
        wanted = await asked.body(request, asked.Enter)
        if not self._seats.demo:
            raise HTTPException(403, "not_yours")
        resident = session.guest if wanted.resident == "guest" else wanted.resident
        session = session.become(resident=resident or session.resident, staff=wanted.staff or session.staff)
        try:
            await self._seats.sit(session)
        except NoSuchPerson:
            raise HTTPException(404, "nobody") from None
        response = _json(await self._state(session))
        self._sessions.write(response, session)
        return response

    async def locale(self, request: Request) -> Response:
        """The page and its people's accounts change their language."""
        session = self._sessions.trusted(request)
        wanted = await asked.body(request, asked.Language)
        if wanted.locale not in self._texts.locales:
            raise HTTPException(422, "unclear")
        session = session.become(locale=wanted.locale)
        await self._seats.speak(session)
        response = _json(await self._state(session))
        self._sessions.write(response, session)
        return response

    async def messages(self, request: Request) -> Response:
        session = self._sessions.need(request)
        wanted = asked.given(asked.Page, dict(request.query_params))
        await self._admit(session, [wanted.chat])
        async with self._database.reading() as reading:
            cursor = await web.newest(reading)
            if wanted.since is None:
                found = await web.latest(reading, wanted.chat, before=wanted.before)
            else:
                found = await web.newer(reading, [wanted.chat], wanted.since)
        return _json({"cursor": cursor, "messages": [self._shown(one) for one in found]})

    async def live(self, request: Request) -> Response:
        """Server-Sent Events; a browser that lost the stream says with Last-Event-ID how far it had come."""
        session = self._sessions.need(request)
        seen = request.headers.get("last-event-id") or request.query_params.get("after") or "0"
        wanted = asked.given(
            asked.Stream, {"chats": request.query_params.get("chats", "").split(","), "after": seen}
        )
        await self._admit(session, wanted.chats)
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(self._news(wanted), media_type="text/event-stream", headers=headers)

    async def _news(self, wanted: asked.Stream) -> AsyncIterator[str]:
        yield "retry: 1500\n\n"
        try:
            async for news in self._channel.live.follow(wanted.chats, wanted.after):
                yield "".join(self._event(one) for one in news) or ": still here\n\n"
        except Reset:
            yield "event: reset\ndata: {}\n\n"

    def _event(self, message: WebMessage) -> str:
        return f"id: {message.changed}\ndata: {json.dumps(self._shown(message))}\n\n"

    async def say(self, request: Request) -> Response:
        session = self._sessions.trusted(request)
        wanted = await asked.body(request, asked.Say)
        text = wanted.text.strip()
        if not text:
            raise HTTPException(422, "empty")
        deed = Deed(wanted.key, text, reply_to=str(wanted.reply_to or ""))
        return await self.hear(await self.speaker(session, wanted.chat), wanted.chat, deed)

    async def tap(self, request: Request) -> Response:
        """A button of a message, or of the page's own menu."""
        session = self._sessions.trusted(request)
        wanted = await asked.body(request, asked.Tap)
        speaker = await self.speaker(session, wanted.chat)
        label = await self._label(wanted, session.locale)
        deed = Deed(wanted.key, label, tap=wanted.data, tapped=str(wanted.message or ""))
        try:
            receipt = await self._counter.press(speaker, wanted.chat, deed)
        except NotTaken:
            raise HTTPException(503, "try_later") from None
        return _json({"message": None, "hint": receipt.hint})

    async def again(self, request: Request) -> Response:
        """Send a message once more that could not be taken."""
        session = self._sessions.trusted(request)
        wanted = await asked.body(request, asked.Again)
        speaker = await self.speaker(session, wanted.chat)
        try:
            found = await self._counter.again(speaker, wanted.chat, wanted.message)
        except NotTaken as refused:
            return self._not_taken(refused)
        if found is None:
            raise HTTPException(404, "nothing")
        return self._heard(*found)

    async def hear(self, speaker: Speaker, chat: str, deed: Deed) -> Response:
        try:
            return self._heard(*await self._counter.hear(speaker, chat, deed))
        except NotTaken as refused:
            return self._not_taken(refused)

    async def speaker(self, session: Session, chat: str) -> Speaker:
        """As whom a browser speaks in a chat. Raises 403."""
        speaker = await self._seats.speaker(session, chat)
        if speaker is None:
            raise HTTPException(403, "not_yours")
        return speaker

    async def _admit(self, session: Session, chats: list[str]) -> None:
        if not await self._seats.visible(session, chats):
            raise HTTPException(403, "not_yours")

    async def _label(self, wanted: asked.Tap, locale: str) -> str:
        if wanted.message is None:
            return self._seats.menu_label(wanted.data, locale)
        async with self._database.reading() as reading:
            message = await web.one(reading, wanted.chat, wanted.message)
        rows = [] if message is None else message.body.get("buttons", [])
        return next((str(one["label"]) for row in rows for one in row if one["data"] == wanted.data), "")

    def _heard(self, message: WebMessage, receipt: Receipt) -> Response:
        return _json({"message": self._shown(message), "hint": receipt.hint})

    def _not_taken(self, refused: NotTaken) -> Response:
        message = None if refused.message is None else self._shown(refused.message)
        return _json({"detail": "try_later", "message": message}, status=503)

    def _shown(self, message: WebMessage) -> Shown:
        return shown(message, self._links)


def _json(content: object, status: int = 200) -> Response:
    return JSONResponse(content, status, headers={"Cache-Control": "no-store"})


def language(request: Request, texts: Texts) -> str:
    """The first language of the browser that we have; Chinese when none is."""
    ours = {locale.split("_")[0] for locale in texts.locales}
    for wished in request.headers.get("accept-language", "").split(","):
        tag = wished.split(";")[0].strip()
        if tag.split("-")[0].lower() in ours:
            return locale_of(tag, texts.locales)
    return texts.locales[0]
