"""Who may know whom: the house of the design, held by reading every import there is."""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from sys import stdlib_module_names
from typing import TypeAlias

import pytest

ROOT = Path(__file__).parent.parent

MAY_IMPORT = {
    "main": {"bot"},
    "bot": {"bot", "handlers", "flows", "models"},
    "handlers": {"handlers", "flows", "models"},
    "flows": {"flows"},
    "models": {"models"},
    "migrations": {"models"},
}
"""Our own packages: each row may import these of ours, and nothing else of ours."""

ONLY_IN = {
    "aiogram": {"bot"},
    "fastapi": {"bot"},
    "starlette": {"bot"},
    "uvicorn": {"bot"},
    "apscheduler": {"bot"},
    "typer": {"main"},
    "sqlalchemy": {"models", "handlers", "migrations"},
    "alembic": {"models", "migrations"},
    "telegram": set[str](),
}
"""Other people's packages: only these of ours may import them."""

NAMELESS = {"utils", "util", "common", "helpers", "helper", "services", "service", "core", "misc"}


@dataclass(frozen=True, slots=True)
class Import:
    """`what` is imported in a file of ours at a line; relative imports are spelled out."""

    file: Path
    line: int
    what: str

    @property
    def top(self) -> str:
        return self.what.partition(".")[0]

    def __str__(self) -> str:
        return f"{self.file.relative_to(ROOT)}:{self.line} imports {self.what}"


@cache
def sources() -> tuple[Path, ...]:
    """Every Python file of the program: not its tests, not its benchmarks."""
    return tuple(file for row in MAY_IMPORT for file in sorted(_files(row)))


def _files(row: str) -> Iterator[Path]:
    if (ROOT / f"{row}.py").exists():
        yield ROOT / f"{row}.py"
    yield from (ROOT / row).rglob("*.py")


def house(file: Path) -> str:
    """The row of the table that a file belongs to."""
    return file.relative_to(ROOT).parts[0].removesuffix(".py")


def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"), str(file))


def imports(file: Path, parsed: ast.Module | None = None) -> Iterator[Import]:
    """Every import of a file, wherever it stands in it."""
    for node in ast.walk(parsed or tree(file)):
        match node:
            case ast.Import(names):
                yield from (Import(file, node.lineno, name.name) for name in names)
            case ast.ImportFrom(module, _, 0):
                yield Import(file, node.lineno, str(module))
            case ast.ImportFrom(module, _, level):
                package = file.relative_to(ROOT).parts[: -level or None]
                yield Import(file, node.lineno, ".".join((*package, *([module] if module else []))))
            case ast.Call(ast.Attribute(attr="import_module") | ast.Name("__import__"), [ast.Constant(name)]):
                yield Import(file, node.lineno, str(name))


def wrong_neighbours(found: Import) -> bool:
    return found.top in MAY_IMPORT and found.top not in MAY_IMPORT[house(found.file)]


def strange_guests(found: Import) -> bool:
    return house(found.file) not in ONLY_IN.get(found.top, {house(found.file)})


def not_in_the_standard_library(found: Import) -> bool:
    return house(found.file) == "flows" and found.top not in stdlib_module_names | {"flows"}


Rule: TypeAlias = Callable[[Import], bool]
RULES: tuple[Rule, ...] = (wrong_neighbours, strange_guests, not_in_the_standard_library)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_everybody_imports_only_what_they_may(rule: Rule) -> None:
    offenders = [str(found) for file in sources() for found in imports(file) if rule(found)]
    assert not offenders, "\n".join(offenders)


def test_the_whole_house_was_read() -> None:
    assert {house(file) for file in sources()} == set(MAY_IMPORT)
    read = {found.what for file in sources() for found in imports(file)}
    assert {"handlers.inbound", "models.database", "flows.engine.lifecycle", "aiogram", "sqlalchemy"} <= {
        *read,
        *(what.partition(".")[0] for what in read),
    }


@pytest.mark.parametrize(
    ("file", "line", "rule"),
    [
        ("flows/repair.py", "from models import ticket", wrong_neighbours),
        ("flows/repair.py", "import pydantic", not_in_the_standard_library),
        ("models/ticket.py", "from flows.repair import Repair", wrong_neighbours),
        ("models/ticket.py", "from ..handlers import desk", wrong_neighbours),
        ("handlers/desk.py", "import bot.channel", wrong_neighbours),
        ("handlers/desk.py", "def late():\n    from aiogram import Bot", strange_guests),
        ("handlers/desk.py", "importlib.import_module('main')", wrong_neighbours),
        ("bot/app.py", "from sqlalchemy.exc import DBAPIError", strange_guests),
        ("bot/app.py", "import telegram", strange_guests),
        ("main.py", "from handlers import office", wrong_neighbours),
        ("main.py", "import models", wrong_neighbours),
    ],
)
def test_an_offender_would_be_found(file: str, line: str, rule: Rule) -> None:
    assert [found for found in imports(ROOT / file, ast.parse(line)) if rule(found)]


