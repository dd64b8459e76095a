"""What the house says, plainly to one person or in markdown to a group, in as many parts as it takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from bot.wecom import escaping
from handlers.cutting import Weigh, cut
from handlers.envelopes import Button, Outgoing

URGENT = "🚨"
"""Begins the title of what cannot wait."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How words are written: at most `limit` bytes a message, without or with ways to call people."""

    limit: int
    safe: Callable[[str], str]
    weigh: Weigh
    title: Callable[[str], str]
    link: Callable[[str, str], str]
    call: Callable[[str], str] | None = None


def _strong(title: str) -> str:
    strong = f"**{escaping.unmarked(title)}**"
    return f'<font color="warning">{strong}</font>' if title.startswith(URGENT) else strong


PLAIN = Manner(
    limit=2048,
    safe=escaping.plain,
    weigh=escaping.plain_weight,
    title=escaping.plain,
    link=lambda label, url: f'<a href="{escaping.address(url)}">{escaping.plain(label)}</a>',
)
"""The app's texts (WeCom docs: 发送应用消息, 文本消息)."""

MARKDOWN = Manner(
    limit=4096,
    safe=escaping.unmarked,
    weigh=escaping.unmarked_weight,
    title=_strong,
    link=lambda label, url: f"[{escaping.unmarked(label)}]({escaping.address(url)})",
    call=lambda user: f"<@{user}>",
)
"""A group robot's markdown (WeCom docs: 消息推送配置说明, markdown类型)."""


def written(part: Outgoing, manner: Manner) -> str:
    """The part as it is sent: title, words, links, and those who are called."""
    lines = [manner.title(heading(part)) if heading(part) else "", manner.safe(body(part))]
    lines += [manner.link(one_line(button.label), button.url) for button in links(part)]
    if manner.call is not None:
        lines.append("".join(manner.call(user) for user in part.mention if escaping.is_user(user)))
    return "\n".join(line for line in lines if line.strip())


def fits(part: Outgoing, manner: Manner) -> bool:
    return len(written(part, manner).encode()) <= manner.limit


def split(message: Outgoing, manner: Manner) -> tuple[Outgoing, ...]:
    """The message in parts of one post each; its links and calls are at its end. None if it says nothing."""
    if not written(message, manner):
        return ()
    if fits(message, manner):
        return (message,)
    parts = _texts(message, manner)
    for addition in _additions(message, manner):
        longer = replace(
            parts[-1],
            buttons=(*parts[-1].buttons, *addition.buttons),
            mention=(*parts[-1].mention, *addition.mention),
        )
        if fits(longer, manner):
            parts[-1] = longer
        else:
            parts.append(addition)
    return tuple(parts)


def links(message: Outgoing) -> list[Button]:
    """The buttons that open a page."""
    return [button for row in message.buttons for button in row if button.url]


def heading(message: Outgoing) -> str:
    return one_line(message.title)


def body(message: Outgoing) -> str:
    return message.text.strip("\n").rstrip()


def one_line(text: str) -> str:
    return " ".join(text.split())


def _texts(message: Outgoing, manner: Manner) -> list[Outgoing]:
    title, text = message.title, message.text
    if len(manner.title(heading(message)).encode()) > manner.limit // 4:
        title, text = "", f"{title}\n{text}"
    room = manner.limit - len(manner.title(one_line(title)).encode()) - 1
    pieces = cut(text, manner.limit, manner.weigh, room) or [""]
    parts = [Outgoing(piece, ticket=message.ticket) for piece in pieces]
    return [replace(parts[0], title=title), *parts[1:]]


def _additions(message: Outgoing, manner: Manner) -> Iterator[Outgoing]:
    for button in links(message):
        yield Outgoing("", buttons=((button,),), ticket=message.ticket)
    for user in message.mention if manner.call is not None else ():
        if escaping.is_user(user):
            yield Outgoing("", mention=(user,), ticket=message.ticket)
