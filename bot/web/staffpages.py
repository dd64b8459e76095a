"""The staff pages as they are written: no script, nothing from elsewhere, nothing kept by the browser."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from fastapi import Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot.web.page import FOLDER, TONGUES
from bot.web.staffbadge import Badge, Badges
from flows.engine.messages import Phrase
from handlers.texts import Texts

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
SAFE = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex",
}
_SIGNS = re.compile(r"^[^\w「“(（]+")


class StaffPages:
    """Renders one page for one browser; `base` is where its style sheets are."""

    def __init__(self, texts: Texts, badges: Badges, base: str, folder: Path = FOLDER) -> None:
        self._texts, self._badges, self._base = texts, badges, base
        self._environment = Environment(
            loader=FileSystemLoader(folder / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters["unsigned"] = unsigned

    def show(
        self, name: str, badge: Badge, /, status: int = 200, back: str = "/staff", **values: object
    ) -> Response:
        """The page `staff_<name>.html`; `back` is where a change of the language returns to."""
        locale = badge.locale

        def say(key: str, **given: object) -> str:
            return self._texts.say(Phrase(f"staff.page.{key}", given), locale)

        def brief(at: datetime) -> str:
            return say("at", at=at)

        html = self._environment.get_template(f"staff_{name}.html").render(
            say=say,
            brief=brief,
            lang=locale.replace("_", "-"),
            static=self._base,
            tongues=self._tongues(locale),
            form_token=self._badges.token(badge),
            badge=badge,
            back=back,
            **values,
        )
        return HTMLResponse(html, status, headers=SAFE)

    def _tongues(self, locale: str) -> Mapping[str, str]:
        """The other languages there are."""
        return {known: TONGUES.get(known, known) for known in self._texts.locales if known != locale}


def unsigned(text: str) -> str:
    """A text without the little pictures before it: a page draws its own."""
    return _SIGNS.sub("", text) or text
