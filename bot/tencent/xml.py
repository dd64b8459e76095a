"""The forms that WeChat and WeCom fill in: XML without its tricks, and texts that cannot break out of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

DEEPEST = 20
MOST_ELEMENTS = 1000
ROOT = "xml"

_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Unreadable(ValueError):
    """A body that is no XML, or more of it than anybody needs."""


def read(body: bytes) -> dict[str, Any]:
    """The children of `<xml>`: texts, mappings where they have children, lists where a name is repeated.

    An empty element is "". Characters that XML does not know, but people's keyboards do, are dropped;
    attributes and whatever stands between elements are not looked at. UTF-8, whatever the body claims; no
    DTD, no entities, and only so deep and so many elements. The caller caps the size. Raises Unreadable.
    """
    form = _Form()
    parser = DefusedXMLParser(target=form, encoding="utf-8", forbid_dtd=True)
    try:
        parser.feed(_decoded(body))
        parser.close()
    except (DefusedXmlException, ParseError, ValueError) as error:
        raise Unreadable(type(error).__name__) from None
    return form.fields


def _decoded(body: bytes) -> str:
    """A zero byte would make the parser guess at UTF-16."""
    if b"\0" in body:
        raise Unreadable
    return legal(body.decode("utf-8-sig"))


def text(fields: Mapping[str, Any], *path: str) -> str:
    """The text of an element, found by the names that lead to it; "" if there is none, or no text."""
    found: Any = fields
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found if isinstance(found, str) else ""


def each(value: Any) -> list[Any]:
    """A repeated element as a list, also where it came once or not at all."""
    if value is None or value == "":
        return []
    return value if isinstance(value, list) else [value]


def write(fields: Mapping[str, Any]) -> str:
    """`<xml>` with texts as CDATA, whole numbers bare, mappings nested and lists as repeated elements.

    Read again it gives the same texts, made `legal`. Raises TypeError for any other value.
    """
    return _element(ROOT, fields)


def legal(words: str) -> str:
    """The text without what XML cannot carry; every line end is a plain one."""
    return _ILLEGAL.sub("", words).replace("\r\n", "\n").replace("\r", "\n")


def _element(name: str, value: Any) -> str:
    match value:
        case str():
            inside = f"<![CDATA[{legal(value).replace(']]>', ']]]]><![CDATA[>')}]]>"
        case bool():
            raise TypeError(f"{name}: no yes or no in XML")
        case int():
            inside = str(value)
        case list() | tuple():
            return "".join(_element(name, one) for one in value)
        case Mapping():
            inside = "".join(_element(child, one) for child, one in value.items())
        case _:
            raise TypeError(f"{name}: {type(value).__name__}")
    return f"<{name}>{inside}</{name}>"


class _Form:
    """Takes the parser's events and fills in mappings, without recursion however deep the elements go."""

    def __init__(self) -> None:
        self.fields: dict[str, Any] = {}
        self._open: list[tuple[str, dict[str, Any], list[str]]] = []
        self._seen = 0

    def start(self, name: str, _attributes: Mapping[str, str]) -> None:
        self._seen += 1
        if self._seen > MOST_ELEMENTS or len(self._open) >= DEEPEST:
            raise Unreadable
        if not self._open and name != ROOT:
            raise Unreadable
        self._open.append((name, {}, []))

    def data(self, words: str) -> None:
        self._open[-1][2].append(words)

    def end(self, _name: str) -> None:
        name, children, words = self._open.pop()
        if not self._open:
            self.fields = children
            return
        _add(self._open[-1][1], name, children or "".join(words))

    def close(self) -> None:
        """Called by the parser when the body is complete."""


def _add(fields: dict[str, Any], name: str, value: Any) -> None:
    if name not in fields:
        fields[name] = value
    elif isinstance(fields[name], list):
        fields[name].append(value)
    else:
        fields[name] = [fields[name], value]
