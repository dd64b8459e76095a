"""What a colleague's browser carries: a signed cookie that says who it is, and the proof of our forms."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from fastapi import Request, Response
from itsdangerous import BadData, Signer, URLSafeSerializer

COOKIE, PATH = "wubu_staff", "/staff"
LIVES = timedelta(days=30)
"""From signing in; using the pages does not prolong it."""


@dataclass(frozen=True, slots=True)
class Badge:
    """A browser: its language, and since when it is whose; nobody's while `staff` is 0."""

    id: str
    locale: str
    staff: int = 0
    since: int = 0


def blank(locale: str) -> Badge:
    """A browser that nobody has signed in with."""
    return Badge(secrets.token_urlsafe(12), locale)


def made_out(staff: int, locale: str, now: datetime) -> Badge:
    """A badge for somebody who has just shown who they are; nothing of the one before is in it."""
    return Badge(secrets.token_urlsafe(12), locale, staff, int(now.timestamp()))


class Badges:
    """Reads and writes the cookie; knows a form of our own page from any other."""

    def __init__(self, key: str, address: str) -> None:
        self._address = address
        self._cookie = URLSafeSerializer(key, salt="wubu.staff.badge")
        self._tokens = Signer(key, salt="wubu.staff.form", key_derivation="hmac")

    def read(self, request: Request, now: datetime) -> Badge | None:
        """The browser's badge; None without one, or when its time is over."""
        try:
            held: dict[str, Any] = self._cookie.loads(request.cookies.get(COOKIE, ""))
            badge = Badge(**held)
        except (BadData, TypeError):
            return None
        over = badge.staff and now.timestamp() >= badge.since + LIVES.total_seconds()
        return None if over else badge

    def write(self, response: Response, badge: Badge) -> None:
        response.set_cookie(
            COOKIE,
            self._cookie.dumps(asdict(badge)),
            max_age=int(LIVES.total_seconds()) if badge.staff else None,
            path=PATH,
            httponly=True,
            samesite="lax",
            secure=self._address.startswith("https://"),
        )

    def token(self, badge: Badge) -> str:
        """What every form of ours carries, and no other site can know."""
        return self._tokens.get_signature(badge.id).decode()

    def trusts(self, request: Request, badge: Badge, given: str) -> bool:
        """Whether a form is our own page's.

        Our pages send no referrer, and browsers then say `Origin: null`: that alone is no sign of another
        site, and none of another site knows the token.
        """
        if request.headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
            return False
        origin = request.headers.get("origin", "null")
        ours = origin == self._address or urlsplit(origin).netloc == request.headers.get("host")
        if origin != "null" and not ours:
            return False
        known = self.token(badge).encode()
        return hmac.compare_digest(given.encode("utf-8", "replace"), known)
