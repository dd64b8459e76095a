"""The page itself and its files: words in the reader's language, and nothing from anywhere else."""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Mapping
from pathlib import Path

from fastapi import HTTPException, Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot.web.session import Session
from flows.engine.messages import Phrase
from handlers.texts import Texts

FOLDER = Path(__file__).resolve().parent.parent.parent / "web"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SAFE = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
TONGUES = {"zh_CN": "简体", "en": "EN", "zh_TW": "繁體"}
GAPS = {name: f"{{{name}}}" for name in ("count", "name", "most", "time", "room")}
"""Values the page fills in itself: rendered as `{count}`, to be replaced in the browser."""


class Pages:
    """Renders the page; serves its style sheets and scripts under a name that changes when they do."""

    def __init__(self, texts: Texts, folder: Path = FOLDER) -> None:
        self._texts = texts
        self._files = {path.name: path.read_bytes() for path in sorted((folder / "static").iterdir())}
        self._version = hashlib.sha256(b"".join(self._files.values())).hexdigest()[:12]
        environment = Environment(
            loader=FileSystemLoader(folder / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._page = environment.get_template("chat.html")
        self.base = f"/web/static/{self._version}"

    def page(self, session: Session, state: Mapping[str, object]) -> Response:
        """The chat page, as this browser begins it."""
        locale = session.locale
        html = self._page.render(
            words=self._words(locale),
            say=lambda key: self._texts.say(Phrase(f"web.page.{key}", GAPS), locale),
            lang=locale.replace("_", "-"),
            static=self.base,
            tongues=[(known, TONGUES.get(known, known)) for known in self._texts.locales],
            state=state,
        )
        return HTMLResponse(html, headers={**SAFE, "Cache-Control": "no-store"})

    async def static(self, request: Request) -> Response:
        """A file of the page; kept by the browser for as long as its version is the one we serve."""
        current = request.path_params["version"] == self._version
        keep = "public, max-age=31536000, immutable" if current else "no-cache"
        return self._file(request.path_params["name"], keep)

    async def icon(self, _request: Request) -> Response:
        return self._file("icon.svg", "public, max-age=86400")

    def _file(self, name: str, keep: str) -> Response:
        content = self._files.get(name)
        if content is None:
            raise HTTPException(404, "nothing")
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        headers = {"Cache-Control": keep, "X-Content-Type-Options": "nosniff"}
        return Response(content, media_type=kind, headers=headers)

    def _words(self, locale: str) -> dict[str, str]:
        prefix = "web.page."
        keys = (key for key in self._texts.keys(locale) if key.startswith(prefix))
        return {key.removeprefix(prefix): self._texts.say(Phrase(key, GAPS), locale) for key in keys}
