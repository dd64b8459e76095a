"""What a message of each kind must be made of, whether it is a reply or sent of the account's own accord."""

from tests.emulators.tencent_errors import JSON
from tests.emulators.wechat_errors import refused
from tests.emulators.wechat_shelf import Shelf

MOST_BYTES = 2048
MOST_ITEMS = 10
"""Items of a msgmenu; Tencent's own number is not published."""

MOST_PASSIVE_ARTICLES = 8


def check(kind: str, body: JSON, shelf: Shelf) -> None:
    """Nothing, or the refusal."""
    match kind:
        case "text":
            _words(body.get("content"))
        case "image" | "voice":
            shelf.fetch(body.get("media_id"), kind)
        case "video":
            shelf.fetch(body.get("media_id"), "video")
        case "music":
            shelf.fetch(body.get("thumb_media_id"), "thumb", "image")
        case "news":
            _articles(body.get("articles"))
        case "msgmenu":
            _menu(body)
        case "miniprogrampage":
            if not all(isinstance(body.get(name), str) for name in ("title", "appid", "pagepath")):
                raise refused(47001)
            shelf.fetch(body.get("thumb_media_id"), "thumb", "image")
        case _:
            raise refused(40008)


def _words(content: object) -> None:
    if not isinstance(content, str) or not content:
        raise refused(44004)
    if len(content.encode()) > MOST_BYTES:
        raise refused(45002)


def _articles(articles: object) -> None:
    if not isinstance(articles, list) or not articles:
        raise refused(44003)
    if len(articles) > MOST_PASSIVE_ARTICLES:
        raise refused(45008)
    if not all(isinstance(article, dict) and isinstance(article.get("title"), str) for article in articles):
        raise refused(47001)


def _menu(body: JSON) -> None:
    items = body.get("list")
    if not isinstance(items, list) or not items:
        raise refused(44004)
    if len(items) > MOST_ITEMS:
        raise refused(45098)
    for item in items:
        if not isinstance(item, dict) or not isinstance(item.get("content"), str) or "id" not in item:
            raise refused(47001)
    _words("\n".join([str(body.get("head_content", "")), *(item["content"] for item in items)]))
