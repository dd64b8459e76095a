"""The bubbles of a chat, as a phone draws them: text with its links taken apart, pictures, menus, notices."""

import re
from dataclasses import dataclass, field
from enum import StrEnum, auto
from urllib.parse import parse_qs

from tests.emulators.tencent_errors import JSON
from tests.emulators.wechat_shelf import Media, Shelf

UNAVAILABLE = "该公众号暂时无法提供服务，请稍后再试"
"""What a phone shows when the account's server says nothing, or nonsense."""

_LINK = re.compile(
    r"""<a\s[^>]*?href=(["'])(?P<href>.*?)\1[^>]*>(?P<label>.*?)</a>""", re.DOTALL | re.IGNORECASE
)
_MENU_LINK = "weixin://bizmsgmenu?"
_FOLLOWED = ("http://", "https://", "weixin://", "tel:")


class Via(StrEnum):
    OWN = auto()
    """The person's own message."""
    PASSIVE = auto()
    """The answer to what was just pushed."""
    CUSTOM = auto()
    TEMPLATE = auto()
    SUBSCRIPTION = auto()
    PLATFORM = auto()
    """WeChat itself says it."""


@dataclass(frozen=True, slots=True)
class Link:
    label: str
    href: str


@dataclass(frozen=True, slots=True)
class Choice:
    """Something to tap that answers with a text, and a menu id beside it."""

    label: str
    content: str
    id: str


@dataclass(slots=True, eq=False)
class Bubble:
    """`words` are as they were sent; `text` is what can be read."""

    kind: str
    words: str = ""
    via: Via = Via.OWN
    media: Media | None = None
    url: str = ""
    facts: dict[str, str] = field(default_factory=dict)
    items: tuple[Choice, ...] = ()
    articles: int = 0
    by_ai: bool = False
    template_id: str = ""
    number: int = 0
    at: float = 0.0

    @property
    def from_account(self) -> bool:
        return self.via is not Via.OWN

    @property
    def text(self) -> str:
        """Links stand as their labels; anything else that looks like markup stays as it is, as on a phone."""
        return _LINK.sub(lambda found: found["label"] if _alive(found["href"]) else found[0], self.words)

    @property
    def links(self) -> list[Link]:
        found = [Link(one["label"], one["href"]) for one in _LINK.finditer(self.words)]
        return [link for link in found if _alive(link.href)]

    @property
    def choices(self) -> list[Choice]:
        """The items of a menu and the links that answer, from top to bottom."""
        return [*self.items, *(_choice(link) for link in self.links if link.href.startswith(_MENU_LINK))]


def _alive(href: str) -> bool:
    return href.startswith(_FOLLOWED)


def _choice(link: Link) -> Choice:
    said = parse_qs(link.href.removeprefix(_MENU_LINK), keep_blank_values=True)
    return Choice(link.label, said.get("msgmenucontent", [""])[0], said.get("msgmenuid", [""])[0])


def drawn(kind: str, body: JSON, shelf: Shelf) -> Bubble:
    """The bubble of a message that was found fit to be shown; `body` is as in a custom message."""
    match kind:
        case "text":
            return Bubble(kind, body["content"])
        case "msgmenu":
            return _menu(body)
        case "news":
            article = body["articles"][0]
            words = "\n".join(filter(None, (article["title"], article.get("description", ""))))
            return Bubble(kind, words, url=article.get("url", ""), articles=len(body["articles"]))
        case _:
            media = shelf.by_id.get(body.get("media_id") or body.get("thumb_media_id") or "")
            return Bubble(kind, body.get("title", ""), media=media)


def _menu(body: JSON) -> Bubble:
    items = tuple(Choice(item["content"], item["content"], str(item["id"])) for item in body["list"])
    lines = [body.get("head_content", ""), *(item.label for item in items), body.get("tail_content", "")]
    return Bubble("msgmenu", "\n".join(line for line in lines if line), items=items)


def notice() -> Bubble:
    return Bubble("notice", UNAVAILABLE, Via.PLATFORM)
