"""Messages of every other kind: what a robot and an app may send, and how it reads (WeCom docs: 消息类型)."""

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Mapping

from tests.emulators.tencent_errors import JSON
from tests.emulators.wecom_cards import KINDS, NOTICES, address, read_card
from tests.emulators.wecom_errors import (
    BAD_ARTICLES,
    BAD_IMAGE_SIZE,
    BAD_MEDIA_TYPE,
    BAD_MESSAGE_TYPE,
    EMPTY_TEXT,
    WRONG_MD5,
    Refused,
    bad_parameter,
)
from tests.emulators.wecom_media import APP, MB, Media, image_type
from tests.emulators.wecom_shown import Link, Shown

TEXT_BYTES = 2048
ROBOT_MARKDOWN_BYTES = 4096
APP_MARKDOWN_BYTES = 2048
ROBOT_IMAGE_BYTES = 2 * MB
TITLE_BYTES = 128
DESCRIPTION_BYTES = 512

MENTION = re.compile(r"<@([^<>@\s]+)>")
MARKDOWN_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\((https?://[^)\s]+)\)")
HTML_LINK = re.compile(r"""<a\s+href=["']([^"']+)["'][^>]*>(.*?)</a>""", re.DOTALL)

Reader = Callable[[JSON, Media, str], Shown]


def read_message(payload: JSON, readers: Mapping[str, Reader], media: Media, owner: str = APP) -> Shown:
    """The message as its readers will see it; Refused when the vendor would not take it."""
    kind = payload.get("msgtype")
    if not isinstance(kind, str) or kind not in readers:
        raise Refused(BAD_MESSAGE_TYPE)
    body = payload.get(kind)
    if not isinstance(body, dict):
        raise bad_parameter(f"{kind} missing")
    return readers[kind](body, media, owner)


def within(name: str, words: object, most: int) -> str:
    """The words, when they fill at most so many bytes of UTF-8."""
    if not words:
        raise Refused(EMPTY_TEXT)
    if not isinstance(words, str):
        raise bad_parameter(f"{name} invalid")
    if len(words.encode()) > most:
        raise bad_parameter(f"{name} exceed max length {most}")
    return words


def cut(words: object, most: int) -> str:
    """What is left of the words when the vendor cuts them to so many bytes."""
    return str(words or "").encode()[:most].decode(errors="ignore")


def text(body: JSON, media: Media, owner: str) -> Shown:
    words = within("text.content", body.get("content"), TEXT_BYTES)
    links = tuple(Link(label, url) for url, label in HTML_LINK.findall(words))
    return Shown("text", HTML_LINK.sub(r"\2", words), links=links)


def robot_text(body: JSON, media: Media, owner: str) -> Shown:
    words = within("text.content", body.get("content"), TEXT_BYTES)
    named = [*names(body, "mentioned_list"), *names(body, "mentioned_mobile_list")]
    return Shown("text", words, mentions=(*named, *MENTION.findall(words)))


def names(body: JSON, field: str) -> list[str]:
    found = body.get(field) or []
    if not isinstance(found, list):
        raise bad_parameter(f"text.{field} invalid")
    return [str(one) for one in found]


def robot_markdown(body: JSON, media: Media, owner: str) -> Shown:
    words = within("markdown.content", body.get("content"), ROBOT_MARKDOWN_BYTES)
    return Shown("markdown", words, links=links_of(words), mentions=tuple(MENTION.findall(words)))


def markdown_v2(body: JSON, media: Media, owner: str) -> Shown:
    """Tables and lists, but neither colours nor mentions: those are shown as they are written."""
    words = within("markdown_v2.content", body.get("content"), ROBOT_MARKDOWN_BYTES)
    return Shown("markdown_v2", words, links=links_of(words))


def markdown(body: JSON, media: Media, owner: str) -> Shown:
    words = within("markdown.content", body.get("content"), APP_MARKDOWN_BYTES)
    return Shown("markdown", words, links=links_of(words))


def links_of(words: str) -> tuple[Link, ...]:
    return tuple(Link(label, url) for label, url in MARKDOWN_LINK.findall(words))


def robot_image(body: JSON, media: Media, owner: str) -> Shown:
    try:
        content = base64.b64decode(str(body.get("base64") or ""), validate=True)
    except binascii.Error as error:
        raise bad_parameter("image.base64 invalid") from error
    if not 0 < len(content) <= ROBOT_IMAGE_BYTES:
        raise Refused(BAD_IMAGE_SIZE)
    if not image_type(content):
        raise Refused(BAD_MEDIA_TYPE)
    if hashlib.md5(content).hexdigest() != str(body.get("md5") or "").lower():
        raise Refused(WRONG_MD5)
    return Shown("image", content=content)


def image(body: JSON, media: Media, owner: str) -> Shown:
    return Shown("image", content=media.find(body.get("media_id"), owner=owner, kind="image").content)


def voice(body: JSON, media: Media, owner: str) -> Shown:
    return Shown("voice", content=media.find(body.get("media_id"), owner=owner, kind="voice").content)


def file(body: JSON, media: Media, owner: str) -> Shown:
    kept = media.find(body.get("media_id"), owner=owner, kind="file")
    return Shown("file", kept.name, content=kept.content)


def video(body: JSON, media: Media, owner: str) -> Shown:
    kept = media.find(body.get("media_id"), owner=owner, kind="video")
    return Shown("video", cut(body.get("title"), TITLE_BYTES), content=kept.content)


def news(body: JSON, media: Media, owner: str) -> Shown:
    articles = body.get("articles")
    if not isinstance(articles, list) or not 1 <= len(articles) <= 8:
        raise Refused(BAD_ARTICLES)
    read = [article(one) for one in articles]
    return Shown("news", "\n".join(words for words, _ in read), links=tuple(link for _, link in read))


def article(one: JSON) -> tuple[str, Link]:
    title = cut(one.get("title"), TITLE_BYTES)
    if not title:
        raise bad_parameter("news.articles.title missing")
    words = "\n".join(part for part in (title, cut(one.get("description"), DESCRIPTION_BYTES)) if part)
    return words, Link(title, address("news.articles.url", one.get("url")))


def textcard(body: JSON, media: Media, owner: str) -> Shown:
    title = cut(body.get("title"), TITLE_BYTES)
    description = re.sub(r"</?div[^>]*>", "", cut(body.get("description"), DESCRIPTION_BYTES))
    if not title or not description:
        raise bad_parameter("textcard.title or textcard.description missing")
    label = str(body.get("btntxt") or "详情")[:4]
    link = Link(label, address("textcard.url", body.get("url")))
    return Shown("textcard", f"{title}\n{description}", links=(link,))


def robot_card(body: JSON, media: Media, owner: str) -> Shown:
    return Shown("template_card", card=read_card(body, NOTICES))


def app_card(body: JSON, media: Media, owner: str) -> Shown:
    return Shown("template_card", card=read_card(body, KINDS))


FROM_ROBOTS: Mapping[str, Reader] = {
    "text": robot_text,
    "markdown": robot_markdown,
    "markdown_v2": markdown_v2,
    "image": robot_image,
    "news": news,
    "file": file,
    "voice": voice,
    "template_card": robot_card,
}
FROM_APPS_TO_CHATS: Mapping[str, Reader] = {
    "text": text,
    "markdown": markdown,
    "image": image,
    "voice": voice,
    "video": video,
    "file": file,
    "textcard": textcard,
    "news": news,
}
FROM_APPS: Mapping[str, Reader] = {**FROM_APPS_TO_CHATS, "template_card": app_card}
