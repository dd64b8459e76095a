"""A community as it is after years: residents who already wrote to the bot, and the tickets they opened."""

import itertools
import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg

from benchmarks.databases import Database, SQLiteFile
from benchmarks.official import APPID, openid
from benchmarks.peers.settings import TOKEN

FIRST_ACCOUNT = 10_000_001
GROUP_CHAT = -1_001_000_000_001
BOT = TOKEN.partition(":")[0]
NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)
TRADES = ("water", "electricity", "doors", "leaks", "drains", "other")
BATCH = 20_000


@dataclass(frozen=True, slots=True)
class Size:
    """How much is in the database before the first message is measured."""

    residents: int
    tickets: int


@dataclass(frozen=True, slots=True)
class Channel:
    """By which app the residents have been writing: their name there, and the key of their n-th message."""

    name: str
    bot: str
    account: Callable[[int], str]
    key: Callable[[int], str]


TELEGRAM = Channel("telegram", BOT, str, lambda n: f"{n}.{n}")
WECHAT = Channel("wechat", APPID, openid, lambda n: f"m.{n}")
SMALL = Size(residents=10_000, tickets=1_000)
LARGE = Size(residents=100_000, tickets=1_000_000)


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one table; the values are in the order of the columns."""

    table: str
    columns: tuple[str, ...]
    values: Iterable[tuple[Any, ...]]


def wubu(size: Size, channel: Channel = TELEGRAM) -> Iterator[Rows]:
    """The tables of Wubu, parents before children; every id starts at 1. The staff is on Telegram always."""
    yield from place(size)
    yield from people(size, channel)
    yield from staff()
    yield from history(size, channel)


def wubu_on_wechat(size: Size) -> Iterator[Rows]:
    return wubu(size, WECHAT)


def place(size: Size) -> Iterator[Rows]:
    yield Rows(
        "community",
        ("id", "code", "name", "name_en", "timezone", "settings"),
        [(1, "HPY", "湖畔花园", "Lakeside Garden", "Asia/Shanghai", {"hotline": "0571 0000 0000"})],
    )
    buildings = range(1, size.residents // 100 + 2)
    yield Rows("building", ("id", "community_id", "name"), ((n, 1, str(n)) for n in buildings))
    yield Rows(
        "home",
        ("id", "community_id", "building_id", "name"),
        ((n, 1, n // 100 + 1, f"{n // 100 + 1}-{n % 100:04d}") for n in everybody(size)),
    )


def everybody(size: Size) -> range:
    return range(1, size.residents + 1)


def people(size: Size, channel: Channel) -> Iterator[Rows]:
    long_ago = NOW - 400 * DAY
    all_of_them = everybody(size)
    yield Rows(
        "resident",
        ("id", "name", "locale", "created_at", "settings"),
        ((n, f"Resident {n}", "en", long_ago, {}) for n in all_of_them),
    )
    yield Rows(
        "membership",
        ("id", "resident_id", "home_id", "role", "since", "verified_by"),
        ((n, n, n, "owner", long_ago, "code") for n in all_of_them),
    )
    yield Rows(
        "phone",
        ("id", "resident_id", "number", "rank", "verified_at"),
        ((n, n, f"+861{3_000_000_000 + n}", 0, long_ago) for n in all_of_them),
    )
    yield Rows(
        "consent",
        ("id", "resident_id", "purpose", "version", "at"),
        ((n, n, "service", "2026-11", long_ago) for n in all_of_them),
    )
    accounts = [(n, channel.account(FIRST_ACCOUNT + n - 1)) for n in all_of_them]
    yield Rows(
        "account",
        ("id", "channel", "bot", "external_id", "chat", "name", "locale", "resident_id", "reachable",
         "chosen", "wrong_codes", "recheck", "last_heard_at"),
        ((n, channel.name, channel.bot, who, who, f"Resident {n}", "en", n, True, False, 0, False, long_ago)
         for n, who in accounts),
    )  # fmt: skip
    yield Rows(
        "conversation",
        ("id", "channel", "bot", "chat", "account_id", "draft", "revision", "touched_at"),
        ((n, channel.name, channel.bot, who, n, None, 1, long_ago) for n, who in accounts),
    )


def staff() -> Iterator[Rows]:
    roles = ("technician", "technician", "technician", "duty_lead", "manager", "assistant")
    yield Rows(
        "staff", ("id", "name", "name_en"), [(n, f"员工{n}", f"Staff {n}") for n in range(1, len(roles) + 1)]
    )
    yield Rows(
        "staff_role",
        ("id", "staff_id", "community_id", "role"),
        [(n, n, 1, role) for n, role in enumerate(roles, 1)],
    )
    yield Rows(
        "staff_group",
        ("id", "community_id", "purpose", "channel", "bot", "chat", "title", "present"),
        [(1, 1, "repair", "telegram", BOT, str(GROUP_CHAT), "Technicians", True)],
    )


def history(size: Size, channel: Channel) -> Iterator[Rows]:
    """Closed tickets, one every few minutes of the past, each with its timeline and its card in the group."""
    step = 700 * DAY / size.tickets
    opened = [NOW - 2 * DAY - step * (size.tickets - n) for n in range(1, size.tickets + 1)]
    tickets = list(enumerate(opened, 1))
    yield Rows(
        "ticket",
        ("id", "number", "kind", "state", "version", "urgent", "community_id", "home_id", "resident_id",
         "account_id", "assignee_id", "details", "clocks", "rating", "reopened", "created_at", "done_at",
         "closed_at", "outcome"),
        (closed_ticket(n, at, owner(n, size)) for n, at in tickets),
    )  # fmt: skip
    yield Rows(
        "ticket_event",
        ("id", "ticket_id", "at", "action", "actor", "staff_id", "from_state", "to_state", "note", "data",
         "audience"),
        itertools.chain.from_iterable(timeline(n, at) for n, at in tickets),
    )  # fmt: skip
    yield Rows(
        "card",
        ("id", "ticket_id", "kind", "group_id", "channel", "bot", "chat", "message", "shown", "created_at"),
        ((n, n, "group", 1, "telegram", BOT, str(GROUP_CHAT), str(n), "", at) for n, at in tickets),
    )
    yield Rows(
        "inbox",
        ("id", "channel", "bot", "key", "conversation_id", "received_at", "receipt"),
        ((n, channel.name, channel.bot, channel.key(n), owner(n, size), at, {}) for n, at in tickets),
    )


def owner(ticket: int, size: Size) -> int:
    return ticket % size.residents + 1


def closed_ticket(n: int, at: datetime, resident: int) -> tuple[Any, ...]:
    text = "The tap in the kitchen drips, more at night than by day."
    details = {
        "place": "home",
        "trade": TRADES[n % len(TRADES)],
        "hazard": False,
        "text": text,
        "phone": f"+861{3_000_000_000 + resident}",
        "visit": None,
    }
    return (n, f"OLD-{n:08d}", "repair", "closed", 4, False, 1, resident, resident, resident, n % 3 + 1,
            details, {}, {"overall": 5}, 0, at, at + DAY / 4, at + DAY, "rated")  # fmt: skip


def timeline(n: int, at: datetime) -> Sequence[tuple[Any, ...]]:
    moves = (("open", None, "new"), ("accept", "new", "accepted"), ("finish", "arrived", "done"))
    return [
        (3 * n - 2 + i, n, at + i * DAY / 12, action, "staff", n % 3 + 1, frm, to, "", {}, "all")
        for i, (action, frm, to) in enumerate(moves)
    ]


async def fill(database: Database, tables: Iterable[Rows]) -> None:
    """Put the rows into a database whose tables exist and are empty, and let it learn their statistics."""
    if isinstance(database, SQLiteFile):
        fill_sqlite(database, tables)
    else:
        await fill_postgresql(database.plain_url, tables)


async def fill_postgresql(url: str, tables: Iterable[Rows]) -> None:
    connection = await asyncpg.connect(url)
    try:
        for rows in tables:
            for batch in batches(rows, as_json):
                await connection.copy_records_to_table(rows.table, records=batch, columns=rows.columns)
            sequence = f"pg_get_serial_sequence('{rows.table}', 'id')"
            await connection.execute(f"SELECT setval({sequence}, (SELECT max(id) FROM {rows.table}))")
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()


def fill_sqlite(file: SQLiteFile, tables: Iterable[Rows]) -> None:
    connection = sqlite3.connect(file.path)
    try:
        connection.execute("PRAGMA synchronous=OFF")
        for rows in tables:
            places = ", ".join("?" * len(rows.columns))
            insert = f"INSERT INTO {rows.table} ({', '.join(rows.columns)}) VALUES ({places})"
            with connection:
                for batch in batches(rows, as_sqlite):
                    connection.executemany(insert, batch)
        connection.execute("ANALYZE")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.close()


def batches(rows: Rows, convert: Any) -> Iterator[list[tuple[Any, ...]]]:
    values = (tuple(convert(value) for value in row) for row in rows.values)
    while batch := list(itertools.islice(values, BATCH)):
        yield batch


def as_json(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else value


def as_sqlite(value: Any) -> Any:
    """Instants as SQLAlchemy keeps them in SQLite: UTC without the zone."""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S.%f")
    return as_json(value)
