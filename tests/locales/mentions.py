"""Which texts the code mentions: read from its syntax, so that no key has to be listed twice."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from flows import catalogue

ROOT = Path(__file__).resolve().parents[2]
HOUSES = ("flows", "handlers", "bot")

SAYING = {"Phrase": 0, "say": 0, "text": 0, "reply": 0, "remark": 0, "spoken": 0, "words": 0, "has": 0}
TELLING = {"resident": 2, "ask_rating": 2, "group": 2, "staff": 3, "audience": 3}
NOT_VALUES = frozenset({"buttons", "not_before"})
GAP = "[a-z0-9_.]+?"
SERVICES = {name.partition(".")[0] for name in (*catalogue.all_flows(), *catalogue.lifecycles())}
KEY = re.compile(r"[a-z_]+(\.[a-z0-9_]+)+")


@dataclass(frozen=True, slots=True)
class Mention:
    """A key in the code: `pattern` matches the keys meant, `gives` are the values, None when unknown."""

    where: str
    pattern: str
    gives: frozenset[str] | None
    notice: bool = False

    @property
    def vague(self) -> bool:
        """Whether any key at all could be meant."""
        return re.search("[a-z]{2}", self.pattern.replace(GAP, "")) is None

    def meant(self, keys: Iterable[str]) -> list[str]:
        """The keys it can be; what begins with a gap is about a flow or a service."""
        return sorted(
            key
            for key in keys
            if re.fullmatch(self.pattern, key)
            if not self.pattern.startswith(GAP) or key.partition(".")[0] in SERVICES
        )


def mentions(root: Path = ROOT) -> list[Mention]:
    """Every key that is said somewhere, literal or put together."""
    found: list[Mention] = []
    for path in _modules(root):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            where = f"{path.relative_to(root)}:{getattr(node, 'lineno', 0)}"
            if isinstance(node, ast.Call):
                found += _said(node, where)
            elif isinstance(node, ast.JoinedStr) and not where.startswith("bot/"):
                found += _put_together(node, where)
    return found


def literals(namespaces: frozenset[str], root: Path = ROOT) -> dict[str, str]:
    """Every string that looks like a key, wherever it stands: {key: where}."""
    found: dict[str, str] = {}
    for path in _modules(root):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                text = node.value
                if KEY.fullmatch(text) and text.partition(".")[0] in namespaces:
                    found[text] = f"{path.relative_to(root)}:{node.lineno}"
    return found


def labels(root: Path = ROOT) -> list[Mention]:
    """The keys whose words stand on a button."""
    return [
        one
        for path in _modules(root)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and _called(node) == "Button" and node.args
        if isinstance(node.args[0], ast.Call)
        for one in _said(node.args[0], f"{path.relative_to(root)}:{node.lineno}")
    ]


def raised(name: str, root: Path = ROOT) -> set[str]:
    """The literal first arguments of every `name(...)` call."""
    return {
        node.args[0].value
        for path in _modules(root)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and _called(node) == name and node.args
        if isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str)
    }


def _modules(root: Path) -> Iterator[Path]:
    for house in HOUSES:
        yield from sorted((root / house).rglob("*.py"))


def _called(call: ast.Call) -> str:
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def _said(call: ast.Call, where: str) -> Iterator[Mention]:
    name = _called(call)
    notice = isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name)
    notice = notice and call.func.value.id == "notices" and name in TELLING  # type: ignore[attr-defined]
    place = TELLING[name] if notice else SAYING.get(name)
    if place is None or len(call.args) <= place:
        return
    gives = _given_to_phrase(call) if name == "Phrase" else _given(call)
    for key in _choices(call.args[place]):
        pattern = _pattern(key)
        if pattern is not None:
            yield Mention(where, pattern, gives, notice)


def _put_together(node: ast.JoinedStr, where: str) -> Iterator[Mention]:
    """A key of a service put together anywhere: `f"{kind}.promise"`, given a name and said later."""
    pattern = _pattern(node)
    words = "".join(str(part.value) for part in node.values if isinstance(part, ast.Constant))
    if pattern and pattern.startswith(GAP) and re.fullmatch(r"\.[a-z_]{3,}[a-z_.]*", words):
        yield Mention(where, pattern, None)


def _choices(node: ast.expr) -> Iterator[ast.expr]:
    """The arms of `a if x else b`, or the thing itself."""
    if isinstance(node, ast.IfExp):
        yield from _choices(node.body)
        yield from _choices(node.orelse)
    else:
        yield node


def _pattern(node: ast.expr) -> str | None:
    match node:
        case ast.Constant(value=str(text)) if KEY.fullmatch(text):
            return re.escape(text)
        case ast.JoinedStr(values=parts):
            pieces = [re.escape(str(part.value)) if isinstance(part, ast.Constant) else GAP for part in parts]
            return "".join(pieces) if any(r"\." in piece for piece in pieces) else None
    return None


def _given_to_phrase(call: ast.Call) -> frozenset[str] | None:
    if len(call.args) < 2:
        return frozenset()
    values = call.args[1]
    if isinstance(values, ast.Dict) and all(isinstance(key, ast.Constant) for key in values.keys):
        return frozenset(str(key.value) for key in values.keys if isinstance(key, ast.Constant))
    return None


def _given(call: ast.Call) -> frozenset[str] | None:
    names = {keyword.arg for keyword in call.keywords}
    if None in names:
        return None
    return frozenset(name for name in names if name is not None) - NOT_VALUES
