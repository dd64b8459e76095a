"""What people write stays words: it never becomes a link, bold type or a call to somebody."""

from __future__ import annotations

import re
from string import punctuation
from urllib.parse import quote

from handlers.cutting import in_bytes
from handlers.teams import is_team

_WIDE = {sign: chr(ord(sign) + 0xFEE0) for sign in map(chr, range(0x21, 0x7F))}
_MARKUP = str.maketrans({sign: _WIDE[sign] for sign in "<>*`[]\\|~"})
_SOMETIMES = re.compile(
    r"(?m)^[ \t]*#"  # a heading
    r"|(?m:^[ \t]*)[-+=](?=\s|$)"  # a list
    r"|(?m:^[ \t]*)[-=](?=[-=]+[ \t]*$)"  # a rule, or a heading by what stands below it
    r"|(?m:^[ \t]*\d+)\.(?=\s)"  # a numbered list
    r"|(?<![0-9A-Za-z_])_|_(?![0-9A-Za-z_])"  # slanted
    r"|&(?=#?\w+;)"  # an entity
)
_USER = re.compile(r"[0-9A-Za-z_@.\-]{1,64}", re.ASCII)
_KEY = re.compile(r"[0-9A-Za-z-]{1,64}", re.ASCII)
_IN_LINKS = "/:?#@!$&',;=%+~-._"


def plain(text: str) -> str:
    """For a text or a card of the app, which know `<a href>` and `<@userid>` (WeCom docs: 文本消息)."""
    return text.replace("<", _WIDE["<"])


def plain_weight(sign: str) -> int:
    """At most so many bytes come of a code point by `plain`."""
    return 3 if sign == "<" else in_bytes(sign)


def unmarked(text: str) -> str:
    """For markdown, in which no sign can be escaped: the wide forms of its signs mean nothing.

    What WeCom documents (标题, 加粗, 链接, 行内代码, 引用, 字体颜色, @) is replaced everywhere, and what its
    clients might learn from other markdowns (lists, rules, slanted letters, entities) where it would matter.
    """
    return _SOMETIMES.sub(_widened, text.translate(_MARKUP))


def unmarked_weight(sign: str) -> int:
    """At most so many bytes come of a code point by `unmarked`."""
    return 3 if sign in punctuation else in_bytes(sign)


def address(url: str) -> str:
    """A URL of ours that can stand in markup."""
    return quote(url, safe=_IN_LINKS)


def is_user(name: str) -> bool:
    """Whether a name can be a userid; `@all`, lists of people and teams are none."""
    return _USER.fullmatch(name) is not None and not name.startswith("@") and not is_team(name)


def is_key(name: str) -> bool:
    """Whether a name can be the key of a group's robot."""
    return _KEY.fullmatch(name) is not None


def _widened(found: re.Match[str]) -> str:
    return found[0][:-1] + _WIDE[found[0][-1]]