def test_no_import_leads_back() -> None:
    """Neither from module to module, nor from wing to wing of the shell; CycleError names the circle."""
    modules = {module(file): file for file in sources()}
    leads = {name: led_to(file, modules) for name, file in modules.items()}
    TopologicalSorter(leads).prepare()
    wings: dict[str, set[str]] = {}
    for name, others in leads.items():
        wings.setdefault(wing(name), set()).update(wing(other) for other in others)
    assert {"handlers.people", "handlers.privacy", "handlers.cards"} <= wings.keys()
    TopologicalSorter({one: others - {one, ""} for one, others in wings.items() if one}).prepare()


def module(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def led_to(file: Path, modules: Collection[str]) -> set[str]:
    """Our own modules that a file imports; of a package that a module is taken from, only that module."""
    found: set[str] = set()
    for node in ast.walk(tree(file)):
        match node:
            case ast.Import(names):
                found.update(one.name for one in names)
            case ast.ImportFrom(package, names, 0):
                whole = [f"{package}.{one.name}" for one in names]
                found.update(one if one in modules else str(package) for one in whole)
    return (found & set(modules)) - {module(file)}


def wing(name: str) -> str:
    """The wing that a module of the shell is in; "" of what stands for itself."""
    house, _, rest = name.partition(".")
    return f"{house}.{rest.partition('.')[0]}" if house == "handlers" and "." in rest else ""


def test_only_the_database_commits() -> None:
    offenders = [
        f"{file.relative_to(ROOT)}:{node.lineno} calls {node.func.attr}()"
        for file in sources()
        if file != ROOT / "models" / "database.py"
        for node in ast.walk(tree(file))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("commit", "rollback")
    ]
    assert not offenders, "\n".join(offenders)


def test_only_the_edge_opens_transactions() -> None:
    """In the shell only what is called from outside may begin one: a message, the clock, the way out."""
    edge = {"inbound", "due", "deadletters", "forgetting"}
    offenders = [
        f"{file.relative_to(ROOT)}:{node.lineno} opens a transaction"
        for file in sources()
        if house(file) in ("handlers", "flows", "models") and file.stem not in edge
        for node in ast.walk(tree(file))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "transaction"
        and file != ROOT / "models" / "schema.py"
    ]
    assert not offenders, "\n".join(offenders)


def test_nothing_is_awaited_in_the_core() -> None:
    offenders = [
        f"{file.relative_to(ROOT)}:{node.lineno}"
        for file in sources()
        if house(file) == "flows"
        for node in ast.walk(tree(file))
        if isinstance(node, ast.AsyncFunctionDef | ast.Await | ast.AsyncFor | ast.AsyncWith)
    ]
    assert not offenders, "\n".join(offenders)


def test_every_module_says_what_it_is() -> None:
    """By its name, and by its first line: one sentence."""
    for file in sources():
        named = {part.removesuffix(".py") for part in file.relative_to(ROOT).parts}
        assert not named & NAMELESS, file
        told = ast.get_docstring(tree(file))
        assert told, f"{file.relative_to(ROOT)}:1 has no first line"
        assert told.splitlines()[0].rstrip().endswith((".", "?", "!")), f"{file.relative_to(ROOT)}:1"


def test_one_vendor_library_serves_telegram() -> None:
    """The other one is a peer: it tests our emulator and is measured beside us, and that is all."""
    allowed = (ROOT / "tests", ROOT / "benchmarks")
    users = [found for file in _ours() for found in imports(file) if found.top == "telegram"]
    assert users, "the peer is used nowhere: was anything read?"
    wrong = [str(one) for one in users if not any(one.file.is_relative_to(folder) for folder in allowed)]
    assert not wrong, "\n".join(wrong)


def _ours() -> Iterator[Path]:
    for top in sorted(ROOT.iterdir()):
        if not top.name.startswith((".", "var")):
            yield from sorted(top.rglob("*.py")) if top.is_dir() else [top] * (top.suffix == ".py")
