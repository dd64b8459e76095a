"""Who a browser is: a signed cookie, and the proof that a request comes from our own page."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import asdict, dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from fastapi import HTTPException, Request, Response
from itsdangerous import BadData, Signer, URLSafeTimedSerializer

from bot.settings import Settings

COOKIE, HEADER = "wubu", "X-Wubu-Token"
YEAR = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Session:
    """A browser: its language, its own guest account, and in the demo the two people it plays."""

    id: str
    locale: str
    guest: str
    resident: str = ""
    staff: str = ""

    @property
    def left(self) -> str:
        """Whose chat stands on the left: the resident chosen, else the guest."""
        return self.resident or self.guest

    @property
    def persons(self) -> tuple[str, ...]:
        """The accounts this browser speaks for."""
        return (self.left, self.staff) if self.staff else (self.left,)

    def become(self, **changes: str) -> Session:
        return replace(self, **changes)


def stranger(locale: str) -> Session:
    """A browser that was never here."""
    return Session(secrets.token_urlsafe(12), locale, f"guest:{secrets.token_urlsafe(15)}")


class Sessions:
    """Reads and writes the cookie; knows what a request of our own page looks like."""

    def __init__(self, settings: Settings) -> None:
        key = settings.key()
        self._public, self._demo = settings.public_url, settings.demo
        self._cookie = URLSafeTimedSerializer(key, salt="wubu.web.session")
        self._tokens = Signer(key, salt="wubu.web.token", key_derivation="hmac")

    def read(self, request: Request) -> Session | None:
        """The browser's session; None without a cookie of ours. The demo's people end with the demo."""
        try:
            held: dict[str, Any] = self._cookie.loads(request.cookies.get(COOKIE, ""), max_age=YEAR)
            session = Session(**held)
        except (BadData, TypeError):
            return None
        return session if self._demo else session.become(resident="", staff="")

    def need(self, request: Request) -> Session:
        """The browser's session. Raises 401."""
        session = self.read(request)
        if session is None:
            raise HTTPException(401, "no_session")
        return session

    def write(self, response: Response, session: Session) -> None:
        response.set_cookie(
            COOKIE,
            self._cookie.dumps(asdict(session)),
            max_age=YEAR,
            httponly=True,
            samesite="lax",
            secure=self._public.startswith("https://"),
        )

    def token(self, session: Session) -> str:
        """What the page sends along with every change, and no other site can know."""
        return self._tokens.get_signature(session.id).decode()

    def trusted(self, request: Request) -> Session:
        """The session of a request that changes something. Raises 401, or 403 when it is not our page's."""
        session = self.need(request)
        if not self._same_origin(request):
            raise HTTPException(403, "foreign")
        given = request.headers.get(HEADER, "").encode("latin-1", "replace")
        if not hmac.compare_digest(given, self.token(session).encode()):
            raise HTTPException(403, "foreign")
        return session

    def _same_origin(self, request: Request) -> bool:
        """Whether the browser says so; programs that say nothing still need the token."""
        if request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
            return False
        origin = request.headers.get("origin")
        if origin is None:
            return True
        return origin == self._public or urlsplit(origin).netloc == request.headers.get("host")
