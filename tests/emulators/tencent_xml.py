"""The XML that Tencent posts and reads: text in CDATA, numbers bare, lists as repeated elements."""

import re
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree

JSON = dict[str, Any]
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class NotXml(Exception):
    """What was answered is no XML that Tencent would read."""


def write(fields: Mapping[str, Any], root: str = "xml") -> str:
    return f"<{root}>{_children(fields)}</{root}>"


def _children(fields: Mapping[str, Any]) -> str:
    return "".join(_element(name, value) for name, value in fields.items())


def _element(name: str, value: object) -> str:
    match value:
        case list():
            return "".join(_element(name, item) for item in value)
        case Mapping():
            return f"<{name}>{_children(value)}</{name}>"
        case str():
            return f"<{name}>{_cdata(value)}</{name}>"
        case _:
            return f"<{name}>{value}</{name}>"


def _cdata(text: str) -> str:
    legal = _ILLEGAL.sub("", text).replace("]]>", "]]]]><![CDATA[>")
    return f"<![CDATA[{legal}]]>"


def read(text: str | bytes) -> JSON:
    """The children of <xml>; what comes twice is a list, so that nothing can be slipped in unseen."""
    try:
        root = ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError) as wrong:
        raise NotXml(f"{wrong}: {text[:200]!r}") from wrong
    if root.tag != "xml":
        raise NotXml(f"the root is <{root.tag}>")
    return _fields(root)


def _fields(element: ElementTree.Element) -> JSON:
    fields: JSON = {}
    for child in element:
        value = _fields(child) if len(child) else child.text or ""
        if child.tag in fields:
            earlier = fields[child.tag]
            fields[child.tag] = [*(earlier if isinstance(earlier, list) else [earlier]), value]
        else:
            fields[child.tag] = value
    return fields
